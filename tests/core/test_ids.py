"""Identifiers: time-ordered, and in the order they were made."""

from __future__ import annotations

from uuid import RFC_4122, UUID

from comity.core.ids import new_id, new_ids


def test_ids_come_in_the_order_they_were_made():
    """RFC 9562 §6.2: logs and audits list by id, also within one millisecond."""
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_ids_are_of_version_7():
    """RFC 9562 §5.7."""
    made = new_id()
    assert (made.version, made.variant) == (7, RFC_4122)


def test_many_ids_at_once_are_like_as_many_made_one_by_one():
    """They stand between what was made before and after, in order, and are of version 7."""
    before = new_id()
    texts = new_ids(20_000)
    after = new_id()

    made = [UUID(each) for each in texts]
    assert [str(each) for each in made] == texts
    assert [before, *made, after] == sorted({before, *made, after})
    assert {(each.version, each.variant) for each in made} == {(7, RFC_4122)}
