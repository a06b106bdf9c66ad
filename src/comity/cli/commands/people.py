"""`comity people`: search as somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from comity.cli.options import Group
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.people.model import FoundPerson


@click.group(cls=Group)
def people() -> None:
    """People, as somebody finds them."""


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
