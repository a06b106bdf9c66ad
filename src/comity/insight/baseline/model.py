"""The nouns of a baseline check."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Verdict(StrEnum):
    """What a check says."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"
    MANUAL = "manual"
    """Somebody has to look: settings are there that take effect with the next switch."""


class CheckId(StrEnum):
    """Every check, by the id of its source; its title is the catalogue's `baseline-` plus the id."""

    SCUBA_2_1 = "MS.TEAMS.2.1v2"
    SCUBA_2_2 = "MS.TEAMS.2.2v2"
    SCUBA_2_3 = "MS.TEAMS.2.3v2"
    CIS_8_2_1 = "CIS 8.2.1"
    CIS_8_2_2 = "CIS 8.2.2"
    CIS_8_2_3 = "CIS 8.2.3"
    CIS_8_2_4 = "CIS 8.2.4"
    CIS_8_2_X = "CIS 8.2.x"
    CIS_8_2_3_B2B = "CIS 8.2.3 (7.0.0)"
    TRIAL_REASONS = "COMITY.1"
    BLOCK_LIST_IGNORED = "COMITY.2"
    SUBDOMAINS_OF_NOTHING = "COMITY.3"
    BLOCKED_NOT_IN_FORCE = "COMITY.4"
    ALLOWED_UNUSED = "COMITY.5"
    GROUPS_SHADOWED = "COMITY.6"
    POLICIES_INERT = "COMITY.7"


WEIGHTS = {
    CheckId.SCUBA_2_1: "SHALL", CheckId.SCUBA_2_2: "SHALL", CheckId.SCUBA_2_3: "SHOULD",
    CheckId.CIS_8_2_1: "L2", CheckId.CIS_8_2_2: "L1", CheckId.CIS_8_2_3: "L1", CheckId.CIS_8_2_4: "L1",
    CheckId.CIS_8_2_X: "L1",
}  # fmt: skip
"""How strongly the source asks for it; our own are advice."""


class Affected(NamedTuple):
    """A person for whom a check fails, and the policy that holds for her."""

    user_principal_name: str
    policy: str


@dataclass(frozen=True, slots=True)
class Result:
    """One check: its verdict, for whom it fails, and what it met."""

    id: CheckId
    verdict: Verdict
    policies: tuple[str, ...] = ()
    """Effective policies that fail; that of people who are still to come is among them even without people."""
    people: tuple[Affected, ...] = field(default=(), repr=False)
    entries: tuple[str, ...] = ()
    """Domains, addresses or groups that the check is about."""

    @property
    def weight(self) -> str:
        """How strongly the source asks for it."""
        return WEIGHTS.get(self.id, "advice")


@dataclass(frozen=True, slots=True)
class Usage:
    """What cannot be seen in the settings themselves."""

    unexplained_trial_domains: frozenset[str] = frozenset()
    """Exceptions for trial tenants whose audit gives no reason."""
    unused_domains: frozenset[str] = frozenset()
    """Allowed domains with whose people nobody had a chat in 90 days."""
    shadowed_groups: tuple[str, ...] = ()
    """Groups whose policy holds for none of their members."""
