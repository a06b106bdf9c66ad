"""`comity access who-can`, `what-if` and `baseline`: reports over everybody of a tenant."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import click

from comity.cli.options import Command, Form
from comity.cli.output import Table, counted
from comity.cli.place import Place, at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.core.ids import GroupId, UserId
    from comity.db.transaction import Transaction
    from comity.insight.baseline.model import Result
    from comity.insight.model import PersonReach
    from comity.insight.rehearsal.model import ChatBreak, PersonChange, Rehearsal

CHANGES: Final = 3
"""The exit code of a rehearsal that found changes, with --detailed-exitcode."""
SHOWN: Final = 5
"""Names that a cell of a table holds before it only counts."""


@click.command("who-can", cls=Command)
@click.option("--to", "to", metavar="personal|DOMAIN", default="personal", help="Whom they may talk to [personal].")
@click.option(
    "--inbound", is_flag=True, help="Whom personal accounts may write to first; default: who may write first."
)
@click.option("--all", "everybody", is_flag=True, help="Also those who may not, with the rule.")
@click.option("--csv", "as_csv", is_flag=True, help="Write CSV.")
@of_tenant
@pass_session
async def who_can(session: Session, to: str, inbound: bool, everybody: bool, as_csv: bool, of: str) -> None:
    """Who may talk to personal accounts, or to the people of a domain, as far as the whole of both sides decides."""
    from comity.insight.model import Audience, Reach
    from comity.insight.who_can import open_report, stream_report

    audience = Audience.DOMAIN if to != "personal" else Audience.INBOUND if inbound else Audience.OUTBOUND
    if inbound and to != "personal":
        raise click.UsageError("--inbound is about personal accounts; between tenants there is no one-way street.")
    found: list[PersonReach] = []
    async with at(session, of) as place, place.transaction() as tx:
        report = await open_report(tx, place.caller, audience, None if to == "personal" else to)
        async for page in stream_report(tx, report):
            found += [each for each in page if everybody or each.verdict.reach is not Reach.NOBODY]
    found.sort(key=lambda each: (each.display_name, each.user_principal_name))
    if not report.other_side_known:
        session.out.say(f"Nobody here owns {to}: only this tenant's side is known.")
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(_HEADINGS)
        writer.writerows(_cells(each) for each in found)
        return
    session.out.show([_person_json(each) for each in found], Table(_HEADINGS, [_cells(each) for each in found]))


_HEADINGS: Final = ("displayName", "userPrincipalName", "policy", "reach", "rule")


def _cells(each: PersonReach) -> tuple[str, ...]:
    return (each.display_name, each.user_principal_name, each.policy, each.verdict.reach, each.verdict.rule)


def _person_json(each: PersonReach) -> dict[str, Any]:
    return {"id": each.user_id, **dict(zip(_HEADINGS, _cells(each), strict=True))}


@click.command("what-if", cls=Command)
@click.argument("changes", nargs=-1, metavar="NAME=VALUE…")
@click.option("--policy", metavar="POLICY", help="The changes are this policy's; default: the tenant's configuration.")
@click.option("--grant", "direct", multiple=True, metavar="USER=POLICY", help='Give USER a policy; "-" takes it back.')
@click.option("--grant-group", "groups", multiple=True, metavar="GROUP=POLICY[@RANK]", help="Give a group a policy.")
@click.option("--grant-tenant", "tenant_wide", metavar="POLICY", help='Give everybody else a policy; "-" is Global.')
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 3 if anything would change.")
@of_tenant
@pass_session
async def what_if(
    session: Session,
    changes: tuple[str, ...],
    policy: str | None,
    direct: tuple[str, ...],
    groups: tuple[str, ...],
    tenant_wide: str | None,
    detailed_exitcode: bool,
    of: str,
) -> int:
    """Who would gain or lose what, and which existing chats would break? Nothing is changed.

    Values are written as with `comity access set`. People gain or lose `outbound` and `inbound` chat with
    personal accounts, and chat with domains; `*` is every domain that is not named. Settings, grants to
    several people and to groups are tried together, as one change.
    """
    from comity.insight.rehearsal.service import rehearse, stream_breaks

    if not (changes or direct or groups or tenant_wide):
        raise click.UsageError("What if what? Give NAME=VALUE, --grant, --grant-group or --grant-tenant.")
    async with at(session, of) as place, place.transaction() as tx:
        rehearsal = await _rehearsal(place, tx, changes, policy, direct, groups, tenant_wide)
        found = await rehearse(tx, place.caller, rehearsal)
        broken = [each async for each in stream_breaks(tx, found)]
    people = found.changes
    session.out.show(
        {"people": [_change_json(each) for each in people], "chats": [_chat_json(each) for each in broken]},
        Table(
            ("User", "Policy", "Gains", "Loses"),
            [
                (each.user_principal_name, _moved(each), _few(map(str, each.gains)), _few(map(str, each.loses)))
                for each in people
            ],
            none="Nobody would gain or lose anything.",
        ),
    )
    names = {each.change.user_id: each.change.user_principal_name for each in found.people}
    rows = [
        (
            names[each.own.user_id], each.other_address or str(each.other.user_id),
            "request" if each.request else "chat", each.decision.deciding_rule, str(each.chat_id),
        )
        for each in broken
    ]  # fmt: skip
    headings = ("User", "With", "What breaks", "Rule", "Chat")
    session.out.besides(Table(headings, rows, none="No existing chat would break."))
    return CHANGES if detailed_exitcode and (people or broken) else 0


async def _rehearsal(
    place: Place,
    tx: Transaction,
    changes: tuple[str, ...],
    policy: str | None,
    direct: tuple[str, ...],
    groups: tuple[str, ...],
    tenant_wide: str | None,
) -> Rehearsal:
    from comity.access.policies import get_policy
    from comity.access.properties import shown
    from comity.cli.commands.access_settings import current, of_blocked, wanted
    from comity.directory.service import resolve_group, resolve_user
    from comity.insight.rehearsal.model import Rehearsal

    users: dict[UserId, str | None] = {}
    for name, value in map(_assignment, direct):
        users[(await resolve_user(tx, place.caller, name)).id] = _or_none(value)
    ranked: dict[GroupId, tuple[str | None, int | None]] = {}
    for name, value in map(_assignment, groups):
        identity, _, rank = value.partition("@")
        if rank and not rank.isdecimal():
            raise click.UsageError(f"“{rank}” is no rank; write GROUP=POLICY@1.")
        ranked[(await resolve_group(tx, place.caller, name)).id] = (_or_none(identity), int(rank) if rank else None)
    now = shown(await get_policy(tx, place.caller, policy)) if policy else await current(place, tx)
    given = wanted(changes, now)
    blocked, configuration = ({}, {}) if policy else of_blocked(given)
    return Rehearsal(
        configuration=configuration,
        blocked=blocked,
        policies={policy: given} if policy else {},
        direct=users,
        groups=ranked,
        tenant_wide=None if tenant_wide is None else (_or_none(tenant_wide),),
    )


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not value:
        raise click.UsageError(f"“{text}” assigns nothing; write NAME=POLICY.")
    return name.strip(), value.strip()


def _or_none(policy: str) -> str | None:
    return None if policy == "-" else policy


def _moved(change: PersonChange) -> str:
    if change.policy_before == change.policy_after:
        return change.policy_after
    return f"{change.policy_before} → {change.policy_after}"


def _few(names: Any) -> str:
    listed = list(names)
    more = f" and {len(listed) - SHOWN} more" if len(listed) > SHOWN else ""
    return ", ".join(listed[:SHOWN]) + more


def _change_json(each: PersonChange) -> dict[str, Any]:
    return {
        "id": str(each.user_id), "userPrincipalName": each.user_principal_name, "displayName": each.display_name,
        "policyBefore": each.policy_before, "policyAfter": each.policy_after,
        "gains": [str(one) for one in each.gains], "loses": [str(one) for one in each.loses],
    }  # fmt: skip


def _chat_json(each: ChatBreak) -> dict[str, Any]:
    return {
        "id": str(each.chat_id), "user": str(each.own.user_id),
        "other": {
            "tenant": str(each.other.tenant_id), "id": str(each.other.user_id), "displayName": each.other_name,
            "address": each.other_address,
        },
        "breaks": "request" if each.request else "chat", "deciding_rule": each.decision.deciding_rule,
    }  # fmt: skip


@click.command(cls=Command)
@of_tenant
@pass_session
async def baseline(session: Session, of: str) -> None:
    """Check a tenant against CISA SCuBA MS.TEAMS.2.x and CIS 8.2.x, over every effective policy, and for hygiene."""
    from comity.core.catalogue import sentence
    from comity.insight.baseline.service import check

    async with at(session, of) as place, place.transaction() as tx:
        results = await check(tx, place.caller)
    titles = {each.id: sentence(f"baseline-{each.id}", {}) for each in results}
    session.out.show(
        [_result_json(each, titles[each.id]) for each in results],
        Table(
            ("Check", "Weight", "What it asks", "Verdict", "Because of"),
            [(each.id, each.weight, titles[each.id], each.verdict, _because_of(each)) for each in results],
        ),
    )  # fmt: skip
    if session.out.form is Form.TABLE:
        counts = Counter(each.verdict for each in results)
        session.out.say(", ".join(f"{count} {verdict}" for verdict, count in counts.items()) + ".")


def _because_of(result: Result) -> str:
    """Policies, the people they hold for, and entries of lists: whatever the check met."""
    names = _few(each.user_principal_name for each in result.people)
    people = f"{counted(len(result.people), 'person', 'people')}: {names}" if result.people else ""
    return "; ".join(each for each in (_few(result.policies), people, _few(result.entries)) if each)


def _result_json(each: Result, title: str) -> dict[str, Any]:
    return {
        "id": each.id, "title": title, "verdict": each.verdict, "weight": each.weight,
        "policies": list(each.policies), "entries": list(each.entries),
        "people": [{"userPrincipalName": one.user_principal_name, "policy": one.policy} for one in each.people],
    }  # fmt: skip
