"""`comity access decide`, `why` and `history`: two people, and what external access says about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from comity.cli.commands.clock import Instant
from comity.cli.options import Command
from comity.cli.output import Table
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.access.explanation.model import Check, Explanation, Remedy
    from comity.access.model import Decision, Person, Purpose
    from comity.cli.session import Installation
    from comity.core.caller import Caller
    from comity.core.ids import TenantId
    from comity.db.transaction import Transaction
    from comity.insight.history.model import Happening, History

KINDS: Final = ("oneOnOne", "lookup")
PROPERTIES_FEW: Final = 10
"""More of them are a whole policy, of which most are as shipped."""
_of_kind = click.option(
    "--kind", type=click.Choice(KINDS), default=KINDS[0], help="Start a chat, or only look up [oneOnOne]."
)
_by = click.option(
    "--by", type=click.Choice(["email", "phone"]), default="email", help="How FROM addresses TO [email]."
)
_actor = click.argument("actor", metavar="FROM")
_target = click.argument("target", metavar="TO")


@click.command(cls=Command)
@_actor
@_target
@_of_kind
@_by
@pass_session
async def decide(session: Session, actor: str, target: str, kind: str, by: str) -> None:
    """May FROM start a chat with TO, or look TO up? Nothing is stored.

    Both are named like any user; the answer names the rule that decided.
    """
    from comity.access.model import AddressedBy
    from comity.access.service import decide_pair

    async with session.open() as comity:
        pair = await _find(session, comity, actor, target)
        async with pair.transaction() as tx:
            decision = await decide_pair(
                tx, pair.caller, actor=pair.actor, target=pair.target, purpose=_purpose(kind), by=AddressedBy(by)
            )
    session.out.show(decision.as_vector(), in_words(decision))


@click.command(cls=Command)
@_actor
@_target
@_of_kind
@_by
@pass_session
async def why(session: Session, actor: str, target: str, kind: str, by: str) -> None:
    """Why may FROM talk to TO, or not: every rule on both sides, and the smallest change that flips it.

    A partner's settings are masked unless you administer both sides.
    """
    from comity.access.explanation.service import explain_pair
    from comity.access.model import AddressedBy
    from comity.cli.names import all_tenants

    async with session.open() as comity:
        pair = await _find(session, comity, actor, target)
        async with pair.transaction() as tx:
            explanation = await explain_pair(
                tx, pair.caller, actor=pair.actor, target=pair.target, purpose=_purpose(kind), by=AddressedBy(by)
            )
        names = {each.id: each.name for each in await all_tenants(comity.db)}
    for sentence in _sentences(explanation, names):
        session.out.besides(sentence)
    session.out.show(as_json(explanation), _table(explanation))


@click.command(cls=Command)
@_actor
@_target
@click.option("--at", type=Instant(), required=True, help="When, such as 2027-01-31T09:00Z.")
@_of_kind
@pass_session
async def history(session: Session, actor: str, target: str, at: datetime, kind: str) -> None:
    """What could FROM do with TO on a date, what changed since, by whom, and why."""
    from comity.cli.names import all_tenants
    from comity.insight.history.service import look_back

    async with session.open() as comity:
        pair = await _find(session, comity, actor, target)
        found = await look_back(
            comity.db, pair.caller, actor=pair.actor, target=pair.target, at=at, purpose=_purpose(kind)
        )
        names = {each.id: each.name for each in await all_tenants(comity.db)}
    session.out.besides(f"Then: {in_words(found.then)} Now: {in_words(found.now)}")
    session.out.show(_history_json(found), _history_table(found, names))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two people by their home identities, and who asks about them."""

    comity: Installation
    actor: Person
    target: Person
    caller: Caller

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction of the actor's tenant; a personal account opens its own rows."""
        from comity.cli.names import person_of

        async with self.comity.db.tenant(self.actor.tenant_id, person=person_of(self.actor)) as tx:
            yield tx


async def _find(session: Session, comity: Installation, actor: str, target: str) -> _Pair:
    from comity.cli.names import find_person, home_of

    asking, asked = home_of(await find_person(comity.db, actor)), home_of(await find_person(comity.db, target))
    if session.options.as_user:
        return _Pair(comity, asking, asked, await session.person(comity))
    return _Pair(comity, asking, asked, (await session.operator(comity)).in_tenant(asking.tenant_id))


def _purpose(kind: str) -> Purpose:
    from comity.access.model import Purpose

    return Purpose.LOOKUP if kind == "lookup" else Purpose.START


def in_words(decision: Decision) -> str:
    """The decision for people: allowed or not, why in a sentence, and the facts."""
    from comity.core.catalogue import sentence

    facts = ", ".join(f"{name} {value}" for name, value in decision.parameters.items())
    why = sentence(f"rule-{decision.deciding_rule}", decision.parameters)
    return f"{'Allowed' if decision.allowed else 'Refused'}: {why} ({facts})"


