"""What each cmdlet does to a tenant (external-access §2 to §5)."""

from __future__ import annotations

import pytest

from comity.audit.service import list_latest
from comity.core.ids import new_id
from comity.core.permissions import Permission
from tests.cli.cmdlets.shell import Shell


async def test_the_configuration_is_shown_with_its_names(shell):
    """PowerShell's property names, JSON booleans, and the two kinds of allowed domains told apart (§2)."""
    (shown,) = await shell("Get-CsTenantFederationConfiguration")

    assert list(shown)[:4] == ["Identity", "AllowedDomains", "BlockedDomains", "BlockAllSubdomains"]
    assert shown["Identity"] == "Global"
    assert shown["AllowedDomains"] == {"mode": "AllowAllKnownDomains"}
    assert shown["AllowTeamsConsumerInbound"] is True
    assert shown["ExternalAccessWithTrialTenants"] == "Blocked"
    assert "AllowPublicUsers" not in shown
    assert await shell("(Get-CsTenantFederationConfiguration).AllowPublicUsers") == [False]


async def test_a_screen_shows_what_a_console_shows(shell):
    """Name : value, AllowAllKnownDomains or the list."""
    await shell("Get-CsTenantFederationConfiguration")
    open_to_all = [line.split(" : ") for line in shell.screen.splitlines()]
    await shell(
        "$a = New-CsEdgeDomainPattern -Domain b.example; $b = New-CsEdgeDomainPattern a.example\n"
        "Set-CsTenantFederationConfiguration -AllowedDomains (New-CsEdgeAllowList -AllowedDomain $a,$b)\n"
        "Get-CsTenantFederationConfiguration | Format-List AllowedDomains, AllowTeamsConsumer"
    )

    shown = {name.strip(): value for name, value in (each for each in open_to_all if len(each) == 2)}
    assert (shown["AllowTeamsConsumerInbound"], shown["AllowedDomains"]) == ("True", "AllowAllKnownDomains")
    assert shell.screen == "AllowedDomains     : {a.example, b.example}\nAllowTeamsConsumer : True"


@pytest.mark.parametrize(
    ("wanted", "becomes"),
    [
        ("(New-CsEdgeAllowAllKnownDomains)", {"mode": "AllowAllKnownDomains"}),
        ("(New-CsEdgeDomainPattern -Domain A.example)", {"mode": "AllowList", "domains": ["a.example"]}),
        ("(New-CsEdgeDomainPattern -Domain '')", {"mode": "AllowList", "domains": []}),
        ("(New-CsEdgeAllowList -AllowedDomain $null)", {"mode": "AllowList", "domains": []}),
        ("$null", {"mode": "AllowList", "domains": []}),
    ],
)
async def test_allowed_domains_are_built(shell, wanted, becomes):
    """An empty list, `$null` and the pattern of nothing are nobody, never everybody (§2)."""
    await shell(f"Set-CsTenantFederationConfiguration -AllowedDomains {wanted}")

    (shown,) = await shell("Get-CsTenantFederationConfiguration")
    assert shown["AllowedDomains"] == becomes


async def test_lists_are_edited_in_place(shell):
    """A list replaces, a hashtable edits, `$null` clears; patterns are as good as texts (§2)."""
    seen = []
    for wanted in (
        "@('a.example', 'b.example')",
        "@{Add = 'c.example'; Remove = 'a.example'}",
        "@{add = (New-CsEdgeDomainPattern -Domain d.example)}",
        "(New-CsEdgeDomainPattern -Domain e.example)",
        "$null",
    ):
        await shell(f"Set-CsTenantFederationConfiguration -BlockedDomains {wanted}")
        (shown,) = await shell("Get-CsTenantFederationConfiguration")
        seen.append("".join(each[0] for each in shown["BlockedDomains"]))

    assert seen == ["ab", "bc", "bcd", "e", ""]


