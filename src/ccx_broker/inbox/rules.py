"""What messages say. A text is made of kind and values whenever it is read, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from ccx_broker.messages.rules import SECURITY, Kind
from ccx_broker.words import say, word

TITLES: Mapping[Kind, str] = {
    "grant_given": say("You share with somebody new"),
    "grant_amended": say("You changed what you share"),
    "grant_ending": say("What you share will soon end"),
    "first_look": say("Somebody looked for the first time"),
    "token_reuse": say("A key to your data may have been stolen"),
    "new_device": say("Somebody signed in on a new device"),
    "email_changed": say("The e-mail address of your account was changed"),
    "password_changed": say("The password of your account was changed"),
    "password_removed": say("The password of your account was removed"),
    "passkey_added": say("A passkey was added to your account"),
    "passkey_removed": say("A passkey was removed from your account"),
    "recovery_codes_made": say("New recovery codes were made"),
    "recovery_code_used": say("A recovery code was used"),
    "signal_heeded": say("Your browser asked that your data is not shared"),
}
"""What happened, naming nobody: mail is read by others on its way, and a name in it could be an advertisement."""

_TEXTS: Mapping[Kind, str] = {
    "grant_given": word("%(organisation)s may now see what you chose to share."),
    "grant_amended": word("You have changed what %(organisation)s may see, when it asked again."),
    "grant_ending": word(
        "What you share with %(organisation)s ends on %(ends)s. You can extend it, or let it end."
    ),
    "first_look": word("%(organisation)s has looked for the first time at what you share with it."),
    "token_reuse": word(
        "A key of %(organisation)s was used twice, as a stolen one would be. We ended it; what you share has "
        "not changed. If you no longer trust them with it, end sharing."
    ),
    "new_device": word("It is called %(device)s."),
    "email_changed": word("From now on you are reached at the new one. The old one was told as well."),
    "password_changed": word("You were signed out everywhere else."),
    "password_removed": word("You were signed out everywhere else. From now on passkeys sign you in."),
    "passkey_added": word("Whoever holds it can sign in."),
    "passkey_removed": word("It signs nobody in any more."),
    "recovery_codes_made": word("Older ones are good for nothing now."),
    "recovery_code_used": word("Each is good once, so one fewer is left."),
    "signal_heeded": word(
        "It sends Global Privacy Control, so we answered no for you. You can answer otherwise."
    ),
}

_LEADS_TO: Mapping[Kind, str] = {
    "grant_given": "/sharing/{grant_id}",
    "grant_amended": "/sharing/{grant_id}",
    "grant_ending": "/sharing/{grant_id}",
    "first_look": "/log?organisation={organisation_id}",
    "token_reuse": "/sharing/{grant_id}",
    "new_device": "/devices",
    "email_changed": "/account",
    "password_changed": "/account",
    "password_removed": "/account",
    "passkey_added": "/account/passkeys",
    "passkey_removed": "/account/passkeys",
    "recovery_codes_made": "/account/recovery",
    "recovery_code_used": "/account/recovery",
    "signal_heeded": "/preferences/data.share",
}

NOT_YOU = say(
    "If that was not you: sign out everywhere else, change your password, and look through your passkeys."
)


def text(kind: Kind, values: Mapping[str, Any]) -> str:
    """Say a message in full; `values` has `organisation`, its name, wherever it has `organisation_id`."""
    said = {name: value[:10] if name == "ends" else value for name, value in values.items()}
    return say(_TEXTS[kind], **said)


def leads_to(kind: Kind, values: Mapping[str, Any]) -> str:
    """Return the page that a message is about."""
    return _LEADS_TO[kind].format(**values)


def may_be_theft(kind: Kind) -> bool:
    """Whether somebody else may have done it in the customer's place."""
    return kind in SECURITY and kind != "token_reuse"
