"""What one cell says, and what a person is told of a cell that says nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from service.contract.library import load_library
from service.contract.mending import mend
from service.contract.model import Field, PartName
from service.contract.values import Cell, Check, Empty, cell_reader, read_cell
from service.criteria.vocabulary import OPEN_ABOVE, OPEN_BELOW, OPEN_NUMBER, Kind

CONTRACT = load_library().contracts["2025.1"]
CASE = CONTRACT.parts[PartName.CASE].by_name
WORKFORCE = CONTRACT.parts[PartName.WORKFORCE].by_name
PLAIN = {kind: Field(name="f", ordinal=0, kind=kind, label="F", meaning="") for kind in Kind}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("suspect_count", "3", (3, 3)),
        ("suspect_count", "0", (0, 0)),
        ("suspect_count", " 3\u00a0", (3, 3)),
        ("suspect_count", "3-5", (3, 5)),
        ("suspect_count", "3-3", (3, 3)),
        ("suspect_count", "2+", (2, OPEN_NUMBER)),
        ("nfa_date", "2014", (date(2014, 1, 1), date(2014, 12, 31))),
        ("nfa_date", "2016-02", (date(2016, 2, 1), date(2016, 2, 29))),
        ("nfa_date", "2014-03-07", (date(2014, 3, 7), date(2014, 3, 7))),
        ("nfa_date", "2012/2014", (date(2012, 1, 1), date(2014, 12, 31))),
        ("nfa_date", "2012-05/2014-03-07", (date(2012, 5, 1), date(2014, 3, 7))),
        ("nfa_date", "2012/..", (date(2012, 1, 1), OPEN_ABOVE)),
        ("nfa_date", "../2014-03", (OPEN_BELOW, date(2014, 3, 31))),
        ("case_ref", "CR/2014/00123", "CR/2014/00123"),
        ("shared_ref", "kent:0412", "kent:0412"),
        ("suspect_count", "", None),
        ("suspect_count", "Not known", None),
    ],
)
def test_a_cell_says_what_it_can_be(name: str, text: str, value: object) -> None:
    assert read_cell(CASE[name], text) == Cell(value)  # type: ignore[arg-type]


def test_a_decimal_is_taken_with_two_places_at_most() -> None:
    assert read_cell(WORKFORCE["officers_fte"], "26.5").value == (Decimal("26.5"), Decimal("26.5"))
    assert read_cell(WORKFORCE["officers_fte"], "26.555").failed is Check.DECIMAL
    assert read_cell(WORKFORCE["officers_fte"], "1-2").failed is Check.EXACT
    assert read_cell(PLAIN[Kind.DECIMAL], "1.5-2.5").value == (Decimal("1.5"), Decimal("2.5"))


@pytest.mark.parametrize("text", ["gang", "GANG", " Gang "])
def test_a_code_is_known_in_any_case(text: str) -> None:
    assert read_cell(CASE["setting"], text).value == CASE["setting"].list.mask_of(("gang",))  # type: ignore[union-attr]


def test_a_bar_says_one_of_these_and_a_semicolon_all_of_these() -> None:
    settings, forces = CASE["setting"].list, CASE["shared_with"].list
    assert settings is not None
    assert forces is not None
    assert read_cell(CASE["setting"], "gang|organised").value == settings.mask_of(("gang", "organised"))
    assert read_cell(CASE["shared_with"], "kent; essex").value == forces.mask_of(("kent", "essex"))
    assert read_cell(CASE["setting"], "gang;organised").failed is Check.CODE
    assert read_cell(CASE["shared_with"], "kent|essex").failed is Check.CODE
    assert read_cell(CASE["stage"], "assessed|referred").failed is Check.EXACT


@pytest.mark.parametrize(
    ("name", "text", "check"),
    [
        ("suspect_count", "two", Check.NUMBER),
        ("suspect_count", "007", Check.NUMBER),
        ("suspect_count", "1e3", Check.NUMBER),
        ("suspect_count", "1e400", Check.NUMBER),
        ("suspect_count", "٣", Check.NUMBER),
        ("suspect_count", "3.0", Check.NUMBER),
        ("suspect_count", "1,000", Check.NUMBER),
        ("suspect_count", "5-3", Check.NUMBER),
        ("suspect_count", "9" * 10_000, Check.NUMBER),
        ("suspect_count", "-1", Check.BOUNDS),
        ("suspect_count", "1000", Check.BOUNDS),
        ("suspect_count", "9999999999999999999", Check.BOUNDS),
        ("nfa_date", "31/02/2014", Check.DATE),
        ("nfa_date", "2014-02-30", Check.DATE),
        ("nfa_date", "07/03/2014", Check.DATE),
        ("nfa_date", "07/03/14", Check.DATE),
        ("nfa_date", "41705", Check.DATE),
        ("nfa_date", "2014/2012", Check.DATE),
        ("nfa_date", "../..", Check.DATE),
        ("nfa_date", "1850", Check.BOUNDS),
        ("nfa_date", "9999-12-31", Check.DATE),
        ("setting", "gangs", Check.CODE),
        ("setting", "not_applicable", Check.NOT_APPLICABLE),
        ("case_ref", "", Check.REQUIRED),
        ("case_ref", "not provided", Check.REQUIRED),
        ("case_ref", "A B1", Check.PATTERN),
        ("case_ref", "a\x001", Check.TEXT),
        ("case_ref", "a1" * 40, Check.TEXT),
        ("case_ref", "John Smith", Check.PERSONAL),
    ],
)
def test_what_cannot_be_taken_names_its_check(name: str, text: str, check: Check) -> None:
    assert read_cell(CASE[name], text) == Cell(failed=check)


@pytest.mark.parametrize("text", ["not_provided", "Not Provided", "NOT-PROVIDED", "not  provided"])
def test_not_provided_is_said_in_any_spelling(text: str) -> None:
    assert read_cell(CASE["suspect_count"], text) == Cell(empty=Empty.NOT_PROVIDED)


def test_not_applicable_is_taken_where_the_field_declares_it() -> None:
    assert read_cell(CASE["shared_ref"], "not applicable") == Cell(empty=Empty.NOT_APPLICABLE)


@pytest.mark.parametrize(
    ("name", "text", "write"),
    [
        ("suspect_count", "two", "Write 2."),
        ("suspect_count", "007", "Write 7."),
        ("suspect_count", "1e2", "Write 100."),
        ("suspect_count", "٣", "Write 3."),
        ("suspect_count", "3.0", "Write 3."),
        ("suspect_count", "+3", "Write 3."),
        ("suspect_count", "1,000", ""),
        ("suspect_count", "5-3", "Write 3-5."),
        ("suspect_count", "3 to 5", "Write 3-5."),
        ("suspect_count", "5 or more", "Write 5+."),
        ("suspect_count", "<5", "Write 0-4."),
        ("suspect_count", "05-Mar", "Write 3-5. Format the column as Text first, or it becomes a day again."),
        ("suspect_count", "unknown", "Leave the cell empty, or write not_known."),
        (
            "suspect_count",
            "None",
            "Write 0 if there are none; leave the cell empty, or write not_known, if nobody knows.",
        ),
        (
            "shared_with",
            "n/a",
            "Write not_applicable if there can be none; leave the cell empty, or write not_known, if nobody knows.",
        ),
        ("suspect_count", "1e400", ""),
        ("nfa_date", "31/02/2014", "Write the right day, or 2014-02 where no more is known."),
        ("nfa_date", "07/03/2014", "Write 2014-03-07 for 7 March, or 2014-07-03 for 3 July."),
        ("nfa_date", "31/12/2014", "Write 2014-12-31."),
        ("nfa_date", "07/03/14", "Write the year with four digits, as 2014-03-07."),
        ("nfa_date", "2014/03/07", "Write 2014-03-07."),
        ("nfa_date", "20140307", "Write 2014-03-07."),
        ("nfa_date", "2014-03-07T00:00:00", "Write 2014-03-07."),
        ("nfa_date", "7 March 2014", "Write 2014-03-07."),
        ("nfa_date", "Mar 2014", "Write 2014-03."),
        ("nfa_date", "03/2014", "Write 2014-03."),
        ("nfa_date", "41705", "Format the column as YYYY-MM-DD. In most spreadsheets 41705 is 2014-03-07."),
        ("nfa_date", "2014/2012", "Write 2012/2014."),
        ("setting", "gangs", "Write gang, if that is meant."),
        ("setting", "gang|orgnised", "Write organised instead of 'orgnised', if that is meant."),
        (
            "setting",
            "gang;organised",
            "Write the main one; or gang|organised, if it is one of these and not known which.",
        ),
        ("shared_with", "kent, essex", "Write kent;essex."),
        ("concern", "TRUE", "Write yes, if that is meant."),
        ("outcome", "016", "Write 16, if that is meant."),
    ],
)
def test_a_cell_that_cannot_be_taken_says_what_to_write(name: str, text: str, write: str) -> None:
    failed = read_cell(CASE[name], text).failed
    assert failed is not None
    assert mend(CASE[name], failed, text).write == write


def test_a_reader_may_be_asked_again_and_again() -> None:
    read = cell_reader(CASE["suspect_count"])
    assert [read(text).value for text in ("1", "2+", "1")] == [(1, 1), (2, OPEN_NUMBER), (1, 1)]
