"""language: what the customer's devices are set to.

Half-life 180 days: a new device or browser takes over within half a year. An event without `context.locale`
says nothing. The tag is written as BCP 47 (RFC 5646, section 2.1.1) recommends: `de-AT`, `zh-Hans`.
"""

import re
from collections.abc import Sequence

from ccx_broker.defaults.rules.choice import Choices
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.most_frequent import MostFrequent
from ccx_broker.defaults.rules.observation import EVERYDAY, Observation
from ccx_broker.words import word

_TAG = re.compile(r"([a-z]{2,3})(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?", re.ASCII | re.IGNORECASE)


def tag_of(locale: str) -> str | None:
    """Return a language tag in its usual spelling (`en_us.UTF-8` as `en-US`), or None if it is none."""
    found = _TAG.fullmatch(locale.partition(".")[0].replace("_", "-"))
    if found is None:
        return None
    language, script, region = found.groups()
    parts = (language.lower(), script and script.title(), region and region.upper())
    return "-".join(part for part in parts if part)


def _set_to(observation: Observation) -> Sequence[str]:
    tag = tag_of(observation.locale) if observation.locale else None
    return (tag,) if tag else ()


LANGUAGE = MostFrequent(
    key="language",
    memory=Choices("language", dict.fromkeys(EVERYDAY, _set_to), Decay(180), cap=8),
    message=word(
        "Your device was set to the language %(value)s %(times)s of the %(of)s times that it told us"
        " between %(since)s and %(until)s."
    ),
)