def as_json(explanation: Explanation) -> dict[str, Any]:
    """The contract of `access why`: the decision, its rules, the smallest change, and the way back."""
    forward, reverse = explanation.forward, explanation.reverse
    change = explanation.smallest_change
    return {
        **forward.decision.as_vector(),
        "rules": [_check_json(each) for each in forward.checks],
        "smallest_change": None if change is None else [_remedy_json(each) for each in change],
        "reverse": {**reverse.decision.as_vector(), "rules": [_check_json(each) for each in reverse.checks]},
    }


def _check_json(check: Check) -> dict[str, Any]:
    return {
        "side": check.side, "rule": check.rule, "passed": check.passed, "setting": check.setting,
        "value": check.value, "masked": check.masked, "policy": check.policy,
    }  # fmt: skip


def _remedy_json(remedy: Remedy) -> dict[str, Any]:
    return {
        "tenant": str(remedy.tenant_id), "setting": remedy.setting, "from": remedy.before, "to": remedy.after,
        "masked": remedy.masked, "policy": remedy.policy,
    }  # fmt: skip


def _table(explanation: Explanation) -> Table:
    """The rules there; those of the way back only where it is decided otherwise."""
    directions = [("there", explanation.forward)]
    if explanation.reverse.decision[:3] != explanation.decision[:3]:
        directions.append(("back", explanation.reverse))
    return Table(
        ("Direction", "Side", "Rule", "Passed", "Setting", "Value", "Policy"),
        [
            (
                name, each.side, each.rule, each.passed, "(the partner's)" if each.masked else each.setting,
                each.value, each.policy,
            )
            for name, direction in directions
            for each in direction.checks
        ],
    )  # fmt: skip


def _sentences(explanation: Explanation, names: Mapping[TenantId, str]) -> list[str]:
    """The answer, and what to do about it."""
    decision, change = explanation.decision, explanation.smallest_change
    by = decision.decided_by
    whose = "" if by is None else f" It is {names.get(by, by)} that says no."
    sentences = [in_words(decision) + whose]
    if change is None and not decision.allowed:
        sentences.append("No tenant's setting would change that.")
    for each in change or ():
        who = f"An admin of {names.get(each.tenant_id, each.tenant_id)}"
        if each.masked:
            sentences.append(f"{who} would have to change a setting of theirs.")
        else:
            where = "" if each.policy is None else f" of the policy {each.policy}"
            sentences.append(f"{who} would have to {_deed(each, where)}.")
    return sentences


def _deed(remedy: Remedy, where: str) -> str:
    """What the admin does: `set AllowTeamsConsumer to true`, `add birch.example to AllowedDomains`."""
    match remedy.after:
        case {"Add": [*entries]}:
            return f"add {', '.join(map(str, entries))} to {remedy.setting}{where}"
        case {"Remove": [*entries]}:
            return f"remove {', '.join(map(str, entries))} from {remedy.setting}{where}"
    value = str(remedy.after).lower() if isinstance(remedy.after, bool) else remedy.after
    return f"set {remedy.setting}{where} to {value}"


def _history_json(found: History) -> dict[str, Any]:
    return {
        "at": found.at.isoformat(), "then": found.then.as_vector(), "now": found.now.as_vector(),
        "changes": [
            {
                "at": each.at.isoformat(), "tenant": None if each.tenant_id is None else str(each.tenant_id),
                "by": each.actor, "action": each.action, "before": each.before, "after": each.after,
                "reason": each.reason,
            }
            for each in found.happenings
        ],
    }  # fmt: skip


def _history_table(found: History, names: Mapping[TenantId, str]) -> Table:
    def whose(each: Happening) -> str:
        return "installation" if each.tenant_id is None else names.get(each.tenant_id, str(each.tenant_id))

    return Table(
        ("When", "Whose", "By", "What", "Before", "After", "Why"),
        [
            (
                f"{each.at:%Y-%m-%d %H:%M:%S}", whose(each), each.actor, each.action,
                _facts(each.before), _facts(each.after), each.reason,
            )
            for each in found.happenings
        ],
        none="Nothing that bears on the two has changed since.",
    )  # fmt: skip


def _facts(facts: Mapping[str, Any] | None) -> str:
    """Facts in short: of a list what came and went, of a whole policy what is not as shipped."""
    from comity.access.model import ExternalAccessPolicy
    from comity.access.properties import shown

    facts = facts or {}
    shipped = shown(ExternalAccessPolicy()) if len(facts) > PROPERTIES_FEW else {}
    return ", ".join(
        f"{name} {_fact(value)}".rstrip()
        for name, value in facts.items()
        if value not in ({"added": []}, {"removed": []}) and (name not in shipped or value != shipped[name])
    )


def _fact(value: object) -> str:
    match value:
        case {"mode": mode, **rest}:
            domains = rest.get("domains", [mode])
            return ", ".join(map(str, domains)) or "(nobody)" if isinstance(domains, list) else str(domains)
        case {"added": [*entries]}:
            return " ".join(f"+{each}" for each in entries)
        case {"removed": [*entries]}:
            return " ".join(f"-{each}" for each in entries)
        case bool():
            return "yes" if value else "no"
        case None:
            return "none"
    return str(value)
