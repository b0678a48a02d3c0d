"""A workbook as the archive that it is: what is refused before anything is parsed, and its parts as bounded bytes.

Nothing in it is believed but what is counted here. A part gives at most the bytes that its entry declares, and how many
all of them may declare is bounded; links to other files are never followed, because nothing here can open one.
"""

from __future__ import annotations

import errno
import posixpath
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, Final, Self
from xml.parsers import expat

from service.errors import Malformed, TooLarge, Unavailable, UnsupportedMedia
from service.returns.readers.block import LONGEST_ROW
from service.returns.readers.source import OLD_WORKBOOK, SAVE_AGAIN, Source

LONGEST_WORKBOOK: Final = 64 << 20
"""In bytes, as it is sent."""
MOST_ENTRIES: Final = 1_000
MOST_UNPACKED: Final = 256 << 20
"""In bytes, over all entries."""
MOST_RATIO: Final = 100
"""Sheets of rows come to 5 or 30 times their packed size; a bomb to 1,000 times."""
_SMALL: Final = 1 << 20
"""An entry of so few bytes may have any ratio: an empty theme packs well."""
MOST_DEPTH: Final = 64
"""Elements within each other."""

_IN_MEMORY: Final = 8 << 20
_PIECE: Final = 1 << 16
_ENCRYPTED: Final = 0x1
_ENTRY: Final = b"PK\x01\x02"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Text = Callable[[str], None]


