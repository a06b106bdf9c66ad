"""`comity access`: each command as a person types it; tables for people, contracts for programs (design §5.2)."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from comity.core.ids import PERSONAL_REALM
from tests.cli.conftest import Lab, Terminal


@pytest.fixture
def dana(lab: Lab) -> str:
    """Her personal account's address."""
    mail = f"dana@personal-{lab.mark}.example"
    lab.comity("user", "register", mail, "--name", "Dana Dorn")
    return mail


def at(lab: Lab) -> tuple[str, str]:
    return ("--tenant", lab.domain("birch"))


def chat(lab: Lab, one: str, other: str) -> str:
    """Begun by one, accepted by the other."""
    begun: str = lab.comity.json("chat", "send", other, "Hello", "--as", one)["chat"]
    lab.comity("chat", "accept", begun, "--as", other)
    return begun


def test_everything_a_tenant_allows_is_shown_and_set_in_one_place(lab: Lab):
    """Configuration, blocked people and the installation's date; lists whole, or by what comes and goes."""
    lab.comity("access", "set", "BlockedDomains=a.example,b.example", "BlockExternalUserAccess=yes", *at(lab))
    changed = lab.comity.json(
        "access", "set", "BlockedDomains=+c.example,-a.example", "blockedusers=+Eve@Evil.example", *at(lab)
    )
    shown = lab.comity.json("access", "show", *at(lab))
    table = lab.comity("access", "show", *at(lab)).out

    assert changed["BlockedDomains"] == ["b.example", "c.example"]
    assert (changed["BlockExternalUserAccess"], changed["BlockedUsers"]) == (True, ["eve@evil.example"])
    assert shown == {**changed, "consumerAvailableFrom": None}
    assert [line.split()[-1] for line in table.splitlines() if line.startswith("AllowedDomains")] == [
        "AllowAllKnownDomains"
    ]
    assert "available at once" in table

    nobody = lab.comity("access", "set", "AllowedDomains=", *at(lab)).out
    assert "(nobody)" in nobody


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("AllowTeamsConsumer=perhaps", 1, "cannot be perhaps"),
        ("BlockedDomains=foo", 1, "“foo” is no domain"),
        ("AllowMartians=true", 1, "AllowFederatedUsers"),
        ("ExternalAccessWithTrialTenants=Maybe", 1, "Allowed, Blocked"),
        ("AllowPublicUsers=true", 1, "Skype"),
        ("AllowTeamsConsumer", 2, "NAME=VALUE"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(lab: Lab, change: str, code: int, words: str):
    """Which value, and what may stand there; nothing of the command is done."""
    before = lab.comity.json("access", "show", *at(lab))

    said = lab.comity("access", "set", "AllowTeamsConsumerInbound=no", change, *at(lab), fails=code)

    assert words in said.err
    assert said.out == ""
    assert lab.comity.json("access", "show", *at(lab)) == before


def test_why_names_the_rule_whose_it_is_and_what_to_do(lab: Lab, dana: str):
    """In words and in the contract's members; the change it proposes is one that `set` takes."""
    barbara = lab.mail("barbara", "birch")
    lab.comity("access", "set", f"BlockedUsers={dana}", "BlockExternalUserAccess=on", *at(lab))

    found = lab.comity.json("access", "why", barbara, dana)
    said = lab.comity("access", "why", barbara, dana).out

    birch = lab.comity.json("tenant", "show", lab.domain("birch"))["id"]
    assert (found["allowed"], found["deciding_rule"], found["decided_by"]) == (False, "user-blocked", birch)
    (change,) = found["smallest_change"]
    assert change == {
        "tenant": birch, "setting": "BlockedUsers", "from": [dana], "to": {"Remove": [dana]}, "masked": False,
        "policy": None,
    }  # fmt: skip
    assert {"side", "rule", "passed", "setting", "value", "masked"} <= set(found["rules"][0])
    assert "The tenant blocks this very person." in said
    assert f"remove {dana} from BlockedUsers" in said

    lab.comity("access", "set", f"{change['setting']}=-{change['to']['Remove'][0]}", *at(lab))
    assert lab.comity.json("access", "why", barbara, dana)["smallest_change"] is None
    assert lab.comity.json("access", "decide", barbara, dana, "--kind", "lookup") == {
        "allowed": True, "deciding_rule": "ok", "decided_by": None,
    }  # fmt: skip


def test_the_partners_settings_are_masked_for_an_admin_of_one_side(lab: Lab):
    """Whose change it is stays; with the operator's eyes both are seen."""
    pair = (lab.mail("annie", "alder"), lab.mail("barbara", "birch"))
    lab.comity("access", "set", "AllowFederatedUsers=no", *at(lab))

    seen = lab.comity.json("access", "why", *pair, "--as", lab.mail("admin", "alder"))
    whole = lab.comity.json("access", "why", *pair)
    words = lab.comity("access", "why", *pair, "--as", lab.mail("admin", "alder")).out

    (theirs,) = [each for each in seen["rules"] if each["side"] == "to"]
    assert (theirs["masked"], theirs["setting"], theirs["value"]) == (True, None, None)
    (change,) = seen["smallest_change"]
    assert change == {**whole["smallest_change"][0], "setting": None, "from": None, "to": None, "masked": True}
    assert f"An admin of Birch {lab.mark} would have to change a setting of theirs." in words


def test_who_can_is_a_table_csv_and_json(lab: Lab):
    """The same people in each; with --all also those who may not, and why."""
    lab.comity("cmdlet", "Set-CsExternalAccessPolicy -EnableTeamsConsumerAccess $false", *at(lab))
    lab.comity("cmdlet", "New-CsExternalAccessPolicy Lucky -EnableTeamsConsumerInbound $false", *at(lab))
    lab.comity("access", "assign", "Lucky", lab.mail("barbara", "birch"), *at(lab))

    found = lab.comity.json("access", "who-can", *at(lab))
    lines = list(csv.DictReader(io.StringIO(lab.comity("access", "who-can", "--csv", *at(lab)).out)))
    table = lab.comity("access", "who-can", *at(lab)).out
    every = lab.comity.json("access", "who-can", "--all", *at(lab))
    inbound = lab.comity("access", "who-can", "--inbound", *at(lab))
    toward = lab.comity.json("access", "who-can", "--to", lab.domain("alder"), *at(lab))

    (barbara,) = found
    assert lines == [{name: value for name, value in barbara.items() if name != "id"}]
    assert (barbara["policy"], barbara["reach"], barbara["rule"]) == ("Tag:Lucky", "everybody", "ok")
    assert lab.mail("barbara", "birch") in table
    assert {each["rule"] for each in every} == {"ok", "policy-consumer-off"}
    assert inbound.out == ""
    assert {each["userPrincipalName"] for each in toward} == {
        lab.mail("barbara", "birch"), lab.mail("admin", "birch"),
    }  # fmt: skip


def test_who_can_refuses_what_makes_no_sense(lab: Lab):
    """No domain; a one-way street between tenants."""
    assert "no domain" in lab.comity("access", "who-can", "--to", "no domain", *at(lab), fails=1).err
    assert "one-way" in lab.comity("access", "who-can", "--to", "a.example", "--inbound", *at(lab), fails=2).err


@pytest.mark.parametrize("change", ["AllowTeamsConsumer=no", "BlockedUsers={dana} BlockExternalUserAccess=yes"])
def test_what_if_names_people_and_chats_and_writes_nothing(lab: Lab, dana: str, change: str):
    """Who loses what, and whose chat with whom breaks; the exit code for scripts."""
    barbara = lab.mail("barbara", "birch")
    begun = chat(lab, barbara, dana)
    before = lab.comity.json("access", "show", *at(lab))
    changes = change.format(dana=dana).split()

    found = lab.comity.json("access", "what-if", *changes, *at(lab))
    said = lab.comity("access", "what-if", *changes, "--detailed-exitcode", *at(lab), fails=3).out
    same = lab.comity("access", "what-if", "AllowTeamsConsumer=yes", "--detailed-exitcode", *at(lab))

    (broken,) = found["chats"]
    assert (broken["id"], broken["breaks"]) == (begun, "chat")
    assert broken["other"]["displayName"] == "Dana Dorn"
    assert (broken["other"]["address"], broken["other"]["tenant"]) == (dana, str(PERSONAL_REALM))
    assert barbara in said
    assert dana in said
    assert "Nobody would gain or lose anything." in same.err
    assert lab.comity.json("access", "show", *at(lab)) == before


def test_what_if_tries_policies_and_grants_together(lab: Lab):
    """To people, to groups with a rank, tenant-wide; a policy that is not there is said."""
    lab.comity("cmdlet", "New-CsExternalAccessPolicy Closed -EnableFederationAccess $false", *at(lab))
    lab.comity("group", "create", "Sales", *at(lab))
    barbara = lab.mail("barbara", "birch")

    def lost(*words: str) -> dict[str, Any]:
        found = lab.comity.json("access", "what-if", *words, *at(lab))
        return {each["userPrincipalName"]: each["loses"] for each in found["people"]}

    assert lost("--grant", f"{barbara}=Closed") == {barbara: ["domain *"]}
    assert set(lost("--grant-tenant", "Closed")) == {barbara, lab.mail("admin", "birch")}
    assert lost("--grant-group", "Sales=Closed@1") == {}
    assert set(lost("EnableTeamsConsumerInbound=no", "--policy", "Global")) == {barbara, lab.mail("admin", "birch")}
    assert (
        "no external access policy Nothing"
        in lab.comity("access", "what-if", "--grant", f"{barbara}=Nothing", *at(lab), fails=1).err
    )
    for words in ((), ("--grant", "nobody"), ("--grant-group", "Sales=Closed@first")):
        lab.comity("access", "what-if", *words, *at(lab), fails=2)


def test_history_says_what_was_what_changed_by_whom_and_why(lab: Lab, dana: str):
    """Only what bears on the two: a policy that neither has, and a domain that is neither's, do not."""
    barbara = lab.mail("barbara", "birch")
    begun = datetime.now(UTC).isoformat()
    lab.comity("access", "set", "BlockedDomains=other.example", *at(lab))
    lab.comity("cmdlet", "New-CsExternalAccessPolicy Unused -EnableTeamsConsumerAccess $false", *at(lab))
    lab.comity("access", "set", "AllowTeamsConsumer=no", *at(lab), "--reason", "Ticket 4711")

    found = lab.comity.json("access", "history", barbara, dana, "--at", begun)
    said = lab.comity("access", "history", barbara, dana, "--at", begun).out
    ahead = lab.comity("access", "history", barbara, dana, "--at", "2999-01-01", fails=1)

    assert (found["then"]["allowed"], found["now"]["deciding_rule"]) == (True, "tenant-consumer-off")
    (change,) = found["changes"]
    assert (change["before"], change["after"]) == ({"AllowTeamsConsumer": True}, {"AllowTeamsConsumer": False})
    assert change["reason"] == "Ticket 4711"
    assert "AllowTeamsConsumer no" in said
    assert "Ticket 4711" in said
    assert "lies ahead" in ahead.err


def test_baselines_have_their_ids_verdicts_and_people(lab: Lab):
    """With a policy that opens again what Global closes, which a look at Global alone would miss."""
    lab.comity("access", "set", "AllowTeamsConsumerInbound=no", *at(lab))
    lab.comity("cmdlet", "Set-CsExternalAccessPolicy -EnableTeamsConsumerAccess $false", *at(lab))
    lab.comity("cmdlet", "New-CsExternalAccessPolicy Lucky", *at(lab))
    lab.comity("access", "assign", "Lucky", lab.mail("barbara", "birch"), *at(lab))

    found = {each["id"]: each for each in lab.comity.json("access", "baseline", *at(lab))}
    said = lab.comity("access", "baseline", *at(lab))

    assert found["MS.TEAMS.2.2v2"]["verdict"] == "pass"
    assert found["CIS 8.2.2"]["verdict"] == found["MS.TEAMS.2.3v2"]["verdict"] == "fail"
    assert found["CIS 8.2.2"]["people"] == [{"userPrincipalName": lab.mail("barbara", "birch"), "policy": "Tag:Lucky"}]
    assert {each["verdict"] for each in found.values()} <= {"pass", "fail", "not applicable", "manual"}
    assert f"Tag:Lucky; 1 person: {lab.mail('barbara', 'birch')}" in said.out
    assert "not applicable" in said.err


def test_a_batch_reports_on_each_person(lab: Lab, tmp_path):
    """From a file, one per line; "-" takes back; where a policy comes from is told."""
    barbara = lab.mail("barbara", "birch")
    file = tmp_path / "lucky.txt"
    file.write_text(f"{barbara}\nnobody@{lab.domain('birch')}\n\n")
    lab.comity("cmdlet", "New-CsExternalAccessPolicy Lucky", *at(lab))

    given = lab.comity.json("access", "assign", "Lucky", "--file", str(file), *at(lab))
    source = lab.comity.json("access", "policy-of", barbara, *at(lab))
    lab.comity("access", "assign", "-", barbara, *at(lab))
    after = lab.comity.json("access", "policy-of", barbara, *at(lab))

    assert (given["OverallStatus"], given["CompletedCount"], given["ErrorCount"]) == ("Completed", 2, 1)
    assert {each["Id"]: each["Result"] for each in given["UserState"]} == {
        barbara: "Success", f"nobody@{lab.domain('birch')}": "User not found",
    }  # fmt: skip
    assert (source["PolicyName"], source["PolicySource"][0]["AssignmentType"]) == ("Lucky", "Direct")
    assert after == {"PolicyName": "Global", "PolicySource": []}
    assert "Name people" in lab.comity("access", "assign", "Lucky", *at(lab), fails=2).err


def test_the_extended_directory_is_listed_and_read(lab: Lab, dana: str):
    """By mail address; a work account is none of them."""
    lab.comity("access", "directory", "add", dana, *at(lab))
    (listed,) = lab.comity.json("access", "directory", "list", *at(lab))
    table = lab.comity("access", "directory", "list", *at(lab)).out
    lab.comity("access", "directory", "remove", dana, *at(lab))

    assert (listed["displayName"], listed["mail"]) == ("Dana Dorn", dana)
    assert "Dana Dorn" in table
    assert lab.comity.json("access", "directory", "list", *at(lab)) == []
    assert (
        "no personal account"
        in lab.comity("access", "directory", "add", lab.mail("barbara", "birch"), *at(lab), fails=1).err
    )


def test_the_date_of_chat_with_personal_accounts_is_moved_and_seen(fresh_url, comity: Terminal):
    """By the operator, for the whole installation; each admin sees it where the settings are."""
    comity.environment["COMITY_DATABASE_URL"] = fresh_url()
    comity("tenant", "create", "Alder", "--domain", "alder.example")

    moved = comity.json("access", "consumer-date", "set", "2099-03-01T00:00Z", "--reason", "roll-out")
    shown = comity("access", "show", "--tenant", "alder.example", "--as", "admin@alder.example").out
    programs = comity.json("access", "show", "--tenant", "alder.example")
    now = comity("access", "consumer-date", "set", "now").out

    assert moved == comity.json("access", "consumer-date", "show") | moved
    assert moved["available_from"].startswith("2099-03-01T00:00")
    assert "available from 2099-03-01 00:00 UTC" in shown
    assert programs["consumerAvailableFrom"] == moved["available_from"]
    assert "at once" in now
