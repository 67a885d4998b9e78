"""deliver.packaging: how things are to be packed, by what the customer ticked."""

from ccx_broker.defaults.rules.choice import Choices, Preferred, named
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.words import word

TOLD = {
    "minimal": word("as little packaging as possible"),
    "standard": word("the usual packaging"),
    "gift": word("gift wrapping"),
}

DELIVER_PACKAGING = Preferred(
    key="deliver.packaging",
    memory=Choices("deliver.packaging", {"Packaging Chosen": named("packaging", TOLD)}, Decay(365)),
    told=TOLD,
    usual={"minimal": 0.3, "standard": 0.65, "gift": 0.05},
    message=word("You chose %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."),
)
