"""What a process costs: `uv run python bench/process.py [--repeat N] [--people N]`.

- `ready_s`: from `comity serve` on existing data, nothing running, until its address answers.
- `help_s`: `comity --help`, and a command's own help.
- `idle_mb`: proportional set size of all Comity processes (supervisor, web, worker, guardian) once they are
  idle; PostgreSQL's is printed apart.
- `peak_mb`: the largest Comity process, by the same measure, while the service brings `--people` people of one
  tenant into another for the first time.

Medians; prints what it does, then one JSON object on its last line. Exits with 1 above a budget (P7).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a program, `bench` is still a package

from bench.support import Lab
from bench.syncing.company import fill, share
from bench.syncing.visible import stands
from comity.app import open_comity
from comity.core.ids import TenantId
from comity.core.settings import Settings

READY_S_MAX = 1.0
HELP_S_MAX = 0.15
IDLE_MB_MAX = 150.0
PEAK_MB_MAX = 250.0
SAMPLE_S = 0.2
POLL_S = 0.005
PATIENCE_S = 60.0

COMITY = [sys.executable, "-m", "comity"]


def help_seconds(*command: str, repeat: int) -> list[float]:
    """How long `--help` takes."""
    took = []
    for _ in range(repeat):
        begun = time.perf_counter()
        subprocess.run([*COMITY, *command, "--help"], check=True, stdout=subprocess.DEVNULL)
        took.append(time.perf_counter() - begun)
    return took


class Service:
    """`comity serve` on a data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data
        environment = {name: text for name, text in os.environ.items() if not name.startswith("COMITY_")}
        begun = time.perf_counter()
        self.process = subprocess.Popen(
            [*COMITY, "serve", "--port", "0", "--data", str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.wait_for("/livez")
        self.ready_s = time.perf_counter() - begun

    def wait_for(self, path: str) -> None:
        """Until it answers 200."""
        deadline = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < deadline:
            try:
                with urllib.request.urlopen(self.url + path, timeout=5):
                    return
            except (OSError, urllib.error.URLError):
                time.sleep(POLL_S)
        raise TimeoutError(path)

    def memory_mb(self) -> tuple[dict[str, float], float]:
        """By Comity process, and PostgreSQL's together."""
        found: dict[str, float] = {}
        postgres = 0.0
        for process in Path("/proc").iterdir():
            words = _words(process)
            if "comity.db.embedded.guardian" in words and str(self.data) in words:
                found["guardian"] = _pss_mb(process)
                postgres += sum(_pss_mb(each) for each in _descendants(int(process.name)))
        for each in (Path(f"/proc/{self.process.pid}"), *_descendants(self.process.pid)):
            found[_words(each)[3]] = _pss_mb(each)
        return found, postgres

    def stop(self) -> None:
        """SIGTERM, and until its server is gone as well."""
        self.process.terminate()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        deadline = time.perf_counter() + PATIENCE_S
        while (self.data / "pgdata" / "postmaster.pid").exists() and time.perf_counter() < deadline:
            time.sleep(POLL_S)


def _words(process: Path) -> list[str]:
    """Its command line; empty for what is no process, or gone by now."""
    try:
        return (process / "cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []


def _descendants(parent: int) -> list[Path]:
    try:
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    except OSError:  # it has ended meanwhile
        return []
    return [path for each in children for path in (Path(f"/proc/{each}"), *_descendants(int(each)))]


def _pss_mb(process: Path) -> float:
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended meanwhile, as the server's helpers do
        return 0.0
    for line in lines:
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise LookupError(process)


def measure(data: Path, *, repeat: int) -> dict[str, object]:
    """All figures."""
    helping = help_seconds(repeat=3 * repeat)
    commanding = help_seconds("user", "import", repeat=3 * repeat)
    print(f"help: {_shown(helping)}, of a command: {_shown(commanding)}")
    Service(data).stop()  # makes the data, and fills the caches
    starts = []
    for _ in range(repeat):
        service = Service(data)
        starts.append(service.ready_s)
        service.stop()
    print(f"ready: {_shown(starts)}")
    service = Service(data)
    service.wait_for("/readyz")
    time.sleep(3.0)  # idle: past the first ticks
    comity, postgres = service.memory_mb()
    service.stop()
    print(
        "idle, MB: " + ", ".join(f"{name} {value:.1f}" for name, value in comity.items()) + f"; postgres {postgres:.1f}"
    )
    return {
        "ready_s": round(statistics.median(starts), 3),
        "ready_s_range": [round(min(starts), 3), round(max(starts), 3)],
        "help_s": round(statistics.median([*helping, *commanding]), 3),
        "idle_mb": round(sum(comity.values()), 1),
        "postgres_mb": round(postgres, 1),
        "processes_mb": {name: round(value, 1) for name, value in comity.items()},
    }


async def peak_mb(data: Path, people: int) -> dict[str, float]:
    """The most that each process needed while a first share was under way."""
    target = await _share(data, people)
    service = Service(data)
    peaks: dict[str, float] = {}
    try:
        async with open_comity(Settings(data=data)) as comity:
            lab = Lab(comity.db, await comity.db.url(), comity.clock)
            while True:
                for name, value in service.memory_mb()[0].items():
                    peaks[name] = max(peaks.get(name, 0.0), value)
                if await stands(lab, target, people):
                    break
                await asyncio.sleep(SAMPLE_S)
    finally:
        service.stop()
    return peaks


async def _share(data: Path, people: int) -> TenantId:
    """People of one tenant, shared with another that accepts; whoever serves this data brings them there."""
    async with open_comity(Settings(data=data)) as comity:
        lab = Lab(comity.db, await comity.db.url(), comity.clock)
        source, domain = await lab.tenant("source")
        target, _ = await lab.tenant("target")
        await fill(lab, source, domain, people)
        await share(lab, source, [target])
    return target


def _shown(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.3f} s ({min(seconds):.3f} to {max(seconds):.3f})"


def main() -> int:
    """Measure, and compare with the budgets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="starts to measure")
    parser.add_argument("--people", type=int, default=1_000_000, metavar="N", help="of the first share")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as directory:
        figures = measure(Path(directory) / "data", repeat=options.repeat)
        peaks = asyncio.run(peak_mb(Path(directory) / "shared", options.people))
    figures |= {
        "peak_mb": round(max(peaks.values()), 1),
        "peaks_mb": {name: round(value, 1) for name, value in peaks.items()},
        "people": options.people,
    }
    print(json.dumps(figures))
    budgets = {"ready_s": READY_S_MAX, "help_s": HELP_S_MAX, "idle_mb": IDLE_MB_MAX, "peak_mb": PEAK_MB_MAX}
    return int(any(float(str(figures[name])) > limit for name, limit in budgets.items()))


if __name__ == "__main__":
    sys.exit(main())
