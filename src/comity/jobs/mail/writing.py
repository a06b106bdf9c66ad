"""From a letter to a message: words in the reader's language, headers that machines understand."""

from __future__ import annotations

from collections.abc import Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from comity.core.catalogue import sentence
from comity.core.errors import Invalid
from comity.jobs.mail.model import Mail

ADDRESS_CHARACTERS_MAX: Final = 254


class MailAddressInvalid(Invalid):
    """That is no mail address."""

    code = "mail-address-invalid"


def check_address(text: str) -> str:
    """The address as it may stand in a header.

    Raises:
        MailAddressInvalid.
    """
    given = text.strip()
    try:
        address = Address(addr_spec=given)
    except (ValueError, IndexError) as fault:  # the parser's own ways to say no
        raise MailAddressInvalid(address=given) from fault
    plain = not given.isspace() and all(each.isprintable() and not each.isspace() for each in given)
    if not (address.username and address.domain and plain and len(given) <= ADDRESS_CHARACTERS_MAX):
        raise MailAddressInvalid(address=given)
    return given


def write(mail: Mail, *, sender: str) -> EmailMessage:
    """The message, the same each time: who gets it twice can tell by its id."""
    letter = mail.letter
    facts = {name: _said(value, letter.language) for name, value in letter.facts.items()}
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(letter.recipients)
    message["Subject"] = sentence(f"{letter.code}-subject", facts, letter.language)
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.language
    # Every server takes quoted-printable; 8 bits not every one.
    message.set_content(sentence(letter.code, facts, letter.language) + "\n", cte="quoted-printable")
    return message


def _said(value: object, language: str) -> object:
    """A fact that is a code of its own becomes its sentence."""
    if isinstance(value, Mapping) and "code" in value:
        facts = {name: _said(each, language) for name, each in value.get("facts", {}).items()}
        return sentence(str(value["code"]), facts, language)
    return value
