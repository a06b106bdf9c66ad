"""Temporary tables of the drain and how steps become their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from comity.core.ids import CauseId, UserId
from comity.db.bulk import Staging
from comity.db.values import dump_json, text_array
from comity.directory.model import Attribute, attributes_of
from comity.directory.store import keys_of
from comity.sync.model import CARRIED, Step, Values

_KINDS: Final = {
    Attribute.ACCOUNT_ENABLED: "boolean",
    Attribute.SHOW_IN_ADDRESS_LIST: "boolean",
    Attribute.MANAGER_ID: "uuid",
    Attribute.EXTENSIONS: "jsonb",
}

STAGED_SYNC: Final = Staging(
    "staged_sync",
    (
        ("step", "integer"),
        ("action", "smallint"),
        ("id", "uuid"),
        ("source_id", "uuid"),
        ("version", "bigint"),
        ("changed", "bigint"),
        ("cause", "uuid"),
        ("before", "text"),
        ("after", "text"),
        *((each.column, _KINDS.get(each, "text")) for each in CARRIED),
        ("upn_key", "text"),
        ("mail_key", "text"),
        ("given_key", "text"),
        ("surname_key", "text"),
        ("name_key", "text"),
    ),
)

STAGED_LOG: Final = Staging(
    "staged_log",
    (
        ("plan_id", "uuid"),
        ("step", "integer"),
        ("job_id", "uuid"),
        ("run_id", "uuid"),
        ("source_id", "uuid"),
        ("target_id", "uuid"),
        ("action", "smallint"),
        ("status", "smallint"),
        ("code", "text"),
        ("changed", "bigint"),
        ("before", "text"),
        ("after", "text"),
        ("kind", "text"),
        ("details", "jsonb"),
        ("target_version", "bigint"),
    ),
)

_AT: Final = {each: at for at, each in enumerate(CARRIED)}
_DISPLAY, _GIVEN, _SURNAME = (_AT[each] for each in (Attribute.DISPLAY_NAME, Attribute.GIVEN_NAME, Attribute.SURNAME))
_UPN, _MAIL = _AT[Attribute.USER_PRINCIPAL_NAME], _AT[Attribute.MAIL]
_EXTENSIONS: Final = _AT[Attribute.EXTENSIONS]  # the last


def sync_rows(steps: Iterable[tuple[int, Step]], causes: Mapping[UserId, CauseId]) -> Iterator[tuple[object, ...]]:
    """The numbered steps as rows of `STAGED_SYNC`; `causes` says per person what set her step off."""
    for number, step in steps:
        values = step.wanted
        yield (
            number,
            step.action.value,
            step.target_id,
            step.source_id,
            step.target_version,
            step.changed,
            causes[step.source_id],
            *(None if each is None else text_array(each) for each in changed_values(step)),
            *(values if values[_EXTENSIONS] is None else (*values[:_EXTENSIONS], dump_json(values[_EXTENSIONS]))),
            *keys_of(
                user_principal_name=values[_UPN],  # type: ignore[arg-type]
                mail=values[_MAIL],  # type: ignore[arg-type]
                given_name=values[_GIVEN],  # type: ignore[arg-type]
                surname=values[_SURNAME],  # type: ignore[arg-type]
                display_name=values[_DISPLAY],  # type: ignore[arg-type]
            ),
        )


def changed_values(step: Step) -> tuple[list[str | None] | None, list[str | None] | None]:
    """Before and after of the changed attributes in bit order; none for a creation, whose row says it all."""
    if step.before is None:
        return None, None
    changed = [_AT[each] for each in attributes_of(step.changed) if each in _AT]
    return as_texts(step.before, changed), as_texts(step.wanted, changed)


def as_texts(values: Values, places: Iterable[int]) -> list[str | None]:
    """Values as the receipts keep them."""
    # Most values are texts or missing; asking here saves a call for each of them.
    return [value if (value := values[at]) is None or value.__class__ is str else _as_text(value) for at in places]


def _as_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return dump_json(value)
    return str(value)
