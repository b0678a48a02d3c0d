"""An upload on its way to disk: counted, digested and bounded while it arrives, and gone when it is no longer needed.

A file that arrives whole is the first thing to be sure of: one that was cut short is known by its length or digest
alone and is never reported as an error of its format.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import errno
import hashlib
import hmac
import os
import re
import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, Any, Final, Self

from service.errors import Malformed, TooLarge, Unavailable, UnsupportedMedia
from service.returns.readers.source import CHUNK

_SHA_256: Final = re.compile(r"(?:^|[,\s])sha-256=:([A-Za-z0-9+/=]*):")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Spool:
    """What was received. The file has no name: nobody else can open it, and the system takes it back in any case, even
    if the service is killed. Use it as a context manager, or ``close`` it."""

    def __init__(self, file: IO[bytes], length: int, digest: bytes) -> None:
        self._file = file
        self._length = length
        self.digest = digest
        """SHA-256 of the bytes as they came."""
        self.read = 0
        """How many bytes the furthest reader is done with: for telling who waits."""

    @property
    def length(self) -> int:
        return self._length

    def chunks(self, size: int = CHUNK) -> Iterator[bytes]:
        """All bytes from the start; several readers may be under way at once."""
        handle, offset = self._file.fileno(), 0
        while chunk := os.pread(handle, size, offset):
            yield chunk
            offset += len(chunk)
            self.read = max(self.read, offset)

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def spool(
    stream: AsyncIterator[bytes],
    limit: int,
    *,
    content_length: int | None = None,
    content_digest: str | None = None,
    content_encoding: str | None = None,
) -> Spool:
    """Write a body to a file of its own, at most ``limit`` bytes, with a bounded piece of it in memory.

    ``content_digest`` is the field of RFC 9530 (``sha-256=:base64:``); other algorithms in it are passed over.
    ``TooLarge`` over the limit, ``Malformed`` (``upload-cut-short``, ``digest-differs``) where it is not what the
    sender announced, ``Unavailable`` where the disk is full, ``UnsupportedMedia`` for a compressed body.
    """
    if content_encoding and content_encoding.strip().lower() not in ("", "identity"):
        raise UnsupportedMedia("Compressed bodies are not taken here.", "Send the file as it is.")
    expected = announced_digest(content_digest)
    if content_length is not None and content_length > limit:
        raise too_large(limit)
    file = _anonymous_file()
    try:
        length, digest = await _receive(stream, file, limit)
        _refuse_other_length(length, content_length)
        _refuse_other_digest(digest, expected)
    except OSError as error:
        _drop(file)
        raise _of_the_disk(error) from None
    except BaseException:
        _drop(file)
        raise
    return Spool(file, length, digest)


def announced_digest(field: str | None) -> bytes | None:
    """The SHA-256 in a ``Content-Digest`` or ``Repr-Digest`` field, None where there is none."""
    found = _SHA_256.search(field) if field else None
    if found is None:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        says = "The digest in Content-Digest is not a SHA-256 in base64."
        raise Malformed(says, "Write sha-256=:BASE64:, or leave the header out.", code="bad-digest")
    return digest


async def _receive(stream: AsyncIterator[bytes], file: IO[bytes], limit: int) -> tuple[int, bytes]:
    digest, length, waiting = hashlib.sha256(), 0, bytearray()

    def write(piece: bytes) -> None:
        digest.update(piece)
        file.write(piece)

    async for piece in stream:
        length += len(piece)
        if length > limit:
            raise too_large(limit)
        waiting += piece
        if len(waiting) >= CHUNK:
            await asyncio.to_thread(write, bytes(waiting))
            waiting.clear()
    write(bytes(waiting))
    await asyncio.to_thread(file.flush)
    return length, digest.digest()


def _refuse_other_length(length: int, announced: int | None) -> None:
    if announced is None or length == announced:
        return
    says = f"The upload was cut short: {length:,} of {announced:,} bytes arrived."
    raise Malformed(says, "Nothing was stored; send the file again.", code="upload-cut-short")


def _refuse_other_digest(digest: bytes, announced: bytes | None) -> None:
    if announced is None or hmac.compare_digest(announced, digest):
        return
    says = "The upload is not what was sent: its digest differs from Content-Digest."
    raise Malformed(says, "Nothing was stored; send the file again.", code="digest-differs")


def _anonymous_file() -> IO[Any]:
    try:
        return tempfile.TemporaryFile("w+b", prefix="case-returns-")
    except OSError as error:
        raise _of_the_disk(error) from None


def _drop(file: IO[bytes]) -> None:
    """Close a file that is not needed; what it could not write any more does not matter."""
    with contextlib.suppress(OSError):
        file.close()


def _of_the_disk(error: OSError) -> Exception:
    """A full disk is the service's trouble and passes; anything else about the file is not expected."""
    if error.errno in _FULL:
        return Unavailable("There is no room to receive the upload now.", "Try again later.", code="disk-full")
    return error


def too_large(limit: int) -> TooLarge:
    """What is said of more bytes than are taken."""
    if limit < 1 << 20:
        return TooLarge(f"The file is larger than {limit >> 10:,} KB.", "Say it in less.")
    return TooLarge(f"The upload is larger than {limit >> 20:,} MB.", "Send it in several files.")
