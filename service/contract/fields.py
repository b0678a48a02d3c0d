"""The fields of a contract version, as its ``contract.yaml`` declares them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from msgspec.structs import replace

from service.contract.model import CodeList, Field, Role
from service.contract.source import Place, Problems, Table, closest
from service.criteria.vocabulary import FieldType, Kind

NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
"""What may be the name of a field or a named set: it becomes a column, so it needs no quotes anywhere.

Short enough for ``_lo`` and ``_hi`` behind it within PostgreSQL's 63 bytes."""

RESERVED = frozenset(
    ["and", "or", "not", "in", "is", "null", "between", "true", "false", "case", "when", "then", "else", "end"]
)

_SQL_WORDS: Final = """
all analyse analyze any array as asc asymmetric authorization binary both cast check collate collation column
concurrently constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user default deferrable desc distinct do except fetch for foreign freeze from full grant group
having ilike initially inner intersect into isnull join lateral leading left like limit localtime localtimestamp natural
notnull offset on only order outer overlaps placing primary references returning right select session_user similar some
symmetric system_user table tablesample to trailing union unique user using variadic verbose where window with
"""
_OF_THE_STORE: Final = """
base_digest begin_reason case_id contract_version current_digest digest empties end_reason failed force has_text held
idx kept_as line_from line_to match_key n return_id row shape source_row
"""
TAKEN: Final = frozenset((*_SQL_WORDS.split(), *_OF_THE_STORE.split()))
"""What a column of a field cannot be called: words that SQL keeps for itself, and the tables' own columns beside it."""

OF_ROLE: Final[Mapping[Role, Kind]] = {
    Role.KEY: Kind.TEXT,
    Role.FORMER_KEY: Kind.TEXT,
    Role.STAGE: Kind.CODE,
    Role.YEAR: Kind.DATE,
    Role.SETTING: Kind.CODE,
    Role.SHARED_REF: Kind.TEXT,
    Role.SHARED_WITH: Kind.CODES,
    Role.LEAD: Kind.CODE,
    Role.WEIGHT: Kind.NUMBER,
}
"""The type that a field of each role has, because code counts, cuts and joins by it."""

_Choice = TypeVar("_Choice", bound=StrEnum)


def read_field(table: Table, lists: Mapping[str, CodeList], since: str, problems: Problems) -> Field:
    """One field; its derivations are read later, when all fields are known."""
    name = table.text("name")
    if name and (not NAME.fullmatch(name) or name in RESERVED):
        problems.add(table.place_of("name"), f"'{name}' cannot be a field's name.", "Use a-z, 0-9 and '_'.")
    elif name in TAKEN:
        says = f"'{name}' cannot be a field's name: as the name of a column it is taken."
        problems.add(table.place_of("name"), says, "Say more: order_number, user_name.")
    kind = choice(table, "type", Kind, Kind.TEXT, problems)
    table.node("derive")
    field = Field(
        name=name,
        ordinal=table.whole("ordinal"),
        kind=kind,
        label=table.text("label"),
        meaning=table.text("meaning"),
        example=table.text("example", ""),
        list=_list(table, kind, lists, problems),
        role=choice(table, "role", Role, Role.KEY, problems) if "role" in table else None,
        required=table.yes("required"),
        exact=table.yes("exact"),
        dimension=table.yes("dimension"),
        not_applicable=table.yes("not_applicable"),
        least=_bound(table, "least", kind, problems),
        greatest=_bound(table, "greatest", kind, problems),
        pattern=_pattern(table, kind, problems),
        length=table.whole("length", 64),
        identifier=table.yes("identifier"),
        since=since,
    )
    if field.identifier and field.pattern is None:
        problems.add(table.place_of("identifier"), f"'{name}' is an identifier of no known form.", "Give it a pattern.")
    if field.least is not None and field.greatest is not None and field.least > field.greatest:  # type: ignore[operator]
        problems.add(table.place_of("least"), f"'{name}' can have no value: its least is above its greatest.")
    if field.role is not None and field.kind is not OF_ROLE[field.role]:
        says = f"'{name}' has the role {field.role}, and its type is {field.kind}."
        problems.add(table.place_of("type"), says, f"A field of that role is of the type {OF_ROLE[field.role]}.")
    table.done()
    return field


def changed(field: Field, table: Table, lists: Mapping[str, CodeList], problems: Problems) -> Field:
    """A field of the version before with other words, or another edition of its code list; what it *is* stays."""
    field = replace(
        field,
        label=table.text("label", field.label),
        meaning=table.text("meaning", field.meaning),
        example=table.text("example", field.example),
        list=_list(table, field.kind, lists, problems) if "list" in table else field.list,
    )
    table.done()
    return field


def field_type(field: Field) -> FieldType:
    """The field as conditions see it."""
    if field.list is None:
        return FieldType(field.name, field.kind)
    known = field.list.by_ordinal
    codes = tuple(known[place].code if place in known else "" for place in range(max(known, default=-1) + 1))
    groups = tuple((item.code, field.list.mask_of((item.code,))) for item in field.list.codes if item.group)
    return FieldType(field.name, field.kind, field.list.name, codes, groups)


def check_fields(fields: Iterable[tuple[Field, Place]], problems: Problems) -> None:
    """Names, ordinals and roles are each used once in a part."""
    taken: dict[tuple[str, object], str] = {}
    for field, place in fields:
        for what, value in (("name", field.name), ("ordinal", field.ordinal), ("role", field.role)):
            if value is None:
                continue
            if (what, value) in taken:
                says = f"The {what} '{value}' of '{field.name}' is already that of '{taken[what, value]}'."
                problems.add(place, says, "Each is used once in a part, and an ordinal never again.")
            taken.setdefault((what, value), field.name)


def choice(table: Table, key: str, kind: type[_Choice], otherwise: _Choice, problems: Problems) -> _Choice:
    """One of a closed set of words."""
    words = table.text(key)
    try:
        return kind(words)
    except ValueError:
        if words:
            says = f"'{key}' is '{words}', which is none of {', '.join(kind)}."
            problems.add(table.place_of(key), says, closest(words, kind))
        return otherwise


def _list(table: Table, kind: Kind, lists: Mapping[str, CodeList], problems: Problems) -> CodeList | None:
    name = table.optional("list")
    if kind.is_mask != (name is not None):
        says = "A field of codes names its list." if kind.is_mask else "Only a field of codes has a list."
        problems.add(table.place, says, "Write type: code and list: NAME-YEAR, or neither.")
        # an empty list keeps the rest of the contract readable
        return CodeList(name="?", title="", source="", codes=(), hash="") if kind.is_mask else None
    if name is None:
        return None
    if name not in lists:
        problems.add(table.place_of("list"), f"There is no code list '{name}'.", closest(name, lists))
        return CodeList(name=name, title="", source="", codes=(), hash="")
    return lists[name]


def _bound(table: Table, key: str, kind: Kind, problems: Problems) -> int | date | None:
    if key not in table:
        return None
    if not kind.is_range:
        problems.add(table.place_of(key), f"'{key}' is only for numbers and dates.")
        return None
    return table.day(key) if kind is Kind.DATE else table.whole(key)


def _pattern(table: Table, kind: Kind, problems: Problems) -> str | None:
    pattern = table.optional("pattern")
    if pattern is None:
        return None
    if kind is not Kind.TEXT:
        problems.add(table.place_of("pattern"), "Only text has a pattern.")
        return None
    try:
        re.compile(pattern)
    except re.error as error:
        problems.add(table.place_of("pattern"), f"The pattern cannot be read: {error}.")
        return None
    return pattern
