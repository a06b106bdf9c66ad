"""The same question put to cedarpy and to casbin, in their best form; both are installed into a cache of their own.

Each gets what it likes: cedarpy its policies and entities parsed once, casbin one matcher function over
plain dictionaries. Both resolve precedence as ours does: direct, then the policy of the lowest rank (which they
are given), then everybody's.
"""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, cast

from platformdirs import user_cache_path

from comity.access.model import ExternalAccessPolicy, Identity

PEERS: Final = ("cedarpy==4.12.2", "casbin==1.43.0")
Ask = Callable[[int], bool]
"""Asks about the pair of that number."""


def install() -> None:
    """Put the peers on the path, from the cache if they are there."""
    target = user_cache_path("comity-bench") / "-".join(each.replace("==", "_") for each in PEERS)
    if not target.exists():
        uv = shutil.which("uv") or str(Path(__file__).parents[1] / ".dev" / "bin" / "uv")
        partial = target.with_name(target.name + ".partial")
        command = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--target", str(partial), *PEERS]
        subprocess.run(command, check=True)
        partial.rename(target)
    sys.path.insert(0, str(target))


class Person(Protocol):
    """Somebody whose policy is still to be resolved."""

    @property
    def direct(self) -> str | None: ...
    @property
    def by_group(self) -> str | None: ...
    @property
    def everybody(self) -> str: ...
    @property
    def by_policy(self) -> Mapping[str, Identity]: ...
    @property
    def anyhow(self) -> Identity: ...


Pair = tuple[Person, Person]

POLICIES: Final = """
permit (principal is Work, action == Action::"federated", resource is Work) when {
  principal.tenant.federated && resource.tenant.federated &&
  POLICY(principal).federated && POLICY(resource).federated &&
  (if principal.tenant.allowlist then principal.tenant.allowed.contains(resource.domain)
   else !principal.tenant.blocked.contains(resource.domain)) &&
  (if resource.tenant.allowlist then resource.tenant.allowed.contains(principal.domain)
   else !resource.tenant.blocked.contains(principal.domain)) };
permit (principal is Work, action == Action::"outbound", resource is Personal) when {
  principal.tenant.consumer && POLICY(principal).consumer };
permit (principal is Personal, action == Action::"inbound", resource is Work) when {
  resource.tenant.consumer && resource.tenant.inbound && POLICY(resource).consumer && POLICY(resource).inbound };
"""


def _spelled_out(policies: str) -> str:
    """POLICY(x): the one that holds."""
    ladder = r"(if \1 has direct then \1.direct else if \1 has by_group then \1.by_group else \1.tenant.everybody)"
    return re.sub(r"POLICY\((\w+)\)", ladder, policies)


def cedar(pairs: Sequence[Pair]) -> Ask:
    """cedarpy with parsed handles."""
    cedarpy = importlib.import_module("cedarpy")
    policies = cedarpy.PolicySet.from_str(_spelled_out(POLICIES))
    entities: dict[str, dict[str, Any]] = {}
    for pair in pairs:
        for person in pair:
            entities |= {str(entity["uid"]): entity for entity in _entities(person)}
    handle = cedarpy.Entities.from_json_str(json.dumps(list(entities.values())))
    requests = [
        {
            "principal": _uid(actor.anyhow), "action": {"type": "Action", "id": _kind(actor.anyhow, target.anyhow)},
            "resource": _uid(target.anyhow), "context": {},
        }
        for actor, target in pairs
    ]  # fmt: skip
    return lambda n: bool(cedarpy.is_authorized(requests[n], policies, handle).allowed)


