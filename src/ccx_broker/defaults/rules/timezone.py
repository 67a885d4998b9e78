"""timezone: where the customer's clock is, by the places where they do things.

Half-life 90 days: after a move, a season of visits at the new place outweighs the old one; a holiday of two
weeks does not. UTC and other names that are no place say only what a server's clock is set to.
"""

from collections.abc import Sequence

from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.most_frequent import MostFrequent
from ccx_broker.defaults.rules.observation import EVERYDAY, Observation
from ccx_broker.words import word

LONGEST = 64


def _place(observation: Observation) -> Sequence[str]:
    zone = observation.zone
    if zone is None or "/" not in zone or zone.startswith("Etc/") or len(zone) > LONGEST:
        return ()
    return (zone,)


TIMEZONE = MostFrequent(
    key="timezone",
    memory=Choices("timezone", dict.fromkeys(EVERYDAY, _place), Decay(90), cap=8),
    message=word(
        "%(times)s of the %(of)s things you did at shops between %(since)s and %(until)s"
        " were in the time zone %(value)s."
    ),
)
