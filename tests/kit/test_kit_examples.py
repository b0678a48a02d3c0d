"""The examples of the conformance kit: one for every rule, and each gives exactly what it says that it must."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from service.contract.library import LibraryErrors, contracts_root, load_library
from service.contract.model import PartName
from service.kit.compare import differences
from service.kit.expected import files_of
from service.kit.model import MEDIA, Kit, Raw
from service.kit.offline import outcome_of
from service.kit.read import load_kit
from service.returns.offline import NEEDS_MORE
from tests.support.returns import published

VERSIONS = tuple(published().library.contracts)

each_version = pytest.mark.parametrize("version", VERSIONS)


@cache
def kit_of(version: str) -> Kit:
    return load_kit(published().library, published().scopes, version)


@each_version
@pytest.mark.parametrize("ending", MEDIA)
def test_every_file_gives_exactly_what_its_example_says(version: str, ending: str) -> None:
    kit, library = kit_of(version), published().library
    examples = [example for example in kit.examples if not example.before]
    files = [file for example in examples for file in files_of(kit, example, endings=(ending,))]
    assert len(files) > 100
    wrong = {file.name: differences(file.expected, outcome_of(kit, library, file)) for file in files}
    assert {name: found for name, found in wrong.items() if found} == {}


@each_version
def test_every_rule_is_found_in_an_example_of_each_of_its_parts(version: str) -> None:
    kit = kit_of(version)
    found = {
        (example.part, finding.rule)
        for example in kit.examples
        for file in files_of(kit, example, endings=_first_ending(example.content))
        for finding in file.expected.findings
    }
    found |= {(PartName.RETURN, item.rule) for whole in kit.returns for item in whole.finds}
    rules = kit.contract.rules
    wanted = {(part, rule.id) for rule in rules if rule.criterion is not None for part in rule.parts}
    assert wanted - found == set()
    anywhere = {rule for _, rule in found}
    assert {rule.id for rule in rules} - anywhere == set()


def _first_ending(content: object) -> tuple[str, ...]:
    return (content.ending,) if isinstance(content, Raw) else ("csv",)


@each_version
def test_every_example_of_a_rule_has_a_neighbour_in_which_it_is_not_found(version: str) -> None:
    kit = kit_of(version)
    lonely = {
        example.name
        for example in kit.examples
        if not isinstance(example.content, Raw) and all(row.finds for row in example.content.rows)
    }
    assert lonely <= {"case/big-and-wrong"}


@each_version
def test_every_row_that_can_be_counted_says_what_it_counts_as_under_every_edition(version: str) -> None:
    kit = kit_of(version)
    editions = set(published().scopes)
    for example in kit.examples:
        if example.part is PartName.WORKFORCE:
            continue
        for file in files_of(kit, example):
            assert file.expected.refused is not None or set(file.expected.tallies) == editions, file.name


def test_only_what_needs_the_return_cannot_be_shown_offline() -> None:
    kit = kit_of("2025.1")
    before = {example.name.partition("/")[2] for example in kit.examples if example.before}
    needs = {rule.id for rule in kit.contract.rules if rule.check in NEEDS_MORE}
    assert before <= needs


def test_a_version_has_the_examples_of_the_one_that_it_extends_under_its_own_names() -> None:
    first, second = kit_of("2025.1"), kit_of("2026.1")
    assert {example.name for example in first.examples} <= {example.name for example in second.examples}
    (example,) = [example for example in second.examples if example.name == "case/Q331"]
    assert not isinstance(example.content, Raw)
    assert example.content.rows[0].values["victim_age_youngest"] == "16"


def test_files_are_the_same_each_time() -> None:
    kit = kit_of("2025.1")
    for example in kit.examples[:20]:
        assert [file.content for file in files_of(kit, example)] == [file.content for file in files_of(kit, example)]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("finds: [V220 offence_to]", "finds: [V219 offence_to]", "There is no rule 'V219'"),
        ("of: plain, unset: [missed_lines]", "of: plane, unset: [missed_lines]", "There is no clean row 'plane'"),
        ("unset: [missed_lines]", "unset: [missed_line]", "There is no field 'missed_line'"),
        ("out ended", "out endet", "is no verdict under 2025-11-wide"),
        ("parts: [workforce]", "parts: [worforce]", "There is no part 'worforce'"),
        ("    about: The offence ends", "    abuot: The offence ends", "There is no key 'abuot' here"),
    ],
)
def test_a_mistake_in_an_example_is_told_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    root = tmp_path / "contracts"
    shutil.copytree(contracts_root(), root)
    file = root / "returns/2025.1/examples/conditions.yaml"
    content = file.read_text(encoding="utf-8")
    assert old in content
    file.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(LibraryErrors) as caught:
        load_kit(load_library(root), published().scopes, "2025.1")
    line = content[: content.index(old)].count("\n") + 1
    assert any(says in str(item) and abs(item.line - line) < 3 for item in caught.value.problems), caught.value.problems
