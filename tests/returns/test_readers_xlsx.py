"""Workbooks: the same rows as in CSV; what a spreadsheet did to them is told; what is hostile is refused."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from service.contract.findings import sentence
from service.contract.model import PartName
from service.errors import CaseReturnsError
from service.returns.readers import BytesSource, xlsx_book, xlsx_package, xlsx_sheet
from service.returns.readers.xlsx_cells import Cells
from service.returns.readers.xlsx_plain import END, PlainRows
from tests.support.files import CONTRACT, a_record, all_findings, block_of, blocks_of, row_of, told
from tests.support.workbooks import HEAD, Formula, Shown, a_sheet_of, a_workbook, archive_of, changed, parts_of

DAY = date(2014, 3, 7)


def block(content: bytes, part: PartName = PartName.CASE) -> Any:
    """What a small workbook gives: its rows, and the notes of all of it."""
    found, *rest = blocks_of(content, "xlsx", part)
    assert not any(more.rows for more in rest)
    return found


def notes_of(content: bytes) -> str:
    return " ".join(note for found in blocks_of(content, "xlsx") for note in found.notes)


def refusal(content: bytes, part: PartName = PartName.CASE) -> CaseReturnsError:
    with pytest.raises(CaseReturnsError) as refused:
        blocks_of(content, "xlsx", part)
    return refused.value


def words_of(content: bytes) -> str:
    return "\n".join(sentence(CONTRACT, finding) for finding in all_findings(block(content)))


def test_typed_cells_are_what_a_person_would_have_typed() -> None:
    record = a_record(
        victim_count=21.0,
        suspect_count="3-5",
        nfa_date=DAY,
        stage_date=Shown(DAY, "[$-809]dd/mm/yyyy;@"),
        missed_lines=True,
    )
    found = block(a_workbook([record]))
    assert told(found) == []
    assert row_of(found)["victim_count"] == (21, 21)
    assert row_of(found)["suspect_count"] == (3, 5)
    assert row_of(found)["nfa_date"] == row_of(found)["stage_date"] == (DAY, DAY)
    assert row_of(found) == row_of(
        block_of(
            "case_ref,stage,victim_count,suspect_count,nfa_date,stage_date,missed_lines\n"
            "CR/1,identified,21,3-5,2014-03-07,2014-03-07,yes\n"
        )
    )


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    content = a_workbook([a_record(nfa_date=DAY)], date_1904=True)
    assert b"date1904" in parts_of(content)["xl/workbook.xml"]
    assert row_of(block(content))["nfa_date"] == (DAY, DAY)


def test_days_up_to_the_one_that_there_never_was_are_small_numbers_and_the_next_is_a_day() -> None:
    days = [Shown(number, "dd/mm/yyyy") for number in (0, 1, 59, 60, 61)]
    found = block(a_workbook([a_record(f"CR/{day.value}", nfa_date=day) for day in days]))
    assert found.values["nfa_date"] == [None] * 4 + [(date(1900, 3, 1),) * 2]
    assert [value for _, _, _, value in told(found)] == ["1899-12-31", "1900-01-01", "1900-02-28", "1900-02-29"]


def test_rows_are_numbered_as_in_the_sheet() -> None:
    content = a_workbook([a_record(), a_record("CR/2"), a_record("CR/3", stage="nowhere")], top=2)
    found = block(content)
    assert found.rows == [4, 5, 6]
    assert [(row, field) for row, _, field, _ in told(found)] == [(6, "stage")]


def test_a_blank_row_is_no_row_and_counts() -> None:
    found = block(a_workbook([a_record(), {"case_ref": " ", "stage": ""}, a_record("CR/3")]))
    assert found.rows == [2, 4]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("suspect_count", Shown(date(2026, 3, 5), "d-mmm"), "Write 3-5."),
        ("suspect_count", Shown(date(2026, 3, 5), "dd/mm/yyyy"), "Write 3-5."),
        ("nfa_date", Shown(date(2014, 3, 1), "mmm-yy"), "Write 2014-03."),
        ("nfa_date", Shown(date(2014, 3, 1), "mmmm yyyy"), "Write 2014-03."),
        ("nfa_date", Shown(41705 + 14.5 / 24, "dd/mm/yyyy hh:mm"), "Write 2014-03-07."),
        ("nfa_date", 41705, "In most spreadsheets 41705 is 2014-03-07."),
        ("nfa_date", Shown(0.5, "hh:mm"), "is not a date"),
        ("victim_count", Shown(0.05, "0%"), "'5%' is not a whole number"),
        ("case_ref", Shown(date(2026, 12, 1), "mmm-yy"), "'Dec 2026' is what a spreadsheet made of it"),
        ("case_ref", Shown(42, "00000"), "'00042' is what a spreadsheet made of it"),
        ("case_ref", 12345678901234567890, "is what a spreadsheet made of it"),
        ("offence_code", Shown(date(2026, 10, 4), "d-mmm"), "'04-Oct' is not in the list"),
        ("victim_count", Formula("=NA()", "#N/A"), "'#N/A' is what a formula shows that has no value"),
        ("case_ref", Formula("=#REF!", "#REF!"), "'#REF!' is what a formula shows that has no value"),
        ("nfa_date", Formula("=1/0", "#DIV/0!"), "'#DIV/0!' is what a formula shows that has no value"),
    ],
)
def test_what_a_spreadsheet_made_of_a_value_holds_its_row_and_says_so(field: str, value: object, says: str) -> None:
    records = [{**a_record(ref), field: a_record(ref).get(field, "")} for ref in ("CR/1", "CR/2", "CR/3")]
    records[1][field] = value
    content = a_workbook(records)
    assert says in words_of(content)
    found = block(content)
    assert found.held == {1}
    assert {row for row, *_ in told(found)} == {3}
    assert found.values[field][1] is None


def test_a_formula_is_read_as_what_it_came_to_and_told() -> None:
    content = a_workbook(
        [a_record(suspect_count=Formula("=1+2", 3)), a_record("CR/2", suspect_count=Formula("=2+2", 4))]
    )
    assert row_of(block(content))["suspect_count"] == (3, 3)
    assert "2 cells are formulas (the first in row 2): read was what was calculated last." in notes_of(content)


def test_a_formula_that_was_never_calculated_is_not_taken_for_an_empty_cell() -> None:
    content = a_sheet_of('<row r="2"><c r="A2" t="inlineStr"><is><t>K/1</t></is></c><c r="C2"><f>1+2</f></c></row>')
    assert "#NOT CALCULATED" in words_of(content)


def test_merged_cells_hidden_rows_and_hidden_columns_are_told() -> None:
    def more(book: Any, sheet: Any) -> None:
        sheet.merge_range(1, 3, 2, 3, "school", None)
        sheet.set_row(2, None, None, {"hidden": True})
        sheet.set_column(2, 2, None, None, {"hidden": True})

    content = a_workbook([a_record(victim_count=2, setting="school"), a_record("CR/2", victim_count=2)], more=more)
    found = block(content)
    assert found.rows == [2, 3]
    notes = notes_of(content)
    assert "1 group of cells is merged: only the first cell of a group has a value" in notes
    assert "1 row is hidden in the sheet (the first is row 3), and read like every other." in notes
    assert "1 column is hidden" in notes


def test_the_sheet_with_the_heading_of_the_part_is_read_and_the_others_are_named() -> None:
    sheets = {
        "Notes": [{"Read me": "Kent"}],
        "Our cases": [a_record()],
        "Teams": [{"team": "other", "phase": "assessment"}],
    }
    content = a_workbook(sheets=sheets)
    assert row_of(block(content))["case_ref"] == "CR/1"
    assert "The sheet “Our cases” was read. Not read: “Notes”, “Teams”." in notes_of(content)
    assert block(content, PartName.WORKFORCE).keys is None


def test_a_hidden_sheet_is_not_read_and_told() -> None:
    def more(book: Any, sheet: Any) -> None:
        book.worksheets()[1].hide()

    content = a_workbook(sheets={"cases": [a_record()], "old": [a_record("CR/9")]}, more=more)
    assert block(content).keys == ["CR/1"]
    assert "Hidden sheets were not read: “old”." in notes_of(content)


@pytest.mark.parametrize(
    ("sheets", "says"),
    [
        ({"a": [{"one": 1}], "b": [{"two": 2}]}, "No sheet of the workbook has the heading"),
        ({"a": [a_record()], "b": [a_record()]}, "2 sheets of the workbook have the heading"),
        ({"a": [], "b": []}, "No sheet of the workbook has the heading"),
    ],
)
def test_where_no_sheet_is_the_one_the_sender_reads_their_names_and_a_log_does_not(sheets: Any, says: str) -> None:
    refused = refusal(a_workbook(sheets=sheets))
    assert (refused.code, "“a”, “b”" in refused.do) == ("which-sheet", True)
    assert says in refused.says
    assert "“" not in str(refused)


def test_a_heading_is_judged_as_in_csv() -> None:
    assert refusal(a_workbook([{"stage": "identified"}])).code == "no-key-column"
    assert refusal(a_workbook([{"team": "other", "phase": "assessment"}])).code == "wrong-part"
    assert refusal(a_workbook([])).code == "empty-upload"
    found = block(a_workbook([a_record(wrong="x"), a_record("CR/2")]))
    assert told(found) == told(block_of("case_ref,stage,wrong\nCR/1,identified,x\nCR/2,identified,\n"))


def test_a_value_beyond_the_heading_holds_its_row_with_its_text() -> None:
    def more(book: Any, sheet: Any) -> None:
        sheet.write_string(1, 4, "a, b")

    found = block(a_workbook([a_record(), a_record("CR/2")], more=more))
    assert [(row.row, row.text, row.key) for row in found.unread] == [(2, 'CR/1,identified,,,"a, b"', "CR/1")]
    assert found.rows == [3]


def test_a_held_row_has_a_text_that_can_be_read() -> None:
    found = block(a_workbook([a_record(suspect_count=Shown(date(2026, 3, 5), "d-mmm"), nfa_date=DAY)]))
    assert found.originals[0] == "CR/1,identified,05-Mar,2014-03-07"


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"><c r="A2" t="inlineStr"><is><t>K/1</t></is></c><c r="C2"><v>3</v></c></row>',
        '<row><c t="inlineStr"><is><t>K/1</t></is></c><c/><c t="n"><v>3.0</v></c></row>',
        '\n <row r="2">\n <c r="A2" t="inlineStr">\n <is>\n <r><t>K</t></r>\n <r><t>/1</t></r>\n </is></c>'
        '<!-- <row r="9"> --><c r="C2"><v>\n3\n</v></c></row>',
        '<x:row xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" r="2">'
        '<x:c r="A2" t="str"><x:v>K/1</x:v></x:c><x:c r="C2"><x:v>3E0</x:v></x:c></x:row>',
        '<row r="2"><c r="A2" t="inlineStr"><is><t>K&#x2F;1</t><rPh sb="0" eb="1"><t>kay</t></rPh></is></c>'
        '<c r="C2"><v><![CDATA[3]]></v></c></row>',
    ],
)
def test_every_way_to_write_a_row_says_the_same(row: str) -> None:
    found = block(a_sheet_of(f'{row}<row r="3"><c r="A3" t="str"><v>K/2</v></c></row>'))
    assert row_of(found) == {"case_ref": "K/1", "suspect_count": (3, 3)}
    assert (found.rows, found.keys) == ([2, 3], ["K/1", "K/2"])


def test_rows_in_a_comment_are_no_rows() -> None:
    hidden = '<row r="{}"><c r="A{}" t="str"><v>K/{}</v></c></row>'
    first, second, third = (hidden.replace("{}", str(row)) for row in (2, 3, 4))
    assert block(a_sheet_of(f"{first}<!--{second}-->{third}")).rows == [2, 4]
    assert block(a_sheet_of(f"{first}<!--{second}{third}-->")).rows == [2]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="3"/><row r="2"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A3"><v>1</v></c></row>',
        '<row r="1048577"><c r="A1048577"><v>1</v></c></row>',
        '<row r="2"><c r="ZZZ2"><v>1</v></c></row>',
        '<row r="2"><c r="A2" t="s"><v>99</v></c></row>',
        '<row r="2"><c r="A2"><v>one</v></c></row>',
        '<row r="2"><c r="A2"><v>1</v></row>',
        '<row r="2">' + "<a>" * 100 + "</a>" * 100 + "</row>",
        "<row r='2'><row r='3'></row></row>",
    ],
)
def test_what_no_program_writes_is_refused(rows: str) -> None:
    assert refusal(a_sheet_of(rows)).code == "bad-workbook"


def test_a_document_type_is_refused_with_all_that_it_could_bring() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    outside = '<!DOCTYPE a SYSTEM "file:///etc/passwd">'
    good = a_workbook([a_record()])
    for words in (bomb, outside):
        for part in ("sheet1", "sharedStrings", "styles", "workbook"):
            name = next(name for name in parts_of(good) if name.endswith(f"{part}.xml"))
            text = parts_of(good)[name].decode()
            head, end, body = text.partition("?>")
            assert refusal(changed(good, **{part: f"{head}{end}{words}{body}"})).code == "bad-workbook"


def _with(name: str) -> Callable[[bytes], bytes]:
    return lambda good: archive_of({**parts_of(good), name: b"x"})


@pytest.mark.parametrize(
    ("make", "code", "says"),
    [
        (_with("xl/vbaProject.bin"), "workbook-refused", "macros"),
        (_with("xl/macrosheets/sheet1.xml"), "workbook-refused", "macros"),
        (_with("xl/workbook.bin"), "workbook-refused", "XLSB"),
        (_with("mimetype"), "workbook-refused", "an OpenDocument file (ODS)"),
        (lambda _: archive_of({"readme.txt": "hello"}), "workbook-refused", "an archive"),
        (lambda _: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook-refused", "password"),
        (lambda _: b"PK\x03\x04 nothing", "bad-workbook", "damaged"),
        (lambda good: good[: len(good) // 2], "bad-workbook", "damaged"),
        (lambda good: changed(good, sheet1=b"\x00"), "bad-workbook", "damaged"),
        (lambda good: changed(good, workbook=HEAD), "bad-workbook", "damaged"),
        (lambda good: changed(good, sheet1=None), "which-sheet", "no visible sheet"),
        (lambda _: b"case_ref,stage\nK/1,identified\n", "content-differs", "not a workbook"),
        (lambda _: b"", "empty-upload", "empty"),
    ],
)
def test_files_of_another_kind_and_broken_ones_are_refused_in_words(
    make: Callable[[bytes], bytes], code: str, says: str
) -> None:
    refused = refusal(make(a_workbook([a_record()])))
    assert (refused.code, says in refused.says) == (code, True), refused
    assert refused.do


def test_an_entry_with_a_password_is_refused() -> None:
    content = bytearray(a_workbook([a_record()]))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(mark)
        while start >= 0:
            content[start + place] |= 1
            start = content.find(mark, start + 4)
    refused = refusal(bytes(content))
    assert (refused.code, "password" in refused.says) == ("workbook-refused", True)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    good = a_workbook([a_record()])
    content = changed(good, sheet1=HEAD.encode() + b" " * (200 << 20))
    tracemalloc.start()
    refused = refusal(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.code == "workbook-too-large"
    assert most < 4 << 20


def test_a_list_of_a_million_files_is_refused_before_it_is_read() -> None:
    content = archive_of({"a": ""})
    start = content.find(b"PK\x01\x02")
    end = content.find(b"PK\x05\x06")
    listed = content[start:end] * 200_000
    size = len(listed).to_bytes(4, "little")
    tail = content[end : end + 12] + size + content[end + 16 :]
    whole = content[:start] + listed + tail
    tracemalloc.start()
    refused = refusal(whole)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (refused.code, "files inside" in refused.says) == ("workbook-too-large", True)
    assert most < 16 << 20


def test_an_entry_gives_no_more_than_it_declares() -> None:
    """Sizes are the sender's words: where more is inside, the rest is never unpacked, and the file is refused."""
    content = bytearray(changed(a_workbook([a_record()]), sheet1=HEAD.encode() + b" " * (8 << 20)))
    size = (len(HEAD) + (8 << 20)).to_bytes(4, "little")
    assert content.count(size) >= 1
    refused = refusal(bytes(content).replace(size, (1 << 19).to_bytes(4, "little")))
    assert refused.code == "bad-workbook"


