"""From a letter to a message: words in the reader's language, headers that machines understand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from comity.core.catalogue import sentence
from comity.core.errors import Invalid
from comity.jobs.mail.model import Mail

ADDRESS_CHARACTERS_MAX: Final = 254
_ADDRESS: Final = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x20]+@[\w-]+(\.[\w-]+)+")
"""One plain address: no name beside it, no quotes, nothing that could end a header."""


class MailAddressInvalid(Invalid):
    """That is no mail address."""

    code = "mail-address-invalid"


def check_address(text: str) -> str:
    """The address as it may stand in a header.

    Raises:
        MailAddressInvalid.
    """
    given = text.strip()
    if len(given) > ADDRESS_CHARACTERS_MAX or not _ADDRESS.fullmatch(given):
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
    # Every server takes quoted-printable; 8 bits not every one.
    message.set_content(sentence(letter.code, facts, letter.language) + "\n", cte="quoted-printable")
    message["Content-Language"] = letter.language  # the content's own headers were set just now
    return message


def _said(value: object, language: str) -> object:
    """A fact that is a code of its own becomes its sentence."""
    if isinstance(value, Mapping) and "code" in value:
        facts = {name: _said(each, language) for name, each in value.get("facts", {}).items()}
        return sentence(str(value["code"]), facts, language)
    return value
