"""YAML as people write it, with the place of everything: what lets an error say *file, line, column of the condition*.

Every scalar is read as the text that stands there (``no`` is a word, ``2025.1`` is not a number), and turned into a
number, a day or a yes by the one who asks for it. Problems are collected, never raised one by one: whoever publishes
a contract sees all of them at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

import yaml
from msgspec import Struct

from service.errors import Invalid

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
_FEW = 20
"""So many known words are told to whoever wrote one that is not near any."""
_WHOLE = re.compile(r"-?[0-9]+(\.0+)?")
"""``14.0`` too: JSON has it so, and it is one."""
_GREATEST: Final = 9_999_999_999
"""Of a whole number, where nothing else is said."""


class Place(Struct, frozen=True):
    """Where something stands: a file below ``contracts/``, a line and a column of it, both from 1."""

    file: str
    line: int
    column: int = 1


class Problem(Struct, frozen=True):
    """One thing that is wrong in published data. ``column`` (from 1) is a place inside the condition on that line."""

    file: str
    line: int
    column: int | None
    says: str
    do: str = ""

    def __str__(self) -> str:
        inside = "" if self.column is None else f", column {self.column} of the condition"
        return f"{self.file}, line {self.line}{inside}: {self.says}{' ' + self.do if self.do else ''}"


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each problem once, by file and line."""
    return tuple(sorted(set(problems), key=lambda item: (item.file, item.line, item.column or 0, item.says)))


class LibraryErrors(Invalid):
    """The published data cannot be used; ``problems`` has every reason."""

    code = "contracts-invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        count = len(self.problems)
        super().__init__(
            f"The contracts have {count} problem{'' if count == 1 else 's'}.\n" + "\n".join(map(str, self.problems)),
            "Mend each and run: case-returns contracts check",
        )


class Problems:
    """Collects what is wrong while a document is read."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, place: Place, says: str, do: str = "", *, column: int | None = None) -> None:
        self.found.append(Problem(place.file, place.line, column, says, do))

    def raise_if_any(self) -> None:
        if self.found:
            raise LibraryErrors(self.found)


class Text:
    """One scalar: its words, where they begin, and ``as_written``, with the blanks around them. ``span`` is the stretch
    of the document that it takes, ``style`` how it is written there: ``'``, ``"``, ``|``, ``>``, or plain."""

    def __init__(
        self,
        value: str,
        place: Place,
        as_written: str | None = None,
        *,
        span: tuple[int, int] = (0, 0),
        style: str | None = None,
    ) -> None:
        self.value = value
        self.place = place
        self.as_written = value if as_written is None else as_written
        self.span = span
        self.style = style


