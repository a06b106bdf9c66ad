"""Each command does what it says, and prints what scripts rely on (design §5.2)."""

from __future__ import annotations

import getpass
import io
import json
from pathlib import Path

import psycopg
import pytest

from comity.core.ids import new_id
from tests.cli.conftest import Lab, Terminal
from tests.support.postgres import Server


def test_a_new_tenant_has_a_first_admin_with_a_one_time_link(comity: Terminal):
    """Nobody else could sign in to it; the link is shown this once."""
    mark = new_id().hex[-12:]

    made = comity.json("tenant", "create", f"Alder {mark}", "--domain", f"{mark}.example")

    assert made["admin"]["userPrincipalName"] == f"admin@{mark}.example"
    assert made["admin"]["link"].startswith("http://127.0.0.1:8080/")
    assert comity.json("tenant", "show", f"{mark}.example")["id"] == made["id"]
    assert made["id"] in [each["id"] for each in comity.json("tenant", "list")]


def test_the_one_time_link_sets_the_first_password_once(comity: Terminal, monkeypatch: pytest.MonkeyPatch):
    """The password comes on standard input where there is no terminal."""
    mark = new_id().hex[-12:]
    made = comity.json("tenant", "create", f"Alder {mark}", "--domain", f"{mark}.example")
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery staple\n"))
    redeemed = comity.json("user", "redeem", made["admin"]["link"])

    monkeypatch.setattr("sys.stdin", io.StringIO("another one entirely\n"))
    again = comity("user", "redeem", made["admin"]["link"], fails=1)

    admin = comity.json("user", "show", made["admin"]["userPrincipalName"])
    assert (redeemed["id"], redeemed["tenantId"]) == (admin["id"], made["id"])
    assert again.err.startswith("Error: ")


def test_a_personal_account_finds_by_exact_address_only(lab: Lab):
    """And is named with a prefix where a work account has the same mail."""
    mail = f"dana@{lab.mark}.example"
    lab.comity("user", "register", mail, "--name", "Dana Dorn", "--phone", "+4915112345678")

    by_name = lab.comity.json("people", "find", "annie", "--as", f"personal:{mail}")
    (by_address,) = lab.comity.json("people", "find", lab.mail("annie", "alder"), "--as", mail)

    assert by_name == []
    assert (by_address["displayName"], by_address["userPrincipalName"]) == ("Annie Alder", None)


def test_a_mail_of_two_accounts_is_ambiguous(lab: Lab):
    """A work and a personal account may share one: the candidates say how to name each."""
    annie = lab.mail("annie", "alder")
    shared = f"shared@{lab.mark}.example"
    lab.comity("user", "update", annie, f"mail={shared}", "--tenant", lab.domain("alder"))
    lab.comity("user", "register", shared, "--name", "Annie at home")

    said = lab.comity("user", "show", shared, fails=2)

    assert f"personal:{shared}" in said.err
    assert lab.comity.json("user", "show", f"personal:{shared}")["displayName"] == "Annie at home"
    assert lab.comity.json("user", "show", annie)["mail"] == shared


def test_a_tenant_answers_to_id_domain_and_name(lab: Lab):
    """People type what they know."""
    by_domain = lab.comity.json("tenant", "show", lab.domain("alder"))

    for text in (by_domain["id"], by_domain["name"], by_domain["name"].upper(), lab.domain("alder").upper()):
        assert lab.comity.json("tenant", "show", text) == by_domain


def test_an_ambiguous_name_lists_its_candidates(comity: Terminal):
    """It is wrong usage: exit 2."""
    mark = new_id().hex[-12:]
    for each in "ab":
        comity("tenant", "create", f"Same {mark}", "--domain", f"{each}-{mark}.example")

    said = comity("tenant", "show", f"Same {mark}", fails=2)

    assert f"a-{mark}.example" in said.err
    assert f"b-{mark}.example" in said.err


