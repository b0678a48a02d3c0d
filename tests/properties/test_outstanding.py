"""What is lacking together, over generated rulings: each undetermined weight once, whatever is named."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from service.picture.outstanding import OutstandingRow, by_attribute, together

ATTRIBUTES = ("a", "b", "c", "d")
ROWS = st.lists(
    st.builds(
        lambda force, ruling, weight, numbers: OutstandingRow(
            force=force,
            period=date(2025, 11, 1),
            revision=1,
            judged=True,
            ruling=ruling,
            weight=weight if ruling else 0,
            numbers=min(numbers, weight) if ruling else 0,
        ),
        st.integers(1, 3),
        st.none() | st.integers(1, 2 ** len(ATTRIBUTES) - 1),
        st.integers(0, 9),
        st.integers(0, 9),
    ),
    max_size=20,
)


@given(ROWS, st.integers(0, 16))
def test_the_sets_add_up_to_what_is_undetermined_the_heaviest_first(rows: list[OutstandingRow], most: int) -> None:
    told = together(rows, ATTRIBUTES, most)
    named = [each.cases for each in told.sets]
    assert sum(named) + told.other_cases == sum(row.weight for row in rows)
    assert len(named) <= most
    assert named == sorted(named, reverse=True)
    assert bool(told.other_sets) == bool(told.other_cases)
    assert all(named)


@given(ROWS)
def test_sets_of_one_are_what_is_lacking_alone_and_all_with_an_attribute_are_its_cases(
    rows: list[OutstandingRow],
) -> None:
    sets = together(rows, ATTRIBUTES, 16).sets
    for lack in by_attribute(rows, ATTRIBUTES):
        assert lack.alone == sum(each.cases for each in sets if each.attributes == (lack.attribute,))
        assert lack.cases == sum(each.cases for each in sets if lack.attribute in each.attributes)
