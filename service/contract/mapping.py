"""How a file of a force's own form reads as the contract's: which column is which field, and what its values mean.

A mapping is a YAML file that a person wrote, or proposed and read (``proposal.py``). It translates names and cells
before anything else looks at them; what it does not speak of passes as it is, and the checks find it there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from service.contract.model import Contract, Field, Part, PartName, Role
from service.contract.source import Place, Problem, Problems, Table, Text, closest, in_order, read_yaml
from service.contract.values import BLANKS, cell_reader
from service.criteria.vocabulary import Kind
from service.errors import Invalid

_SEPARATORS: Final = re.compile(r"[\s_-]+")
_TIME: Final = r"(?:[ T]0?0:00(?::00(?:\.0+)?)?)?"
"""A record system writes a day as its midnight."""

DATE_FORMS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = MappingProxyType(
    {
        "DD/MM/YYYY": (re.compile(rf"(\d{{1,2}}/\d{{1,2}}/\d{{4}}){_TIME}"), "%d/%m/%Y"),
        "MM/DD/YYYY": (re.compile(rf"(\d{{1,2}}/\d{{1,2}}/\d{{4}}){_TIME}"), "%m/%d/%Y"),
        "DD.MM.YYYY": (re.compile(rf"(\d{{1,2}}\.\d{{1,2}}\.\d{{4}}){_TIME}"), "%d.%m.%Y"),
        "DD-MM-YYYY": (re.compile(rf"(\d{{1,2}}-\d{{1,2}}-\d{{4}}){_TIME}"), "%d-%m-%Y"),
        "DD-Mon-YYYY": (re.compile(rf"(\d{{1,2}}-[A-Za-z]{{3}}-\d{{4}}){_TIME}"), "%d-%b-%Y"),
        "YYYYMMDD": (re.compile(r"(\d{8})"), "%Y%m%d"),
    }
)
"""In which other order a file may write its days, if the mapping says so: never guessed."""

Translate = Callable[[str], str]


class MappingErrors(Invalid):
    """A mapping that cannot be used; ``problems`` has every reason, with its line."""

    code = "mapping-invalid"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        count = len(problems)
        super().__init__(
            f"The mapping has {count} problem{'' if count == 1 else 's'}.\n" + "\n".join(map(str, problems)),
            "Mend each line, or let one be proposed again: case-returns map",
        )


class FileMapping(Struct, frozen=True, kw_only=True, dict=True):
    """``columns``: a field for the sender's own name of a column; ``values``: for a field, what the sender's own words
    mean, as cells of the contract; ``dates``: for a field, the order in which its days are written; ``left_out``:
    columns that are not looked at."""

    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    dates: Mapping[str, str]
    left_out: tuple[str, ...]

    @cached_property
    def field_of(self) -> Mapping[str, str]:
        """The field for a folded name of a column."""
        return MappingProxyType({fold(own): field for own, field in self.columns.items()})

    @cached_property
    def own_name(self) -> Mapping[str, str]:
        """The sender's name of the column for a field, where it is not the field's own."""
        return MappingProxyType({field: own for own, field in self.columns.items()})

    @cached_property
    def ignored(self) -> frozenset[str]:
        """The folded names of the columns that are left out."""
        return frozenset(map(fold, self.left_out))

    def translation(self, field: str) -> Translate | None:
        """What makes of the sender's cells of a field those of the contract; None where nothing is to be done."""
        words = {fold_value(own): cell for own, cell in self.values.get(field, {}).items()}
        form = self.dates.get(field)
        if not words and form is None:
            return None

        def translate(cell: str) -> str:
            meant = words.get(fold_value(cell))
            if meant is None and form is not None:
                meant = read_day(cell, form)
            return cell if meant is None else meant

        return translate


def fold(name: str) -> str:
    """A column's name without what people vary: capitals, spaces, underscores, hyphens."""
    return _SEPARATORS.sub("", name.strip(BLANKS)).lower()


def fold_value(text: str) -> str:
    """A value without what people vary: capitals, and how many blanks stand where."""
    return " ".join(text.replace("\u00a0", " ").strip(BLANKS).split()).casefold()


def read_day(text: str, form: str) -> str | None:
    """A day of such a form as the contract writes it; None where the text is of another form, or no such day."""
    pattern, order = DATE_FORMS[form]
    found = pattern.fullmatch(text.strip(BLANKS))
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], order).date().isoformat()  # noqa: DTZ007  days have no time zone
    except ValueError:
        return None


