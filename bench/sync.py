"""How fast is synchronisation? A first share, small changes, and how soon others see them (budgets P1 to P3).

    uv run python bench/sync.py [--people 100000] [--targets 2] [--part initial] …

- *initial*: N people of one tenant are shared with others, with everything that a drain writes: accounts,
  receipts, feeds, log, links. The yardstick is COPY of the finished user rows alone into an identical table
  with the same indexes, as owner, without row-level security, from prebuilt text: on one connection, and on as
  many as the drain has. Same server, same durability, taken in turns, medians of `--rounds`.
- *incremental*: a hundred changes among `--large` people against the same among `--small`, medians of `--repeat`.
- *visible*: from the commit of a change to its being found in another tenant, with a worker as in service: idle,
  and while another tenant shares `--busy-people`.

Prints one JSON object on its last line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a program, `bench` is still a package

from bench.syncing import incremental, initial, visible

PARTS = ("initial", "incremental", "visible")


async def measure(given: argparse.Namespace) -> dict[str, Any]:
    """The parts that were asked for, one after the other."""
    figures: dict[str, Any] = {}
    if "initial" in given.part:
        figures |= await initial.measure(given.people, given.targets, given.rounds)
    if "incremental" in given.part:
        figures |= await incremental.measure(given.small, given.large, given.repeat)
    if "visible" in given.part:
        figures |= await visible.measure(given.samples, given.busy_people)
    return figures


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=PARTS, nargs="+", default=list(PARTS), help="what to measure (default: all)")
    parser.add_argument("--people", type=int, default=100_000, help="of the initial share")
    parser.add_argument("--targets", type=int, default=2, help="tenants that it goes to")
    parser.add_argument("--rounds", type=int, default=3, help="initial shares to measure")
    parser.add_argument("--small", type=int, default=10_000, help="people of the small tenant")
    parser.add_argument("--large", type=int, default=1_000_000, help="people of the large tenant")
    parser.add_argument("--repeat", type=int, default=10, help="times a hundred changes")
    parser.add_argument("--samples", type=int, default=60, help="changes that are waited for")
    parser.add_argument("--busy-people", type=int, default=40_000, help="people that another tenant shares meanwhile")
    return parser


def main() -> None:
    print(json.dumps(asyncio.run(measure(options().parse_args()))))


if __name__ == "__main__":
    main()
