"""Which process is this cluster's server, and how to end it without ever touching another's.

``postmaster.pid`` outlives a server that was killed, and its number may by then belong to anything. So a number is
believed only where the process itself shows that it is a PostgreSQL server over this very folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

NO_SUCH_PID: Final = 2_000_000_000
"""Above every number that a kernel gives to a process."""

_POLL_SECONDS: Final = 0.05


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
    """Whether a process is a PostgreSQL process whose working folder is this cluster (every one of them goes there)."""
    if sys.platform == "linux":
        process = Path("/proc") / str(pid)
        try:
            return (
                process.joinpath("exe").readlink().name.removesuffix(" (deleted)") == "postgres"
                and process.joinpath("cwd").samefile(cluster)
                and process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "Z"
            )
        except OSError:
            return False
    listed = subprocess.run(
        ["lsof", "-a", "-p", str(pid), "-c", "postgres", "-d", "cwd", "-Fn"],
        check=False,
        capture_output=True,
        text=True,
    )
    return any(line[1:] == str(cluster.resolve()) for line in listed.stdout.splitlines() if line.startswith("n"))


def orphans(cluster: Path) -> list[int]:
    """Every process of this cluster that still lives: after a kill -9 of the server its backends need a moment to go."""
    if sys.platform != "linux":
        pid = running_postmaster(cluster)
        return [] if pid is None else [pid]
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and serves(int(entry.name), cluster)
    ]


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
