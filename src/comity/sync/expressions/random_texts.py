"""Texts by chance: Guid and RandomString. The chance is an argument; nothing here asks the machine for it."""

from __future__ import annotations

from random import Random
from string import ascii_lowercase, ascii_uppercase, digits
from typing import Final
from uuid import UUID

from comity.sync.expressions.errors import Fault, RandomImpossible
from comity.sync.expressions.values import Value, to_text, to_whole

LENGTH_MAX: Final = 256
SPECIAL: Final = "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/"
"""What Windows takes for special in a password."""


def guid(chance: Random) -> str:
    """Guid: version 4, lower case, with dashes."""
    return str(UUID(int=chance.getrandbits(128), version=4))


def random_string(chance: Random, length: Value, *wanted: Value) -> str:
    """RandomString: at least so many digits, specials, capitals and small letters, and none of the avoided characters.

    `wanted` are the four minimums and the characters to avoid (null: none). What is left is filled with digits and
    letters.
    """
    *minimums, avoid = wanted
    size = to_whole(length, least=1, most=LENGTH_MAX)
    counts = [to_whole(each, least=0, most=LENGTH_MAX) for each in minimums]
    avoided = frozenset("" if avoid is None else to_text(avoid))
    numbers, specials, capitals, small = (
        "".join(char for char in kind if char not in avoided)
        for kind in (digits, SPECIAL, ascii_uppercase, ascii_lowercase)
    )
    kinds = [(numbers, counts[0]), (specials, counts[1]), (capitals, counts[2]), (small, counts[3])]
    kinds.append((numbers + capitals + small, size - sum(counts)))
    if any(count < 0 or (count and not choice) for choice, count in kinds):
        raise Fault(RandomImpossible, length=size, minimums=sum(counts))
    chosen = [chance.choice(choice) for choice, count in kinds for _ in range(count)]
    chance.shuffle(chosen)
    return "".join(chosen)
