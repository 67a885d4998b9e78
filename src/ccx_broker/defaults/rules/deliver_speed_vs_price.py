"""deliver.speed_vs_price: what counts most in a delivery, by the option taken at the checkout."""

from ccx_broker.defaults.rules.choice import Choices, Preferred, named
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.words import word

TOLD = {
    "fastest": word("the fastest delivery"),
    "balanced": word("the delivery in the middle"),
    "cheapest": word("the cheapest delivery"),
    "greenest": word("the greenest delivery"),
}

DELIVER_SPEED_VS_PRICE = Preferred(
    key="deliver.speed_vs_price",
    memory=Choices("deliver.speed_vs_price", {"Delivery Option Chosen": named("option", TOLD)}, Decay(365)),
    told=TOLD,
    usual={"fastest": 0.2, "balanced": 0.3, "cheapest": 0.45, "greenest": 0.05},
    message=word("You chose %(option)s %(times)s of %(of)s times between %(since)s and %(until)s."),
)
