"""deliver.notify: how much to tell while something is on its way, by which notifications are opened and which muted."""

from ccx_broker.defaults.rules.choice import Choices, named, suffixed
from ccx_broker.defaults.rules.decay import Decay
from ccx_broker.defaults.rules.kinds import NO, YES, KindOfCustomer, yes
from ccx_broker.words import word

_sort = named("about", ("step", "problem"))

DELIVER_NOTIFY = KindOfCustomer(
    key="deliver.notify",
    memory=Choices(
        "deliver.notify",
        {
            "Notification Opened": suffixed(_sort, f":{YES}"),
            "Notification Dismissed": suffixed(_sort, f":{NO}"),
            "Notification Muted": suffixed(_sort, f":{NO}"),
        },
        Decay(365),
    ),
    answers={
        "step": {"every_step": yes(0.75), "problems_only": yes(0.15), "none": yes(0.06)},
        "problem": {"every_step": yes(0.9), "problems_only": yes(0.85), "none": yes(0.15)},
    },
    usual={"every_step": 0.5, "problems_only": 0.4, "none": 0.1},
    message=word(
        "You opened %(step_yes)s of %(step_of)s messages about a step on the way and"
        " %(problem_yes)s of %(problem_of)s about a problem, between %(since)s and %(until)s;"
        " the others you put away or muted."
    ),
)
