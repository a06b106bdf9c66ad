"""`comity sync held|allow|reject|threshold`, and what `sync status` says of held deletions."""

from __future__ import annotations

import pytest

from comity.core.ids import new_id
from tests.cli.conftest import Lab, Terminal

NAMES = ("bob", "barbara", "carl", "dora")


@pytest.fixture
def held(comity: Terminal) -> Lab:
    """Birch shared four people with Alder and took all back; three are one too many for its job, so all are held."""
    lab = Lab(comity, new_id().hex[-12:])
    lab.add("alder", "annie")
    lab.add("birch", *NAMES)
    alder, birch = lab.domain("alder"), lab.domain("birch")
    lab.comity("accept", birch, "--tenant", alder)
    people = [lab.mail(each, "birch") for each in NAMES]
    lab.comity("share", *people, "--to", alder, "--tenant", birch)
    lab.comity("sync", "run", "--tenant", birch)
    lab.comity("sync", "threshold", "--number", "2", *of(lab))
    lab.comity("unshare", *people, "--tenant", birch)
    lab.comity("sync", "run", "--tenant", birch)
    return lab


def of(lab: Lab) -> tuple[str, ...]:
    return ("--tenant", lab.domain("birch"), "--to", lab.domain("alder"))


def test_held_deletions_are_listed_by_name(held: Lab):
    rows = held.comity.json("sync", "held", *of(held))
    assert {each["userPrincipalName"] for each in rows} == {held.mail(each, "birch") for each in NAMES}
    assert {(each["state"], each["kind"]) for each in rows} == {("waiting", "user")}
    assert held.mail("dora", "birch") in held.comity("sync", "held", "--tenant", held.domain("birch")).out


def test_the_status_counts_them(held: Lab):
    """The contract of `sync status`, with `held` beside it."""
    (job,) = held.comity.json("sync", "status", "--tenant", held.domain("birch"))
    assert (job["held"], job["state"], job["quarantine"]["reason"]) == (4, "Quarantine", "TooManyDeletes")
    assert "comity sync held" in held.comity("sync", "status", "--tenant", held.domain("birch")).err


def test_they_are_allowed_by_name_rejected_by_name_and_allowed_all(held: Lab):
    birch = held.domain("birch")
    bob, barbara = (held.mail(each, "birch") for each in NAMES[:2])
    assert held.comity.json("sync", "allow", bob, "--yes", *of(held))["allowed"] == 1
    assert held.comity.json("sync", "run", "--tenant", birch)["deleted"] == 1
    assert held.comity.json("sync", "reject", barbara, *of(held))["rejected"] == 1
    assert held.comity.json("sync", "allow", "--all", "--yes", *of(held))["allowed"] == 2
    assert held.comity.json("sync", "run", "--tenant", birch)["deleted"] == 2
    assert held.comity.json("sync", "held", *of(held)) == []
    (rejected,) = held.comity.json("sync", "held", "--rejected", *of(held))
    assert (rejected["userPrincipalName"], rejected["state"]) == (barbara, "rejected")


def test_nobody_is_deleted_without_a_yes(held: Lab):
    """There is no terminal to ask on."""
    assert "--yes" in held.comity("sync", "allow", "--all", *of(held), fails=2).err
    assert "Say whose" in held.comity("sync", "allow", *of(held), fails=2).err
    assert "nobody@" in held.comity("sync", "reject", "nobody@nowhere.example", *of(held), fails=1).err
    assert len(held.comity.json("sync", "held", *of(held))) == 4


def test_a_restart_with_force_deletes_allows_all(held: Lab):
    """As in Graph (provisioning §8.1)."""
    held.comity("sync", "restart", "--reset-scope", "ForceDeletes", *of(held))
    assert held.comity.json("sync", "run", "--tenant", held.domain("birch"))["deleted"] == 4


def test_the_threshold_is_shown_and_set(held: Lab):
    """Number and percentage; what is not named stays."""
    said = held.comity.json("sync", "threshold", "off", "--percent", "20", *of(held))
    assert {name: said[name] for name in ("thresholdEnabled", "number", "percent")} == {
        "thresholdEnabled": False, "number": 2, "percent": 20,
    }  # fmt: skip
    assert held.comity.json("sync", "threshold", *of(held)) == said
    assert held.comity.json("sync", "threshold", "--no-number", *of(held))["number"] is None
    assert "percentage" in held.comity("sync", "threshold", "on", "--no-percent", *of(held), fails=1).err
