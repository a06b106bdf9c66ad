"""A device asks for a code, a person answers for it, the device fetches its tokens."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from comity.core.ids import PERSONAL_REALM, AppId, TenantId, UserId, new_id
from comity.db.queries import Queries
from comity.identity.clients import KnownClient, check_proof, load_client
from comity.identity.decide import grant_scopes
from comity.identity.devices.decide import (
    CODE_LENGTH,
    CODE_LETTERS,
    INTERVAL_S,
    LIFETIME,
    SLOWER_S,
    judge_device,
    normal_code,
)
from comity.identity.devices.model import DeviceRequest, DeviceStart, DeviceState
from comity.identity.errors import DeviceCodeUnknown, SealBroken
from comity.identity.grants.exchange import Exchange, claim_grant, issue
from comity.identity.grants.service import open_grant
from comity.identity.grants.vouchers import Voucher
from comity.identity.model import IssuedToken, Person
from comity.identity.parts import SignIn
from comity.identity.refusals import ClientGrantRefused, DeviceCodeInvalid

Q: Final = Queries("comity.identity.devices")

STALE_AFTER: Final = timedelta(days=1)
_PURPOSE: Final = "device"


async def start_device(
    installation: SignIn, client: KnownClient, *, authority: str, scope: str, origin: str
) -> DeviceStart:
    """A device wants to be signed in; it shows the user code, and keeps the device code to itself.

    Raises:
        SignInRefused: one of its kinds.
    """
    if not client.is_public:
        raise ClientGrantRefused(client=str(client.app_id), grant="device_code")
    now = installation.machine.now()
    request = DeviceRequest(
        id=new_id(), user_code="".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)), app_id=client.app_id,
        authority=authority, scopes=grant_scopes(scope, registered=client.scopes, origin=origin),
        state=DeviceState.PENDING, interval_s=INTERVAL_S, created_at=now, expires_at=now + LIFETIME,
    )  # fmt: skip
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        await tx.execute(
            Q.add,
            id=request.id, user_code=request.user_code, app_id=request.app_id, authority=authority,
            scopes=list(request.scopes), state=request.state.value, interval_s=INTERVAL_S, created_at=now,
            expires_at=request.expires_at, stale_before=now - STALE_AFTER,
        )  # fmt: skip
    sealed = installation.sealer.envelope(_PURPOSE).close(request.id.bytes, bound_to=[b"code"])
    code = base64.urlsafe_b64encode(sealed).decode().rstrip("=")
    return DeviceStart(code, request.user_code, int(LIFETIME.total_seconds()), INTERVAL_S)


async def find_device(installation: SignIn, user_code: str) -> DeviceRequest:
    """The device that waits under the code that somebody typed.

    Raises:
        DeviceCodeUnknown.
    """
    code = normal_code(user_code)
    if code is None:
        raise DeviceCodeUnknown
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        found = await tx.one(_request, Q.find, user_code=code, at=installation.machine.now())
    if found is None:
        raise DeviceCodeUnknown
    return found


async def approve_device(
    installation: SignIn, request: DeviceRequest, person: Person, *, signed_in_at: datetime
) -> None:
    """Somebody signs the device in as herself, where she stands.

    Raises:
        DeviceCodeUnknown: it was answered meanwhile, or waits no longer.
    """
    now = installation.machine.now()
    async with installation.db.tenant(person.tenant_id, person=person.id) as tx:
        grant = await open_grant(
            tx, person, app_id=request.app_id, scopes=request.scopes, signed_in_at=signed_in_at, at=now
        )
        row = await tx.row(
            Q.decide, id=request.id, at=now, state=DeviceState.APPROVED.value, of_tenant=tx.tenant_id,
            of_user=person.id, of_grant=grant.id,
        )  # fmt: skip
        if row is None or not row[0]:
            raise DeviceCodeUnknown


async def decline_device(installation: SignIn, request: DeviceRequest) -> None:
    """Somebody says no to the device."""
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        await tx.row(
            Q.decide, id=request.id, at=installation.machine.now(), state=DeviceState.DECLINED.value, of_tenant=None,
            of_user=None, of_grant=None,
        )  # fmt: skip


async def redeem_device(installation: SignIn, exchange: Exchange, *, device_code: str) -> IssuedToken:
    """The device asks whether it has been signed in.

    Raises:
        SignInRefused: one of its kinds; `authorization_pending` until somebody has answered.
    """
    device_id = _open(installation, device_code)
    client = await load_client(installation.db, exchange.tenant_id, exchange.client_id)
    check_proof(client, exchange.proof, installation.machine)
    now = installation.machine.now()
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        before = await tx.one(_request, Q.poll, id=device_id, at=now, slower_s=SLOWER_S)
    request = judge_device(before, app_id=client.app_id, now=now)
    assert request.tenant_id is not None
    assert request.user_id is not None
    assert request.grant_id is not None
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        row = await tx.row(Q.drop, id=device_id)
    if row is None or not row[0]:
        raise DeviceCodeInvalid  # the same question at the same moment was faster
    voucher = Voucher(request.tenant_id, request.user_id, request.grant_id, 0)
    grant, person = await claim_grant(installation, voucher, client)
    return await issue(installation, grant, person, client, proof=exchange.proof, origin=exchange.origin)


def _open(installation: SignIn, device_code: str) -> UUID:
    try:
        sealed = base64.urlsafe_b64decode(device_code + "=" * (-len(device_code) % 4))
        return UUID(bytes=installation.sealer.envelope(_PURPOSE).open(sealed, bound_to=[b"code"]))
    except (SealBroken, binascii.Error, ValueError) as fault:
        raise DeviceCodeInvalid from fault


def _request(
    id: UUID, user_code: str, app_id: UUID, authority: str, scopes: Sequence[str], state: str, interval_s: int,
    created_at: datetime, expires_at: datetime, polled_at: datetime | None, tenant_id: UUID | None,
    user_id: UUID | None, grant_id: UUID | None,
) -> DeviceRequest:  # fmt: skip
    return DeviceRequest(
        id=id, user_code=user_code, app_id=AppId(app_id), authority=authority, scopes=tuple(scopes),
        state=DeviceState(state), interval_s=interval_s, created_at=created_at, expires_at=expires_at,
        polled_at=polled_at, tenant_id=TenantId(tenant_id) if tenant_id else None,
        user_id=UserId(user_id) if user_id else None, grant_id=grant_id,
    )  # fmt: skip
