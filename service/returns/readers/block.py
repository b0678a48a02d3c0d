"""What every reader gives: rows as typed columns, a block at a time, with what was wrong and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, overload

from msgspec import Struct, field

from service.contract.findings import Finding
from service.returns.readers.otherwise import Written

BLOCK_ROWS: Final = 1_000
BLOCK_BYTES: Final = 8 << 20
"""A block ends at whichever comes first, so that memory is bounded however long the rows are."""

LONGEST_ROW: Final = 1 << 20
"""A row of more bytes than this is no row of any standard: the file is refused."""

MOST_COLUMNS: Final = 500


class Share(Struct, frozen=True):
    """Which blocks of a file are wanted, where several read it together: of each ``of`` the one in place ``number``.
    All of them split the file into the same blocks; only who wants a block types its cells."""

    number: int
    of: int

    def has(self, block: int) -> bool:
        """Whether a block, counted from 0, is wanted."""
        return block % self.of == self.number


class HeldRow(Struct, frozen=True):
    """A row that could not be read into columns at all: its number, its text as sent, and why.

    ``key`` is its reference where that alone could be read: in a snapshot the case then counts as present."""

    row: int
    text: str
    findings: tuple[Finding, ...]
    key: str | None = None


class Originals(Sequence[str]):
    """The text of each row as it was sent, cut from the block only when asked for."""

    def __init__(self, count: int, text_of: Callable[[int], str]) -> None:
        self._count, self._text_of = count, text_of

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(self._count))]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return storable(self._text_of(index % self._count))


class Handed(Struct, frozen=True, kw_only=True):
    """What a sheet said when it was handed out, of cells that say something else now: of the rows ``indexes`` of a
    block the fields in ``names``, each with its value in ``values``, and why it was empty, where that was said."""

    indexes: list[int]
    names: list[tuple[str, ...]]
    values: dict[str, list[Any]]
    empties: list[dict[str, str]]


class TypedBlock(Struct, kw_only=True):
    """Rows that could be read, as columns: the value of row ``i`` in a field is ``values[field][i]``.

    Indexes (``held``, ``failed``, ``absent``) count the rows of this block from 0. ``rows`` numbers them as the sender
    does: in CSV the record, heading 1 and blank lines counted; in NDJSON the line; in a JSON array the element from 1.
    """

    rows: list[int]
    values: dict[str, list[Any]]
    """Only fields that the input has at all: each a ``Value``, ``None`` where nothing is known or where reading failed;
    or what the writer made of it, where ``read`` was given one."""
    keys: list[str | None] | None = None
    """The reference of each row, where the part has such a field: never written in another form."""
    shapes: list[frozenset[str]] | None = None
    """JSON only, where rows have different keys: the fields that each row has, or must have."""
    empties: list[dict[str, str] | None]
    """Why a value is empty, where the sender says so: ``{field: not_provided | not_applicable}``."""
    findings: list[Finding]
    """Of the rows, and of the heading; in order of row, rule, field."""
    held: set[int]
    """Rows with a finding that holds them."""
    failed: dict[str, set[int]]
    """Rows whose value in a field could not be read: a rule over that field has nothing to say of them."""
    originals: Sequence[str]
    cells: dict[str, Sequence[Any]] | None = None
    """What was sent, by field or by the name of an unknown column, where ``read`` was asked to keep it."""
    unread: list[HeldRow]
    written: Written = field(default_factory=Written)
    """What was read although it is written otherwise."""
    left: int = 0
    """Rows that say what was handed out, and nothing else: they are not among these."""
    handed: Handed | None = None
    notes: tuple[str, ...] = ()
    """What the sender should know of the whole file; each said once."""

    @property
    def sometimes(self) -> frozenset[str]:
        """Fields that some rows have and others lack."""
        different = set(self.shapes or ())
        return frozenset[str]().union(*different) - frozenset.intersection(*different) if different else frozenset()

    @property
    def absent(self) -> dict[str, set[int]]:
        """For each of these fields, the rows that lack it altogether."""
        shapes = self.shapes or ()
        return {name: {index for index, shape in enumerate(shapes) if name not in shape} for name in self.sometimes}

    @property
    def received(self) -> int:
        """Rows of this block, readable or not."""
        return len(self.rows) + len(self.unread) + self.left


def storable(text: str) -> str:
    """Text as a database can keep it: NUL, which none can, becomes its picture U+2400."""
    return text.replace("\x00", "\u2400") if "\x00" in text else text