def casbin(pairs: Sequence[Pair]) -> Ask:
    """casbin with a matcher function."""
    library = importlib.import_module("casbin")
    model = library.Model()
    model.load_model_from_text(
        "[request_definition]\nr = sub, obj, act\n[policy_definition]\np = act\n"
        "[policy_effect]\ne = some(where (p.eft == allow))\n"
        "[matchers]\nm = r.act == p.act && allowed(r.sub, r.obj, r.act)\n"
    )
    enforcer = library.Enforcer(model)
    facts = {str(each.anyhow.id): _facts(each) for pair in pairs for each in pair}
    enforcer.add_function("allowed", lambda sub, obj, act: _allowed(facts[sub], facts[obj], act))
    for act in ("federated", "outbound", "inbound"):
        enforcer.add_policy(act)
    # By id: casbin writes each request out as text before it looks at it.
    requests = [
        (str(actor.anyhow.id), str(target.anyhow.id), _kind(actor.anyhow, target.anyhow)) for actor, target in pairs
    ]
    return lambda n: bool(enforcer.enforce(*requests[n]))


def _kind(actor: Identity, target: Identity) -> str:
    if actor.side is None:
        return "inbound"
    return "outbound" if target.side is None else "federated"


def _uid(person: Identity) -> dict[str, str]:
    return {"type": "Personal" if person.side is None else "Work", "id": str(person.id)}


def _entities(somebody: Person) -> list[dict[str, Any]]:
    person = somebody.anyhow
    if person.side is None:
        return [{"uid": _uid(person), "attrs": {}, "parents": []}]
    side, configuration = person.side, person.side.configuration
    tenant_uid = {"type": "Tenant", "id": str(side.tenant_id)}

    def policy(key: str) -> dict[str, str]:
        return {"type": "Policy", "id": f"{side.tenant_id}/{key}"}

    tenant = {
        "federated": configuration.allow_federated_users, "consumer": configuration.allow_teams_consumer,
        "inbound": configuration.allow_teams_consumer_inbound, "allowlist": configuration.allowed_domains is not None,
        "allowed": sorted(configuration.allowed_domains or ()), "blocked": sorted(configuration.blocked_domains),
        "everybody": {"__entity": policy(somebody.everybody)},
    }  # fmt: skip
    user: dict[str, Any] = {"tenant": {"__entity": tenant_uid}, "domain": person.domain}
    user |= {"direct": {"__entity": policy(somebody.direct)}} if somebody.direct else {}
    user |= {"by_group": {"__entity": policy(somebody.by_group)}} if somebody.by_group else {}
    policies = [
        {
            "uid": policy(key), "parents": [],
            "attrs": {
                "federated": look.policy.enable_federation_access, "consumer": look.policy.enable_consumer_access,
                "inbound": look.policy.enable_consumer_inbound,
            },
        }
        for key, look in somebody.by_policy.items()
    ]  # fmt: skip
    return [
        {"uid": tenant_uid, "attrs": tenant, "parents": []},
        *policies,
        {"uid": _uid(person), "attrs": user, "parents": []},
    ]


def _facts(somebody: Person) -> dict[str, Any]:
    person = somebody.anyhow
    if person.side is None:
        return {}
    return {
        "configuration": person.side.configuration, "domain": person.domain, "direct": somebody.direct,
        "by_group": somebody.by_group, "everybody": somebody.everybody,
        "policies": {key: look.policy for key, look in somebody.by_policy.items()},
    }  # fmt: skip


def _policy(local: dict[str, Any]) -> ExternalAccessPolicy:
    key = local["direct"] or local["by_group"] or local["everybody"]
    return cast("ExternalAccessPolicy", local["policies"][key])


def _allowed(actor: dict[str, Any], target: dict[str, Any], act: str) -> bool:
    if act == "federated":
        return _accepts(actor, target) and _accepts(target, actor)
    local = actor if act == "outbound" else target
    configuration, policy = local["configuration"], _policy(local)
    if not (configuration.allow_teams_consumer and policy.enable_consumer_access):
        return False
    return act == "outbound" or (configuration.allow_teams_consumer_inbound and policy.enable_consumer_inbound)


def _accepts(local: dict[str, Any], remote: dict[str, Any]) -> bool:
    configuration = local["configuration"]
    if not (configuration.allow_federated_users and _policy(local).enable_federation_access):
        return False
    if configuration.allowed_domains is not None:
        return remote["domain"] in configuration.allowed_domains
    return remote["domain"] not in configuration.blocked_domains
