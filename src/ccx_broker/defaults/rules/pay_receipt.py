"""pay.receipt: how the customer wants the receipt, by what they choose at the till."""

from ccx_broker.defaults.rules.choice import Choices, Preferred, named
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.words import word

TOLD = {
    "email": word("by e-mail"),
    "paper": word("on paper"),
    "app": word("in the app"),
    "none": word("not at all"),
}

PAY_RECEIPT = Preferred(
    key="pay.receipt",
    memory=Choices("pay.receipt", {"Receipt Chosen": named("method", TOLD)}, Decay(365)),
    told=TOLD,
    usual={"email": 0.3, "paper": 0.4, "app": 0.15, "none": 0.15},
    message=word(
        "You wanted the receipt %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."
    ),
)
