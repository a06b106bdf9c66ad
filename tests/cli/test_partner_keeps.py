"""`comity partner keep` and `comity partner cleanup`."""

from __future__ import annotations

import pytest

from comity.core.ids import new_id
from tests.cli.conftest import Lab, Terminal


@pytest.fixture
def shared(comity: Terminal) -> Lab:
    """Birch shares Bob with Alder, which accepts; he is there."""
    lab = Lab(comity, new_id().hex[-12:])
    lab.add("alder", "annie")
    lab.add("birch", "bob", "barbara")
    lab.comity("accept", lab.domain("birch"), "--tenant", lab.domain("alder"))
    lab.comity("share", lab.mail("bob", "birch"), "--to", lab.domain("alder"), "--tenant", lab.domain("birch"))
    lab.comity("sync", "run", "--tenant", lab.domain("birch"))
    return lab


def toward(lab: Lab) -> tuple[str, ...]:
    return (lab.domain("birch"), "--tenant", lab.domain("alder"))


def id_of(lab: Lab, person: str) -> str:
    shown = lab.comity.json("user", "show", lab.mail(person, "birch"), "--tenant", lab.domain("birch"))
    return str(shown["id"])


def test_attributes_and_disabled_accounts_are_kept_and_released(shared: Lab):
    """By the names that mappings use; what is not named stays."""
    said = shared.comity.json("partner", "keep", *toward(shared), "--attribute", "city", "--attribute", "jobTitle")
    assert (said["attributes"], said["disabled"], said["never"]) == (["city", "jobTitle"], False, [])
    said = shared.comity.json("partner", "keep", *toward(shared), "--release", "city", "--disabled")
    assert (said["attributes"], said["disabled"]) == (["jobTitle"], True)
    assert shared.comity.json("partner", "keep", *toward(shared)) == said
    assert (
        "physicalDeliveryOfficeName"
        in shared.comity("partner", "keep", *toward(shared), "--attribute", "shoeSize", fails=2).err
    )


def test_people_who_never_come_are_named_by_id_or_account(shared: Lab):
    """Barbara by her id at home, Bob by his account here; the plan of Birch says why she is skipped."""
    barbara = id_of(shared, "barbara")
    birch, alder = shared.domain("birch"), shared.domain("alder")
    (bob,) = shared.comity.json("people", "find", "bob", "--as", shared.mail("annie", "alder"))
    said = shared.comity.json("partner", "keep", *toward(shared), "--never", barbara, "--never", bob["id"])
    assert barbara in said["never"]
    plan = shared.comity.json("sync", "plan", "--from", birch, "--to", alder, "--add", shared.mail("barbara", "birch"))
    assert [(each["action"], each["reason"]) for each in plan["items"]] == [("skip", "TargetVeto")]
    said = shared.comity.json("partner", "keep", *toward(shared), "--again", barbara)
    assert barbara not in said["never"]


def test_a_severed_relation_is_cleaned_up_and_taken_back(shared: Lab):
    """A plan like any other: shown, applied, shown again; and one that takes it back."""
    alder = shared.domain("alder")
    refused = shared.comity("partner", "cleanup", *toward(shared), fails=1)
    assert "--withdraw" in refused.err
    shared.comity("accept", shared.domain("birch"), "--withdraw", "--tenant", alder)
    plan = shared.comity.json("partner", "cleanup", *toward(shared))
    assert [(each["action"], each["displayName"]) for each in plan["items"]] == [("delete", "Bob Birch")]
    assert "1 deleted" in shared.comity("sync", "show", plan["plan_id"], "--tenant", alder).out
    assert shared.comity.json("sync", "apply", plan["plan_id"], "--tenant", alder)["applied"] == 1
    back = shared.comity.json("partner", "cleanup", *toward(shared), "--undo", plan["plan_id"])
    assert back["restore"] == 1
    assert shared.comity.json("sync", "apply", back["plan_id"], "--tenant", alder)["applied"] == 1
    (found,) = shared.comity.json("people", "find", "bob", "--as", shared.mail("annie", "alder"))
    assert found["displayName"] == "Bob Birch"
