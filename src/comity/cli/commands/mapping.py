"""`comity mapping`: which attribute of an account elsewhere takes what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from comity.cli.documents import read_json
from comity.cli.jobs import find_job, of_job
from comity.cli.options import Group
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.cli.output import Table

APPLY: Final = {"always": "Always", "creation": "ObjectAddOnly", "if-empty": "AttributeAddOnly"}


@click.group(cls=Group)
def mapping() -> None:
    """Attribute mappings of sync jobs: show, set, try an expression on a person."""


@mapping.command()
@of_job
@of_tenant
@pass_session
async def show(session: Session, of: str, to: str | None, job: str | None) -> None:
    """Show what a job maps; with --output json in the form that `mapping set --file` reads."""
    from comity.sync.configuring import get_mapping

    async with at(session, of) as place, place.transaction() as tx:
        found = await get_mapping(tx, place.caller, (await find_job(place, tx, to, job)).id)
    session.out.show(found, _table(found))


@mapping.command("set")
@click.argument("target", required=False, metavar="[ATTRIBUTE]")
@click.option("--attribute", metavar="NAME", help="It takes the value of this source attribute.")
@click.option("--constant", metavar="VALUE", help="It takes this value.")
@click.option("--expression", metavar="TEXT", help="It takes what this expression gives.")
@click.option("--none", "nothing", is_flag=True, help="It is left alone.")
@click.option("--apply", type=click.Choice(list(APPLY)), help="When: always, on creation, or if it is empty there.")
@click.option("--each-look", is_flag=True, help="Also write what differs each time, such as the time.")
@click.option("--default", metavar="VALUE", help="What a new account takes where the source has nothing.")
@click.option("--null-flow/--no-null-flow", default=None, help="Nothing at the source empties it; see --null-source.")
@click.option("--null-source", multiple=True, metavar="NAME", help="The absence of this source attribute may flow.")
@click.option("--remove", is_flag=True, help="Take the row out.")
@click.option("--file", type=click.File("rb"), metavar="FILE", help="Take the whole mapping from a JSON file.")
@click.option("--reset", is_flag=True, help="Go back to the default mapping.")
@of_job
@of_tenant
@pass_session
async def set_(session: Session, /, target: str | None, of: str, to: str | None, job: str | None, **how: Any) -> None:
    """Change one row of a job's mapping, or all of it; the next drain looks at everybody."""
    from comity.sync.configuring import get_mapping, set_mapping

    if (target is not None) + (how["file"] is not None) + how["reset"] != 1:
        raise click.UsageError("Name the target attribute to map, or say --file or --reset.")
    async with at(session, of) as place, place.transaction() as tx:
        found = await find_job(place, tx, to, job)
        document = None
        if how["file"] is not None:
            document = read_json(how["file"].name, how["file"].read())
        elif target is not None:
            document = _with_row(await get_mapping(tx, place.caller, found.id), target, how)
        await set_mapping(tx, place.caller, found.id, document)
        after = await get_mapping(tx, place.caller, found.id)
    session.out.say(f"{found.name} maps this from now on; the next drain looks at everybody.")
    session.out.show(after, _table(after))


@mapping.command()
@click.argument("expression")
@click.option("--user", "who", required=True, metavar="USER", help="On this person.")
@of_tenant
@pass_session
async def test(session: Session, expression: str, who: str, of: str) -> None:
    """Try an expression on a person: what it gives, and nothing is saved."""
    from comity.directory.service import resolve_user
    from comity.sync.configuring import try_expression
    from comity.sync.expressions.values import Ignore, kind, to_text

    async with at(session, of) as place, place.transaction() as tx:
        person = await resolve_user(tx, place.caller, who)
        value = await try_expression(tx, place.caller, expression, person.id)
    plain: Any = value if isinstance(value, str | int | bool | None) else None
    if isinstance(value, tuple):
        plain = list(value)
    elif plain is None and value is not None and not isinstance(value, Ignore):
        plain = to_text(value)
    answer = {"value": plain, "kind": kind(value), **({"flow": "ignore"} if isinstance(value, Ignore) else {})}
    session.out.show(answer, {"value": plain, "kind": kind(value)})


def _with_row(document: dict[str, Any], target: str, how: Mapping[str, Any]) -> dict[str, Any]:
    """The document with that row changed, added or taken out."""
    from comity.sync.attributes import field_of, name_of

    field = field_of(target)
    name = name_of(field) if field is not None else target
    rows: list[dict[str, Any]] = document["attributeMappings"]
    before = next((each for each in rows if each["targetAttributeName"] == name), None)
    clearing = {each: {"flowNullValues": True} for each in how["null_source"]}
    others = [each for each in rows if each is not before]
    after = [] if how["remove"] else [_changed(before or {"targetAttributeName": name, "source": None}, how)]
    at_place = rows.index(before) if before is not None else len(rows)
    return {
        "attributeMappings": [*others[:at_place], *after, *others[at_place:]],
        "sourceAttributes": document["sourceAttributes"] | clearing,
    }


def _changed(row: Mapping[str, Any], how: Mapping[str, Any]) -> dict[str, Any]:
    """The row as it was said to be; what is not named stays."""
    sources = _sources(how)
    if len(sources) > 1:
        raise click.UsageError("One of --attribute, --constant, --expression and --none is enough.")
    changes: dict[str, Any] = {
        "source": sources[0] if sources else row["source"],
        "flowType": APPLY.get(how["apply"]),
        "flowBehavior": "FlowAlways" if how["each_look"] else None,
        "flowNullValues": how["null_flow"],
    }
    kept = {name: value for name, value in changes.items() if value is not None}
    default = {} if how["default"] is None else {"defaultValue": how["default"] or None}
    return {**row, **kept, **default}


def _sources(how: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if how["attribute"] is not None:
        found.append({"type": "Attribute", "name": how["attribute"]})
    if how["constant"] is not None:
        found.append({"type": "Constant", "value": how["constant"]})
    if how["expression"] is not None:
        found.append({"type": "Function", "expression": how["expression"]})
    if how["nothing"]:
        found.append({"type": "None"})
    return found


def _table(document: Mapping[str, Any]) -> Table:
    from comity.cli.output import Table

    rows: Sequence[Mapping[str, Any]] = document["attributeMappings"]
    return Table(
        ("Target attribute", "Takes", "Applied", "Default", "Null flows"),
        [
            (
                each["targetAttributeName"],
                _shown(each["source"]),
                each["flowType"],
                each.get("defaultValue"),
                each.get("flowNullValues") or False,
            )
            for each in rows
        ],
    )


def _shown(source: Mapping[str, Any] | None) -> str:
    if source is None:
        return "nothing"
    if source["type"] == "Constant":
        return f"constant {source['value']}"
    return str(source["expression"])
