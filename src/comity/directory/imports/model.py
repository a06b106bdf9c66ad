"""The nouns of an import: a file's form, a row, why a row is rejected, what came of it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from comity.core.errors import Invalid
from comity.core.ids import CauseId, UserId
from comity.directory.model import Attribute


class Form(StrEnum):
    """What kind of file it is; told by content, never by name."""

    CSV = "csv"
    JSON = "json"
    """Graph's answer `{"value": […]}`, or the bare array."""
    JSON_LINES = "json-lines"


class Reason(StrEnum):
    """Why a row is rejected; a closed set, each with a sentence in the catalogue."""

    # The row as a piece of text
    ENCODING = "row-encoding"
    """Bytes that are not of the encoding that the rest of the file has."""
    COLUMNS_TOO_MANY = "row-columns-too-many"
    COLUMNS_TOO_FEW = "row-columns-too-few"
    QUOTE_OPEN = "row-quote-open"
    """A quotation mark opens a field and nothing closes it."""
    TOO_LONG = "row-too-long"
    JSON = "row-json-invalid"
    NO_OBJECT = "row-no-object"
    # Its values
    UPN_EMPTY = "row-upn-empty"
    UPN_NO_ADDRESS = "row-upn-no-address"
    UPN_FOREIGN_DOMAIN = "row-upn-foreign-domain"
    MAIL = "row-mail-invalid"
    VALUE = "row-value-unknown"
    """Not one of an enumeration's values."""
    TYPE = "row-value-type"
    """A JSON value where only text can stand."""
    TEXT = "row-text-invalid"
    ID = "row-id-invalid"
    # Against other rows and the directory
    UPN_TAKEN = "row-upn-taken"
    """Another row or person with another object id has it; the first one stays."""
    REPEATED = "row-repeated"
    """An earlier row is about the same person and says something else."""
    DELETED = "row-id-deleted"
    """The object id is that of a user in the recycle bin."""
    PURGED = "row-id-purged"
    """The object id was that of a user who is gone for good."""
    KIND = "row-account-kind"
    """A guest's row for an account of the tenant's own, or the other way round."""
    REFUSED = "row-refused"
    """The database refused it, with its own reason."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as read: values by column or property name, and the line it begins at."""

    line: int
    values: Mapping[str, Any]
    cells: tuple[str, ...] = ()
    """A CSV row's fields as they stand in the file, for the rejected file."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that stays outside, why, and what it looked like."""

    line: int
    reason: Reason
    parameters: Mapping[str, object] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    """The row's text where it could not even be taken apart."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row whose values are fine by themselves; what only the directory can know is still open.

    `values` holds the attributes that the row says something about: what is not there, or empty, is
    left as it is.
    """

    raw: RawRow
    user_id: UserId | None
    upn: str
    upn_key: str
    external: bool
    values: Mapping[Attribute, Any]
    manager: str | None

    @property
    def line(self) -> int:
        """Where it stands in the file."""
        return self.raw.line

    def rejected(self, reason: Reason, **parameters: object) -> Rejection:
        """The row, turned away after all."""
        return Rejection(self.raw.line, reason, parameters, self.raw.cells, self.raw.values)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is; `bytes_done` of `bytes_total` were read."""

    rows: int
    bytes_done: int
    bytes_total: int


Tell = Callable[[Progress], None]
"""Called after each batch."""

Explain = Callable[[str, Mapping[str, object]], str]
"""Turns a code and its parameters into a sentence: the catalogue, bound to a language."""


@dataclass(frozen=True, slots=True)
class ManagerMissing:
    """A row whose manager is nobody of the tenant; the person is imported without."""

    line: int
    manager: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of an import: the four counts add up to the rows of the file."""

    created: int
    updated: int
    unchanged: int
    rejected: int
    rejected_file: str | None
    cause: CauseId
    """Audit entries of everything that the import changed carry it."""
    rejections: tuple[Rejection, ...] = ()
    """The first of them, in file order within a batch; all stand in the rejected file."""
    managers_missing: int = 0
    """Rows that are imported, but whose manager is nobody of the tenant."""
    missing: tuple[ManagerMissing, ...] = ()
    """The first of those."""

    @property
    def rows(self) -> int:
        """How many rows the file has."""
        return self.created + self.updated + self.unchanged + self.rejected


class ImportEmpty(Invalid):
    """The file holds nothing."""

    code = "import-empty"


class ImportFormUnknown(Invalid):
    """The file is neither CSV with a userPrincipalName column nor JSON."""

    code = "import-form-unknown"


class ImportColumnRepeated(Invalid):
    """Two columns of the file are the same attribute."""

    code = "import-column-repeated"


class ImportBroken(Invalid):
    """The JSON text ends or breaks off in the middle; rows before that are imported."""

    code = "import-broken"


class ImportUnreadable(Invalid):
    """The file cannot be opened or read."""

    code = "import-unreadable"
