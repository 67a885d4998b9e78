"""`ccx-broker demo` from its first line to its last: sets the stage, plays, leaves the server up."""

import io
import secrets
import signal
import sys
import time
from dataclasses import dataclass
from typing import NoReturn

import httpx2

from ccx_broker.demo import cast
from ccx_broker.demo.browser import Browser
from ccx_broker.demo.customers import Person, move_in
from ccx_broker.demo.place import Place
from ccx_broker.demo.scene import Scene
from ccx_broker.demo.stage import Shop, Stage, staged
from ccx_broker.demo.story import STEPS
from ccx_broker.demo.teller import Teller
from ccx_broker.demo.words import counted
from ccx_broker.kit.unusable import Unusable

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody pressed Ctrl-C or sent a signal: everything is closed on the way out."""


@dataclass(frozen=True)
class Plan:
    """Where it runs, with how many households, and whether it ends when the story does."""

    place: Place
    port: int | None
    households: int
    once: bool


def run(plan: Plan) -> int:
    """Run the demo; returns 0 if all went as told. Raises `Unusable` if it can't run here."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no ✓ shows a question mark
    tell = Teller()
    tell.opening(
        "CCX: the customer-controlled experience",
        "You say once how you like to be treated. Each shop that you allow gets to see what you allow, and no other "
        "shop gets anything. What you have not said is guessed from what you do, and your word always counts more.",
        "This demo plays that with a real year of shopping: the receipts of households in the United States, published "
        "by dunnhumby (“The Complete Journey”). The names are invented. Everything you see below really happens, over "
        "HTTP, between separate programs. A ✓ is something that was checked.",
    )
    tell.step("Three programs are started", "This takes some seconds.")
    for number in SIGNALS:
        signal.signal(number, _stop)
    try:
        with plan.place.prepared() as (environment, lock), staged(environment, plan.port, lock) as stage:
            return _perform(tell, stage, plan)
    except Stopped as stopped:
        tell.say("Stopped.", indent=0)
        return 128 + int(stopped.args[0])


def _perform(tell: Teller, stage: Stage, plan: Plan) -> int:
    try:
        alma, ada = _play(tell, stage, plan)
    except Unusable:
        raise
    except Exception as error:  # whatever it is: the step did not hold, and everything has to be stopped
        tell.failed(error)
        return 1
    if plan.once:
        return 0
    _invite(tell, stage, alma, ada)
    try:
        while all(process.poll() is None for process in stage.processes):
            time.sleep(0.5)
    except Stopped:  # what the reader was asked to do
        tell.say("The supermarkets, the broker and its database are being stopped.", indent=0)
        return 0
    tell.say("A part of the demo has ended by itself; stopping the others.", indent=0)
    return 1


def _play(tell: Teller, stage: Stage, plan: Plan) -> tuple[Shop, Person]:
    started = time.monotonic()
    alma, tern = stage.open_shops([cast.alma(plan.households), cast.tern()])
    tell.table(
        ["Program", "What it is", "Where"],
        [
            ["CCX broker", "keeps the profiles, asks the customers", stage.broker],
            [alma.name, "a supermarket with a year of receipts", alma.address],
            [tern.name, "a supermarket that knows nobody yet", tern.address],
        ],
    )
    tell.check(f"All three answer, after {time.monotonic() - started:.0f} seconds.", True)
    _neighbours(tell, stage, alma, plan)
    ada = Person("Ada", f"ada{plan.place.tag}@example.org", cast.PASSWORD)
    with httpx2.Client(base_url=stage.broker, timeout=60) as http, Browser() as browser:
        scene = Scene(tell, alma, tern, ada, http, browser)
        for step in STEPS:
            step(scene)
    tell.closing(f"That was the whole story: {tell.number} steps, and each went as told.")
    return alma, ada


def _neighbours(tell: Teller, stage: Stage, alma: Shop, plan: Plan) -> None:
    cards = alma.office.get("/cards").raise_for_status().json()
    people = {
        card: Person("A customer", f"household-{card}{plan.place.tag}@example.org", secrets.token_urlsafe(12))
        for card in cards
        if card != cast.CARD
    }
    if not people:
        return
    tell.step(
        f"{counted(len(people), 'household')} move in",
        f"Each signs up, signs in, and ticks on the consent page that {alma.name} may send what they buy. Then the "
        "shop sends it.",
    )
    sent = accepted = 0
    with tell.bar() as bar:
        task = bar.add_task("Households", total=len(people), told="")
        for told in move_in(stage.broker, alma, people):
            sent, accepted = sent + told["sent"], accepted + told["accepted"]
            bar.update(task, advance=1, told=counted(accepted, "order"))
    expected = sum(cards[card] for card in people)
    tell.check(
        f"The broker took in all of their {counted(expected, 'order')}.",
        sent == accepted == expected,
        accepted,
    )


def _invite(tell: Teller, stage: Stage, alma: Shop, ada: Person) -> None:
    tell.step("Now you", "Everything stays up. Open the broker in a browser and sign in as Ada:")
    tell.table(
        ["", ""],
        [
            ["Address", stage.broker],
            ["Email", ada.email],
            ["Password", ada.password],
            ["A consent page", f"{alma.address}/connect"],
        ],
    )
    tell.say(f"The last link belongs to {alma.name}: it leads to the broker's consent page, and back.")
    tell.say("Ctrl-C stops everything.")


def _stop(number: int, _: object) -> NoReturn:
    # From here on everything is being closed; a second signal must not stop that half-way.
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)
