"""Cmdlets that make values of domains, and lists to put things into; nothing is stored."""

from __future__ import annotations

from typing import Final

from comity.access.domain_lists import domain_entry
from comity.access.errors import InvalidEnumValue
from comity.cli.cmdlets.cmdlet import Cmdlet, Given, Parameter
from comity.cli.cmdlets.kinds import ALL, ALLOW, PATTERN, PATTERNS, TEXT
from comity.cli.cmdlets.values import Record, Unknown, Value

LISTS: Final = ("Collections.Generic.List[String]", "System.Collections.Generic.List[String]")


def _new_pattern(given: Given) -> list[Value]:
    domain = given.get("Domain")
    if not isinstance(domain, Unknown) and domain != "":
        domain = domain_entry("Domain", domain)
    return [Record(PATTERN, {"Domain": domain})]


def _new_allow_list(given: Given) -> list[Value]:
    patterns = given.get("AllowedDomain")
    if isinstance(patterns, Unknown):
        return [Unknown(ALLOW)]
    return [Record(ALLOW, {"AllowedDomain": patterns})]


def all_known() -> Record:
    """The value that stands for every known domain."""
    return Record(ALL, {"AllowedDomain": None})


def _new_object(given: Given) -> list[Value] | None:
    name = given.known("TypeName")
    if name is None or name.lower() not in {each.lower() for each in LISTS}:
        raise InvalidEnumValue(property="TypeName", value=name or "", values=list(LISTS))
    return None


CMDLETS: Final = (
    Cmdlet(
        "New-CsEdgeDomainPattern",
        "Makes a domain for a list; `''` stands for no domain at all.",
        (Parameter("Domain", TEXT, "The domain, without wildcards.", position=0, mandatory=True),),
        returns=PATTERN,
        make=_new_pattern,
    ),
    Cmdlet(
        "New-CsEdgeAllowList",
        "Makes the list of the only domains allowed.",
        (Parameter("AllowedDomain", PATTERNS, "Domains; `$null` makes the empty list: nobody.", mandatory=True),),
        returns=ALLOW,
        make=_new_allow_list,
    ),
    Cmdlet(
        "New-CsEdgeAllowAllKnownDomains",
        "Makes the value that stands for all domains but the blocked ones.",
        returns=ALL,
        make=lambda _given: [all_known()],
    ),
    Cmdlet(
        "New-Object",
        "Makes an empty list, to which `$list.Add(…)` adds.",
        (Parameter("TypeName", TEXT, f"`{LISTS[0]}`; no other type.", position=0, mandatory=True),),
        make=lambda given: _new_object(given) or [[]],
    ),
)
