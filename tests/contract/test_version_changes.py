"""What a version changes in the one before it, told from the data alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from service.contract.change import Change, ChangeKind, Reading
from service.contract.changes import PROMISE, changes_of
from service.contract.library import load_library
from service.terms.check import Published
from tests.support.contracts import Contracts


@pytest.fixture(scope="module")
def changes(published: Published) -> Mapping[str, Change]:
    found = changes_of(published.library, "2026.1").changes
    assert len({change.id for change in found}) == len(found)
    return {change.id: change for change in found}


def test_the_first_version_changes_nothing_and_says_so(published: Published) -> None:
    found = changes_of(published.library, "2025.1")
    assert (found.before, found.changes) == (None, ())
    assert found.says == "2025.1 is the first version: there is none before it."


def test_a_version_says_how_much_it_changes_and_that_it_moves_no_number(published: Published) -> None:
    found = changes_of(published.library, "2026.1")
    assert found.before == "2025.1"
    assert found.says.startswith("2026.1 changes 7 fields, ")
    assert found.says.endswith(PROMISE)


def test_a_field_that_is_derived_says_from_what_and_from_which_codes_nothing_follows(
    changes: Mapping[str, Change],
) -> None:
    change = changes["field-contact_offence-added"]
    assert change.kind is ChangeKind.DERIVED
    assert change.older.startswith(
        "A record of 2025.1 does not say it. Where ‘Contact offence’ is not recorded, it is "
    )
    assert "it depends: 22A (Causing sexual activity without consent), " in change.older
    assert change.older.endswith("Otherwise it is not known.")
    assert change.newer == "2025.1 has no such field: read by it, what a record of 2026.1 says here is lost."


def test_a_field_that_is_only_added_is_not_known_in_older_records(changes: Mapping[str, Change]) -> None:
    change = changes["field-suspects_alive-added"]
    assert (change.kind, change.older) == (ChangeKind.ADDED, "A record of 2025.1 does not say it, so it is not known.")


def test_a_renamed_field_loses_nothing(changes: Mapping[str, Change]) -> None:
    change = changes["field-victim_age_youngest-renamed"]
    assert (change.formerly, change.says) == (
        "youngest_victim_age",
        "`youngest_victim_age` is called `victim_age_youngest`.",
    )


def test_a_code_that_is_split_reads_as_one_of_several_and_back_as_itself(changes: Mapping[str, Change]) -> None:
    change = changes["field-setting-split-institutional"]
    kinds = ["school", "care_home", "religious", "sport", "other_institution"]
    assert _read(change.forward) == {"institutional": kinds}
    assert _read(change.back) == {kind: ["institutional"] for kind in kinds}


def test_codes_that_became_one_read_back_as_either(changes: Mapping[str, Change]) -> None:
    change = changes["field-priority-recoded-none"]
    assert _read(change.forward)["flight_risk"] == ["immediate"]
    assert _read(change.back)["immediate"] == ["dangerous_suspect", "flight_risk"]


def test_rules_are_told_by_what_became_of_them(changes: Mapping[str, Change]) -> None:
    tightened = changes["rule-Q356-tightened"]
    assert tightened.says.startswith("Q356 is validity now, and was quality. Found if ")
    assert tightened.step is not None
    assert changes["rule-Q330-carried"].says.startswith("Q330 asks the same in this version's names and codes. ")
    assert "rule-V240-added" in changes


def test_a_code_that_no_older_one_reads_as_cannot_be_said_by_the_version_before(contracts: Contracts) -> None:
    contracts.change("codes/priorities-2026.csv", "standard,", "archive,To be looked at last,7\nstandard,")
    found = {change.id: change for change in changes_of(load_library(contracts.root), "2026.1").changes}
    assert _read(found["field-priority-extended"].back) == {"archive": []}


def _read(readings: Iterable[Reading]) -> dict[str, list[str]]:
    return {each.code.code: [code.code for code in each.reads] for each in readings}
