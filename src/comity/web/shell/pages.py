"""From a page's facts to HTML: templates, words, and the headers that keep a page what it is.

A page is a dataclass that names its template; the template sees its fields as `page`, and says everything
through the catalogue. Templates of a door lie in its own `templates/`, as `DOOR/pages/<noun>/<page>.html`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, ClassVar, Final

from starlette.responses import RedirectResponse, Response

from comity.core.catalogue import sentence
from comity.web.asking import Ask
from comity.web.shell.forms import FIELD, Visitor
from comity.web.shell.languages import LANGUAGES, language_of

if TYPE_CHECKING:
    from jinja2 import Environment

_TARGET: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*:(//[A-Za-z0-9.\[\]:_-]+)?$")
"""What may stand in a policy header as a place that forms lead to: a scheme, or an origin."""
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every page says; `title` and the like are codes of the catalogue."""

    template: ClassVar[str]
    title: str
    facts: tuple[tuple[str, object], ...] = ()
    """What the title's sentence names."""
    wide: ClassVar[bool] = False
    """Lists and tables take the whole width; a form does not."""


def show(ask: Ask, page: Page, *, status: int = 200, here: str | None = None, leads_to: str | None = None) -> Response:
    """The page, written out.

    `here` is where the language switch comes back to; by default the address that was asked for. `leads_to`
    is the origin or scheme of another program that a form of this page ends at: browsers hold redirects
    after a form to the policy as well (CSP3, form-action).
    """
    visitor = Visitor.of(ask)
    language = language_of(ask)
    text = (
        _environment()
        .get_template(page.template)
        .render(
            page=page,
            say=_sayer(language),
            language=language,
            languages=LANGUAGES,
            here=here or _here(ask),
            form_field=FIELD,
            form_token=visitor.form_token(ask),
            asset=asset,
        )
    )
    response = Response(text, status_code=status, media_type="text/html", headers=_headers(leads_to))
    visitor.remember(ask, response)
    return response


def move_on(to: str) -> Response:
    """After a form: look at another page (303, so that the form is not sent again)."""
    return RedirectResponse(to, status_code=303, headers={"cache-control": "no-store"})


def local_path(text: str, default: str = "/account") -> str:
    """A path of our own to go to next, or `default`: nobody is sent elsewhere by a link to us."""
    fine = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if fine else default


@cache
def asset(name: str) -> str:
    """The address of a file of the shell; it changes with the content, so browsers may keep it for ever."""
    return f"/shell/{name}?v={hashlib.sha256(asset_bytes(name)).hexdigest()[:16]}"


@cache
def asset_bytes(name: str) -> bytes:
    """The content of a file of the shell."""
    return resources.files("comity.web.shell").joinpath("static", name).read_bytes()


def _sayer(language: str) -> Callable[..., str]:
    def say(code: str, facts: object = (), /, **more: object) -> str:
        return sentence(code, {**dict(facts), **more}, language)  # type: ignore[call-overload]

    return say


def _headers(leads_to: str | None) -> dict[str, str]:
    more = f" {leads_to}" if leads_to and _TARGET.match(leads_to) else ""
    return {
        "content-security-policy": _POLICY + more,
        "cache-control": "no-store",
        # Addresses may carry one-time secrets: nobody else learns them. `no-referrer` would make browsers hide
        # the origin of our own forms from us.
        "referrer-policy": "same-origin",
        "x-frame-options": "DENY",
    }


def _here(ask: Ask) -> str:
    url = ask.request.url
    if ask.request.method not in {"GET", "HEAD"}:
        return "/account"
    return f"{url.path}?{url.query}" if url.query else url.path


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415 - only whoever shows pages waits

    return Environment(
        loader=FunctionLoader(_load),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def _load(name: str) -> str:
    door, _, path = name.partition("/")
    return resources.files("comity.web").joinpath(door, "templates", path).read_text(encoding="utf-8")
