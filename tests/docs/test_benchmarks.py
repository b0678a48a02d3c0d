"""The benchmarks run, at a hundredth of their size: nobody finds them broken on the day that they are needed."""

from __future__ import annotations

import asyncio
import importlib

import pytest

from benchmarks.__main__ import BEGIN, END, MODULES, README
from benchmarks.harness import Bound, Figure, Pair, ratio

_QUICK = ("seal", "mess")


@pytest.mark.parametrize("name", _QUICK)
def test_a_benchmark_gives_its_figures_at_a_hundredth_of_its_size(name: str) -> None:
    figures = asyncio.run(importlib.import_module(f"benchmarks.{name}").measure(1, 0.01))
    assert figures
    assert all(figure.value > 0 for figure in figures)


def test_a_ratio_is_the_median_of_the_pairs() -> None:
    figure: Figure = ratio("a : b", Bound(most=3), [Pair(2, 1), Pair(9, 1), Pair(4, 2), Pair(10, 4), Pair(3, 1)])
    assert (figure.value, figure.low, figure.high) == (2.5, 2, 9)
    assert figure.reached


def test_every_figure_that_is_missed_is_accounted_for_in_words() -> None:
    table, _, words = README.read_text().partition(BEGIN)[2].partition(END)
    rows = [line for line in table.splitlines() if line.startswith("| ") and not line.startswith(("| what", "|---"))]
    assert len(rows) >= len(MODULES)
    missed = [row for row in rows if row.endswith("**no** |")]
    assert words.count("(to reach: ") == len(missed)