async def test_the_documented_list_object_works(shell):
    """`New-Object` and `$list.Add`, as the reference of AllowedDomainsAsAList shows."""
    await shell(
        "$list = New-Object Collections.Generic.List[String]\n"
        '$list.Add("a.example")\n$list.add("b.example")\n'
        "Set-CsTenantFederationConfiguration -AllowedDomainsAsAList $list\n"
        "Set-CsTenantFederationConfiguration -AllowedDomainsAsAList @{Remove='a.example'}"
    )

    assert await shell("(Get-CsTenantFederationConfiguration).AllowedDomains.AllowedDomain.Domain") == ["b.example"]


async def test_an_edited_object_is_set_as_a_whole(shell):
    """`-Instance` (§2)."""
    await shell(
        "$c = Get-CsTenantFederationConfiguration\n"
        "$c.AllowTeamsConsumerInbound = $false\n"
        "$c.BlockedDomains = 'a.example', 'b.example'\n"
        "$c.AllowedDomains = New-CsEdgeAllowAllKnownDomains\n"
        "Set-CsTenantFederationConfiguration -Instance $c"
    )

    (shown,) = await shell("Get-CsTenantFederationConfiguration | select AllowTeamsConsumerInbound, BlockedDomains")
    assert shown == {"AllowTeamsConsumerInbound": False, "BlockedDomains": ["a.example", "b.example"]}


async def test_what_if_tells_and_changes_nothing(shell):
    """Validated in full, told as a difference, not audited (§17)."""
    told = await shell(
        "Set-CsTenantFederationConfiguration -AllowTeamsConsumer $false -AllowFederatedUsers $true -WhatIf\n"
        "New-CsExternalAccessPolicy Sales -EnableXmppAccess $true -WhatIf\n"
        "Get-CsExternalAccessPolicy"
    )
    refused = await shell.fails("Set-CsExternalAccessPolicy Sales -EnableXmppAccess $true -WhatIf")
    (shown,) = await shell("Get-CsTenantFederationConfiguration")
    async with shell.org.db.tenant(shell.org.id) as tx:
        audited = [each.action for each in await list_latest(tx, shell.caller)]

    assert told[0] == {
        "WhatIf": True,
        "Operation": "Set-CsTenantFederationConfiguration",
        "Target": "Global",
        "Changes": [{"Property": "AllowTeamsConsumer", "Before": True, "After": False}],
    }
    assert {"Property": "EnableXmppAccess", "Before": None, "After": True} in told[1]["Changes"]
    assert [each["Identity"] for each in told[2:]] == ["Global"]
    assert refused == "PolicyNotFound 1:28"
    assert shown["AllowTeamsConsumer"] is True
    assert not any("external access" in each.lower() or "federation" in each for each in audited)


async def test_blocked_people(shell):
    """`CsTeamsExternalAccessConfiguration`, under both names of its switch (§3)."""
    await shell(
        "Set-CsTeamsExternalAccessConfiguration -BlockExternalAccessUserAccess $true -BlockedUsers Bob@B.example"
    )
    await shell("Set-CsTeamsExternalAccessConfiguration -Identity Global -BlockedUsers @{Add='eve@b.example'} -Force")

    assert await shell("Get-CsTeamsExternalAccessConfiguration") == [
        {"Identity": "Global", "BlockExternalUserAccess": True, "BlockedUsers": ["bob@b.example", "eve@b.example"]}
    ]


async def test_policies_are_made_changed_and_removed(shell):
    """The verbs of §4.1: identities with and without `Tag:`, defaults and not Global's values."""
    (made,) = await shell(
        "Set-CsExternalAccessPolicy -EnableTeamsConsumerAccess $false\n"
        "New-CsExternalAccessPolicy -Identity Sales -Description 'For $$$' -EnableTeamsConsumerInbound $false"
    )
    await shell("Set-CsExternalAccessPolicy tag:sales -Comm AllowAllExternalDomains")
    listed = await shell("Get-CsExternalAccessPolicy")
    filtered = await shell("Get-CsExternalAccessPolicy -Filter 'Tag:S*' | Select-Object -ExpandProperty Identity")
    await shell("Remove-CsExternalAccessPolicy Sales; Remove-CsExternalAccessPolicy -Identity Global")
    left = await shell("Get-CsExternalAccessPolicy")

    assert (made["Identity"], made["Description"]) == ("Tag:Sales", "For $$$")
    assert (made["EnableTeamsConsumerAccess"], made["EnableTeamsConsumerInbound"]) == (True, False)
    assert [(each["Identity"], each["EnableTeamsConsumerAccess"]) for each in listed] == [
        ("Global", False),
        ("Tag:Sales", True),
    ]
    assert listed[1]["CommunicationWithExternalOrgs"] == "AllowAllExternalDomains"
    assert filtered == ["Tag:Sales"]
    assert [(each["Identity"], each["EnableTeamsConsumerAccess"]) for each in left] == [("Global", True)]


