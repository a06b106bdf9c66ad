"""Random organisations: tenants with policies, ranked groups, lists and people, set up through the services."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from comity.access import policies, service, store
from comity.access.assignments import service as assignments
from comity.core.ids import UserId
from comity.directory import service as directory
from comity.directory.model import User
from tests.support.personal import Personal, make_personal
from tests.support.world import Org

MODES = (
    "OrganizationDefault", "AllowAllExternalDomains", "AllowSpecificExternalDomains", "BlockSpecificExternalDomains",
    "BlockAllExternalDomains",
)  # fmt: skip


@dataclass
class Organisation:
    """A tenant of a test, with its people and with whom it lists as contacts."""

    org: Org
    people: list[User] = field(default_factory=list)
    contacts: list[Personal] = field(default_factory=list)


async def make_organisation(org: Org, draw: random.Random, *, partner: Org) -> Organisation:
    """Ten people, three policies, three groups; every setting that a decision reads is drawn."""
    made = Organisation(org)
    for n in range(10):
        made.people.append(await org.add_person(f"p{n}", account_enabled=draw.random() > 0.1))
    async with org.db.tenant(org.id) as tx:
        for name in "ABC":
            await policies.new_policy(tx, org.operator, name, random_policy(draw, partner))
        if draw.random() < 0.5:
            settings = random_policy(draw, partner)
            fixed = {"CommunicationWithExternalOrgs", "AllowedExternalDomains", "BlockedExternalDomains"}
            await policies.set_policy(tx, org.operator, {k: v for k, v in settings.items() if k not in fixed})
        for rank in range(3):
            group = await directory.create_group(tx, org.operator, name=f"g{rank}")
            members = draw.sample(made.people, 4)
            await directory.add_members(tx, org.operator, group.id, [each.id for each in members])
            await assignments.assign_group(tx, org.operator, group.id, draw.choice("ABC"), rank=draw.choice([1, 2, 9]))
        for user in draw.sample(made.people, 3):
            await policies.grant_policy(tx, org.operator, UserId(user.id), draw.choice(["A", "B", "C", "Global"]))
        if draw.random() < 0.5:
            await assignments.grant_tenant(tx, org.operator, draw.choice("ABC"))
        await service.set_configuration(tx, org.operator, random_configuration(draw, partner))
    return made


async def block_some(made: Organisation, other: Organisation, draw: random.Random) -> None:
    """Individuals of the other organisation, by address or id; perhaps in force."""
    listed = [str(each.mail) if draw.random() < 0.5 else str(each.id) for each in draw.sample(other.people, 3)]
    async with made.org.db.tenant(made.org.id) as tx:
        changes = {"BlockedUsers": listed, "BlockExternalUserAccess": draw.random() < 0.7}
        await service.set_blocked_individuals(tx, made.org.operator, changes)


async def list_contact(made: Organisation, name: str, *, blocked: bool = False) -> Personal:
    """A personal account in the extended directory."""
    personal = await make_personal(made.org.db, name)
    made.contacts.append(personal)
    async with made.org.db.tenant(made.org.id) as tx:
        await store.add_contact(tx, personal.user.id)
        if blocked:
            await service.set_blocked_individuals(
                tx, made.org.operator, {"BlockedUsers": {"Add": [str(personal.user.mail)]}}
            )
    return personal


def random_policy(draw: random.Random, partner: Org) -> dict[str, Any]:
    def switch(chance: float = 0.75) -> bool:
        return draw.random() < chance

    return {
        "EnableFederationAccess": switch(), "EnableTeamsConsumerAccess": switch(),
        "EnableTeamsConsumerInbound": switch(), "CommunicationWithExternalOrgs": draw.choice(MODES),
        "AllowedExternalDomains": draw.sample([partner.domain, "other.example"], draw.randint(0, 2)),
        "BlockedExternalDomains": draw.sample([partner.domain, "other.example"], draw.randint(0, 2)),
        "RestrictTeamsConsumerAccessToExternalUserProfiles": switch(0.3),
    }  # fmt: skip


def random_configuration(draw: random.Random, partner: Org) -> dict[str, Any]:
    def switch(chance: float = 0.85) -> bool:
        return draw.random() < chance

    domains = draw.sample([partner.domain, "other.example"], draw.randint(0, 2))
    changes: dict[str, Any] = {
        "AllowFederatedUsers": switch(), "AllowTeamsConsumer": switch(), "AllowTeamsConsumerInbound": switch(),
        "CustomizeFederation": switch(0.6), "RestrictTeamsConsumerToExternalUserProfiles": switch(0.2),
        "BlockAllSubdomains": switch(0.3), "BlockedDomains": draw.sample(domains, len(domains) // 2),
    }  # fmt: skip
    if switch(0.3):
        changes["AllowedDomains"] = {"mode": "AllowList", "domains": domains}
    return changes
