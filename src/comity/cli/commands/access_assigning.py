"""`comity access assign` and `policy-of`: give a policy to many people, and see where one comes from."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any
from uuid import UUID

import click

from comity.cli.options import Command
from comity.cli.output import Table
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.access.assignments.model import Batch


@click.command(cls=Command)
@click.argument("policy")
@click.argument("people", nargs=-1, metavar="USER…")
@click.option("--file", type=click.File("r", encoding="utf-8"), help="One user per line.")
@click.option("--name", default="", help="What to call the operation.")
@of_tenant
@pass_session
async def assign(
    session: Session, policy: str, people: tuple[str, ...], file: IO[str] | None, name: str, of: str
) -> None:
    """Give POLICY to up to 5,000 people at once; "-" takes direct assignments back.

    Each person gets a result of her own; one who is not found does not stop the others.
    """
    from comity.access.assignments.batches import carry_out, get_batch, start_batch

    named = [*people, *(file or ())]
    if not named:
        raise click.UsageError("Name people, or a --file of them.")
    async with at(session, of) as place:
        async with place.transaction() as tx:
            batch_id: UUID = await start_batch(tx, place.caller, None if policy == "-" else policy, named, name=name)
        with session.out.progress("assigning") as progress:
            await carry_out(place.comity.db, place.tenant.id, batch_id, progress=progress)
        async with place.transaction() as tx:
            batch = await get_batch(tx, place.caller, batch_id)
    session.out.say(f"{batch.completed - batch.errors} of {batch.total} people; {batch.errors} failed.")
    session.out.show(
        _batch_json(batch), Table(("User", "Result"), [(each.named, each.result) for each in batch.people])
    )


@click.command("policy-of", cls=Command)
@click.argument("user")
@of_tenant
@pass_session
async def policy_of(session: Session, user: str, of: str) -> None:
    """Show which policy holds for USER, and everything that gives her one, the winner first."""
    from comity.access.assignments.service import get_policy_sources
    from comity.directory.service import resolve_user

    async with at(session, of) as place, place.transaction() as tx:
        found = await get_policy_sources(tx, place.caller, (await resolve_user(tx, place.caller, user)).id)
    session.out.say(f"The policy {found.policy} holds.")
    session.out.show(
        {
            "PolicyName": found.policy,
            "PolicySource": [
                {
                    "AssignmentType": each.kind, "PolicyName": each.policy,
                    "Reference": None if each.group_id is None else str(each.group_id), "Rank": each.rank,
                }
                for each in found.sources
            ],
        },
        Table(
            ("By", "Policy", "Group", "Rank"),
            [(each.kind, each.policy, each.group_id, each.rank) for each in found.sources],
            none="Nothing assigns one: Global holds.",
        ),
    )  # fmt: skip


def _batch_json(batch: Batch) -> dict[str, Any]:
    return {
        "OperationId": str(batch.id), "OperationName": batch.name, "OverallStatus": batch.status,
        "CreatedBy": batch.created_by, "CompletedCount": batch.completed, "ErrorCount": batch.errors,
        "NotStartedCount": batch.not_started,
        "UserState": [{"Id": each.named, "Result": each.result, "State": each.state} for each in batch.people],
    }  # fmt: skip