async def test_a_policy_in_memory_is_stored_by_set(shell):
    """`New-… -InMemory`, then `Set-… -Instance`, by name or by pipe (§4)."""
    await shell("New-CsExternalAccessPolicy A -InMemory")
    assert [each["Identity"] for each in await shell("Get-CsExternalAccessPolicy")] == ["Global"]

    await shell(
        '$p = New-CsExternalAccessPolicy A -InMemory -EnableXmppAccess $true\n$p.Description = "a $($p.Identity)"\n'
        "Set-CsExternalAccessPolicy -Instance $p\nNew-CsExternalAccessPolicy B -InMemory | Set-CsExternalAccessPolicy"
    )

    listed = await shell("Get-CsExternalAccessPolicy | select Identity, Description, EnableXmppAccess")
    assert [[*each.values()] for each in listed] == [
        ["Global", "", False],
        ["Tag:A", "a Tag:A", True],
        ["Tag:B", "", False],
    ]


async def test_a_pipe_edits_all(shell):
    """`Get- | Set-` (§4.1), with a condition between, in one transaction."""
    await shell("New-CsExternalAccessPolicy A; New-CsExternalAccessPolicy B -EnableXmppAccess $true")

    await shell("Get-CsExternalAccessPolicy | Set-CsExternalAccessPolicy -EnableTeamsSmsAccess $false")
    await shell(
        "Get-CsExternalAccessPolicy | ? { $_.EnableXmppAccess -and $_.Identity -like 'tag:*' } | "
        "Set-CsExternalAccessPolicy -FederatedBilateralChats:$true"
    )
    await shell("Get-CsExternalAccessPolicy | Where-Object Identity -ne Global | Remove-CsExternalAccessPolicy -WhatIf")
    refused = await shell.fails(
        "Get-CsExternalAccessPolicy | Set-CsExternalAccessPolicy -AllowedExternalDomains a.example"
    )

    listed = await shell("Get-CsExternalAccessPolicy")
    assert [each["EnableTeamsSmsAccess"] for each in listed] == [False] * 3
    assert [each["FederatedBilateralChats"] for each in listed] == [False, False, True]
    assert refused.startswith("GlobalImmutable")
    assert [each["AllowedExternalDomains"] for each in listed] == [[], [], []]


async def test_policies_are_granted_to_people(shell):
    """By userPrincipalName, `sip:` address, display name or id, and by pipe; `$null` takes back (§5)."""
    annie, bob = await shell.org.add_person("annie"), await shell.org.add_person("bob")
    await shell("New-CsExternalAccessPolicy Sales")

    (granted,) = await shell(
        f"Grant-CsExternalAccessPolicy -Identity sip:{annie.user_principal_name} -PolicyName Tag:Sales -PassThru"
    )
    await shell("Grant-CsExternalAccessPolicy Bob sales")
    both = await shell("Get-CsOnlineUser -Filter {ExternalAccessPolicy -eq 'Sales'} | select -exp UserPrincipalName")
    await shell("Get-CsOnlineUser | Grant-CsExternalAccessPolicy -PolicyName $null")
    none = await shell("(Get-CsOnlineUser).ExternalAccessPolicy")

    assert granted == {
        "UserPrincipalName": annie.user_principal_name,
        "DisplayName": "Annie",
        "Identity": str(annie.id),
        "Enabled": True,
        "ExternalAccessPolicy": "Sales",
    }
    assert sorted(both) == sorted([annie.user_principal_name, bob.user_principal_name])
    assert none == [None, None]


