"""What the worked example promises; each promise is checked against what was read back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import Any, Final

from comity.cli.demo.report import Report
from comity.cli.demo.scenario import WORKED_EXAMPLE

RULES: Final = {
    ("Annie", "Charlie", "email", False): (True, "ok"),
    ("Charlie", "Annie", "email", False): (True, "ok"),
    ("Barbara", "Dana", "email", False): (True, "ok"),
    ("Barbara", "Dana", "phone", False): (True, "ok"),
    ("Dana", "Barbara", "email", False): (True, "ok"),
    ("Dana", "Barbara", "phone", False): (False, "phone-finds-personal-only"),
    ("Dana", "Barbara", "email", True): (False, "tenant-consumer-inbound-off"),
    ("Barbara", "Dana", "email", True): (True, "ok"),
}
"""(from, to, by, with other settings) → (allowed, deciding rule)."""


def failed_expectations(report: Report) -> list[str]:
    """The promises that do not hold, each as a sentence; nothing is built or mended here."""
    return [
        *_acceptances(report),
        *_shares(report),
        *_representations(report),
        *_searches(report),
        *_decisions(report),
        *_chats(report),
    ]


def _acceptances(report: Report) -> Iterator[str]:
    names = {each.letter: each.name for each in WORKED_EXAMPLE.tenants}
    for who, whose in permutations(names, 2):
        if (who, whose) not in report.accepted:
            yield f"{names[who]} accepts the people of {names[whose]}"


def _shares(report: Report) -> Iterator[str]:
    names = {each.letter: each.name for each in WORKED_EXAMPLE.tenants}
    for person in WORKED_EXAMPLE.employees:
        for letter, tenant in names.items():
            if letter != person.tenant and (person.name, letter) not in report.shared:
                yield f"{person.name} is shared with {tenant}"


def _representations(report: Report) -> Iterator[str]:
    """Everybody once in each tenant: at home as an internal account, elsewhere as a B2B member."""
    names = {each.letter: each.name for each in WORKED_EXAMPLE.tenants}
    for person in WORKED_EXAMPLE.employees:
        for letter, tenant in names.items():
            rows = [
                each for each in report.representations if (each["person"], each["tenant"]) == (person.name, letter)
            ]
            kind = "internal" if letter == person.tenant else "b2b"
            if [(each["kind"], each["userType"]) for each in rows] != [(kind, "Member")]:
                stands = "at home" if kind == "internal" else "as a B2B member"
                yield f"{person.name} stands in {tenant} exactly once, {stands} (found: {_shown(rows)})"


def _searches(report: Report) -> Iterator[str]:
    found = {(each["as"], each["query"]): each["found"] for each in report.searches}
    for person, other in permutations((each.name for each in WORKED_EXAMPLE.employees), 2):
        if found.get((person, other)) != [other]:
            shown = ", ".join(found.get((person, other), ())) or "nobody"
            yield f"{person} finds {other} exactly once (found: {shown})"


def _decisions(report: Report) -> Iterator[str]:
    asked = {(each["from"], each["to"], each["by"], each["with"] is not None): each for each in report.decisions}
    for (actor, target, by, instead), (allowed, rule) in RULES.items():
        decision = asked.get((actor, target, by, instead))
        if decision is None or (decision["allowed"], decision["deciding_rule"]) != (allowed, rule):
            verb = "may write to" if allowed else "may not write to"
            given = " while Birch lets nobody from outside begin" if instead else ""
            got = f"{decision['deciding_rule']}" if decision else "not asked"
            yield f"{actor} {verb} {target} by {by}{given}, because of {rule} (decided: {got})"


def _chats(report: Report) -> Iterator[str]:
    for plan in WORKED_EXAMPLE.chats:
        members = sorted((plan.starter, plan.other))
        found = [each for each in report.chats if each["members"] == members]
        if len(found) != 1:
            yield f"{plan.starter} and {plan.other} have one chat (found: {len(found)})"
        elif found[0]["messages"] < 2:
            yield f"the chat of {plan.starter} and {plan.other} holds both messages (found: {found[0]['messages']})"
        elif not report.may_write[found[0]["id"]]:
            yield f"in the chat of {plan.starter} and {plan.other}, both may write"


def _shown(rows: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['kind']} {each['userType']}" for each in rows) or "nobody"
