"""Who was expected, and what of theirs counts (semantics 26, 30, 35)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from service.picture.coverage import CountingReturn, Coverage, Heir, Participation, Reporting, cover

JUNE, JULY, AUGUST, SEPTEMBER = (date(2026, month, 1) for month in (6, 7, 8, 9))
AVON, KENT, ESSEX = 0, 1, 2


def a_return(force: int, period: date, *, judged: bool = True) -> CountingReturn:
    return CountingReturn(
        force=force,
        return_id=UUID(int=force),
        period=period,
        revision=1,
        sealed_at=datetime(2026, 9, 5, tzinfo=UTC),
        sealed_position=7,
        judged=judged,
    )


def takes_part(force: int, last: date | None = None, successor: int | None = None, first: date = JUNE) -> Participation:
    return Participation(force=force, first_period=first, last_period=last, successor=successor)


def covered(
    *returns: CountingReturn,
    expected: tuple[Participation, ...],
    period: date | None = None,
    last_due: date | None = AUGUST,
) -> Coverage:
    sealed = {item.force: item for item in returns}
    return cover(expected, sealed, period=period, last_due=last_due, month=SEPTEMBER)


def states(coverage: Coverage) -> dict[int, tuple[Reporting, int | None]]:
    return {item.force: (item.state, item.age_periods) for item in coverage.forces}


def test_the_last_period_due_is_reported_an_older_one_carried_forward_and_none_is_missing() -> None:
    everyone = (takes_part(AVON), takes_part(KENT), takes_part(ESSEX))
    coverage = covered(a_return(AVON, AUGUST), a_return(KENT, JUNE), expected=everyone)
    assert states(coverage) == {
        AVON: (Reporting.REPORTED, 0),
        KENT: (Reporting.CARRIED_FORWARD, 2),
        ESSEX: (Reporting.NOT_REPORTED, None),
    }


def test_a_return_for_a_period_that_is_not_due_yet_is_reported() -> None:
    coverage = covered(a_return(AVON, SEPTEMBER), expected=(takes_part(AVON),))
    assert states(coverage) == {AVON: (Reporting.REPORTED, 0)}


def test_for_a_named_period_only_a_return_of_that_period_is_reported() -> None:
    everyone = (takes_part(AVON), takes_part(KENT))
    coverage = covered(a_return(AVON, JULY), a_return(KENT, JUNE), expected=everyone, period=JULY)
    assert states(coverage) == {AVON: (Reporting.REPORTED, 0), KENT: (Reporting.CARRIED_FORWARD, 1)}
    assert coverage.due_period == JULY


def test_while_nothing_is_due_whoever_has_sealed_has_reported() -> None:
    coverage = covered(a_return(AVON, JUNE), expected=(takes_part(AVON), takes_part(KENT)), last_due=None)
    assert states(coverage) == {AVON: (Reporting.REPORTED, 0), KENT: (Reporting.NOT_REPORTED, None)}


def test_a_force_that_joins_later_is_not_expected_before() -> None:
    later = Participation(force=KENT, first_period=AUGUST)
    assert covered(expected=(takes_part(AVON), later), period=JULY).expected == 1
    assert covered(expected=(takes_part(AVON), later), period=AUGUST).expected == 2


def test_a_force_that_left_is_named_and_not_in_the_sum() -> None:
    coverage = covered(a_return(AVON, JULY), expected=(takes_part(AVON, last=JULY), takes_part(KENT)))
    assert (coverage.not_expected, states(coverage)) == ((AVON,), {KENT: (Reporting.NOT_REPORTED, None)})


def test_a_merged_force_counts_until_its_successor_seals() -> None:
    everyone = (takes_part(AVON, last=JULY, successor=KENT), takes_part(KENT))
    before = covered(a_return(AVON, JULY), a_return(KENT, JULY), expected=everyone)
    assert states(before)[AVON] == (Reporting.CARRIED_FORWARD, 1)
    after = covered(a_return(AVON, JULY), a_return(KENT, AUGUST), expected=everyone)
    assert AVON not in states(after)
    assert after.not_expected == (AVON,)
    assert (before.heirs, after.heirs) == ({}, {AVON: Heir(KENT, JULY)})


def test_whose_return_has_the_cases_of_a_force_is_known_of_those_whose_cases_count() -> None:
    everyone = (takes_part(AVON, last=JULY, successor=KENT), takes_part(KENT), takes_part(ESSEX))
    before = covered(a_return(AVON, JULY), a_return(KENT, JULY), expected=everyone)
    assert before.holding == {AVON: AVON, KENT: KENT}
    after = covered(a_return(AVON, JULY), a_return(KENT, AUGUST), expected=everyone)
    assert after.holding == {AVON: KENT, KENT: KENT}
    left = covered(a_return(AVON, JULY), a_return(KENT, AUGUST), expected=(takes_part(AVON, JULY), takes_part(KENT)))
    assert left.holding == {KENT: KENT}


def test_a_merged_force_is_not_counted_twice_while_the_month_in_which_it_left_is_the_last_due() -> None:
    everyone = (takes_part(AVON, last=AUGUST, successor=KENT), takes_part(KENT))
    before = covered(a_return(AVON, AUGUST), a_return(KENT, AUGUST), expected=everyone)
    assert AVON in states(before)
    after = covered(a_return(AVON, AUGUST), a_return(KENT, SEPTEMBER), expected=everyone)
    assert AVON not in states(after)


MERGED = (
    takes_part(AVON, last=JUNE, successor=KENT),
    takes_part(KENT, last=JULY, successor=ESSEX),
    takes_part(ESSEX),
)


def test_a_chain_of_mergers_ends_with_the_first_heir_that_seals() -> None:
    coverage = covered(a_return(AVON, JUNE), a_return(KENT, JUNE), a_return(ESSEX, AUGUST), expected=MERGED)
    assert list(states(coverage)) == [ESSEX]
    assert coverage.heirs == {AVON: Heir(ESSEX, JUNE), KENT: Heir(ESSEX, JULY)}


def test_what_an_heir_had_taken_over_is_with_the_one_that_took_it_over_since() -> None:
    before = covered(a_return(AVON, JUNE), a_return(KENT, JULY), a_return(ESSEX, JULY), expected=MERGED)
    assert before.heirs == {AVON: Heir(KENT, JUNE)}
    after = covered(a_return(AVON, JUNE), a_return(KENT, JULY), a_return(ESSEX, AUGUST), expected=MERGED)
    assert after.heirs == {AVON: Heir(ESSEX, JULY), KENT: Heir(ESSEX, JULY)}


def test_a_force_that_is_back_and_leaves_again_is_not_kept_by_who_followed_it_before() -> None:
    kent = (takes_part(KENT, last=JUNE, successor=ESSEX), takes_part(KENT, first=JULY, last=JULY))
    coverage = covered(a_return(KENT, JULY), a_return(ESSEX, JUNE), expected=(*kent, takes_part(ESSEX)))
    assert list(states(coverage)) == [ESSEX]
    assert covered(a_return(KENT, JULY), a_return(ESSEX, JULY), expected=(*kent, takes_part(ESSEX))).heirs == {}


def test_who_followed_a_force_before_it_was_back_has_nothing_of_what_it_takes_over_since() -> None:
    everyone = (
        takes_part(AVON, last=JULY, successor=KENT),
        takes_part(KENT, last=JUNE, successor=ESSEX),
        takes_part(KENT, first=JULY),
        takes_part(ESSEX),
    )
    before = covered(a_return(AVON, JULY), a_return(KENT, JULY), a_return(ESSEX, AUGUST), expected=everyone)
    assert list(states(before)) == [AVON, KENT, ESSEX]
    after = covered(a_return(AVON, JULY), a_return(KENT, AUGUST), a_return(ESSEX, AUGUST), expected=everyone)
    assert after.heirs == {AVON: Heir(KENT, JULY)}


def test_forces_that_name_each_other_as_successor_do_not_hang_anything() -> None:
    everyone = (takes_part(AVON, last=JUNE, successor=KENT), takes_part(KENT, last=JUNE, successor=AVON))
    assert covered(a_return(AVON, JUNE), expected=everyone).expected == 2


def test_a_return_that_is_not_judged_yet_is_named() -> None:
    coverage = covered(a_return(AVON, AUGUST, judged=False), expected=(takes_part(AVON),))
    assert (coverage.not_judged, coverage.count(Reporting.REPORTED)) == ((AVON,), 1)
