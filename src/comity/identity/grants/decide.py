"""May a code or a refresh token be exchanged? Pure rules (RFC 6749 §4.1, §6; RFC 7636; RFC 9700 §4.14)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from comity.core.ids import AppId
from comity.identity.errors import RedirectInvalid
from comity.identity.grants.model import Grant
from comity.identity.refusals import (
    ChallengeMissing,
    ChallengeUnfit,
    CodeExpired,
    CodeInvalid,
    CodeUsed,
    GrantEnded,
    RefreshExpired,
    RefreshInvalid,
    RefreshReused,
    VerifierWrong,
)

CODE_LIFETIME: Final = timedelta(minutes=10)
REFRESH_LIFETIME: Final = timedelta(days=90)
"""Without being used; each use begins it anew, as in Entra."""
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
REDIRECT_LENGTH_MAX: Final = 2000
_CHALLENGE: Final = re.compile(r"^[A-Za-z0-9_-]{43}$")
_VERIFIER: Final = re.compile(r"^[A-Za-z0-9._~-]{43,128}$")
_OWN_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*$")
_NO_APP: Final = frozenset({"http", "https", "javascript", "data", "file", "vbscript", "about", "blob", "ws", "wss"})


def check_challenge(challenge: str | None, method: str | None, *, is_public: bool) -> None:
    """PKCE: a public client needs it, and only S256 hides the verifier.

    Raises:
        ChallengeMissing, ChallengeUnfit.
    """
    if not challenge:
        if is_public:
            raise ChallengeMissing
        return
    if method != "S256" or not _CHALLENGE.match(challenge):
        raise ChallengeUnfit


def verifies(challenge: str | None, verifier: str | None) -> bool:
    """Does the verifier fit the challenge? Without a challenge none may come: that would be somebody else's code."""
    if challenge is None:
        return not verifier
    if not verifier or not _VERIFIER.match(verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(made, challenge)


def judge_code(grant: Grant, *, app_id: AppId, redirect_uri: str | None, verifier: str | None, now: datetime) -> None:
    """May the code of this grant be redeemed?

    Raises:
        CodeInvalid, CodeUsed, GrantEnded, CodeExpired, VerifierWrong.
    """
    if grant.app_id != app_id or grant.redirect_uri != redirect_uri:
        raise CodeInvalid
    if grant.generation > 0:
        raise CodeUsed
    if grant.ended_at is not None:
        raise GrantEnded
    if grant.code_expires_at <= now:
        raise CodeExpired
    if not verifies(grant.code_challenge, verifier):
        raise VerifierWrong


def judge_refresh(grant: Grant, generation: int, *, app_id: AppId, now: datetime) -> None:
    """May the refresh token of that generation be exchanged?

    Raises:
        RefreshInvalid, GrantEnded, RefreshReused, RefreshExpired.
    """
    if grant.app_id != app_id:
        raise RefreshInvalid
    if grant.ended_at is not None:
        raise GrantEnded
    if generation != grant.generation:
        raise RefreshReused
    if grant.expires_at <= now:
        raise RefreshExpired


def check_redirect_uris(uris: Iterable[str]) -> tuple[str, ...]:
    """Addresses to register, each once.

    Raises:
        RedirectInvalid.
    """
    found = tuple(dict.fromkeys(each.strip() for each in uris))
    for each in found:
        parts = urlsplit(each)
        scheme = parts.scheme.lower()
        on_device = scheme == "http" and parts.hostname in LOOPBACK
        of_app = bool(_OWN_SCHEME.match(scheme)) and scheme not in _NO_APP
        web = scheme == "https" and bool(parts.hostname)
        fine = (on_device or of_app or web) and "#" not in each and each.isprintable() and " " not in each
        if not fine or len(each) > REDIRECT_LENGTH_MAX:
            raise RedirectInvalid(redirect_uri=each)
    return found


def is_registered(redirect_uri: str, registered: Iterable[str]) -> bool:
    """May a code be sent there? Exactly as registered, except for the port of the device itself (RFC 8252 §7.3)."""
    return any(redirect_uri == each or _same_but_port(redirect_uri, each) for each in registered)


def _same_but_port(one: str, other: str) -> bool:
    try:
        a, b = urlsplit(one), urlsplit(other)
        ports = (a.port, b.port)
    except ValueError:
        return False
    if a.scheme != "http" or b.scheme != "http" or a.hostname not in LOOPBACK or a.hostname != b.hostname:
        return False
    same_path = (a.path or "/") == (b.path or "/")
    return ports != (None, None) and same_path and a.query == b.query and not a.fragment and not a.username
