"""Everything that an operator may set, read once from the environment into one frozen struct.

A variable beginning with ``CASE_RETURNS_`` that is not known here is an error, so that a slip of the pen is noticed at
the start and not in an incident; ``CASE_RETURNS_TEST_...`` belongs to the tests. Secrets print as ``***``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct
from platformdirs import user_data_path

from service.errors import CaseReturnsError

PREFIX: Final = "CASE_RETURNS_"
_TESTS: Final = "CASE_RETURNS_TEST_"


class SettingsError(CaseReturnsError):
    """The environment asks for something that there is not; every such thing is named at once."""

    code = "settings"


class Secret:
    """A value that must not be seen: it prints as stars, and only ``reveal`` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def reveal(self) -> str:
        """The value itself, for the one place that needs it."""
        return self._value


Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=1000)]


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set. A field ``database_url`` is the variable ``CASE_RETURNS_DATABASE_URL``."""

    data: Path = msgspec.field(default_factory=lambda: user_data_path("case-returns", appauthor=False))
    """The folder of the embedded database and of generated keys."""

    database_url: Secret | None = None
    """A PostgreSQL server of one's own, 15 or newer, as the service's user; unset: the embedded one."""
    migrate_url: Secret | None = None
    """The same database as the user who owns the schema; unset: the service's user owns it too."""
    postgres_bin: Path | None = None
    """The bin folder of an installed PostgreSQL, to run the embedded database with."""
    postgres_account: str | None = None
    """The account that runs the embedded database when the service itself runs as root."""
    app_connections: Count = 12
    national_connections: Count = 6
    judge_connections: Count = 2

    host: str = "127.0.0.1"
    port: Port = 8000
    base_url: str | None = None
    """How the outside reaches the service (issuer and audience of tokens); unset: ``http://host:port``."""
    contracts: Path | None = None
    """A folder of contracts, codes, scopes and terms to use instead of the published ones in the package."""
    max_upload_mb: Annotated[int, Meta(ge=1, le=4096)] = 1024
    """The largest body of an upload, in MiB."""
    log_level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$")] = "info"

    def url(self) -> str:
        """The service's own address, without a slash at the end."""
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")


def read_settings(environment: Mapping[str, str] | None = None, **given: Any) -> Settings:
    """The settings of this process; ``given`` (from the command line, ``None`` left out) wins over the environment.

    An empty variable counts as unset. All mistakes are named in one ``SettingsError``.
    """
    environment = os.environ if environment is None else environment
    known = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    mistakes = []
    values: dict[str, Any] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(PREFIX) or variable.startswith(_TESTS) or not text.strip():
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name not in known or variable != variable.upper():
            mistakes.append(f"{variable} is not a setting{_closest(name, known)}.")
            continue
        try:
            values[name] = _read(known[name], text.strip())
        except (msgspec.ValidationError, ValueError):
            mistakes.append(f"{variable} cannot be read{'' if _is_secret(known[name]) else f': {text!r}'}.")
    if mistakes:
        raise SettingsError(" ".join(mistakes), "See the reference of settings.")
    return Settings(**{**values, **{name: value for name, value in given.items() if value is not None}})


def _is_secret(wanted: Any) -> bool:
    return Secret in getattr(wanted, "__args__", (wanted,))


def _read(wanted: Any, text: str) -> Any:
    if _is_secret(wanted):
        return Secret(text)
    return msgspec.convert(text, wanted, strict=False, dec_hook=lambda kind, value: kind(value))


def _closest(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, 1)
    return f"; did you mean {PREFIX}{close[0].upper()}" if close else ""