def test_a_second_domain_can_be_added(lab: Lab):
    """And its people imported."""
    more = f"more-{lab.mark}.example"

    lab.comity("tenant", "domain", "add", more, "--tenant", lab.domain("alder"))

    assert lab.comity.json("tenant", "show", more)["domains"] == [lab.domain("alder"), more]


def test_an_import_counts_every_row(lab: Lab, tmp_path: Path):
    """Counts add up to the rows, bad ones are named, running it again changes nothing."""
    file = tmp_path / "people.csv"
    good, bad = lab.mail("bob", "birch"), "nobody@elsewhere.example"
    file.write_text(f"userPrincipalName,displayName,mail\n{good},Bob,{good}\n{bad},Nobody,{bad}\n")
    arguments = ("user", "import", str(file), "--tenant", lab.domain("birch"), "--output", "json")

    first, second = lab.comity(*arguments), lab.comity(*arguments)

    rejected = f"{file}.rejected.csv"
    assert first.json == {"created": 1, "updated": 0, "unchanged": 0, "rejected": 1, "rejected_file": rejected}
    assert second.json == {"created": 0, "updated": 0, "unchanged": 1, "rejected": 1, "rejected_file": rejected}
    assert "line 3" in first.err
    assert "elsewhere.example" in Path(rejected).read_text()


def test_people_can_be_changed_deleted_and_restored(lab: Lab):
    """Named by UPN; from the recycle bin the same id comes back."""
    annie, where = lab.mail("annie", "alder"), ("--tenant", lab.domain("alder"))
    before = lab.comity.json("user", "show", annie)

    lab.comity("user", "update", annie, "jobTitle=Head of sales", "showInAddressList=false", *where)
    changed = lab.comity.json("user", "show", annie)
    lab.comity("user", "delete", annie, *where, "--yes")
    deleted = lab.comity.json("user", "list", "--deleted", *where)
    lab.comity("user", "restore", annie, *where)

    assert (changed["jobTitle"], changed["showInAddressList"]) == ("Head of sales", False)
    assert [each["id"] for each in deleted] == [before["id"]]
    assert lab.comity.json("user", "show", before["id"]) == changed


def test_deleting_asks_and_without_a_terminal_needs_yes(lab: Lab):
    """Nobody can answer in a pipe, so nothing is done."""
    said = lab.comity("user", "delete", lab.mail("annie", "alder"), "--tenant", lab.domain("alder"), fails=2)

    assert "--yes" in said.err
    assert lab.comity.json("user", "list", "--deleted", "--tenant", lab.domain("alder")) == []


def test_people_exported_from_one_tenant_are_what_was_imported(lab: Lab):
    """The file is one that an import reads."""
    said = lab.comity("user", "export", "--tenant", lab.domain("alder"), "--form", "json-lines")

    names = [json.loads(line)["userPrincipalName"] for line in said.out.splitlines()]
    assert lab.mail("annie", "alder") in names


def test_groups_and_their_members(lab: Lab):
    """Created, filled, emptied, shown."""
    where = ("--tenant", lab.domain("alder"))
    lab.comity("group", "create", "Sales", "--description", "All who sell", *where)

    lab.comity("group", "add", "Sales", lab.mail("annie", "alder"), *where)
    filled = lab.comity.json("group", "show", "sales", *where)
    lab.comity("group", "remove", "Sales", lab.mail("annie", "alder"), *where)

    assert [each["userPrincipalName"] for each in filled["members"]] == [lab.mail("annie", "alder")]
    assert lab.comity.json("group", "show", "Sales", *where)["members"] == []
    assert [each["displayName"] for each in lab.comity.json("group", "list", *where)] == ["Sales"]


