"""The story, step by step. Each step says what must hold, and stops the story where it does not."""

from collections.abc import Callable

from ccx_broker.demo import act_one, act_three, act_two
from ccx_broker.demo.scene import Scene

STEPS: tuple[Callable[[Scene], None], ...] = (
    act_one.ada_signs_up,
    act_one.alma_sends_what_she_bought,
    act_one.guesses_appear,
    act_one.ada_says_what_she_wants,
    act_two.ada_shares_with_alma,
    act_two.alma_reads,
    act_two.ada_tries_tern,
    act_three.ada_withdraws,
    act_three.alma_is_refused,
    act_three.ada_reads_the_log,
)