def read_mapping(content: str, file: str, contract: Contract) -> tuple[FileMapping, Part]:
    """The mapping in a file and the part that it is for, or ``MappingErrors`` with all that is wrong."""
    problems = Problems()
    document = read_yaml(content, file, problems)
    if problems.found:  # it is no YAML at all, so there is nothing else to say of it
        raise MappingErrors(in_order(problems.found))
    version = document.text("contract")
    if version and version != contract.version:
        says = f"The mapping is for contract {version}, and it is read with {contract.version}."
        problems.add(document.place_of("contract"), says, "Say --contract, or go through it for the other version.")
    part = _part(document, contract, problems)
    reader = _Reader(part, problems)
    columns = reader.columns(document.table("columns"))
    mapping = FileMapping(
        columns=MappingProxyType(columns),
        values=MappingProxyType(reader.values(document.table("values"))),
        dates=MappingProxyType(reader.dates(document.table("dates"))),
        left_out=reader.left_out(document, columns),
    )
    document.done()
    if problems.found:
        raise MappingErrors(in_order(problems.found))
    return mapping, part


def version_in(content: str, file: str) -> str | None:
    """The contract version that a mapping names, None where it cannot be read."""
    return read_yaml(content, file, Problems()).text("contract", "") or None


def _part(document: Table, contract: Contract, problems: Problems) -> Part:
    name = document.text("part")
    if name and name not in contract.parts:
        says = f"The contract {contract.version} has no part '{name}'."
        problems.add(document.place_of("part"), says, closest(name, contract.parts))
    return contract.parts[PartName(name) if name in contract.parts else PartName.CASE]


class _Reader:
    """Reads the tables of one mapping; everything that is wrong goes to the same problems."""

    def __init__(self, part: Part, problems: Problems) -> None:
        self.part, self.problems = part, problems

    def columns(self, table: Table) -> dict[str, str]:
        found: dict[str, str] = {}
        names: dict[str, str] = {}
        taken: dict[str, str] = {}
        for own in table.names():
            field = self._text(table, own, "Write the field that it is, or take the line out.")
            if field is None:
                continue
            place = table.place_of(own)
            if fold(own) in names:
                self.problems.add(place, f"'{own}' is the same column as '{names[fold(own)]}'.", "Keep one of the two.")
            elif field not in self.part.by_name:
                says = f"There is no field '{field}' in part {self.part.name}."
                self.problems.add(place, says, closest(field, self.part.by_name))
            elif field in taken:
                self.problems.add(place, f"'{field}' is already '{taken[field]}'.", "One column fills one field.")
            else:
                found[own], taken[field] = field, own
            names.setdefault(fold(own), own)
        return found

    def values(self, table: Table) -> dict[str, Mapping[str, str]]:
        found: dict[str, Mapping[str, str]] = {}
        for name in table.names():
            field = self._field(table, name)
            if field is None:
                continue
            if field.role is Role.KEY:
                self.problems.add(
                    table.place_of(name), f"'{name}' says which row it is.", "References stay as they are."
                )
                continue
            found[name] = MappingProxyType(self._words(field, table.table(name)))
        return found

    def _words(self, field: Field, table: Table) -> dict[str, str]:
        found: dict[str, str] = {}
        read, seen = cell_reader(field), dict[str, str]()
        for own in table.names():
            cell = self._text(table, own, "Write what it means, or take the line out.")
            if cell is None:
                continue
            if fold_value(own) in seen:
                says = f"'{own}' is the same value as '{seen[fold_value(own)]}'."
                self.problems.add(table.place_of(own), says, "Keep one of the two.")
            elif read(cell).failed is not None:
                known = field.list.by_code if field.list is not None else ()
                says = f"'{cell}' is nothing that '{field.name}' can be."
                self.problems.add(table.place_of(own), says, closest(cell, known) or "Write a cell of the contract.")
            found[own] = cell
            seen[fold_value(own)] = own
        return found

    def dates(self, table: Table) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in table.names():
            field = self._field(table, name)
            form = table.text(name)
            if field is not None and field.kind is not Kind.DATE:
                self.problems.add(table.place_of(name), f"'{name}' is no date.")
            elif form and form not in DATE_FORMS:
                says = f"'{form}' is no order in which days are written."
                self.problems.add(table.place_of(name), says, f"Write one of: {', '.join(DATE_FORMS)}.")
            elif field is not None and form:
                found[name] = form
        return found

    def left_out(self, document: Table, columns: Mapping[str, str]) -> tuple[str, ...]:
        mapped = set(map(fold, columns))
        found = document.texts("left_out")
        for item in found:
            if fold(item.value) in mapped:
                self.problems.add(item.place, f"'{item.value}' is mapped above, and left out here.", "Keep one.")
        return tuple(item.value for item in found)

    def _field(self, table: Table, name: str) -> Field | None:
        field = self.part.by_name.get(name)
        if field is None:
            says = f"There is no field '{name}' in part {self.part.name}."
            self.problems.add(table.place_of(name), says, closest(name, self.part.by_name))
        return field

    def _text(self, table: Table, key: str, do: str) -> str | None:
        """The word under a key; one that is not there yet is a problem of its own."""
        node = table.node(key)
        if isinstance(node, Text) and node.value:
            return node.value
        place = Place(table.place_of(key).file, table.place_of(key).line)
        self.problems.add(place, f"Nothing stands behind '{key}'.", do)
        return None
