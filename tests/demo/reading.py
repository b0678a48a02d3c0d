"""Read generated rows with the published contract, as the service would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from service.contract.library import contracts_root, load_library
from service.contract.model import Contract, PartName, Severity
from service.contract.values import Cell, Check, cell_reader
from service.criteria.evaluate import Observation, Test, compiled
from service.criteria.parse import parse
from service.criteria.ruling import Definition, define

VERSION = "2025.1"
WIDE = (
    "offence_code in child_offences or (offence_code in sexual_offences and youngest_victim_age < 18)",
    "suspect_count >= 2",
    "victim_count >= 1",
    "outcome in nfa_outcomes and nfa_by in ('police', 'cps')",
    "nfa_date between '2010-11-01' and '2025-10-31'",
)
"""The rules of 2025-11-wide."""


@cache
def contract() -> Contract:
    return load_library(contracts_root()).contracts[VERSION]


@cache
def wide() -> Definition:
    vocabulary = contract().vocabulary
    return define(parse(rule, vocabulary, null_tests=False) for rule in WIDE)


@lru_cache(maxsize=100_000)
def cell(part: PartName, field: str, text: str) -> Cell:
    return cell_reader(contract().parts[part].by_name[field])(text)


def unreadable(part: PartName, rows: Iterable[Mapping[str, str]]) -> set[tuple[str, str, Check]]:
    """Every cell that reading would report: field, text, check."""
    seen = {(field, text) for row in rows for field, text in row.items()}
    return {(field, text, failed) for field, text in seen if (failed := cell(part, field, text).failed) is not None}


def observed(part: PartName, row: Mapping[str, str]) -> Observation:
    return {field: cell(part, field, text).value for field, text in row.items()}


def verdict(part: PartName, row: Mapping[str, str]) -> str:
    """What 2025-11-wide says of a row: ``in``, ``out`` or ``undetermined``."""
    ruling = wide().ruling(observed(part, row))
    return "in" if ruling == 0 else "out" if ruling < 0 else "undetermined"


@cache
def _rules(part: PartName) -> tuple[tuple[Severity, Test], ...]:
    rules = contract().rules_of(part)
    return tuple((rule.severity, compiled(rule.criterion)) for rule in rules if rule.criterion is not None)


def fired(part: PartName, row: Mapping[str, str]) -> set[Severity]:
    """The severities of the contract's conditions that say something against a row."""
    seen = observed(part, row)
    return {severity for severity, test in _rules(part) if test(seen) is True}
