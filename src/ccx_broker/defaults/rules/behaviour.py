"""The estimators that learn from what is done beside buying: messages, deliveries, help, returns."""

from ccx_broker.defaults.rules.buy_substitution import BUY_SUBSTITUTION
from ccx_broker.defaults.rules.buy_substitution_max_uplift import BuySubstitutionMaxUplift
from ccx_broker.defaults.rules.buy_upsell import BUY_UPSELL
from ccx_broker.defaults.rules.contact_channel import CONTACT_CHANNEL
from ccx_broker.defaults.rules.contact_email_format import CONTACT_EMAIL_FORMAT
from ccx_broker.defaults.rules.contact_hours import CONTACT_HOURS
from ccx_broker.defaults.rules.deliver_notify import DELIVER_NOTIFY
from ccx_broker.defaults.rules.deliver_packaging import DELIVER_PACKAGING
from ccx_broker.defaults.rules.deliver_place import DELIVER_PLACE
from ccx_broker.defaults.rules.deliver_speed_vs_price import DELIVER_SPEED_VS_PRICE
from ccx_broker.defaults.rules.deliver_window import DELIVER_WINDOW
from ccx_broker.defaults.rules.discover_brands_avoid import DiscoverBrandsAvoid
from ccx_broker.defaults.rules.discover_sizes import DiscoverSizes
from ccx_broker.defaults.rules.interface import Estimator
from ccx_broker.defaults.rules.journey_treatment import JOURNEY_TREATMENTS
from ccx_broker.defaults.rules.pay_receipt import PAY_RECEIPT
from ccx_broker.defaults.rules.recover_proactive import RECOVER_PROACTIVE
from ccx_broker.defaults.rules.recover_remedy_order import RecoverRemedyOrder
from ccx_broker.defaults.rules.return_method import RETURN_METHOD
from ccx_broker.defaults.rules.support_callback_window import SUPPORT_CALLBACK_WINDOW
from ccx_broker.defaults.rules.support_human_or_bot import SUPPORT_HUMAN_OR_BOT

BEYOND_ORDERS: tuple[Estimator, ...] = (
    CONTACT_CHANNEL,
    CONTACT_HOURS,
    CONTACT_EMAIL_FORMAT,
    DiscoverBrandsAvoid(),
    DiscoverSizes(),
    BUY_SUBSTITUTION,
    BuySubstitutionMaxUplift(),
    BUY_UPSELL,
    PAY_RECEIPT,
    DELIVER_PLACE,
    DELIVER_WINDOW,
    DELIVER_SPEED_VS_PRICE,
    DELIVER_PACKAGING,
    DELIVER_NOTIFY,
    SUPPORT_HUMAN_OR_BOT,
    SUPPORT_CALLBACK_WINDOW,
    *JOURNEY_TREATMENTS,
    RETURN_METHOD,
    RecoverRemedyOrder(),
    RECOVER_PROACTIVE,
)
