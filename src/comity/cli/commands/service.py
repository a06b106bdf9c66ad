"""`comity serve` and `comity worker`, and the web process that only a supervisor starts."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from comity.cli.options import Command
from comity.cli.session import Session, pass_session
from comity.core.settings import Secret

if TYPE_CHECKING:
    from comity.core.listening import Listener
    from comity.core.settings import Settings


_migrate = click.option(
    "--migrate/--no-migrate",
    default=True,
    help="Bring the schema up to date first (default), or refuse to run on an older one.",
)


@click.command(cls=Command)
@click.option("--host", metavar="ADDRESS", help="Address to listen on [COMITY_HOST, 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any [COMITY_PORT, 8080].")
@click.option(
    "--tls", is_flag=True, help="Serve HTTPS, with a certificate of the local authority (DATA/ca.pem) [COMITY_TLS]."
)
@_migrate
@pass_session
def serve(session: Session, host: str | None, port: int | None, tls: bool, migrate: bool) -> int:
    """Run the service: a web process and a worker, until SIGTERM.

    Prints the address when it answers. What is in work finishes within COMITY_DRAIN_S when it is
    told to stop.
    """
    from comity.core.listening import listen

    settings = with_certificate(session.settings, tls=tls, host=host)
    listener = listen(host or settings.host, settings.port if port is None else port, tls=settings.serves_https)

    def announce() -> None:
        click.echo(listener.url)
        sys.stdout.flush()

    return supervise(session, settings, listener, migrate=migrate, announce=announce)


def with_certificate(settings: Settings, *, tls: bool, host: str | None = None) -> Settings:
    """The settings with a certificate to serve HTTPS with, where that is asked for; our own if none is given.

    Raises:
        AuthorityUnusable.
    """
    from urllib.parse import urlsplit

    from comity.core.clock import MachineClock
    from comity.core.local_authority import certify

    if not tls and not settings.serves_https:
        return settings
    if settings.tls_certificate_file is not None:
        return replace(settings, tls=True)
    names = (host or settings.host, urlsplit(settings.origin or "").hostname or "")
    return replace(
        settings,
        tls=True,
        tls_certificate_file=certify(settings.data, names, now=MachineClock().now()),
        tls_key_file=None,
    )


def supervise(
    session: Session, settings: Settings, listener: Listener, *, migrate: bool, announce: Callable[[], None]
) -> int:
    """Keep the web process and the worker running until told to stop; return the exit code."""
    from comity.cli.supervisor import Child, Supervisor, python

    listener.socket.set_inheritable(True)
    number = str(listener.socket.fileno())
    flag = "--migrate" if migrate else "--no-migrate"
    return Supervisor(
        [
            Child("web", lambda line: python("web", "--listener", number, "--supervisor", str(line), flag)),
            Child("worker", lambda line: python("worker", "--supervisor", str(line), flag)),
        ],
        child_environment(session, settings),
        drain_s=settings.drain_s,
        on_ready=announce,
        tell=lambda text: click.echo(text, err=True),
    ).run()


@click.command(cls=Command)
@click.option("--supervisor", type=int, hidden=True, help="The line to the supervisor.")
@_migrate
@pass_session
async def worker(session: Session, supervisor: int | None, migrate: bool) -> None:
    """Run background work alone, until SIGTERM: drains, schedules, sweeps."""
    session.log_to_stderr()
    await session.wiring.run_worker(session.settings, may_migrate=migrate, supervisor=supervisor)


@click.command(cls=Command, hidden=True)
@click.option("--listener", type=int, required=True, help="The socket to serve on.")
@click.option("--supervisor", type=int, required=True, help="The line to the supervisor.")
@_migrate
@pass_session
def web(session: Session, listener: int, supervisor: int, migrate: bool) -> None:
    """Be the web process of `comity serve`."""
    session.log_to_stderr()
    session.wiring.run_web(session.settings, listener=listener, may_migrate=migrate, supervisor=supervisor)


def child_environment(session: Session, settings: Settings) -> dict[str, str]:
    """The environment with the settings as they stand, which the command line may have changed."""
    environment = {name: text for name, text in session.environment.items() if not name.startswith("COMITY_")}
    for each in fields(settings):
        value = getattr(settings, each.name)
        if isinstance(value, Secret):
            value = value.value
        if isinstance(value, Path):
            value = value.absolute()
        if value is not None:
            environment[f"COMITY_{each.name.upper()}"] = str(value)
    if session.options.verbose:
        environment["COMITY_LOG_LEVEL"] = "debug"
    return environment
