"""Codes and refresh tokens against tokens, at the token endpoint (RFC 6749 §4.1.3, §6).

Each refresh gives a new refresh token, and only the newest counts. Whatever comes a second time ends the whole
grant: of the two who hold it, one is not its owner (RFC 9700 §4.14.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from comity.core.ids import PERSONAL_REALM, TenantId
from comity.db.transaction import Transaction
from comity.identity.clients import KnownClient, Proof, check_proof, load_client
from comity.identity.decide import OIDC_SCOPES, grant_scopes
from comity.identity.grants import store
from comity.identity.grants.decide import REFRESH_LIFETIME, judge_code, judge_refresh
from comity.identity.grants.model import Grant, GrantEnd
from comity.identity.grants.vouchers import Voucher, Vouchers
from comity.identity.model import IssuedToken, Person
from comity.identity.parts import SignIn
from comity.identity.refusals import (
    CodeInvalid,
    CodeUsed,
    ConsentMissing,
    GrantEnded,
    RefreshInvalid,
    RefreshReused,
    SignInRefused,
)
from comity.identity.standing import load_standing

Judge = Callable[[Grant], None]
"""Raises if the grant may not be exchanged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Who asks for tokens, and where."""

    tenant_id: TenantId | None
    """The tenant that the address names, if it names one."""
    client_id: str
    proof: Proof
    origin: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """What came of looking at a grant: to be committed, whatever it was."""

    grant: Grant | None
    person: Person | None
    refusal: SignInRefused | None


async def redeem_code(
    installation: SignIn, exchange: Exchange, *, code: str, redirect_uri: str | None, verifier: str | None
) -> IssuedToken:
    """Exchange an authorization code.

    Raises:
        SignInRefused: one of its kinds.
    """
    voucher = Vouchers(installation.sealer).open(code, code=True)
    if voucher is None or not _may_be_of(exchange, voucher):
        raise CodeInvalid
    client = await load_client(installation.db, voucher.tenant_id, exchange.client_id)
    check_proof(client, exchange.proof, installation.machine)

    def judge(grant: Grant) -> None:
        now = installation.machine.now()
        judge_code(grant, app_id=client.app_id, redirect_uri=redirect_uri, verifier=verifier, now=now)

    grant, person = await _take(installation, voucher, judge, missing=CodeInvalid())
    return await issue(installation, grant, person, client, proof=exchange.proof, origin=exchange.origin)


async def redeem_refresh(installation: SignIn, exchange: Exchange, *, refresh_token: str) -> IssuedToken:
    """Exchange a refresh token; the scope may be another one that the client was allowed.

    Raises:
        SignInRefused: one of its kinds.
    """
    voucher = Vouchers(installation.sealer).open(refresh_token, code=False)
    if voucher is None or not _may_be_of(exchange, voucher):
        raise RefreshInvalid
    client = await load_client(installation.db, voucher.tenant_id, exchange.client_id)
    check_proof(client, exchange.proof, installation.machine)
    scopes = grant_scopes(exchange.scope, registered=client.scopes, origin=exchange.origin) if exchange.scope else None
    allowed = await _consented(installation, voucher, client)

    def judge(grant: Grant) -> None:
        judge_refresh(grant, voucher.generation, app_id=client.app_id, now=installation.machine.now())
        for each in scopes or ():
            if allowed is not None and each not in allowed.union(grant.scopes, OIDC_SCOPES):
                raise ConsentMissing(scope=each)

    grant, person = await _take(installation, voucher, judge, missing=RefreshInvalid())
    wanted = replace(grant, scopes=scopes, nonce=None) if scopes else replace(grant, nonce=None)
    # What keeps the sign-in is the grant's; a client need not ask for it again with each refresh.
    return await issue(installation, wanted, person, client, proof=exchange.proof, origin=exchange.origin, keep=True)


async def claim_grant(installation: SignIn, voucher: Voucher, client: KnownClient) -> tuple[Grant, Person]:
    """Take a grant that a person made for a device; it is not asked how old it is, the device's code was.

    Raises:
        SignInRefused: one of its kinds.
    """

    def judge(grant: Grant) -> None:
        if grant.app_id != client.app_id:
            raise CodeInvalid
        if grant.generation > 0:
            raise CodeUsed
        if grant.ended_at is not None:
            raise GrantEnded

    return await _take(installation, voucher, judge, missing=CodeInvalid())


async def issue(
    installation: SignIn,
    grant: Grant,
    person: Person,
    client: KnownClient,
    *,
    proof: Proof,
    origin: str,
    keep: bool = False,
) -> IssuedToken:
    """The tokens for a grant that was just taken; with `offline_access`, or to `keep` it, a refresh token as well."""
    issued = await installation.tokens.issue_for_person(
        person,
        app_id=client.app_id,
        scopes=grant.scopes,
        origin=origin,
        nonce=grant.nonce,
        proof_kind=proof.kind,
        signed_in_at=grant.signed_in_at,
    )
    if not keep and "offline_access" not in grant.scopes:
        return issued
    voucher = Voucher(grant.tenant_id, grant.user_id, grant.id, grant.generation)
    return replace(issued, refresh_token=Vouchers(installation.sealer).seal(voucher))


def _may_be_of(exchange: Exchange, voucher: Voucher) -> bool:
    return exchange.tenant_id is None or exchange.tenant_id == voucher.tenant_id


async def _take(
    installation: SignIn, voucher: Voucher, judge: Judge, *, missing: SignInRefused
) -> tuple[Grant, Person]:
    """Look at the grant under its lock, and move it on; what a second use ends stays ended although we refuse."""
    async with installation.db.tenant(voucher.tenant_id, person=voucher.user_id) as tx:
        judged = await _judged(installation, tx, voucher, judge, missing=missing)
    if judged.refusal is not None:
        raise judged.refusal
    assert judged.grant is not None
    assert judged.person is not None
    return judged.grant, judged.person


async def _judged(
    installation: SignIn, tx: Transaction, voucher: Voucher, judge: Judge, *, missing: SignInRefused
) -> _Judged:
    now = installation.machine.now()
    grant = await store.lock_grant(tx, voucher.grant_id, voucher.user_id)
    if grant is None:
        return _Judged(None, None, missing)
    try:
        judge(grant)
    except (CodeUsed, RefreshReused) as refusal:
        await store.end_grant(tx, grant.id, grant.user_id, at=now, why=GrantEnd.REUSED)
        return _Judged(None, None, refusal)
    except SignInRefused as refusal:
        return _Judged(None, None, refusal)
    standing = await load_standing(tx, grant.user_id)
    if standing is None or not standing.covers(grant.signed_in_at):
        return _Judged(None, None, GrantEnded())
    expires_at = now + REFRESH_LIFETIME
    await store.advance_grant(tx, grant.id, at=now, expires_at=expires_at)
    advanced = replace(grant, generation=grant.generation + 1, used_at=now, expires_at=expires_at)
    return _Judged(advanced, standing.person, None)


async def _consented(installation: SignIn, voucher: Voucher, client: KnownClient) -> frozenset[str] | None:
    """What the owner of a personal account allowed the client; None where an administrator has vouched for it."""
    if voucher.tenant_id != PERSONAL_REALM:
        return None
    async with installation.db.tenant(PERSONAL_REALM, person=voucher.user_id) as tx:
        return await store.consented(tx, voucher.user_id, client.app_id)
