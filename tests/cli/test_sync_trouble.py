"""`comity sync escrow`, `quarantine`, `notify`, `status` and `log`, as somebody types them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Lab


@pytest.fixture
def birch(lab: Lab) -> str:
    """Birch shares Barbara with Alder, which accepts; she is there."""
    alder, birch = lab.domain("alder"), lab.domain("birch")
    lab.comity("accept", birch, "--tenant", alder)
    lab.comity("share", lab.mail("barbara", "birch"), "--to", alder, "--tenant", birch)
    lab.comity("sync", "run", "--tenant", birch)
    return birch


def test_a_share_of_one_speaks_of_one_person(lab: Lab):
    """Not of 1 people."""
    said = lab.comity(
        "share", lab.mail("barbara", "birch"), "--to", lab.domain("alder"), "--tenant", lab.domain("birch")
    )

    assert said.out.endswith(": 1 person.\n")


def test_quarantine_is_told_by_status_in_graphs_words(lab: Lab, birch: str):
    """From the command that imposes it to the start that lifts it."""
    alder = lab.domain("alder")
    imposed = lab.comity.json("sync", "quarantine", "--to", alder, "--tenant", birch)
    (job,) = lab.comity.json("sync", "status", "--tenant", birch)

    assert (job["state"], job["quarantine"]) == ("Quarantine", imposed)
    assert imposed["reason"] == "QuarantinedOnDemand"
    assert set(imposed) == {"reason", "currentBegan", "seriesBegan", "seriesCount", "nextAttempt", "error"}

    lab.comity("sync", "start", "--at-once", "--to", alder, "--tenant", birch)
    (job,) = lab.comity.json("sync", "status", "--tenant", birch)
    assert (job["state"], job["quarantine"]) == ("Active", None)


def test_escrow_names_who_failed_and_the_log_says_why(lab: Lab):
    """With the time of the next attempt."""
    alder, birch, barbara = lab.domain("alder"), lab.domain("birch"), lab.mail("barbara", "birch")
    lab.comity("accept", birch, "--tenant", alder)
    lab.comity("user", "update", lab.mail("annie", "alder"), f"mail={barbara}", "--tenant", alder)
    lab.comity("share", barbara, "--to", alder, "--tenant", birch)
    lab.comity("sync", "run", "--tenant", birch)

    (entry,) = lab.comity.json("sync", "escrow", "--tenant", birch)
    (line,) = lab.comity.json("sync", "log", "--status", "failure", "--tenant", birch)
    assert (entry["name"], entry["errorCode"]) == (barbara, "InvitationCreationFailureAmbiguousUser")
    assert line["provisioningStatusInfo"]["errorInformation"]["errorCode"] == entry["errorCode"]
    assert barbara in lab.comity("sync", "escrow", "--tenant", birch).out


def test_addresses_are_kept_when_mail_is_switched_off(lab: Lab, birch: str):
    """And nobody is told meanwhile."""
    job = ("--to", lab.domain("alder"), "--tenant", birch)
    lab.comity("sync", "notify", "--mail", "ops@birch.example", "--language", "de", *job)

    assert lab.comity.json("sync", "notify", "--off", *job)["enabled"] is False
    told = lab.comity.json("sync", "notify", *job)
    assert (told["recipients"], told["language"]) == (["ops@birch.example"], "de")
    assert "tells nobody" in lab.comity("sync", "notify", *job).out
