"""What a workbook says outside of its rows: its sheets, its texts, and how its numbers are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Final

from msgspec import Struct

from service.errors import TooLarge
from service.returns.readers.block import LONGEST_ROW
from service.returns.readers.xlsx_format import LONGEST_FORMAT, Dressed, dressed
from service.returns.readers.xlsx_package import Package, Walk, bad_workbook, local, refused, too_large

MOST_SHEETS: Final = 200
MOST_TEXTS: Final = 500_000
LONGEST_TEXTS: Final = 32 << 20
"""In bytes of XML: the texts that cells share are in memory while the rows are read."""
MOST_STYLES: Final = 70_000
LONGEST_TEXT: Final = 40_000
"""In characters; a spreadsheet's cell holds 32,767."""


class Look(Enum):
    """How a number is shown, where that changes what a person reads in its cell."""

    NUMBER = auto()
    DAY = auto()
    """A day with its month and year."""
    MONTH = auto()
    """``Mar-14``: the day is not shown."""
    DAY_OF_YEAR = auto()
    """``05-Mar``: the year is not shown."""
    MONTH_ALONE = auto()
    """``March``: neither day nor year is shown."""
    YEAR = auto()
    """``2014``: neither day nor month is shown."""
    OTHER_DATE = auto()
    """A weekday alone, or a time."""
    PERCENT = auto()
    POWER = auto()
    """``1.00E+05``: a power of ten, as a spreadsheet shows what was typed as ``1E5``."""


class Sheet(Struct, frozen=True):
    """One sheet of rows."""

    name: str
    part: str
    is_hidden: bool


Shows = Look | Dressed | int
"""How numbers are shown: of ``00042`` the count of digits, and the format where it shows more or less than a number."""


class Book(Struct, frozen=True):
    """``looks`` by the number of a style. ``is_1904``: days are counted from 1904 and not from 1900."""

    sheets: list[Sheet]
    texts: Sequence[str]
    looks: Sequence[Shows]
    is_1904: bool
    has_links: bool


_AMOUNTS: Final = ("#,##0", "#,##0", "#,##0.00", "#,##0.00")
_ACCOUNTS: Final = ("#,##0", '"$"#,##0', "#,##0.00", '"$"#,##0.00')
_BUILT_IN: Final[Mapping[int, Shows]] = {
    **dict.fromkeys((9, 10), Look.PERCENT),
    **dict.fromkeys((11, 48), Look.POWER),
    **dict.fromkeys((14, 15, 22, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58), Look.DAY),
    16: Look.DAY_OF_YEAR,
    17: Look.MONTH,
    **dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), Look.OTHER_DATE),
    **{number: Dressed.of(f'"$"{one};("$"{one})') for number, one in enumerate(_AMOUNTS, 5)},
    **{number: Dressed.of(f"{one};({one})") for number, one in enumerate(_AMOUNTS, 37)},
    **{number: Dressed.of(f'{one};({one});"-"') for number, one in enumerate(_ACCOUNTS, 41)},
}
"""Formats that have a number alone, and no text in the file."""
_POWER: Final = re.compile(r"[0#?]e[+-]")
_UNSAID: Final = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
"""What a format shows as it stands: text in quotation marks, marked characters, colours, locales, conditions."""


def read_book(package: Package) -> Book:
    """All of it but the rows."""
    book = next((target for _, kind, target in package.related("") if kind == "officeDocument"), None)
    if book is None or book not in package:
        raise refused("an archive, and not a workbook")
    related = package.related(book)
    parts = {identifier: (kind, target) for identifier, kind, target in related}
    one = {kind: target for _, kind, target in related}
    sheets, is_1904 = _sheets(package, book, parts)
    return Book(
        sheets=sheets,
        texts=_texts(package, one["sharedStrings"]) if one.get("sharedStrings", "") in package else (),
        looks=_looks(package, one["styles"]) if one.get("styles", "") in package else (),
        is_1904=is_1904,
        has_links=package.has_links,
    )


