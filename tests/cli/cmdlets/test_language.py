"""The language: what it reads, where it finds fault, what its values are. No tenant is needed."""

from __future__ import annotations

import pytest

from comity.cli.cmdlets.errors import Located, identifier
from comity.cli.cmdlets.evaluate import Walk
from comity.cli.cmdlets.execution import Rehearsal
from comity.cli.cmdlets.library import ALL, BY_NAME
from comity.cli.cmdlets.parse import NESTING_MAX, SCRIPT_CHARACTERS_MAX, parse_script
from comity.cli.cmdlets.script import check
from comity.cli.cmdlets.shown import as_json


async def results(text: str) -> list[object]:
    """What a text returns that needs no tenant."""
    walk = Walk(Rehearsal(connected=True, default=True), BY_NAME)
    await walk.through(parse_script(text))
    return [as_json(each) for each in walk.results]


async def fault(text: str, *, connected: bool = True) -> str:
    """The id of what is wrong with a text, and where: `script-unreadable 1:5`."""
    try:
        await check(text, connected=connected)
    except Located as found:
        return f"{identifier(found.error)} {found.at.line}:{found.at.column}"
    raise AssertionError(f"nothing is wrong with: {text}")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        ('"a ""b"" `$c `"d`" `` e`tf"', 'a "b" $c "d" ` e\tf'),
        ("“typographic”", "typographic"),
        ("‘single’", "single"),
        ("'a $x'", "a $x"),
        ('$x = "b"; "a $x ${x}c $x.d"', "a b bc b.d"),
        ("$x = 'a', 'b'; \"$x ($($x.Count))\"", "a b (2)"),
        ('"$true$null"', "True"),
        ("42", 42),
        ("-7", -7),
        ("$X = 'any case'; $x", "any case"),
        ("$x = 'a'; $x += 'b'; $x", "ab"),
        ("$x = 1; $x += 2; $x", 3),
        ("('a')", "a"),
        ("(New-CsEdgeDomainPattern -Domain A.example.).Domain", "a.example"),
        ("(new-csedgedomainpattern -dom a.example).domain", "a.example"),
        ("$p = New-CsEdgeDomainPattern a.example; $p.Domain = 'b.example'; \"$p\"", "b.example"),
        ("$h = @{One = 'a'; 'Two' = 5}; $h.two", 5),
    ],
)
async def test_values(text, value):
    """As PowerShell reads them."""
    assert await results(text) == [value]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", []),
        ("\ufeff# only a comment\r\n<# and\r\nanother #>\r\n", []),
        ("'a', 'b'", ["a", "b"]),
        ("@('a'\n'b', 'c'; 'd')", ["a", "b", "c", "d"]),
        ("@(\n  'a',  # first\n  'b'\n)", ["a", "b"]),
        ("$x = @('a'); $x.Count; @().Count", [1, 0]),
        ("'a' # b\n'c';;'d'", ["a", "c", "d"]),
        ("$null; $true", [True]),
        ("$null = 'a'", []),
        ("'b', 'a' | Select-Object -First 1", ["b"]),
        (
            "New-CsEdgeDomainPattern `\n  -Domain `\r\n  a.example |\n  Format-List -Property `\n    *",
            [{"Domain": "a.example"}],
        ),
        ("$l = New-Object System.Collections.Generic.List[string]\n$l.Add('a')\n$l.add('b'); $l", ["a", "b"]),
        ("$x = 'a', 'b'; $x += 'c'; $x", ["a", "b", "c"]),
        ("New-CsEdgeAllowAllKnownDomains", [{"mode": "AllowAllKnownDomains"}]),
        ("New-CsEdgeAllowList -AllowedDomain $null", [{"mode": "AllowList", "domains": []}]),
    ],
)
async def test_statements(text, values):
    """Line ends, semicolons, comments, the pipe, lists."""
    assert await results(text) == values


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ("{$_.Domain -eq 'A.EXAMPLE'}", "a"),
        ("{$_.Domain -ne 'a.example'}", "b"),
        ("{$_.Domain -like 'a*'}", "a"),
        ("{ $_.Domain -notlike '*example' }", ""),
        ("{$_.Domain -in 'b.example', 'c.example'}", "b"),
        ("{$list -contains $_.Domain}", "b"),
        ("{$_.Domain -gt 'a.example'}", "b"),
        ("{-not ($_.Domain -le 'a.example')}", "b"),
        ("{$_.Domain -eq 'a.example' -or $_.Domain -eq 'b.example' -and $_.Domain -eq 'c.example'}", ""),
        ("{$_.Domain -eq 'a.example' -or ($_.Domain -eq 'b.example' -and $_.Domain -eq 'c.example')}", "a"),
        ("{!$_.Domain}", ""),
        ("{$_.Domain\n -and $true}", "ab"),
        ("Domain -eq 'b.example'", "b"),
        ("Domain", "ab"),
        ("Domain -Like b*", "b"),
    ],
)
async def test_conditions(condition, left):
    """Without case; `-and` and `-or` bind equally, from left to right (about_Operator_Precedence)."""
    text = "$list = @('b.example'); New-CsEdgeDomainPattern a.example, b.example"
    domains = "$a = New-CsEdgeDomainPattern a.example; $b = New-CsEdgeDomainPattern b.example; $a, $b"
    found = await results(
        f"{text.split(';', maxsplit=1)[0]}; {domains} | Where-Object {condition} | select -exp Domain"
    )

    assert "".join(str(each)[0] for each in found) == left


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("Get-CsNothing", "cmdlet-unknown 1:1"),
        ("'a' |\n  Get-CsNothing", "cmdlet-unknown 2:3"),
        ("foreach ($x in $y) { }", "script-word-reserved 1:1"),
        ("$x = if ($true) { 1 }", "script-word-reserved 1:6"),
        ("[string]$x = 'a'", "script-unreadable 1:1"),
        ("$x[0]", "script-blank-missing 1:3"),
        ("Get-CsOnlineUser > out.txt", "script-unreadable 1:18"),
        ("Get-CsOnlineUser 2>&1", "script-unreadable 1:19"),
        ("& 'Get-CsOnlineUser'", "script-unreadable 1:1"),
        ("Get-CsOnlineUser | | Format-List", "script-unreadable 1:20"),
        ("Get-CsOnlineUser )", "script-unreadable 1:18"),
        ("Get-CsOnlineUser (", "script-ends-early 1:19"),
        ("Get-CsOnlineUser |", "script-ends-early 1:19"),
        ("'a\nb", "script-string-open 1:1"),
        ('Get-CsOnlineUser "a', "script-string-open 1:18"),
        ("Get-CsOnlineUser ` -Identity a", "script-backtick 1:18"),
        ("Get-CsOnlineUser a'b'", "script-blank-missing 1:19"),
        ("\n\n  \x00", "script-unreadable 3:3"),
        ("'x'.Length", "script-unreadable 1:4"),
        ("$x = 'a'; $x.Replace('a', 'b')", "property-absent 1:13"),
        ("$x = 'a'; Get-CsOnlineUser $x.Trim()", "script-unreadable 1:30"),
        ('"a\n $env:USER"', "script-expansion-unknown 2:2"),
        ('"$(Get-CsOnlineUser)"', "script-expansion-unknown 1:2"),
        ("$nothing", "variable-unset 1:1"),
        ('"a $nothing"', "variable-unset 1:1"),
        ("$true = $false", "variable-fixed 1:1"),
        ("$_", "variable-unset 1:1"),
        ("Get-CsOnlineUser -Nothing", "parameter-unknown 1:18"),
        ("Get-CsOnlineUser -Identity a -Identity b", "parameter-repeated 1:40"),
        ("Get-CsOnlineUser a b", "value-unplaced 1:20"),
        ("Get-CsOnlineUser -Identity", "parameter-value-missing 1:18"),
        ("Get-CsOnlineUser -Identity $null", "value-mistyped 1:28"),
        ("Get-CsOnlineUser -Identity @{a='b'}", "value-mistyped 1:28"),
        ("Get-CsOnlineUser -ResultSize lots", "value-mistyped 1:30"),
        ("Get-CsOnlineUser -ResultSize -1", "value-mistyped 1:1"),
        ("Get-CsOnlineUser -Filter 'Nothing -eq 1'", "property-absent 1:1"),
        ("Get-CsOnlineUser -Filter 'Enabled -eq'", "script-ends-early 1:26"),
        ("Get-CsOnlineUser -Filter {Nothing -eq 1}", "property-absent 1:27"),
        ("Get-CsOnlineUser -Filter {$_.Enabled}", "variable-unset 1:27"),
        ("Get-CsOnlineUser -Identity a -Filter {Enabled}", "ConflictingParameters 1:38"),
        ("Get-CsOnlineUser | Where-Object {Enabled -eq $true}", "script-unreadable 1:34"),
        ("Get-CsOnlineUser | Where-Object", "parameter-needed 1:20"),
        ("Get-CsOnlineUser | Select-Object Nothing", "property-absent 1:20"),
        ("Get-CsOnlineUser | Format-Table | Format-List", "pipe-ended 1:20"),
        ("(Get-CsOnlineUser).Nothing", "property-absent 1:1"),
        ("'a' | Get-CsTenantFederationConfiguration", "pipe-refused 1:7"),
        ("Get-CsOnlineUser | Set-CsTenantFederationConfiguration", "pipe-refused 1:20"),
        ("Get-CsExternalAccessPolicy | Set-CsExternalAccessPolicy -Identity a", "parameter-repeated 1:67"),
        ("Disconnect-MicrosoftTeams; Get-CsOnlineUser", "not-connected 1:28"),
        ("New-Object Nothing", "InvalidEnumValue 1:12"),
        ("New-CsEdgeDomainPattern -Domain '*.a.example'", "InvalidDomain 1:33"),
        ("New-CsEdgeAllowList -AllowedDomain a.example", "StringNotAccepted 1:36"),
        ("Set-CsTenantFederationConfiguration -AllowTeams $true", "parameter-ambiguous 1:37"),
        ("Set-CsTenantFederationConfiguration -AllowedDomains a.example", "StringNotAccepted 1:53"),
        ("Set-CsTenantFederationConfiguration -AllowedDomains @('a.example')", "StringNotAccepted 1:53"),
        ("Set-CsTenantFederationConfiguration -BlockedDomains a.example", "StringNotAccepted 1:53"),
        ("$x = 'a.example'\nSet-CsTenantFederationConfiguration -BlockedDomains $x", "StringNotAccepted 2:53"),
        (
            "Set-CsTenantFederationConfiguration -AllowedDomainsAsAList a.example -AllowedDomains $null",
            "ConflictingParameters 1:60",
        ),
        ("Set-CsTenantFederationConfiguration -AllowPublicUsers $false", "ParameterRetired 1:37"),
        ("Set-CsTenantFederationConfiguration -Identity Tag:A", "InvalidIdentity 1:47"),
        ("Set-CsTenantFederationConfiguration -AllowFederatedUsers 'true'", "value-mistyped 1:58"),
        ("Set-CsTenantFederationConfiguration -ExternalAccessWithTrialTenants No", "InvalidEnumValue 1:69"),
        ("Set-CsTenantFederationConfiguration -BlockedDomains @{Plus='a.example'}", "property-value-invalid 1:53"),
        ("Set-CsTenantFederationConfiguration -BlockedDomains @{Add='a@example'}", "InvalidDomain 1:53"),
        ("Set-CsTenantFederationConfiguration -ApplyExternalAccessRestrictionsToChatMembership $true",
         "parameter-unknown 1:37"),
        ("$c = Get-CsTenantFederationConfiguration\n$c.AllowTeamsConsumer = 'no'", "value-mistyped 2:1"),
        ("$c = Get-CsTenantFederationConfiguration\nSet-CsExternalAccessPolicy -Instance $c", "value-mistyped 2:38"),
        ("New-CsExternalAccessPolicy Global", "GlobalImmutable 1:28"),
        ("New-CsExternalAccessPolicy site:A", "InvalidIdentity 1:28"),
        ("New-CsExternalAccessPolicy", "parameter-needed 1:1"),
        ("New-CsExternalAccessPolicy A -EnablePublicCloudAccess $true", "ParameterRetired 1:30"),
        ("Get-CsExternalAccessPolicy -Identity 'Tag:A*'", "InvalidIdentity 1:38"),
        ("Set-CsExternalAccessPolicy -CommunicationWithExternalOrgs BlockAllExternalDomains", "GlobalImmutable 1:59"),
        ("Set-CsExternalAccessPolicy A -CommunicationWithExternalOrgs Nobody", "InvalidEnumValue 1:61"),
        ("Grant-CsExternalAccessPolicy a P -Global", "ConflictingParameters 1:34"),
        ("Grant-CsExternalAccessPolicy -Group g -PolicyName P", "RankRequired 1:37"),
        ("Grant-CsExternalAccessPolicy -Identity a -PolicyName P -Rank 1", "parameter-needed 1:1"),
        ("New-CsGroupPolicyAssignment g TeamsMeetingPolicy P", "InvalidEnumValue 1:31"),
        (
            "New-CsBatchPolicyAssignmentOperation -PolicyType ExternalAccessPolicy -PolicyName P -Identity "
            + ",".join(map("u{}".format, range(5001))),
            "BatchTooLarge 1:1",
        ),
        ("Set-CsTeamsExternalAccessConfiguration -BlockedUsers " + ",".join(map("u{}@a.example".format, range(201))),
         "TooManyBlockedUsers 1:1"),
        ("Set-CsTenantFederationConfiguration -AllowedDomainsAsAList "
         + ",".join(map("d{}.example".format, range(4001))), "TooManyDomains 1:1"),
    ],
)  # fmt: skip
async def test_faults_are_found_before_anything_runs(text, where):
    """One error with line and column, and the id that external-access §17 gives it."""
    assert await fault(text) == where


