"""Rows and nouns of external access."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from comity.access.model import (
    GLOBAL,
    BlockedIndividuals,
    Delegation,
    ExternalAccessPolicy,
    ExternalOrgs,
    Person,
    TenantConfiguration,
    TrialTenants,
)
from comity.access.properties import ALL_KNOWN, ALLOW_LIST
from comity.core.ids import UserId
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb

Q: Final = Queries("comity.access")

Lists = Mapping[str, Collection[str]]
"""Domain lists by their name: allowed, blocked, trial."""

_CONFIGURATION_LISTS: Final = frozenset({"allowed_domains", "blocked_domains", "allowed_trial_domains"})
_SWITCHES: Final = tuple(
    each.name
    for each in fields(TenantConfiguration)
    if each.name not in _CONFIGURATION_LISTS | {"trial_tenants", "security_team_delegation"}
)
_POLICY_COLUMNS: Final = (
    "description", "enable_federation_access", "communication_with_external_orgs", "enable_consumer_access",
    "enable_consumer_inbound", "restrict_consumer_to_directory", "federated_bilateral_chats",
)  # fmt: skip
_STORED_ONLY: Final = (
    "enable_acs_federation_access", "enable_outside_access", "enable_public_cloud_audio_video_access",
    "enable_teams_sms_access", "enable_xmpp_access",
)  # fmt: skip
CONFIGURATION_OWNER: Final = ""
"""Owner of the configuration's domain lists; a policy's are owned by its key."""


def policy_key(name: str) -> str:
    """How policy names compare: without case."""
    return name.casefold()


def make_configuration(row: Mapping[str, Any] | None, lists: Lists) -> TenantConfiguration:
    """The configuration from its row and domain lists; as shipped where no row is."""
    if row is None:
        return TenantConfiguration()
    return TenantConfiguration(
        **{name: row[name] for name in _SWITCHES},
        allowed_domains=frozenset(lists.get("allowed", ())) if row["domain_mode"] == ALLOW_LIST else None,
        blocked_domains=frozenset(lists.get("blocked", ())),
        allowed_trial_domains=frozenset(lists.get("trial", ())),
        trial_tenants=TrialTenants(row["trial_tenants"]),
        security_team_delegation=(Delegation.ENABLED if row["security_team_delegation"] else Delegation.DISABLED),
    )


def make_policy(row: Mapping[str, Any] | None, lists: Lists) -> ExternalAccessPolicy:
    """A policy from its row and domain lists; Global as shipped where no row is."""
    if row is None:
        return ExternalAccessPolicy()
    values = {name: row[name] for name in _POLICY_COLUMNS} | row["stored_only"]
    values["communication_with_external_orgs"] = ExternalOrgs(row["communication_with_external_orgs"])
    return ExternalAccessPolicy(
        name=row["name"],
        allowed_external_domains=frozenset(lists.get("allowed", ())),
        blocked_external_domains=frozenset(lists.get("blocked", ())),
        **values,
    )


async def load_configuration(tx: Transaction) -> TenantConfiguration:
    """The tenant's configuration with its whole domain lists."""
    row = await tx.row(Q.configuration)
    return make_configuration(row[0] if row else None, await _load_lists(tx, CONFIGURATION_OWNER))


async def lock_configuration(tx: Transaction) -> None:
    """Let other changes of the configuration wait for the end of this transaction; makes the row if absent."""
    await tx.execute(Q.add_configuration, **_configuration_columns(TenantConfiguration()))
    await tx.execute(Q.lock_configuration)


async def save_configuration(tx: Transaction, before: TenantConfiguration, after: TenantConfiguration) -> None:
    """Save a locked configuration and what changed of its lists."""
    await tx.execute(Q.save_configuration, **_configuration_columns(after))
    for name, old, new in (
        ("allowed", before.allowed_domains, after.allowed_domains),
        ("blocked", before.blocked_domains, after.blocked_domains),
        ("trial", before.allowed_trial_domains, after.allowed_trial_domains),
    ):
        await _save_list(tx, CONFIGURATION_OWNER, name, old or frozenset(), new or frozenset())


async def load_blocked(tx: Transaction) -> BlockedIndividuals:
    """The tenant's blocked individuals, and whether the list is in force."""
    row = await tx.row(Q.configuration)
    addresses = frozenset(each[0] for each in await tx.rows(Q.blocked_individuals))
    return BlockedIndividuals(in_force=bool(row and row[0]["block_external_users"]), addresses=addresses)


async def save_blocked(tx: Transaction, before: BlockedIndividuals, after: BlockedIndividuals) -> None:
    """Save the blocked individuals of a locked configuration."""
    await tx.execute(Q.save_blocked_in_force, in_force=after.in_force)
    if gone := before.addresses - after.addresses:
        await tx.execute(Q.remove_blocked_individuals, keys=sorted(gone))
    if come := after.addresses - before.addresses:
        await tx.execute(Q.add_blocked_individuals, keys=sorted(come))


async def load_policies(tx: Transaction) -> list[ExternalAccessPolicy]:
    """All policies, Global first, then by name."""
    lists: dict[str, dict[str, list[str]]] = {}
    for owner, name, domain in await tx.rows(Q.policy_domains):
        lists.setdefault(owner, {}).setdefault(name, []).append(domain)
    found = [make_policy(row[0], lists.get(row[0]["name_key"], {})) for row in await tx.rows(Q.policies)]
    return found if found and found[0].is_global else [ExternalAccessPolicy(), *found]


async def load_policy(tx: Transaction, key: str) -> ExternalAccessPolicy | None:
    """The policy of that key; Global is always there."""
    row = await tx.row(Q.policy, name_key=key)
    if row is None:
        return ExternalAccessPolicy() if key == policy_key(GLOBAL) else None
    return make_policy(row[0], await _load_lists(tx, key))


