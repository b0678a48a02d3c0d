"""A PostgreSQL of our own in a data folder: for a first run, for small installations and for tests.

In the data folder lie ``cluster/`` (the server's files), ``run/`` (its unix socket; there is no network port),
``passwords.json``, ``postgres.log`` and ``lock``, which the process that runs the server keeps locked.

PostgreSQL refuses to run as root, so root starts it as an unprivileged account (``account.py``). That account must be
able to enter the cluster's folder, and a data folder below /root or another 0700 folder is closed to it. Such folders
are never opened: the cluster (and the programs, where the virtual environment is closed too) is put under
``/var/lib/case-returns``, and the note ``where-the-database-is.txt`` in the data folder says so.

A server that dies is started again. If this process is killed, its server goes on by itself, and the next start on the
folder ends it, after making sure that the process really serves this folder, and starts anew.
"""

# ruff: noqa: S603 - programs that we found ourselves, and arguments as a list: no shell reads them

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from msgspec import Struct

from service.storage.account import Account, account_for, give_to, run_as
from service.storage.binaries import Binaries, environment, find_binaries, within_reach
from service.storage.cluster import ADMIN, DATABASE, OWNER, SERVICE, create_cluster, is_reachable, provision
from service.storage.folder import ELSEWHERE, NOTE, FolderLock, Passwords, SocketFolder, place_noted, place_of
from service.storage.postmaster import disown_stale_pid, end, orphans, running_postmaster, wait_until
from service.storage.roles import StorageError

log = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 60.0
"""For orphans to go, for another try to start, and for a clean stop."""

RECOVERY_SECONDS: Final = 900.0
"""For a server that runs to take connections: after a crash it first reads back what was committed last."""

_LARGEST_LOG: Final = 16 << 20

_HEALS: Final = ("pre-existing shared memory block", 'lock file "', "could not create lock file")
"""What a server says when it could not start because of something that is just going away."""

SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "max_connections": "60",
    "superuser_reserved_connections": "3",
    "shared_buffers": "1GB",  # a million cases with indexes and tallies are half of it; what is not used takes nothing
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",  # our statements are short; compiling them costs more than it saves
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    # No value of a row may reach the log: no statement, no parameter, and terse leaves out "Key (...)=(...)".
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}

EPHEMERAL: Final[Mapping[str, str]] = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}
"""For tests: a crash of the machine may lose everything; a crash of the server loses nothing that was committed."""


class Urls(Struct, frozen=True):
    """How to log in: as the service, as the schema's owner, and as the cluster's administrator (backup, tests)."""

    service: str
    owner: str
    admin: str | None = None
    """Only where the server is our own."""


