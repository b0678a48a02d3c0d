"""The commands of the container file and of the systemd unit, run as their user on a read-only root."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from service.clock import system_clock
from service.identity.client import token_form
from service.identity.clients import ClientKey
from tests.support.deployed import (
    DATA,
    Confined,
    Deployment,
    last_stage,
    of_container,
    of_unit,
    over_tcp,
    settings_example,
)
from tests.support.postgres import TestDatabase, open_folder

BOTH = pytest.mark.parametrize("deployment", [of_container, of_unit], ids=["container", "unit"])


@pytest.fixture
def place(program: Path) -> Iterator[Confined]:
    """Where commands run on a read-only root."""
    with open_folder() as folder:
        data, root = folder / "data", folder / "root"
        data.mkdir()
        root.mkdir()
        yield Confined(program, data, root)


@pytest.fixture
def port() -> Iterator[int]:
    """A port that nobody else is given while it is kept: bound, not listening."""
    with socket.socket() as kept:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        yield kept.getsockname()[1]


@asynccontextmanager
async def running(
    place: Confined, said: Deployment, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The service, from when it says that it answers until it was told to end."""
    os.chown(place.data, said.uid, said.uid)
    for command in said.before:
        done = await asyncio.to_thread(place.run, said.uid, command, environment)
        assert done.returncode == 0, done.stderr
    process = await place.start(said.uid, said.command, environment)
    assert process.stdout is not None
    line = (await process.stdout.readline()).decode()
    if not line.startswith("Case Returns answers at "):
        _, errors = await process.communicate()
        raise AssertionError(line + errors.decode())
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert errors.decode().endswith("Ended.\n")


async def is_used(place: Confined, said: Deployment, environment: Mapping[str, str], port: int) -> None:
    """Healthy as the container asks, read by everyone, and by a client that was added as an operator does it."""
    health = [
        sys.executable,
        *msgspec.json.decode(last_stage()["HEALTHCHECK"].partition(" CMD ")[2], type=list[str])[1:],
    ]
    assert (await asyncio.to_thread(subprocess.run, health, env={"CASE_RETURNS_PORT": str(port)})).returncode == 0
    words = [
        "clients",
        "add",
        "A system",
        "--force",
        "kent",
        "--permission",
        "returns:read",
        "--out",
        f"{DATA}/kent.json",
    ]
    added = await asyncio.to_thread(place.run, said.uid, [said.command[0], *words], environment)
    assert added.returncode == 0, added.stdout + added.stderr
    assert await listed(place.data, port) == {"items": [], "next": None}


async def listed(data: Path, port: int) -> object:
    """The returns of the force, for the client whose key is in the data folder."""
    key = msgspec.json.decode((data / "kent.json").read_bytes(), type=ClientKey)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        assert (await http.get("/health/ready")).json() == {"status": "ready"}
        got = await http.post("/oauth/token", data=token_form(key, system_clock()))
        assert got.status_code == 200, got.text
        headers = {"Authorization": f"Bearer {got.json()['access_token']}"}
        return (await http.get("/api/forces/kent/returns", headers=headers)).json()


def settings(said: Deployment, port: int, **more: str) -> dict[str, str]:
    """What the deployment sets, what the example sets, and what this machine needs."""
    return {**said.environment, **settings_example(), "CASE_RETURNS_PORT": str(port), **more}


@BOTH
async def test_it_serves_on_a_read_only_root_with_a_database_server(
    place: Confined, port: int, test_database: TestDatabase, deployment: Callable[[], Deployment]
) -> None:
    said, urls = deployment(), test_database.urls
    async with over_tcp(urls.service) as service, over_tcp(urls.owner) as owner:
        environment = settings(said, port, CASE_RETURNS_DATABASE_URL=service, CASE_RETURNS_MIGRATE_URL=owner)
        async with running(place, said, environment):
            await is_used(place, said, environment, port)
    assert not (place.data / "postgres").exists()


@BOTH
async def test_it_serves_on_a_read_only_root_with_a_database_of_its_own(
    place: Confined, port: int, deployment: Callable[[], Deployment]
) -> None:
    said = deployment()
    environment = settings(said, port)
    async with running(place, said, environment):
        await is_used(place, said, environment, port)
        owners = {path.stat().st_uid for path in (place.data / "postgres").rglob("*")}
        assert owners == {said.uid}
    again = await asyncio.to_thread(place.run, said.uid, [said.command[0], "doctor"], environment)
    assert again.returncode == 0, again.stdout + again.stderr


async def test_a_copy_of_the_data_folder_is_a_whole_backup(place: Confined, port: int) -> None:
    """Clients, their keys and the issuer's are there again; so is the database with its passwords."""
    said = of_container()
    environment = settings(said, port)
    async with running(place, said, environment):
        await is_used(place, said, environment, port)
    copied = place.data.with_name("copied")
    await asyncio.to_thread(subprocess.run, ["cp", "--archive", str(place.data), str(copied)], check=True)
    shutil.rmtree(place.data)
    restored = Confined(place.program, copied, place.root)
    async with running(restored, said, environment):
        assert await listed(copied, port) == {"items": [], "next": None}
    verified = await asyncio.to_thread(restored.run, said.uid, [said.command[0], "audit", "verify"], environment)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_the_root_is_read_only_even_to_root(place: Confined) -> None:
    """The confinement itself: it would notice a service that writes beside its data folder and /tmp."""
    for folder in ("/", "/opt/case-returns", "/etc", "/usr", "/var/lib", sys.prefix):
        done = place.run(0, ["/bin/sh", "-c", f": >{folder}/written"], {})
        assert "Read-only file system" in done.stderr, folder
    done = place.run(0, ["/bin/sh", "-c", f": >{DATA}/written && : >/tmp/written"], {})
    assert done.returncode == 0, done.stderr
    assert [path.name for path in place.data.iterdir()] == ["written"]
    shutil.rmtree(place.data)


def test_the_installed_program_is_the_wheel_s(place: Confined) -> None:
    command = [
        f"{of_container().command[0].rpartition('/')[0]}/python",
        "-c",
        "import service; print(service.__file__)",
    ]
    done = place.run(of_container().uid, command, {})
    assert done.stdout.startswith("/opt/case-returns/lib/"), done.stdout + done.stderr
