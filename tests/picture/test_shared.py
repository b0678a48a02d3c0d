"""Shared cases (semantics 29): counted once where every holder says so, said aloud where not."""

from __future__ import annotations

from service.tally.shared import Joined, SharedRow, join

AVON, KENT, ESSEX = 0, 1, 2


def a_row(force: int, *names: int, lead: int | None = KENT, ruling: int | None = 0) -> SharedRow:
    mask = sum(1 << name for name in names)
    return SharedRow(force=force, shared_ref="kent:0412", shared_with=mask or None, lead=lead, ruling=ruling)


def led(joined: Joined) -> list[int]:
    return [row.force for row in joined.led_elsewhere]


def test_a_case_that_both_holders_confirm_is_counted_once_under_the_lead() -> None:
    joined = join([a_row(AVON, KENT), a_row(KENT, AVON)])
    assert (led(joined), joined.possible_doubles, joined.confirmed) == ([AVON], 0, 1)


def test_a_case_that_three_forces_hold_is_counted_once_when_each_names_the_other_two() -> None:
    joined = join([a_row(AVON, KENT, ESSEX), a_row(KENT, AVON, ESSEX), a_row(ESSEX, AVON, KENT)])
    assert (led(joined), joined.possible_doubles) == ([AVON, ESSEX], 0)


def test_a_force_that_names_itself_too_says_nothing_else() -> None:
    assert led(join([a_row(AVON, KENT, AVON), a_row(KENT, AVON)])) == [AVON]


def test_a_claim_that_the_other_force_does_not_know_of_counts_and_is_a_possible_double() -> None:
    joined = join([a_row(AVON, KENT)])
    assert (led(joined), joined.possible_doubles, joined.confirmed) == ([], 1, 0)


def test_a_one_sided_claim_counts_on_both_sides() -> None:
    joined = join([a_row(AVON, KENT), a_row(KENT)])
    assert (led(joined), joined.possible_doubles) == ([], 1)


def test_a_third_force_that_only_one_names_leaves_all_of_them_counted() -> None:
    joined = join([a_row(AVON, KENT, ESSEX), a_row(KENT, AVON)])
    assert (led(joined), joined.possible_doubles) == ([], 2)


def test_a_contested_lead_counts_on_both_sides() -> None:
    joined = join([a_row(AVON, KENT, lead=AVON), a_row(KENT, AVON, lead=KENT)])
    assert (led(joined), joined.possible_doubles) == ([], 1)


def test_a_lead_that_is_not_among_the_holders_decides_nothing() -> None:
    assert led(join([a_row(AVON, KENT, lead=ESSEX), a_row(KENT, AVON, lead=ESSEX)])) == []


def test_without_a_lead_both_count() -> None:
    assert led(join([a_row(AVON, KENT, lead=None), a_row(KENT, AVON, lead=None)])) == []


def test_a_reference_that_names_nobody_is_no_double() -> None:
    joined = join([a_row(AVON, lead=AVON)])
    assert (led(joined), joined.possible_doubles) == ([], 0)


def test_what_no_holder_has_in_scope_is_no_possible_double() -> None:
    assert join([a_row(AVON, KENT, ruling=-1), a_row(KENT, ruling=-2)]).possible_doubles == 0
    assert join([a_row(AVON, KENT, ruling=-1), a_row(KENT, ruling=4)]).possible_doubles == 1
    assert join([a_row(AVON, KENT, ruling=None), a_row(KENT, ruling=-1)]).possible_doubles == 1


def test_one_force_that_reports_the_case_twice_is_not_two_holders() -> None:
    joined = join([a_row(AVON, lead=AVON), a_row(AVON, lead=AVON)])
    assert (led(joined), joined.possible_doubles) == ([], 0)


def test_a_case_that_its_lead_reports_twice_may_be_there_twice() -> None:
    joined = join([a_row(KENT, AVON), a_row(KENT, AVON), a_row(AVON, KENT)])
    assert (led(joined), joined.possible_doubles, joined.confirmed) == ([AVON], 1, 1)
    out = join([a_row(KENT, AVON), a_row(KENT, AVON, ruling=-1), a_row(AVON, KENT)])
    assert out.possible_doubles == 0


def test_a_case_that_another_than_its_lead_reports_twice_is_counted_once() -> None:
    joined = join([a_row(KENT, AVON), a_row(AVON, KENT), a_row(AVON, KENT)])
    assert (led(joined), joined.possible_doubles) == ([AVON, AVON], 0)


def test_a_one_sided_claim_on_two_rows_may_be_there_three_times() -> None:
    assert join([a_row(AVON, KENT), a_row(AVON, KENT), a_row(KENT)]).possible_doubles == 2
