"""Raw cells become typed columns. Fast because no text is read twice: what it says is remembered.

A column of 5,000 cells has few distinct texts, so a column is one pass of dictionary look-ups in C; only texts that say
something special (a failed check, a kind of empty) are looked for row by row, and only in columns that have any.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, Final, NamedTuple, cast

from service.contract.findings import Finding, cut, found, in_order, rule_of
from service.contract.mapping import FileMapping, Translate
from service.contract.model import Contract, Field, Part, Role, Rule, Severity
from service.contract.values import Cell, Check, Otherwise, Value, cell_reader, otherwise_written, quick_look
from service.criteria.memory import Memory as Answers
from service.criteria.vocabulary import Kind
from service.returns.readers.block import HeldRow, Originals, Share, TypedBlock, storable
from service.returns.readers.heading import Heading, known_names, name_in, read_heading
from service.returns.readers.otherwise import Written

REMEMBERED: Final = 50_000
"""So many texts of one sort of field are remembered before all are forgotten: memory stays bounded."""

UNFIT: Final[Mapping[Kind, Check]] = {
    Kind.TEXT: Check.TEXT,
    Kind.CODE: Check.CODE,
    Kind.CODES: Check.CODE,
    Kind.NUMBER: Check.NUMBER,
    Kind.DECIMAL: Check.DECIMAL,
    Kind.DATE: Check.DATE,
}
"""What fails where a value is not of a kind that the field could read at all (a list, an object, true)."""


class JsonNumber(str):
    """A number with a point or an exponent as JSON has it: its words are judged, not what a float makes of them."""

    __slots__ = ()


class Absent:
    """Stands in a column where a JSON object lacks the key."""


ABSENT: Final = Absent()
_PLAIN: Final[frozenset[type]] = frozenset({str, int, type(None)})
_FITTING: Final[frozenset[type]] = frozenset({str, int, type(None), JsonNumber, Absent})


class Special(NamedTuple):
    """What a raw cell says beyond a value: why it is empty, or the rule of the check that it failed, ready to tell."""

    empty: str | None
    rule: str
    severity: Severity
    holds: bool
    shown: str | None


Writer = Callable[[Field], Callable[[Value], Any]]
"""Gives for a field the function that writes its values in the form in which they are wanted."""


class Memory(dict[Any, Any]):
    """What raw cells say as values of one sort of field, in the form that is wanted. ``special`` has those that say
    more, or nothing readable; ``otherwise`` those that are read and are written otherwise than the standard has it."""

    def __init__(self, field: Field, rule_for: Callable[[Check], Rule], write: Callable[[Value], Any] | None) -> None:
        super().__init__()
        self._read: Callable[[str], Cell] = cell_reader(field)
        self._otherwise = otherwise_written(field)
        self._rule_for = rule_for
        self._write = write
        self.special: dict[Any, Special] = {}
        self.otherwise: dict[Any, frozenset[Otherwise]] = {}

    def __missing__(self, raw: Any) -> Any:
        value, empty, failed = self._read("" if raw is None or raw is ABSENT else str(raw))
        if failed is not None:
            rule = self._rule_for(failed)
            shown = None if failed is Check.REQUIRED else storable(cut(str(raw)) or "")
            self.special[raw] = Special(None, rule.id, rule.severity, rule.severity.holds, shown)
        elif empty is not None:
            self.special[raw] = Special(empty.value, "", Severity.QUALITY, False, None)
        if failed is None and type(raw) is str and (differs := self._otherwise(raw)):
            self.otherwise[raw] = differs
        if len(self) >= REMEMBERED:
            self.clear()
        written = value if self._write is None else self._write(value)
        self[raw] = written
        return written

    def forget(self) -> None:
        """Between blocks: bounds what a file of endlessly different bad cells leaves behind."""
        if len(self.special) > REMEMBERED or len(self.otherwise) > REMEMBERED:
            self.clear()
            self.special.clear()
            self.otherwise.clear()


def _translations(part: Part, mapping: FileMapping) -> dict[str, Answers[Any, Any]]:
    found = {field.name: mapping.translation(field.name) for field in part.fields}
    return {name: Answers(_meant(translate)) for name, translate in found.items() if translate is not None}


def _meant(translate: Translate) -> Callable[[Any], Any]:
    """What a cell means; one that is not translated stays what it is, odd or not."""
    return lambda raw: translate(raw) if isinstance(raw, str) else raw


class Typing:
    """Types the columns of one file. Fields that are read alike share one memory, and are written alike."""

    def __init__(
        self,
        contract: Contract,
        part: Part,
        write: Writer | None = None,
        mapping: FileMapping | None = None,
        *,
        keep_cells: bool = False,
        share: Share | None = None,
        leaves: bool = False,
    ) -> None:
        self.contract, self.part, self._write, self.mapping = contract, part, write, mapping
        self._share, self._blocks = share, 0
        self._keep_cells = keep_cells
        self.leaves = leaves
        """Whether what nobody touched in a sheet that was handed out is left as it is."""
        self._known = known_names(part)
        self._translated = {} if mapping is None else _translations(part, mapping)
        self.key = part.by_role.get(Role.KEY)
        self._is_ordinary = quick_look(self.key) if self.key is not None else None
        self._memory: dict[str, Memory] = {}
        self.written = Written()
        """What is written otherwise in the block that is read."""
        alike: dict[tuple[object, ...], Memory] = {}
        for field in part.fields:
            look = (
                *(field.kind, field.list.name if field.list is not None else None, field.required, field.exact),
                *(field.not_applicable, field.least, field.greatest, field.pattern, field.length, field.identifier),
                field is self.key,
            )
            if look not in alike:
                written = None if write is None or field is self.key else write(field)
                alike[look] = Memory(field, partial(rule_of, contract, part.name), written)
            self._memory[field.name] = alike[look]

    def name_of(self, cell: str) -> str:
        """The folded name of a column: of the field, where a mapping says which one it is."""
        return name_in(cell, self.mapping)

    def knows(self, cell: str) -> bool:
        """Whether a column of this name is a field."""
        return self.name_of(cell) in self._known

    def heading(self, cells: Sequence[str]) -> Heading:
        """What the columns under these names are; ``Malformed`` where the file cannot be what it is sent as."""
        return read_heading(cells, self.part, self.contract, self.mapping)

    def wants_next(self) -> bool:
        """Whether the next block of the file is wanted; to be asked once for each block, in their order."""
        self._blocks += 1
        return self._share is None or self._share.has(self._blocks - 1)

    def must_be_sent(self, field: Field) -> bool:
        """Whether a row without this key is wrong: the reference always, and what is required in a part that is
        replaced whole, where there is nothing before it that could stand."""
        return field.role is Role.KEY or (field.required and self.key is None)

    def block(
        self,
        rows: list[int],
        columns: Mapping[str, Sequence[Any]],
        *,
        text_of: Callable[[int], str],
        is_plain: bool,
        shapes: list[frozenset[str]] | None = None,
        unread: Sequence[HeldRow] = (),
        notes: tuple[str, ...] = (),
    ) -> TypedBlock:
        """The typed block of raw columns by field name. ``text_of`` gives a row's original text by its index.

        ``is_plain``: every cell is known to be a text, a whole number, ``None`` or ``ABSENT``, so nobody need look.
        """
        block = TypedBlock(
            rows=rows,
            values={},
            shapes=shapes,
            empties=[None] * len(rows),
            findings=[],
            held=set(),
            failed={},
            originals=Originals(len(rows), text_of),
            cells=dict(columns) if self._keep_cells else None,
            unread=list(unread),
            notes=notes,
        )
        names = sorted(columns, key=lambda name: self.key is None or name != self.key.name)
        for name in names:
            self._column(block, self.part.by_name[name], columns[name], is_plain=is_plain)
        for memory in self._memory.values():
            memory.forget()
        block.written, self.written = self.written, Written()
        return block

    def key_of(self, text: str) -> str | None:
        """The reference that a cell holds, None where it cannot be read."""
        return cast("str | None", self._memory[self.key.name][text]) if self.key is not None else None

    def says(self, field: Field, cell: str) -> tuple[Any, str | None] | None:
        """What one cell says: the value as it is wanted, and why there is none; None where it cannot be read."""
        memory = self._memory[field.name]
        value, special = memory[cell], memory.special.get(cell)
        if special is None:
            return value, None
        return None if special.empty is None else (value, special.empty)

    def add(self, block: TypedBlock, check: Check, index: int, field: str | None, value: str | None) -> None:
        """A finding of one row; the row is held where its severity says so."""
        key = None if block.keys is None else block.keys[index]
        finding = found(self.contract, self.part.name, check, block.rows[index], field, _storable(value), key)
        block.findings.append(finding)
        if finding.severity.holds:
            block.held.add(index)

    def unread(self, row: int, text: str, check: Check, why: str, key: str | None = None) -> HeldRow:
        """A row that could not be read into columns; ``why`` without any of its values."""
        finding = found(self.contract, self.part.name, check, row, None, why, key)
        return HeldRow(row, storable(text), (finding,), key)

    def _column(self, block: TypedBlock, field: Field, raw: Sequence[Any], *, is_plain: bool) -> None:
        memory = self._memory[field.name]
        translated = self._translated.get(field.name)
        if translated is not None:
            raw = list(map(translated.__getitem__, raw))
        kinds = _PLAIN if is_plain else set(map(type, raw))
        if not kinds <= _FITTING or (field.kind is Kind.TEXT and JsonNumber in kinds):
            raw = self._fitted(block, field, raw)
        if field is self.key:
            block.keys = self._references(memory, raw)
            block.values[field.name] = block.keys if self._write is None else [*map(self._write(field), block.keys)]
        else:
            block.values[field.name] = list(map(memory.__getitem__, raw))
        if memory.special and not memory.special.keys().isdisjoint(raw):
            self._special(block, field, raw)
        if memory.otherwise and not memory.otherwise.keys().isdisjoint(raw):
            self.written.count(field, raw, memory.otherwise)

    def _references(self, memory: Memory, raw: Sequence[Any]) -> list[str | None]:
        """The column of the key. Hardly any text stands there twice, so remembering what each says would not pay."""
        is_ordinary = self._is_ordinary
        if is_ordinary is None or set(map(type, raw)) != {str}:
            return list(map(memory.__getitem__, raw))
        return [cell if is_ordinary(cell) else memory[cell] for cell in raw]

    def _special(self, block: TypedBlock, field: Field, raw: Sequence[Any]) -> None:
        """Findings and kinds of empty of one column."""
        special = self._memory[field.name].special
        keys, part, name, rows = block.keys, self.part.name, field.name, block.rows
        failed = block.failed.setdefault(name, set())
        passed = frozenset(failed)
        may_lack = not self.must_be_sent(field)
        tell = block.findings.append
        for index in [index for index, cell in enumerate(raw) if cell in special]:
            cell = raw[index]
            if (cell is ABSENT and may_lack) or index in passed:
                continue
            empty, rule, severity, holds, shown = special[cell]
            if empty is not None:
                block.empties[index] = {**(block.empties[index] or {}), name: empty}
                continue
            tell(Finding(part, rows[index], rule, severity, name, shown, None if keys is None else keys[index]))
            failed.add(index)
            if holds:
                block.held.add(index)
        if not failed:
            del block.failed[name]

    def _fitted(self, block: TypedBlock, field: Field, raw: Sequence[Any]) -> list[Any]:
        """The column with a blank for each value that no cell could hold, each with its finding; a list of texts is
        taken where several codes may hold."""
        fitted: list[Any] = []
        for index, cell in enumerate(raw):
            if type(cell) in _FITTING and not (field.kind is Kind.TEXT and type(cell) is JsonNumber):
                fitted.append(cell)
            elif field.kind is Kind.CODES and isinstance(cell, list) and all(isinstance(item, str) for item in cell):
                fitted.append(";".join(cell))
            else:
                fitted.append(None)
                self.add(block, UNFIT[field.kind], index, field.name, cut(shown_json(cell)))
                block.failed.setdefault(field.name, set()).add(index)
        return fitted


def finish(block: TypedBlock) -> TypedBlock:
    """The block with its findings in order; all are of one part."""
    try:
        block.findings.sort(key=attrgetter("row", "rule", "field"))
    except TypeError:
        # a rule that points at a field in one finding and at the whole row in another
        block.findings.sort(key=in_order)
    return block


def shown_json(value: Any) -> str:
    """A JSON value as it was sent, for a person."""
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _storable(value: str | None) -> str | None:
    return value if value is None else storable(value)
