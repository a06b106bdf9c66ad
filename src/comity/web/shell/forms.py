"""Forms that only our own pages can send.

Each browser gets a random cookie; each form carries its seal. Another site can have a form sent here,
but neither reads the cookie nor makes the seal (OWASP, cross-site request forgery).
"""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from comity.core.errors import Invalid
from comity.web.asking import Ask, decode_form
from comity.web.errors import OptionUnreadable
from comity.web.shell.cookies import VISITOR, get_cookie, set_cookie

FORM_BYTES_MAX: Final = 64 * 1024
FIELD: Final = "form_token"
_VISITOR_BYTES: Final = 24
_PURPOSE: Final = "form"


class FormForeign(Invalid):
    """The form was not made by a page of ours for this browser, or the browser has lost its cookie."""

    code = "form-foreign"


class FieldMissing(Invalid):
    """A form's field is missing."""

    code = "field-missing"


@dataclass(frozen=True, slots=True)
class Form:
    """What somebody filled in."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """A field's text, without outer blanks; empty if it is not there."""
        return next((value.strip() for key, value in self.fields if key == name), "")

    def raw(self, name: str) -> str:
        """A field's text as it was typed: passwords."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        """All values of a field that may be chosen several times."""
        return [value for key, value in self.fields if key == name]

    def required(self, name: str) -> str:
        """A field's text.

        Raises:
            FieldMissing.
        """
        text = self.get(name)
        if not text:
            raise FieldMissing(field=name)
        return text


async def read_form(ask: Ask) -> Form:
    """The form that was sent, if a page of ours made it for this browser.

    Raises:
        FormForeign, OptionUnreadable.
    """
    kind = (ask.header("content-type") or "").split(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise FormForeign
    form = Form(tuple(decode_form(await ask.body(most=FORM_BYTES_MAX), OptionUnreadable(option="body"))))
    visitor = get_cookie(ask, VISITOR)
    if visitor is None or not hmac.compare_digest(_token(ask, visitor), form.raw(FIELD).encode()):
        raise FormForeign
    sender = ask.header("origin")
    if sender is not None and urlsplit(sender).netloc.lower() != urlsplit(ask.origin).netloc.lower():
        raise FormForeign
    return form


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser, known by its cookie."""

    value: str
    is_new: bool

    @classmethod
    def of(cls, ask: Ask) -> Visitor:
        """The browser that asks; one without a cookie gets one with the answer."""
        known = get_cookie(ask, VISITOR)
        return cls(known or secrets.token_urlsafe(_VISITOR_BYTES), known is None)

    def form_token(self, ask: Ask) -> str:
        """What its forms carry."""
        return _token(ask, self.value).decode()

    def remember(self, ask: Ask, response: Response) -> None:
        """Set the cookie, if the browser has none."""
        if self.is_new:
            set_cookie(ask, response, VISITOR, self.value)


def _token(ask: Ask, visitor: str) -> bytes:
    return base64.urlsafe_b64encode(ask.services.sealer.envelope(_PURPOSE).close(visitor.encode(), bound_to=[b"form"]))
