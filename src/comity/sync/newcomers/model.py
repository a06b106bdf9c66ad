"""The nouns of people who are new: rows of text, because a share begins with tens of thousands of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from comity.core.ids import CauseId, JobId, PlanId, UserId

NEWCOMERS_MIN: Final = 250
"""So many new people on a page make it worth its own way; fewer go with everybody else."""

NULL: Final = r"\N"
"""What COPY writes for a missing value."""

HEAD: Final = 9
"""How many columns of a row are looked at; what follows goes through as it is."""


class Row(NamedTuple):
    """A person of the source as COPY writes her; `tail` is what the account takes, still joined by tabs."""

    id: str
    user_type: str
    account_enabled: str
    is_external: str
    is_deleted: str
    is_short: str
    """Is no text longer than an account may have?"""
    user_principal_name: str
    mail_key: str
    manager_id: str
    tail: str


@dataclass(frozen=True, slots=True)
class Newcomers:
    """People of one page who stand in nobody's books yet, as read in the source.

    `in_scope` holds, per job, whom it offers (None: everybody); `managers` where their managers stand in its
    target; `running` the jobs that were active when the page was read. Ids are text.
    """

    rows: list[Row]
    in_scope: Mapping[JobId, Collection[str] | None]
    managers: Mapping[JobId, Mapping[str, str]]
    running: frozenset[JobId]


class Candidate(NamedTuple):
    """Somebody who would be created: her row, and the name she would bear, plain and folded."""

    row: Row
    upn: str
    upn_key: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who of a page can be created just so, and the ids of those who need a closer look."""

    candidates: list[Candidate]
    left: set[str]


@dataclass(frozen=True, slots=True)
class Met:
    """What stands in the target already: home identities, folded names and mails."""

    homes: Collection[str] = frozenset()
    names: Collection[str] = frozenset()
    mails: Collection[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Arrival:
    """New accounts of one page, to be made together or not at all.

    `lines` are rows of `staging.STAGED_NEWCOMERS` as COPY text, steps counted from `first_step`; `pairs` the ids
    in source and target. `unresolved` are people whose manager is not in the target.
    """

    plan_id: PlanId
    job_id: JobId
    cause: CauseId
    first_step: int
    lines: list[str]
    pairs: list[tuple[str, str]]
    unresolved: list[UserId]
