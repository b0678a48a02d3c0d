"""A workbook says what the same rows say as CSV; and the quick way to read a sheet says what the XML parser says."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.errors import CaseReturnsError
from service.returns.readers import TypedBlock, xlsx_book, xlsx_plain
from tests.support.cells import rows_with_wrong_cells
from tests.support.files import all_findings, as_csv, blocks_of
from tests.support.workbooks import a_sheet_of, a_workbook

REFERENCES = st.sampled_from(
    ["K/1", "KEN-14-2", "", "John Smith", "not a ref", "n/a", "0042", " K/7 ", "é/1", "_x0041_"]
)


def said(blocks: list[TypedBlock]) -> list[Any]:
    """All that a return is made from."""
    names = sorted({name for block in blocks for name in block.values})
    return [
        [row for block in blocks for row in block.rows],
        [[value for block in blocks for value in block.values[name]] for name in names],
        [key for block in blocks for key in block.keys or ()],
        [empty for block in blocks for empty in block.empties],
        [finding for block in blocks for finding in all_findings(block)],
        [block.rows[index] for block in blocks for index in sorted(block.held)],
        [(name, block.rows[index]) for block in blocks for name in names for index in block.failed.get(name, ())],
        [row for block in blocks for row in block.unread],
    ]


def typed(text: str) -> Any:
    """The cell that a spreadsheet makes of what is typed, where CSV has the same text for it again."""
    if text in ("yes", "no"):
        return text == "yes"
    if text.isascii() and text.isdigit() and str(int(text)) == text and len(text) < 15:
        return int(text)
    try:
        return date.fromisoformat(text) if date.fromisoformat(text) >= date(1900, 3, 1) else text
    except ValueError:
        return text


@given(
    st.lists(st.tuples(REFERENCES, rows_with_wrong_cells()), min_size=1, max_size=6),
    st.booleans(),
    st.sampled_from([2, 5000]),
)
@settings(deadline=None)
def test_the_same_rows_as_csv_and_as_a_workbook_give_the_same_return(
    rows: list[tuple[str, dict[str, str]]], is_typed: bool, block_rows: int
) -> None:
    names = ["case_ref", *dict.fromkeys(name for _, row in rows for name in row if name != "case_ref")]
    records = [{name: ({"case_ref": ref} | row).get(name, "") for name in names} for ref, row in rows]
    records = [record | {"case_ref": ref} for record, (ref, _) in zip(records, rows, strict=True)]
    cells: list[dict[str, Any]] = [
        {name: typed(text) if is_typed and name != "case_ref" else text for name, text in record.items()}
        for record in records
    ]
    workbook = blocks_of(a_workbook(cells), "xlsx", block_rows=block_rows)
    assert said(workbook) == said(blocks_of(as_csv(records), block_rows=block_rows))


TEXTS = st.sampled_from(
    [
        *(
            "3",
            "3.0",
            "-1",
            "1E2",
            "",
            " ",
            " 3 ",
            "2+",
            "&amp;",
            "&#51;",
            "a\tb",
            "é",
            "<b/>",
            "<!--3-->",
            "]]",
            "x>y",
        ),
        *(
            "41000",
            "59",
            "60",
            "99999",
            "3000000",
            "2958465.999999",
            "2014-03-07",
            "_x0041_",
            '2"',
            'A2" s="1',
            "٤١٠٠٠",
        ),
    ]
)
CELLS = st.builds(
    lambda form, text, end: form.replace("TEXT", text) + end,
    st.sampled_from(
        [
            '<c r="{}"><v>TEXT</v></c>',
            '<c r="{}" s="1"><v>TEXT</v></c>',
            '<c r="{}" s="2"><v>TEXT</v></c>',
            '<c r="{}" s="3" t="n"><v>TEXT</v></c>',
            '<c r="{}" s="99"><v>TEXT</v></c>',
            '<c r="{}" t="n"><v>TEXT</v></c>',
            '<c r="{}" s="0" t="str"><v>TEXT</v></c>',
            '<c r="{}" t="b"><v>TEXT</v></c>',
            '<c r="{}" t="d"><v>TEXT</v></c>',
            '<c r="{}" t="e"><v>TEXT</v></c>',
            '<c r="{}" t="s"><v>TEXT</v></c>',
            '<c r="{}" t="s"><v>1</v></c>',
            '<c t="s" r="{}"><v>0</v></c>',
            '<c r="{}" t="inlineStr"><is><t>TEXT</t></is></c>',
            '<c r="{}" t="inlineStr"><is><t xml:space="preserve">TEXT</t></is></c>',
            '<c r="{}" t="inlineStr"><v>TEXT</v></c>',
            '<c r="{}" t="str"><is><t>TEXT</t></is></c>',
            '<c r="{}"><is><t>TEXT</t></is></c>',
            '<c r="{}"><f>1+2</f><v>TEXT</v></c>',
            '<c r="{}" s="1"/>',
            '<c r="{}"><v/></c>',
            '<c r="{}" s="1" s="1"><v>3</v></c>',
            '<c r="A"><v>3</v></c>',
            '<c r="A2"><v>3</v></c>',
            '<c r="E9"><v>TEXT</v></c>',
        ]
    ),
    TEXTS,
    st.sampled_from(["", "", "", "", "\n", "<!-- -->", "x"]),
)
ROWS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                '<row r="{}">',
                '<row r="{}" spans="1:3">',
                '<row r="{}" spans="1:3" x14ac:dyDescent="0.25">',
                '<row r="{}" hidden="1">',
                '<row r="{}" r="{}">',
                '<row r="{}" spans="1:3" spans="1:3">',
                "<row>",
                '12"',
            ]
        ),
        st.lists(CELLS, max_size=5),
        st.sampled_from(["</row>"] * 4 + ["</row>\n", "</row >", "</row><!-- <row> -->", "</row><?a </row>?>", ""]),
    ),
    max_size=4,
)
SHARED = st.lists(
    st.sampled_from(
        [
            "<si><t>K/1</t></si>",
            "<si><t>not_known</t></si>",
            '<si><t xml:space="preserve"> 3 </t></si>',
            "<si><t>_x0041_&amp;</t></si>",
            "<si><r><t>K/</t></r><r><t>2</t></r></si>",
            "<si><t>東京</t><rPh><t>aid</t></rPh></si>",
            "<si/>",
            "<si><t/></si>",
            "<si><t></t></si>",
            "\n<si>\n<t>a\nb</t></si>",
            "<!-- <si><t>",
            "-->",
            "<si><t>x</t>",
            "</sst>",
            "<other><si><t>deep</t></si></other>",
        ]
    ),
    max_size=6,
)


def outcome(content: bytes) -> Any:
    """What reading gives, or the code of why it gives nothing."""
    try:
        blocks = blocks_of(content, "xlsx")
    except CaseReturnsError as error:
        return error.code
    return said(blocks), [list(block.originals) for block in blocks], [block.notes for block in blocks]


def parsed(content: bytes) -> Any:
    """What reading gives where all of it is left to the XML parser."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx_plain.PlainRows, "read", lambda *_: iter(()))
        patch.setattr(xlsx_book, "PLAIN_TEXTS", re.compile(b"(?!)"))
        return outcome(content)


