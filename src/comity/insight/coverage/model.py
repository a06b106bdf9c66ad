"""The nouns of coverage: who is findable where, and why not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from comity.access.model import Rule
from comity.core.ids import TenantId, UserId


@dataclass(frozen=True, slots=True)
class Account:
    """The account in another tenant that stands for somebody."""

    id: UserId
    is_guest: bool
    deleted: bool
    enabled: bool
    shown: bool


class Represented(StrEnum):
    """As what a person stands in a tenant."""

    INTERNAL = "internal"
    """At home."""
    MEMBER = "member"
    GUEST = "guest"
    NOT = "not"


class Reason(StrEnum):
    """Why somebody is not found by name, or is found and not unified."""

    NOT_SHARED = "not-shared"
    """Her home tenant does not offer her there."""
    NOT_ACCEPTED = "not-accepted"
    """The other tenant does not let the people of her home tenant in."""
    STOPPED = "stopped"
    """The sync job that offers her is not running."""
    LAGGING = "lagging"
    """She is shared and accepted; the next drain brings her, or says in the log why not."""
    DELETED = "deleted"
    """Her account there is in the recycle bin."""
    DISABLED = "disabled"
    HIDDEN = "hidden"
    """Her account is not shown in address lists."""
    GUEST = "guest"
    """She stands there as a guest: not unified, and found only if she is shown."""
    PENDING = "pending"
    """One of the two tenants has not joined the organisation: found as an external, not unified."""
    NO_ORGANIZATION = "no-organization"
    """The two tenants belong to no common organisation: found as an external, not unified."""
    # About people of the same tenant, and about who searches.
    INTERNAL_GUEST = "internal-guest"
    """Internal guests are found by nobody."""
    NOT_A_MEMBER = "not-a-member"
    """Only a tenant's own members can be shared."""
    SEARCHER_IS_GUEST = "searcher-is-guest"
    """Guests find by exact address only, or nobody, as their host decided."""
    SEARCHER_IS_PERSONAL = "searcher-is-personal"
    """Personal accounts find by exact address only."""
    ONESELF = "oneself"
    NOT_REPRESENTED = "not-represented"
    """She has no account here; why, only her home tenant's admins may know."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One person in one tenant."""

    represented: Represented
    found: bool
    """By name."""
    unified: bool
    reason: Reason | None = None
    account_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class Covered:
    """One person of the collaborating set."""

    id: UserId
    display_name: str
    user_principal_name: str


@dataclass(frozen=True, slots=True)
class Mend:
    """What would change it: whose admin has to act, and the command line."""

    tenant_id: TenantId
    command: tuple[str, ...]

    @property
    def line(self) -> str:
        """As typed in a shell."""
        import shlex  # noqa: PLC0415 - for people who read it only

        return shlex.join(self.command)


@dataclass(slots=True)
class Gap:
    """People for whom the same reason holds toward the same tenant."""

    reason: Reason
    people: int = 0
    named: list[Covered] = field(default_factory=list)
    """The first of them."""
    mend: Mend | None = None


@dataclass(slots=True)
class Pair:
    """One tenant's people in another one."""

    target_id: TenantId
    target_name: str
    people: int = 0
    found: int = 0
    unified: int = 0
    gaps: dict[Reason, Gap] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incoming:
    """Another tenant of the organisation, as far as its people stand here."""

    source_id: TenantId
    source_name: str
    lets_in: bool
    people: int
    mend: Mend | None = None


@dataclass(slots=True)
class Coverage:
    """Where a tenant's people are findable, and where not."""

    tenant_id: TenantId
    tenant_name: str
    people: int = 0
    """How many belong to the collaborating set."""
    pairs: list[Pair] = field(default_factory=list)
    incoming: list[Incoming] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One person × all tenants of the organisation, home first."""

    person: Covered
    cells: dict[TenantId, Cell]


@dataclass(frozen=True, slots=True)
class Why:
    """Whether somebody is found by somebody, and if not, why and what would mend it."""

    found: bool
    unified: bool
    reason: Reason | None
    mend: Mend | None
    chat: Rule | None = None
    """What refuses a chat although she is found; None if nothing does, or nobody asked."""
