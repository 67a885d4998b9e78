"""Who takes part, and what each says, asks and shares."""

from ccx_broker.demo.events import OUR_HOUSEHOLD
from ccx_broker.demo.stage import ShopPart

CARD = str(OUR_HOUSEHOLD)
PASSWORD = "three blue herons"  # noqa: S105 - of an invented customer, printed for everybody to try

ALMA, TERN = "Alma's Market", "Tern & Co"

ALLERGENS = "diet.allergens"

FROM_ALMA = ("buy.store", "buy.day_time", "buy.substitution", "discover.categories", "discover.own_brand")
"""The five keys that Ada shares with Alma's Market."""
FROM_TERN = ("buy.day_time", "buy.substitution", "discover.categories", "discover.own_brand", ALLERGENS)

CORRECTED, CORRECTION = "buy.day_time", {"day": "fri", "slot": "evening"}
STATED = {"buy.substitution": "similar", ALLERGENS: ["nuts"]}

GUESSED = ("buy.store", "buy.day_time", "discover.categories", "discover.own_brand")


def asking(*keys: str) -> str:
    """Return the scope of an application that asks for `keys` and wants to keep reading (OAuth's offline_access)."""
    return " ".join([*(f"pref:{key}" for key in keys), "offline_access"])


def alma(members: int) -> ShopPart:
    """Return the supermarket that the households have always bought from: it has their receipts."""
    return ShopPart(
        name=ALMA,
        application="Alma's card",
        complaints="help@alma.example",
        purpose="dpv:ServiceProvision=We pick and pack your shopping the way you like it.",
        needs=("buy.store", "buy.substitution"),
        scopes={
            "behaviour": "events:write offline_access",
            "preferences": asking(*FROM_ALMA, "buy.coupons", "deliver.method", ALLERGENS),
        },
        own_scopes="events:write preferences:read",
        members=members,
    )


def tern() -> ShopPart:
    """Return the supermarket that has never seen any of them."""
    return ShopPart(
        name=TERN,
        application="Tern at home",
        complaints="hello@tern.example",
        purpose="dpv:ServiceProvision=We bring you what you need, as you like it, from the first day.",
        needs=("buy.substitution",),
        scopes={"preferences": asking(*FROM_TERN, "deliver.method")},
    )
