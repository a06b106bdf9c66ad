"""The scripts of docs/how-to/cmdlets.md, run as they stand there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from comity.access.model import Person, Purpose
from comity.access.service import decide_pair
from comity.insight.model import Audience, Reach
from comity.insight.who_can import open_report, stream_report
from tests.cli.cmdlets.shell import Shell
from tests.support.personal import make_personal

PAGE: Final = Path(__file__).parents[3] / "docs" / "how-to" / "cmdlets.md"
SCRIPTS: Final = re.findall(r"^```powershell\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
NAMES: Final = ("bob", "barbara", "bea")


async def who_can(shell: Shell, audience: Audience) -> list[str]:
    """Who of the tenant is in that report, by first name."""
    async with shell.org.db.tenant(shell.org.id) as tx:
        report = await open_report(tx, shell.caller, audience)
        found = [
            each.display_name
            async for page in stream_report(tx, report)
            for each in page
            if each.verdict.reach is not Reach.NOBODY
        ]
    return sorted(each.lower() for each in found)


async def decided(shell: Shell, dana: Person, *, outbound: bool) -> list[str]:
    """The same by asking about each person and Dana, who has a personal account."""
    found = []
    for name in NAMES:
        work = Person(shell.org.id, shell.org.people[name].id)
        actor, target = (work, dana) if outbound else (dana, work)
        async with shell.org.db.tenant(shell.org.id) as tx:
            decision = await decide_pair(tx, shell.caller, actor=actor, target=target, purpose=Purpose.START)
        if decision.allowed:
            found.append(name)
    return sorted(found)


async def test_the_three_scripts_of_the_how_to(shell, db):
    """After each, the report and the single decisions name the same people."""
    for name in NAMES:
        await shell.org.add_person(name)
    dana = (await make_personal(db, "dana")).person
    everybody = sorted(NAMES)
    outward, two_people, back, rehearsed = (each.replace("birch.example", shell.org.domain) for each in SCRIPTS)

    async def holds(*, outbound: list[str], inbound: list[str]) -> None:
        assert await who_can(shell, Audience.OUTBOUND) == await decided(shell, dana, outbound=True) == outbound
        assert await who_can(shell, Audience.INBOUND) == await decided(shell, dana, outbound=False) == inbound

    await holds(outbound=everybody, inbound=everybody)

    before, after = await shell(outward)
    assert before == {"AllowTeamsConsumer": True, "AllowTeamsConsumerInbound": True}
    assert after == {"AllowTeamsConsumer": True, "AllowTeamsConsumerInbound": False}
    await holds(outbound=everybody, inbound=[])

    made, *granted = await shell(two_people)
    assert made["Identity"] == "Tag:AllowConsumer"
    assert sorted(each["UserPrincipalName"].partition("@")[0] for each in granted) == ["barbara", "bob"]
    await holds(outbound=["barbara", "bob"], inbound=[])

    told = await shell(rehearsed)
    assert [each["Target"] for each in told] == ["Global", "Tag:AllowConsumer"]

    await shell(back)
    assert [each["Identity"] for each in await shell("Get-CsExternalAccessPolicy")] == ["Global"]
    await holds(outbound=everybody, inbound=[])
