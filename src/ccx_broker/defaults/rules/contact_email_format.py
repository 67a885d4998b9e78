"""contact.email_format: layout or plain text, by which e-mails have their links followed and by what was chosen.

A choice weighs as three e-mails of that format with a link followed, and three of the other without.
"""

from collections.abc import Sequence

from ccx_broker.defaults.rules.choice import Choices, named, suffixed
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.observation import Observation
from ccx_broker.defaults.rules.rates import ANSWERED, SENT, BestRate
from ccx_broker.words import word

TOLD = {"html": word("with pictures and colours"), "text": word("in plain text")}
OTHER = {"html": "text", "text": "html"}
_format = named("format", TOLD)


def _chosen(observation: Observation) -> Sequence[str]:
    return [
        name
        for chosen in _format(observation)
        for name in 3 * [chosen + SENT, chosen + ANSWERED, OTHER[chosen] + SENT]
    ]


CONTACT_EMAIL_FORMAT = BestRate(
    key="contact.email_format",
    memory=Choices(
        "contact.email_format",
        {
            "Email Delivered": suffixed(_format, SENT),
            "Email Link Clicked": suffixed(_format, ANSWERED),
            "Email Format Chosen": _chosen,
        },
        Decay(365),
    ),
    told=TOLD,
    mean=0.2,
    message=word(
        "You followed links in %(answered)s of %(sent)s e-mails %(way)s and in %(otherwise_answered)s of"
        " %(otherwise_sent)s others, between %(since)s and %(until)s; a choice of yours counts as three."
    ),
)
