"""`comity partner cleanup`: what a severed relation left here, as a plan."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from comity.cli.commands.plans import items_file, show_plan
from comity.cli.options import Command
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from uuid import UUID


@click.command(cls=Command)
@click.argument("name", metavar="PARTNER")
@click.option("--undo", "undoes", type=click.UUID, metavar="PLAN", help="What would take this clean-up back.")
@items_file
@of_tenant
@pass_session
async def cleanup(session: Session, name: str, undoes: UUID | None, items: IO[str] | None, of: str) -> None:
    """Show which accounts a partner's sync left here, now that it may sync no more; `sync apply` deletes them."""
    from comity.core.ids import PlanId
    from comity.sync.cleanup.service import ask

    async with at(session, of) as place:
        partner = await place.tenant_id(name)
        async with place.transaction() as tx:
            plan_id = await ask(tx, place.caller, partner, undoes=None if undoes is None else PlanId(undoes))
        await show_plan(session, place, plan_id, items)