async def test_without_a_tenant_nothing_needs_to_be_asked():
    """Values can be made anywhere; a tenant is needed to ask it something."""
    assert await fault("New-CsEdgeAllowAllKnownDomains\nGet-CsOnlineUser", connected=False) == "not-connected 2:1"
    assert await fault("Connect-MicrosoftTeams", connected=False) == "not-connected 1:1"
    connecting = "Connect-MicrosoftTeams -TenantId a.example; Get-CsOnlineUser"
    assert len((await check(connecting, connected=False)).script.statements) == 2


@pytest.mark.parametrize(
    "text",
    [
        "(" * (NESTING_MAX + 1),
        "Where-Object {" + "(" * 100_000,
        " " * (SCRIPT_CHARACTERS_MAX + 1),
        "$l = New-Object Collections.Generic.List[String]; $l.Add('a');" + "$l.Add($l);" * 60,
        "$x = 'a', 'b';" + "$x = $x, $x;" * 60,
        "$x = 'a';" + '$x = "$x$x";' * 60,
    ],
)
async def test_what_would_never_end_is_refused(text):
    """A line that doubles a list, sixty times over, would fill any memory."""
    assert (await fault(text)).startswith(("script-nested-too-deeply", "script-too-long"))


async def test_a_long_script_is_read():
    """4,000 domains in a list, and as many lines."""
    domains = ",\n".join(f"'d{number}.example'" for number in range(4000))
    text = f"$d = {domains}\nSet-CsTenantFederationConfiguration -BlockedDomains $d\n" + "$d.Count\n" * 4000

    assert (await check(text, connected=True)).script.statements


