"""`comity clock`: the business clock of a lab, which can be moved; the machine's never moves."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import click

from comity.cli.options import Command, Group
from comity.cli.session import Session, pass_session

if TYPE_CHECKING:
    from comity.cli.session import Installation

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([wdhms])")
_SECONDS: Final = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}


class Span(click.ParamType[timedelta]):
    """A length of time such as 30d, 1d12h or -90m."""

    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Read it; units are w, d, h, m and s."""
        if isinstance(value, timedelta):
            return value
        text = str(value).strip().lower()
        unsigned = text.lstrip("+-")
        if not unsigned or _PART.sub("", unsigned).strip():
            self.fail(f"{value!r} is no length of time; write for example 30d, 1d12h or -90m.", param, ctx)
        seconds = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(unsigned))
        try:
            return timedelta(seconds=-seconds if text.startswith("-") else seconds)
        except OverflowError:
            self.fail(f"{value!r} is longer than time itself.", param, ctx)


class Instant(click.ParamType[datetime]):
    """An instant such as 2027-01-31T09:00Z; without a zone, UTC."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read it (ISO 8601)."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no instant; write for example 2027-01-31T09:00Z.", param, ctx)
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class _BackwardsToo(Command):
    """Takes -90m as a length of time, not as options named 9, 0 and m."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put what begins with a minus and a digit behind the options."""
        spans = [each for each in args if re.match(r"-\d", each)]
        rest = [each for each in args if each not in spans]
        return super().parse_args(ctx, [*rest, "--", *spans] if spans else rest)


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def clock(context: click.Context) -> Any:
    """Show and move the lab's clock: schedules, retention and dates follow it, tokens do not."""
    if context.invoked_subcommand is None:
        return context.invoke(show)
    return None


@clock.command()
@pass_session
async def show(session: Session) -> None:
    """Show what time it is here, and by how much that is moved."""
    async with session.open() as comity:
        _show(session, comity)


@clock.command(cls=_BackwardsToo)
@click.argument("by", type=Span(), required=False)
@click.option("--to", type=Instant(), help="Move to an instant, such as 2027-01-31T09:00Z.")
@pass_session
async def move(session: Session, by: timedelta | None, to: datetime | None) -> None:
    """Move the clock by a length of time (30d, 1d12h, -90m), or to an instant."""
    if (by is None) == (to is None):
        raise click.UsageError("Say either by how much to move the clock, or --to when.")
    async with session.open() as comity:
        offset = comity.clock.offset + by if by is not None else None
        if to is not None:
            offset = to - comity.machine.now()
        assert offset is not None
        await _move(session, comity, offset)


@clock.command()
@pass_session
async def reset(session: Session) -> None:
    """Let the clock go with the machine's again."""
    async with session.open() as comity:
        await _move(session, comity, timedelta(0))


async def _move(session: Session, comity: Installation, offset: timedelta) -> None:
    from comity.tenancy.installation import move_clock

    caller = await session.operator(comity)
    comity.clock.offset = (await move_clock(comity.db, caller, offset)).clock_offset
    _show(session, comity)


def _show(session: Session, comity: Installation) -> None:
    seconds = comity.clock.offset.total_seconds()
    now = comity.clock.now()
    session.out.show(
        {"now": now.isoformat(timespec="seconds"), "offset_s": seconds},
        {"now": f"{now:%Y-%m-%d %H:%M:%S} UTC", "moved by": f"{comity.clock.offset}" if seconds else "nothing"},
    )
