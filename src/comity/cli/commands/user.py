"""`comity user`: people of a tenant."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from comity.cli.options import Group
from comity.cli.place import at, of_tenant
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.directory.model import Attribute, User

LIST_MAX: Final = 1000


_AT: Final = "comity.cli.commands.user_sign_in:"
LAZY: Final = {
    "invite": (_AT + "invite", "Make one-time links with which people set their first password."),
    "sessions": (_AT + "sessions", "Show where somebody is signed in, and which programs act for her."),
    "revoke": (_AT + "revoke", "Sign somebody out everywhere."),
}


@click.group(cls=Group, lazy=LAZY)
def user() -> None:
    """People: import, export, list, change, delete, restore."""


@user.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@of_tenant
@click.option("--rejected", type=click.Path(path_type=Path), metavar="FILE", help="Where bad rows go.")
@pass_session
async def import_(session: Session, file: Path, of: str, rejected: Path | None) -> None:
    """Import people from a file: the Entra admin center's CSV, Graph JSON, or JSON Lines.

    Bad rows go to FILE.rejected.csv with line and reason, the rest is imported; running it again
    changes nothing.
    """
    from comity.core.catalogue import sentence
    from comity.directory.imports.model import Progress
    from comity.directory.imports.service import import_users

    async with at(session, of) as place:
        out = session.out
        with out.progress(f"Importing {file.name}") as tell:

            def advance(progress: Progress) -> None:
                tell(progress.bytes_done, progress.bytes_total)

            report = await import_users(place.comity.db, place.caller, file, rejected_file=rejected, tell=advance)
        for each in report.rejections:
            out.say(f"line {each.line}: {sentence(each.reason.value, each.parameters)}")
        if report.rejected > len(report.rejections):
            out.say(f"… and {report.rejected - len(report.rejections)} more, see {report.rejected_file}")
        for missing in report.missing:
            out.say(f"line {missing.line}: the manager {missing.manager} is nobody of this tenant; imported without")
        counts = {
            "created": report.created,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "rejected": report.rejected,
            "rejected_file": report.rejected_file,
        }
        out.show(counts, {name.replace("_", " "): value for name, value in counts.items() if value is not None})


@user.command()
@of_tenant
@click.option("--form", type=click.Choice(["csv", "json-lines"]), default="csv", help="What kind of file [csv].")
@click.option("--file", type=click.Path(path_type=Path), metavar="FILE", help="Where to; default standard output.")
@pass_session
async def export(session: Session, of: str, form: str, file: Path | None) -> None:
    """Write a tenant's people to a file that an import reads again."""
    from comity.directory.export import ExportForm, export_users

    async with at(session, of) as place:
        pieces = export_users(place.comity.db, place.caller, form=ExportForm(form))
        if file is None:
            async for piece in pieces:
                sys.stdout.write(piece)
            return
        try:
            with file.open("w", encoding="utf-8", newline="") as opened:
                async for piece in pieces:
                    opened.write(piece)
        except OSError as fault:
            raise click.FileError(str(file), hint=fault.strerror or str(fault)) from fault


@user.command("list")
@of_tenant
@click.option("--deleted", is_flag=True, help="Those in the recycle bin instead.")
@click.option("--at-most", type=click.IntRange(1), default=LIST_MAX, help=f"How many [{LIST_MAX}].")
@pass_session
async def list_(session: Session, of: str, deleted: bool, at_most: int) -> None:
    """List a tenant's people."""
    from comity.cli.output import Table
    from comity.directory.service import list_users

    async with at(session, of) as place:
        async with place.transaction() as tx:
            users = await list_users(tx, place.caller, at_most=at_most, deleted=deleted)
        if len(users) == at_most:
            session.out.say(f"These are the first {at_most}; say --at-most for more.")
        session.out.show(
            [_facts(each) for each in users],
            Table(
                ("Name", "userPrincipalName", "Kind", "Id"),
                [(each.display_name, each.user_principal_name, _kind(each), each.id) for each in users],
                none="Nobody.",
            ),
        )


