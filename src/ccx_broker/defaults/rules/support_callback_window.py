"""support.callback_window: when a call back suits, by the hours that the customer asks for and those at which they
pick up."""

from collections.abc import Sequence

from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.slots import hour_at, hour_of_event, slot_hours
from ccx_broker.defaults.rules.week import HoursOfWeek
from ccx_broker.words import word


def _wanted(observation: Observation) -> Sequence[str]:
    """Return the hours asked for: a slot, or one moment. When it was asked says nothing."""
    return slot_hours(observation) or hour_at(observation)


SUPPORT_CALLBACK_WINDOW = HoursOfWeek(
    key="support.callback_window",
    memory=Choices(
        "support.callback_window",
        {"Callback Requested": _wanted, "Callback Answered": hour_of_event},
        Decay(365),
        cap=168,
    ),
    message=word(
        "%(times)s of %(of)s calls that you asked for or took between %(since)s and %(until)s"
        " were in these hours."
    ),
    stray=0.1,
)
