"""A page of an ordered list, and where the next one begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """At most as many items as were asked for, in order; `after` resumes behind the last, None at the end."""

    items: tuple[T, ...]
    after: str | None = None
