"""`comity sync plan|show|apply|undo|stop|start|restart|provision|drift`, and what scripts rely on (design §5.2)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from comity.core.ids import new_id
from tests.cli.conftest import Lab, Terminal

COUNTS = ("create", "update", "delete", "restore", "skip", "refuse")


@pytest.fixture
def shared(comity: Terminal) -> Lab:
    """Birch shares Bob and Barbara with Alder, which accepts; nothing is synced yet."""
    lab = Lab(comity, new_id().hex[-12:])
    lab.add("alder", "annie")
    lab.add("birch", "bob", "barbara")
    alder, birch = lab.domain("alder"), lab.domain("birch")
    lab.comity("accept", birch, "--tenant", alder)
    lab.comity("share", lab.mail("bob", "birch"), lab.mail("barbara", "birch"), "--to", alder, "--tenant", birch)
    return lab


def between(lab: Lab) -> tuple[str, ...]:
    return ("--from", lab.domain("birch"), "--to", lab.domain("alder"))


def of(lab: Lab) -> tuple[str, ...]:
    return ("--tenant", lab.domain("birch"), "--to", lab.domain("alder"))


def counts(plan: dict[str, int]) -> dict[str, int]:
    return {name: plan[name] for name in COUNTS if plan[name]}


def test_a_plan_tells_counts_and_people_and_changes_nothing(shared: Lab):
    """The contract of `sync plan`: counts, and items with old → new."""
    plan = shared.comity.json("sync", "plan", *between(shared))
    assert counts(plan) == {"create": 2}
    assert {each["userPrincipalName"] for each in plan["items"]} == {
        f"{name}@{shared.domain('birch')}" for name in ("bob", "barbara")
    }
    assert {"attribute": "displayName", "old": None, "new": "Bob Birch"} in [
        change for each in plan["items"] for change in each["changes"]
    ]
    assert shared.comity.json("sync", "plan", *between(shared))["create"] == 2


def test_detailed_exit_codes_say_whether_anything_would_change(shared: Lab):
    """3 for changes, 0 for none; without the option always 0."""
    shared.comity("sync", "plan", *between(shared), "--detailed-exitcode", fails=3)
    shared.comity("sync", "plan", *between(shared))
    shared.comity("sync", "run", "--tenant", shared.domain("birch"))
    shared.comity("sync", "plan", *between(shared), "--detailed-exitcode")


def test_items_may_go_to_a_file(shared: Lab, tmp_path: Path):
    """JSON Lines, one person each."""
    file = tmp_path / "items.jsonl"
    plan = shared.comity.json("sync", "plan", *between(shared), "--items", str(file))
    assert "items" not in plan
    assert [json.loads(line)["action"] for line in file.read_text().splitlines()] == ["create", "create"]


def test_a_plan_is_applied_once_and_shown_again(shared: Lab):
    plan = shared.comity.json("sync", "plan", *between(shared))["plan_id"]
    birch = shared.domain("birch")
    done = shared.comity.json("sync", "apply", plan, "--tenant", birch)
    assert (done["state"], done["applied"], done["left"]) == ("applied", 2, [])
    assert shared.comity.json("sync", "apply", plan, "--tenant", birch)["applied"] == 2
    assert shared.comity.json("sync", "show", plan, "--tenant", birch)["applied"] == 2
    assert "2 created" in shared.comity("sync", "show", plan, "--tenant", birch).out


def test_a_plan_is_found_by_its_id_alone(shared: Lab):
    """As the contract writes it, `sync apply PLAN`; not in another tenant, not without the right."""
    plan = shared.comity.json("sync", "plan", *between(shared))["plan_id"]
    annie = shared.mail("annie", "alder")
    assert "There is no plan" in shared.comity("sync", "apply", plan, "--tenant", shared.domain("alder"), fails=1).err
    assert "permission" in shared.comity("sync", "apply", plan, "--as", annie, fails=1).err
    assert shared.comity.json("sync", "apply", plan)["applied"] == 2
    assert shared.comity.json("sync", "show", plan)["state"] == "applied"


def test_the_status_of_every_tenant_is_one_answer(shared: Lab):
    """Without a tenant the operator sees all jobs of the installation, an admin those of his own."""
    pairs = {(each["from"], each["to"]) for each in shared.comity.json("sync", "status")}
    (own,) = shared.comity.json("sync", "status", "--tenant", shared.domain("birch"))
    assert (own["from"], own["to"]) in pairs


def test_what_a_proposal_would_do_is_shown_before_and_done_after(shared: Lab):
    """Unsharing Bob: a plan, then its application."""
    shared.comity("sync", "run", "--tenant", shared.domain("birch"))
    bob = f"bob@{shared.domain('birch')}"
    plan = shared.comity.json("sync", "plan", *between(shared), "--remove", bob)
    assert counts(plan) == {"delete": 1}
    shared.comity("sync", "apply", plan["plan_id"], "--tenant", shared.domain("birch"))
    assert counts(shared.comity.json("sync", "plan", *between(shared))) == {}


def test_the_target_sees_what_a_plan_would_do_to_it(shared: Lab):
    """Its own accounts by name; whoever is not there yet as a number."""
    plan = shared.comity.json("sync", "plan", *between(shared))["plan_id"]
    where = ("--source", shared.domain("birch"), "--tenant", shared.domain("alder"))
    seen = shared.comity.json("sync", "show", plan, *where)
    assert (seen["items"], seen["hidden"]) == ([], {"create": 2})


def test_a_run_is_undone_and_the_job_rests(shared: Lab):
    shared.comity("sync", "run", "--tenant", shared.domain("birch"))
    assert counts(shared.comity.json("sync", "undo", "--plan", *of(shared))) == {"delete": 2}
    assert shared.comity.json("sync", "undo", *of(shared))["applied"] == 2
    (job,) = shared.comity.json("sync", "status", "--tenant", shared.domain("birch"))
    assert (job["state"], job["reason"]) == ("Paused", "undone")


def test_a_job_is_stopped_and_started_with_its_plan_shown_first(shared: Lab):
    """Without a terminal somebody has to say --yes."""
    (stopped,) = shared.comity.json("sync", "stop", "--tenant", shared.domain("birch"))
    assert (stopped["state"], stopped["reason"]) == ("Paused", "stopped")
    assert shared.comity.json("sync", "run", "--tenant", shared.domain("birch"))["created"] == 0
    said = shared.comity("sync", "start", *of(shared), fails=2)
    assert "2 created" in said.out
    shared.comity("sync", "start", *of(shared), "--yes")
    (job,) = shared.comity.json("sync", "status", "--tenant", shared.domain("birch"))
    assert (job["state"], job["last_run"]["created"]) == ("Active", 2)


def test_a_job_is_started_at_once_or_restarted(shared: Lab):
    """As Graph does."""
    shared.comity("sync", "stop", *of(shared))
    assert shared.comity.json("sync", "start", *of(shared), "--at-once")["state"] == "Active"
    shared.comity("sync", "run", "--tenant", shared.domain("birch"))
    assert shared.comity.json("sync", "restart", *of(shared))["state"] == "Active"
    said = shared.comity("sync", "restart", *of(shared), "--reset-scope", "Everything", fails=1)
    assert "QuarantineState" in said.err


def test_one_person_is_provisioned_on_demand(shared: Lab):
    """With Graph's step types."""
    bob = f"bob@{shared.domain('birch')}"
    done = shared.comity.json("sync", "provision", bob, *of(shared))
    assert (done["action"], done["code"], len(done["steps"])) == ("create", None, 5)
    assert {"displayName": "displayName", "oldValue": None, "newValue": "Bob Birch"} in done["modified"]


def test_drift_repair_is_off_at_first(shared: Lab):
    assert shared.comity.json("sync", "drift", *of(shared))["driftRepair"] is False
    assert shared.comity.json("sync", "drift", "--repair", "on", *of(shared))["driftRepair"] is True
    assert counts(shared.comity.json("sync", "plan", "--drift", *between(shared))) == {}
