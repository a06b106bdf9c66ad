"""The nouns of people search."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from uuid import UUID

from comity.access.errors import AccessRefused
from comity.access.model import Person, Rule
from comity.core.caller import UserType
from comity.core.errors import Invalid
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
    OTHER = 4


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


class PageSizeInvalid(Invalid):
    """A page holds 1 to 100 people."""

    code = "people-page-size-invalid"