@pytest.mark.parametrize(
    ("module", "bound", "value", "says"),
    [
        (xlsx_package, "MOST_ENTRIES", 3, "files inside"),
        (xlsx_package, "MOST_UNPACKED", 100, "unpacked"),
        (xlsx_package, "LONGEST_WORKBOOK", 100, "it may have"),
        (xlsx_sheet, "MOST_ROWS", 3, "3 rows"),
        (xlsx_sheet, "MOST_CELLS", 10, "10 cells"),
        (xlsx_book, "MOST_TEXTS", 5, "5 different texts"),
        (xlsx_book, "LONGEST_TEXTS", 100, "its texts"),
        (xlsx_book, "LONGEST_TEXT", 5, "5 characters"),
        (xlsx_book, "MOST_STYLES", 0, "0 styles"),
        (xlsx_book, "MOST_SHEETS", 0, "0 sheets"),
    ],
)
def test_everything_that_can_grow_has_a_bound(
    monkeypatch: pytest.MonkeyPatch, module: Any, bound: str, value: int, says: str
) -> None:
    content = a_workbook([a_record(f"CR/{number}") for number in range(1, 9)])
    monkeypatch.setattr(module, bound, value)
    refused = refusal(content)
    assert (refused.code, says in refused.says) == ("workbook-too-large", True), refused


