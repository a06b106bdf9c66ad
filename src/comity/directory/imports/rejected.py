"""The file of rejected rows: to be mended and imported in its turn."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from comity.core.errors import Invalid
from comity.directory.imports.columns import EXPORTED, OWN, Meaning, column
from comity.directory.imports.model import Explain, Rejection

SOURCE: Final = "source"
"""The column for the text of a JSON row that could not be read."""

_PROPERTIES: Final[dict[Meaning, str]] = {meaning: name for name, meaning in EXPORTED.items()}


class RejectedFileUnwritable(Invalid):
    """The file of rejected rows cannot be written; rows until then are imported."""

    code = "import-rejected-unwritable"


class RejectedFile:
    """Begins with line, reason and sentence, then the columns of the import; made with its first row.

    UTF-8 with a mark and with the separator of the import, so that it opens where that one did.
    """

    def __init__(self, path: Path | None, explain: Explain, *, columns: Sequence[str] | None, separator: str) -> None:
        self._path = path
        self._explain = explain
        self._columns = columns
        self._separator = separator
        self._file: IO[str] | None = None
        self._writer: Any = None

    @property
    def written(self) -> str | None:
        """The file, if there is one."""
        return str(self._path) if self._file is not None else None

    def add(self, rejection: Rejection) -> None:
        """Write a row.

        Raises:
            RejectedFileUnwritable.
        """
        if self._path is None:
            return
        sentence = self._explain(rejection.reason.value, rejection.parameters)
        try:
            if self._file is None:
                self._open(self._path)
            self._writer.writerow([rejection.line, rejection.reason.value, sentence, *self._cells(rejection)])
        except OSError as fault:
            raise self._unwritable(fault) from fault

    def _open(self, path: Path) -> None:
        # A lone surrogate, which a JSON text can hold, is written as its escape.
        self._file = path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="")
        self._writer = csv.writer(self._file, delimiter=self._separator)
        self._writer.writerow([*OWN, *(self._columns if self._columns is not None else [*EXPORTED, SOURCE])])

    def _cells(self, rejection: Rejection) -> Sequence[str]:
        if self._columns is not None:
            return rejection.cells or rejection.source.split(self._separator)
        values = {
            _PROPERTIES.get(meaning, name): _cell(value)
            for name, value in rejection.values.items()
            if (meaning := column(name).meaning) is not None
        }
        return [*(values.get(name, "") for name in EXPORTED), rejection.source]

    def _unwritable(self, fault: OSError) -> RejectedFileUnwritable:
        return RejectedFileUnwritable(file=str(self._path), detail=fault.strerror or str(fault))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as fault:
                raise self._unwritable(fault) from fault


def _cell(value: Any) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case [str() as only]:
            return only
    return json.dumps(value, ensure_ascii=False)
