"""recover.proactive: shall a problem be told unasked? By what becomes of such notices."""

from ccx_broker.defaults.rules.choice import Choices, always
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.kinds import NO, YES, KindOfCustomer, yes
from ccx_broker.words import word

RECOVER_PROACTIVE = KindOfCustomer(
    key="recover.proactive",
    memory=Choices(
        "recover.proactive",
        {
            "Problem Notice Opened": always(f"notice:{YES}"),
            "Problem Notice Dismissed": always(f"notice:{NO}"),
            "Problem Notice Muted": always(f"notice:{NO}"),
        },
        Decay(730),
    ),
    answers={"notice": {"tell_me_first": yes(0.85), "only_if_i_ask": yes(0.2)}},
    usual={"tell_me_first": 0.75, "only_if_i_ask": 0.25},
    message=word(
        "Of %(notice_of)s notices about a problem that you had not asked about, you opened"
        " %(notice_yes)s and put the others away, between %(since)s and %(until)s."
    ),
)
