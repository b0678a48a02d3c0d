"""The quick ways of reading give what the careful ones give, or leave the work to them."""

from __future__ import annotations

import csv
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.contract.model import PartName
from service.contract.values import BLANKS, Cell, cell_reader, quick_look
from service.returns.readers import TypedBlock
from service.returns.readers.alike import Alike
from service.returns.readers.columns import ABSENT
from service.returns.readers.csv_plain import are_plain, plain_columns
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
    rows = list(csv.reader(lines))
    if plain := are_plain(lines, ",", 3):
        assert [list(row) for row in zip(*plain_columns(lines, ",", 3), strict=True)] == rows
    blank = any(not "".join(row).strip(BLANKS) for row in rows)
    usual = not blank and '"' not in "".join(lines) and {len(row) for row in rows} == {3}
    assert plain == usual


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
        (block.rows, block.values, block.absent, block.empties, block.findings, block.held, block.failed, block.unread)
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


VALUES = st.one_of(
    st.none(),
    st.sampled_from(["2", "2+", "kent:0412", 'a":b', ':"', "identified", "2014-03", "", "\x00", "é"]),
    st.integers(-3, 5) | st.integers(2**60, 2**66),
    st.sampled_from([1.0, 2.5, True, "\ud800", ["kent"], {"a": 1}]),
)
KEYS = ("case_ref", "stage", "suspect_count", "shared_ref", "nfa_date")
RECORDS = st.lists(st.tuples(*(VALUES for _ in KEYS)), min_size=1, max_size=5)
SPACES = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : "), (",\t", ":\t")])


@given(
    RECORDS,
    SPACES,
    st.sampled_from(["", '"stage":"assessed"', '"x": null', '"st\\u0061ge":1']),
    st.integers(2, len(KEYS)),
    st.booleans(),
    st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=4),
)
@example([("CR/1", "identified", 1, "kent:1", "2014")], (",", ":"), "", 5, False, set())
@example([("CR/1", "identified", 1, "kent:1", "2014")] * 2, (",", ":"), "", 5, True, set())
@settings(max_examples=300, deadline=None)
def test_objects_decoded_at_once_say_what_they_say_one_by_one(
    records: list[tuple[object, ...]],
    spaces: tuple[str, str],
    more: str,
    count: int,
    turns: bool,
    lacking: set[tuple[int, int]],
) -> None:
    lines = []
    for number, record in enumerate(records):
        members = [
            f"{json.dumps(key)}{spaces[1]}{json.dumps(value)}" for key, value in zip(KEYS[:count], record, strict=False)
        ]
        if turns and number % 2:
            members.reverse()
        lines.append("{" + spaces[0].join([*members, *([more] if more and number == len(records) - 1 else [])]) + "}")
    at_once = blocks_of("\n".join(lines), "ndjson")
    # a line that is no object has all of its block read in the careful way
    (block,) = blocks_of("\n".join([*lines, "[]"]), "ndjson")
    assert block.unread.pop().row == len(lines) + 1
    assert without_text(at_once) == without_text([block])


def test_objects_that_a_program_writes_are_decoded_at_once() -> None:
    alike = Alike(KEYS, {"case_ref"})
    assert alike.read([b'{"stage":"a","case_ref":"kent:1"}', b'{"case_ref": null, "stage": 2}']) == (
        {"stage": ("a", 2), "case_ref": ("kent:1", None)},
        None,
    )
    assert alike.read([b'{"stage":"a","shared_ref":"kent:1"}', b"{}"]) == (
        {"stage": ("a", ABSENT), "shared_ref": ("kent:1", ABSENT)},
        [{"case_ref", "stage", "shared_ref"}, {"case_ref"}],
    )
    assert alike.read([b'{"stage":"a"}', b'{"stage":"a","stage":"b"}']) is None
    assert alike.read([b'{"stage":"a","other":1}']) is None
    assert alike.read([b'{"stage":1.5}']) is None
