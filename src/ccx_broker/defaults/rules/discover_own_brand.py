"""discover.own_brand: does the customer prefer the shop's own brand, take it or leave it, or avoid it?

`prefer` if own brand will be more than 1.3 times as much of what they buy as is usual, `avoid` if less than
half as much, else `fine`; the confidence is the chance of that in the next nine weeks (`leaning`, `bands`).
"""

from ccx_broker.defaults.rules.bands import Bands
from ccx_broker.defaults.rules.leaning import Leaning
from ccx_broker.defaults.rules.shelves import A_BRANDED, A_OWN, OWN, R_BRANDED, R_OWN
from ccx_broker.words import word

OWN_BRAND = Bands(
    "discover.own_brand",
    Leaning(OWN, A_OWN, A_BRANDED, R_OWN, R_BRANDED, centre=0.28),
    word(
        "%(hits)s of the %(tries)s things you bought between %(since)s and %(until)s were the shop's own brand:"
        " %(share)s. For others it is about %(usual)s."
    ),
    "prefers_private_label",
    low="avoid",
    middle="fine",
    high="prefer",
    low_below=0.5,
    high_above=1.3,
)