def test_a_cell_far_out_costs_no_memory() -> None:
    content = a_sheet_of(
        '<row r="2"><c r="A2" t="str"><v>K/1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    )
    tracemalloc.start()
    found = block(content)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row.row for row in found.unread] == [1_048_576]
    assert most < 4 << 20


def test_links_to_other_files_are_not_followed_and_told() -> None:
    good = parts_of(a_workbook([a_record()]))
    content = archive_of({**good, "xl/externalLinks/externalLink1.xml": "<a/>"})
    assert block(content).keys == ["CR/1"]
    assert "The workbook has links to other files; they were not followed." in notes_of(content)


def test_a_sheet_that_lies_outside_of_the_file_is_not_fetched() -> None:
    good = a_workbook([a_record()])
    related = parts_of(good)["xl/_rels/workbook.xml.rels"].decode()
    there = related.replace('Target="worksheets/sheet1.xml"', 'Target="file:///etc/passwd" TargetMode="External"')
    up = related.replace('Target="worksheets/sheet1.xml"', 'Target="../../../../etc/passwd"')
    assert there != related != up
    for words in (there, up):
        content = archive_of({**parts_of(good), "xl/_rels/workbook.xml.rels": words})
        assert refusal(content).code == "which-sheet"


def test_rows_come_in_blocks_and_notes_with_the_last() -> None:
    content = a_workbook([a_record(f"CR/{number}", suspect_count=Formula("=1", 1)) for number in range(10)])
    found = blocks_of(content, "xlsx", block_rows=4)
    assert [item.rows for item in found if item.rows] == [[2, 3, 4, 5], [6, 7, 8, 9], [10, 11]]
    assert [bool(item.notes) for item in found] == [False, False, False, True]


