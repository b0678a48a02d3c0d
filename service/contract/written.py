"""A draft as somebody wrote it, in YAML or JSON, as a tree with places: of a scope edition or of terms of reference.

Whoever sends a draft may send anything, so the form is looked at before anything is made of it: its size, its bytes,
how deep it goes, and that nothing in it stands for something else. JSON is read by the reader of YAML, once it is known
to be JSON, so both have lines and columns. Pure.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct
from msgspec.structs import replace

from service.contract.source import Items, Node, Place, Problems, Table, Text, nearest_to, read_yaml
from service.contract.spots import place_in
from service.errors import Invalid, UnsupportedMedia

YAML: Final = "application/yaml"
JSON: Final = "application/json"
LARGEST: Final = 256 * 1024
"""Bytes of a draft."""
DEEPEST: Final = 8
"""Lists and mappings inside each other; a draft has three."""
MOST_NODES: Final = 1_000
"""Texts, lists and mappings, keys included; a draft with as many rules as can be has fewer."""
LONGEST: Final = 2_000
"""Characters of a title, a guidance or a source; a condition has a bound of its own."""
LONGEST_SAID: Final = 400
"""Characters of what is said of a mistake, which may quote what was sent."""

_SURROGATES = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_IN_QUOTES = "Correct it here; a text that has `: ` or ` #` in it, or begins with a quote or a sign, stands in quotes."

Path = tuple[str | int, ...]


class Asked(Struct, frozen=True, kw_only=True):
    """What a draft is to be made of, as its writer is told: its keys, and what there can be most of."""

    keys: str
    most: str


class DraftProblem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a draft. ``line`` and ``column`` are a place in its text, from 1; ``pointer`` is the
    JSON Pointer of what it is about, empty for the whole."""

    line: int
    column: int
    pointer: str
    says: str
    do: str


class DraftErrors(Invalid):
    """A draft that cannot be taken, with every reason in the order of its text."""

    code = "scope-draft"

    def __init__(self, problems: Iterable[DraftProblem]) -> None:
        found = {replace(item, says=_shortened(item.says)) for item in problems}
        self.problems = tuple(sorted(found, key=lambda item: (item.line, item.column, item.says)))
        self.errors = tuple(msgspec.to_builtins(problem) for problem in self.problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"Line {first.line}, column {first.column}: {first.says}{more}", first.do)


def _shortened(says: str) -> str:
    return says if len(says) <= LONGEST_SAID else f"{says[: LONGEST_SAID - 1]}…"


