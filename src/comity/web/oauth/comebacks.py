"""Back to the client with a code or a refusal: in the query, the fragment, or as a form (OAuth 2.0 Form Post)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.responses import RedirectResponse, Response

from comity.identity.refusals import SignInRefused
from comity.web.asking import Ask
from comity.web.oauth.answers import description_of
from comity.web.oauth.flows import Comeback
from comity.web.shell.pages import Page, show

RESPONSE_MODES: Final = ("query", "fragment", "form_post")


@dataclass(frozen=True, kw_only=True)
class HandOver(Page):
    """A form that sends itself to the client; without script, its button does."""

    template: ClassVar[str] = "oauth/pages/sign_in/hand_over.html"
    action: str
    values: tuple[tuple[str, str], ...]


def hand_over(ask: Ask, comeback: Comeback, code: str) -> Response:
    """The code, for the client."""
    return _answer(ask, comeback, {"code": code})


def hand_back(ask: Ask, comeback: Comeback, refusal: SignInRefused) -> Response:
    """Why there is none."""
    return _answer(ask, comeback, {"error": refusal.error, "error_description": description_of(refusal, ask)})


def origin_of(redirect_uri: str) -> str:
    """The origin that a redirect leads to, or its scheme where that is an app's own: for the pages' policy."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f"{parts.scheme}:"


def _answer(ask: Ask, comeback: Comeback, values: dict[str, str]) -> Response:
    if comeback.state is not None:
        values["state"] = comeback.state
    if comeback.response_mode == "form_post":
        page = HandOver(title="hand-over-title", action=comeback.redirect_uri, values=tuple(values.items()))
        return show(ask, page, leads_to=origin_of(comeback.redirect_uri), here="/account")
    parts = urlsplit(comeback.redirect_uri)
    if comeback.response_mode == "fragment":
        target = urlunsplit(parts._replace(fragment=urlencode(values)))
    else:
        query = f"{parts.query}&{urlencode(values)}" if parts.query else urlencode(values)
        target = urlunsplit(parts._replace(query=query))
    return RedirectResponse(target, status_code=302, headers={"cache-control": "no-store"})
