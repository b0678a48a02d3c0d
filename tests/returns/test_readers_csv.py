"""CSV as people have it."""

from __future__ import annotations

import pytest

from service.contract.findings import sentence
from service.contract.model import PartName
from service.errors import CaseReturnsError, TooLarge, UnsupportedMedia
from service.returns.readers.block import LONGEST_ROW
from tests.support.files import CONTRACT, a_record, as_csv, block_of, blocks_of, row_of, told

HEAD = "case_ref,stage,suspect_count\n"


def test_cells_become_typed_columns() -> None:
    block = block_of(as_csv([a_record("CR/1", suspect_count="2-3"), a_record("CR/2", suspect_count="")]))
    assert block.values == {"case_ref": ["CR/1", "CR/2"], "stage": [1, 1], "suspect_count": [(2, 3), None]}
    assert block.rows == [2, 3]
    assert (block.findings, block.held, block.unread, block.notes) == ([], set(), [], ())


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode(),
        lambda text: ("sep=;\n" + text.replace(",", ";")).encode(),
        lambda text: text.replace("case_ref", " Case-Ref").replace("suspect_count", "SUSPECT COUNT ").encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: text.replace("stage", '"stage"').replace("CR/1", '"CR/1"').encode(),
        lambda text: text.replace("\nCR/2", "\n\n , ,\nCR/2").encode(),
    ],
)
def test_a_spreadsheet_is_read_however_it_was_saved(encode: object) -> None:
    block = block_of(encode(f"{HEAD}CR/1,identified,2\nCR/2,assessed,\n"))  # type: ignore[operator]
    assert block.values["case_ref"] == ["CR/1", "CR/2"]
    assert block.values["suspect_count"] == [(2, 2), None]
    assert block.findings == []


def test_windows_text_is_read_and_the_sender_is_told() -> None:
    block = block_of(f"{HEAD}CR/1,identified,2\nCafé,identified,3–5\n".encode("cp1252"))
    assert told(block) == [(3, "S101", "suspect_count", "3–5"), (3, "V204", "case_ref", "Café")]
    assert len(block.notes) == 1


def test_what_no_encoding_explains_is_held_with_its_row() -> None:
    block = block_of(HEAD.encode() + b"CR/1,identified,2\nCR/2,identified,\x81\x8d\nCR/3,identified,\xc3\xa9\n")
    assert (3, "S106", None, None) in told(block)
    assert block.held == {1, 2}


def test_rows_are_numbered_as_in_the_spreadsheet() -> None:
    block = block_of(f'\n{HEAD}CR/1,identified,2\n\n"CR/2\n",identified,x\n,,\nCR/3,identified,y\n')
    assert block.rows == [3, 5, 7]
    assert told(block) == [(5, "S101", "suspect_count", "x"), (7, "S101", "suspect_count", "y")]


def test_the_text_of_a_row_is_the_very_text_sent() -> None:
    block = block_of(f'{HEAD}CR/1 , identified,"2"\r\n"CR/2\n",identified,"say ""2"""\r\nCR/3,identified,3')
    assert list(block.originals) == ['CR/1 , identified,"2"', '"CR/2\n",identified,"say ""2"""', "CR/3,identified,3"]
    assert block.originals[-1] == "CR/3,identified,3"


def test_a_short_row_has_blanks_and_a_long_row_is_held() -> None:
    block = block_of(f"{HEAD}CR/1,identified\nCR/2,identified,2,,\nCR/3,identified,2,,x\nCR/4,identified,2\n")
    assert block.values["suspect_count"] == [None, (2, 2), (2, 2)]
    (held,) = block.unread
    assert (held.row, held.key, held.text) == (4, "CR/3", "CR/3,identified,2,,x")
    assert told(block) == [(4, "S105", None, "it has 5 cells, and the heading 3")]


