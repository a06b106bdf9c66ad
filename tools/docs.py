"""Keep the documentation true: write its generated parts, check its links and the changelog fragments.

`python -m tools.docs` writes, `python -m tools.docs --check` only says what is not in order. A generated
part stands between two markers in a page that people write, so that prose and reference stay together:

    <!-- generated: settings -->
    …
    <!-- end of generated: settings -->
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

from tools.reference import cmdlets, commands, error_codes, graph_routes, settings, tables
from tools.sources import ROOT, repository_files

PARTS: dict[str, Callable[[], str]] = {
    "settings": settings,
    "error-codes": error_codes,
    "commands": commands,
    "cmdlets": cmdlets,
    "tables": tables,
    "graph-routes": graph_routes,
}
FRAGMENT_KINDS = ("added", "changed", "deprecated", "removed", "fixed", "security")

MARKED = re.compile(r"<!-- generated: (?P<name>[\w-]+) -->\n(.*?)<!-- end of generated: (?P=name) -->", re.DOTALL)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*$", re.MULTILINE)


def pages() -> list[Path]:
    """Every Markdown page of the repository."""
    return [path for path in repository_files() if path.suffix == ".md"]


def rendered(text: str) -> str:
    """The page with its generated parts made anew."""

    def part(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- generated: {name} -->\n\n{PARTS[name]().strip()}\n\n<!-- end of generated: {name} -->"

    return MARKED.sub(part, text)


def stale_pages() -> list[Path]:
    """Pages whose generated parts are not what the code says today."""
    return [path for path in pages() if rendered(text := path.read_text(encoding="utf-8")) != text]


def anchors(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them from its headings."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        copies = sum(1 for each in found if each == slug or re.fullmatch(re.escape(slug) + r"-\d+", each))
        found.add(f"{slug}-{copies}" if copies else slug)
    return found


def broken_links() -> list[str]:
    """Links within the repository that lead nowhere, as `page: link`."""
    return [f"{page.relative_to(ROOT)}: {link}" for page in pages() for link in _broken_links(page)]


def _broken_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"(https?|mailto):", link):
            continue
        name, _, anchor = unquote(link).partition("#")
        target = (page.parent / name).resolve() if name else page
        missing = not target.exists() or ROOT not in (target, *target.parents)
        if missing or (anchor and target.suffix == ".md" and anchor not in anchors(target.read_text("utf-8"))):
            yield link


def faulty_fragments() -> list[str]:
    """Changelog fragments with a wrong name or no sentence in them (changelog.d/README.md)."""
    faults = []
    for path in sorted((ROOT / "changelog.d").glob("*")):
        if path.name == "README.md":
            continue
        if not re.fullmatch(rf"[a-z0-9-]+\.({'|'.join(FRAGMENT_KINDS)})\.md", path.name):
            faults.append(f"changelog.d/{path.name}: name it what-it-is.KIND.md, KIND one of {FRAGMENT_KINDS}")
        elif not re.fullmatch(r"[^#\-*\s].*\.\s*", path.read_text(encoding="utf-8"), re.DOTALL):
            faults.append(f"changelog.d/{path.name}: write sentences, no heading and no list")
    return faults


def lonely_pages() -> list[str]:
    """Pages under docs/ that no other page links to: nobody would find them."""
    linked: set[Path] = set()
    for page in pages():
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            linked.add((page.parent / unquote(link).partition("#")[0]).resolve())
    below = ROOT / "docs"
    return [str(page.relative_to(ROOT)) for page in pages() if below in page.parents and page not in linked]


def main(arguments: list[str]) -> int:
    """Write or check; the exit code says whether everything is in order."""
    stale = stale_pages()
    if "--check" not in arguments:
        for path in stale:
            path.write_text(rendered(path.read_text(encoding="utf-8")), encoding="utf-8")
            print(f"written: {path.relative_to(ROOT)}")
        stale = []
    faults = [f"{path.relative_to(ROOT)}: not what the code says; run ./dev docs" for path in stale]
    faults += [f"{link} leads nowhere" for link in broken_links()]
    faults += [f"{page}: no page links here" for page in lonely_pages()]
    faults += faulty_fragments()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
