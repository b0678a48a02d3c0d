"""Rows that stand twice are named by two passes over hashes: the same as by remembering every one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.returns import doubles
from service.returns.doubles import Doubles
from service.returns.readers import BytesSource, TypedBlock, read
from tests.support.files import CASE, CONTRACT
from tests.support.returns import csv_of

references = st.sampled_from([f"K/{number}" for number in range(12)])
rows = st.lists(st.tuples(references, st.one_of(st.none(), references)), min_size=1, max_size=30)


class Blocks:
    """A file in blocks of three rows, that counts how often it is read."""

    def __init__(self, sent: list[tuple[str, str | None]]) -> None:
        self.content = csv_of(
            {"case_ref": key, "former_case_ref": former or "", "stage": "identified"} for key, former in sent
        )
        self.read = 0

    def __call__(self) -> Iterator[TypedBlock]:
        self.read += 1
        return read(BytesSource(self.content), "text/csv", CASE, CONTRACT, block_rows=3)


def named(blocks: Blocks) -> list[tuple[str, int]]:
    found = Doubles(CONTRACT, CASE)
    for block in blocks():
        found.take(block, set())
    return sorted((finding.rule, finding.row) for finding in found.findings(blocks, frozenset()))


def expected(sent: list[tuple[str, str | None]]) -> list[tuple[str, int]]:
    times = Counter(key for key, _ in sent)
    twice = [("V207", row) for row, (key, _) in enumerate(sent, 2) if times[key] > 1]
    in_use = [
        ("V211", row)
        for row, (key, former) in enumerate(sent, 2)
        if former is not None and times[former] > (1 if former == key else 0)
    ]
    return sorted(twice + in_use)


@given(rows)
def test_what_is_named_is_what_remembering_every_row_would_name(sent: list[tuple[str, str | None]]) -> None:
    assert named(Blocks(sent)) == expected(sent)


def test_a_file_without_doubles_is_read_once() -> None:
    blocks = Blocks([(f"K/{number}", None) for number in range(40)])
    assert named(blocks) == []
    assert blocks.read == 1


@pytest.mark.parametrize(
    "sent", [[("K/1", None), ("K/2", "K/9"), ("K/3", None)], [("K/1", None), ("K/1", "K/2"), ("K/2", None)]]
)
def test_hashes_that_are_alike_by_chance_name_nobody(
    monkeypatch: pytest.MonkeyPatch, sent: list[tuple[str, str | None]]
) -> None:
    monkeypatch.setattr(doubles, "hash", lambda _: 7, raising=False)
    blocks = Blocks(sent)
    assert named(blocks) == expected(sent)
    assert blocks.read == 2
