"""What holds of every upgrade, over the published versions and one more that is made here: nothing is known that nobody
said, judging and reading forward can be exchanged, two upgrades are one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from service.contract.carry import Steps
from service.contract.library import Library, contracts_root, load_library
from service.contract.model import PartName
from service.contract.upgrade import code_masks, new_names, read_forward, reading_sql
from service.criteria.evaluate import evaluate
from service.criteria.parse import parse
from service.criteria.problem import ConditionError
from service.criteria.ruling import TooManyAttributes, define
from service.criteria.tree import Criterion, fields_of
from service.criteria.vocabulary import Vocabulary
from service.criteria.written import written
from tests.support.criteria import criteria, observations
from tests.support.engines import Postgres, rows_of

OLD, NEW, NEXT = "2025.1", "2026.1", "2027.1"
RECODED = ("setting", "priority")

Record = Mapping[str, Any]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The published versions, and one after them that renames, splits, recodes and adds once more."""
    return three_versions(tmp_path_factory.mktemp("three"))


def three_versions(folder: Any) -> Library:
    root = folder / "contracts"
    shutil.copytree(contracts_root(), root)
    codes = (root / "codes/settings-2026.csv").read_text()
    codes = codes.replace("3,school|", "3,day_school|boarding_school|").replace("\nschool,", "\nretired,")
    lines = [line for line in codes.splitlines() if not line.startswith("retired,")]
    lines += ["day_school,A day school,12,", "boarding_school,A boarding school,13,"]
    (root / "codes/settings-2027.csv").write_text("\n".join(lines) + "\n")
    (root / "codes/priorities-2027.csv").write_text(
        "# title: Priority\n# source: A test\ncode,title,ordinal\nfirst,First,7\nlater,Later,8\n"
    )
    version = root / "returns/2027.1"
    version.mkdir()
    (version / "contract.yaml").write_text(
        'version: "2027.1"\nstate: draft\ntitle: A test\nextends: "2026.1"\nleft_out: depends\nparts:\n  case:\n'
        "    changed:\n      setting: {list: settings-2027, example: day_school}\n"
        "      urgency: {list: priorities-2027, example: first}\n"
    )
    (version / "upgrade.yaml").write_text(
        'before: "2026.1"\nsteps:\n  - {renamed: priority, to: urgency}\n'
        "  - {split: setting, code: school, into: [day_school, boarding_school]}\n"
        "  - {recoded: urgency, codes: {immediate: first, high: first, standard: later}}\n"
    )
    (version / "rules.yaml").write_text("rules: []\n")
    return load_library(root)


def _some(library: Library, version: str, names: tuple[str, ...]) -> Vocabulary:
    """A vocabulary of a few fields only, so that conditions meet each other."""
    known = library.contracts[version].vocabulary
    return replace(known, fields={name: known.fields[name] for name in names})


