"""A deployment on this machine: what the files under deploy/ ask for, run as they say, on a read-only root.

There may be no container tool here, and systemd does not run in one: the same command runs in a mount namespace of its
own (``unshare``), on a root that is put together of read-only mounts, as the same unprivileged user, with the data
folder and /tmp to write into.
"""

from __future__ import annotations

import asyncio
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

from msgspec import Struct

from tests.support.wheel import ROOT, built_wheel, unpacked

DEPLOY: Final = ROOT / "deploy"
INSTALLED: Final = "/opt/case-returns"
DATA: Final = "/var/lib/case-returns"
_CONFINE: Final = Path(__file__).with_name("confine.py")
DYNAMIC_UID: Final = 64_321
"""One of those that systemd gives to a DynamicUser."""


class Deployment(Struct, frozen=True, kw_only=True):
    """How the service is run: as whom, what first, what then, and with which settings."""

    uid: int
    before: Sequence[Sequence[str]]
    command: Sequence[str]
    environment: Mapping[str, str]


def settings_example() -> dict[str, str]:
    """What the example of the settings sets; what stands behind a # is only offered."""
    lines = (DEPLOY / "case-returns.env").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def instructions() -> list[tuple[str, str]]:
    """The instructions of the container file, continued lines joined."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Containerfile").read_text("utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines if line.strip())]


def last_stage() -> dict[str, str]:
    """The instructions of the stage that runs, the last of each kind."""
    found: dict[str, str] = {}
    for word, rest in instructions():
        found = {} if word == "FROM" else found
        found[word] = rest
    return found


def of_container() -> Deployment:
    """What the container file says of the running service."""
    stage = last_stage()
    uid, _ = map(int, stage["USER"].split(":"))
    return Deployment(
        uid=uid,
        before=(),
        command=[*json.loads(stage["ENTRYPOINT"]), *json.loads(stage["CMD"])],
        environment=dict(item.split("=", 1) for item in shlex.split(stage["ENV"])),
    )


def unit() -> configparser.ConfigParser:
    """The systemd unit; of a key that stands twice, the last."""
    found = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(DEPLOY / "case-returns.service", encoding="utf-8")
    return found


def of_unit() -> Deployment:
    """What the unit says."""
    said = unit()["Service"]
    environment = said["Environment"].replace("%S", "/var/lib")
    return Deployment(
        uid=DYNAMIC_UID,
        before=[shlex.split(said["ExecStartPre"])],
        command=shlex.split(said["ExecStart"]),
        environment=dict(item.split("=", 1) for item in shlex.split(environment)),
    )


def installed(folder: Path) -> Path:
    """The wheel in an environment of its own, as it stands under /opt: its dependencies are those of the tests."""
    venv.create(folder, symlinks=True, with_pip=False)
    (packages,) = folder.glob("lib/python*/site-packages")
    wheels = folder.parent / f"{folder.name}-wheel"
    wheels.mkdir()
    unpacked(built_wheel(wheels), packages)
    others = next(path for path in sys.path if path.startswith(sys.prefix) and path.endswith("site-packages"))
    (packages / "dependencies.pth").write_text(f"{others}\n")
    (entry,) = packages.glob("*.dist-info/entry_points.txt")
    scripts = configparser.ConfigParser(delimiters=("=",))
    scripts.read(entry)
    for name, place in scripts["console_scripts"].items():
        module, _, function = place.partition(":")
        program = folder / "bin" / name
        program.write_text(
            f"#!{INSTALLED}/bin/python\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
        )
        program.chmod(0o755)
    return folder


def why_not() -> str | None:
    """Why there can be no read-only root here; None where there can."""
    if os.geteuid() != 0:
        return "a root of its own needs root"
    missing = [name for name in ("unshare", "setpriv", "chroot", "mount") if shutil.which(name) is None]
    if missing:
        return f"there is no {', '.join(missing)}"
    tried = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"unshare is not permitted: {tried.stderr.strip()}"


class Confined(Struct, frozen=True):
    """A place where commands run on a read-only root: the installed program, the data folder, a root's mount point."""

    program: Path
    data: Path
    root: Path

    def words(self, uid: int, command: Sequence[str]) -> list[str]:
        """The command line that runs a command there as a user."""
        asked = json.dumps(
            {
                "root": str(self.root),
                "seen": ["/usr", "/etc", sys.base_prefix, sys.prefix],
                "binds": {INSTALLED: str(self.program)},
                "data": {DATA: str(self.data)},
                "uid": uid,
                "command": list(command),
            }
        )
        return ["unshare", "--mount", "--propagation", "private", sys.executable, "-I", str(_CONFINE), asked]

    def run(self, uid: int, command: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.words(uid, command), env=self.environment(environment), capture_output=True, text=True
        )

    async def start(
        self, uid: int, command: Sequence[str], environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        """Start a command; the process is the command itself, so a signal to it is one to the service."""
        return await asyncio.create_subprocess_exec(
            *self.words(uid, command),
            env=self.environment(environment),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    @staticmethod
    def environment(given: Mapping[str, str]) -> dict[str, str]:
        """What a service manager hands over: what is set, and no more."""
        return {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8", **given}


@asynccontextmanager
async def over_tcp(url: str) -> AsyncIterator[str]:
    """A database that has a unix socket alone, reached as one over the network is: through a port of this machine."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [None])[0]
    if folder is None:
        yield url
        return

    async def one_way(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while block := await source.read(65_536):
                sink.write(block)
                await sink.drain()
        sink.close()

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_unix_connection(f"{unquote(folder)}/.s.PGSQL.5432")
        await asyncio.gather(one_way(reader, far_writer), one_way(far_reader, writer))

    server = await asyncio.start_server(passed_on, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        user = parts.netloc.rpartition("@")[0]
        yield urlunsplit(parts._replace(netloc=f"{user}@127.0.0.1:{port}", query=""))
