"""The nouns of people search."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from uuid import UUID

from comity.access.errors import AccessRefused
from comity.access.model import Person, Rule
from comity.core.caller import UserType
from comity.core.errors import Invalid, Throttled
from comity.core.ids import TenantId, UserId


class Standing(StrEnum):
    """How somebody stands to the searcher; decides the label (people-search §4)."""

    COLLEAGUE = "colleague"
    """Of the same tenant."""
    ORGANIZATION = "organization"
    """At home in another tenant of the same multitenant organisation."""
    EXTERNAL = "external"
    """At home in a tenant outside it."""
    GUEST = "guest"
    PERSONAL = "personal"
    """Outside any organisation."""


class Rank(IntEnum):
    """How well somebody matches, best first (people-search §7)."""

    ADDRESS = 0
    NAME = 1
    FIRST_NAME = 2
    LAST_NAME = 3
    FOLDED = 4
    """By another spelling: koehntopp for Köhntopp, Vladimir for Владимир."""
    MISSPELT = 5
    OTHER = 6
    """By another word of the display name, by title, department, or the beginning of an address."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One row of a tenant's directory that matches what was typed."""

    id: UserId
    display_name: str
    user_principal_name: str
    mail: str | None
    user_type: UserType
    is_external: bool
    home_tenant_id: TenantId | None
    home_user_id: UserId | None
    given_key: str
    surname_key: str
    name_key: str
    mail_key: str | None
    upn_key: str
    given_name: str | None
    surname: str | None
    job_title: str | None
    department: str | None
    office_location: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """One person, once, however many accounts stand for her (people-search §4)."""

    id: UUID
    """The account in the searcher's tenant; beyond it the home one."""
    display_name: str
    user_principal_name: str | None
    """None beyond the tenant, where only what was typed is shown (external-access §10)."""
    mail: str | None
    home: Person | None
    """Whom a chat goes to; None for a guest whose home is not known yet."""
    home_tenant_id: TenantId | None
    standing: Standing
    home_tenant_name: str | None = None
    """The name of a tenant of the same organisation, or of whoever was found beyond."""
    job_title: str | None = None
    office_location: str | None = None
    """With title and name of the organisation all that a card shows of somebody from elsewhere."""
    can_chat: bool
    reason: Rule | None = None
    """Why not, as the searcher may know it."""

    @property
    def label(self) -> str:
        """What stands behind the name: nothing for a colleague, else one pair of brackets, never two."""
        match self.standing:
            case Standing.COLLEAGUE:
                return ""
            case Standing.ORGANIZATION:
                return f"({self.home_tenant_name})"
            case Standing.EXTERNAL:
                return "(External)"
            case Standing.GUEST:
                return "(Guest)"
            case Standing.PERSONAL:
                return "(Personal)"


@dataclass(frozen=True, slots=True)
class Search:
    """Who was found, best first; and, if nobody, what the searcher may be told about it."""

    people: tuple[FoundPerson, ...]
    refusal: AccessRefused | None = None
    """Set when an exact address or number was looked up beyond the tenant and led to nobody."""
    after: Place | None = None
    """Where the next page begins; None at the end."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far the pages of a search have come. It leaves the house sealed only (`paging`)."""

    arm: int = 0
    """Which range of names was being read; as many as there are once all were read."""
    external: bool = False
    first_key: str | None = None
    """The last one's keys and id there; None at the beginning of a range."""
    second_key: str = ""
    last: UUID | None = None
    listed: tuple[int, bool, str, UUID] | None = None
    """Rank, externality, name and id of the last one who was found otherwise."""
    recent: tuple[UUID, ...] = ()
    """Recent contacts who match and were not shown yet, or were."""
    held: tuple[UUID, ...] = ()
    """Those of them who were not."""


class PageTokenBroken(Invalid):
    """The token is of another search, of somebody else, or not ours."""

    code = "people-page-token-broken"


class TooManyLookups(Throttled):
    """Somebody looks up more addresses than people do."""

    code = "people-too-many-lookups"


class PageSizeInvalid(Invalid):
    """A page holds 1 to 100 people."""

    code = "people-page-size-invalid"
