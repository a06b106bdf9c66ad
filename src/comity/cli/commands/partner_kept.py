"""`comity partner keep`: what a partner's sync leaves alone here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from comity.cli.options import Command
from comity.cli.place import Place, at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.core.ids import TenantId, UserId
    from comity.db.transaction import Transaction
    from comity.directory.model import Attribute
    from comity.partners.kept import Veto
    from comity.partners.model import Kept


@click.command(cls=Command)
@click.argument("name", metavar="PARTNER")
@click.option("--attribute", "added", multiple=True, metavar="NAME", help="Never overwrite this attribute, as city.")
@click.option("--release", "released", multiple=True, metavar="NAME", help="Let its sync write this attribute again.")
@click.option("--disabled/--no-disabled", default=None, help="Leave accounts disabled that this tenant disabled.")
@click.option("--never", multiple=True, metavar="USER", help="Never create this person: by id at home, or an account.")
@click.option("--again", multiple=True, metavar="USER", help="Let this person be created again.")
@of_tenant
@pass_session
async def keep(
    session: Session,
    name: str,
    added: tuple[str, ...],
    released: tuple[str, ...],
    disabled: bool | None,
    never: tuple[str, ...],
    again: tuple[str, ...],
    of: str,
) -> None:
    """Show or say what of this tenant's a partner's sync leaves alone; what is not named stays."""
    from comity.partners.kept import get_kept, lift_veto, set_kept, veto

    more, fewer = _attributes(added), _attributes(released)

    def change(kept: Kept) -> Kept:
        attributes = (kept.attributes | more) - fewer
        return replace(kept, attributes=attributes, disabled=kept.disabled if disabled is None else disabled)

    async with at(session, of) as place:
        partner = await place.tenant_id(name)
        async with place.transaction() as tx:
            vetoed = [await _home_id(place, tx, partner, each) for each in never]
            lifted = [await _home_id(place, tx, partner, each) for each in again]
            if more or fewer or disabled is not None:
                await set_kept(tx, place.caller, partner, change)
            if vetoed:
                await veto(tx, place.caller, partner, vetoed)
            if lifted:
                await lift_veto(tx, place.caller, partner, lifted)
            kept = await get_kept(tx, place.caller, partner)
            vetoes = await _vetoes(place, tx, partner)
    session.out.show(_facts(partner, kept, vetoes))


def _attributes(names: tuple[str, ...]) -> frozenset[Attribute]:
    """Attributes by the names that mappings use.

    Raises:
        UsageError: there is none of that name; lists those there are.
    """
    known = _names()
    if unknown := [each for each in names if each.lower() not in known]:
        raise click.UsageError(
            f"No attribute of an account: {', '.join(unknown)}. There are {', '.join(sorted(_shown().values()))}."
        )
    return frozenset(known[each.lower()] for each in names)


def _shown() -> dict[Attribute, str]:
    from comity.directory.model import Attribute
    from comity.partners.model import KEEPABLE
    from comity.sync.attributes import NAMES

    return {each: NAMES.get(each, "extensions") for each in Attribute if each in KEEPABLE}


def _names() -> dict[str, Attribute]:
    return {name.lower(): each for each, name in _shown().items()}


async def _home_id(place: Place, tx: Transaction, partner: TenantId, text: str) -> UserId:
    """Whom somebody means: the id at home, or an account here, living or in the recycle bin.

    Raises:
        UsageError: that account stands for nobody of the partner.
    """
    from comity.cli.names import find_deleted
    from comity.core.ids import UserId
    from comity.db.transaction import as_uuid
    from comity.directory.model import UserUnknown
    from comity.directory.service import get_user, resolve_user

    if (named := as_uuid(text)) is not None:
        return UserId(named)
    try:
        user = await resolve_user(tx, place.caller, text)
    except UserUnknown:
        user = await get_user(tx, place.caller, await find_deleted(tx, place.caller, text))
    if user.home_tenant_id != partner or user.home_user_id is None:
        raise click.UsageError(f"{text} stands for nobody of that partner; give the person's id there.")
    return user.home_user_id


async def _vetoes(place: Place, tx: Transaction, partner: TenantId) -> list[Veto]:
    from comity.core.ids import NOWHERE
    from comity.partners.kept import list_vetoes

    found: list[Veto] = []
    while page := await list_vetoes(
        tx, place.caller, partner, after=found[-1].home_user_id if found else NOWHERE, at_most=1000
    ):
        found += page
    return found


def _facts(partner: TenantId, kept: Kept, vetoes: list[Veto]) -> dict[str, object]:
    names = _shown()
    return {
        "tenantId": str(partner),
        "attributes": sorted(names[each] for each in kept.attributes),
        "disabled": kept.disabled,
        "never": [str(each.home_user_id) for each in vetoes],
    }