@pytest.fixture
def organization(lab: Lab) -> Lab:
    """Alder and Birch belong together, accept each other, and share everybody."""
    alder, birch = lab.domain("alder"), lab.domain("birch")
    lab.comity("mto", "create", f"All of {lab.mark}", "--tenant", alder)
    lab.comity("mto", "invite", birch, "--tenant", alder)
    lab.comity("mto", "join", alder, "--tenant", birch)
    lab.comity("accept", birch, "--tenant", alder)
    lab.comity("accept", alder, "--tenant", birch)
    lab.comity("share", lab.mail("annie", "alder"), "--all", "--tenant", alder)
    lab.comity("share", lab.mail("barbara", "birch"), "--to", alder, "--tenant", birch)
    return lab


def test_shared_people_are_found_in_the_other_tenant(organization: Lab):
    """The whole way: organisation, acceptance, share, sync, search; in the shapes of the contract."""
    lab, birch = organization, organization.comity.json("tenant", "show", organization.domain("birch"))
    run = lab.comity.json("sync", "run", "--tenant", lab.domain("birch"))
    (job,) = lab.comity.json("sync", "status", "--tenant", lab.domain("birch"))
    (found,) = lab.comity.json("people", "find", "barb", "--as", lab.mail("annie", "alder"))
    (line,) = lab.comity.json("sync", "log", "--tenant", lab.domain("birch"))

    assert (run["created"], run["refused"]) == (1, [])
    assert set(job) == {"id", "from", "to", "state", "reason", "last_run", "held", "quarantine"}
    assert set(job["last_run"]) == {
        "state", "created", "updated", "deleted", "restored", "skipped", "failed", "seconds"
    }  # fmt: skip
    assert (job["from"], job["state"], job["last_run"]["created"]) == (birch["id"], "Active", 1)
    assert list(found) == [
        "displayName", "userPrincipalName", "mail", "id", "homeTenant", "label", "canChat", "reason"
    ]  # fmt: skip
    assert (found["displayName"], found["homeTenant"], found["canChat"]) == ("Barbara Birch", birch["id"], True)
    assert (line["provisioningAction"], line["provisioningStatusInfo"]["status"]) == ("create", "success")
    assert line["targetIdentity"]["id"] == found["id"]


def test_unsharing_soft_deletes_over_there(organization: Lab):
    """They stay in the recycle bin of the other tenant."""
    lab = organization
    lab.comity("sync", "run", "--tenant", lab.domain("alder"))

    lab.comity("unshare", lab.mail("annie", "alder"), "--tenant", lab.domain("alder"))
    run = lab.comity.json("sync", "run", "--tenant", lab.domain("alder"))

    gone = lab.comity.json("user", "list", "--deleted", "--tenant", lab.domain("birch"))
    assert run["deleted"] == 1
    assert [each["mail"] for each in gone] == [lab.mail("annie", "alder")]


def test_a_share_says_that_it_goes_on_and_that_it_overlaps_and_an_unshare_whom_it_took_back(organization: Lab):
    """Nobody is counted once per tenant; `--all` is the counterpart of the share's."""
    lab, alder, birch = organization, organization.domain("alder"), organization.domain("birch")
    where = ("--tenant", alder)
    later = lab.comity("share", lab.mail("annie", "alder"), "--all", "--later", *where)
    pairwise = lab.comity("share", lab.mail("annie", "alder"), "--to", birch, *where)
    assert "tenants that join later" in later.out
    assert "one is enough" in pairwise.err

    assert lab.comity("unshare", lab.mail("annie", "alder"), "--all", "--to", birch, *where, fails=2).err
    gone = lab.comity("unshare", lab.mail("annie", "alder"), "--all", *where).out
    assert gone.strip() == f"No longer shared with Birch {lab.mark}: 1 person."
    assert "nothing changes" in lab.comity("unshare", lab.mail("annie", "alder"), "--to", birch, *where).out


def test_a_sync_that_is_not_accepted_says_so(organization: Lab):
    """The gate of provisioning §2, in words."""
    lab = organization
    lab.comity("accept", lab.domain("alder"), "--withdraw", "--tenant", lab.domain("birch"))

    said = lab.comity("sync", "run", "--tenant", lab.domain("alder"), "--output", "json")

    assert len(said.json["refused"]) == 1
    assert f"Not to Birch {lab.mark}" in said.err


