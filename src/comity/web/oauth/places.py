"""Where somebody who signed in at home will act, and who she is there."""

from __future__ import annotations

from dataclasses import dataclass

from comity.core.ids import PERSONAL_REALM, TenantId, UserId
from comity.identity.clients import KnownClient
from comity.identity.refusals import AudienceWrong, ClientGrantRefused, ClientUnknown, NotHere
from comity.identity.sessions.model import SignedIn
from comity.partners.redemption import arrive
from comity.web.asking import Ask
from comity.web.oauth.tenants import Audience, Authority


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant, and the account there."""

    tenant_id: TenantId
    user_id: UserId
    is_redeemed: bool = True
    """False: she has to say yes to being there first."""


async def find_place(ask: Ask, authority: Authority, client: KnownClient, signed_in: SignedIn) -> Place:
    """Where the address that the client asked at puts this person.

    Raises:
        AudienceWrong: accounts of her kind cannot sign in there. NotHere: she has no account in that tenant.
        ClientUnknown: the client is not registered where she would act. ClientGrantRefused.
    """
    home = signed_in.person
    personal = home.tenant_id == PERSONAL_REALM
    if authority.audience is Audience.TENANT:
        assert authority.tenant_id is not None
        return await _in_tenant(ask, authority.tenant_id, client, signed_in)
    allowed = personal if authority.audience is Audience.CONSUMERS else not personal or authority.segment == "common"
    if not allowed:
        raise AudienceWrong(user=home.user_principal_name, authority=authority.segment)
    if not personal and client.tenant_id != home.tenant_id:
        raise ClientUnknown(client=str(client.app_id))
    if personal and not client.is_public:
        raise ClientGrantRefused(client=str(client.app_id), grant="authorization_code")
    return Place(home.tenant_id, home.id)


async def _in_tenant(ask: Ask, tenant_id: TenantId, client: KnownClient, signed_in: SignedIn) -> Place:
    home = signed_in.person
    if home.tenant_id == tenant_id:
        return Place(tenant_id, home.id)
    arrival = await arrive(ask.services.db, tenant_id, home)
    if arrival is None:
        raise NotHere(user=home.user_principal_name, tenant=str(tenant_id), client=client.display_name)
    return Place(tenant_id, arrival.user_id, arrival.is_redeemed)
