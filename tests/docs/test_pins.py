"""What is pinned, what is asked for and what is installed are one and the same, and no file says where it came from."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS_OF_UV: list[str] = PROJECT["tool"]["uv"]["constraint-dependencies"]
MEND = "run: uv run python .ci/pins.py"

REGISTRIES = "pypi:org pythonhosted:org npmjs:org npmjs:com yarnpkg:com crates:io docker:io ghcr:io quay:io"
HOSTS = [name.replace(":", ".").encode() for name in REGISTRIES.split()]
MADE_HERE = {"uv.lock", "pylock.toml"}
FOLDERS_MADE_HERE = {"__pycache__", "build", "data", "dist", "node_modules"}


def locked() -> list[str]:
    """Each pin of the lock as it stands there, without its digests."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    return [line.removesuffix(" \\") for line in lines if "==" in line and not line.startswith((" ", "#"))]


def asked_for() -> list[Requirement]:
    """What pyproject.toml asks for, of the product and of those who work on it and measure it."""
    return [*always_installed(), *map(Requirement, PROJECT["dependency-groups"]["benchmarks"])]


def always_installed() -> list[Requirement]:
    """The same without what only benchmarks need: they name their group when they are run."""
    listed = [*PROJECT["project"]["dependencies"], *PROJECT["dependency-groups"]["dev"]]
    return [Requirement(each) for each in listed]


def installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def committed_files() -> Iterator[Path]:
    """Every file of the repository but what tools make and leave in it."""
    for folder, folders, files in os.walk(ROOT):
        hidden = {name for name in folders if name.startswith(".") and name != ".ci"}
        folders[:] = [name for name in folders if name not in FOLDERS_MADE_HERE | hidden]
        yield from (Path(folder, name) for name in files if name not in MADE_HERE)


def test_the_constraints_of_uv_are_the_pins_of_the_lock() -> None:
    assert locked() == PINS_OF_UV, MEND


def test_every_version_of_the_lock_has_the_digests_of_its_files() -> None:
    entries = (ROOT / "requirements.lock").read_text().split("\n    --hash=")
    heads = [entry for entry in entries if "==" in entry.rpartition("\n")[2]]
    assert len(heads) == len(locked()), MEND
    assert len(entries) > len(locked())


def test_everything_asked_for_is_pinned_within_what_was_asked() -> None:
    pinned = {pin.name: pin for pin in map(Requirement, locked())}
    for wanted in asked_for():
        (exact,) = pinned[wanted.name].specifier
        assert wanted.specifier.contains(exact.version, prereleases=True), f"{wanted}: {exact}; {MEND}"


def test_what_is_installed_is_what_is_pinned() -> None:
    drifted = [f"{each.name} is not installed" for each in always_installed() if installed(each.name) is None]
    for pin in map(Requirement, locked()):
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        there = installed(pin.name)
        if there is not None and not pin.specifier.contains(there, prereleases=True):
            drifted.append(f"{pin.name}: {there} installed, {pin.specifier} pinned")
    assert not drifted, "\n".join([*drifted, "run: uv sync"])


def test_no_file_names_the_host_of_a_registry() -> None:
    named = [
        f"{path.relative_to(ROOT)} names {host.decode()}"
        for path in committed_files()
        for content in [path.read_bytes()]
        for host in HOSTS
        if host in content
    ]
    assert not named, "\n".join(named)


@pytest.mark.parametrize("name", sorted(MADE_HERE))
def test_a_lock_file_that_names_hosts_is_ignored(name: str) -> None:
    assert name in (ROOT / ".gitignore").read_text().splitlines()
