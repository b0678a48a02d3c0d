"""The unprivileged account that runs the database server when we are root, because PostgreSQL refuses to be.

No account is made and no folder that exists is opened to it; where it cannot go, things are put where it can.
"""

# ruff: noqa: S603 - programs that we found ourselves, and arguments as a list: no shell reads them

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Final, TypedDict

from msgspec import Struct

from service.storage.roles import StorageError

PREFERRED: Final = ("case-returns", "postgres", "nobody")
"""In this order, the first that exists; a setting names another."""


class Account(Struct, frozen=True):
    """A system account, by name and numbers."""

    name: str
    uid: int
    gid: int


class RunAs(TypedDict, total=False):
    """The arguments of ``subprocess`` that change to an account."""

    user: int
    group: int
    extra_groups: list[int]


def account_for(cluster: Path, preferred: str | None = None) -> Account | None:
    """Who is to run the server over ``cluster``: nobody else when we are not root; the owner of what already exists."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        found = pwd.getpwuid(cluster.stat().st_uid)
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    for name in (preferred,) if preferred else PREFERRED:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid != 0:
            return Account(found.pw_name, found.pw_uid, found.pw_gid)
    raise StorageError(
        f"There is no unprivileged account {preferred or 'case-returns, postgres or nobody'} to run the database.",
        "Run as another user than root, or set CASE_RETURNS_POSTGRES_ACCOUNT to an account that exists.",
    )


def run_as(account: Account | None) -> RunAs:
    """What to hand to ``subprocess`` so that a program runs as ``account``; nothing when it is ourselves."""
    return RunAs(user=account.uid, group=account.gid, extra_groups=[]) if account else RunAs()


def may_enter(account: Account, folder: Path) -> bool:
    """Whether the account can reach into ``folder``, found by trying it: mode bits alone do not know of ACLs."""
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)],
        check=False,
        cwd="/",
        stderr=subprocess.DEVNULL,
        **run_as(account),
    )
    return tried.returncode == 0


def give_to(account: Account | None, path: Path) -> None:
    """Hand one file or folder of ours over to the account."""
    if account is not None:
        os.chown(path, account.uid, account.gid)