class Package:
    """The parts of one workbook by their names. Use it as a context manager."""

    def __init__(self, source: Source) -> None:
        _refuse_by_head(source)
        self._file = _seekable(source)
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._entries = _bounded(self._zip.infolist())
        except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, EOFError, OverflowError):
            self._file.close()
            raise bad_workbook() from None
        except BaseException:
            self._file.close()
            raise
        _refuse_other_kinds(frozenset(self._entries))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()
        self._file.close()

    @property
    def has_links(self) -> bool:
        """Whether it speaks of other files, which are not looked for."""
        return any("externallinks/" in name for name in self._entries)

    def __contains__(self, name: str) -> bool:
        return _folded(name) in self._entries

    def size(self, name: str) -> int:
        """What a part comes to at most, in bytes."""
        return self._entries[_folded(name)].file_size

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part, a piece at a time, never more than its entry declares. ``Malformed`` where it is not there or is
        broken."""
        entry = self._entries.get(_folded(name))
        if entry is None:
            raise bad_workbook()
        try:
            with self._zip.open(entry) as part:
                while chunk := part.read(_PIECE):
                    yield chunk
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
            raise bad_workbook() from None

    def walk(self, name: str, start: Start, end: End | None = None, text: Text | None = None) -> None:
        """Go through a part from one end to the other."""
        walk = Walk(start, end, text)
        for chunk in self.chunks(name):
            walk.feed(chunk)
        walk.feed(b"", last=True)

    def related(self, name: str) -> list[tuple[str, str, str]]:
        """What a part names as belonging to it: identifier, the last word of its kind, and the name of the part. What
        lies outside of this file is left out."""
        folder, base = posixpath.split(name)
        found: list[tuple[str, str, str]] = []

        def start(tag: str, attributes: dict[str, str]) -> None:
            if local(tag) == "Relationship" and attributes.get("TargetMode", "Internal") == "Internal":
                target = posixpath.normpath(posixpath.join("/", folder, attributes.get("Target", ""))).lstrip("/")
                kind = attributes.get("Type", "").rpartition("/")[2]
                found.append((attributes.get("Id", ""), kind, target))

        self.walk(posixpath.join(folder, "_rels", f"{base}.rels"), start)
        return found


class Walk:
    """Reads XML as it comes. No part of a workbook has a document type, so none is taken, nor what one could bring."""

    def __init__(self, start: Start, end: End | None, text: Text | None) -> None:
        self.depth, self._start, self._end = 0, start, end
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._deeper
        self.parser.EndElementHandler = self._back
        if text is not None:
            self.parser.CharacterDataHandler = text
        self.parser.StartDoctypeDeclHandler = _refuse_doctype
        self._fed = 0

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        """The next bytes. ``Malformed`` where they are no XML, or where one tag has no end."""
        try:
            self.parser.Parse(chunk, last)
        except (expat.ExpatError, ValueError, LookupError):
            raise bad_workbook() from None
        self._fed += len(chunk)
        if self._fed - self.parser.CurrentByteIndex > LONGEST_ROW + len(chunk):
            raise bad_workbook()

    def _deeper(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MOST_DEPTH:
            raise bad_workbook()
        self._start(tag, attributes)

    def _back(self, tag: str) -> None:
        self.depth -= 1
        if self._end is not None:
            self._end(tag)


def local(tag: str) -> str:
    """A tag without its prefix."""
    return tag.rpartition(":")[2]


def bad_workbook() -> Malformed:
    """The error for a file that is meant as a workbook, and is none or is broken."""
    says = "The workbook cannot be read: it is damaged, or not a workbook."
    return Malformed(
        says, "Open it in the spreadsheet program, save it again as .xlsx and send it.", code="bad-workbook"
    )


def too_large(what: str) -> TooLarge:
    """The error for a workbook over a bound; ``what`` says over which."""
    says = f"The workbook is too large to be taken: {what}."
    return TooLarge(says, "Send only the sheet of rows, or send it as CSV.", code="workbook-too-large")


def refused(what: str, do: str = SAVE_AGAIN) -> UnsupportedMedia:
    """The error for a file of another kind."""
    return UnsupportedMedia(f"The file is {what}, which is not taken.", do, code="workbook-refused")


def _refuse_by_head(source: Source) -> None:
    if source.length == 0:
        raise Malformed("Nothing was sent: the body is empty.", "Send the file again.", code="empty-upload")
    head = next(iter(source.chunks(_PIECE)), b"")[:8]
    if head.startswith(OLD_WORKBOOK):
        raise refused("an old workbook (XLS), or one with a password")
    if not head.startswith(b"PK"):
        says = "The body is not a workbook, and it was sent as one."
        raise UnsupportedMedia(says, "Send it with the media type that it has.", code="content-differs")
    if source.length > LONGEST_WORKBOOK:
        raise too_large(f"it may have {LONGEST_WORKBOOK >> 20} MB")


def _seekable(source: Source) -> IO[bytes]:
    """The bytes where one can go back and forth; on disk where they are many."""
    file: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, prefix="case-returns-")  # noqa: SIM115  it is kept
    try:
        _copy(source, file)
        file.seek(0)
    except OSError as error:
        file.close()
        if error.errno in _FULL:
            raise Unavailable(
                "There is no room to read the workbook now.", "Try again later.", code="disk-full"
            ) from None
        raise
    except BaseException:
        file.close()
        raise
    return file  # type: ignore[no-any-return]  # it is one in all but name


def _copy(source: Source, file: IO[bytes]) -> None:
    """The list of entries is read whole when the archive is opened: how long it can be must be known before."""
    entries, before = 0, b""
    for chunk in source.chunks():
        file.write(chunk)
        entries += (before + chunk).count(_ENTRY)
        before = chunk[1 - len(_ENTRY) :]
        if entries > MOST_ENTRIES:
            raise _too_many_entries()


def _too_many_entries() -> TooLarge:
    return too_large(f"it has more than {MOST_ENTRIES:,} files inside")


def _bounded(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """The entries by name, where they may be opened at all."""
    if len(entries) > MOST_ENTRIES:
        raise _too_many_entries()
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED:
        raise too_large(f"unpacked it has more than {MOST_UNPACKED >> 20} MB")
    found: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED:
            raise refused("a workbook with a password", "Take the password off, and send it again.")
        if entry.file_size > _SMALL and entry.file_size > MOST_RATIO * max(entry.compress_size, 1):
            raise too_large(f"what is inside unpacks to more than {MOST_RATIO} times its size")
        name = _folded(entry.filename)
        if name in found or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise bad_workbook()
        found[name] = entry
    return found


def _refuse_other_kinds(names: frozenset[str]) -> None:
    if any(name.endswith("vbaproject.bin") or "/macrosheets/" in name for name in names):
        raise refused("a workbook with macros (XLSM)")
    if "xl/workbook.bin" in names:
        raise refused("a binary workbook (XLSB)")
    if "mimetype" in names or "content.xml" in names:
        raise refused("an OpenDocument file (ODS)")
    if "[content_types].xml" not in names or "_rels/.rels" not in names:
        raise refused("an archive, and not a workbook")


def _folded(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _refuse_doctype(*_: object) -> None:
    raise bad_workbook()
