"""The JSON Schema of a row agrees with our own reading on every JSON row of the kit, but where no schema could."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from msgspec import Struct

from service.api.public_documents import PART_PATHS, row_schema
from service.contract.model import PartName
from service.contract.values import Check
from service.kit.expected import files_of
from service.kit.model import Kit, Raw
from service.kit.read import load_kit
from tests.support.returns import published

VERSIONS = tuple(published().library.contracts)

NOT_OF_ONE_VALUE = frozenset(
    {Check.PERSONAL, Check.UNKNOWN_COLUMN, Check.DUPLICATE_KEY, Check.DUPLICATE_CELL, Check.FORMER_IN_USE}
    | {Check.SUM_EXCEEDS, Check.SUM_DIFFERS, Check.KNOWLEDGE_LOST, Check.ENCODING}
)
"""What no schema of a row is about: other rows, several fields, what a text looks like. Keys that are no field are told
in a finding, and not forbidden: a column without a value is no mistake."""

NO_SCHEMA_SAYS = {
    ("S101", 3): "a range that runs backwards",
    ("S102", 3): "a day that does not exist in its month",
    ("S102", 8): "a span that runs backwards",
    ("V203", 3): "the end of a range that lies outside of the bounds",
    ("V203", 5): "a day outside of the bounds",
    ("V203", 6): "a day outside of the bounds",
    ("V203", 7): "a year outside of the bounds, as text",
    ("S105-json", 3): "a key that stands twice is gone once a program has read the object",
}
"""Rows that the schema lets pass and reading holds, by example and element, each with what no schema can say."""

STRICTER = {
    ("sets", 2): "a code in other capitals",
    ("empties", 3): "a word for a kind of empty in other capitals, with a space",
}
"""Rows that reading takes and the schema does not: people write so, programs need not."""


class Seen(Struct, frozen=True):
    """One row: whether the schema takes it, and the checks of reading that found something in it."""

    example: str
    row: int
    is_valid: bool
    checks: frozenset[str]


@cache
def seen(version: str) -> tuple[Seen, ...]:
    return tuple(_seen(load_kit(published().library, published().scopes, version)))


def _seen(kit: Kit) -> Iterator[Seen]:
    address = {part: word for word, part in PART_PATHS.items()}
    schemas = {
        name: jsonschema_rs.validator_for(row_schema(kit.contract, part, f"/{address[name]}"))
        for name, part in kit.contract.parts.items()
    }
    for example in kit.examples:
        if isinstance(example.content, Raw) and (example.content.ending != "json" or example.content.refused):
            continue
        for file in files_of(kit, example, endings=("json",)):
            for number, row in enumerate(json.loads(file.content), 1):
                rules = [kit.contract.rule[item.rule] for item in file.expected.findings if item.row == number]
                checks = frozenset(str(rule.check) for rule in rules if rule.check is not None)
                yield Seen(example.name.partition("/")[2], number, schemas[example.part].is_valid(row), checks)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_reading_finds_in_a_value_the_schema_refuses(version: str) -> None:
    found = [item for item in seen(version) if item.checks - NOT_OF_ONE_VALUE]
    assert len(found) > 80
    passed = {(item.example, item.row) for item in found if item.is_valid}
    assert passed == set(NO_SCHEMA_SAYS)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_the_schema_refuses_reading_finds(version: str) -> None:
    refused = {(item.example, item.row) for item in seen(version) if not item.is_valid and not item.checks}
    assert refused == set(STRICTER)
    assert sum(item.is_valid for item in seen(version)) > 2_000


@pytest.mark.parametrize("version", VERSIONS)
def test_the_patterns_of_a_schema_are_such_as_every_program_reads(version: str) -> None:
    contract = published().library.contracts[version]
    patterns = [
        pattern for part in contract.parts.values() for pattern in _patterns(row_schema(contract, part, "here"))
    ]
    assert len(patterns) > 20
    for pattern in patterns:  # ECMA-262 with the flag u: no escape of what needs none, nothing that only Python has
        assert not _escaped(pattern) - set("^$\\.*+?()[]{}|/"), pattern
        assert not any(mark in pattern for mark in ("(?P", "\\Z", "\\A", "*+", "++", "?+")), pattern


def _patterns(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from _patterns(value)
    elif isinstance(node, list):
        for value in node:
            yield from _patterns(value)


def _escaped(pattern: str) -> set[str]:
    return {pattern[place + 1] for place, mark in enumerate(pattern[:-1]) if mark == "\\"}


def test_the_parts_of_the_schemas_are_those_of_the_kit() -> None:
    parts = {example.part for example in load_kit(published().library, published().scopes, "2025.1").examples}
    assert parts == set(PART_PATHS.values()) == set(PartName) - {PartName.RETURN}
