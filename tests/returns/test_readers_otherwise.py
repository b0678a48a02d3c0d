"""What is read although it is written otherwise is counted for each column, exactly, and said once."""

from __future__ import annotations

import pytest

from service.contract.model import PartName
from service.returns.offline import validate
from service.returns.readers import columns
from tests.support.files import CONTRACT, a_record, as_csv, as_ndjson, blocks_of

CASE = CONTRACT.parts[PartName.CASE]
NOTE = (
    "setting: 1,200 cells are written otherwise, and were read: 800 with blanks around, "
    "800 in other capitals than the code."
)


def records(number: int = 1_200) -> list[dict[str, object]]:
    settings = ("gang ", " Gang", "GANG", "gang")
    return [a_record(f"CR/{index}", setting=settings[index % 4]) for index in range(number // 3 * 4)]


def notes_of(content: str, kind: str = "csv") -> list[str]:
    return [note for block in blocks_of(content, kind, block_rows=100) for note in block.notes]


@pytest.mark.parametrize("kind", ["csv", "ndjson"])
def test_a_column_has_one_note_with_its_count_over_all_blocks(kind: str) -> None:
    rows = records()
    expected = NOTE
    assert notes_of(as_csv(rows) if kind == "csv" else as_ndjson(rows), kind) == [expected]


def test_the_count_stays_exact_where_more_texts_differ_than_are_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(columns, "REMEMBERED", 2)
    assert notes_of(as_csv(records())) == [NOTE]


def test_a_cell_that_is_refused_is_not_counted_as_read() -> None:
    assert notes_of(as_csv([a_record(setting=" nowhere "), a_record("CR/2", setting=" nowhere ")])) == []


def test_what_is_written_as_the_standard_has_it_has_no_note() -> None:
    assert notes_of(as_csv([a_record(setting="gang", suspect_count="not_known", shared_with="essex;kent")])) == []


def test_the_report_of_a_file_says_it() -> None:
    report = validate(as_csv([a_record(" CR/1 ", setting="Gang")]).encode(), CONTRACT, CASE, "text/csv")
    assert report.notes == (
        "case_ref: 1 cell is written otherwise, and was read: 1 with blanks around.",
        "setting: 1 cell is written otherwise, and was read: 1 in other capitals than the code.",
    )


SHORT = "case_ref,stage,suspect_count,setting\n"


def test_rows_that_lack_cells_have_one_note_with_their_count_over_all_blocks() -> None:
    rows = [
        f"CR/{index},identified{',2,gang' if index % 3 else ',2' if index % 2 else ''}\n" for index in range(1, 1201)
    ]
    assert notes_of(f"{SHORT}{''.join(rows)}") == [
        "400 rows have fewer cells than the heading: what they lack was read as not known, first in row 4."
    ]


def test_one_row_that_lacks_cells_is_told_as_one() -> None:
    assert notes_of(f"{SHORT}CR/1,identified,2,\n\nCR/2,identified\n") == [
        "1 row has fewer cells than the heading: what it lacks was read as not known, in row 4."
    ]


def test_a_row_that_lacks_no_field_has_no_note() -> None:
    assert notes_of("case_ref,stage,,\nCR/1,identified\nCR/2,identified,,\n") == []