def _sheets(package: Package, book: str, parts: dict[str, tuple[str, str]]) -> tuple[list[Sheet], bool]:
    found: list[Sheet] = []
    epoch = [False]

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = local(tag)
        if tag == "workbookPr":
            epoch[0] = is_true(attributes.get("date1904"))
        if tag != "sheet":
            return
        if len(found) >= MOST_SHEETS:
            raise too_large(f"it has more than {MOST_SHEETS} sheets")
        identifier = next((value for name, value in attributes.items() if name.endswith(":id")), "")
        kind, target = parts.get(identifier, ("", ""))
        if kind == "worksheet":
            hidden = attributes.get("state", "visible") != "visible"
            found.append(Sheet(_name(attributes.get("name", "")), target, hidden))

    package.walk(book, start)
    return found, epoch[0]


def _name(name: str) -> str:
    """A sheet's name, fit to be shown."""
    return "".join(mark if mark.isprintable() else "?" for mark in name[:31])


class Texts:
    """Collects the text of elements that hold one: of several runs one text, of a reading aid (``rPh``) none."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._is_text = self._is_aid = False

    def start(self, tag: str) -> None:
        if tag == "t":
            self._is_text = not self._is_aid
        elif tag == "rPh":
            self._is_aid = True

    def end(self, tag: str) -> None:
        if tag == "t":
            self._is_text = False
        elif tag == "rPh":
            self._is_aid = False

    def text(self, piece: str) -> None:
        if self._is_text:
            self._length += len(piece)
            if self._length > LONGEST_TEXT:
                raise _text_too_long()
            self._pieces.append(piece)

    def take(self) -> str:
        """What was collected; it begins anew."""
        text = "".join(self._pieces)
        self._pieces, self._length = [], 0
        return unescaped(text)


def _text_too_long() -> TooLarge:
    return too_large(f"a cell has more than {LONGEST_TEXT:,} characters")


_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """``_x000D_`` stands for a character that XML has not."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return "\ufffd" if "\ud800" <= character <= "\udfff" else character


def _texts(package: Package, part: str) -> list[str]:
    if package.size(part) > LONGEST_TEXTS:
        raise too_large(f"its texts have more than {LONGEST_TEXTS >> 20} MB")
    return _SharedTexts().read(package.chunks(part))


_TEXT_END: Final = b"</si>"
_TEXTS_HEAD: Final = re.compile(rb"(?:<\?xml [^<>]*\?>)?\s*<sst(?: [^<>]*)?>")
PLAIN_TEXTS: Final = re.compile(rb"(?:<si><t>[^<&\x00-\x1f\x7f-\xff]*+</t></si>)*+")
"""Texts in the form in which programs write them, of which is known beforehand what the parser makes of them."""
_BEFORE: Final = len("<si><t>")
_BETWEEN: Final = "</t></si><si><t>"
_BEHIND: Final = len("</t></si>")


