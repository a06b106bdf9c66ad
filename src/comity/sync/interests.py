"""What concerns a job: which attributes of the source wake it, and which of the target it writes again and again."""

from __future__ import annotations

from dataclasses import dataclass

from comity.sync.mapping import CompiledMapping
from comity.sync.mapping_document import read_mapping
from comity.sync.mapping_rows import AttributeMapping
from comity.sync.model import Job
from comity.sync.scope_filter import filter_bits


@dataclass(frozen=True, slots=True)
class Interests:
    """What of the source's changes concerns a job, or several."""

    read: int
    """Bits of the attributes that mapping and filter read."""
    always: int = 0
    """Bits of the target attributes that the mapping writes again and again."""
    groups: bool = False
    """Do changes of groups concern it?"""
    for_later: bool = False
    """Does it go on to tenants that join later?"""


def mapping_of(job: Job) -> AttributeMapping:
    """What the job maps; checked when it was saved."""
    return read_mapping(job.mapping)


def interests_of(job: Job) -> Interests:
    """What concerns one job."""
    compiled = CompiledMapping(mapping_of(job), target_domain="target.invalid")
    return Interests(compiled.read | filter_bits(job.filter), compiled.always, job.groups, job.for_later_tenants)
