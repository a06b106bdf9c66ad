"""Decide vectors of `comity.access-vectors/1` (external-access §0): a world and a question, as JSON.

For `comity eval access`: needs no database, and a vector that is not of the form answers with an error of
its own, not with an exception.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import NAMESPACE_DNS, UUID, uuid5

from comity.access.decide import decide, decide_request, effective_policy
from comity.access.errors import InvalidDomain, PolicyNotFound, VectorInvalid
from comity.access.group_chats.decide import GroupDecision, decide_add, decide_group, decide_group_send
from comity.access.model import (
    AccountKind,
    AddressedBy,
    BlockedIndividuals,
    Decision,
    ExternalAccessPolicy,
    Identity,
    Purpose,
    Side,
    TenantConfiguration,
)
from comity.access.properties import changed_blocked, changed_configuration, changed_policy
from comity.core.domains import domain_of
from comity.core.errors import ComityError
from comity.core.folding import address_key
from comity.core.ids import TenantId, UserId
from comity.tenancy.model import Cloud, TenantUnknown

_PURPOSES: Final = {"lookup": Purpose.LOOKUP, "oneOnOne": Purpose.START}
Json = Mapping[str, Any]


def evaluate_access_vectors(document: object) -> list[dict[str, Any]]:
    """Decide each vector of a document, or of a bare list of them, in order.

    Each answer is `{"index", "actual"}` with the vector's `then`, or `{"index", "error"}` with a code.
    A document that holds no list of vectors has no answers.
    """
    vectors = document.get("vectors") if isinstance(document, Mapping) else document
    if not isinstance(vectors, list):
        return []
    return [{"index": index, **_answer(vector)} for index, vector in enumerate(vectors)]


def _answer(vector: object) -> dict[str, Any]:
    try:
        return {"actual": decide_vector(vector)}
    except ComityError as fault:
        return {"error": fault.code}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        return {"error": VectorInvalid.code}


def decide_vector(vector: object) -> dict[str, Any]:
    """The `then` of one vector.

    Raises:
        VectorInvalid, and whatever the settings of the world are refused with; KeyError, TypeError and
        their like where members are missing or of another type.
    """
    if not isinstance(vector, Mapping):
        raise VectorInvalid(fault="no object")
    world, when = _World(vector["given"]), vector["when"]
    actor = world.identity(when["initiator"])
    by = AddressedBy(when.get("by", "email"))
    available = bool(vector["given"].get("consumer_available", True))
    match when["kind"]:
        case "lookup" | "oneOnOne" as kind:
            (target,) = (world.identity(each) for each in when["recipients"])
            return world.then(decide(actor, target, _PURPOSES[kind], by=by, consumer_available=available))
        case "group":
            recipients = [world.identity(each) for each in when["recipients"]]
            return world.then(decide_group(actor, recipients, by=by, consumer_available=available))
        case "addMember":
            chat = _Chat(world, when["chat"])
            newcomer = world.identity(when["recipients"][0])
            decision = decide_add(
                actor, [newcomer], started_by=chat.started_by, members=chat.members, by=by, consumer_available=available
            )
            return world.then(decision)
        case "send":
            return world.then(_decide_send(actor, _Chat(world, when["chat"]), available=available))
        case kind:
            raise VectorInvalid(fault=f"kind {kind}")


def _decide_send(actor: Identity, chat: _Chat, *, available: bool) -> Decision:
    if chat.is_group:
        return decide_group_send(
            actor, started_by=chat.started_by, members=chat.members, consumer_available=available
        )  # fmt: skip
    (other,) = (each for each in chat.members if each.id != actor.id)
    waiting = "accepted" if chat.accepted else "pending"
    own, others = ("none", waiting) if actor.id == chat.started_by.id else (waiting, "none")
    refused = decide_request(own=own, other=others, sent=chat.sent)
    return refused or decide(actor, other, Purpose.SEND, consumer_available=available)


class _Chat:
    """`when.chat`."""

    def __init__(self, world: _World, chat: Json) -> None:
        self.is_group = {"group": True, "oneOnOne": False}[chat["type"]]
        self.started_by = world.identity(chat["started_by"])
        self.members = [world.identity(each) for each in chat["members"]]
        self.accepted = bool(chat.get("accepted", True))
        self.sent = int(chat.get("sent", 0))


@dataclass(slots=True)
class _World:
    """`given`: everything is made when it is first asked for, once."""

    given: Json
    _tenants: dict[str, Json] = field(init=False)
    _users: dict[str, Json] = field(init=False)
    _sides: dict[str, Side] = field(init=False, default_factory=dict)
    _policies: dict[tuple[str, str], ExternalAccessPolicy] = field(init=False, default_factory=dict)
    _identities: dict[str, Identity] = field(init=False, default_factory=dict)
    _names: dict[UUID, str] = field(init=False)

    def __post_init__(self) -> None:
        self._tenants = {each["id"]: each for each in self.given.get("tenants", [])}
        self._users = {each["id"]: each for each in self.given["users"]}
        self._names = {_tenant_id(each): each for each in self._tenants}
        self._names |= {_user_id(each): each for each in self._users}
        # Settings that cannot be are refused whether or not this question reads them.
        for name in self._tenants:
            self._side(name)
            self._global(name)
        for each in self.given.get("policies", []):
            self._custom(each["tenant"], each["name"])
        for each in self.given.get("group_assignments", []):
            self._custom(each["tenant"], each["policy"])

    def then(self, decided: Decision | GroupDecision) -> dict[str, Any]:
        """The decision with the vector's own names."""
        decision, blocked = decided if isinstance(decided, GroupDecision) else (decided, ())
        by = decision.decided_by
        answer: dict[str, Any] = {
            "allowed": decision.allowed,
            "deciding_rule": decision.deciding_rule.value,
            "decided_by": None if by is None else self._names[by],
        }
        return answer | ({"blocked": [self._names[each.id] for each in blocked]} if blocked else {})

    def identity(self, name: str) -> Identity:
        """One of the users."""
        if name not in self._identities:
            self._identities[name] = self._identity(name, self._users[name])
        return self._identities[name]

    def _identity(self, name: str, user: Json) -> Identity:
        kind, address = AccountKind(user["kind"]), address_key(user.get("email") or "")
        domain = domain_of(address)
        if kind is not AccountKind.WORK:
            return Identity(id=_user_id(name), kind=kind, address=address, domain=domain)
        if not domain:
            raise InvalidDomain(property="email", domain=address, fault="no-domain")
        tenant = user.get("tenant")
        if tenant not in self._tenants:
            raise TenantUnknown(tenant=str(tenant))
        return Identity(
            id=_user_id(name), kind=kind, address=address, domain=domain, side=self._side(tenant),
            policy=self._policy(tenant, user),
        )  # fmt: skip

    def _side(self, name: str) -> Side:
        if name not in self._sides:
            tenant = self._tenants[name]
            self._sides[name] = Side(
                tenant_id=_tenant_id(name), cloud=Cloud(tenant.get("cloud", "commercial")),
                trial=bool(tenant.get("trial", False)), domains=frozenset(map(_domain, tenant["domains"])),
                configuration=_configuration(tenant.get("federation", {})),
                blocked=self._blocked(tenant.get("external_access", {})),
                contacts=frozenset(map(_user_id, tenant.get("directory", []))),
            )  # fmt: skip
        return self._sides[name]

    def _blocked(self, settings: Json) -> BlockedIndividuals:
        """Users may be listed by address, or by the id that they have here."""
        listed = settings.get("BlockedUsers")
        if isinstance(listed, list):
            named = [str(_user_id(each)) if each in self._users else each for each in listed]
            settings = {**settings, "BlockedUsers": named}
        return changed_blocked(BlockedIndividuals(), settings)

    def _policy(self, tenant: str, user: Json) -> ExternalAccessPolicy:
        """The one whole policy that holds (external-access §5)."""
        groups = set(user.get("groups", []))
        assigned = [each for each in self.given.get("group_assignments", []) if each["tenant"] == tenant]
        direct, everybody = user.get("policy"), self._tenants[tenant].get("default_policy")
        return effective_policy(
            direct=None if direct is None else self._custom(tenant, direct),
            by_group=[
                (int(each["rank"]), self._custom(tenant, each["policy"]))
                for each in assigned
                if each["group"] in groups
            ],
            tenant_wide=None if everybody is None else self._custom(tenant, everybody),
            otherwise=self._global(tenant),
        )

    def _global(self, tenant: str) -> ExternalAccessPolicy:
        settings = self._tenants[tenant].get("global_policy", {})
        return changed_policy(ExternalAccessPolicy(), settings) if settings else ExternalAccessPolicy()

    def _custom(self, tenant: str, name: str) -> ExternalAccessPolicy:
        found = self._policies.get((tenant, name))
        if found is None:
            found = self._policies[tenant, name] = self._made(tenant, name, self.given.get("policies", []))
        return found

    def _made(self, tenant: str, name: str, policies: Iterable[Json]) -> ExternalAccessPolicy:
        if name == "Global":
            return self._global(tenant)
        for each in policies:
            if (each["tenant"], each["name"]) == (tenant, name):
                return changed_policy(ExternalAccessPolicy(name=name), each.get("settings", {}))
        raise PolicyNotFound(policy=name)


def _configuration(settings: Json) -> TenantConfiguration:
    """Vectors write an allow list as a list, and open federation as its name."""
    allowed = settings.get("AllowedDomains")
    if isinstance(allowed, str):
        settings = {**settings, "AllowedDomains": {"mode": allowed}}
    elif isinstance(allowed, Sequence):
        settings = {**settings, "AllowedDomains": {"mode": "AllowList", "domains": allowed}}
    return changed_configuration(TenantConfiguration(), settings)


def _domain(text: str) -> str:
    domain = domain_of(address_key(text))
    if not domain:
        raise InvalidDomain(property="domains", domain=text, fault="no-domain")
    return domain


def _tenant_id(name: str) -> TenantId:
    return TenantId(uuid5(NAMESPACE_DNS, f"tenant:{name}"))


def _user_id(name: str) -> UserId:
    return UserId(uuid5(NAMESPACE_DNS, f"user:{name}"))
