"""The embedded server comes with its first client and goes with its last, whoever is killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from comity.db.embedded import Lease, attach
from tests.support.embedded import (
    FAST,
    Client,
    client_command,
    guardian_of,
    guardians_of,
    is_living,
    kill,
    nothing_runs,
    postmaster_of,
)
from tests.support.server import admin_dsn
from tests.support.waiting import wait_until

pytestmark = pytest.mark.whole


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory of the test's own; nothing may run on it afterwards."""
    directory = tmp_path / "data"
    yield directory
    wait_until(lambda: nothing_runs(directory))


@pytest.fixture
def lease(data: Path) -> Iterator[Lease]:
    with attach(data, settings=FAST) as held:
        yield held


@pytest.fixture
def clients(data: Path) -> Iterator[list[Client]]:
    """Four processes that attach at the same moment."""
    started = [Client(client_command(data)) for _ in range(4)]
    yield started
    for client in started:
        client.kill()


def test_several_processes_at_once_share_one_server(data, clients):
    """Whoever comes first starts it; the others wait and join (design of the embedded server)."""
    addresses = {client.dsn() for client in clients}

    assert len(addresses) == 1
    assert len(guardians_of(data)) == 1
    assert (data / "postgres.log").read_text().count("starting PostgreSQL") == 1
    with psycopg.connect(addresses.pop()) as connection:
        assert connection.execute("select session_user").fetchone() == ("comity",)


def test_a_killed_client_takes_nothing_with_it(data, clients):
    (address,) = {client.dsn() for client in clients}
    postmaster = postmaster_of(data)

    for client in clients[:3]:
        client.kill()

    with psycopg.connect(address) as connection:
        connection.execute("select 1")
    assert postmaster_of(data) == postmaster


def test_no_server_is_left_when_the_last_client_was_killed(data, clients):
    for client in clients:
        client.dsn()
    guardian = guardian_of(data)

    for client in clients:
        client.kill()

    wait_until(lambda: nothing_runs(data))
    assert not is_living(guardian)


def test_a_starter_killed_half_way_leaves_a_server_that_the_next_one_uses(data):
    """The guardian is nobody's child: it finishes what the starter began."""
    starter = Client(client_command(data))
    wait_until((data / "server.json").exists)
    starter.kill()

    with attach(data, settings=FAST) as lease, psycopg.connect(lease.connection.dsn) as connection:
        connection.execute("select 1")
    assert (data / "postgres.log").read_text().count("running bootstrap script") == 1


def test_threads_share_a_lease(lease):
    """A lock belongs to the open file: each call opens its own."""
    with ThreadPoolExecutor(8) as threads:
        answers = set(threads.map(lambda _: lease.again(), range(32)))

    assert answers == {lease.connection}


@pytest.mark.usefixtures("lease")
def test_a_killed_guardian_takes_its_server_along(data):
    """Not even an orphan is left that nobody watches: the kernel tells PostgreSQL to stop."""
    guardian, postmaster = guardian_of(data), postmaster_of(data)

    kill(guardian)

    wait_until(lambda: not is_living(postmaster), timeout_s=5)


def test_after_sigkill_of_the_guardian_again_brings_the_server_back(data):
    """PostgreSQL follows its guardian by its death signal; what it acknowledged is there."""
    with attach(data) as lease:
        note(lease, 1)
        guardian, postmaster = guardian_of(data), postmaster_of(data)

        kill(guardian)

        lease.again()
        assert notes(lease) == [1]
        assert not is_living(guardian)
        assert not is_living(postmaster)
        assert len(guardians_of(data)) == 1


def test_after_sigkill_of_the_postmaster_the_guardian_starts_it_again(data):
    """Settings as in production: acknowledged means flushed, so crash recovery finds it."""
    with attach(data) as lease:
        note(lease, 1)
        guardian, postmaster = guardian_of(data), postmaster_of(data)

        kill(postmaster)

        lease.again()
        assert notes(lease) == [1]
        assert guardian_of(data) == guardian
        assert postmaster_of(data) != postmaster


def test_after_sigkill_of_guardian_and_postmaster_the_next_client_finds_everything(data):
    with attach(data) as lease:
        note(lease, 1)
        kill(guardian_of(data))
        kill(postmaster_of(data))

    with attach(data) as lease:
        assert notes(lease) == [1]


def test_a_busy_backend_of_a_dead_postmaster_does_not_hold_up_the_next(data, lease):
    """It never looks up from its loop; a server beside it would destroy the data, so it must go first."""
    with psycopg.connect(lease.connection.dsn) as connection:
        busy = threading.Thread(target=_count_for_ever, args=(connection,))
        busy.start()
        backend = connection.info.backend_pid
        wait_until(lambda: _cpu_ticks(backend) > 5)

        kill(postmaster_of(data))
        lease.again()

        busy.join()
        assert not is_living(backend)
        with psycopg.connect(lease.connection.dsn) as fresh:
            fresh.execute("select 1")


def test_a_client_that_arrives_while_the_guardian_leaves_gets_a_server(data):
    """The race of the last look at the clients: the newcomer waits, then starts its own guardian."""
    attach(data, settings=FAST).close()
    wait_until(lambda: json.loads((data / "server.json").read_text())["state"] == "stopping")

    with attach(data, settings=FAST) as lease, psycopg.connect(lease.connection.dsn) as connection:
        connection.execute("select 1")


def test_a_guardian_asked_to_stop_stops_the_server_and_may_be_replaced(data, lease):
    """SIGTERM is how a machine goes down; clients that live on can have it back."""
    guardian = guardian_of(data)

    os.kill(guardian, signal.SIGTERM)
    wait_until(lambda: nothing_runs(data))

    with psycopg.connect(lease.again().dsn) as connection:
        connection.execute("select 1")
    assert guardian_of(data) != guardian


def test_it_needs_nothing_but_the_standard_library():
    """The guardian runs without site-packages, and a command that asks for help must not wait for a driver."""
    source = Path(__file__).parents[2] / "src"

    subprocess.run(
        [sys.executable, "-S", "-c", "import comity.db.embedded.guardian"],
        env={"PYTHONPATH": str(source)},
        check=True,
    )


def test_a_closed_lease_is_closed_for_good(data):
    lease = attach(data, settings=FAST)
    lease.close()
    lease.close()

    with pytest.raises(RuntimeError):
        lease.again()


@pytest.mark.usefixtures("lease")
def test_a_server_that_runs_keeps_its_settings(data):
    with attach(data, settings={"work_mem": "9MB"}) as second, psycopg.connect(second.connection.dsn) as connection:
        assert connection.execute("show work_mem").fetchone() != ("9MB",)
        assert connection.execute("show fsync").fetchone() == ("off",)


def note(lease: Lease, number: int) -> None:
    with psycopg.connect(admin_dsn(lease.connection)) as connection:
        connection.execute("create table if not exists note (number int)")
        connection.execute("insert into note values (%s)", (number,))


def notes(lease: Lease) -> list[int]:
    with psycopg.connect(admin_dsn(lease.connection)) as connection:
        return [number for (number,) in connection.execute("select number from note order by number")]


def _count_for_ever(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select count(*) from generate_series(1, 100000000000) as n")


def _cpu_ticks(process: int) -> int:
    facts = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(facts[11]) + int(facts[12])
