"""Cookies of ours: out of reach of scripts and of other sites, and over HTTPS bound to this host."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from comity.web.asking import Ask

VISITOR: Final = "comity-visitor"
"""A browser, before anybody signed in: what form tokens are bound to."""
SESSION: Final = "comity-session"
LANGUAGE: Final = "comity-language"


def get_cookie(ask: Ask, name: str) -> str | None:
    """What the browser keeps for us under that name."""
    return ask.request.cookies.get(_named(ask, name)) or None


def set_cookie(ask: Ask, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """Have the browser keep something: until it is closed, or for that long."""
    response.set_cookie(
        _named(ask, name), value, max_age=seconds, path="/", secure=_is_secure(ask), httponly=True, samesite="lax"
    )


def drop_cookie(ask: Ask, response: Response, name: str) -> None:
    """Have the browser forget."""
    response.delete_cookie(_named(ask, name), path="/", secure=_is_secure(ask), httponly=True, samesite="lax")


def _named(ask: Ask, name: str) -> str:
    # The prefix makes browsers refuse the cookie from another host of the same domain (RFC 6265bis §4.1.3.2).
    return f"__Host-{name}" if _is_secure(ask) else name


def _is_secure(ask: Ask) -> bool:
    return ask.origin.startswith("https://")