def _stored(library: Library, version: str, record: Record) -> Record:
    """The record as the store has it: a code that stands for others is their bits."""
    part = library.contracts[version].parts[PartName.CASE]
    found = dict(record)
    for name, value in record.items():
        listed = part.by_name[name].list
        if listed is not None and isinstance(value, int):
            found[name] = listed.mask_of(tuple(c.code for c in listed.codes if value >> c.ordinal & 1))
    return found


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_is_unknown_stays_unknown_unless_it_is_declared_to_be_derived(three: Library, data: st.DataObject) -> None:
    names = ("setting", "priority", "youngest_victim_age", "suspect_count", "offence_code")
    record = data.draw(observations(_some(three, OLD, names)))
    fields = three.contracts[NEXT].parts[PartName.CASE].fields

    read = read_forward(three, record, OLD, NEXT)

    came_from = {new: old for old, new in new_names(three, OLD, NEXT).items()}
    for field in fields:
        if not field.derive and record.get(came_from.get(field.name, "")) is None:
            assert read[field.name] is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_two_upgrades_are_one(three: Library, data: st.DataObject) -> None:
    names = ("setting", "priority", "youngest_victim_age", "offence_code")
    record = data.draw(observations(_some(three, OLD, names)))

    at_once = read_forward(three, record, OLD, NEXT)

    assert read_forward(three, read_forward(three, record, OLD, NEW), NEW, NEXT) == at_once


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_judging_by_unchanged_fields_is_the_same_before_and_after_an_upgrade(
    three: Library, data: st.DataObject
) -> None:
    names = ("suspect_count", "victim_count", "outcome", "nfa_by", "nfa_date")
    vocabulary = _some(three, OLD, names)
    rules = data.draw(st.lists(criteria(vocabulary, null_tests=False), min_size=1, max_size=4))
    record = data.draw(observations(vocabulary))
    try:
        scope = define(rules)
    except TooManyAttributes:
        return

    assert scope.ruling(read_forward(three, record, OLD, NEXT)) == scope.ruling(record)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_condition_that_can_be_carried_says_the_same_of_a_record_that_is_read_forward(
    three: Library, data: st.DataObject
) -> None:
    before = _some(three, OLD, RECODED)
    condition = data.draw(criteria(before, null_tests=True))
    record = data.draw(observations(before))
    try:
        parse(written(condition), before, null_tests=True)
    except ConditionError:  # nobody could have published it
        assume(False)
    contract = three.contracts[NEW]
    steps = Steps(renames={}, relisted=contract.relisted, tightened={})
    try:
        text = steps.carried(written(condition), condition, contract.vocabulary, null_tests=True)
    except ConditionError:
        assume(not may_be_inexact(condition))
        raise

    carried = parse(text, contract.vocabulary, null_tests=True)

    assert evaluate(carried, read_forward(three, record, OLD, NEW)) == evaluate(condition, record)


def may_be_inexact(condition: Criterion) -> bool:
    """The only codes that became one are two priorities: a condition that has just one of them cannot be carried."""
    return "priority" in fields_of(condition)


@pytest.mark.parametrize("target", [OLD, NEW, NEXT])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_codes_read_the_same_in_python_and_in_sql_whoever_wrote_them(
    postgres_engine: Postgres, three: Library, target: str, data: st.DataObject
) -> None:
    written_by = data.draw(st.lists(st.sampled_from([OLD, NEW, NEXT]), min_size=20, max_size=20))
    name_of = {OLD: "priority", NEW: "priority", NEXT: "urgency"}
    rows = [
        (
            version,
            _stored(three, version, data.draw(observations(_some(three, version, ("setting", name_of[version]))))),
        )
        for version in written_by
    ]
    known = {**_some(three, OLD, RECODED).fields, "urgency": three.contracts[NEXT].vocabulary.fields["urgency"]}
    columns = reading_sql(three, target, "r", stored=known)
    asked = ", ".join(str(columns[name].mask) for name in ("setting", name_of[target]))

    found = postgres_engine.rows(f"select {asked} from {rows_of(known, [row for _, row in rows])} order by n")

    read = [read_forward(three, row, version, target) for version, row in rows]
    assert [tuple(row) for row in found] == [(row["setting"], row[name_of[target]]) for row in read]


def test_a_code_that_was_split_reads_as_one_of_its_parts_and_each_part_reads_back_as_it(three: Library) -> None:
    before = three.contracts[OLD].parts[PartName.CASE].by_name["setting"].list
    now = three.contracts[NEW].parts[PartName.CASE].by_name["setting"].list
    assert before is not None
    assert now is not None

    there = read_forward(three, {"setting": before.mask_of(("institutional",))}, OLD, NEW)["setting"]
    back = read_forward(three, {"setting": now.mask_of(("school",))}, NEW, OLD)["setting"]

    assert there == now.mask_of(("school", "care_home", "religious", "sport", "other_institution"))
    assert back == before.mask_of(("institutional",))


def test_codes_that_became_one_read_back_as_one_of_them(three: Library) -> None:
    before = three.contracts[OLD].parts[PartName.CASE].by_name["priority"].list
    now = three.contracts[NEW].parts[PartName.CASE].by_name["priority"].list
    assert before is not None
    assert now is not None

    back = read_forward(three, {"priority": now.mask_of(("immediate",))}, NEW, OLD)["priority"]

    assert back == before.mask_of(("dangerous_suspect", "flight_risk"))


def test_what_did_not_change_is_left_to_its_own_bits(three: Library) -> None:
    assert code_masks(three, NEW, "outcome") == {}
    assert code_masks(three, NEW, "suspect_count") == {}