class EmbeddedPostgres:
    """One server over one data folder. ``start`` and ``stop`` block; ``embedded`` below is for asynchronous callers."""

    def __init__(
        self,
        data: Path,
        *,
        programs: Path | None = None,
        account: str | None = None,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        elsewhere: Path = ELSEWHERE,
    ) -> None:
        """``programs``: an installed PostgreSQL's bin folder. ``durable=False``, for tests: nothing is synced."""
        self.data = Path(os.path.abspath(data))  # noqa: PTH100 - resolve() would follow the user's links
        self._programs = programs
        self._account_name = account
        self._settings = {**SETTINGS, **({} if durable else EPHEMERAL), **(settings or {})}
        self._durable = durable
        self._elsewhere = elsewhere
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._lock: FolderLock | None = None
        self._binaries: Binaries
        self._account: Account | None
        self._sockets: SocketFolder
        self._passwords: Passwords
        self.cluster: Path

    @property
    def version(self) -> str:
        """The server's release, as ``18.6``."""
        return self._binaries.version

    @property
    def socket_dir(self) -> Path:
        """The private folder of its unix socket."""
        return self._sockets.path

    @property
    def pid(self) -> int | None:
        """The server's process while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def url(self, user: str, database: str = DATABASE) -> str:
        """How ``user`` (one of the three logins) reaches a database of this server."""
        return self._sockets.url(user, self._passwords.of(user), database)

    def start(self) -> Urls:
        """Start the server, making the cluster first where there is none; returns when it answers.

        A folder that is in use by another process, or a server that does not come up, is a ``StorageError``.
        """
        if self._lock is not None:
            raise RuntimeError("already started")
        self._lock = FolderLock.take(self.data)
        self._stopping.clear()
        try:
            self._prepare()
            self._bring_up()
            provision(self.url(ADMIN, "postgres"), self._passwords)
        except BaseException:
            self._give_up()
            raise
        self._watcher = threading.Thread(target=self._watch, name="embedded-postgres", daemon=True)
        self._watcher.start()
        atexit.register(self.stop)
        return Urls(service=self.url(SERVICE), owner=self.url(OWNER), admin=self.url(ADMIN))

    def is_made(self) -> bool:
        """Whether there is a cluster for this folder. Nothing is made, and nothing is written, to find out."""
        note = self.data / NOTE
        return ((place_noted(note) if note.exists() else self.data) / "cluster").exists()

    def programs_here(self) -> str:
        """The release that would be run here, where it and an account to run it are there; nothing is started."""
        account_for(self.data / "cluster", self._account_name)
        return find_binaries(self._programs).version

    def is_taken(self) -> bool:
        """Whether another process runs this folder's server at this moment."""
        if not (self.data / "lock").exists():
            return False
        try:
            FolderLock.take(self.data).release()
        except StorageError:
            return True
        return False

    def urls_of_running(self) -> Urls | None:
        """How to reach this folder's server where another process runs it; None where none does."""
        if not self.is_taken():
            return None
        passwords = Passwords.of_folder(self.data, fresh=False)
        sockets = SocketFolder.of_running(place_of(self.data, self._account_name, self._elsewhere), self.data)
        return Urls(*(sockets.url(user, passwords.of(user), DATABASE) for user in (SERVICE, OWNER, ADMIN)))

    def stop(self) -> None:
        """End the server cleanly and wait for it. Stopping what is not running is harmless."""
        if self._lock is None or self._lock.owner_pid != os.getpid():  # a forked child runs our atexit too
            return
        atexit.unregister(self.stop)
        self._stopping.set()
        with self._guard:
            process, self._process = self._process, None
        if process is not None:
            _end_child(process)
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._sockets.remove()
        self._lock.release()
        self._lock = None

    def _prepare(self) -> None:
        place = place_of(self.data, self._account_name, self._elsewhere)
        self.cluster = place / "cluster"
        self._account = account_for(self.cluster, self._account_name)
        self._binaries = within_reach(find_binaries(self._programs), self._account, self._elsewhere)
        self._passwords = Passwords.of_folder(self.data, fresh=not self.cluster.exists())
        self._end_forgotten_server()
        self._sockets = SocketFolder.make(place, self.data)
        give_to(self._account, self.socket_dir)
        create_cluster(self.cluster, self._binaries, self._account, self._passwords, sync=self._durable)

    def _end_forgotten_server(self) -> None:
        """End the server that a killed process left behind: we hold the folder's lock, so it is nobody's any more."""
        if (pid := running_postmaster(self.cluster)) is not None:
            log.warning("forgotten_database_server_ended", extra={"pid": pid, "cluster": str(self.cluster)})
            end(self.cluster, pid, patience=PATIENCE_SECONDS)

    def _bring_up(self) -> None:
        """Start the process until it answers; within a minute, and only while there is reason to try again."""
        patient_until = time.monotonic() + PATIENCE_SECONDS
        wait_until(lambda: self._stopping.is_set() or not orphans(self.cluster), PATIENCE_SECONDS)
        while not self._stopping.is_set():
            disown_stale_pid(self.cluster)
            said_before = self._log_file.stat().st_size if self._log_file.exists() else 0
            process = self._launch()
            self._process = process
            if self._answers(process):
                return
            if self._stopping.is_set():
                return
            said = self._log_file.read_bytes()[said_before:].decode(errors="replace")
            if time.monotonic() > patient_until or not any(words in said for words in _HEALS):
                last = said.strip().splitlines()[-1:] or ["it said nothing"]
                raise StorageError(f"The embedded database did not start: {last[0]}", f"See {self._log_file}.")
            self._stopping.wait(0.2)

    @property
    def _log_file(self) -> Path:
        return self.data / "postgres.log"

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = {
            **self._settings,
            "unix_socket_directories": f'"{self.socket_dir}"',
            "unix_socket_permissions": "0700",
        }
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        self._sockets.clear()
        if self._log_file.exists() and self._log_file.stat().st_size > _LARGEST_LOG:
            self._log_file.rename(self._log_file.with_suffix(".log.1"))
        with self._log_file.open("ab") as sink:
            return subprocess.Popen(
                [self._binaries.program("postgres"), "-D", str(self.cluster), *arguments],
                cwd="/",
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # a Ctrl-C in the terminal is for us, who then stop it in order
                **run_as(self._account),
            )

    def _answers(self, process: subprocess.Popen[bytes]) -> bool:
        """Wait until the server takes a connection; false when it exits, or time runs out."""
        url, deadline = self.url(ADMIN, "postgres"), time.monotonic() + RECOVERY_SECONDS
        while process.poll() is None and not self._stopping.is_set():
            if is_reachable(url):
                return True
            if time.monotonic() > deadline:
                process.send_signal(signal.SIGQUIT)
                process.wait()
                return False
            self._stopping.wait(0.05)
        return False

    def _watch(self) -> None:
        """Start the server again when it ends without being asked to."""
        while (process := self._process) is not None:
            process.wait()
            with self._guard:
                if self._stopping.is_set():
                    return
                log.error("database_server_ended", extra={"status": process.returncode, "cluster": str(self.cluster)})
                try:
                    self._bring_up()
                except StorageError:
                    log.exception("database_server_not_restarted", extra={"cluster": str(self.cluster)})
                    return
                log.warning("database_server_restarted", extra={"cluster": str(self.cluster)})
            self._stopping.wait(0.5)  # a server that dies at once is not restarted in a tight loop

    def _give_up(self) -> None:
        """Leave nothing behind after a start that failed."""
        self._stopping.set()
        if self._process is not None:
            _end_child(self._process)
            self._process = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def _end_child(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown, then by force. The number of a child is its own until it was waited for."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        process.send_signal(number)
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return


@asynccontextmanager
async def embedded(server: EmbeddedPostgres) -> AsyncIterator[Urls]:
    """The server for the length of a block, started and stopped without blocking the event loop."""
    urls = await asyncio.to_thread(server.start)
    try:
        yield urls
    finally:
        await asyncio.shield(asyncio.to_thread(server.stop))
