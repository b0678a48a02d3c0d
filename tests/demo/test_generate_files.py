"""Generated rows as files: clean ones, and ones as people have them."""

from __future__ import annotations

import csv
import json
from datetime import date
from itertools import islice

import pytest

from service.contract.model import PartName
from service.contract.values import Check
from service.demo.fields import CASE_FIELDS
from service.demo.generate import Row, cases
from service.demo.mess import MessKind, Messy, messy
from service.demo.plan import plan
from service.demo.sheet import write_csv, write_ndjson
from tests.demo.reading import cell

COUNTRY = plan(date(2026, 11, 24), cases=6_100)
ROWS: list[Row] = list(islice(cases("metropolitan", COUNTRY, COUNTRY.periods[-1]), 200))
SEEDS = range(12)


def test_a_csv_file_holds_every_cell() -> None:
    assert list(csv.DictReader(write_csv(ROWS, CASE_FIELDS).decode().splitlines())) == ROWS


def test_an_ndjson_file_has_numbers_as_integers_and_blanks_as_null() -> None:
    lines = write_ndjson(ROWS, CASE_FIELDS).splitlines()
    assert len(lines) == len(ROWS)
    for line, row in zip(lines, ROWS, strict=True):
        record = json.loads(line)
        assert {field: "" if value is None else str(value) for field, value in record.items()} == row
        assert isinstance(record["suspect_count"], int) == row["suspect_count"].isdigit()


def lines_of(made: Messy) -> list[list[str]]:
    """The records of a messy file by a plain reader that knows what was done to it."""
    kinds = {mess.kind for mess in made.planted}
    text = made.body.decode("cp1252" if MessKind.CP1252 in kinds else "utf-8-sig")
    ends = "\n" if MessKind.LINE_FEEDS in kinds else "\r\n"
    delimiter = ";" if MessKind.SEMICOLONS in kinds else ","
    return list(csv.reader(_split(text, ends), delimiter=delimiter))


def _split(text: str, ends: str) -> list[str]:
    return [f"{line}\n" for line in text.replace("\x00", "\x01").replace(ends, "\n").split("\n")[:-1]]


@pytest.mark.parametrize("seed", SEEDS)
def test_each_mess_stands_where_it_is_said_to_stand(seed: int) -> None:
    made = messy(ROWS, seed)
    records = lines_of(made)
    header = [name.strip().lower().replace(" ", "_") for name in records[0]]
    for mess in made.planted:
        record = records[mess.row - 1]
        if mess.kind is MessKind.BLANK_LINE:
            assert record == []
        elif mess.kind is MessKind.TOO_MANY_CELLS:
            assert len(record) > len(header)
        elif mess.row > 1 and mess.field in CASE_FIELDS and mess.check not in {None, "duplicate_key"}:
            text = record[header.index(mess.field or "")].replace("\x01", "\x00")
            assert cell(PartName.CASE, mess.field or "", text).failed == Check(mess.check or "")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_with_enough_rows_has_every_kind_of_row_mess(seed: int) -> None:
    kinds = {mess.kind for mess in messy(ROWS, seed).planted}
    form = {MessKind.BYTE_ORDER_MARK, MessKind.CP1252, MessKind.SEMICOLONS, MessKind.LINE_FEEDS}
    assert kinds >= set(MessKind) - form


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_that_are_not_planted_are_as_they_were(seed: int) -> None:
    made = messy(ROWS, seed)
    planted = {mess.row for mess in made.planted}
    clean = {tuple(row[field] for field in CASE_FIELDS) for row in ROWS}
    for number, record in enumerate(lines_of(made), start=1):
        if number not in planted:
            assert tuple(record[: len(CASE_FIELDS)]) in clean


def test_the_kinds_of_file_all_come_up() -> None:
    seen = {mess.kind for seed in range(30) for mess in messy(ROWS[:3], seed).planted}
    assert {MessKind.BYTE_ORDER_MARK, MessKind.CP1252, MessKind.SEMICOLONS, MessKind.LINE_FEEDS} <= seen


def test_the_rows_handed_in_stay_as_they_are() -> None:
    before = [dict(row) for row in ROWS]
    messy(ROWS, 1)
    assert before == ROWS


def test_the_same_seed_makes_the_same_mess() -> None:
    assert messy(ROWS, 5) == messy(ROWS, 5)
    assert messy(ROWS, 5) != messy(ROWS, 6)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_few_rows_can_be_made_messy_too(count: int) -> None:
    assert messy(ROWS[:count], 3).body