async def lock_policy(tx: Transaction, key: str) -> None:
    """Let other changes of the policy wait for the end of this transaction; makes Global's row if absent."""
    if key == policy_key(GLOBAL):
        await add_policy(tx, ExternalAccessPolicy())
    await tx.execute(Q.lock_policy, name_key=key)


async def hold_policy(tx: Transaction, key: str) -> bool:
    """Keep the policy from being removed until the end of this transaction; False if there is none."""
    if key == policy_key(GLOBAL):
        await add_policy(tx, ExternalAccessPolicy())
    return await tx.row(Q.hold_policy, name_key=key) is not None


async def add_policy(tx: Transaction, policy: ExternalAccessPolicy) -> bool:
    """Save a new policy; False if there is one of that name."""
    return bool(await tx.execute(Q.add_policy, name=policy.name, **_policy_columns(policy)))


async def save_policy(tx: Transaction, before: ExternalAccessPolicy, after: ExternalAccessPolicy) -> None:
    """Save a policy and what changed of its lists."""
    await tx.execute(Q.save_policy, **_policy_columns(after))
    key = policy_key(after.name)
    for name, old, new in (
        ("allowed", before.allowed_external_domains, after.allowed_external_domains),
        ("blocked", before.blocked_external_domains, after.blocked_external_domains),
    ):
        await _save_list(tx, key, name, old, new)


async def remove_policy(tx: Transaction, key: str) -> None:
    """Remove a policy that nobody has, with its lists."""
    await tx.execute(Q.remove_all_domains, owner=key)
    await tx.execute(Q.remove_policy, name_key=key)


async def policy_names(tx: Transaction, keys: Collection[str]) -> dict[str, str]:
    """Policies' names as they were given, by key."""
    return {row[0]: row[1] for row in await tx.rows(Q.policy_names, keys=list(keys))}


async def granted_policy(tx: Transaction, user_id: UserId) -> str | None:
    """The name of the policy that the person was given directly."""
    row = await tx.row(Q.granted_policy, user_id=user_id)
    return str(row[0]) if row else None


async def grant_policy(tx: Transaction, user_id: UserId, key: str, *, at: datetime) -> None:
    """Give the person a policy of her own."""
    await tx.execute(Q.grant_policy, user_id=user_id, policy_key=key, at=at)


async def ungrant_policy(tx: Transaction, user_ids: Collection[UUID]) -> None:
    """Take directly assigned policies back."""
    await tx.execute(Q.ungrant_policy, user_ids=list(user_ids))


async def count_granted(tx: Transaction, key: str) -> int:
    """How many people have the policy directly."""
    row = await tx.row(Q.count_granted, name_key=key)
    return int(row[0]) if row else 0


async def ungrant_everybody(tx: Transaction, key: str) -> list[UserId]:
    """Take the policy back from everybody who has it directly; returns who had."""
    return [UserId(row[0]) for row in await tx.rows(Q.ungrant_everybody, name_key=key)]


async def home_of(tx: Transaction, user_id: UserId) -> Person | None:
    """The home identity that a B2B account of the tenant stands for; None for any other account."""
    return await tx.one(Person, Q.home_of, user_id=user_id)


async def is_own_user(tx: Transaction, user_id: UserId) -> bool:
    """Is it a living account of the tenant's own?"""
    return await tx.row(Q.is_own_user, user_id=user_id) is not None


async def add_contact(tx: Transaction, user_id: UserId) -> bool:
    """List a personal account; False if it was listed."""
    return bool(await tx.execute(Q.add_contact, user_id=user_id, at=tx.now))


async def remove_contact(tx: Transaction, user_id: UserId) -> bool:
    """List a personal account no more; False if it was not listed."""
    return bool(await tx.execute(Q.remove_contact, user_id=user_id))


async def load_contacts(tx: Transaction, *, after: UUID, at_most: int) -> dict[UserId, datetime]:
    """Listed personal accounts by id, and since when."""
    rows = await tx.rows(Q.contacts, after=after, at_most=at_most)
    return {UserId(row[0]): row[1] for row in rows}


async def _load_lists(tx: Transaction, owner: str) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for name, domain in await tx.rows(Q.domains, owner=owner):
        lists.setdefault(name, []).append(domain)
    return lists


async def _save_list(tx: Transaction, owner: str, name: str, old: frozenset[str], new: frozenset[str]) -> None:
    if gone := old - new:
        await tx.execute(Q.remove_domains, owner=owner, list=name, domains=sorted(gone))
    if come := new - old:
        await tx.execute(Q.add_domains, owner=owner, list=name, domains=sorted(come))


def _configuration_columns(configuration: TenantConfiguration) -> dict[str, object]:
    columns: dict[str, object] = {name: getattr(configuration, name) for name in _SWITCHES}
    columns["domain_mode"] = ALL_KNOWN if configuration.allowed_domains is None else ALLOW_LIST
    columns["trial_tenants"] = configuration.trial_tenants.value
    columns["security_team_delegation"] = configuration.security_team_delegation is Delegation.ENABLED
    return columns


def _policy_columns(policy: ExternalAccessPolicy) -> dict[str, object]:
    columns: dict[str, object] = {name: getattr(policy, name) for name in _POLICY_COLUMNS}
    columns["communication_with_external_orgs"] = policy.communication_with_external_orgs.value
    columns["stored_only"] = jsonb({name: getattr(policy, name) for name in _STORED_ONLY})
    columns["name_key"] = policy_key(policy.name)
    return columns
