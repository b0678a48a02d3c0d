"""Which process is this cluster's server, and how to end it without ever touching another's.

``postmaster.pid`` outlives a server that was killed, and its number may by then belong to anything. So a number is
believed only where the process itself shows that it is a PostgreSQL server over this very folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

NO_SUCH_PID: Final = 2_000_000_000
"""Above every number that a kernel gives to a process."""

_POLL_SECONDS: Final = 0.05
_PROC: Final = Path("/proc")


def recorded_pid(cluster: Path) -> int | None:
    """The number in ``postmaster.pid``, if there is the file and it holds one."""
    try:
        first = (cluster / "postmaster.pid").read_text(encoding="utf-8", errors="replace").split("\n", 1)[0]
        return abs(int(first))
    except (OSError, ValueError):
        return None


def running_postmaster(cluster: Path) -> int | None:
    """The process that ``postmaster.pid`` names, if it is alive and really the server of this cluster."""
    pid = recorded_pid(cluster)
    return pid if pid is not None and serves(pid, cluster) else None


def serves(pid: int, cluster: Path) -> bool:
    """Whether a process is PostgreSQL over this cluster: by its program and its working folder, or by its command."""
    if not _PROC.is_dir():
        return _is_named_by_command(pid, cluster)
    process = _PROC / str(pid)
    try:
        return (
            process.joinpath("exe").readlink().name.removesuffix(" (deleted)") == "postgres"
            and process.joinpath("cwd").samefile(cluster)
            and process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def orphans(cluster: Path) -> list[int]:
    """The processes of this cluster that still live: after a kill -9 of the server its backends need a moment to go."""
    if not _PROC.is_dir():
        pid = running_postmaster(cluster)
        return [] if pid is None else [pid]
    numbers = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
    return [pid for pid in numbers if serves(pid, cluster)]


def _is_named_by_command(pid: int, cluster: Path) -> bool:
    """Where the system has no /proc (macOS): whether the process was started with this cluster's folder."""
    asked = ["/bin/ps", "-ww", "-p", str(pid), "-o", "stat=,command="]
    shown = subprocess.run(asked, check=False, capture_output=True, text=True).stdout.strip()  # noqa: S603
    return not shown.startswith("Z") and f"postgres -D {cluster} -c " in shown


def end(cluster: Path, pid: int, *, patience: float = 60.0) -> None:
    """End a server: fast shutdown first, then immediate, then by force; each only while it is still this cluster's."""
    for number, seconds in ((signal.SIGINT, patience), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
        if not serves(pid, cluster):
            return
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        if wait_until(lambda: not serves(pid, cluster), seconds):
            return


def disown_stale_pid(cluster: Path) -> None:
    """Make ``postmaster.pid`` name no process, where the one it names is not this cluster's server.

    PostgreSQL would refuse to start while *any* process has that number. The file is not removed: its last line names
    the shared memory by which PostgreSQL itself notices backends that are still alive, and that check must stay.
    """
    pid = recorded_pid(cluster)
    if pid is None or pid == NO_SUCH_PID or serves(pid, cluster):
        return
    file = cluster / "postmaster.pid"
    rest = file.read_text(encoding="utf-8", errors="replace").partition("\n")[2]
    with file.open("r+", encoding="utf-8") as handle:  # in place: the file stays its owner's
        handle.write(f"{NO_SUCH_PID}\n{rest}")
        handle.truncate()


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition, at most so long; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True
