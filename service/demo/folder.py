"""What a demonstration's data folder remembers about its country: so that a later start finds the same one, on
whatever day, and a loading that was cut off goes on.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from service.demo.plan import CountryPlan
from service.demo.plan import plan as make_plan
from service.errors import Conflict, Malformed
from service.identity.clients import Addresses, add_client, readdress_key, write_key
from service.identity.principal import BODIES, BODY_PERMISSIONS, Permission
from service.storage.database import Database

_FILE = "demo.json"
_FORCE_KEY = (Permission.RETURNS_READ, Permission.RETURNS_WRITE, Permission.RETURNS_SEAL)


class Country(Struct, frozen=True, kw_only=True):
    """A synthetic country: its plan's day, size and seed, when it was begun, its terms, and whether it is all there."""

    day: date
    cases: int
    seed: int
    began: datetime
    edition: str
    terms: str
    """The edition of the terms, as it would stand in a file."""
    loaded: bool = False

    def plan(self) -> CountryPlan:
        """Who reports what, and when."""
        return make_plan(self.day, self.cases, self.seed)


def read_country(folder: Path, *, cases: int | None = None) -> Country | None:
    """The country of a data folder; None where there is none yet. ``cases`` is the size that is asked for, if any."""
    try:
        found = msgspec.json.decode((folder / _FILE).read_bytes(), type=Country)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise Malformed(f"{folder / _FILE} cannot be read.", "Name another folder with --data.") from error
    if cases is not None and cases != found.cases:
        raise Conflict(
            f"The country in {folder} has {found.cases:,} cases.",
            "Leave --cases out, or name another folder with --data.",
            code="another-country",
        )
    return found


def write_country(folder: Path, country: Country) -> None:
    """Remember a country; whole or not at all."""
    beside = folder / f".{_FILE}.new"
    with beside.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(country), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(folder / _FILE)


def mark_loaded(folder: Path, country: Country) -> None:
    """Remember that every return is there."""
    write_country(folder, replace(country, loaded=True))


def forget_keys(folder: Path) -> None:
    """Remove the keys of a country whose database is gone: they open nothing any more."""
    for file in keys_of(folder).glob("*.json"):
        file.unlink()


def keys_of(folder: Path) -> Path:
    """Where the client keys are."""
    return folder / "keys"


async def make_keys(
    db: Database, folder: Path, addresses: Addresses, forces: Iterable[str], names: Iterable[str], now: datetime
) -> None:
    """A key for each force of ``names`` and for both bodies, where it is missing; all point to where the service is."""
    keys_of(folder).mkdir(mode=0o700, exist_ok=True)
    for name in (*names, *BODIES):
        file = keys_of(folder) / f"{name}.json"
        if file.exists():
            readdress_key(file, addresses)
            continue
        is_body = name in BODIES
        key = await add_client(
            db,
            f"Demonstration: {name}",
            force=None if is_body else name,
            body=name if is_body else None,
            permissions=BODY_PERMISSIONS if is_body else _FORCE_KEY,
            addresses=addresses,
            now=now,
            forces=forces,
        )
        write_key(file, key)
