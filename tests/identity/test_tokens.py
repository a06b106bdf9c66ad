"""Keys and tokens, against a real database."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from comity.core.caller import Caller, PrincipalKind
from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM
from comity.identity.decide import APPLICATION_PERMISSIONS, TOKEN_LIFETIME_S
from comity.identity.errors import (
    SealBroken,
    TokenAudienceWrong,
    TokenExpired,
    TokenMalformed,
    TokenUntrusted,
)
from comity.identity.keys import KeySet, rotate_keys
from comity.identity.model import KeyState
from comity.identity.sealing import Sealer
from comity.identity.tokens import Tokens
from tests.support.sign_in import make_identity

ORIGIN = "http://lab.example:8080"
OPERATOR = Caller.operator("tester", tenant_id=PERSONAL_REALM)


def part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


async def test_an_app_token_carries_the_claims_that_graph_clients_know(identity, contoso):
    """graph-api §2, claim list."""
    application, _ = await identity.register(contoso)

    issued = await identity.tokens.issue_for_app(application, origin=ORIGIN)
    claims = claims_of(issued.access_token)

    assert claims["iss"] == f"{ORIGIN}/{contoso.id}/v2.0"
    assert claims["aud"] == "https://graph.microsoft.com"
    assert claims["tid"] == str(contoso.id)
    assert claims["oid"] == claims["sub"] == str(application.id)
    assert claims["appid"] == claims["azp"] == str(application.app_id)
    assert claims["idtyp"] == "app"
    assert claims["ver"] == "2.0"
    assert claims["roles"] == list(APPLICATION_PERMISSIONS)
    assert claims["exp"] - claims["iat"] == TOKEN_LIFETIME_S
    assert "scp" not in claims


async def test_a_verified_token_names_its_principal(identity, contoso):
    application, _ = await identity.register(contoso)
    issued = await identity.tokens.issue_for_app(application, origin=ORIGIN)

    bearer = await identity.tokens.verify(issued.access_token, origin=ORIGIN)

    assert (bearer.tenant_id, bearer.principal_id, bearer.app_id) == (contoso.id, application.id, application.app_id)
    assert bearer.kind is PrincipalKind.APP


async def test_a_token_ends(identity, contoso):
    application, _ = await identity.register(contoso)
    issued = await identity.tokens.issue_for_app(application, origin=ORIGIN)

    identity.machine.offset = timedelta(seconds=TOKEN_LIFETIME_S + 1)
    with pytest.raises(TokenExpired):
        await identity.tokens.verify(issued.access_token, origin=None)
    identity.machine.offset = timedelta(seconds=-120)
    with pytest.raises(TokenExpired):
        await identity.tokens.verify(issued.access_token, origin=None)


async def test_garbled_and_forged_tokens_are_not_ours(identity, contoso):
    application, _ = await identity.register(contoso)
    good = (await identity.tokens.issue_for_app(application, origin=ORIGIN)).access_token
    head, payload, signature = good.split(".")
    own = await identity.keys.signing()
    stranger = RSAKey.generate_key(2048)
    claims = claims_of(good)
    unsigned = part(json.dumps({"alg": "none", "kid": own.kid}).encode())
    # The classic confusion: the public key, known to all, taken as a shared secret.
    shared = f"{part(json.dumps({'alg': 'HS256', 'kid': own.kid}).encode())}.{payload}"
    confused = f"{shared}.{part(hmac.digest(own.as_pem(private=False), shared.encode(), 'sha256'))}"

    for forged in (
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{payload[:-2]}.{signature}",
        f"{unsigned}.{payload}.",
        jwt.encode({"alg": "RS256", "kid": own.kid}, claims, stranger),
        jwt.encode({"alg": "RS256", "kid": "unknown"}, claims, stranger),
        confused,
    ):
        with pytest.raises(TokenUntrusted):
            await identity.tokens.verify(forged, origin=None)
    for garbled in ("", "x", "a.b", "a.b.c", "ä.ö.ü", "." * 3, "x" * 20_000, f"{good}.{good}"):
        with pytest.raises(TokenMalformed):
            await identity.tokens.verify(garbled, origin=None)


async def test_a_token_for_somebody_else_opens_nothing(identity, contoso):
    """An id_token is signed by us too; its audience is the client."""
    application, _ = await identity.register(contoso)
    claims = claims_of((await identity.tokens.issue_for_app(application, origin=ORIGIN)).access_token)
    key = await identity.keys.signing()

    for audience in ("https://vault.azure.net", str(application.app_id)):
        token = jwt.encode({"alg": "RS256", "kid": key.kid}, {**claims, "aud": audience}, key)
        with pytest.raises(TokenAudienceWrong):
            await identity.tokens.verify(token, origin=None)
    lacking = jwt.encode({"alg": "RS256", "kid": key.kid}, {"aud": "https://graph.microsoft.com"}, key)
    with pytest.raises(TokenMalformed):
        await identity.tokens.verify(lacking, origin=None)


async def test_where_the_address_is_fixed_the_issuer_must_be_ours(identity, contoso, fabrikam):
    """A copy of this installation elsewhere has the same keys; its tokens are not ours."""
    application, _ = await identity.register(contoso)
    token = (await identity.tokens.issue_for_app(application, origin="http://copy.example")).access_token

    with pytest.raises(TokenUntrusted):
        await identity.tokens.verify(token, origin=ORIGIN)
    key = await identity.keys.signing()
    mixed = {**claims_of(token), "tid": str(fabrikam.id)}
    with pytest.raises(TokenUntrusted):
        await identity.tokens.verify(jwt.encode({"alg": "RS256", "kid": key.kid}, mixed, key), origin=None)


async def test_a_rotation_publishes_first_and_keeps_old_tokens_good(identity, contoso, db):
    """Next becomes current, current retired and still verified; another process follows in a minute."""
    elsewhere = make_identity(db)
    application, _ = await identity.register(contoso)
    old = (await elsewhere.tokens.issue_for_app(application, origin=ORIGIN)).access_token
    before = await identity.keys.signing()
    published = {each["kid"] for each in await identity.keys.published()}

    await rotate_keys(db, OPERATOR, identity.sealer, now=identity.machine.now(), at_once=True)
    identity.machine.offset += timedelta(minutes=2)
    elsewhere.machine.offset += timedelta(seconds=5)  # its view is still fresh; the new key's name makes it look
    after = await identity.keys.signing()
    new = (await identity.tokens.issue_for_app(application, origin=ORIGIN)).access_token

    assert after.kid != before.kid
    assert after.kid in published, "published before it was used"
    assert before.kid in {each["kid"] for each in await identity.keys.published()}
    assert (await identity.tokens.verify(old, origin=None)).principal_id == application.id
    elsewhere.machine.offset += timedelta(minutes=2)
    assert (await elsewhere.tokens.verify(new, origin=None)).principal_id == application.id
    elsewhere.passwords.close()


async def test_only_the_operator_rotates(identity, contoso, db):
    admin = contoso.as_user(await contoso.add_person("annie"))
    with pytest.raises(PermissionMissing):
        await rotate_keys(db, admin, identity.sealer, now=identity.machine.now(), at_once=True)


async def test_what_is_published_is_public(identity):
    for jwk in await identity.keys.published():
        assert jwk["kty"] == "RSA"
        assert jwk["use"] == "sig"
        assert not {"d", "p", "q", "dp", "dq", "qi"} & set(jwk)


async def test_processes_that_start_at_once_end_up_with_the_same_keys(db):
    several = [make_identity(db) for _ in range(4)]

    kids = {key.kid for key in await asyncio.gather(*(each.keys.signing() for each in several))}

    assert len(kids) == 1
    for each in several:
        each.passwords.close()


async def test_private_keys_lie_sealed(identity, db):
    """A copy of the database alone signs nothing."""
    await identity.keys.signing()
    async with db.tenant(PERSONAL_REALM) as tx:
        sealed = [bytes(row[0]) for row in await tx.rows("select sealed_key from signing_keys()")]

    assert sealed
    # Long enough not to turn up in random bytes.
    assert not any(b'"kty"' in each or b'"d": "' in each for each in sealed)
    other = KeySet(db, Sealer(bytes(32)), identity.machine)
    with pytest.raises(SealBroken):
        await Tokens(other, identity.machine).verify("eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.x.x", origin=None)


async def test_one_key_signs_and_one_is_next(identity, db):
    await identity.keys.signing()
    async with db.tenant(PERSONAL_REALM) as tx:
        states = [row[0] for row in await tx.rows("select state from signing_keys()")]

    assert states.count(KeyState.CURRENT.value) == 1
    assert states.count(KeyState.NEXT.value) == 1