@user.command()
@click.argument("name", metavar="USER")
@click.option("--tenant", "of", metavar="T", help="Of which tenant; default: at home, wherever that is.")
@pass_session
async def show(session: Session, name: str, of: str | None) -> None:
    """Show a person, named by userPrincipalName, mail or id."""
    from comity.cli.names import find_person, find_tenant
    from comity.directory.service import get_user, resolve_user

    async with session.open() as comity:
        if of is None:
            found = await find_person(comity.db, name)
            caller = await session.caller(comity, found.tenant_id)
            if not caller.is_personal:
                async with comity.db.tenant(found.tenant_id) as tx:
                    found = await get_user(tx, caller, found.id)
        else:
            tenant = await find_tenant(comity.db, of)
            caller = await session.caller(comity, tenant.id)
            async with comity.db.tenant(tenant.id) as tx:
                found = await resolve_user(tx, caller, name)
        session.out.show(_facts(found))


@user.command()
@click.argument("name", metavar="USER")
@click.argument("changes", nargs=-1, metavar="ATTRIBUTE=VALUE…")
@click.option("--user-type", type=click.Choice(["Member", "Guest"], case_sensitive=False), help="What the account is.")
@of_tenant
@pass_session
async def update(session: Session, name: str, changes: tuple[str, ...], user_type: str | None, of: str) -> None:
    """Change attributes by their Graph names, such as jobTitle='Head of sales'; an empty value clears one.

    --user-type turns a guest into a member and back; refused while a sync job of the person's home
    tenant keeps setting it.
    """
    from comity.core.caller import UserType
    from comity.directory.extensions import is_extension
    from comity.directory.model import Attribute
    from comity.directory.service import resolve_user, update_user

    extensions = [each for each in changes if is_extension(each.partition("=")[0])]
    wanted = dict(_change(each) for each in changes if each not in extensions)
    if user_type is not None:
        wanted[Attribute.USER_TYPE] = UserType(user_type)
    if not wanted and not extensions:
        raise click.UsageError("Say what to change: ATTRIBUTE=VALUE, or --user-type.")
    async with at(session, of) as place:
        async with place.transaction() as tx:
            person = await resolve_user(tx, place.caller, name)
            if extensions:
                named = {each.partition("=")[0]: each.partition("=")[2] for each in extensions}
                kept = {**(person.extensions or {}), **named}
                wanted[Attribute.EXTENSIONS] = {key: value for key, value in kept.items() if value != ""} or None
            changed = await update_user(tx, place.caller, person.id, wanted)
        session.out.show(_facts(changed), f"{changed.display_name} was changed.")


@user.command()
@click.argument("names", nargs=-1, required=True, metavar="USER…")
@of_tenant
@pass_session
async def delete(session: Session, names: tuple[str, ...], of: str) -> None:
    """Move people to the recycle bin, where they stay for 30 days."""
    from comity.directory.service import delete_users, resolve_user

    async with at(session, of) as place:
        async with place.transaction() as tx:
            people = [await resolve_user(tx, place.caller, each) for each in names]
        if not session.agrees(f"Delete {', '.join(each.display_name for each in people)} in {place.tenant.name}?"):
            raise click.Abort
        async with place.transaction() as tx:
            moved = await delete_users(tx, place.caller, [each.id for each in people])
        session.out.show(
            {"deleted": [str(each) for each in moved]}, f"Deleted: {len(moved)}. They can be restored for 30 days."
        )


@user.command()
@click.argument("name", metavar="USER")
@of_tenant
@pass_session
async def restore(session: Session, name: str, of: str) -> None:
    """Bring somebody back from the recycle bin, with the same id; named by id or userPrincipalName."""
    from comity.cli.names import find_deleted
    from comity.directory.service import restore_user

    async with at(session, of) as place:
        async with place.transaction() as tx:
            deleted = await find_deleted(tx, place.caller, name)
            restored = await restore_user(tx, place.caller, deleted)
        session.out.show(_facts(restored), f"{restored.display_name} is back.")


