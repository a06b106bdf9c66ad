"""The decision against the vectors of the specification: kinds lookup, oneOnOne and 1:1 send.

`vectors.json` holds those and leaves out the kinds of group chats (group, addMember, send in a group),
whose rules are no part of `decide` yet.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest

from comity.access.decide import decide, decide_request, effective_policy
from comity.access.model import (
    AccountKind,
    AddressedBy,
    BlockedIndividuals,
    Decision,
    ExternalAccessPolicy,
    Identity,
    Purpose,
    Rule,
    Side,
    TenantConfiguration,
)
from comity.access.properties import changed_blocked, changed_configuration, changed_policy
from comity.core.folding import address_key
from comity.core.ids import TenantId, UserId
from comity.tenancy.model import Cloud

FILE = json.loads(Path(__file__).with_name("vectors.json").read_text())
VECTORS: list[dict[str, Any]] = FILE["vectors"]
PURPOSES = {"lookup": Purpose.LOOKUP, "oneOnOne": Purpose.START, "send": Purpose.SEND}


def tenant_id(name: str) -> TenantId:
    return TenantId(uuid5(NAMESPACE_DNS, f"tenant:{name}"))


def user_id(name: str) -> UserId:
    return UserId(uuid5(NAMESPACE_DNS, f"user:{name}"))


def configuration(given: dict[str, Any]) -> TenantConfiguration:
    changes = dict(given)
    if isinstance(allowed := changes.get("AllowedDomains"), list):
        changes["AllowedDomains"] = {"mode": "AllowList", "domains": allowed}
    elif allowed is not None:
        changes["AllowedDomains"] = {"mode": allowed}
    return changed_configuration(TenantConfiguration(), changes)


def side(given: dict[str, Any]) -> Side:
    return Side(
        tenant_id=tenant_id(given["id"]), cloud=Cloud(given.get("cloud", "commercial")),
        trial=given.get("trial", False),
        domains=frozenset(given["domains"]), configuration=configuration(given.get("federation", {})),
        blocked=changed_blocked(BlockedIndividuals(), given.get("external_access", {})),
        contacts=frozenset(map(user_id, given.get("directory", []))),
    )  # fmt: skip


def policy_of(user: dict[str, Any], tenant: dict[str, Any], world: dict[str, Any]) -> ExternalAccessPolicy:
    custom = {
        each["name"]: changed_policy(ExternalAccessPolicy(name=each["name"]), each["settings"])
        for each in world.get("policies", [])
        if each["tenant"] == tenant["id"]
    }
    ranked = [
        (each["rank"], custom[each["policy"]])
        for each in world.get("group_assignments", [])
        if each["tenant"] == tenant["id"] and each["group"] in user.get("groups", [])
    ]
    return effective_policy(
        direct=custom.get(user.get("policy", "")),
        by_group=ranked,
        tenant_wide=custom.get(tenant.get("default_policy", "")),
        otherwise=changed_policy(ExternalAccessPolicy(), tenant.get("global_policy", {})),
    )


def identity(name: str, world: dict[str, Any]) -> Identity:
    user = next(each for each in world["users"] if each["id"] == name)
    address = address_key(user["email"])
    plain: dict[str, Any] = {"id": user_id(name), "kind": AccountKind(user["kind"]), "address": address,
             "domain": address.rpartition("@")[2]}  # fmt: skip
    if user["kind"] != "work":
        return Identity(**plain)
    tenant = next(each for each in world["tenants"] if each["id"] == user["tenant"])
    return Identity(**plain, side=side(tenant), policy=policy_of(user, tenant, world))


def decide_vector(vector: dict[str, Any]) -> Decision:
    world, when = vector["given"], vector["when"]
    actor = when["initiator"]
    if when["kind"] != "send":
        return decide(identity(actor, world), identity(when["recipients"][0], world), PURPOSES[when["kind"]],
                      by=AddressedBy(when.get("by", "email")))  # fmt: skip
    chat = when["chat"]
    other = next(each for each in chat["members"] if each != actor)
    recipient = "accepted" if chat.get("accepted", True) else "pending"
    states = {name: "none" if name == chat["started_by"] else recipient for name in chat["members"]}
    request = decide_request(own=states[actor], other=states[other], sent=0)
    return request or decide(identity(actor, world), identity(other, world), Purpose.SEND)


@pytest.mark.parametrize("vector", VECTORS, ids=[each["id"] for each in VECTORS])
def test_the_decision_agrees_with_the_vector(vector: dict[str, Any]):
    """The vectors are a sample of external-access §6, §7 and §9, with rule and deciding tenant."""
    decision = decide_vector(vector)

    expected = vector["then"]
    by = expected["decided_by"]
    assert (decision.allowed, decision.deciding_rule.value, decision.decided_by) == (
        expected["allowed"], expected["deciding_rule"], tenant_id(by) if by else None,
    )  # fmt: skip


def test_every_rule_that_the_vectors_know_is_one_of_ours():
    """Rule ids are a contract: a rule that we misspelt would never be found."""
    assert set(FILE["rules"]) <= {each.value for each in Rule}
