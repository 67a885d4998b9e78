"""contact.hours: when contact is welcome, by the hours at which messages are opened and calls taken.

A shop that calls at ten only hears yes at ten: an hour that is never tried is not called unwelcome by its
silence, it is just not named.
"""

from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.slots import hour_of_event
from ccx_broker.defaults.rules.week import HoursOfWeek
from ccx_broker.words import word

ANSWERS = (
    "Email Opened",
    "Email Link Clicked",
    "Push Notification Tapped",
    "Message Opened",
    "Contact Answered",
)


CONTACT_HOURS = HoursOfWeek(
    key="contact.hours",
    memory=Choices("contact.hours", dict.fromkeys(ANSWERS, hour_of_event), Decay(180), cap=168),
    message=word(
        "You opened or answered %(times)s of %(of)s messages in these hours, between %(since)s and %(until)s."
    ),
)
