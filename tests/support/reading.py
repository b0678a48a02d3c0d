"""Reads a page as a person does, without a browser: its tables by caption, its text, where a figure leads."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from msgspec import Struct, field

_SILENT = ("script", "title", "desc")


class Cell(Struct):
    """One cell of a table: its text, and where the first link in it leads."""

    text: str = ""
    href: str | None = None


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[Cell]]] = {}
        self.text: list[str] = []
        self.links: list[tuple[str, str]] = []
        self._rows: list[list[Cell]] = []
        self._cell: Cell | None = None
        self._caption: list[str] | None = None
        self._link: list[str] | None = None
        self._href = ""
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _SILENT:
            self._silent += 1
        elif tag == "table":
            self._rows = []
        elif tag == "caption":
            self._caption = []
        elif tag == "tr":
            self._rows.append([])
        elif tag in ("th", "td"):
            self._cell = Cell()
            self._rows[-1].append(self._cell)
        elif tag == "a":
            self._link, self._href = [], given.get("href") or ""
            if self._cell is not None and self._cell.href is None:
                self._cell.href = self._href

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent -= 1
        elif tag == "caption" and self._caption is not None:
            self.tables[clean(self._caption)] = self._rows
            self._caption = None
        elif tag in ("th", "td"):
            self._cell = None
        elif tag == "a" and self._link is not None:
            self.links.append((clean(self._link), self._href))
            self._link = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.text.append(data)
        for kept in (self._caption, self._link):
            if kept is not None:
                kept.append(data)
        if self._cell is not None:
            self._cell.text = clean([self._cell.text, data])


class Read(Struct, frozen=True):
    """A page as it was read."""

    text: str
    tables: dict[str, list[list[Cell]]]
    links: list[tuple[str, str]] = field(default_factory=list)

    def table(self, caption: str) -> dict[str, list[Cell]]:
        """The rows of the one table whose caption begins like that, by what stands in their first cell."""
        (rows,) = (rows for name, rows in self.tables.items() if name.startswith(caption))
        return {row[0].text: row[1:] for row in rows}

    def link(self, text: str) -> str:
        """Where the first link with this text leads."""
        return next(href for shown, href in self.links if shown == text)


def read_page(html: str) -> Read:
    """What stands on a page."""
    reader = _Reader()
    reader.feed(html)
    return Read(clean(reader.text), reader.tables, reader.links)


def clean(parts: list[str]) -> str:
    """Text as it is read aloud: one space between words, no soft hyphens."""
    return re.sub(r"\s+", " ", " ".join(parts).replace("\u00ad", "")).strip()
