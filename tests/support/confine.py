"""Runs one command on a read-only root, as an unprivileged user; started in a mount namespace of its own, as root.

The root is a file system in memory with what is asked for bound into it, read-only; only the data folder, /tmp, and
what the kernel gives (/proc, /dev) can be written. Nothing of it is seen outside, and nothing remains.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

_NO_NEW_PRIVILEGES = 38
_NO_WRITABLE_CODE = 65
"""PR_SET_MDWE: what MemoryDenyWriteExecute= of systemd asks for; a kernel before 6.3 does not know it."""


def main(asked: dict[str, Any]) -> None:
    """Make the root, go into it, become the user, and become the command."""
    root = Path(asked["root"])
    mount("-t", "tmpfs", "-o", "mode=755", "confined", str(root))
    (root / "tmp").mkdir()  # before what is bound, some of which may stand in it
    mount("-t", "tmpfs", "-o", "mode=1777", "temporary", str(root / "tmp"))
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        if Path(name).is_symlink():
            (root / name[1:]).symlink_to(Path(name).readlink())
        elif Path(name).is_dir():
            asked["seen"].append(name)
    for path in asked["seen"]:
        bind(path, root, path)
    for place, path in asked["binds"].items():
        bind(path, root, place)
    uid = asked["uid"]
    accounts = root / "accounts"
    accounts.write_text(f"root:x:0:0::/:/bin/sh\ncase-returns:x:{uid}:{uid}::/:/usr/sbin/nologin\n")
    mount("--bind", str(accounts), str(root / "etc/passwd"))
    for place, path in asked["data"].items():
        bind(path, root, place, writable=True)
    for path in ("/proc", "/dev"):
        bind(path, root, path, writable=True)
    mount("-o", "remount,ro", str(root))
    os.chroot(root)
    os.chdir("/")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    kernel = ctypes.CDLL(None)
    kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    kernel.prctl(_NO_WRITABLE_CODE, 1, 0, 0, 0)
    os.execve(asked["command"][0], asked["command"], os.environ)  # noqa: S606  no shell is wanted


def bind(path: str, root: Path, place: str, *, writable: bool = False) -> None:
    """Bind a folder into the root at a place."""
    there = root / place[1:]
    if there.exists() and not writable and any(there.iterdir()):
        return  # it stands in a folder that is bound already
    there.mkdir(parents=True, exist_ok=True)
    mount("--rbind", path, str(there))
    if not writable:
        mount("-o", "remount,bind,ro", str(there))


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
