"""Identities for rules that need no database, and strategies that draw all of their settings."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from comity.access.model import (
    AccountKind,
    AddressedBy,
    BlockedIndividuals,
    ExternalAccessPolicy,
    ExternalOrgs,
    Identity,
    Purpose,
    Side,
    TenantConfiguration,
    TrialTenants,
)
from comity.core.ids import TenantId, UserId, new_id
from comity.tenancy.model import Cloud

CONTOSO, FABRIKAM, TAILSPIN = TenantId(new_id()), TenantId(new_id()), TenantId(new_id())
DOMAINS = {CONTOSO: "eu.contoso.example", FABRIKAM: "fabrikam.example", TAILSPIN: "tailspin.example"}
PAT = Identity(id=UserId(new_id()), kind=AccountKind.PERSONAL, address="pat@mail.example", domain="mail.example")
SAM = Identity(id=UserId(new_id()), kind=AccountKind.PERSONAL, address="sam@mail.example", domain="mail.example")


def work(tenant_id: TenantId = CONTOSO, *, policy: ExternalAccessPolicy | None = None, **side: Any) -> Identity:
    """A work account; `side` says what its tenant says."""
    domain = DOMAINS[tenant_id]
    user_id = UserId(new_id())
    return Identity(
        id=user_id, kind=AccountKind.WORK, address=f"{user_id.hex}@{domain}", domain=domain,
        policy=policy or ExternalAccessPolicy(),
        side=Side(tenant_id=tenant_id, **{"domains": frozenset({domain}), **side}),
    )  # fmt: skip


switches = st.booleans()
domain_sets = st.sets(st.sampled_from([*DOMAINS.values(), "contoso.example", "other.example"]), max_size=4).map(
    frozenset
)
configurations = st.builds(
    TenantConfiguration, allow_federated_users=switches, allowed_domains=st.none() | domain_sets,
    blocked_domains=domain_sets, block_all_subdomains=switches, allow_teams_consumer=switches,
    allow_teams_consumer_inbound=switches, restrict_consumer_to_directory=switches,
    trial_tenants=st.sampled_from(TrialTenants), allowed_trial_domains=domain_sets, customize_federation=switches,
    restrict_chat_participants=switches, mutual_chat_participants=switches,
)  # fmt: skip
policies = st.builds(
    ExternalAccessPolicy, name=st.just("Custom"), enable_federation_access=switches,
    communication_with_external_orgs=st.sampled_from(ExternalOrgs),
    allowed_external_domains=domain_sets, blocked_external_domains=domain_sets, enable_consumer_access=switches,
    enable_consumer_inbound=switches, restrict_consumer_to_directory=switches, federated_bilateral_chats=switches,
)  # fmt: skip
purposes = st.sampled_from(Purpose)
keys = st.sampled_from(AddressedBy)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Identity, Identity]:
    """Two people of any kind with any settings; the lists of blocked people and contacts may hold the other."""
    kinds = draw(st.sampled_from([(CONTOSO, FABRIKAM), (CONTOSO, None), (None, CONTOSO), (CONTOSO, CONTOSO)]))
    drafts = [PAT if tenant is None else work(tenant) for tenant in kinds]
    people = [each if each.side is None else _set_up(draw, each, drafts[1 - n]) for n, each in enumerate(drafts)]
    return people[0], people[1]


def _set_up(draw: st.DrawFn, person: Identity, other: Identity) -> Identity:
    assert person.side is not None
    listed = draw(st.sets(st.sampled_from([other.address, str(other.id), "nobody@other.example"])).map(frozenset))
    side = Side(
        tenant_id=person.side.tenant_id, domains=person.side.domains, cloud=draw(st.sampled_from(Cloud)),
        trial=draw(switches), configuration=draw(configurations),
        blocked=BlockedIndividuals(in_force=draw(switches), addresses=listed),
        contacts=draw(st.sampled_from([frozenset(), frozenset({other.id})])),
    )  # fmt: skip
    return Identity(
        id=person.id, kind=person.kind, address=person.address, domain=person.domain, side=side, policy=draw(policies)
    )