class Table:
    """One mapping. Ask for each key by its sort; ``done()`` names the keys that nobody asked for.

    A key that is missing or of the wrong sort is a problem and gives a harmless value, so that reading goes on.
    """

    def __init__(self, entries: dict[str, tuple[Place, Node | None]], place: Place, problems: Problems) -> None:
        self.place = place
        self.problems = problems
        self._entries = entries
        self._asked: set[str] = set()
        self._elsewhere: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._asked.add(key)
        return self._entries.get(key, (None, None))[1] is not None

    def names(self) -> tuple[str, ...]:
        """Every key that stands here, in order; all count as asked for."""
        self._asked.update(self._entries)
        return tuple(self._entries)

    def place_of(self, key: str) -> Place:
        """Where a key's value stands, or the table itself if it is absent."""
        entry = self._entries.get(key)
        if entry is None:
            return self.place
        return entry[1].place if isinstance(entry[1], Text) else entry[0]

    def place_of_key(self, key: str) -> Place:
        """Where a key itself stands."""
        return self._entries[key][0]

    def node(self, key: str) -> Node | None:
        """Whatever stands under a key; ``None`` where it is absent or null."""
        self._asked.add(key)
        return self._entries.get(key, (None, None))[1]

    def text(self, key: str, default: str | None = None) -> str:
        """Words. Without a default the key must be there."""
        node = self.node(key)
        if node is None:
            if default is None:
                self.problems.add(self.place_of(key), f"'{key}' is missing.", f"Add {key}.")
            return default or ""
        if isinstance(node, Text):
            if not node.value and default is None:
                self.problems.add(node.place, f"'{key}' is empty.", f"Write after it what {key} is.")
            return node.value
        self.problems.add(self.place_of(key), f"'{key}' must be text.", "Write it as one text: no list, no keys.")
        return default or ""

    def optional(self, key: str) -> str | None:
        """Words, or ``None`` where the key is absent."""
        return self.text(key) if key in self else None

    def whole(self, key: str, default: int | None = None, *, least: int = -_GREATEST, greatest: int = _GREATEST) -> int:
        """A whole number within bounds. Without a default the key must be there."""
        if key not in self and default is not None:
            return default
        words = self.text(key)
        number = Decimal(words) if _WHOLE.fullmatch(words) else None  # an int of very many digits cannot be read
        if number is not None and least <= number <= greatest:
            return int(number)
        if number is not None:
            says = f"'{key}' is {words}, which is too {'small' if number < least else 'large'}."
            self.problems.add(self.place_of(key), says, f"Write {least} to {greatest}.")
        elif words:
            self.problems.add(
                self.place_of(key), f"'{key}' is '{words}', which is not a whole number.", "Write digits alone."
            )
        return default or 0

    def yes(self, key: str) -> bool:
        """Yes or no; absent is no."""
        words = self.text(key, "no").lower()
        if words not in ("yes", "no", "true", "false"):
            self.problems.add(self.place_of(key), f"'{key}' is '{words}'.", "Write yes or no.")
        return words in ("yes", "true")

    def day(self, key: str) -> date:
        """A day as 2025-11-30."""
        words = self.text(key)
        try:
            return date.fromisoformat(words)
        except ValueError:
            if words:
                self.problems.add(self.place_of(key), f"'{key}' is '{words}', which is not a day.", "Write 2025-11-30.")
            return date.min

    def items(self, key: str) -> tuple[Node, ...]:
        """The entries of a list; absent is none."""
        node = self.node(key)
        if node is None:
            return ()
        if isinstance(node, Items):
            return node.nodes
        self.problems.add(self.place_of(key), f"'{key}' must be a list.", f"Write `{key}: [...]`, also for one entry.")
        return ()

    def texts(self, key: str) -> tuple[Text, ...]:
        """The entries of a list of words."""
        nodes = self.items(key)
        for node in nodes:
            if not isinstance(node, Text):
                self.problems.add(node.place, f"An entry of '{key}' must be text.", "Write one text an entry.")
        return tuple(node for node in nodes if isinstance(node, Text))

    def tables(self, key: str) -> tuple[Table, ...]:
        """The entries of a list of mappings."""
        nodes = self.items(key)
        for node in nodes:
            if not isinstance(node, Table):
                self.problems.add(
                    node.place, f"An entry of '{key}' must have keys.", "Write each entry as `{key: value, ...}`."
                )
        return tuple(node for node in nodes if isinstance(node, Table))

    def table(self, key: str) -> Table:
        """The mapping under a key; absent is an empty one."""
        node = self.node(key)
        if isinstance(node, Table):
            return node
        if node is not None:
            self.problems.add(
                self.place_of(key), f"'{key}' must have keys of its own.", f"Write `{key}: {{key: value, ...}}`."
            )
        return Table({}, self.place_of(key), self.problems)

    def told_elsewhere(self, *keys: str) -> None:
        """These keys are no part of what is read here, and whoever reads them besides says so."""
        self._asked.update(keys)
        self._elsewhere.update(keys)

    def done(self) -> None:
        """Names every key that was never asked for, with the closest that was."""
        for key, (place, _) in self._entries.items():
            if key not in self._asked:
                known = self._asked - self._elsewhere
                self.problems.add(
                    place, f"There is no key '{key}' here.", closest(key, known) or taken_out(sorted(known))
                )


