"""contact.channel: how the customer likes to be reached, by which messages they open and which calls they take.

The value is the channel on which they answer most of what is sent, `none` where they hardly answer on any.
An opening that a mail program makes by itself is not theirs: shops leave these out.
"""

from ccx_broker.defaults.rules.choice import Choices, always, named, suffixed
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.rates import ANSWERED, REFUSED, SENT, BestRate
from ccx_broker.words import word

TOLD = {
    "email": word("by e-mail"),
    "sms": word("by text message"),
    "push": word("in the app"),
    "phone": word("by phone"),
    "post": word("by post"),
}
_channel = named("channel", TOLD)

CONTACT_CHANNEL = BestRate(
    key="contact.channel",
    memory=Choices(
        "contact.channel",
        {
            "Email Delivered": always(f"email{SENT}"),
            "Email Opened": always(f"email{ANSWERED}"),
            "Email Marked as Spam": always(f"email{REFUSED}"),
            "Unsubscribed": always(f"email{REFUSED}"),
            "Push Notification Received": always(f"push{SENT}"),
            "Push Notification Tapped": always(f"push{ANSWERED}"),
            "Message Delivered": suffixed(_channel, SENT),
            "Message Opened": suffixed(_channel, ANSWERED),
            "Message Muted": suffixed(_channel, REFUSED),
            "Contact Answered": lambda seen: [c + end for c in _channel(seen) for end in (SENT, ANSWERED)],
            "Contact Missed": suffixed(_channel, SENT),
        },
        Decay(180),
    ),
    told=TOLD,
    nothing="none",
    message=word(
        "You answered to %(answered)s of %(sent)s messages %(way)s and to %(otherwise_answered)s of"
        " %(otherwise_sent)s others, between %(since)s and %(until)s."
    ),
)
