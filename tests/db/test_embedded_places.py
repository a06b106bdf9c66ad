"""The embedded server in the places where people keep their data, and what it says about the others."""

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from comity.db.embedded import (
    DataDirectoryUnusable,
    DataOfAnotherMajor,
    ServerDidNotStart,
    ServerNotReady,
    attach,
)
from comity.db.embedded.directory import SERVER_ACCOUNTS
from comity.db.embedded.install import PACKAGE, Install, find_install, readable_install
from comity.db.embedded.locks import EXCLUSIVE, open_lock, try_lock
from comity.db.embedded.processes import postgres_processes_in
from tests.support.embedded import FAST, Client, client_command, is_living, nothing_runs, postmaster_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.whole

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about what root must do; we are somebody else")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """A data directory of the test's own; nothing may run on it afterwards."""
    directory = tmp_path / "data"
    yield directory
    wait_until(lambda: nothing_runs(directory))


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A directory that every account may enter, unlike pytest's own."""
    place = Path(tempfile.mkdtemp(dir="/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def test_a_path_too_long_for_a_socket_gets_a_short_one_that_goes_with_the_server(tmp_path):
    """A socket's path ends at 107 bytes; the directory in its place is ours alone."""
    data = tmp_path / ("a" * 100) / "data"

    with attach(data, settings=FAST) as lease:
        short = _socket_directory(lease.connection.dsn)
        with psycopg.connect(lease.connection.dsn) as connection:
            connection.execute("select 1")
        assert short.parent == Path("/tmp")
        assert stat.S_IMODE(short.stat().st_mode) == 0o700

    wait_until(lambda: nothing_runs(data))
    assert not short.exists()


def test_a_path_with_spaces_and_umlauts_works(tmp_path):
    data = tmp_path / "Müller & Söhne 100%" / "data"

    with attach(data, settings=FAST) as lease, psycopg.connect(lease.connection.dsn) as connection:
        connection.execute("select 1")

    wait_until(lambda: nothing_runs(data))


@as_root
@pytest.mark.parametrize("parent", [Path.home(), Path("/tmp")], ids=["home", "tmp"])
def test_root_may_keep_data_where_nobody_else_can_go(parent):
    """PostgreSQL runs as another account, and not one directory is opened to it (ADR-0008)."""
    closed = Path(tempfile.mkdtemp(dir=parent))
    data = closed / "data"
    before = [each.stat().st_mode for each in closed.parents]
    try:
        with attach(data, settings=FAST) as lease, psycopg.connect(lease.connection.dsn) as connection:
            connection.execute("select 1")
            server = Path(f"/proc/{postmaster_of(data)}").stat().st_uid
            modes = [stat.S_IMODE(each.stat().st_mode) for each in (closed, data)]

        assert pwd.getpwuid(server).pw_name in SERVER_ACCOUNTS
        assert modes == [0o700, 0o700]
        assert [each.stat().st_mode for each in closed.parents] == before
        wait_until(lambda: nothing_runs(data))
    finally:
        shutil.rmtree(closed)


@as_root
def test_programs_that_the_account_cannot_reach_are_copied_once(tmp_path, open_place):
    """A virtual environment below root's home stays closed; the copy belongs to root and works."""
    found = find_install()
    closed = tmp_path / "site" / PACKAGE / "pginstall"
    shutil.copytree(found.root, closed, copy_function=os.link)
    shutil.copytree(found.root.parents[1] / f"{PACKAGE}.libs", tmp_path / "site" / f"{PACKAGE}.libs")
    account = pwd.getpwnam("nobody")
    unreachable = Install(root=closed, version=found.version)
    home = open_place / "home"
    home.mkdir()
    shutil.chown(home, account.pw_uid, account.pw_gid)

    copy = readable_install(unreachable, (account.pw_uid, account.pw_gid), cache=open_place)
    again = readable_install(unreachable, (account.pw_uid, account.pw_gid), cache=open_place)

    assert again == copy
    assert copy.is_relative_to(open_place)
    assert {copy.stat().st_uid, (copy / "bin" / "postgres").stat().st_uid} == {0}
    assert sorted(each.name for each in open_place.iterdir()) == ["home", f"postgres-{found.version}"]
    subprocess.run(
        [copy / "bin" / "initdb", "-D", home / "pgdata", "--no-sync", "--auth=reject"],
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        cwd="/",
        env={"LC_ALL": "C"},
        check=True,
        capture_output=True,
    )


@as_root
def test_an_ordinary_user_runs_the_server_as_himself(open_place):
    """Nothing of root's is needed: no account, no capability, no directory."""
    python = _python_for_everybody()
    account = pwd.getpwnam("nobody")
    shutil.chown(open_place, account.pw_uid, account.pw_gid)
    data = open_place / "data"
    source = Path(__file__).parents[2] / "src"
    path = f"{source}:{find_install().root.parents[1]}"

    client = Client(
        client_command(data, python=python),
        user=account.pw_uid,
        group=account.pw_gid,
        extra_groups=[],
        cwd="/",
        env={"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    try:
        with psycopg.connect(client.dsn()) as connection:
            connection.execute("select 1")
        assert Path(f"/proc/{postmaster_of(data)}").stat().st_uid == account.pw_uid
        assert {each.lstat().st_uid for each in data.rglob("*")} == {account.pw_uid}
    finally:
        client.kill()
    wait_until(lambda: nothing_runs(data))


@pytest.mark.parametrize("found", ["17", "19"])
def test_data_of_another_major_version_is_refused_by_name(data, found):
    """Nothing but that version reads it: back up with the old, restore with the new (design §7)."""
    _pretend_cluster(data, found)

    with pytest.raises(DataOfAnotherMajor) as refused:
        attach(data)

    assert (refused.value.found, refused.value.expected) == (found, "18")


def test_a_file_in_place_of_the_directory_is_refused(tmp_path):
    (tmp_path / "data").write_text("")

    with pytest.raises(DataDirectoryUnusable) as refused:
        attach(tmp_path / "data")

    assert refused.value.reason == "not-a-directory"


def test_a_directory_that_others_may_write_in_is_refused(data):
    """They could put their own files in the place of ours."""
    data.mkdir()
    data.chmod(0o777)

    with pytest.raises(DataDirectoryUnusable) as refused:
        attach(data)

    assert refused.value.reason == "open-to-others"


@as_root
def test_root_keeps_out_of_somebody_elses_directory(data):
    """Its owner could lead root elsewhere by links."""
    data.mkdir(mode=0o700)
    owner = pwd.getpwnam("nobody").pw_uid
    os.chown(data, owner, -1)

    with pytest.raises(DataDirectoryUnusable) as refused:
        attach(data)

    assert (refused.value.reason, refused.value.detail) == ("other-owner", str(owner))


def test_a_place_where_nothing_can_be_written_is_refused():
    with pytest.raises(DataDirectoryUnusable) as refused:
        attach(Path("/proc/comity"))

    assert refused.value.reason == "not-writable"


def test_a_server_that_does_not_start_says_why_and_leaves_nothing_behind(data):
    """The end of its log is part of the error."""
    with pytest.raises(ServerDidNotStart) as failed:
        attach(data, settings={**FAST, "shared_buffers": "plenty"})

    assert failed.value.reason == "server-exited"
    assert "plenty" in failed.value.log_tail
    with attach(data, settings=FAST) as lease, psycopg.connect(lease.connection.dsn) as connection:
        connection.execute("select 1")


def test_a_server_that_takes_too_long_is_an_error_of_its_own(data):
    """Somebody holds the lock of those who start one; patience ends."""
    data.mkdir(mode=0o700)
    busy = open_lock(data / "start.lock")
    try:
        assert try_lock(busy, EXCLUSIVE)
        with pytest.raises(ServerNotReady) as late:
            attach(data, ready_timeout_s=0.1)
    finally:
        os.close(busy)

    assert late.value.waited_s == 0.1


@pytest.mark.parametrize("kind", ["living", "zombie"])
def test_a_stale_pid_file_is_no_obstacle(data, kind):
    """PostgreSQL itself refuses: it takes a stranger, or a zombie that nobody reaps, for its postmaster.

    The process is of PostgreSQL's own account: those of others it ignores.
    """
    attach(data, settings=FAST).close()
    wait_until(lambda: nothing_runs(data))
    process = subprocess.Popen(["sleep", "60"] if kind == "living" else ["true"], user=(data / "pgdata").stat().st_uid)
    try:
        if kind == "zombie":
            wait_until(lambda: not is_living(process.pid))
        (data / "pgdata" / "postmaster.pid").write_text(f"{process.pid}\n/somewhere\n0\n5432\n\n\n0 0\nready\n")
        (data / "run" / ".s.PGSQL.5432.lock").write_text(f"{process.pid}\n")

        with attach(data, settings=FAST) as lease, psycopg.connect(lease.connection.dsn) as connection:
            connection.execute("select 1")
    finally:
        process.kill()
        process.wait()


def test_a_cluster_left_half_made_is_made_again(data):
    """A power cut during initdb; the finished cluster gets its name last."""
    (data / "pgdata.new" / "base").mkdir(parents=True)
    (data / "pgdata.new" / "PG_VERSION").write_text("18\n")
    data.chmod(0o700)

    with attach(data, settings=FAST) as lease, psycopg.connect(lease.connection.dsn) as connection:
        connection.execute("select 1")


def test_a_server_that_somebody_started_by_hand_is_left_alone(data):
    """It holds no lock of ours; two servers on one cluster would destroy it, and killing is not ours to do."""
    attach(data, settings=FAST).close()
    wait_until(lambda: nothing_runs(data))
    by_hand = _start_by_hand(data / "pgdata")
    try:
        wait_until(lambda: by_hand.pid in postgres_processes_in(data / "pgdata"))
        with pytest.raises(ServerDidNotStart) as refused:
            attach(data, settings=FAST)
        assert refused.value.reason == "another-server"
        assert is_living(by_hand.pid)
    finally:
        by_hand.terminate()
        by_hand.wait()


def _socket_directory(dsn: str) -> Path:
    return Path(psycopg.conninfo.conninfo_to_dict(dsn)["host"])  # type: ignore[arg-type]


def _pretend_cluster(data: Path, major: str) -> None:
    data.mkdir(mode=0o700)
    (data / "pgdata").mkdir(mode=0o700)
    (data / "pgdata" / "PG_VERSION").write_text(f"{major}\n")


def _python_for_everybody() -> str:
    """An interpreter that another account may run; ours may lie in a closed home."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("no python3 that every account may run")
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    if subprocess.run([python, "-c", check], check=False, user="nobody", cwd="/").returncode != 0:
        pytest.skip(f"{python} is older than 3.11, or closed to other accounts")
    readable = subprocess.run(
        ["test", "-r", find_install().root / "bin" / "postgres"], check=False, user="nobody", cwd="/"
    )
    if readable.returncode != 0:
        pytest.skip("the environment with PostgreSQL's programs is closed to other accounts")
    return python


def _start_by_hand(pgdata: Path) -> subprocess.Popen[bytes]:
    owner = pgdata.stat()
    directory = os.open(pgdata, os.O_RDONLY | os.O_DIRECTORY)
    who = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    try:
        started: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]
            [
                find_install().root / "bin" / "postgres",
                "-D",
                f"/proc/self/fd/{directory}",
                "-c",
                "listen_addresses=",
                "-c",
                f"unix_socket_directories=/proc/self/fd/{directory}",
            ],
            pass_fds=(directory,),
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **who,
        )
    finally:
        os.close(directory)
    return started