def test_a_file_that_ends_within_its_last_row_has_that_row_held() -> None:
    block = block_of(f"{HEAD}CR/1,identified,2\nCR/2,iden")
    assert block.values["case_ref"] == ["CR/1"]
    (held,) = block.unread
    assert (held.row, held.key, held.text) == (3, "CR/2", "CR/2,iden")
    assert told(block) == [
        (3, "S105", None, "the file ends within it, after 2 of 3 cells; send the whole file again"),
    ]
    assert block.notes == ()


def test_a_reference_within_which_a_file_ends_is_none() -> None:
    (held,) = block_of(f"{HEAD}CR/1,identified,2\nCR/2").unread
    assert held.key is None


@pytest.mark.parametrize("last", ["CR/2,identified\n", "CR/2,identified\r\n", "CR/2,identified\r", "CR/2,identified,3"])
def test_a_last_row_that_is_whole_or_has_its_line_end_is_read(last: str) -> None:
    block = block_of(f"{HEAD}CR/1,identified,2\n{last}")
    assert block.values["case_ref"] == ["CR/1", "CR/2"]
    assert block.unread == []


def test_an_unknown_column_is_told_once_and_holds_only_rows_with_a_value() -> None:
    block = block_of("case_ref,stage,suspects_count\nCR/1,identified,\nCR/2,identified,4\n")
    assert told(block) == [(1, "V206", "suspects_count", None), (3, "V206", "suspects_count", "4")]
    assert block.held == {1}


def test_a_value_in_a_column_without_a_name_holds_its_row() -> None:
    block = block_of("case_ref,stage,\nCR/1,identified,\nCR/2,identified,4\n")
    assert told(block) == [(3, "S105", None, "a value stands in column 3, which has no name")]


def test_all_findings_of_a_row_come_at_once() -> None:
    block = block_of(f"{HEAD},unknown,two\n")
    assert told(block) == [
        (2, "S101", "suspect_count", "two"),
        (2, "V201", "stage", "unknown"),
        (2, "V202", "case_ref", None),
    ]
    assert block.failed == {"case_ref": {0}, "stage": {0}, "suspect_count": {0}}


def test_nul_holds_its_row_and_shows_as_its_picture() -> None:
    block = block_of(f"{HEAD}CR/1\x00,identified,2\nCR/2,identified,2\n")
    assert told(block) == [(2, "S104", "case_ref", "CR/1␀")]
    assert block.originals[0] == "CR/1␀,identified,2"


def test_nul_is_told_as_a_character_and_not_as_what_a_spreadsheet_made() -> None:
    (finding,) = block_of(f"{HEAD}CR/1\x00,identified,2\n").findings
    assert "characters that cannot be printed" in sentence(CONTRACT, finding)


def test_kinds_of_empty_stand_beside_the_values() -> None:
    block = block_of(
        "case_ref,stage,suspect_count,shared_ref\nCR/1,identified,not provided,N/A\nCR/2,identified,,Not applicable\n"
    )
    assert block.empties[0] == {"suspect_count": "not_provided"}
    assert block.empties[1] == {"shared_ref": "not_applicable"}


def test_an_open_quotation_mark_costs_its_own_line_only() -> None:
    rows = "".join(f"CR/{n},identified,2\n" for n in range(2, 9000))
    block = blocks_of(f'{HEAD}CR/1,identified,"2\n{rows}', block_rows=20_000)[0]
    assert [(held.row, held.key, held.text) for held in block.unread] == [(2, "CR/1", 'CR/1,identified,"2')]
    assert (len(block.rows), block.rows[0], block.held) == (8998, 3, set())


def test_two_open_quotation_marks_do_not_swallow_what_is_between_them() -> None:
    block = block_of(f'{HEAD}CR/1,identified,"2\nCR/2,identified,3\nCR/3,identified,"4\nCR/4,identified,5\n')
    assert block.values["case_ref"] == ["CR/2", "CR/4"]
    assert [held.row for held in block.unread] == [2, 4]


def test_blocks_are_of_the_size_asked_for_and_go_on_with_the_numbers() -> None:
    blocks = blocks_of(as_csv([a_record(f"CR/{n}") for n in range(25)]), block_rows=10)
    assert [block.rows for block in blocks] == [list(range(2, 12)), list(range(12, 22)), list(range(22, 27))]
    assert blocks[2].originals[4] == "CR/24,identified"