class Items:
    """One sequence."""

    def __init__(self, nodes: tuple[Node, ...], place: Place) -> None:
        self.nodes = nodes
        self.place = place


Node = Text | Table | Items


def closest(word: str, known: Iterable[str]) -> str:
    """``Did you mean 'stage'?`` for the nearest known word, or nothing."""
    found = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"Did you mean '{found[0]}'?" if found else ""


def instead(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """What to write in place of a word that is not known: the nearest, or one of all where they are few enough to be
    read; else what ``otherwise`` says."""
    names = sorted(known)
    few = f"Write one of: {', '.join(names)}." if 0 < len(names) <= _FEW else ""
    return closest(word, names) or otherwise or few


def taken_out(known: Iterable[str]) -> str:
    """What to do with a key that is near none of those that may stand there."""
    listed = ", ".join(known)
    return f"Take it out; here may stand: {listed}." if listed else "Take it out."


def plain(node: Node | None) -> Any:
    """The same as dicts, lists and words, for readers that want no places."""
    if isinstance(node, Table):
        return {key: plain(node.node(key)) for key in node.names()}
    return [plain(item) for item in node.nodes] if isinstance(node, Items) else node and node.value


def place_at(table: Table, path: Iterable[str | int]) -> Place:
    """Where ``("rules", 2, "when")`` stands; as near as the document has it."""
    return nearest_to(table, path)[0]


def nearest_to(table: Table, path: Iterable[str | int]) -> tuple[Place, Node | None]:
    """The same with what stands there; ``None`` where the document has nothing at the end of the path."""
    node: Node | None = table
    place = table.place
    for step in path:
        if isinstance(node, Table) and isinstance(step, str):
            place, node = node.place_of(step), node.node(step)
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.nodes):
            node = node.nodes[step]
            place = node.place
        else:
            return place, None
    return place, node


def read_yaml(content: str, file: str, problems: Problems) -> Table:
    """The document's table; what cannot be read is a problem, and then the table is empty."""
    whole = Place(file, 1)
    try:
        root = yaml.compose(content, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = Place(file, mark.line + 1, mark.column + 1) if mark else whole
        problems.add(where, f"This is not YAML: {getattr(error, 'problem', None) or 'it cannot be read'}.")
        return Table({}, whole, problems)
    node = None if root is None else _node(root, file, problems)
    if isinstance(node, Table):
        return node
    problems.add(whole, "The document must have keys.")
    return Table({}, whole, problems)


def _node(node: Any, file: str, problems: Problems) -> Node | None:
    place = _place(node, file)
    if isinstance(node, yaml.ScalarNode):
        if node.tag == _NULL and not node.style:
            return None
        block = node.style in ("|", ">")  # the words of a block begin on the line below its mark
        place = Place(file, place.line + 1) if block else place
        span = (node.start_mark.index, node.end_mark.index)
        return Text(node.value.strip(), place, node.value, span=span, style=node.style)
    if isinstance(node, yaml.SequenceNode):
        nodes = (_node(item, file, problems) for item in node.value)
        return Items(tuple(item for item in nodes if item is not None), place)
    entries: dict[str, tuple[Place, Node | None]] = {}
    for key, value in node.value:
        where = _place(key, file)
        if not isinstance(key, yaml.ScalarNode):
            problems.add(where, "A key must be a word.", "Write a word before the colon.")
        elif key.value in entries:
            problems.add(where, f"The key '{key.value}' stands here twice.", "Keep one of the two.")
        else:
            entries[key.value] = (where, _node(value, file, problems))
    return Table(entries, place, problems)


def _place(node: Any, file: str) -> Place:
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)
