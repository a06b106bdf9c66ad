"""How fast are people found among a million? (budget P5)

    uv run python bench/people.py --people 1000000 --data DIR

Fills one tenant with people whose names come from ten languages, makes the index of words, and searches as the
application role: 30 % one or two letters, 40 % three and more, 15 % misspelt, 10 % two words, 5 % nobody. Times are of
one page of 25, ranked, with everything that search does in the database and in Python. Recall is measured
against a look at every word of the dictionary. `--data` keeps the people between two calls.

tantivy gets the same people and the same queries: edge n-grams of folded names, fuzzy terms for what is misspelt. It
checks no tenant and no visibility, and ranks by its own score.

Prints one JSON object on its last line.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a program, `bench` is still a package

from bench.names import Names
from bench.people_peer import Peer
from bench.support import Lab, durability, open_lab
from comity.core.folding import words
from comity.core.ids import TenantId, UserId, new_id
from comity.directory.model import User
from comity.directory.store import insert_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.people import store
from comity.people.decide import CORRECTIONS_MAX, corrections
from comity.people.index.service import catch_up
from comity.people.query import read_query
from comity.people.searching import find_page
from comity.people.typos import edits_forgiven, is_meant, variants
from comity.tenancy.model import TenantUnknown
from comity.tenancy.service import resolve_tenant

NAME: Final = "people"
BATCH: Final = 10_000
JOBS: Final = ("Engineer", "Buyer", "Clerk", "Sales manager", "Prüfer", "Assistant", "Analyst", "Technician", "")
MIX: Final = (("short", 0.30), ("prefix", 0.40), ("misspelt", 0.15), ("two words", 0.10), ("nobody", 0.05))
SEARCHER: Final = UserId(new_id())


class Shown(NamedTuple):
    """What the peer indexes of a person."""

    display_name: str
    mail: str | None


class Asked(NamedTuple):
    """One query and its kind."""

    kind: str
    text: str


@dataclass
class Built:
    """What building took, if it was built now."""

    insert_us: float = 0.0
    """Microseconds per person: rows, search keys and feed."""
    index_us: float = 0.0
    """Microseconds per person: words, dictionary."""


async def build(lab: Lab, count: int, seed: int) -> tuple[TenantId, Built]:
    """The tenant with so many people, from the data directory if it holds them."""
    try:
        tenant = await resolve_tenant(lab.db, NAME)
    except TenantUnknown:
        return await _fill(lab, count, seed)
    return tenant.id, Built()


async def _fill(lab: Lab, count: int, seed: int) -> tuple[TenantId, Built]:
    tenant_id, domain = await lab.tenant(NAME)
    people = people_of(tenant_id, domain, count, seed, lab)
    inserting = 0.0
    done = 0
    while batch := [person for _, person in zip(range(BATCH), people, strict=False)]:
        begun = time.perf_counter()
        async with lab.db.tenant(tenant_id) as tx:
            await insert_users(tx, batch)
            append(tx, [Change(ChangeKind.USER_CREATED, each.id) for each in batch])
        inserting += time.perf_counter() - begun
        done += len(batch)
        print(f"\r{done:>9} people", end="", file=sys.stderr)
    begun = time.perf_counter()
    await catch_up(lab.db, tenant_id)
    indexing = time.perf_counter() - begun
    print(f", indexed in {indexing:.0f} s", file=sys.stderr)
    return tenant_id, Built(inserting / count * 1e6, indexing / count * 1e6)


def people_of(tenant_id: TenantId, domain: str, count: int, seed: int, lab: Lab) -> Iterator[User]:
    """The people; one in thirty stands for somebody from elsewhere."""
    pick = random.Random(seed + 1)
    home = TenantId(new_id())
    for nr, name in enumerate(Names(seed).draw(count)):
        from_elsewhere = nr % 30 == 7
        local = f"{'.'.join(words(name.given + ' ' + name.surname))}.{nr}"[:60]
        yield User(
            tenant_id=tenant_id, id=UserId(new_id()), display_name=f"{name.given} {name.surname}",
            given_name=name.given, surname=name.surname, user_principal_name=f"{local}@{domain}",
            mail=f"{local}@{domain}", job_title=pick.choice(JOBS) or None, department=f"Department {nr % 300}",
            office_location=f"B{nr % 40}", created_at=lab.clock.now(),
            creation_type="Invitation" if from_elsewhere else None, home_tenant_id=home if from_elsewhere else None,
            home_user_id=UserId(new_id()) if from_elsewhere else None,
        )  # fmt: skip


def queries(count: int, seed: int) -> list[Asked]:
    """What people type, in the budget's shares."""
    drawn = random.Random(seed + 2)
    names = list(Names(seed).draw(20_000))
    kinds = drawn.choices([kind for kind, _ in MIX], [share for _, share in MIX], k=count)
    return [Asked(kind, _text(kind, drawn, names)) for kind in kinds]


