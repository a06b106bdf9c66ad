"""`comity cmdlet` as it is called: exit codes, streams, files."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from comity.app import main
from tests.cli.cmdlets.test_scripts import SCRIPTS

SHOW = "Get-CsTenantFederationConfiguration | Select-Object AllowTeamsConsumer"


@dataclass(frozen=True)
class Ended:
    """How a call ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Awaitable[Ended]]


@pytest.fixture
def call(database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """The command line, in this process."""
    environment = {"COMITY_DATABASE_URL": database_url, "COMITY_DATA": str(tmp_path / "data")}

    async def run(*arguments: str, command: Sequence[str] = ("cmdlet",)) -> Ended:
        capsys.readouterr()
        code = await asyncio.to_thread(main, [*command, *arguments], environment)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Ended(code, printed.out, printed.err)

    return run


async def test_json_is_one_array(call, contoso):
    """With --output json, standard output holds one value and nothing else."""
    ended = await call(f"{SHOW}; {SHOW}", "--tenant", contoso.domain, "--output", "json")

    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == [{"AllowTeamsConsumer": True}] * 2
    assert ended.out.count("\n") == 1


async def test_nothing_returned_is_an_empty_array(call, contoso):
    """`Set-` returns nothing; a screen stays empty, a program gets an array."""
    change = "Set-CsTenantFederationConfiguration -AllowTeamsConsumer $false"

    assert (await call(change, "--tenant", contoso.domain, "--output", "json")).out == "[]\n"
    assert (await call(change, "--tenant", contoso.domain)).out == ""


async def test_a_screen_shows_lists_and_tables(call, contoso):
    """As PowerShell would lay them out."""
    listed = await call("Get-CsExternalAccessPolicy | fl Identity, EnableXmppAccess", "--tenant", contoso.domain)
    table = await call("Get-CsExternalAccessPolicy | ft Identity, EnableXmppAccess", "--tenant", contoso.domain)

    assert listed.out == "Identity         : Global\nEnableXmppAccess : False\n"
    assert table.out == "Identity EnableXmppAccess\n-------- ----------------\nGlobal   False\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
async def test_a_file_is_read_as_editors_save_it(call, contoso, tmp_path, encoding):
    """PowerShell's own editor writes UTF-16 or a byte order mark, and CR LF."""
    script = tmp_path / "script.ps1"
    script.write_bytes(f"# für Köln\r\n{SHOW}\r\n".encode(encoding))

    ended = await call("--file", str(script), "--tenant", contoso.domain, "--output", "json")

    assert json.loads(ended.out) == [{"AllowTeamsConsumer": True}]


async def test_a_script_may_be_piped_in(call, contoso, monkeypatch):
    """`--file -`."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SHOW.encode())))

    assert (await call("--file", "-", "--tenant", contoso.domain)).out == "AllowTeamsConsumer : True\n"


async def test_what_cannot_be_read_is_wrong_usage(call, contoso):
    """Exit code 2, line and column, nothing done."""
    ended = await call("New-CsExternalAccessPolicy A\nGet-CsNothing", "--tenant", contoso.domain)
    left = await call("Get-CsExternalAccessPolicy | select Identity", "--tenant", contoso.domain, "--output", "json")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "Error: Line 2, column 1: There is no cmdlet Get-CsNothing here; see the list of cmdlets. [cmdlet-unknown]\n"
        "Nothing was changed.\n"
    )
    assert json.loads(left.out) == [{"Identity": "Global"}]


async def test_what_a_rule_refuses_is_a_failure(call, contoso):
    """Exit code 1 and the id of external-access §17, whether found beforehand or by the tenant."""
    early = await call("Set-CsTenantFederationConfiguration -AllowedDomains a.example", "--tenant", contoso.domain)
    late = await call("Set-CsExternalAccessPolicy -Identity A -EnableXmppAccess $true", "--tenant", contoso.domain)

    assert (early.code, late.code) == (1, 1)
    assert "Line 1, column 53: " in early.err
    assert early.err.splitlines()[0].endswith("[StringNotAccepted]")
    assert "Line 1, column 38: " in late.err
    assert late.err.splitlines()[0].endswith("[PolicyNotFound]")


async def test_a_failure_says_what_was_done_before(call, contoso):
    """And what was returned before it is printed."""
    ended = await call(
        "New-CsExternalAccessPolicy A | select Identity\n\nNew-CsExternalAccessPolicy A\nNew-CsExternalAccessPolicy B",
        "--tenant", contoso.domain, "--output", "json",
    )  # fmt: skip

    assert ended.code == 1
    assert json.loads(ended.out) == [{"Identity": "Tag:A"}]
    assert "Line 3, column 28: " in ended.err
    assert "Done before it, and kept: line 1 New-CsExternalAccessPolicy." in ended.err


async def test_a_script_may_connect_itself(call, contoso, fabrikam):
    """Without --tenant it has to; the operator may go from tenant to tenant."""
    text = "; ".join(f"$null = Connect-MicrosoftTeams -TenantId {each.domain}; {SHOW}" for each in (contoso, fabrikam))

    assert len(json.loads((await call(text, "--output", "json")).out)) == 2
    assert (await call(SHOW)).code == 2
    assert (await call("Connect-MicrosoftTeams")).code == 2
    assert (await call("Connect-MicrosoftTeams -TenantId nobody.example")).code == 1


async def test_a_person_stays_in_her_tenant(call, contoso, fabrikam):
    """`--as` acts with that person's rights, and nowhere else."""
    annie = await contoso.add_person("annie")

    refused = await call(SHOW, "--tenant", contoso.domain, "--as", annie.user_principal_name)
    elsewhere = await call(
        f"Connect-MicrosoftTeams -TenantId {fabrikam.domain}", "--tenant", contoso.domain,
        "--as", annie.user_principal_name,
    )  # fmt: skip

    assert refused.code == 1
    assert "[NotAuthorized]" in refused.err
    assert elsewhere.code == 2


async def test_nobody_is_asked_without_a_terminal(call, contoso):
    """It is said before the first cmdlet runs, not half-way; --yes answers."""
    text = "New-CsExternalAccessPolicy A\nGrant-CsExternalAccessPolicy -PolicyName A"

    ended = await call(text, "--tenant", contoso.domain)
    agreed = await call(text, "--tenant", contoso.domain, "--yes")

    assert ended.code == 2
    assert "Line 2 asks before it changes anything" in ended.err
    assert agreed.code == 0


async def test_a_batch_is_carried_out(call, contoso):
    """The command does not leave it to a worker that may not be there."""
    annie = await contoso.add_person("annie")
    await call("New-CsExternalAccessPolicy P", "--tenant", contoso.domain)
    started = await call(
        "New-CsBatchPolicyAssignmentOperation -PolicyType ExternalAccessPolicy -PolicyName P "
        f"-Identity {annie.user_principal_name}, nobody@a.example",
        "--tenant", contoso.domain, "--output", "json",
    )  # fmt: skip
    found = await call(
        f"Get-CsBatchPolicyAssignmentOperation {json.loads(started.out)[0]['OperationId']} | "
        "select OverallStatus, CompletedCount, ErrorCount",
        "--tenant", contoso.domain, "--output", "json",
    )  # fmt: skip

    assert json.loads(found.out) == [{"OverallStatus": "Completed", "CompletedCount": 2, "ErrorCount": 1}]


async def test_who_can_shows_what_a_script_did(call, contoso, tmp_path):
    """The second script of the how-to: exactly these two may write first, and nobody may write to anybody."""
    for name in ("bob", "barbara", "bea"):
        await contoso.add_person(name)
    script = tmp_path / "script.ps1"
    script.write_text(SCRIPTS[1].replace("birch.example", contoso.domain))
    there = ("--tenant", contoso.domain, "--output", "json")

    ran = await call("--file", str(script), *there, "--reason", "two people")
    outbound = await call(*there, command=("access", "who-can"))
    inbound = await call("--inbound", *there, command=("access", "who-can"))

    assert ran.code == 0
    assert [each["displayName"] for each in json.loads(outbound.out)] == ["Barbara", "Bob"]
    assert [each["displayName"] for each in json.loads(inbound.out)] == []


async def test_the_options_make_sense_together(call, contoso, tmp_path):
    """A text or a file, and one that can be read."""
    (tmp_path / "noise.ps1").write_bytes(b"\xff\xfe\x00")

    assert (await call("--tenant", contoso.domain)).code == 2
    assert (await call(SHOW, "--file", "x.ps1", "--tenant", contoso.domain)).code == 2
    assert (await call("--file", str(tmp_path / "none.ps1"), "--tenant", contoso.domain)).code == 2
    assert (await call("--file", str(tmp_path / "noise.ps1"), "--tenant", contoso.domain)).code == 2
    assert (await call("", "--tenant", contoso.domain)).code == 0


async def test_what_follows_a_failure_is_said_beforehand(call, contoso):
    """Told and gone on with the exit code of a failure; silently without one; what is not followed is noted."""
    where = ("--tenant", contoso.domain)
    going_on = "Get-CsExternalAccessPolicy Gone -ErrorAction {}\nGet-CsExternalAccessPolicy Global"
    told = await call(going_on.format("Continue"), "--output", "json", *where)
    silent = await call(going_on.format("SilentlyContinue"), "--output", "json", *where)
    noted = await call("Get-CsOnlineUser -ErrorAction Inquire", *where)

    assert (told.code, silent.code, noted.code) == (1, 0, 0)
    assert [each["Identity"] for each in json.loads(told.out)] == ["Global"]
    assert told.out == silent.out
    assert "Line 1, column 28: There is no external access policy Gone" in told.err
    assert "went on" in told.err
    assert silent.err == ""
    assert "Line 1: that -ErrorAction is not followed" in noted.err
