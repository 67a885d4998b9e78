"""Act two: a chosen part of it is shared, with one shop and then with another."""

import json

from ccx_broker.demo import cast
from ccx_broker.demo.customers import came_back
from ccx_broker.demo.scene import Scene
from ccx_broker.demo.stage import Shop
from ccx_broker.demo.words import NO, YES


def ada_shares_with_alma(scene: Scene) -> None:
    """The consent page: eight lines asked, five ticked."""
    scene.tell.step(
        f"Ada shares five things with {cast.ALMA}",
        f"{cast.ALMA} would like to know eight things. It asks by OAuth, as “Sign in with …” buttons do, and the "
        "broker shows Ada a page with each thing and what would be shared. She ticks five of them.",
    )
    share(scene, scene.alma, cast.FROM_ALMA, card=cast.CARD)


def share(scene: Scene, shop: Shop, keys: tuple[str, ...], *, card: str) -> None:
    """Tick `keys` on the consent page of `shop` and show the page's lines."""
    scene.browser.open(f"{shop.address}/connect?card={card}&occasion=preferences")
    scene.tell.asks(shop.name, "broker", "GET /oauth/authorize, through Ada's browser")
    form = scene.browser.form_with("Share")
    asked = [value for name, value in form.boxes if name == "key"]
    scene.tell.table(
        ["On the consent page", "Would share", "Ticked"],
        [
            [scene.questions[key], shown(form.shown.get(("key", key))), YES if key in keys else NO]
            for key in asked
        ],
    )
    scene.tell.check("Nothing was ticked beforehand.", not set(form.fields) & set(form.boxes))
    scene.browser.press("Share", ticked={"key": list(keys)})
    scene.tell.check(
        f"She pressed “Share”. {shop.name} exchanged the code that came with her for a token.",
        came_back(scene.browser, shop),
        scene.browser.address,
    )


def alma_reads(scene: Scene) -> None:
    """Exactly the five; the allergy is nowhere."""
    scene.tell.step(f"{cast.ALMA} reads exactly those")
    status, body = scene.reads(scene.alma, cast.CARD)
    scene.show(scene.alma, status, body)
    scene.tell.check(
        "It gets the five things that were shared, and nothing else.",
        {p["key"] for p in body["preferences"]} == set(cast.FROM_ALMA),
        body,
    )
    text = json.dumps(body)
    scene.tell.check(
        f"Her allergy, which {cast.ALMA} asked for and she did not tick, appears nowhere.",
        cast.ALLERGENS not in text and '"nuts"' not in text,
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


def shown(value: str | None) -> str:
    """Return what the page shows beside a box; long lists are cut."""
    if value is None:
        return "nothing yet"
    value = value.lower() if value.isupper() else value
    return value if len(value) <= 40 else value[:38].rstrip() + " …"
