"""A shell for tests: cmdlets in, JSON out, without the command line around them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from comity.cli.cmdlets.errors import Located, identifier
from comity.cli.cmdlets.execution import Execution
from comity.cli.cmdlets.script import check, run
from comity.cli.cmdlets.shown import as_json, as_screen
from comity.core.caller import Caller
from comity.tenancy.model import Tenant
from tests.support.world import Org


@dataclass
class Shell:
    """Somebody at a prompt, connected to a tenant."""

    org: Org
    caller: Caller
    asked: list[str] = field(default_factory=list)
    agrees: Callable[[str], bool] = lambda _question: True
    done: list[str] = field(default_factory=list)
    screen: str = ""
    passed: list[str] = field(default_factory=list)

    async def __call__(self, text: str) -> list[Any]:
        """What the cmdlets return, as `--output json` prints it.

        Raises:
            Located.
        """
        checked = await check(text, connected=True)
        execution = Execution(self.org.db, self, self._ask, tenant=self.org.tenant, caller=self.caller)
        outcome = await run(checked, execution)
        self.done = [f"{at.line} {name}" for at, name in execution.done]
        self.screen = as_screen(outcome.results)
        self.passed = [f"{identifier(each.error)} {each.at.line}:{each.at.column}" for each in execution.passed]
        if outcome.fault is not None:
            raise outcome.fault
        return [as_json(each) for each in outcome.results]

    async def fails(self, text: str) -> str:
        """The id of what goes wrong, and where: `PolicyNotFound 1:28`."""
        try:
            await self(text)
        except Located as fault:
            return f"{identifier(fault.error)} {fault.at.line}:{fault.at.column}"
        raise AssertionError(f"nothing went wrong: {text}")

    async def connect(self, text: str | None) -> tuple[Tenant, Caller]:
        """The one tenant there is."""
        assert text in (None, self.org.domain)
        return self.org.tenant, self.caller

    def _ask(self, question: str) -> bool:
        self.asked.append(question)
        return self.agrees(question)
