"""The quick ways of reading give what the careful ones give, or leave the work to them."""

from __future__ import annotations

import csv

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.contract.model import PartName
from service.contract.values import BLANKS, Cell, cell_reader, quick_look
from service.returns.readers import TypedBlock
from service.returns.readers.csv_plain import plain_columns
from tests.support.cells import rows_with_wrong_cells
from tests.support.files import CONTRACT, blocks_of
from tests.support.returns import csv_of

CELLS = st.text(alphabet=st.sampled_from('ab1 \t;"\x00\x0b\x0c\x1c\x85\u2028é'), max_size=4)
LINES = st.lists(
    st.tuples(st.lists(CELLS, min_size=2, max_size=4), st.sampled_from(["\n", "\r\n", "\r"])).map(
        lambda line: ",".join(line[0]) + line[1]
    ),
    min_size=1,
    max_size=6,
)


@given(LINES, st.booleans())
@example(["a,b,c\n", "1,2,\n"], True)
@example([",,\n", "1,2,\n"], False)
@example(["a,b,c\r", " ,\t,\n"], False)
def test_lines_cut_at_once_are_the_rows_of_the_csv_module(lines: list[str], is_cut: bool) -> None:
    if is_cut:
        lines = [*lines[:-1], lines[-1].rstrip("\r\n")]
    columns = plain_columns(lines, ",", 3)
    rows = list(csv.reader(lines))
    if columns is not None:
        assert [list(row) for row in zip(*columns, strict=True)] == rows
    blank = any(not "".join(row).strip(BLANKS) for row in rows)
    usual = not blank and '"' not in "".join(lines) and {len(row) for row in rows} == {3}
    assert (columns is not None) == usual


@given(st.text(max_size=45) | st.from_regex(r"[A-Za-z]{0,7}[-/:. ]?\d{0,5}[-./:]?\d{0,9}", fullmatch=True))
@example("KEN-15-00001")
@example("NOT_KNOWN")
@example("DOB12-1")
@example("CR/٣-1")
def test_a_quick_look_is_true_only_of_texts_that_are_read_as_they_are(text: str) -> None:
    for part in CONTRACT.parts.values():
        for field in part.fields:
            look = quick_look(field)
            if look is not None and look(text):
                assert cell_reader(field)(text) == Cell(text)


def without_text(blocks: list[TypedBlock]) -> list[tuple[object, ...]]:
    return [
        (block.rows, block.values, block.empties, block.findings, block.held, block.failed, block.unread)
        for block in blocks
    ]


@given(
    st.lists(rows_with_wrong_cells(), min_size=1, max_size=6),
    st.lists(st.sampled_from(["K/1", "KEN-14-2", "", "John Smith", "not a ref", "n/a"]), min_size=6, max_size=6),
)
@settings(deadline=None)
def test_a_file_without_a_quotation_mark_says_what_it_says_with_them(
    rows: list[dict[str, str]], references: list[str]
) -> None:
    content = csv_of({"case_ref": reference, **row} for reference, row in zip(references, rows, strict=False)).decode()
    # the careful way is taken for a block in which a quotation mark stands
    quoted = "".join(f'"{line[:-2].replace(",", chr(34) + "," + chr(34))}"\r\n' for line in content.splitlines(True))
    assert without_text(blocks_of(content, part=PartName.CASE)) == without_text(blocks_of(quoted))
