"""Act one: a profile comes about, from what she buys and from what she says."""

from typing import Any

from ccx_broker.demo import cast
from ccx_broker.demo.customers import answer_consent, came_back, send_orders, sign_in, sign_up
from ccx_broker.demo.scene import Scene
from ccx_broker.demo.words import YES, counted, in_words


def ada_signs_up(scene: Scene) -> None:
    """An account, and one tick: Alma's may send what she buys. It may read nothing."""
    scene.tell.step(
        f"{scene.ada.name} signs up, and lets {cast.ALMA} send what she buys",
        f"She is household {cast.CARD} of the data. Her profile is empty. At {cast.ALMA} she clicks "
        "“Connect your profile”, signs in at the broker, and ticks one box on its consent page.",
    )
    sign_up(scene.http, scene.ada)
    scene.token = sign_in(scene.http, scene.ada)
    answer_consent(
        scene.browser, scene.alma, scene.ada, {"events": ["true"]}, card=cast.CARD, occasion="behaviour"
    )
    scene.tell.table(
        ["On the consent page", "Ticked"],
        [[f"{cast.ALMA} may send what I buy, so that the guesses get better", YES]],
    )
    scene.tell.check(
        f"The broker sent her back to {cast.ALMA}, which may send from now on.",
        came_back(scene.browser, scene.alma),
    )
    _, body = scene.reads(scene.alma, cast.CARD)
    scene.tell.check(
        "Sending is not reading: it asks what it may see, and gets nothing.",
        body.get("preferences") == [],
        body,
    )


def alma_sends_what_she_bought(scene: Scene) -> None:
    """A year of her receipts."""
    scene.tell.step(
        f"{cast.ALMA} sends what she bought", "It has a year of her receipts. This is the last one:"
    )
    last = scene.alma.office.get(f"/orders/{cast.CARD}/last").json()["properties"]
    scene.tell.table(
        ["Bought", "Kind", "Brand", "Paid"],
        [
            [
                in_words(p.get("name", "")),
                in_words(p.get("category", "")),
                own_or_not(p),
                f"${p['price'] * p['quantity']:.2f}",
            ]
            for p in last["products"][:6]
        ],
    )
    if len(last["products"]) > 6:
        scene.tell.say(f"… and {len(last['products']) - 6} more, together ${last['total']:.2f}.")
    told = send_orders(scene.alma, cast.CARD)
    scene.tell.asks(cast.ALMA, "broker", f"POST /v1/events with {counted(told['sent'], 'order')}")
    scene.tell.check(
        f"The broker took all of them in: {counted(told['accepted'], 'order')}.",
        told["sent"] == told["accepted"] > 0 and not told["refused"],
        told,
    )


def guesses_appear(scene: Scene) -> None:
    """Defaults, with the reasons for each."""
    scene.tell.step(
        "Guesses appear, each with its reason",
        "Ada has not said anything yet. This is what she sees in her profile now:",
    )
    found = scene.guesses()
    for key, guess in found.items():
        scene.tell.item(
            f"{scene.questions[key]} → {guess['described']}",
            f"{guess['evidence']['sentence']} That is {round(guess['confidence'] * 100)} % sure.",
        )
    scene.tell.check(
        f"There are {len(found)} guesses, and each says why.",
        set(cast.GUESSED) <= set(found) and all(guess["evidence"]["sentence"] for guess in found.values()),
        sorted(found),
    )


def ada_says_what_she_wants(scene: Scene) -> None:
    """She corrects one guess and states two things more."""
    scene.tell.step(
        "Ada corrects one guess and says two things more",
        "She would rather shop on Friday evenings. Her word counts more than any guess, from now on. Of allergies "
        "and the like nothing is ever guessed: who wants a shop to know has to say so.",
    )
    before = scene.profile()
    for key, value in {cast.CORRECTED: cast.CORRECTION, **cast.STATED}.items():
        scene.mine("PUT", f"/v1/me/preferences/{key}", {"value": value})
    after = scene.profile()
    changed = [key for key in after if after[key]["value"] != before[key]["value"]]
    scene.tell.table(
        ["Question", "Before", "Now"],
        [
            [scene.questions[key], in_words(before[key]["value"]), in_words(after[key]["value"])]
            for key in changed
        ],
    )
    scene.tell.check(
        "One is corrected and two are new; the other guesses stand.",
        set(changed) == {cast.CORRECTED, *cast.STATED}
        and all(after[key]["source"] == "stated" for key in changed),
        changed,
    )


def own_or_not(product: dict[str, Any]) -> str:
    """Say whose brand a product is."""
    return "the shop's own" if product["brand"] == "Private" else "other"
