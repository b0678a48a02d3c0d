"""What the bounds of a field decide is what every value between them says, and nothing else is decided."""

from __future__ import annotations

from itertools import product

import pytest

from service.criteria.bounded import decided_by_bounds
from service.criteria.evaluate import evaluate
from service.criteria.tree import Between, Compare, Not, Op, Or

LEAST, MOST = 1, 4
VALUES = range(LEAST - 2, MOST + 3)
PARTS = (
    *(Compare("n", op, value) for op, value in product(Op, VALUES)),
    *(Between("n", low, high) for low, high in product(VALUES, VALUES) if low <= high),
)


@pytest.mark.parametrize("bounds", [(LEAST, MOST), (LEAST, None), (None, MOST), (None, None), (LEAST, LEAST)])
def test_a_comparison_is_decided_exactly_where_every_value_agrees(bounds: tuple[int | None, int | None]) -> None:
    low, high = bounds
    # far beyond every value that is compared with stands for having no bound
    may_be = range(-50 if low is None else low, (50 if high is None else high) + 1)
    for part in PARTS:
        answers = {evaluate(part, {"n": (value, value)}) for value in may_be}
        found = [each.always for each in decided_by_bounds(part, {"n": bounds})]
        assert found == (list(answers) if len(answers) == 1 else []), part


def test_each_is_found_wherever_it_stands_and_a_field_without_bounds_decides_nothing() -> None:
    never, open_ = Compare("n", Op.ABOVE, MOST), Compare("m", Op.ABOVE, MOST)
    found = list(decided_by_bounds(Or((open_, Not(never))), {"n": (LEAST, MOST)}))
    assert [(each.part, each.always) for each in found] == [(never, False)]
