"""Shared cases (semantics 29): counted once where every holder says so, said aloud where not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from service.tally.shared import Joined, SharedRow, join

AVON, KENT, ESSEX = 0, 1, 2
EVERYONE = {AVON: AVON, KENT: KENT, ESSEX: ESSEX}


def a_row(force: int, *names: int, lead: int | None = KENT, ruling: int | None = 0) -> SharedRow:
    mask = sum(1 << name for name in names)
    return SharedRow(force=force, shared_ref="kent:0412", shared_with=mask or None, lead=lead, ruling=ruling)


def joined(rows: Sequence[SharedRow], holding: Mapping[int, int] = EVERYONE) -> Joined:
    return join(rows, holding)


def led(found: Joined) -> list[int]:
    return [row.force for row in found.led_elsewhere]


def test_a_case_that_both_holders_confirm_is_counted_once_under_the_lead() -> None:
    found = joined([a_row(AVON, KENT), a_row(KENT, AVON)])
    assert (led(found), found.possible_doubles, found.confirmed) == ([AVON], 0, 1)


def test_a_case_that_three_forces_hold_is_counted_once_when_each_names_the_other_two() -> None:
    found = joined([a_row(AVON, KENT, ESSEX), a_row(KENT, AVON, ESSEX), a_row(ESSEX, AVON, KENT)])
    assert (led(found), found.possible_doubles) == ([AVON, ESSEX], 0)


def test_a_force_that_names_itself_too_says_nothing_else() -> None:
    assert led(joined([a_row(AVON, KENT, AVON), a_row(KENT, AVON)])) == [AVON]


def test_a_claim_that_the_other_force_does_not_know_of_counts_and_is_a_possible_double() -> None:
    found = joined([a_row(AVON, KENT)])
    assert (led(found), found.possible_doubles, found.confirmed) == ([], 1, 0)


def test_a_one_sided_claim_counts_on_both_sides() -> None:
    found = joined([a_row(AVON, KENT), a_row(KENT)])
    assert (led(found), found.possible_doubles) == ([], 1)


def test_a_third_force_that_only_one_names_leaves_all_of_them_counted() -> None:
    found = joined([a_row(AVON, KENT, ESSEX), a_row(KENT, AVON)])
    assert (led(found), found.possible_doubles) == ([], 2)


def test_a_contested_lead_counts_on_both_sides() -> None:
    found = joined([a_row(AVON, KENT, lead=AVON), a_row(KENT, AVON, lead=KENT)])
    assert (led(found), found.possible_doubles) == ([], 1)


def test_a_lead_that_is_not_among_the_holders_decides_nothing() -> None:
    assert led(joined([a_row(AVON, KENT, lead=ESSEX), a_row(KENT, AVON, lead=ESSEX)])) == []


def test_without_a_lead_both_count() -> None:
    assert led(joined([a_row(AVON, KENT, lead=None), a_row(KENT, AVON, lead=None)])) == []


def test_a_reference_that_names_nobody_is_no_double() -> None:
    found = joined([a_row(AVON, lead=AVON)])
    assert (led(found), found.possible_doubles) == ([], 0)


def test_only_where_two_rows_may_be_in_the_figure_is_a_case_there_twice() -> None:
    assert joined([a_row(AVON, KENT, ruling=-1), a_row(KENT, ruling=-2)]).possible_doubles == 0
    assert joined([a_row(AVON, KENT, ruling=-1), a_row(KENT, ruling=4)]).possible_doubles == 0
    assert joined([a_row(AVON, KENT, ruling=None), a_row(KENT, ruling=-1)]).possible_doubles == 0
    assert joined([a_row(AVON, KENT, ruling=None), a_row(KENT, ruling=4)]).possible_doubles == 1


def test_what_is_out_of_scope_for_one_may_be_in_the_figure_of_one_that_it_names_and_there_once() -> None:
    assert joined([a_row(AVON, KENT, ruling=-1)]).possible_doubles == 0
    assert joined([a_row(AVON, KENT, ESSEX, ruling=-1), a_row(KENT)]).possible_doubles == 1


def test_a_force_that_is_named_and_of_which_nothing_counts_has_no_case_in_the_figure() -> None:
    assert joined([a_row(AVON, KENT)], {AVON: AVON}).possible_doubles == 0
    assert joined([a_row(AVON, KENT, ESSEX)], {AVON: AVON, ESSEX: ESSEX}).possible_doubles == 1


def test_a_force_that_took_over_another_has_what_it_says_it_shares_with_that_one_once() -> None:
    holding = {AVON: KENT, KENT: KENT, ESSEX: ESSEX}
    assert joined([a_row(KENT, AVON)], holding).possible_doubles == 0
    assert joined([a_row(KENT, AVON), a_row(ESSEX, AVON)], holding).possible_doubles == 1


def test_what_is_shared_with_a_force_that_left_may_be_with_who_took_it_over() -> None:
    holding = {AVON: KENT, KENT: KENT, ESSEX: ESSEX}
    assert joined([a_row(ESSEX, AVON)], holding).possible_doubles == 1
    assert joined([a_row(ESSEX, AVON, KENT)], holding).possible_doubles == 1


def test_one_force_that_reports_the_case_twice_may_have_it_there_twice_whoever_it_names() -> None:
    assert joined([a_row(AVON, lead=AVON), a_row(AVON, lead=AVON)]).possible_doubles == 1
    assert joined([a_row(AVON, KENT), a_row(AVON)]).possible_doubles == 2
    assert joined([a_row(AVON, KENT), a_row(AVON), a_row(KENT, AVON)]).possible_doubles == 2


def test_a_case_that_its_lead_reports_twice_may_be_there_twice() -> None:
    found = joined([a_row(KENT, AVON), a_row(KENT, AVON), a_row(AVON, KENT)])
    assert (led(found), found.possible_doubles, found.confirmed) == ([AVON], 1, 1)
    out = joined([a_row(KENT, AVON), a_row(KENT, AVON, ruling=-1), a_row(AVON, KENT)])
    assert out.possible_doubles == 0


def test_a_case_that_another_than_its_lead_reports_twice_is_counted_once() -> None:
    found = joined([a_row(KENT, AVON), a_row(AVON, KENT), a_row(AVON, KENT)])
    assert (led(found), found.possible_doubles) == ([AVON, AVON], 0)


def test_a_one_sided_claim_on_two_rows_may_be_there_three_times() -> None:
    assert joined([a_row(AVON, KENT), a_row(AVON, KENT), a_row(KENT)]).possible_doubles == 2