def laid_out(rows: list[tuple[str, list[str], str]]) -> str:
    xml = ""
    for number, (begin, cells, end) in enumerate(rows, 2):
        places = (f"{letter}{number}" for letter in "ABCDE")
        xml += begin.replace("{}", str(number)).replace("x14ac:", "")
        xml += "".join(cell.replace("{}", place) for cell, place in zip(cells, places, strict=False)) + end
    return xml


@given(ROWS, SHARED)
@example([('<row r="{}">', ['<c r="{}" t="str"><v>K/1</v></c>'], "</row><!-- <row> -->")] * 3, [])
@example(
    [('<row r="{}">', ['<c r="{}" t="inlineStr"><is><t>x</t></is></c>', '<c r="{}" t="s"><v>0</v></c>'], "</row>")],
    ["<si><t>K/1</t></si>"],
)
@example([('<row r="{}">', ['<c r="{}"><v>3</v></c>', '<c r="{}" t="b"><v></v></c>'], "</row>")], [])
@settings(deadline=None, max_examples=300)
def test_what_is_of_the_plain_form_says_what_the_parser_says(
    rows: list[tuple[str, list[str], str]], shared: list[str]
) -> None:
    content = a_sheet_of(laid_out(rows), shared="".join(shared))
    assert outcome(content) == parsed(content)


@given(
    st.lists(st.tuples(REFERENCES, rows_with_wrong_cells()), min_size=1, max_size=6),
    st.lists(st.integers(0, 200), min_size=1, max_size=6),
    st.booleans(),
)
@settings(deadline=None)
def test_a_workbook_that_a_program_wrote_says_what_the_parser_says(
    rows: list[tuple[str, dict[str, str]]], lacking: list[int], in_cells: bool
) -> None:
    records: list[dict[str, Any]] = []
    for place, (ref, row) in enumerate(rows):
        left = {name for name, number in zip(row, lacking, strict=False) if (number + place) % 3 == 0}
        records.append(
            {"case_ref": ref} | {name: "" if name in left else typed(row.get(name, "")) for name in rows[0][1]}
        )
    options = {"in_memory": False, "constant_memory": True} if in_cells else {}
    content = a_workbook(records, **options)
    assert outcome(content) == parsed(content)
