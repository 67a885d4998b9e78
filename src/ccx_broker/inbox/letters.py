"""A message as a mail: short, plain, in the customer's language, and naming nobody.

Mail is read by others on its way, so it does not tell with whom somebody shares. And nobody has shown that
an address is theirs: a name that strangers chose themselves must not reach it through us.
"""

from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlsplit

from ccx_broker.inbox.rules import NOT_YOU, TITLES, may_be_theft
from ccx_broker.kit.language import Language
from ccx_broker.messages.rules import SECURITY, Mail
from ccx_broker.words import say


def letter(mail: Mail, address: str, language: Language, *, sender: str, issuer: str) -> EmailMessage | None:
    """Write the mail to `address`; None if no mail can go there.

    The same mail has the same `Message-ID` whenever it is sent, so that a repeat can be told (RFC 5322 §3.6.4).
    """
    try:
        to = Address(addr_spec=address)
    except (ValueError, HeaderParseError, IndexError):
        return None
    link = f"{issuer}/messages"
    lines = [f"{language(TITLES[mail.kind])}."]
    if may_be_theft(mail.kind):
        lines.append(language(NOT_YOU))
    if mail.kind in SECURITY:
        lines.append(language(say("See what it is about: %(link)s", link=link)))
    else:
        lines.append(language(say("See what it is about, or stop these e-mails: %(link)s", link=link)))
    lines.append("-- ")
    lines.append(
        language(say("You get this since it is the address of an account at %(issuer)s.", issuer=issuer))
    )
    if mail.kind in SECURITY:
        lines[-1] += " " + language(say("Warnings like this are always sent."))
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("CCX", addr_spec=sender)
    message["To"] = to
    message["Subject"] = language(TITLES[mail.kind])
    message["Date"] = mail.made_at
    message["Message-ID"] = f"<{mail.mail_id}@{urlsplit(issuer).hostname}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no machine answers it
    message.set_content("\n\n".join(lines) + "\n", cte="quoted-printable")
    message["Content-Language"] = language.code
    return message
