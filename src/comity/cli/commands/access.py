"""`comity access`: may two people talk, and what a tenant allows across its border."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from comity.cli.options import Group
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.access.model import Decision

KINDS: Final = ("oneOnOne", "lookup")


@click.group(cls=Group)
def access() -> None:
    """External access: who may talk to whom across the border."""


@access.command()
@click.argument("actor", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], help="Start a chat, or only look up [oneOnOne].")
@click.option("--by", type=click.Choice(["email", "phone"]), default="email", help="How FROM addresses TO [email].")
@pass_session
async def decide(session: Session, actor: str, target: str, kind: str, by: str) -> None:
    """May FROM start a chat with TO, or look TO up? Nothing is stored.

    Both are named like any user; the answer names the rule that decided.
    """
    from comity.access.model import AddressedBy, Purpose
    from comity.access.service import decide_pair
    from comity.cli.names import find_person, home_of, person_of

    async with session.open() as comity:
        asking = home_of(await find_person(comity.db, actor))
        asked = home_of(await find_person(comity.db, target))
        caller = await (session.person(comity) if session.options.as_user else session.operator(comity))
        async with comity.db.tenant(asking.tenant_id, person=person_of(asking)) as tx:
            decision = await decide_pair(
                tx,
                caller if session.options.as_user else caller.in_tenant(asking.tenant_id),
                actor=asking,
                target=asked,
                purpose=Purpose.LOOKUP if kind == "lookup" else Purpose.START,
                by=AddressedBy(by),
            )
    session.out.show(decision.as_vector(), _in_words(decision))


@access.command()
@click.argument("actor", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--kind", type=click.Choice(KINDS), default=KINDS[0], help="Start a chat, or only look up [oneOnOne].")
@click.option("--by", type=click.Choice(["email", "phone"]), default="email", help="How FROM addresses TO [email].")
@pass_session
async def why(session: Session, actor: str, target: str, kind: str, by: str) -> None:
    """Why may FROM talk to TO, or not: every rule on both sides, and the smallest change that flips it."""
    from comity.access.explanation.service import explain_pair
    from comity.access.model import AddressedBy
    from comity.cli.explaining import as_json, in_words

    async with session.open() as comity:
        pair = await Pair.find(session, comity, actor, target)
        async with pair.transaction() as tx:
            explanation = await explain_pair(
                tx, pair.caller, actor=pair.actor, target=pair.target, purpose=_purpose(kind), by=AddressedBy(by)
            )
        names = {each.id: each.name for each in await all_tenants(comity.db)}
    session.out.show(as_json(explanation), None if session.out.is_for_programs else in_words(explanation, names))


@access.command()
@of_tenant
@pass_session
async def show(session: Session, of: str) -> None:
    """Show what a tenant allows: its configuration, by the cmdlets' names."""
    from comity.access.properties import shown
    from comity.access.service import get_configuration

    async with at(session, of) as place, place.transaction() as tx:
        found = await get_configuration(tx, place.caller)
    session.out.show(shown(found))


@access.command("set")
@click.argument("changes", nargs=-1, required=True, metavar="NAME=VALUE…")
@of_tenant
@pass_session
async def set_(session: Session, changes: tuple[str, ...], of: str) -> None:
    """Change a tenant's configuration, by the cmdlets' names, such as AllowTeamsConsumer=false.

    Lists are written with commas, an empty one with nothing; AllowedDomains also takes
    AllowAllKnownDomains.
    """
    from comity.access.properties import shown
    from comity.access.service import get_configuration, set_configuration

    given = dict(_pair(each) for each in changes)
    async with at(session, of) as place, place.transaction() as tx:
        before = shown(await get_configuration(tx, place.caller))
        kinds = {name.lower(): value for name, value in before.items()}
        wanted = {name: _value(text, kinds.get(name.lower())) for name, text in given.items()}
        found = await set_configuration(tx, place.caller, wanted)
    session.out.show(shown(found))


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"“{text}” changes nothing; write NAME=VALUE.")
    return name.strip(), value.strip()


def _value(text: str, like: object) -> object:
    """The text as a value of the same kind as the one that holds."""
    words = [each.strip() for each in text.split(",") if each.strip()]
    match like:
        case bool():
            return {"true": True, "false": False}.get(text.lower().removeprefix("$"), text)
        case list():
            return words
        case {"mode": _}:
            return {"mode": text} if text == "AllowAllKnownDomains" else {"mode": "AllowList", "domains": words}
    return text


def _in_words(decision: Decision) -> str:
    facts = ", ".join(f"{name} {value}" for name, value in decision.parameters.items())
    return f"{'Allowed' if decision.allowed else 'Refused'} ({facts})."
