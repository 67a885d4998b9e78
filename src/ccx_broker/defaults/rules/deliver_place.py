"""deliver.place: where a parcel is to be left, by where the customer had the earlier ones left.

A place that the customer asked for counts as well as one where the parcel was left without complaint: the
shop sends *Delivery Placed* for both.
"""

from ccx_broker.defaults.rules.choice import Choices, Preferred, named
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.words import word

TOLD = {
    "door": word("at your door"),
    "safe_place": word("in a safe place"),
    "neighbour": word("with a neighbour"),
    "reception": word("at a reception"),
}

DELIVER_PLACE = Preferred(
    key="deliver.place",
    memory=Choices("deliver.place", {"Delivery Placed": named("place", TOLD)}, Decay(365)),
    told=TOLD,
    usual={"door": 0.55, "safe_place": 0.2, "neighbour": 0.15, "reception": 0.1},
    message=word("%(times)s of your %(of)s parcels between %(since)s and %(until)s were left %(option)s."),
)
