"""What a customer can do about a guess, in sentences, by the answer that they have given so far."""

from collections.abc import Mapping

from ccx_broker.words import say

_BEHAVIOUR = say("What you do from now on: newer events count for more.")

CHANGES: Mapping[str, tuple[str, ...]] = {
    "offered": (
        say("Say what is right: your own word always wins."),
        say("Keep it, and it is your own word from now on, whatever you do later."),
        say("Dismiss it, and it is not guessed again until you ask for it."),
        say("Forget events that it rests on, or stop learning from an organisation that sent them."),
        _BEHAVIOUR,
    ),
    "accepted": (
        say(
            "You have made it your own word, so nothing changes it but you: say something else, or take it back."
        ),
    ),
    "dismissed": (
        say(
            "You have dismissed it, so it is neither told nor used. Ask for it again, and it is concluded anew."
        ),
    ),
}
"""By the state of the guess."""
