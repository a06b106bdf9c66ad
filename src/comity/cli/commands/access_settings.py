"""`comity access show`, `set`, `directory` and `consumer-date`: what a tenant and the installation say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from comity.cli.commands.clock import Instant
from comity.cli.options import Command, Group
from comity.cli.output import Table
from comity.cli.place import Place, at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.db.transaction import Transaction


@click.command(cls=Command)
@of_tenant
@pass_session
async def show(session: Session, of: str) -> None:
    """Show what a tenant allows, by the cmdlets' names: its configuration, and which people it blocks.

    Also from when chat with personal accounts is available in this installation.
    """
    from comity.access.availability import load_consumer_date

    async with at(session, of) as place, place.transaction() as tx:
        found = await current(place, tx)
        date = await load_consumer_date(tx)
    session.out.show(
        {**found, "consumerAvailableFrom": None if date is None else date.isoformat()},
        {**_for_people(found), "chat with personal accounts": "available " + _since(date)},
    )


@click.command("set", cls=Command)
@click.argument("changes", nargs=-1, required=True, metavar="NAME=VALUE…")
@of_tenant
@pass_session
async def set_(session: Session, changes: tuple[str, ...], of: str) -> None:
    """Change what a tenant allows, by the cmdlets' names, such as AllowTeamsConsumer=false.

    Lists are written with commas, an empty one with nothing; BlockedDomains=+a.example,-b.example adds
    and removes. AllowedDomains also takes AllowAllKnownDomains. All changes are one transaction.
    """
    from comity.access.service import set_blocked_individuals, set_configuration

    async with at(session, of) as place, place.transaction() as tx:
        given = wanted(changes, await current(place, tx))
        blocked, configuration = of_blocked(given)
        if blocked:
            await set_blocked_individuals(tx, place.caller, blocked)
        if configuration:
            await set_configuration(tx, place.caller, configuration)
        found = await current(place, tx)
    session.out.show(found, _for_people(found))


async def current(place: Place, tx: Transaction) -> dict[str, object]:
    """Configuration and blocked people, which stand on one page though they are two objects."""
    from comity.access.properties import shown
    from comity.access.service import get_blocked_individuals, get_configuration

    configuration = await get_configuration(tx, place.caller)
    return shown(configuration) | shown(await get_blocked_individuals(tx, place.caller))


def _for_people(settings: Mapping[str, object]) -> dict[str, object]:
    """An open list by its name; an empty list of allowed domains says what it means."""
    allowed = settings["AllowedDomains"]
    assert isinstance(allowed, Mapping)
    return {**settings, "AllowedDomains": allowed.get("domains", allowed["mode"]) or "(nobody)"}


def of_blocked(given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """What of the settings is about blocked people, and the rest."""
    from comity.access.properties import BLOCKED

    blocked = {name: value for name, value in given.items() if name.lower() in BLOCKED}
    return blocked, {name: value for name, value in given.items() if name not in blocked}


@click.group(cls=Group)
def directory() -> None:
    """The extended directory: personal accounts that a tenant's admins know."""


@directory.command()
@click.argument("addresses", nargs=-1, required=True, metavar="MAIL-OR-PHONE…")
@of_tenant
@pass_session
async def add(session: Session, addresses: tuple[str, ...], of: str) -> None:
    """List personal accounts, named by their exact mail address or phone number."""
    from comity.access.contacts import add_contact

    async with at(session, of) as place, place.transaction() as tx:
        added = [await add_contact(tx, place.caller, each) for each in addresses]
    session.out.show([str(each) for each in added], f"Listed: {', '.join(addresses)}.")


@directory.command()
@click.argument("names", nargs=-1, required=True, metavar="MAIL-OR-ID…")
@of_tenant
@pass_session
async def remove(session: Session, names: tuple[str, ...], of: str) -> None:
    """List personal accounts no more."""
    from comity.access.contacts import remove_contact
    from comity.cli.names import find_contact

    async with at(session, of) as place, place.transaction() as tx:
        found = [await find_contact(tx, each) for each in names]
        gone = [each for each in found if await remove_contact(tx, place.caller, each)]
    session.out.show([str(each) for each in gone], f"{len(gone)} listed no more.")


@directory.command("list")
@of_tenant
@pass_session
async def list_(session: Session, of: str) -> None:
    """Show who is listed."""
    from comity.access.contacts import Contact, list_contacts

    found: list[Contact] = []
    async with at(session, of) as place, place.transaction() as tx:
        while page := await list_contacts(tx, place.caller, after=found[-1].user_id if found else None):
            found += page
    session.out.show(
        [
            {"id": str(each.user_id), "displayName": each.display_name, "mail": each.mail,
             "addedDateTime": each.added_at.isoformat()}
            for each in found
        ],
        Table(
            ("Name", "Mail", "Since"),
            [(each.display_name, each.mail, f"{each.added_at:%Y-%m-%d}") for each in found],
            none="Nobody is listed.",
        ),
    )  # fmt: skip


@click.group("consumer-date", cls=Group)
def consumer_date() -> None:
    """From when chat with personal accounts is available in this installation."""


@consumer_date.command("show")
@pass_session
async def show_date(session: Session) -> None:
    """Show the date; without one, it is available at once."""
    from comity.access.availability import get_consumer_date

    async with session.open() as comity:
        _show_date(session, await get_consumer_date(comity.db))


@consumer_date.command("set")
@click.argument("when", metavar="INSTANT|now")
@pass_session
async def set_date(session: Session, when: str) -> None:
    """Move the date, such as 2027-01-31T09:00Z; "now" makes it available at once."""
    from comity.access.availability import set_consumer_date

    available_from = None if when == "now" else Instant().convert(when, None, None)
    async with session.open() as comity:
        _show_date(session, await set_consumer_date(comity.db, await session.operator(comity), available_from))


def _show_date(session: Session, available_from: datetime | None) -> None:
    value = None if available_from is None else available_from.isoformat()
    session.out.show({"available_from": value}, {"available": _since(available_from)})


def _since(available_from: datetime | None) -> str:
    return "at once" if available_from is None else f"from {available_from:%Y-%m-%d %H:%M} UTC"


def wanted(changes: Iterable[str], now: Mapping[str, object]) -> dict[str, object]:
    """NAME=VALUE pairs as values of the same kinds as those that hold."""
    kinds = {name.lower(): value for name, value in now.items()}
    return {name: _value(text, kinds.get(name.lower())) for name, text in map(_pair, changes)}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"“{text}” changes nothing; write NAME=VALUE.")
    return name.strip(), value.strip()


_WORDS: Final = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _value(text: str, like: object) -> object:
    """The text as a value of the same kind as the one that holds."""
    words = [each.strip() for each in text.split(",") if each.strip()]
    edits = bool(words) and all(each[0] in "+-" for each in words)
    match like:
        case bool():
            return _WORDS.get(text.lower().removeprefix("$"), text)
        case list() | {"mode": _} if edits:
            return {
                verb: [each[1:] for each in words if each[0] == sign] for sign, verb in (("+", "Add"), ("-", "Remove"))
            }
        case list():
            return words
        case {"mode": _}:
            every = text.lower() == "allowallknowndomains"
            return {"mode": "AllowAllKnownDomains"} if every else {"mode": "AllowList", "domains": words}
    return text