async def test_a_policy_in_use_stays_unless_forced(shell):
    """§4.1."""
    annie = await shell.org.add_person("annie")
    await shell(f"New-CsExternalAccessPolicy P; Grant-CsExternalAccessPolicy {annie.id} P")

    assert await shell.fails("Remove-CsExternalAccessPolicy P") == "PolicyInUse 1:31"
    await shell("Remove-CsExternalAccessPolicy P -Force")
    assert await shell("Get-CsUserPolicyAssignment annie") == []


async def test_policies_of_groups_have_ranks(shell):
    """Positions from 1; inserting moves the others on, removing closes the gap (§5)."""
    ids = {name: await _group(shell, name) for name in ("One", "Two", "Three")}
    await shell("New-CsExternalAccessPolicy P; New-CsExternalAccessPolicy Q")

    await shell(
        "New-CsGroupPolicyAssignment -GroupId One -PolicyType ExternalAccessPolicy -PolicyName P\n"
        "New-CsGroupPolicyAssignment Two ExternalAccessPolicy Q -Rank 1\n"
        "Grant-CsExternalAccessPolicy -Group Three -PolicyName P -Rank 2\n"
        "Set-CsGroupPolicyAssignment -GroupId Three -PolicyType externalaccesspolicy -PolicyName Q"
    )
    listed = await shell("Get-CsGroupPolicyAssignment -PolicyType ExternalAccessPolicy")
    await shell("Get-CsGroupPolicyAssignment Two | Remove-CsGroupPolicyAssignment")
    left = await shell("Get-CsGroupPolicyAssignment | select GroupId, Rank")

    assert list(listed[0]) == ["GroupId", "PolicyType", "PolicyName", "Rank", "CreatedTime", "CreatedBy"]
    assert [(each["GroupId"], each["PolicyName"], each["Rank"]) for each in listed] == [
        (ids["Two"], "Q", 1),
        (ids["Three"], "Q", 2),
        (ids["One"], "P", 3),
    ]
    assert left == [{"GroupId": ids["Three"], "Rank": 1}, {"GroupId": ids["One"], "Rank": 2}]


async def test_where_a_policy_comes_from(shell):
    """All contributors, the winner first; nothing where only the default applies (§5)."""
    from comity.core.ids import GroupId
    from comity.db.transaction import as_uuid
    from comity.directory.service import add_members

    annie = await shell.org.add_person("annie")
    group = as_uuid(await _group(shell, "One"))
    assert group is not None
    async with shell.org.db.tenant(shell.org.id) as tx:
        await add_members(tx, shell.caller, GroupId(group), [annie.id])
    await shell("New-CsExternalAccessPolicy P; New-CsExternalAccessPolicy Q")
    await shell("Grant-CsExternalAccessPolicy -Global -PolicyName Q")
    default = await shell("Get-CsUserPolicyAssignment -Identity Annie")
    await shell("Grant-CsExternalAccessPolicy -Group One -PolicyName P -Rank 1; Grant-CsExternalAccessPolicy Annie Q")

    assert default == []
    assert await shell("Get-CsOnlineUser annie | Get-CsUserPolicyAssignment -PolicyType ExternalAccessPolicy") == [
        {
            "PolicyType": "ExternalAccessPolicy",
            "PolicyName": "Q",
            "PolicySource": [
                {"AssignmentType": "Direct", "PolicyName": "Q", "Reference": None},
                {"AssignmentType": "Group", "PolicyName": "P", "Reference": str(group)},
            ],
        }
    ]