def test_a_heading_alone_is_a_file_without_rows() -> None:
    assert block_of(HEAD).received == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty-upload"),
        (b"\xef\xbb\xbf\r\n\r\n", "empty-upload"),
        (b"stage,suspect_count\nidentified,2\n", "no-key-column"),
        (b"case_ref,stage,Case Ref\n", "duplicate-column"),
        (b"setting,stage,cases\ngang,identified,3\n", "wrong-part"),
        (b"team,phase,officers_fte\n", "wrong-part"),
        (b",".join(b"c%d" % n for n in range(10_000)), "too-many-columns"),
        (b"case_ref," + b",".join(b"c%d" % n for n in range(200)), "too-many-columns"),
        (b"case_ref,stage\n" + b"x" * (LONGEST_ROW + 1), "row-too-long"),
        (b'[{"case_ref": "CR/1"}]', "content-differs"),
        (b"PK\x03\x04rest of a workbook", "unsupported-media"),
        (bytes(range(256)) + b"\x00" * 64, "undecodable"),
    ],
)
def test_what_concerns_the_whole_file_is_said_before_anything_else(content: bytes, code: str) -> None:
    with pytest.raises(CaseReturnsError) as refused:
        block_of(content)
    assert refused.value.code == code


def test_a_hundred_megabytes_in_one_line_are_refused_without_being_kept() -> None:
    class Endless:
        length = 100 << 20

        def chunks(self, size: int = 1 << 20):  # type: ignore[no-untyped-def]
            for _ in range(3):
                yield b"x" * size
            raise AssertionError("read on after the line was known to be too long")

    from service.returns.readers import read
    from tests.support.files import CASE, CONTRACT

    with pytest.raises(TooLarge):
        next(read(Endless(), "text/csv", CASE, CONTRACT))


def test_a_medium_that_cannot_be_read_is_said_to_be_so() -> None:
    from service.returns.readers import BytesSource, read
    from tests.support.files import CASE, CONTRACT

    with pytest.raises(UnsupportedMedia):
        read(BytesSource(b"x"), "text/html", CASE, CONTRACT)


def test_cells_of_an_aggregate_part_are_read_by_its_own_fields() -> None:
    block = block_of("stage,setting,nfa_date,cases\nassessed,,2014,37\n,,2015,not_provided\n", part=PartName.AGGREGATE)
    assert row_of(block)["cases"] == (37, 37)
    assert block.empties == [None, {"cases": "not_provided"}]


def test_a_part_that_is_replaced_whole_needs_its_required_columns() -> None:
    with pytest.raises(CaseReturnsError) as refused:
        block_of("team,officers_fte\nchild_exploitation,3\n", part=PartName.WORKFORCE)
    assert refused.value.code == "no-required-column"


@pytest.mark.parametrize("quoted", ["call back", '"call, back"'])
def test_notes_of_the_sender_are_not_read_and_not_kept_with_a_row_that_is_held(quoted: str) -> None:
    (found,) = blocks_of(f"case_ref,Notes,stage\nK/1,{quoted},nowhere\nK/2,,identified\nK/3,{quoted},identified,x\n")
    assert [row for row, rule, *_ in told(found) if rule == "V206"] == []
    assert found.held == {0}
    assert [*found.originals, *(row.text.strip() for row in found.unread)] == [
        "K/1,,nowhere",
        "K/2,,identified",
        "K/3,,identified,x",
    ]
    assert found.notes == ("The column “notes” is your own: it was not read, and nothing of it is kept.",)


def test_notes_that_the_service_wrote_beside_what_it_handed_out_are_not_called_the_senders_own() -> None:
    (found,) = blocks_of('case_ref,stage,notes,handed_out\nK/1,identified,Stage settles it,"{""case_ref"":""K/1""}"\n')
    assert found.notes == ()