def _text(kind: str, drawn: random.Random, names: Sequence[tuple[str, str]]) -> str:
    while True:
        given, surname = drawn.choice(names)
        part = drawn.choice((given, surname)).split(" ")[0]
        match kind:
            case "short":
                return part[: drawn.choice((1, 2))]
            case "prefix":
                return part[: drawn.randint(3, max(3, len(part)))]
            case "misspelt" if len(part) > 5:
                return _misspell(part, drawn)
            case "two words":
                return f"{given[: drawn.randint(2, 6)]} {surname[: drawn.randint(2, 8)]}"
            case "nobody":
                return "".join(drawn.choice("qxzvwjk") for _ in range(drawn.randint(4, 9)))


def _misspell(word: str, drawn: random.Random) -> str:
    """One edit, anywhere but at the first letter."""
    at = drawn.randrange(1, len(word) - 1)
    match drawn.randrange(4):
        case 0:
            return word[:at] + word[at + 1 :]
        case 1:
            return word[:at] + drawn.choice("aeinrst") + word[at:]
        case 2:
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        case _:
            return word[:at] + drawn.choice("aeinrst") + word[at + 1 :]


async def time_queries(lab: Lab, tenant_id: TenantId, asked: Sequence[Asked]) -> dict[str, list[float]]:
    """Milliseconds of each search, by kind; each in a transaction of its own, whose begin does not count."""
    times: dict[str, list[float]] = {kind: [] for kind, _ in MIX}
    for each in asked:
        async with lab.db.tenant(tenant_id) as tx:
            begun = time.perf_counter()
            await find_page(tx, read_query(each.text), searcher=SEARCHER, at_most=25, place=None)
            times[each.kind].append((time.perf_counter() - begun) * 1000)
    return times


async def recall(lab: Lab, tenant_id: TenantId, asked: Sequence[Asked]) -> float:
    """Of the words that a look at all of them takes for what was meant, how many the dictionary's variants lead to."""
    async with lab.db.tenant(tenant_id) as tx:
        known = [row[0] for row in await tx.rows("select word from name_word where tenant_id = %(tenant_id)s")]
        by_length: dict[int, list[str]] = {}
        for word in known:
            by_length.setdefault(len(word), []).append(word)
        found = wanted = 0
        for each in asked:
            for typed in read_query(each.text).words:
                edits = edits_forgiven(typed)
                near = [word for length in range(len(typed) - edits, len(typed) + edits + 1)
                        for word in by_length.get(length, ())]  # fmt: skip
                meant = {word for word in near if is_meant(typed, word)}
                if meant:
                    ours = await store.find_meant(tx, variants(typed, edits), length=len(typed), edits=edits)
                    wanted += min(len(meant), CORRECTIONS_MAX)
                    found += len(meant & set(corrections(typed, ours)))
    return found / wanted if wanted else 1.0


def write_cost(lab: Lab, tenant_id: TenantId) -> dict[str, float]:
    """What two indexes for search cost each row, against the same rows without them."""
    with psycopg.connect(lab.url, autocommit=True) as connection:
        connection.execute("set role comity_owner")
        connection.execute("drop table if exists with_search, without_search")
        connection.execute("create table with_search (like users including all)")
        connection.execute("create table without_search (like users including all)")
        dropped = connection.execute(
            "select indexname from pg_indexes where tablename = 'without_search'"
            " and indexdef ~ '(given_key|surname_key)'"
        ).fetchall()
        for (name,) in dropped:
            connection.execute(f"drop index {name}")
        connection.execute("select set_config('comity.tenant', %s, false)", (str(tenant_id),))
        connection.execute("create temporary table sample as select * from users limit 40000")
        seconds: dict[str, list[float]] = {"with_search": [], "without_search": []}
        for _ in range(3):
            for table, times in seconds.items():
                connection.execute(f"truncate {table}")
                begun = time.perf_counter()
                connection.execute(f"insert into {table} select * from sample order by id")
                times.append(time.perf_counter() - begun)
        connection.execute("drop table with_search, without_search")
    each = {table: statistics.median(times) / 40_000 * 1e6 for table, times in seconds.items()}
    return {"write_us": round(each["with_search"], 1), "write_without_us": round(each["without_search"], 1)}


