"""Access tokens: issued with the claims that Graph's clients know, verified before anything else.

Claims are those of Entra's v2.0 tokens. What they say about *who* is believed once the signature
holds; what the principal may do is never read from them (design §7).
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError

from comity.core.caller import PrincipalKind
from comity.core.clock import MachineClock
from comity.core.ids import AppId, PrincipalId, TenantId, UserId, new_id
from comity.identity.decide import GRAPH_APP_ID, GRAPH_URI, OIDC_SCOPES, TOKEN_LIFETIME_S
from comity.identity.errors import (
    TokenAudienceWrong,
    TokenExpired,
    TokenMalformed,
    TokenUntrusted,
)
from comity.identity.keys import ALGORITHM, KeySet
from comity.identity.model import Application, Bearer, IssuedToken, Person

TOKEN_LENGTH_MAX: Final = 16 * 1024
SKEW_S: Final = 60
"""How far the clocks of two of our own machines may be apart."""
AUDIENCES: Final = frozenset({GRAPH_URI, GRAPH_APP_ID})


class _Header(msgspec.Struct):
    alg: str
    kid: str


class _Claims(msgspec.Struct):
    iss: str
    aud: str
    exp: int
    nbf: int
    iat: int
    tid: UUID
    oid: UUID
    appid: UUID
    idtyp: Literal["app", "user"]
    scp: str = ""


class _HintClaims(msgspec.Struct):
    aud: UUID
    oid: UUID
    home_oid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """Whom an id_token is about, and which client it was made for."""

    app_id: AppId
    user_id: UserId
    home_user_id: UserId | None


class Tokens:
    """Issues and verifies tokens of this installation."""

    def __init__(self, keys: KeySet, machine: MachineClock) -> None:
        self._keys = keys
        self._machine = machine

    async def issue_for_app(self, application: Application, *, origin: str, proof_kind: str = "1") -> IssuedToken:
        """A token for an app of its own, with its application permissions in `roles`."""
        claims = {
            **self._common(application.tenant_id, application.app_id, origin),
            "oid": str(application.id),
            "sub": str(application.id),
            "app_displayname": application.display_name,
            "azpacr": proof_kind,
            "idtyp": "app",
            "roles": list(application.permissions),
        }
        return IssuedToken(await self._signed(claims), TOKEN_LIFETIME_S - 1, f"{GRAPH_URI}/.default")

    async def issue_for_person(
        self,
        person: Person,
        *,
        app_id: AppId,
        scopes: tuple[str, ...],
        origin: str,
        nonce: str | None = None,
        proof_kind: str = "0",
        signed_in_at: datetime | None = None,
    ) -> IssuedToken:
        """A token for an app on behalf of a person; with `openid` among the scopes, an id_token beside it.

        `proof_kind` says how the app proved who it is (Entra's `azpacr`).
        """
        common = self._common(person.tenant_id, app_id, origin)
        who: dict[str, Any] = {
            "oid": str(person.id),
            "sub": str(person.id),
            "name": person.display_name,
            "preferred_username": person.home.user_principal_name if person.home else person.user_principal_name,
        }
        if person.home is not None:  # she signed in there
            who["idp"] = issuer(origin, person.home.tenant_id)
            who["home_oid"] = str(person.home.id)
        access = {
            **common,
            **who,
            "upn": person.user_principal_name,
            "acct": int(person.is_guest),
            "azpacr": proof_kind,
            "idtyp": "user",
            "scp": " ".join(each for each in scopes if each not in OIDC_SCOPES),
        }
        id_token = None
        if "openid" in scopes:
            about = {each: common[each] for each in ("iss", "iat", "nbf", "exp", "tid", "uti", "ver")}
            if signed_in_at is not None:
                about["auth_time"] = int(signed_in_at.timestamp())
            id_token = await self._signed(
                {**about, **who, "aud": str(app_id), **({"nonce": nonce} if nonce is not None else {})}
            )
        return IssuedToken(await self._signed(access), TOKEN_LIFETIME_S - 1, " ".join(scopes), id_token, person)

    async def verify(self, text: str, *, origin: str | None) -> Bearer:
        """Whom this access token names.

        `origin` is the address this installation is known by, if it has a fixed one; the issuer must
        then be ours by name too. Otherwise the key alone says that it is.

        Raises:
            TokenMalformed, TokenUntrusted, TokenExpired, TokenAudienceWrong.
        """
        if len(text) > TOKEN_LENGTH_MAX:
            raise TokenMalformed
        claims = await self._verified(text)
        now = self._machine.now().timestamp()
        if claims.aud not in AUDIENCES:
            raise TokenAudienceWrong(audience=claims.aud)
        if not claims.iss.endswith(f"/{claims.tid}/v2.0") or (origin and claims.iss != issuer(origin, claims.tid)):
            raise TokenUntrusted
        if not claims.nbf - SKEW_S <= now < claims.exp:
            raise TokenExpired
        return Bearer(
            TenantId(claims.tid),
            PrincipalId(claims.oid),
            PrincipalKind.APP if claims.idtyp == "app" else PrincipalKind.USER,
            AppId(claims.appid),
            frozenset(claims.scp.split()),
            claims.iat,
        )

    async def read_hint(self, text: str) -> Hint | None:
        """Whom an id_token of ours is about, however old it is; None if it is none. It opens nothing."""
        if not text or len(text) > TOKEN_LENGTH_MAX:
            return None
        try:
            header = _header(text)
            key = await self._keys.verifying(header.kid) if header.alg == ALGORITHM else None
            if key is None:
                return None
            claims = jwt.decode(text, key, algorithms=[ALGORITHM]).claims
            about = msgspec.convert(claims, _HintClaims)
        except (TokenMalformed, JoseError, ValueError, msgspec.ValidationError):
            return None
        return Hint(AppId(about.aud), UserId(about.oid), UserId(about.home_oid) if about.home_oid else None)

    async def _verified(self, text: str) -> _Claims:
        header = _header(text)
        key = await self._keys.verifying(header.kid) if header.alg == ALGORITHM else None
        if key is None:
            raise TokenUntrusted
        try:
            token = jwt.decode(text, key, algorithms=[ALGORITHM])
        except (JoseError, ValueError) as fault:
            raise TokenUntrusted from fault
        try:
            return msgspec.convert(token.claims, _Claims)
        except msgspec.ValidationError as fault:
            if token.claims.get("aud") not in AUDIENCES:  # signed by us for somebody else: an id_token, say
                raise TokenAudienceWrong(audience=token.claims.get("aud")) from fault
            raise TokenMalformed from fault

    async def _signed(self, claims: dict[str, Any]) -> str:
        key = await self._keys.signing()
        return jwt.encode({"alg": ALGORITHM, "kid": key.kid}, claims, key)

    def _common(self, tenant_id: TenantId, app_id: AppId, origin: str) -> dict[str, Any]:
        now = int(self._machine.now().timestamp())
        return {
            "aud": GRAPH_URI,
            "iss": issuer(origin, tenant_id),
            "iat": now,
            "nbf": now,
            "exp": now + TOKEN_LIFETIME_S,
            "tid": str(tenant_id),
            "appid": str(app_id),
            "azp": str(app_id),
            "uti": new_id().hex,
            "ver": "2.0",
        }


def issuer(origin: str, tenant_id: UUID) -> str:
    """Who issues tokens of this tenant (OpenID Connect Discovery §3)."""
    return f"{origin}/{tenant_id}/v2.0"


def _header(text: str) -> _Header:
    """The header of a compact JWS, read before anything is verified."""
    first, _, rest = text.partition(".")
    if rest.count(".") != 1:
        raise TokenMalformed
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)), type=_Header)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as fault:
        raise TokenMalformed from fault
