"""Act two: a chosen part of it is shared, with one shop and then with another."""

import json

from ccx_broker.demo import cast
from ccx_broker.demo.customers import came_back
from ccx_broker.demo.scene import Scene
from ccx_broker.demo.stage import Shop


def ada_shares_with_alma(scene: Scene) -> None:
    """The consent page: eight lines asked, five ticked."""
    scene.tell.step(
        f"Ada shares five things with {cast.ALMA}",
        f"{cast.ALMA} asks by OAuth, the standard way, and the broker shows Ada its consent page. Nothing on it "
        "is ticked for her. She ticks five lines, and that guesses may be shared where she has not said anything.",
    )
    share(scene, scene.alma, cast.FROM_ALMA, card=cast.CARD)


def share(scene: Scene, shop: Shop, keys: tuple[str, ...], *, card: str) -> None:
    """Tick `keys` on the consent page of `shop` and show the page's lines."""
    scene.browser.open(f"{shop.address}/connect?card={card}&occasion=preferences")
    (form,) = (form for form in scene.browser.forms() if "Share" in form.buttons)
    asked = [value for name, value in form.boxes if name == "key"]
    scene.tell.table(
        ["Asked for", "Ticked"], [[scene.questions[key], "yes" if key in keys else "-"] for key in asked]
    )
    scene.tell.check("Nothing was ticked beforehand.", not set(form.fields) & set(form.boxes))
    scene.browser.press("Share", ticked={"key": list(keys), "guesses": ["true"]})
    scene.tell.check(
        f"She pressed “Share” and is back at {shop.name}.",
        came_back(scene.browser, shop),
        scene.browser.address,
    )


def alma_reads(scene: Scene) -> None:
    """Exactly the five; the allergy is nowhere."""
    scene.tell.step(f"{cast.ALMA} reads exactly those")
    status, body = scene.reads(scene.alma, cast.CARD)
    scene.show(scene.alma, status, body)
    scene.tell.check(
        "Five things were shared and five came.",
        {p["key"] for p in body["preferences"]} == set(cast.FROM_ALMA),
        body,
    )
    text = json.dumps(body)
    scene.tell.check(
        f"Her allergy, which {cast.ALMA} asked for and she did not tick, is nowhere in the answer.",
        cast.ALLERGENS not in text and "nuts" not in text,
    )


def ada_tries_tern(scene: Scene) -> None:
    """One consent, no history, and the other shop knows her."""
    scene.tell.step(
        f"Ada tries {cast.TERN}",
        f"{cast.TERN} has never sold her anything and has no history of her. One consent is enough. It brings food "
        "to her door, so she tells it about her allergy. That line stands apart on the page, under "
        "“Especially personal”.",
    )
    share(scene, scene.tern, cast.FROM_TERN, card=cast.CARD)
    status, body = scene.reads(scene.tern, cast.CARD)
    scene.show(scene.tern, status, body)
    held = {p["key"]: p["value"] for p in body["preferences"]}
    scene.tell.check(
        f"{cast.TERN} knows when she shops, what she likes and that nuts are out, on its first day.",
        set(held) == set(cast.FROM_TERN)
        and held[cast.CORRECTED] == cast.CORRECTION
        and held[cast.ALLERGENS] == cast.STATED[cast.ALLERGENS],
        held,
    )
