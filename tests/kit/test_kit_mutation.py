"""Whoever breaks a rule, or switches off a check of reading, is noticed by the kit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pytest
from msgspec.structs import replace

from service.contract.findings import Finding
from service.contract.model import Field, PartName
from service.contract.values import Cell, Check, cell_reader
from service.kit.compare import differences
from service.kit.expected import files_of
from service.kit.model import MEDIA, Kit, Raw
from service.kit.offline import outcome_of
from service.kit.read import load_kit
from service.returns import offline
from service.returns.doubles import Doubles
from service.returns.offline_block import Checking
from service.returns.overlap import Overlap
from service.returns.readers import columns
from service.returns.readers.block import HeldRow
from tests.support.mutants import argued, is_noticed, mutants, seen_of, survivors
from tests.support.returns import published

VERSIONS = tuple(published().library.contracts)
HERE = (*sorted(set(Check) - set(offline.NEEDS_MORE)), Check.FORMER_IN_USE)
"""The checks that can be made without what a return already holds."""
MEASURES = published().library.contracts["2026.1"].parts[PartName.CASE].row_measures


@cache
def kit_of(version: str) -> Kit:
    return load_kit(published().library, published().scopes, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_no_break_of_a_condition_goes_unnoticed(version: str) -> None:
    kit = kit_of(version)
    assert len(list(mutants(kit.contract))) > 400
    unnoticed = [f"{item.rule}: {item.what}" for item in survivors(kit) if (item.rule, item.what) not in argued()]
    assert unnoticed == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_condition_that_is_whole_is_not_taken_for_broken(version: str) -> None:
    kit, seen = kit_of(version), seen_of(kit_of(version))
    rules = [rule for rule in kit.contract.rules if rule.criterion is not None]
    assert [rule.id for rule in rules if rule.criterion is not None and is_noticed(rule, rule.criterion, seen)] == []


def test_what_is_argued_not_to_be_a_break_is_still_unnoticed() -> None:
    unnoticed = {(item.rule, item.what) for version in VERSIONS for item in survivors(kit_of(version))}
    assert set(argued()) - unnoticed == set()


@pytest.mark.parametrize("field", [name for item in MEASURES for name in item.alike])
def test_cases_that_are_alike_in_one_thing_fewer_are_noticed(field: str) -> None:
    kit, library = kit_of("2026.1"), published().library
    (example,) = (example for example in kit.examples if example.name == "case/Q563")
    (file,) = files_of(kit, example, endings=("csv",))
    assert not differences(file.expected, outcome_of(kit, library, file))
    case = kit.contract.parts[PartName.CASE]
    less = [replace(item, alike=tuple(name for name in item.alike if name != field)) for item in case.row_measures]
    broken = replace(case, row_measures=tuple(less))
    contract = replace(kit.contract, parts={**kit.contract.parts, PartName.CASE: broken})
    assert differences(file.expected, outcome_of(replace(kit, contract=contract), library, file))


@pytest.mark.parametrize("check", HERE)
def test_a_check_of_reading_that_is_switched_off_is_noticed(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    kit = kit_of("2025.1")
    rules = {rule.id for rule in kit.contract.rules if rule.check == check}
    files = [
        file
        for example in kit.examples
        if not isinstance(example.content, Raw) or example.content.refused is None
        for file in files_of(kit, example, endings=MEDIA if isinstance(example.content, Raw) else ("csv",))
        if any(item.rule in rules for item in file.expected.findings) and file.expected.received < 100
    ]
    assert files
    library = published().library
    assert not any(differences(file.expected, outcome_of(kit, library, file)) for file in files)
    switch_off(check, rules, monkeypatch)
    assert all(differences(file.expected, outcome_of(kit, library, file)) for file in files)


def switch_off(check: Check, rules: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever reading or validating makes a finding of a check, it makes none."""
    add, unread = columns.Typing.add, columns.Typing.unread

    def reader(field: Field) -> Callable[[str], Cell]:
        read = cell_reader(field)
        return lambda text: Cell() if (cell := read(text)).failed is check else cell

    def added(self: Any, block: Any, made: Check, *more: Any) -> None:
        if made is not check:
            add(self, block, made, *more)

    def not_read(self: Any, row: int, text: str, made: Check, *more: Any) -> HeldRow:
        held = unread(self, row, text, made, *more)
        return HeldRow(held.row, held.text, (), held.key) if made is check else held

    def without(found: Callable[..., Iterable[Finding]]) -> Callable[..., list[Finding]]:
        return lambda *given: [item for item in found(*given) if item.rule not in rules]

    monkeypatch.setattr(columns, "cell_reader", reader)
    monkeypatch.setattr(columns.Typing, "add", added)
    monkeypatch.setattr(columns.Typing, "unread", not_read)
    for of, names in ((Checking, ("_missing", "_ruled", "_sums")), (Doubles, ("findings",)), (Overlap, ("holding",))):
        for name in names:
            monkeypatch.setattr(of, name, without(getattr(of, name)))