class _SharedTexts:
    """Reads the texts that cells share: those of the plain form at once, any other by the parser."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._texts = Texts()
        self._walk = Walk(lambda tag, _: self._texts.start(local(tag)), self._end, self._texts.text)
        self._has_begun = self._is_plain = False

    def read(self, chunks: Iterable[bytes]) -> list[str]:
        """All of them, in order."""
        kept = b""
        for chunk in chunks:
            kept = self._take(kept + chunk)
        self._walk.feed(kept)
        self._walk.feed(b"", last=True)
        return self._found

    def _take(self, content: bytes) -> bytes:
        """Read as much of the content as can be; what is left stands at the beginning of the next."""
        if not self._has_begun:
            self._has_begun = True
            head = _TEXTS_HEAD.match(content)
            self._is_plain = head is not None
            if head is not None:
                self._walk.feed(head[0])
                content = content[head.end() :]
        place = 0
        while self._is_plain:
            place = self._plain(content, place)
            end = content.find(_TEXT_END, place) + len(_TEXT_END)
            if end < len(_TEXT_END):
                break
            piece = content[place:end]
            self._walk.feed(piece)
            self._is_plain = self._walk.depth == 1 and b"<!" not in piece and b"<?" not in piece
            place = end
        if self._is_plain and len(content) - place <= LONGEST_ROW:
            return content[place:]
        self._is_plain = False
        self._walk.feed(content[place:])
        return b""

    def _plain(self, content: bytes, place: int) -> int:
        """Take the texts of the plain form that stand at this place; where they end."""
        found = PLAIN_TEXTS.match(content, place)
        if found is not None and found[0]:
            texts = found[0].decode()[_BEFORE:-_BEHIND].split(_BETWEEN)
            if max(map(len, texts)) > LONGEST_TEXT:
                raise _text_too_long()
            self._add([*map(unescaped, texts)] if b"_x" in found[0] else texts)
            return found.end()
        return place

    def _end(self, tag: str) -> None:
        tag = local(tag)
        self._texts.end(tag)
        if tag == "si":
            self._add([self._texts.take()])

    def _add(self, texts: list[str]) -> None:
        self._found += texts
        if len(self._found) > MOST_TEXTS:
            raise too_large(f"it has more than {MOST_TEXTS:,} different texts")


def _looks(package: Package, part: str) -> list[Shows]:
    formats: dict[str, Shows] = {}
    found: list[Shows] = []
    inside = [False]

    def start(tag: str, attributes: dict[str, str]) -> None:
        tag = local(tag)
        if tag == "numFmt":
            formats[attributes.get("numFmtId", "")] = look_of(attributes.get("formatCode", ""))
        elif tag == "cellXfs":
            inside[0] = True
        elif tag == "xf" and inside[0]:
            number = attributes.get("numFmtId", "0")
            built_in = _BUILT_IN.get(int(number), Look.NUMBER) if number.isdecimal() else Look.NUMBER
            found.append(formats.get(number, built_in))
        if len(formats) + len(found) > MOST_STYLES:
            raise too_large(f"it has more than {MOST_STYLES:,} styles")

    def end(tag: str) -> None:
        if local(tag) == "cellXfs":
            inside[0] = False

    package.walk(part, start, end)
    return found


def look_of(code: str) -> Shows:
    """How a format shows a number: ``yyyy\\-mm\\-dd``, ``mmm\\-yy``, ``0.0%``; of ``00000`` the count of digits; and of
    ``0"+"`` the format itself."""
    first = _UNSAID.sub(" ", code[:LONGEST_FORMAT]).partition(";")[0].lower()
    if "general" in first:
        return dressed(code) or Look.NUMBER
    if "%" in first:
        return Look.PERCENT
    if re.fullmatch(r"\s*0{2,}\s*", first) and not (dressed(code) or Dressed(())).has_text:
        return len(first.strip())
    has_year, has_day = "y" in first or "e" in re.sub(r"e[+-]", "", first), "d" in first
    has_time = "h" in first or "s" in first
    if has_day and has_year and "m" in first:
        return Look.DAY
    if "m" in first and has_year:
        return Look.MONTH
    if "m" in first and has_day:
        return Look.DAY_OF_YEAR
    if has_year and not (has_day or has_time or "m" in first):
        return Look.YEAR
    if re.fullmatch(r"[^a-z]*m{3,4}[^a-z]*", first):
        return Look.MONTH_ALONE
    if has_year or has_day or has_time or "m" in first:
        return Look.OTHER_DATE
    return dressed(code) or (Look.POWER if _POWER.search(first) else Look.NUMBER)


def is_true(text: str | None) -> bool:
    """An attribute that says yes."""
    return text in ("1", "true", "on")


def text_at(texts: Sequence[str], number: str | bytes) -> str:
    """The shared text of a number; ``Malformed`` where there is none."""
    try:
        place = int(number)
        if place >= 0:
            return texts[place]
    except (ValueError, IndexError):
        pass
    raise bad_workbook()
