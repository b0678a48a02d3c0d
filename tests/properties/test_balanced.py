"""What went over between forces moves nothing in the nation, and what is put down to other causes moves no force."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from service.picture.balanced import balanced
from service.picture.bridge import Delta, Flow, delta_of
from service.tally.moves import Cause
from tests.support.tallies import PUBLISHED, WIDE

EDITION = PUBLISHED.scopes[WIDE]
RULINGS = st.sampled_from([None, 0, 0, 1, 4, -1, -2])
flows = st.lists(
    st.builds(
        Flow,
        force=st.integers(0, 3),
        cause=st.sampled_from([Cause.TRANSFERRED, Cause.TRANSFERRED, Cause.WITHDRAWN, Cause.CORRECTED]),
        before=RULINGS,
        after=RULINGS,
        weight=st.integers(-3, 5),
        edition_before=st.just(EDITION),
        edition_after=st.just(EDITION),
    ),
    max_size=8,
)


def _moved(some: Iterable[Flow]) -> Delta:
    return sum((delta_of(each) for each in some), Delta())


@given(flows, st.sets(st.integers(0, 3)))
def test_the_nation_is_moved_by_nothing_that_went_over_and_no_force_is_moved(
    sent: list[Flow], covered: set[int]
) -> None:
    added = list(balanced(sent, covered, EDITION))
    assert _moved(each for each in (*sent, *added) if each.cause is Cause.TRANSFERRED) == Delta()
    for force in range(4):
        assert _moved(each for each in added if each.force == force) == Delta()


@given(flows, st.sets(st.integers(0, 3)))
def test_what_is_balanced_stays_as_it_is(sent: list[Flow], covered: set[int]) -> None:
    added = list(balanced(sent, covered, EDITION))
    assert _moved(balanced([*sent, *added], covered, EDITION)) == Delta()
    assert {each.cause for each in balanced([*sent, *added], covered, EDITION)} <= {Cause.TRANSFERRED}