async def test_many_people_at_once(shell):
    """An operation id at once, results per person later (§5)."""
    from comity.access.assignments.batches import carry_out
    from comity.db.transaction import as_uuid

    annie, bob = await shell.org.add_person("annie"), await shell.org.add_person("bob")
    (started, before) = await shell(
        "$null = New-CsExternalAccessPolicy P\n"
        "$people = @('nobody@x.example')\n$people += (Get-CsOnlineUser).UserPrincipalName\n"
        "$id = New-CsBatchPolicyAssignmentOperation -PolicyType ExternalAccessPolicy -PolicyName P "
        "-Identity $people -OperationName First\n$id\nGet-CsBatchPolicyAssignmentOperation -Identity $id"
    )
    batch_id = as_uuid(started["OperationId"])
    assert batch_id is not None
    await carry_out(shell.org.db, shell.org.id, batch_id)
    (after,) = await shell(f"Get-CsBatchPolicyAssignmentOperation {batch_id}")

    assert (before["OverallStatus"], before["NotStartedCount"]) == ("NotStarted", 3)
    assert (after["OverallStatus"], after["CompletedCount"], after["ErrorCount"]) == ("Completed", 3, 1)
    assert after["OperationName"] == "First"
    assert {each["Id"]: each["Result"] for each in after["UserState"]} == {
        "nobody@x.example": "User not found",
        annie.user_principal_name: "Success",
        bob.user_principal_name: "Success",
    }
    assert await shell("(Get-CsOnlineUser).ExternalAccessPolicy") == ["P", "P"]
    assert await shell.fails(f"Get-CsBatchPolicyAssignmentOperation {new_id()}") == "batch-not-found 1:38"


async def test_people_are_listed(shell, fabrikam):
    """The tenant's own, with the five properties; guests are not policies' matter."""
    await shell.org.add_person("annie")
    await shell.org.add_person("bob", account_enabled=False)
    guest = await shell.org.invite_guest(await fabrikam.add_person("charlie"))

    listed = await shell("Get-CsOnlineUser")
    assert [list(each) for each in listed] == [
        ["UserPrincipalName", "DisplayName", "Identity", "Enabled", "ExternalAccessPolicy"]
    ] * 2
    assert await shell("(Get-CsOnlineUser -Filter 'Enabled -eq $false').DisplayName") == ["Bob"]
    assert len(await shell("Get-CsOnlineUser -ResultSize 1")) == 1
    assert len(await shell("Get-CsOnlineUser -ResultSize Unlimited")) == 2
    assert (await shell.fails(f"Get-CsOnlineUser {guest.id}")).startswith("user-unknown")
    assert await shell.fails("Get-CsOnlineUser 'a*'") == "InvalidIdentity 1:18"


async def test_the_whole_tenant_is_asked_about(shell):
    """Neither person nor group nor -Global: PowerShell warns first (§5); -Force and -Confirm:$false do not."""
    await shell("New-CsExternalAccessPolicy P")
    shell.agrees = lambda _question: False
    await shell("Grant-CsExternalAccessPolicy -PolicyName P")
    await shell("Set-CsTenantFederationConfiguration -AllowTeamsConsumer $false -Confirm")
    unchanged = await shell("(Get-CsTenantFederationConfiguration).AllowTeamsConsumer")
    asked = len(shell.asked)
    await shell(
        "Grant-CsExternalAccessPolicy -PolicyName P -Force; Grant-CsExternalAccessPolicy -PolicyName P -cf:$false"
    )
    told = await shell("Grant-CsExternalAccessPolicy -Global -PolicyName $null -WhatIf")

    assert asked == len(shell.asked) == 2
    assert unchanged == [True]
    assert told[0]["Changes"] == [{"Property": "ExternalAccessPolicy", "Before": "P", "After": None}]


async def test_rights_are_the_persons(shell):
    """`--as` somebody without a role of §16; a reader may read and not write."""
    annie = await shell.org.add_person("annie")
    nobody = Shell(shell.org, shell.org.as_user(annie))
    reader = Shell(shell.org, shell.org.as_user(annie, permissions=frozenset({Permission.EXTERNAL_ACCESS_READ})))

    assert await nobody.fails("Get-CsTenantFederationConfiguration") == "NotAuthorized 1:1"
    assert await nobody.fails("Get-CsOnlineUser") == "NotAuthorized 1:1"
    assert len(await reader("Get-CsTenantFederationConfiguration")) == 1
    assert await reader.fails("Remove-CsExternalAccessPolicy Global") == "NotAuthorized 1:1"


async def test_a_session_is_connected_and_ended(shell):
    """`-Tenant` may only say what the session says (§2)."""
    (connected, _) = await shell(
        f"Connect-MicrosoftTeams -TenantId {shell.org.domain}\n"
        f"Get-CsTenantFederationConfiguration -Tenant {shell.org.id}\nDisconnect-MicrosoftTeams"
    )

    assert connected == {"Account": "tester", "Tenant": shell.org.tenant.name, "TenantId": str(shell.org.id)}
    assert await shell.fails("Disconnect-MicrosoftTeams\nGet-CsOnlineUser") == "not-connected 2:1"
    assert await shell.fails("Get-CsExternalAccessPolicy -Tenant other.example") == "tenant-foreign 1:36"


