"""`comity serve` and `comity worker`, and the web process that only a supervisor starts."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from comity.cli.options import Command
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.core.settings import Settings


_migrate = click.option(
    "--migrate/--no-migrate",
    default=True,
    help="Bring the schema up to date first (default), or refuse to run on an older one.",
)


@click.command(cls=Command)
@click.option("--host", metavar="ADDRESS", help="Address to listen on [COMITY_HOST, 127.0.0.1].")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any [COMITY_PORT, 8080].")
@_migrate
@pass_session
def serve(session: Session, host: str | None, port: int | None, migrate: bool) -> int:
    """Run the service: a web process and a worker, until SIGTERM.

    Prints the address when it answers. What is in work finishes within COMITY_DRAIN_S when it is
    told to stop.
    """
    from comity.cli.supervisor import Child, Supervisor, python
    from comity.core.listening import listen

    settings = session.settings
    listener = listen(host or settings.host, settings.port if port is None else port)
    listener.socket.set_inheritable(True)
    flag = "--migrate" if migrate else "--no-migrate"
    number = str(listener.socket.fileno())

    def announce() -> None:
        click.echo(listener.url)
        sys.stdout.flush()

    return Supervisor(
        [
            Child("web", lambda line: python("web", "--listener", number, "--supervisor", str(line), flag)),
            Child("worker", lambda line: python("worker", "--supervisor", str(line), flag)),
        ],
        {**session.environment, **child_environment(session, settings)},
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
    """Settings that the command line has changed, as a child reads them."""
    changed = {"COMITY_DATA": str(settings.data.absolute())}
    if session.options.verbose:
        changed["COMITY_LOG_LEVEL"] = "debug"
    return changed
