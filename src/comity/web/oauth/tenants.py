"""The first segment of every sign-in address: a tenant, or one of Entra's words for several."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from comity.core.ids import PERSONAL_REALM, TenantId
from comity.db.database import Database
from comity.db.transaction import as_uuid
from comity.identity.sign_in import find_sign_in_tenant


class Audience(StrEnum):
    """Who may sign in under an address."""

    TENANT = "tenant"
    CONSUMERS = "consumers"
    SEVERAL = "several"
    """`common` and `organizations`: the tenant follows from the name that signs in."""


SEVERAL: Final = frozenset({"common", "organizations"})


@dataclass(frozen=True, slots=True)
class Authority:
    """Where a client turns to. `tenant_id` is None where the address names none."""

    audience: Audience
    segment: str
    """How addresses of this authority begin."""
    tenant_id: TenantId | None


async def find_authority(db: Database, segment: str) -> Authority:
    """The authority that an address names: by tenant id, verified domain, or one of Entra's words.

    Raises:
        SignInTenantUnknown.
    """
    word = segment.lower()
    if word in SEVERAL:
        return Authority(Audience.SEVERAL, word, None)
    if word == "consumers" or as_uuid(segment) == PERSONAL_REALM:
        return Authority(Audience.CONSUMERS, word, PERSONAL_REALM)
    tenant_id = await find_sign_in_tenant(db, segment)
    return Authority(Audience.TENANT, str(tenant_id), tenant_id)