def test_partner_settings_are_shown_and_changed(lab: Lab):
    """One option changes one thing."""
    alder, birch = lab.domain("alder"), lab.domain("birch")

    lab.comity("partner", "set", birch, "--redeem-outbound", "--tenant", alder)
    lab.comity("partner", "set", birch, "--sync", "--tenant", alder)
    shown = lab.comity.json("partner", "show", birch, "--tenant", alder)

    assert (shown["inboundAllowed"], shown["outboundAllowed"], shown["isSyncAllowed"]) == (False, True, True)
    assert [each["tenantId"] for each in lab.comity.json("partner", "list", "--tenant", alder)] == [shown["tenantId"]]


def test_nobody_found_is_an_empty_list_and_a_sentence(lab: Lab):
    """Exit 0: asking was no mistake."""
    said = lab.comity("people", "find", f"ghost@{lab.mark}.example", "--as", lab.mail("annie", "alder"),
                      "--output", "json")  # fmt: skip

    assert said.json == []
    assert said.err.strip()


def test_a_decision_names_rule_and_tenant(lab: Lab):
    """Refusal is an answer: exit 0."""
    pair = (lab.mail("annie", "alder"), lab.mail("barbara", "birch"))
    before = lab.comity.json("access", "decide", *pair)
    lab.comity("access", "set", "AllowFederatedUsers=false", "--tenant", lab.domain("birch"))

    after = lab.comity.json("access", "decide", *pair)

    birch = lab.comity.json("tenant", "show", lab.domain("birch"))["id"]
    assert before["allowed"] is True
    assert after == {"allowed": False, "deciding_rule": "tenant-federation-off", "decided_by": birch}


def test_the_configuration_is_set_by_the_cmdlets_names(lab: Lab):
    """Switches, lists and the two shapes of AllowedDomains."""
    where = ("--tenant", lab.domain("alder"))
    wanted = ("BlockedDomains=bad.example,worse.example", "allowteamsconsumer=$false", "AllowedDomains=good.example")

    lab.comity("access", "set", *wanted, *where)
    shown = lab.comity.json("access", "show", *where)
    lab.comity("access", "set", "AllowedDomains=AllowAllKnownDomains", "BlockedDomains=", *where)
    reset = lab.comity.json("access", "show", *where)

    assert shown["BlockedDomains"] == ["bad.example", "worse.example"]
    assert shown["AllowTeamsConsumer"] is False
    assert shown["AllowedDomains"] == {"mode": "AllowList", "domains": ["good.example"]}
    assert (reset["AllowedDomains"], reset["BlockedDomains"]) == ({"mode": "AllowAllKnownDomains"}, [])


def test_two_people_talk_after_the_request_is_accepted(lab: Lab):
    """The chat is named by its id or by the other person."""
    annie, barbara = lab.mail("annie", "alder"), lab.mail("barbara", "birch")
    sent = lab.comity.json("chat", "send", barbara, "Hello", "--as", annie)
    (asked,) = lab.comity.json("chat", "list", "--as", barbara)

    lab.comity("chat", "accept", sent["chat"], "--as", barbara)
    lab.comity("chat", "send", annie, "Hi", "--as", barbara)
    read = lab.comity.json("chat", "read", barbara, "--as", annie)

    assert (asked["id"], asked["request"]) == (sent["chat"], "pending")
    assert [(each["from"], each["body"]) for each in read] == [("Annie Alder", "Hello"), ("Barbara Birch", "Hi")]


def test_who_is_blocked_can_not_write(lab: Lab):
    """One sentence, exit 1."""
    annie, barbara = lab.mail("annie", "alder"), lab.mail("barbara", "birch")
    lab.comity("chat", "send", barbara, "Hello", "--as", annie)
    lab.comity("chat", "block", annie, "--as", barbara)

    said = lab.comity("chat", "send", barbara, "Hello?", "--as", annie, fails=1)

    assert said.err.startswith("Error: ")


