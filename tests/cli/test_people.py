"""`comity people`: found, not found and why, as people type it (design §5.2)."""

from __future__ import annotations

import shlex

from tests.cli.conftest import Lab


def mended(lab: Lab, line: str) -> None:
    """Type the command that an answer ended in."""
    first, *rest = shlex.split(line)
    assert first == "comity"
    lab.comity(*rest)


def test_coverage_leads_from_nothing_to_everybody_command_by_command(lab: Lab):
    """Each answer ends in what the right admin types next; in the end nobody is missing."""
    alder, birch = lab.domain("alder"), lab.domain("birch")
    lab.comity("mto", "create", "Trees", "--tenant", alder)
    lab.comity("mto", "invite", birch, "--tenant", alder)
    done = []
    (report,) = lab.comity.json("people", "coverage", "--tenant", alder)
    while missing := report["pairs"][0]["missing"]:
        (gap,) = missing
        assert gap["reason"] not in done, "the command mended nothing"
        done.append(gap["reason"])
        mended(lab, gap["command"])
        (report,) = lab.comity.json("people", "coverage", "--tenant", alder)
    (pair,) = report["pairs"]

    assert done == ["not-shared", "not-accepted", "lagging", "pending"]
    assert (report["people"], pair["found"], pair["unified"]) == (2, 2, 2)


def test_coverage_is_a_table_for_people(lab: Lab):
    """Pairs, what to do, and the matrix."""
    alder, birch = lab.domain("alder"), lab.domain("birch")
    lab.comity("mto", "create", "Trees", "--tenant", alder)
    assert "comity mto create" not in lab.comity("people", "coverage", "--tenant", alder).out
    lab.comity("mto", "invite", birch, "--tenant", alder)

    shown = lab.comity("people", "coverage", "--tenant", alder, "--matrix").out

    assert "2 not-shared" in shown  # Annie, and the admin whom the tenant was made with
    assert "comity share " in shown
    assert lab.mail("annie", "alder") in shown
    assert "Annie Alder" in shown.splitlines()[-1]
    assert "internal" in shown.splitlines()[-1]


def test_why_answers_in_one_sentence_with_the_fix(lab: Lab):
    """X does not find Y: why, and whose admin types what."""
    annie, barbara = lab.mail("annie", "alder"), lab.mail("barbara", "birch")

    told = lab.comity("people", "why", barbara, annie).out
    found = lab.comity.json("people", "why", barbara, annie)

    assert "Barbara Birch does not find Annie Alder: her home tenant does not share her there." in told
    assert f"for an admin of Alder {lab.mark}: comity share {annie}" in told
    assert (found["found"], found["reason"]) == (False, "not-shared")
    lab.comity("share", annie, "--tenant", lab.domain("alder"), "--to", lab.domain("birch"))
    lab.comity("accept", lab.domain("alder"), "--tenant", lab.domain("birch"))
    lab.comity("sync", "run", "--tenant", lab.domain("alder"))
    assert lab.comity.json("people", "why", barbara, annie)["reason"] == "no-organization"


def test_why_is_told_as_far_as_it_is_ones_business(lab: Lab):
    """Who searches learns that she does not stand there; why, only admins of her home."""
    annie, barbara = lab.mail("annie", "alder"), lab.mail("barbara", "birch")

    refused = lab.comity("people", "why", barbara, annie, "--as", annie, fails=1)
    told = lab.comity.json("people", "why", barbara, annie, "--as", barbara)

    assert "permission" in refused.err
    assert (told["reason"], told["command"]) == ("not-represented", None)


def test_find_forgives_and_folds(lab: Lab):
    """As the person named with --as; the index is a worker's, beginnings of names are found at once."""
    lab.add("cedar", "jürgen", "juergen")

    found = lab.comity.json("people", "find", "jürg", "--as", lab.mail("juergen", "cedar"))

    assert [each["displayName"] for each in found] == ["Jürgen Cedar"]
