"""What holds toward tenants without an entry of their own, as far as it can be changed (graph-api §4.3).

Automatic redemption is off by default and stays so; the B2B settings are kept and shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import TenantId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.partners.model import InboundTrust

Q: Final = Queries("comity.partners", "defaults.sql")
UPDATED: Final = "Update the company default cross-tenant access setting"


def _setting(access: str, applications: str) -> dict[str, Any]:
    everybody = {"accessType": access, "targets": [{"target": "AllUsers", "targetType": "user"}]}
    everything = {"accessType": access, "targets": [{"target": applications, "targetType": "application"}]}
    return {"usersAndGroups": everybody, "applications": everything}


SERVICE_DEFAULT: Final[Mapping[str, Any]] = {
    "b2bCollaborationInbound": _setting("allowed", "AllApplications"),
    "b2bCollaborationOutbound": _setting("allowed", "AllApplications"),
    "b2bDirectConnectInbound": _setting("blocked", "AllApplications"),
    "b2bDirectConnectOutbound": _setting("blocked", "AllApplications"),
}
"""What Entra gives a new tenant."""


@dataclass(frozen=True, slots=True)
class CrossTenantDefault:
    """The tenant's default, by Graph's names; None: as it comes."""

    tenant_id: TenantId
    document: Mapping[str, Any] | None = None
    cloud_endpoints: tuple[str, ...] = ()

    @property
    def is_service_default(self) -> bool:
        """Has nobody changed it?"""
        return self.document is None

    @property
    def shown(self) -> Mapping[str, Any]:
        """Everything that holds by default."""
        return {**SERVICE_DEFAULT, **(self.document or {})}

    @property
    def trust(self) -> InboundTrust:
        """Whose claims are believed by default."""
        given = (self.document or {}).get("inboundTrust") or {}
        return InboundTrust(
            mfa=given.get("isMfaAccepted"),
            compliant_device=given.get("isCompliantDeviceAccepted"),
            hybrid_joined_device=given.get("isHybridAzureADJoinedDeviceAccepted"),
        )


async def get_default(tx: Transaction, caller: Caller) -> CrossTenantDefault:
    """What holds by default.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    return await _load(tx)


async def change_default(
    tx: Transaction, caller: Caller, change: Callable[[CrossTenantDefault], CrossTenantDefault]
) -> CrossTenantDefault:
    """Change what holds by default; `change` is pure.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.CROSS_TENANT_WRITE)
    before = await _load(tx)
    after = change(before)
    if after == before:
        return before
    await tx.execute(Q.save, document=jsonb(after.document), cloud_endpoints=list(after.cloud_endpoints))
    facts = [{"settings": each.document, "clouds": list(each.cloud_endpoints)} for each in (before, after)]
    await record(tx, caller, Record(UPDATED, "partnerDefault", None, before=facts[0], after=facts[1]))
    return after


async def _load(tx: Transaction) -> CrossTenantDefault:
    row = await tx.row(Q.load)
    return CrossTenantDefault(tx.tenant_id) if row is None else CrossTenantDefault(tx.tenant_id, row[0], tuple(row[1]))
