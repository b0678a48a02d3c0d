"""The issuer's signing keys: one file, mode 0600, outside the database. One key signs; the others still verify.

The file is ``{"active": kid, "keys": [private JWK, ...]}``. It is looked at (one ``stat``) whenever keys are needed,
so a rotation by the command line is followed by every running process at once. See docs/decisions/signing-keys.md.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from msgspec import Struct

from service.errors import CaseReturnsError, Conflict, NotFound, Unavailable

SIGNING_ALGORITHM = "ES256"
CURVE = "P-256"


class KeysExposed(CaseReturnsError):
    """The key file can be read by others than its owner."""

    code = "keys-exposed"


class _KeyFile(Struct, forbid_unknown_fields=True):
    active: str
    keys: list[dict[str, Any]]


class Keys(Struct, frozen=True):
    """The keys at one moment. ``signing`` holds the active key alone, ``verifying`` every public key by kid."""

    signing: KeySet
    verifying: KeySet
    kids: tuple[str, ...]
    active: str
    public: dict[str, Any]
    """The JWKS document."""


class SigningKeys:
    """The key file as it is now. Safe to share between tasks and threads: a changed file makes a new ``Keys``."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._keys: Keys | None = None

    def current(self) -> Keys:
        """The keys of the file as it is at this moment; raises Unavailable when it cannot be read."""
        try:
            stat = self._path.stat()
        except OSError as error:
            raise Unavailable("The signing keys cannot be read.") from error
        seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        keys = self._keys
        if keys is None or seen != self._seen:
            keys = _read(self._path)
            self._keys, self._seen = keys, seen
        return keys

    def sign(self, claims: dict[str, Any], kind: str) -> str:
        """A compact JWS of these claims by the active key, its ``typ`` so that none can pass for one of another."""
        keys = self.current()
        header = {"alg": SIGNING_ALGORITHM, "typ": kind, "kid": keys.active}
        return jwt.encode(header, claims, keys.signing, algorithms=[SIGNING_ALGORITHM])


def ensure_keys(path: Path) -> None:
    """Make the file with one new key unless it is there; two processes at once make one file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _locked(path):
        if not path.exists():
            first = _new_key()
            _write(path, _KeyFile(active=first["kid"], keys=[first]))


def rotate_keys(path: Path) -> str:
    """Sign with a new key from now on and return its kid; the old ones verify until ``remove_key``."""
    with _locked(path):
        document = _decode(path)
        fresh = _new_key()
        _write(path, _KeyFile(active=fresh["kid"], keys=[fresh, *document.keys]))
    return str(fresh["kid"])


def remove_key(path: Path, kid: str) -> None:
    """Every token that this key signed is refused from now on; the active key cannot be removed."""
    with _locked(path):
        document = _decode(path)
        if kid == document.active:
            raise Conflict("This key signs the tokens of today.", "Rotate first, then remove it.")
        kept = [key for key in document.keys if key["kid"] != kid]
        if len(kept) == len(document.keys):
            raise NotFound("There is no signing key of this name.")
        _write(path, _KeyFile(active=document.active, keys=kept))


def write_private(path: Path, content: bytes, *, once: bool = False) -> None:
    """A file that only its owner can read, there whole or not at all (written beside it, synced, renamed).

    With ``once`` a file that is there already stays as it is: FileExistsError.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if once:
            os.link(beside, path)
        else:
            beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _new_key() -> dict[str, Any]:
    key = ECKey.generate_key(CURVE, {"use": "sig", "alg": SIGNING_ALGORITHM}, auto_kid=True)
    return dict(key.as_dict(private=True))


def _read(path: Path) -> Keys:
    document = _decode(path)
    keys = {str(item["kid"]): ECKey.import_key(item) for item in document.keys}
    public = {kid: ECKey.import_key(dict(key.as_dict(private=False))) for kid, key in keys.items()}
    return Keys(
        signing=KeySet([keys[document.active]]),
        verifying=KeySet(list(public.values())),
        kids=tuple(public),
        active=document.active,
        public={"keys": [dict(key.as_dict(private=False)) for key in public.values()]},
    )


def _decode(path: Path) -> _KeyFile:
    try:
        if path.stat().st_mode & 0o077:
            raise KeysExposed(f"Others than its owner can read {path}.", f"Run: chmod 600 {path}")
        document = msgspec.json.decode(path.read_bytes(), type=_KeyFile)
    except (OSError, msgspec.DecodeError) as error:
        raise Unavailable("The signing keys cannot be read.") from error
    if document.active not in {key.get("kid") for key in document.keys}:
        raise Unavailable("The file of the signing keys names an active key that it does not hold.")
    return document


def _write(path: Path, document: _KeyFile) -> None:
    write_private(path, msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One writer at a time, across processes; the lock goes with the process that held it."""
    descriptor = os.open(path.with_name(f".{path.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
