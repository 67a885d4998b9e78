"""deliver.window: when the customer is in for a delivery, by the slots they choose.

Each hour of a chosen slot counts; of slots that are long, the hours they have in common stand out.
"""

from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.slots import slot_hours
from ccx_broker.defaults.rules.week import HoursOfWeek
from ccx_broker.words import word

DELIVER_WINDOW = HoursOfWeek(
    key="deliver.window",
    memory=Choices("deliver.window", {"Delivery Slot Chosen": slot_hours}, Decay(365), cap=168),
    message=word(
        "%(times)s of the %(of)s delivery slots that you chose between %(since)s and %(until)s"
        " lie in these hours."
    ),
    stray=0.1,
)
