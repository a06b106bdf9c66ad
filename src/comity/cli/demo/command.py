"""`comity demo`: build the worked example, report what came of it, and serve it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from comity.cli.options import Command, Form
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.cli.demo.place import DemoFile
    from comity.cli.demo.scenario import Scenario
    from comity.cli.output import Output
    from comity.core.settings import Settings

DEMO_DIRECTORY: Final = "comity-demo"


@click.command(cls=Command)
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve on, 0 for any [COMITY_PORT, 8080].")
@click.option(
    "--tls", is_flag=True, help="Serve HTTPS, with a certificate of the local authority (DATA/ca.pem) [COMITY_TLS]."
)
@click.option("--once", is_flag=True, help="Stop after the report; exit 1 if an expectation does not hold.")
@pass_session
def demo(session: Session, port: int | None, tls: bool, once: bool) -> int:
    """Build the worked example, report what came of it, and serve it.

    Three tenants that belong together, four people who find each other everywhere, and one with a
    personal account, in a data directory of its own; a second run changes nothing. With --output
    json, the report is one line on standard output.
    """
    from comity.cli.commands.service import supervise, with_certificate
    from comity.cli.demo.scenario import WORKED_EXAMPLE
    from comity.core.listening import listen
    from comity.core.local_authority import authority_file

    settings = settings_of(session)
    https = tls or settings.serves_https
    listener = None if once else listen(settings.host, settings.port if port is None else port, tls=https)
    report, failed = build_and_check(session, settings, WORKED_EXAMPLE)
    if listener is not None:
        settings = with_certificate(settings, tls=tls)
        ca = authority_file(settings.data)
        report = {"url": listener.url, "ca": str(ca) if https and ca.exists() else None, **report}
    _show(session.out, report)
    for each in failed:
        click.echo(f"Expectation failed: {each}.", err=True)
    if listener is None:
        return 1 if failed else 0
    url = listener.url

    def announce() -> None:
        if session.options.output is Form.TABLE:
            click.echo(url)
        session.out.say("Serving; stop with Ctrl-C.")

    return supervise(session, settings, listener, migrate=True, announce=announce)


def settings_of(session: Session) -> Settings:
    """The settings with a directory of the demo's own, and its own server whatever else is configured."""
    from comity.core.settings import default_data

    settings = session.settings
    named = session.options.data is not None or "COMITY_DATA" in session.environment
    data: Path = settings.data if named else default_data().with_name(DEMO_DIRECTORY)
    return replace(settings, data=data, database_url=None, database_direct_url=None, secret_key_file=None)


def build_and_check(session: Session, settings: Settings, scenario: Scenario) -> tuple[dict[str, Any], list[str]]:
    """Build what is missing, read everything back; the report, and the expectations that do not hold.

    Raises:
        NotADemo: the directory holds something else.
    """
    import asyncio

    from comity.cli.demo.place import claim

    session.log_to_file()
    file = claim(settings.data)
    return asyncio.run(_build_and_check(session, settings, scenario, file))


async def _build_and_check(
    session: Session, settings: Settings, scenario: Scenario, file: DemoFile
) -> tuple[dict[str, Any], list[str]]:
    from comity.cli.demo.build import Demo, build, find_tenants
    from comity.cli.demo.expect import failed_expectations
    from comity.cli.demo.report import read_report
    from comity.core.clock import MachineClock

    machine = MachineClock()
    begun = machine.monotonic_s()
    visible_s: float | None = None
    async with session.wiring.open(settings) as comity:
        ready_s = machine.monotonic_s() - begun
        made = Demo(comity, scenario, file, session.out.say)
        if file.complete:
            await find_tenants(made)
            session.out.say("The worked example is there already; nothing was changed.")
        else:
            visible_s = await build(made)
        report = await read_report(made)
    timings = {"ready_s": ready_s, "share_to_visible_s": visible_s, "total_s": machine.monotonic_s() - begun}
    rounded = {name: None if value is None else round(value, 3) for name, value in timings.items()}
    return {**report.as_json(), "timings": rounded}, failed_expectations(report)


def _show(out: Output, report: dict[str, Any]) -> None:
    """One line for programs, flushed before serving; tables for people."""
    from comity.cli.output import Table

    if out.form is not Form.TABLE:
        out.show(report)
        return
    out.show(
        None,
        Table(
            ("Tenant", "Domain", "Admin", "Password"),
            [
                (each["name"], each["domain"], each["admin"]["userPrincipalName"], each["admin"]["password"])
                for each in report["tenants"]
            ],
        ),
    )
    out.show(
        None,
        Table(
            ("Person", "Account", "Password", "Stands in", "Finds"),
            [
                (
                    each["name"],
                    each.get("userPrincipalName") or each.get("mail"),
                    each["password"],
                    ", ".join(row["tenant"] for row in report["representations"] if row["person"] == each["name"]),
                    ", ".join(_found_by(report, each["name"])),
                )
                for each in report["people"]
            ],
        ),
    )
    out.show(
        None,
        Table(
            ("From", "To", "By", "Asked with", "Answer", "Rule"),
            [
                (
                    each["from"],
                    each["to"],
                    each["by"],
                    each["with"],
                    "may write" if each["allowed"] else "may not",
                    each["deciding_rule"],
                )
                for each in report["decisions"]
            ],
        ),
    )
    out.show(
        None,
        Table(("Chat", "Messages"), [(" and ".join(each["members"]), each["messages"]) for each in report["chats"]]),
    )


def _found_by(report: dict[str, Any], name: str) -> list[str]:
    return [found for search in report["searches"] if search["as"] == name for found in search["found"]]