def text_of(content: bytes) -> str:
    """The characters of a draft: not too many, UTF-8, and none that nobody sees."""
    if len(content) > LARGEST:
        raise _whole(f"The draft has {len(content):,} bytes.", f"Send at most {LARGEST:,}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        raise DraftErrors([_at(before, len(before), "The draft is not UTF-8.", "Save it as UTF-8.")]) from None
    for spot, letter in enumerate(text):
        if is_unseen(letter):
            says = f"Here stands a character that cannot be seen (U+{ord(letter):04X})."
            raise DraftErrors([_at(text, spot, says, "Take it out.")])
    return text


def is_unseen(letter: str) -> bool:
    return letter not in "\n\r\t" and unicodedata.category(letter) in _UNSEEN


def table_of(text: str, media: str, asked: Asked) -> tuple[str, Table]:
    """The mapping that a draft is, and the text in which its places are."""
    media = media.partition(";")[0].strip().lower()
    if media not in (YAML, JSON):
        raise UnsupportedMedia("A draft is YAML or JSON.", f"Send it as {YAML} or {JSON}.")
    sent = text
    if media == JSON:
        text = _SURROGATES.sub(_one_letter, sent)
    _refuse_what_stands_for_something(text, asked)
    if media == JSON:
        _refuse_what_is_not_json(sent, asked)
    found = Found(asked)
    table = read_yaml(text, "", found)
    if found.problems:
        raise DraftErrors(found.problems)
    return text, table


def _one_letter(pair: re.Match[str]) -> str:
    """A letter that JSON writes as two halves, as YAML writes it."""
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


class Found(Problems):
    """Collects what the reader of YAML finds, with lines and columns."""

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked
        self.problems: list[DraftProblem] = []

    def add(self, place: Place, says: str, do: str = "", *, column: int | None = None) -> None:
        if says.startswith("This is not YAML"):
            says, do = says.replace("This is not YAML", "This cannot be read"), _IN_QUOTES
        do = do or self.asked.keys
        self.problems.append(DraftProblem(line=place.line, column=column or place.column, pointer="", says=says, do=do))


def _refuse_what_stands_for_something(text: str, asked: Asked) -> None:
    """Aliases, anchors and tags, and more than a draft has, before a tree is made of them."""
    depth = nodes = 0
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            place = event.start_mark
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                says = "Here one thing stands for another (`&` or `*`), which is not taken."
                raise DraftErrors([_mark(place, says, "Write it out; put a text that begins so in quotes.")])
            if getattr(event, "tag", None) is not None:
                says = "Here stands a tag (`!`), which is not taken."
                raise DraftErrors([_mark(place, says, "Leave it out; put a text that begins so in quotes.")])
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            nodes += isinstance(event, yaml.NodeEvent)
            if nodes > MOST_NODES:
                says = f"There are more than {MOST_NODES:,} texts, lists and mappings before this."
                raise DraftErrors([_mark(place, says, f"Write at most {asked.most}, and only the keys of a draft.")])
            if depth > DEEPEST:
                says = f"More than {DEEPEST} lists and mappings stand inside each other."
                raise DraftErrors([_mark(place, says, asked.keys)])
    except yaml.YAMLError:
        return  # whoever makes the tree says what and where


def _refuse_what_is_not_json(text: str, asked: Asked) -> None:
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        problem = DraftProblem(
            line=error.lineno,
            column=error.colno,
            pointer="",
            says=f"This is not JSON: {error.msg[:1].lower()}{error.msg[1:]}.",
            do="Correct it here, or send YAML as application/yaml.",
        )
        raise DraftErrors([problem]) from None
    except RecursionError:
        raise _whole("The draft is nested too deeply.", asked.keys) from None


def _no_number(word: str) -> None:
    raise _whole(f"This is not JSON: there is no number `{word}`.", "Write it in quotes, or leave it out.")


def _mark(mark: Any, says: str, do: str) -> DraftProblem:
    return DraftProblem(line=mark.line + 1, column=mark.column + 1, pointer="", says=says, do=do)


def _at(text: str, spot: int, says: str, do: str) -> DraftProblem:
    line, column = text.count("\n", 0, spot) + 1, spot - text.rfind("\n", 0, spot)
    return DraftProblem(line=line, column=column, pointer="", says=says, do=do)


def _whole(says: str, do: str) -> DraftErrors:
    return DraftErrors([DraftProblem(line=1, column=1, pointer="", says=says, do=do)])


def form_of(text: str, table: Table) -> Iterator[DraftProblem]:
    """Texts that are too long, or in which an escape hides a character that nobody sees."""
    texts = ((path, node) for path, node in walked(table) if isinstance(node, Text))
    for path, found in texts:
        spot = next((place for place, letter in enumerate(found.value) if is_unseen(letter)), None)
        if spot is not None:
            says = f"Here stands a character that cannot be seen (U+{ord(found.value[spot]):04X})."
            yield problem_at(text, table, path, says, "Take it out.", spot + 1)
        if len(found.value) > LONGEST and path[-1] != "when":
            says = f"This has {len(found.value):,} characters."
            yield problem_at(text, table, path, says, f"Write at most {LONGEST:,}.")


def walked(node: Node | None, path: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Everything that stands in a draft, each before what it holds."""
    if node is not None:
        yield path, node
    match node:
        case Items():
            for place, item in enumerate(node.nodes):
                yield from walked(item, (*path, place))
        case Table():
            for name in node.names():
                yield from walked(node.node(name), (*path, name))


def problem_at(text: str, table: Table, path: Path, says: str, do: str, column: int | None = None) -> DraftProblem:
    """A problem at the place of a path; ``column`` is one inside the words that stand there, from 1."""
    place, node = nearest_to(table, path)
    if column is not None and isinstance(node, Text):
        place = place_in(text, node, column - 1)
    elif isinstance(node, Text):
        place = place_in(text, node, 0)
    return DraftProblem(line=place.line, column=place.column, pointer=pointer_of(path), says=says, do=do)


def pointer_of(path: Path) -> str:
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
