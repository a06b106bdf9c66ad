"""One call of the command line: what was asked for, who asks, and the way to the installation."""

from __future__ import annotations

import getpass
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Protocol

import click

from comity.cli.options import Options

if TYPE_CHECKING:
    from comity.cli.output import Output
    from comity.core.caller import Caller
    from comity.core.clock import BusinessClock, MachineClock
    from comity.core.ids import TenantId
    from comity.core.settings import Settings
    from comity.db.database import Database


LOG_FILE: Final = "comity.log"
"""In the data directory: what commands log. The service logs to standard error."""


class Installation(Protocol):
    """An opened installation, as `app` wires it."""

    @property
    def settings(self) -> Settings:
        """What it was opened with."""
        ...

    @property
    def clock(self) -> BusinessClock:
        """The clock that dates things."""
        ...

    @property
    def machine(self) -> MachineClock:
        """The clock that never moves."""
        ...

    @property
    def db(self) -> Database:
        """Its database."""
        ...

    async def refresh_clock(self) -> None:
        """Read the business clock's offset again."""
        ...


class Wiring(Protocol):
    """What `app` lends to the command line, which stands below it."""

    def open(self, settings: Settings) -> AbstractAsyncContextManager[Installation]:
        """Open the installation for one command; the schema is brought up to date if it is our own server."""
        ...

    def run_web(self, settings: Settings, *, listener: int, may_migrate: bool, supervisor: int) -> None:
        """Be the web process of a supervisor: serve on an inherited socket until told to stop."""
        ...

    async def run_worker(self, settings: Settings, *, may_migrate: bool, supervisor: int | None) -> None:
        """Do background work until told to stop."""
        ...


@dataclass
class Session:
    """One call; made by `app`, handed to each command by `pass_session`."""

    wiring: Wiring
    environment: Mapping[str, str]
    options: Options = field(default_factory=Options)
    logging: bool = False

    @property
    def settings(self) -> Settings:
        """Settings from the environment; the command line wins.

        Raises:
            SettingInvalid.
        """
        from comity.core.settings import read_settings

        return read_settings(self.environment, data=self.options.data)

    @property
    def out(self) -> Output:
        """Where answers go."""
        from comity.cli.output import Output

        return Output(self.options.output, quiet=self.options.quiet)

    def log_to_stderr(self) -> None:
        """As a service does: what happens, for whoever collects it."""
        from comity.core import logs

        logs.configure(self.settings.log_level)
        self.logging = True

    def log_to_file(self) -> None:
        """As a command does: warnings and bugs, beside the data; with --verbose everything, to standard error."""
        from comity.core import logs

        if self.logging:
            return
        if self.options.verbose:
            logs.configure("debug")
        else:
            logs.configure("warning", file=self.settings.data / LOG_FILE)
        self.logging = True

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Installation]:
        """The installation, for as long as the command needs it."""
        self.log_to_file()
        async with self.wiring.open(self.settings) as installation:
            yield installation

    async def caller(self, installation: Installation, tenant_id: TenantId) -> Caller:
        """Who acts in a tenant: the operator, or whom `--as` names, with that person's rights.

        Raises:
            UsageError: the person is nobody's, or of another tenant.
        """
        from comity.core.caller import Caller

        if self.options.as_user is None:
            return Caller.operator(operator_name(), tenant_id=tenant_id, reason=self.options.reason)
        person = await self.person(installation)
        if person.tenant_id != tenant_id:
            raise click.UsageError(f"{self.options.as_user} is of another tenant; name somebody of this one.")
        return person

    async def operator(self, installation: Installation) -> Caller:
        """Who acts on the whole installation: the operator; a person whom `--as` names may not, and is told so."""
        from comity.core.caller import Caller
        from comity.core.ids import PERSONAL_REALM

        if self.options.as_user is not None:
            return await self.person(installation)
        return Caller.operator(operator_name(), tenant_id=PERSONAL_REALM, reason=self.options.reason)

    async def person(self, installation: Installation) -> Caller:
        """Whom `--as` names, in the tenant that is her home.

        Raises:
            UsageError: the option is missing, or names nobody.
        """
        from comity.cli.names import find_person, rights_of

        if self.options.as_user is None:
            raise click.UsageError("Say who is asking, with --as USER.")
        user = await find_person(installation.db, self.options.as_user)
        return replace(await rights_of(installation.db, user), reason=self.options.reason)

    @property
    def can_ask(self) -> bool:
        """Is there a terminal, or was everything agreed to with `--yes`?"""
        return self.options.yes or (sys.stdin.isatty() and sys.stderr.isatty())

    def agrees(self, question: str) -> bool:
        """Ask on a terminal; elsewhere `--yes` has to be said.

        Raises:
            UsageError: there is nobody to ask.
        """
        if self.options.yes:
            return True
        if not self.can_ask:
            raise click.UsageError(f"{question} Say --yes, because there is no terminal to ask on.")
        return click.confirm(question, err=True)


pass_session = click.make_pass_decorator(Session)


def operator_name() -> str:
    """The operating system's name for whoever sits at the keyboard."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        import os

        return f"uid {os.getuid()}"
