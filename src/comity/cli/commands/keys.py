"""`comity keys`: the keys that tokens are signed with."""

from __future__ import annotations

import click

from comity.cli.options import Group
from comity.cli.session import Session, pass_session


@click.group(cls=Group)
def keys() -> None:
    """The keys that tokens are signed with: one signs, one is published ahead, retired ones verify."""


@keys.command()
@click.option("--now", "at_once", is_flag=True, help="Even if the next key was not published for an hour yet.")
@pass_session
async def rotate(session: Session, at_once: bool) -> None:
    """Sign with the next key from now on, and publish a new next one."""
    from comity.identity.keys import KeySet, rotate_keys
    from comity.identity.sealing import Sealer, load_secret_key

    async with session.open() as comity:
        sealer = Sealer(load_secret_key(comity.settings.secret_key_path))
        await KeySet(comity.db, sealer, comity.machine).published()  # makes the first keys, if there are none
        caller = await session.operator(comity)
        rotation = await rotate_keys(comity.db, caller, sealer, now=comity.machine.now(), at_once=at_once)
        session.out.show(
            {"current": rotation.promote, "retired": rotation.retire, "forgotten": list(rotation.forget)},
            f"Tokens are signed with {rotation.promote} from now on.",
        )