async def test_what_will_be_asked_is_known_beforehand():
    """So that a script without a terminal fails at once, and not half-way."""
    checked = await check(
        "Get-CsOnlineUser\nGrant-CsExternalAccessPolicy -PolicyName P\n"
        "Grant-CsExternalAccessPolicy -PolicyName P -Force\nRemove-CsExternalAccessPolicy P -Confirm\n"
        "Remove-CsExternalAccessPolicy P -Confirm:$false\nRemove-CsExternalAccessPolicy P -Confirm -WhatIf\n"
        "Get-CsOnlineUser -ErrorAction Inquire; Get-CsOnlineUser -ea Stop; Get-CsOnlineUser -ea Continue",
        connected=True,
    )

    assert [each.line for each in checked.rehearsal.questions] == [2, 4]
    assert [each.line for each in checked.rehearsal.unfollowed] == [7]


def test_every_parameter_can_be_named():
    """No two parameters of a cmdlet share a name or an alias, and positions begin at 0 without gaps."""
    for cmdlet in ALL:
        names = [name.lower() for each in cmdlet.every_parameter for name in (each.name, *each.aliases)]
        positions = sorted(each.position for each in cmdlet.parameters if each.position is not None)
        named = {each.name for each in cmdlet.parameters}

        assert len(names) == len(set(names)), cmdlet.name
        assert positions == list(range(len(positions))), cmdlet.name
        assert {each for together in cmdlet.exclusive for each in together} <= named, cmdlet.name
        assert {each for inlet in cmdlet.inlets for each in inlet.parameters} <= named, cmdlet.name
