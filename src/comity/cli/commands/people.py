"""`comity people`: search as somebody, and see who is not findable where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.options import Group
from comity.cli.place import at_all, of_any_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.cli.output import Table
    from comity.core.ids import TenantId
    from comity.insight.coverage.model import Coverage, MatrixRow, Mend, Pair, Why
    from comity.people.model import FoundPerson


@click.group(cls=Group)
def people() -> None:
    """People, as somebody finds them, and why somebody does not."""


@people.command()
@click.argument("query")
@click.option("--at-most", type=click.IntRange(1, 100), default=25, help="How many [25].")
@pass_session
async def find(session: Session, query: str, at_most: int) -> None:
    """Find people by name, address or phone number, as the person named with --as does.

    Names are looked for in that person's tenant; beyond it only a whole address or number leads
    to anybody.
    """
    from comity.cli.output import Table
    from comity.core.catalogue import sentence
    from comity.people import service

    async with session.open() as comity:
        caller = await session.person(comity)
        async with comity.db.tenant(caller.tenant_id, person=caller.user_id if caller.is_personal else None) as tx:
            found = await service.find(tx, caller, query, at_most=at_most)
    if found.refusal is not None:
        session.out.say(sentence(found.refusal.code, found.refusal.parameters))
    session.out.show(
        [as_json(each) for each in found.people],
        Table(
            ("Name", "", "userPrincipalName", "Mail", "Chat", "Id"),
            [
                (
                    each.display_name,
                    each.label,
                    each.user_principal_name,
                    each.mail,
                    "yes" if each.can_chat else f"no: {each.reason.value if each.reason else 'unknown'}",
                    each.id,
                )
                for each in found.people
            ],
            none="Nobody.",
        ),
    )


def as_json(person: FoundPerson) -> dict[str, object]:
    """The contract of `people find` (design §5.2)."""
    return {
        "displayName": person.display_name,
        "userPrincipalName": person.user_principal_name,
        "mail": person.mail,
        "id": str(person.id),
        "homeTenant": str(person.home_tenant_id) if person.home_tenant_id else None,
        "label": person.label,
        "canChat": person.can_chat,
        "reason": person.reason.value if person.reason else None,
    }


@people.command()
@click.option("--everybody", is_flag=True, help="All members, not only those who are shared with somebody.")
@click.option("--matrix", "whole", is_flag=True, help="Also how each person is represented in each tenant.")
@of_any_tenant
@pass_session
async def coverage(session: Session, everybody: bool, whole: bool, of: str | None) -> None:
    """Show who is not findable in which tenant, why, and the command that mends it: of one tenant, or all."""
    from comity.insight.coverage import service

    reports: list[Coverage] = []
    rows: dict[TenantId, list[MatrixRow]] = {}
    async with at_all(session, of) as places:
        names: dict[TenantId, str] = {}
        for place in places:
            names = names or await place.names()
            async with place.transaction() as tx:
                reports.append(await service.cover(tx, place.caller, everybody=everybody, names=names))
                after = None
                while whole and (page := await service.matrix(tx, place.caller, after=after)):
                    rows.setdefault(place.tenant.id, []).extend(page)
                    after = page[-1].person.id
    session.out.show(
        [_report_json(each, rows.get(each.tenant_id) if whole else None) for each in reports],
        _pairs_table(reports),
    )
    for report in reports:
        for line in _what_to_do(report):
            session.out.besides(line)
        if whole:
            session.out.besides(_matrix_table(report, rows.get(report.tenant_id, []), names))


def _pairs_table(reports: list[Coverage]) -> Table:
    from comity.cli.output import Table

    return Table(
        ("People of", "In", "People", "Found", "Unified", "Missing"),
        [
            (
                report.tenant_name,
                pair.target_name,
                pair.people,
                pair.found,
                pair.unified,
                ", ".join(f"{gap.people} {gap.reason.value}" for gap in pair.gaps.values()),
            )
            for report in reports
            for pair in report.pairs
        ],
        none="There is no tenant that anybody could be findable in: form an organisation with `comity mto create`.",
    )


def _what_to_do(report: Coverage) -> list[str]:
    lines = []
    for pair in report.pairs:
        for gap in pair.gaps.values():
            if gap.mend is not None:
                more = gap.people - len(gap.named)
                rest = f", then again for {more} more" if more else ""
                what = f"{gap.people} of {report.tenant_name} in {pair.target_name} ({gap.reason.value})"
                lines.append(f"{what}: {gap.mend.line}{rest}")
    return lines + [
        f"People of {each.source_name} in {report.tenant_name} (not-accepted): {each.mend.line}"
        for each in report.incoming
        if each.mend is not None
    ]


def _matrix_table(report: Coverage, rows: list[MatrixRow], names: dict[TenantId, str]) -> Table:
    from comity.cli.output import Table

    tenants = [report.tenant_id, *(pair.target_id for pair in report.pairs)]
    return Table(
        ("Person", *(names.get(each, str(each)) for each in tenants)),
        [(row.person.display_name, *(row.cells[each].represented.value for each in tenants)) for row in rows],
    )


def _report_json(report: Coverage, rows: list[MatrixRow] | None) -> dict[str, object]:
    found: dict[str, object] = {
        "tenant": str(report.tenant_id),
        "people": report.people,
        "pairs": [_pair_json(each) for each in report.pairs],
        "incoming": [
            {
                "tenant": str(each.source_id),
                "accepted": each.lets_in,
                "people": each.people,
                "command": each.mend.line if each.mend else None,
            }
            for each in report.incoming
        ],
    }
    if rows is not None:
        found["matrix"] = [
            {
                "id": str(row.person.id),
                "displayName": row.person.display_name,
                "representations": [
                    {
                        "tenant": str(tenant_id),
                        "as": cell.represented.value,
                        "found": cell.found,
                        "unified": cell.unified,
                        "reason": cell.reason.value if cell.reason else None,
                    }
                    for tenant_id, cell in row.cells.items()
                ],
            }
            for row in rows
        ]
    return found


def _pair_json(pair: Pair) -> dict[str, object]:
    return {
        "tenant": str(pair.target_id),
        "people": pair.people,
        "found": pair.found,
        "unified": pair.unified,
        "missing": [
            {
                "reason": gap.reason.value,
                "people": gap.people,
                "named": [each.user_principal_name for each in gap.named],
                **_mend_json(gap.mend),
            }
            for gap in pair.gaps.values()
        ],
    }


@people.command()
@click.argument("searcher", metavar="X")
@click.argument("person", metavar="Y")
@pass_session
async def why(session: Session, searcher: str, person: str) -> None:
    """Say why X does not find Y by name, or that X does, and what would mend it.

    Both are named by userPrincipalName, mail or id; X may be somebody's account in another tenant.
    """
    from dataclasses import replace

    from comity.cli.names import all_tenants, find_person, load_person
    from comity.core.catalogue import sentence
    from comity.insight.coverage.why import why_not_found

    async with session.open() as comity:
        caller = await session.operator(comity)
        x, y = await find_person(comity.db, searcher), await find_person(comity.db, person)
        if y.is_external and y.home.user_id is not None:
            y = await load_person(comity.db, y.home.tenant_id, y.home.user_id)
        if session.options.as_user is None:
            caller = replace(caller, tenant_id=y.tenant_id)
        names = {each.id: each.name for each in await all_tenants(comity.db)}
        found = await why_not_found(comity.db, caller, searcher=x, person=y, names=names)
    code = f"people-why-{found.reason.value}" if found.reason else "people-why-found"
    told = sentence(code, {"searcher": x.display_name, "person": y.display_name})
    lines = [told]
    if found.chat is not None:
        lines.append(sentence("people-why-no-chat", {"rule": found.chat.value}))
    if found.mend is not None:
        lines.append(
            sentence("people-why-mend", {"tenant": names.get(found.mend.tenant_id, ""), "command": found.mend.line})
        )
    session.out.show(_why_json(found), "\n".join(lines))


def _why_json(why: Why) -> dict[str, object]:
    return {
        "found": why.found,
        "unified": why.unified,
        "reason": why.reason.value if why.reason else None,
        "chat": why.chat.value if why.chat else None,
        **_mend_json(why.mend),
    }


def _mend_json(mend: Mend | None) -> dict[str, object]:
    return {"whose": str(mend.tenant_id) if mend else None, "command": mend.line if mend else None}
