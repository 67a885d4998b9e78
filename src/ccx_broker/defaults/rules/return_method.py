"""return.method: how goods go back, by how the customer sent earlier ones back."""

from ccx_broker.defaults.rules.choice import Choices, Preferred, named
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.words import word

TOLD = {
    "courier": word("had it collected by a courier"),
    "drop_off": word("dropped it off"),
    "in_store": word("brought it to a shop"),
}

RETURN_METHOD = Preferred(
    key="return.method",
    memory=Choices("return.method", {"Return Started": named("method", TOLD)}, Decay(730)),
    told=TOLD,
    usual={"courier": 0.3, "drop_off": 0.45, "in_store": 0.25},
    message=word(
        "When something went back, you %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
)
