"""The data folder of an embedded server: its lock, its passwords, where its cluster and its socket are."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from service.storage.account import account_for, may_enter
from service.storage.binaries import open_to_all
from service.storage.roles import StorageError

ELSEWHERE: Final = Path("/var/lib/case-returns")
"""Where root puts a cluster that the server's account could not enter in its own place."""

NOTE: Final = "where-the-database-is.txt"
_LONGEST_SOCKET: Final = 107  # bytes of a unix socket's path that Linux takes; others take 103
_SOCKET: Final = ".s.PGSQL.5432"


class FolderLock:
    """The lock that the process which runs the server keeps on its data folder. The kernel frees it at any death."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.owner_pid = os.getpid()

    @classmethod
    def take(cls, data: Path) -> FolderLock:
        """Lock the folder, made where it is missing; a ``StorageError`` says which process holds it."""
        try:
            if not data.exists():
                data.mkdir(parents=True, mode=0o711)  # the server's account passes through; every file is closed
            descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as refused:
            raise StorageError(
                f"The data folder {data} cannot be used: {refused.strerror}.", "Name another."
            ) from refused
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as held:
            holder = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise StorageError(
                f"The database in {data} is already run by another process{f' ({holder})' if holder else ''}.",
                "Stop that one first, or name another data folder.",
            ) from held
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return cls(descriptor)

    def release(self) -> None:
        """Let another process have the folder."""
        os.close(self._descriptor)


class Passwords(Struct, frozen=True):
    """The generated passwords of the cluster's logins. They print as stars."""

    _by_login: dict[str, str]

    def __repr__(self) -> str:
        return "Passwords(***)"

    def of(self, login: str) -> str:
        return self._by_login[login]

    @classmethod
    def of_folder(cls, data: Path, *, fresh: bool) -> Passwords:
        """Those kept in the folder; where there is no cluster yet (``fresh``) and no file either, new ones."""
        file = data / "passwords.json"
        if not file.exists():
            if not fresh:
                raise StorageError(
                    f"{file} is missing, and without it nobody can log in to the database.", "Put it back."
                )
            made = {f"case_returns_{login}": secrets.token_urlsafe(24) for login in ("admin", "owner", "service")}
            unfinished = file.with_suffix(".new")
            unfinished.unlink(missing_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as handle:
                json.dump(made, handle)
                handle.flush()
                os.fsync(handle.fileno())
            unfinished.rename(file)
        return cls(json.loads(file.read_text(encoding="ascii")))


def place_of(data: Path, account_name: str | None, elsewhere: Path) -> Path:
    """The folder that holds the cluster: the data folder, unless the account that runs the server cannot enter it."""
    note = data / NOTE
    if note.exists():
        return place_noted(note)
    account = account_for(data / "cluster", account_name)
    if account is None or may_enter(account, data):
        return data
    if (data / "cluster").exists():
        raise StorageError(
            f"The account {account.name}, which runs the database, can no longer enter {data}.",
            "Open the folders above it again, or move the data folder to where it can go.",
        )
    name = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    place = elsewhere / "clusters" / name
    open_to_all(place)
    note.write_text(
        f"PostgreSQL does not run as root, and the account {account.name}, which runs it, cannot enter this folder.\n"
        f"So the database's files are in:\n{place}\n",
        encoding="utf-8",
    )
    return place


def place_noted(note: Path) -> Path:
    """The folder that the note in a data folder names."""
    return Path(note.read_text(encoding="utf-8").strip().splitlines()[-1])


class SocketFolder(Struct, frozen=True):
    """The private folder of the server's unix socket."""

    path: Path

    @classmethod
    def make(cls, place: Path, data: Path) -> SocketFolder:
        """``run`` beside the cluster, or a temporary folder where that path is too long or cannot be written in a URL.

        The name of a temporary one is random, so nobody can wait there for us; a record of it lets the next start
        remove what a killed process left.
        """
        record = data / "socket-folder"
        if record.exists():
            left = Path(record.read_text(encoding="utf-8"))
            if left.name.startswith("case-returns-"):
                shutil.rmtree(left, ignore_errors=True)
            record.unlink()
        path = place / "run"
        if len(os.fsencode(path / _SOCKET)) + len(".lock") > _LONGEST_SOCKET or any(mark in str(path) for mark in ',"'):
            path = Path(tempfile.mkdtemp(prefix="case-returns-", dir="/tmp"))  # TMPDIR may be long too
            record.write_text(str(path), encoding="utf-8")
        else:
            path.mkdir(mode=0o700, exist_ok=True)
        return cls(path)

    @classmethod
    def of_running(cls, place: Path, data: Path) -> SocketFolder:
        """The folder in which a server that runs has its socket."""
        record = data / "socket-folder"
        return cls(Path(record.read_text(encoding="utf-8")) if record.exists() else place / "run")

    def url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@/{database}?host={quote(str(self.path), safe='')}"

    def clear(self) -> None:
        """Remove the socket and its lock file; the caller knows that no server of this cluster lives."""
        for name in (_SOCKET, f"{_SOCKET}.lock"):
            (self.path / name).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder after the server ended."""
        shutil.rmtree(self.path, ignore_errors=True)
