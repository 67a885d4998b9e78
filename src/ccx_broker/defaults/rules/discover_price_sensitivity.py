"""discover.price_sensitivity: how much does the price matter to the customer?

`high` if they will buy at a discount more than 1.15 times as often as is usual, `low` if less than 0.85 times
as often, else `medium`; the confidence is the chance of that in the next nine weeks (`leaning`, `bands`).
"""

from ccx_broker.defaults.rules.bands import Bands
from ccx_broker.defaults.rules.leaning import Leaning
from ccx_broker.defaults.rules.shelves import A_CUT, A_LINES, CUT, R_CUT, R_LINES
from ccx_broker.words import word

PRICE_SENSITIVITY = Bands(
    "discover.price_sensitivity",
    Leaning(CUT, A_CUT, A_LINES, R_CUT, R_LINES, centre=0.5),
    word(
        "%(hits)s of the %(tries)s things you bought between %(since)s and %(until)s were reduced:"
        " %(share)s. For others it is about %(usual)s."
    ),
    "discount_sensitive",
    low="low",
    middle="medium",
    high="high",
    low_below=0.85,
    high_above=1.15,
)