async def test_the_first_failure_ends_a_script(shell):
    """One transaction per cmdlet: what was done before it stays done, and is told."""
    fault = await shell.fails(
        "New-CsExternalAccessPolicy A\n# a comment\nNew-CsExternalAccessPolicy B\n"
        "New-CsExternalAccessPolicy a\nNew-CsExternalAccessPolicy C"
    )

    assert fault == "PolicyExists 4:28"
    assert shell.done == ["1 New-CsExternalAccessPolicy", "3 New-CsExternalAccessPolicy"]
    assert len(await shell("Get-CsExternalAccessPolicy")) == 3


async def test_an_error_action_goes_past_what_fails(shell):
    """Each object of the pipe on its own: one that fails does not stop the others, and leaves nothing behind."""
    annie, bob = await shell.org.add_person("annie"), await shell.org.add_person("bob")
    upns = f"'{annie.user_principal_name}', 'nobody@x.example', '{bob.user_principal_name}'"
    await shell("New-CsExternalAccessPolicy P")

    await shell(f"{upns} | Grant-CsExternalAccessPolicy -PolicyName P -ErrorAction Continue")
    told, granted = shell.passed, await shell("(Get-CsOnlineUser).ExternalAccessPolicy")
    await shell(
        "$ErrorActionPreference = 'SilentlyContinue'\n$p = Get-CsExternalAccessPolicy Gone\n"
        "New-CsExternalAccessPolicy P\nNew-CsExternalAccessPolicy Q"
    )
    silent, left = shell.passed, await shell("(Get-CsExternalAccessPolicy).Identity")

    assert [each.split(":")[0] for each in told] == ["user-unknown 1"]
    assert silent == []
    assert granted == ["P", "P"]
    assert left == ["Global", "Tag:P", "Tag:Q"]
    ended = await shell.fails("$ErrorActionPreference = 'Stop'\nGet-CsExternalAccessPolicy Gone\nGet-CsOnlineUser")
    assert ended == "PolicyNotFound 2:28"
    assert await shell.fails("$ErrorActionPreference = 'Perhaps'") == "InvalidEnumValue 1:1"


async def test_a_fault_in_line_nine_leaves_lines_one_to_eight_undone(shell):
    """A script is checked whole before its first cmdlet runs."""
    lines = [f"New-CsExternalAccessPolicy P{number}" for number in range(1, 9)]
    for last in (
        "Get-CsNothing",
        "Set-CsExternalAccessPolicy -EnableXmppAccess yes",
        "Set-CsExternalAccessPolicy -CommunicationWithExternalOrgs Everybody",
        "Grant-CsExternalAccessPolicy annie",
        "Set-CsTenantFederationConfiguration -BlockedDomains (Get-CsTenantFederationConfiguration).AllowTeamsConsumer",
        "$p = Get-CsExternalAccessPolicy P1; $p.Descripted",
        "if ($true) { }",
        "'",
    ):
        assert (await shell.fails("\n".join([*lines, last]))).split()[1].startswith("9:")

    assert len(await shell("Get-CsExternalAccessPolicy")) == 1


async def test_a_mended_text_says_who_why(shell):
    """The reason that is given with --reason stands in the audit."""
    from dataclasses import replace

    mended = Shell(shell.org, replace(shell.caller, reason="ticket 7"))
    await mended("Set-CsTenantFederationConfiguration -AllowTeamsConsumer $false")

    async with shell.org.db.tenant(shell.org.id) as tx:
        latest = (await list_latest(tx, shell.caller, at_most=1))[0]
    assert (latest.action, latest.reason) == ("Set tenant federation configuration", "ticket 7")


async def _group(shell: Shell, name: str) -> str:
    from comity.directory.service import create_group

    async with shell.org.db.tenant(shell.org.id) as tx:
        return str((await create_group(tx, shell.caller, name=name)).id)
