"""Documentation says what the program does: links lead somewhere, generated parts are current."""

from __future__ import annotations

import re

from comity.access.model import Rule
from tests.docs.parity import parity_rows
from tools import docs
from tools.reference import error_classes, setting_fields
from tools.sources import ROOT


def test_every_link_leads_somewhere():
    """Within the repository, anchors included; the outside world is not asked in a test."""
    assert docs.broken_links() == []


def test_every_page_can_be_reached():
    """A page that no page links to is not read."""
    assert docs.lonely_pages() == []


def test_generated_parts_are_what_the_code_says():
    """`./dev docs` writes them."""
    assert [str(path.relative_to(ROOT)) for path in docs.stale_pages()] == []


def test_every_setting_is_documented():
    """Nobody finds a setting that the page does not name (style §11)."""
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    fields = list(setting_fields())

    assert fields
    assert [name for name, _, _ in fields if f"`COMITY_{name.upper()}`" not in page] == []
    assert [name for name, _, note in fields if not note.strip()] == []


def test_every_error_code_is_documented():
    """A script that meets a code can look it up."""
    page = (ROOT / "docs" / "reference" / "error-codes.md").read_text(encoding="utf-8")

    assert [each.code for each in error_classes() if f"| `{each.code}` |" not in page] == []


def test_every_error_code_means_one_thing():
    """Two classes with one code would have one sentence for two ideas."""
    codes = sorted(each.code for each in error_classes())

    assert codes == sorted(set(codes))


def test_every_rule_id_is_documented():
    """Scripts branch on them (design §5.2)."""
    page = (ROOT / "docs" / "reference" / "json.md").read_text(encoding="utf-8")

    assert [rule.value for rule in Rule if f"`{rule.value}`" not in page] == []


def test_changelog_fragments_are_in_form():
    """They become the changelog as they are (changelog.d/README.md)."""
    assert docs.faulty_fragments() == []


def test_parity_uses_three_words():
    """Done, Planned or No: a fourth word would be a way out of saying which (design D11)."""
    assert {state for _, state, _ in parity_rows()} == {"Done", "Planned", "No"}


def test_whatever_is_done_has_its_witness():
    """A claim that no test holds is a hope (design D11)."""
    unwitnessed = [
        what
        for what, state, remark in parity_rows()
        if state == "Done" and not any((ROOT / name).is_file() for name in re.findall(r"`(tests/[\w/]+\.py)`", remark))
    ]

    assert unwitnessed == []


def test_decision_records_have_all_parts():
    """One page each: context, decision, consequences, alternatives, references."""
    parts = ["Status: ", "## Context", "## Decision", "## Consequences", "## Alternatives", "## References"]
    records = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    numbers = [int(path.name[:4]) for path in records]

    assert numbers == list(range(1, len(numbers) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert [part for part in parts if part not in text] == [], record.name
