"""The declared table of what spreadsheets and people do to values: ``contracts/spreadsheets.yaml``.

It says what is read although it was written otherwise, and what is refused with which words. The table is that of the
program, not of one standard: it speaks of kinds of field, and every standard's fields have these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from service.contract.library import contracts_root
from service.contract.model import Field, Part, PartName
from service.contract.readings import READINGS
from service.contract.source import Place, Problems, Table, Text, closest, read_yaml
from service.criteria.vocabulary import Kind

FILE: Final = "spreadsheets.yaml"
PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
"""A place in a sentence of the table for a word of the finding."""
LONGEST: Final = 60
"""So many characters of a text are looked at; what is longer is no such thing."""
ONLY: Final[Mapping[str, str]] = MappingProxyType({"required": "required", "not_applicable": "not_applicable"})
"""What a field may have to be, for an entry to be about it."""


class Example(Struct, frozen=True, kw_only=True):
    """A cell as a person sees it, in a field of this package's standard. ``value``: what the file of a workbook has
    there, in the number format ``shown``; without it the cell is a text. ``taken`` is the text that says the same, or
    ``write`` what the finding says to write."""

    part: PartName
    field: str
    cell: str
    value: str | None = None
    shown: str | None = None
    taken: str | None = None
    write: str | None = None


class Entry(Struct, frozen=True, kw_only=True):
    """One thing that is done to values. Of what is read ``taken`` says what; of what is refused ``write``."""

    name: str
    title: str
    kinds: frozenset[Kind]
    why: str
    examples: tuple[Example, ...]
    taken: str = ""
    noted: str = ""
    """What is said of the cells in which it was found; empty: nothing, for a person sees no difference."""
    words: Mapping[str, str] = MappingProxyType({})
    """Texts in small letters; each with what ``by`` knows of it: its place in the list, or what it is paired with."""
    patterns: tuple[re.Pattern[str], ...] = ()
    by: str = ""
    only: str = ""
    says: str = ""
    write: str = ""

    def is_about(self, field: Field) -> bool:
        """Whether it can be found in a field."""
        return field.kind in self.kinds and (not self.only or bool(getattr(field, ONLY[self.only])))

    def found(self, text: str) -> Iterator[Mapping[str, str]]:
        """What the entry knows of a text that fits: nothing comes where none does."""
        word = self.words.get(text.lower())
        if word is not None:
            yield {"word": word}
        for pattern in self.patterns:
            match = pattern.fullmatch(text)
            if match is not None:
                yield {name: piece for name, piece in match.groupdict().items() if piece is not None}


class Habits(Struct, frozen=True, kw_only=True, dict=True):
    """The table. ``alike`` gives for a character the one that it is looked at as."""

    title: str
    alike: Mapping[int, str]
    taken: Mapping[str, Entry]
    refused: Mapping[str, Entry]

    @cached_property
    def refused_in(self) -> Mapping[Kind, tuple[Entry, ...]]:
        """The entries of what is refused, by kind of field, in their order."""
        return {kind: tuple(entry for entry in self.refused.values() if kind in entry.kinds) for kind in Kind}

    def folded(self, text: str) -> str:
        """A text as entries look at it."""
        text = text[:LONGEST].translate(self.alike)
        if text.isascii():
            return text
        return "".join(str(int(mark)) if mark.isdecimal() else mark for mark in text)

    def about(self, part: Part) -> tuple[Entry, ...]:
        """The entries that can be found in a part."""
        every = (*self.taken.values(), *self.refused.values())
        return tuple(entry for entry in every if any(map(entry.is_about, part.fields)))


@lru_cache(maxsize=1)
def habits() -> Habits:
    """The table of this package; read when first asked for."""
    problems = Problems()
    found = read_habits(contracts_root(), problems)
    problems.raise_if_any()
    return found


def read_habits(root: Path, problems: Problems) -> Habits:
    """The table in a folder of contracts, with what is wrong added to ``problems``."""
    try:
        content = (root / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        problems.add(Place(FILE, 1), "The file cannot be read.", "Save it as UTF-8.")
        return Habits(title="", alike={}, taken={}, refused={})
    document = read_yaml(content, FILE, problems)
    title = document.text("title")
    lines = [line.as_written for line in document.texts("alike")]
    alike = {ord(mark): line[0] for line in lines for mark in line[1:]}
    taken, refused = (_entries(document.tables(key), key, problems) for key in ("taken", "refused"))
    document.done()
    return Habits(title=title, alike=alike, taken=taken, refused=refused)


def _entries(tables: tuple[Table, ...], key: str, problems: Problems) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for table in tables:
        entry = _entry(table, problems, is_taken=key == "taken")
        if entry.name in found:
            problems.add(table.place_of("name"), f"There are two entries '{entry.name}'.", "Give each its own name.")
        found[entry.name] = entry
        table.done()
    return found


def _entry(table: Table, problems: Problems, *, is_taken: bool) -> Entry:
    only = table.text("only", "") if not is_taken else ""
    if only and only not in ONLY:
        problems.add(table.place_of("only"), f"A field cannot be '{only}'.", closest(only, ONLY))
        only = ""
    if not is_taken:
        _check_words(table, problems)
    examples = tuple(_example(example, problems, is_taken=is_taken) for example in table.tables("examples"))
    if not examples:
        problems.add(table.place, "There is no example.", "Give one cell at least.")
    return Entry(
        name=table.text("name"),
        title=table.text("title"),
        kinds=_kinds(table, problems),
        why=table.text("why"),
        examples=examples,
        taken=table.text("taken") if is_taken else "",
        noted=table.text("noted", "") if is_taken else "",
        words={} if is_taken else _words(table),
        patterns=() if is_taken else _patterns(table, problems),
        by="" if is_taken else table.text("by", ""),
        only=only,
        says="" if is_taken else table.text("says", ""),
        write="" if is_taken else table.text("write"),
    )


def _check_words(table: Table, problems: Problems) -> None:
    """Sentences have places only for what the entry knows of a cell."""
    by = table.text("by", "")
    if by and by not in READINGS:
        problems.add(table.place_of("by"), f"There is no reading '{by}'.", closest(by, READINGS))
        return
    known = {"cell", "allowed", *(READINGS[by].gives if by else ())}
    for key in ("says", "write"):
        for word in PLACEHOLDER.findall(table.text(key, "")):
            if word not in known:
                says = f"'{{{word}}}' is nothing that the entry knows."
                problems.add(table.place_of(key), says, closest(word, known))


def _kinds(table: Table, problems: Problems) -> frozenset[Kind]:
    found = set[Kind]()
    for word in table.texts("in"):
        if word.value in set(Kind):
            found.add(Kind(word.value))
        else:
            problems.add(word.place, f"There is no kind of field '{word.value}'.", closest(word.value, Kind))
    return frozenset(found)


def _words(table: Table) -> dict[str, str]:
    pairs = table.table("pairs")
    return {word.value: str(place) for place, word in enumerate(table.texts("words"))} | {
        word: pairs.text(word) for word in pairs.names()
    }


def _patterns(table: Table, problems: Problems) -> tuple[re.Pattern[str], ...]:
    found: list[re.Pattern[str]] = []
    for text in table.texts("patterns"):
        try:
            found.append(re.compile(text.value, re.IGNORECASE))
        except re.error as error:
            problems.add(text.place, f"This is no regular expression: {error}.")
    return tuple(found)


def _example(table: Table, problems: Problems, *, is_taken: bool) -> Example:
    part = table.text("part", PartName.CASE)
    if part not in set(PartName):
        problems.add(table.place_of("part"), f"There is no part '{part}'.", closest(part, PartName))
        part = PartName.CASE
    cell = table.node("cell")
    example = Example(
        part=PartName(part),
        field=table.text("field"),
        cell=cell.as_written if isinstance(cell, Text) else "",
        value=table.optional("value"),
        shown=table.optional("shown"),
        taken=table.text("as", "") if is_taken else None,
        write=None if is_taken else table.text("write"),
    )
    table.done()
    return example
