"""Who may reach the embedded server, and as whom."""

import stat
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import psycopg
import pytest

from comity.db.embedded import Connection, attach
from comity.db.embedded.processes import postgres_processes_in
from tests.support.embedded import FAST, postmaster_of
from tests.support.server import admin_dsn

pytestmark = [pytest.mark.whole, pytest.mark.usefixtures("own_server")]

ROLES_SQL = resources.files("comity.db").joinpath("roles.sql")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("embedded") / "data"


@pytest.fixture(scope="module")
def own_server(data: Path) -> Iterator[Connection]:
    """A server of this module's own: some tests here change its roles."""
    with attach(data, settings=FAST) as lease:
        yield lease.connection


@pytest.fixture
def admin(own_server: Connection) -> Iterator[psycopg.Connection]:
    """The superuser, in a transaction that is rolled back."""
    with psycopg.connect(admin_dsn(own_server)) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def login(own_server: Connection) -> Iterator[psycopg.Connection]:
    with psycopg.connect(own_server.dsn, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("user", ["postgres", "comity"])
def test_nobody_comes_in_with_a_wrong_password(own_server, user):
    """Not even over the local socket, and not even the operating system's user of that name."""
    wrong = psycopg.conninfo.make_conninfo(own_server.dsn, user=user, password="wrong", dbname="postgres")

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_every_way_in_asks_for_a_scram_password(admin):
    methods = admin.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    passwords = admin.execute("select distinct left(rolpassword, 14) from pg_authid where rolcanlogin").fetchall()

    assert methods == [("scram-sha-256",)]
    assert passwords == [("SCRAM-SHA-256$",)]


def test_nothing_listens_on_the_network(data):
    """Checked at the kernel: none of the server's sockets is one for TCP."""
    postmaster = postmaster_of(data)
    open_files = [str(each.readlink()) for each in Path(f"/proc/{postmaster}/fd").iterdir()]
    sockets = {name.removeprefix("socket:[").removesuffix("]") for name in open_files if name.startswith("socket:")}
    tables = [Path(f"/proc/{postmaster}/net/{name}").read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
    tcp = {line.split()[9] for table in tables for line in table}

    assert sockets
    assert not sockets & tcp


def test_everything_in_the_data_directory_is_closed_to_others(data):
    """Each for itself, since the directory around them may be one that somebody made before, and open."""
    ours = [data, *data.iterdir(), *(data / "run").iterdir(), *(data / "pgdata").iterdir()]

    modes = {str(each): f"{stat.S_IMODE(each.lstat().st_mode):o}" for each in ours}

    assert {name: mode for name, mode in modes.items() if not mode.endswith("00")} == {}


def test_passwords_stand_on_no_command_line(data):
    secrets = [(data / name).read_text() for name in ("admin.secret", "comity.secret")]

    for process in postgres_processes_in(data / "pgdata"):
        command = Path(f"/proc/{process}/cmdline").read_bytes().decode()
        assert not any(secret in command for secret in secrets)


def test_a_connection_prints_no_password(own_server, data):
    assert (data / "comity.secret").read_text() not in repr(own_server)


def test_the_login_role_becomes_one_of_the_three_and_inherits_none(login):
    """What it does by itself, it may not do: each transaction says as whom it acts."""
    owner = "select pg_has_role('comity', 'comity_owner', 'usage'), pg_has_role('comity', 'comity_owner', 'member')"

    assert login.execute(owner).fetchone() == (False, True)
    for role in ("comity_owner", "comity_app", "comity_queue"):
        login.execute(psycopg.sql.SQL("set role {}").format(psycopg.sql.Identifier(role)))
        assert login.execute("select current_user").fetchone() == (role,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        login.execute("set role postgres")


def test_only_the_owner_makes_objects(login):
    for role in ("comity", "comity_app"):
        login.execute(psycopg.sql.SQL("set role {}").format(psycopg.sql.Identifier(role)))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            login.execute("create table public.mine (id int)")

    login.execute("set role comity_owner")
    login.execute("create table public.ours (id int)")
    login.execute("drop table public.ours")


def test_making_the_roles_again_changes_nothing(admin):
    roles = "select rolname, oid, rolcanlogin, rolinherit from pg_roles where rolname ~ '^comity' order by 1"
    before = admin.execute(roles).fetchall()

    admin.execute(ROLES_SQL.read_bytes())

    assert admin.execute(roles).fetchall() == before
    assert [name for name, *_ in before] == ["comity", "comity_app", "comity_owner", "comity_queue"]


@pytest.mark.parametrize("change", ["comity_app bypassrls", "comity superuser", "comity inherit", "comity_app login"])
def test_a_role_that_can_do_more_than_it_should_is_named(admin, change):
    """It is never mended in silence: the second wall between tenants rests on these attributes."""
    admin.execute(f"alter role {change}")

    with pytest.raises(psycopg.errors.RaiseException, match=change.partition(" ")[0]):
        admin.execute(ROLES_SQL.read_bytes())


def test_a_role_with_createrole_may_make_them_too(admin):
    """Where somebody else runs the server, Comity gets no superuser."""
    for role in ("comity", "comity_owner", "comity_app", "comity_queue"):
        admin.execute(f"alter role {role} rename to former_{role}")
    admin.execute("create role maker createrole")
    admin.execute("set local role maker")

    admin.execute(ROLES_SQL.read_bytes())

    may = "select pg_has_role('comity', 'comity_app', 'member'), pg_has_role('comity', 'comity_app', 'usage')"
    assert admin.execute(may).fetchone() == (True, False)