def sizes(url: str, people: int) -> dict[str, int]:
    """Bytes per person of each part."""
    parts = {
        "keys": ("users_by_given", "users_by_surname"),
        "words": ("person_word", "person_word_pkey", "person_word_by_user"),
        "dictionary": ("name_word", "name_word_pkey", "name_variant", "name_variant_pkey"),
    }
    with psycopg.connect(url) as connection:
        return {
            f"{part}_bytes": sum(
                int((connection.execute("select pg_relation_size(%s)", (each,)).fetchone() or (0,))[0])
                for each in names
            )
            // people
            for part, names in parts.items()
        }


async def time_peer(lab: Lab, tenant_id: TenantId, asked: Sequence[Asked]) -> list[float]:
    """Milliseconds of each query there."""
    peer = Peer.over([(each.display_name, each.mail or "") for each in await everybody(lab, tenant_id)])
    return peer.time([each.text for each in asked], [each.kind == "misspelt" for each in asked])


async def everybody(lab: Lab, tenant_id: TenantId) -> list[Shown]:
    """Name and mail of all people, for the peer."""
    async with lab.db.tenant(tenant_id) as tx:
        return [
            Shown(*row)
            async for row in tx.stream(
                "select display_name, mail from users where tenant_id = %(tenant_id)s", size=10_000
            )
        ]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


async def measure(options: argparse.Namespace, data: Path) -> dict[str, object]:
    async with open_lab(data) as lab:
        tenant_id, built = await build(lab, options.people, options.seed)
        with psycopg.connect(lab.url, autocommit=True) as connection:
            connection.execute("set role comity_owner")
            if built.insert_us:
                connection.execute("vacuum analyze")
        asked = queries(options.queries, options.seed)
        await time_queries(lab, tenant_id, asked[: options.queries // 4])
        gc.collect()
        gc.freeze()
        times = await time_queries(lab, tenant_id, asked)
        misspelt = [each for each in asked if each.kind == "misspelt"]
        found = await recall(lab, tenant_id, misspelt[:40])
        everything = [each for kind in times.values() for each in kind]
        peers = [] if options.without_peer else await time_peer(lab, tenant_id, asked)
        result: dict[str, object] = {
            "people": options.people,
            "db_p50_ms": round(percentile(everything, 0.5), 2),
            "db_p95_ms": round(percentile(everything, 0.95), 2),
            "db_p99_ms": round(percentile(everything, 0.99), 2),
            "db_max_ms": round(max(everything), 2),
            "typo_p95_ms": round(percentile(times["misspelt"], 0.95), 2),
            "typo_recall": round(found, 4),
            "by_kind": {
                kind: [round(percentile(each, share), 2) for share in (0.5, 0.95, 0.99)] for kind, each in times.items()
            },
            **write_cost(lab, tenant_id),
            **sizes(lab.url, options.people),
            **durability(lab.url),
        }
        if peers:
            result |= {
                "vs_tantivy": round(percentile(peers, 0.95) / percentile(everything, 0.95), 2),
                "tantivy_p95_ms": round(percentile(peers, 0.95), 2),
            }
        if built.insert_us:
            result |= {"insert_us": round(built.insert_us, 1), "index_us": round(built.index_us, 1),
                       "index_people_per_second": round(1e6 / built.index_us)}  # fmt: skip
    return result


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--queries", type=int, default=2000)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--data", type=Path, help="Where the people stay between two calls.")
    arguments.add_argument("--without-peer", action="store_true", help="Leave tantivy out.")
    options = arguments.parse_args()
    if options.data is not None:
        options.data.mkdir(parents=True, exist_ok=True)
        print(json.dumps(asyncio.run(measure(options, options.data))))
        return
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as data:
        print(json.dumps(asyncio.run(measure(options, Path(data)))))


if __name__ == "__main__":
    main()