def test_texts_that_hold_what_xml_cannot_are_read_as_they_were() -> None:
    found = block(a_workbook([a_record(setting="a_x000D_b"), a_record("CR/2", setting="&lt; <é>")]))
    assert [value for _, _, field, value in told(found) if field == "setting"] == ["a_x000D_b", "&lt; <é>"]


@pytest.mark.parametrize("options", [{}, {"in_memory": False, "constant_memory": True}])
def test_rows_as_programs_write_them_are_of_the_plain_form(options: dict[str, bool]) -> None:
    content = a_workbook([a_record(victim_count=2, nfa_date=DAY), a_record("CR/2")], **options)
    pieces = parts_of(content)["xl/worksheets/sheet1.xml"].split(END)
    with xlsx_package.Package(BytesSource(content)) as package:
        plain = PlainRows(Cells(xlsx_book.read_book(package)))
    assert [(row.number, len(row.cells)) for row in plain.read(pieces, 1, 1)] == [(2, 4), (3, 2)]


@pytest.mark.parametrize("days", ["2958465.999999", "2957004"])
def test_a_count_of_days_beyond_the_last_day_is_a_number_and_no_error(days: str) -> None:
    cell = f'<row r="2"><c r="A2" t="str"><v>K/1</v></c><c r="C2" s="1"><v>{days}</v></c></row>'
    parts = parts_of(a_sheet_of(cell))
    assert b"<workbookPr" in parts["xl/workbook.xml"]
    parts["xl/workbook.xml"] = parts["xl/workbook.xml"].replace(b"<workbookPr", b'<workbookPr date1904="1"')
    assert (2, "S101", "suspect_count") in [finding[:3] for finding in told(block(archive_of(parts)))]


def test_notes_of_the_sender_are_not_read_and_not_kept_with_a_row_that_is_held() -> None:
    found = block(a_workbook([a_record(stage="nowhere", notes="call back"), a_record("CR/2", notes="")]))
    assert [rule for _, rule, *_ in told(found)] == ["V201"]
    assert found.originals[0] == "CR/1,nowhere,"
    assert "The column “notes” is your own" in " ".join(found.notes)