def test_a_program_gets_a_secret_once(lab: Lab):
    """A public one gets none."""
    where = ("--tenant", lab.domain("alder"))
    confidential = lab.comity.json("app", "create", "Robot", "--permission", "User.Read.All", *where)
    public = lab.comity.json("app", "create", "Phone", "--public", "--scope", "User.Read", *where)

    listed = {each["client_id"]: each for each in lab.comity.json("app", "list", *where)}
    assert len(confidential["client_secret"]) >= 43
    assert public["client_secret"] is None
    assert listed[confidential["client_id"]]["permissions"] == ["User.Read.All"]
    assert listed[public["client_id"]]["public"] is True


def test_as_somebody_one_has_her_rights_only(lab: Lab):
    """Annie is no admin; the operator may do everything."""
    annie = lab.mail("annie", "alder")

    said = lab.comity("user", "delete", annie, "--tenant", lab.domain("alder"), "--as", annie, "--yes", fails=1)
    clock = lab.comity("clock", "move", "1d", "--as", annie, fails=1)

    assert "User.ReadWrite.All" in said.err
    assert "Comity.Installation.ReadWrite" in clock.err


def test_the_first_admin_may_do_what_the_role_says(lab: Lab):
    """Within the tenant; --as names a person of it."""
    admin, where = lab.mail("admin", "alder"), ("--tenant", lab.domain("alder"))

    lab.comity("group", "create", "Board", *where, "--as", admin)

    foreign = lab.comity("group", "create", "Board", "--tenant", lab.domain("birch"), "--as", admin, fails=2)
    assert "another tenant" in foreign.err


def test_the_operator_is_recorded_with_his_reason(lab: Lab, server: Server, shared_url: str):
    """By the name that the operating system knows (design §5.2)."""
    lab.comity("group", "create", "Sales", "--tenant", lab.domain("alder"), "--reason", f"ticket {lab.mark}")

    database = psycopg.conninfo.conninfo_to_dict(shared_url)["dbname"]
    with psycopg.connect(server.admin_url(str(database))) as admin:
        row = admin.execute(
            "select actor_kind, actor_name, action from audit_entry where reason = %s", (f"ticket {lab.mark}",)
        ).fetchone()
    assert row == ("operator", getpass.getuser(), "Add group")


def test_the_clock_can_be_moved_and_reset(fresh_url, comity: Terminal):
    """Everything dated afterwards is dated then."""
    comity.environment["COMITY_DATABASE_URL"] = fresh_url()

    moved = comity.json("clock", "move", "30d")
    back = comity.json("clock", "move", "-1d12h")
    exact = comity.json("clock", "move", "--to", "2030-01-31T09:00Z")
    shown = comity.json("clock")
    reset = comity.json("clock", "reset")

    assert moved["offset_s"] == 30 * 86400
    assert back["offset_s"] == 28.5 * 86400
    assert exact["now"].startswith("2030-01-31T09:00")
    assert shown["offset_s"] == exact["offset_s"]
    assert reset["offset_s"] == 0


def test_signing_keys_can_be_rotated(fresh_url, comity: Terminal):
    """At once only on request: others may not know the next key yet."""
    comity.environment["COMITY_DATABASE_URL"] = fresh_url()

    early = comity("keys", "rotate", fails=1)
    rotated = comity.json("keys", "rotate", "--now")

    assert "--now" in early.err or "published" in early.err
    assert rotated["current"] != rotated["retired"]


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(comity: Terminal):
    """The servers of the tests do not flush, which is the one fault; that no worker runs is none."""
    found = {each["part"]: each for each in comity.json("doctor", fails=1)}

    faults = [part for part, each in found.items() if each["verdict"] == "fault"]
    assert faults == ["durability"]
    assert "synchronous_commit" in found["durability"]["mend"]
    assert found["worker"]["verdict"] == "note"
    assert "comity serve" in found["worker"]["mend"]