@user.command()
@click.argument("mail")
@click.option("--name", required=True, metavar="NAME", help="How others see the person.")
@click.option("--phone", metavar="NUMBER", help="With the country's prefix, such as +49151….")
@pass_session
async def register(session: Session, mail: str, name: str, phone: str | None) -> None:
    """Register a personal account: it belongs to no tenant, and is named personal:MAIL."""
    from comity.directory.personal import register_personal

    async with session.open() as comity:
        await session.operator(comity)
        made = await register_personal(comity.db, mail=mail, display_name=name, phone=phone)
    session.out.show(_facts(made), f"{made.display_name} has a personal account: personal:{made.mail}")


@user.command()
@click.argument("link")
@pass_session
async def redeem(session: Session, link: str) -> None:
    """Set the first password with a one-time link; it is asked for, or read from standard input."""
    from comity.core.ids import TenantId
    from comity.identity.passwords import Passwords
    from comity.identity.service import link_tenant, redeem_link

    token = link.rpartition("/")[2]
    tenant_id = TenantId(link_tenant(token))
    password = _password()
    async with session.open() as comity:
        caller = await session.caller(comity, tenant_id)
        passwords = Passwords()
        try:
            hashed = await passwords.hash(password)
        finally:
            passwords.close()
        async with comity.db.tenant(tenant_id) as tx:
            who = await redeem_link(tx, caller, token, hashed, at=comity.machine.now())
    session.out.show({"id": str(who), "tenantId": str(tenant_id)}, "The password is set; the link is used up.")


def _password() -> str:
    """Typed twice on a terminal, else one line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("New password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


def _change(text: str) -> tuple[Attribute, object]:
    """`jobTitle=Head of sales` as attribute and value."""
    from comity.directory.model import TEXT_ATTRIBUTES, Attribute

    flags = (Attribute.ACCOUNT_ENABLED, Attribute.SHOW_IN_ADDRESS_LIST)
    known = {_graph_name(each): each for each in (*TEXT_ATTRIBUTES, *flags)}
    name, equals, value = text.partition("=")
    if not equals or name not in known:
        raise click.UsageError(f"“{text}” is no change; write ATTRIBUTE=VALUE with one of: {', '.join(known)}.")
    if known[name] not in flags:
        return known[name], value or None
    if value.lower() not in {"true", "false"}:
        raise click.UsageError(f"{name} is true or false.")
    return known[name], value.lower() == "true"


def _graph_name(attribute: Attribute) -> str:
    first, *rest = attribute.column.split("_")
    return first + "".join(each.title() for each in rest)


def _kind(person: User) -> str:
    return f"B2B {person.user_type.value}" if person.is_external else "internal"


def _facts(person: User) -> dict[str, object]:
    """A person in Graph's words; what is empty is left out."""
    from comity.directory.model import TEXT_ATTRIBUTES

    facts: dict[str, object] = {"id": str(person.id), "tenantId": str(person.tenant_id)}
    facts |= {_graph_name(each): getattr(person, each.column) for each in TEXT_ATTRIBUTES}
    facts |= {
        "userType": person.user_type.value,
        "accountEnabled": person.account_enabled,
        "showInAddressList": person.show_in_address_list,
        "creationType": person.creation_type,
        "externalUserState": person.external_user_state.value if person.external_user_state else None,
        "homeTenantId": str(person.home_tenant_id) if person.home_tenant_id else None,
        "homeUserId": str(person.home_user_id) if person.home_user_id else None,
        "managerId": str(person.manager_id) if person.manager_id else None,
        **(person.extensions or {}),
        "deletedDateTime": person.deleted_at.isoformat(timespec="seconds") if person.deleted_at else None,
    }
    return {name: value for name, value in facts.items() if value is not None}
