"""NDJSON and JSON arrays: strict about their form, and one bad object costs itself alone."""

from __future__ import annotations

import json

import pytest

from service.contract.model import PartName
from service.errors import CaseReturnsError
from service.returns.readers import json_file
from service.returns.readers.block import LONGEST_ROW
from tests.support.files import a_record, as_ndjson, block_of, blocks_of, told

GOOD = '{"case_ref": "CR/1", "stage": "identified", "suspect_count": 2}'


def as_array(*texts: str) -> str:
    return f"[{', '.join(texts)}]"


def test_an_exact_number_is_an_integer_and_a_range_a_string() -> None:
    block = block_of(
        as_ndjson([a_record(suspect_count=2, nfa_date="2014"), a_record("CR/2", suspect_count="3+")]), "ndjson"
    )
    assert block.values["suspect_count"] == [(2, 2), (3, 2147483647)]
    assert block.absent == {"nfa_date": {1}}


def test_absent_and_null_differ() -> None:
    rows = [a_record("CR/1", suspect_count=None), a_record("CR/2"), a_record("CR/3", suspect_count="not_provided")]
    for kind, content in (("ndjson", as_ndjson(rows)), ("json", json.dumps(rows))):
        block = block_of(content, kind)
        assert block.values["suspect_count"] == [None, None, None]
        assert block.absent == {"suspect_count": {1}}
        assert block.empties == [None, None, {"suspect_count": "not_provided"}]
        assert block.findings == []


def test_what_no_row_has_is_no_column() -> None:
    assert set(block_of(GOOD, "ndjson").values) == {"case_ref", "stage", "suspect_count"}


@pytest.mark.parametrize(
    ("field", "value", "rule", "shown"),
    [
        ("suspect_count", "2.0", "S101", "2.0"),
        ("suspect_count", "1e400", "S101", "1e400"),
        ("suspect_count", "true", "S101", "true"),
        ("suspect_count", '{"least": 2}', "S101", '{"least": 2}'),
        ("suspect_count", "[2, 3]", "S101", "[2, 3]"),
        ("suspect_count", "99999999999999999999999", "V203", "99999999999999999999999"),
        ("suspect_count", '"two"', "S101", "two"),
        ("nfa_date", "41705", "S102", "41705"),
        ("nfa_date", "false", "S102", "false"),
        ("concern", "true", "V201", "true"),
        ("former_case_ref", "1.5", "S104", "1.5"),
        ("former_case_ref", '"a\\u0000b1"', "S104", "a␀b1"),
    ],
)
def test_a_value_that_cannot_be_taken_is_a_finding(field: str, value: str, rule: str, shown: str) -> None:
    text = f'{{"case_ref": "CR/1", "stage": "identified", "{field}": {value}}}'
    for kind, content in (("ndjson", text), ("json", f"[{text}]")):
        block = block_of(content, kind)
        assert told(block) == [(1, rule, field, shown)]
        assert block.held == {0}
        assert block.failed == {field: {0}}


def test_a_list_of_codes_is_taken_where_several_hold() -> None:
    block = block_of(as_ndjson([a_record(shared_with=["kent", "essex"])]), "ndjson")
    assert block.values == block_of(as_ndjson([a_record(shared_with="kent;essex")]), "ndjson").values


def test_numbers_stand_for_codes_and_years() -> None:
    block = block_of(as_ndjson([a_record(outcome=16, nfa_date=2014)]), "ndjson")
    assert block.values == block_of(as_ndjson([a_record(outcome="16", nfa_date="2014")]), "ndjson").values
    assert block.findings == []


BAD_LINES = [
    ('{"case_ref": "CR/2"', "it is not valid JSON: it ends too soon"),
    ('{"case_ref": "CR/2",}', "it is not valid JSON at byte 20"),
    ('{"case_ref": NaN}', "it is not valid JSON at byte 13"),
    ('{"case_ref": "CR/2"} {"case_ref": "CR/3"}', "more than one value stands in it"),
    ('{"case_ref": "CR/2", "stage": "identified", "stage": "assessed"}', "the key 'stage' stands in it twice"),
    ('{"case_ref": "CR/2", "stage" : "identified", "stage": "assessed"}', "the key 'stage' stands in it twice"),
    ('{"case_ref": "\\ud800"}', "half of a character stands in it (a lone surrogate)"),
    ("[1]", "it is not an object"),
    ("null", "it is not an object"),
    ('{"case_ref": ' + "[" * 5000 + "]" * 5000 + "}", "it is nested too deeply"),
    ("{" + ", ".join(f'"k{n}": 1' for n in range(600)) + "}", "it has 600 keys that are no field of the contract"),
]


@pytest.mark.parametrize(("line", "why"), BAD_LINES, ids=[why for _, why in BAD_LINES])
def test_a_bad_line_is_held_and_the_good_lines_stand(line: str, why: str) -> None:
    block = block_of(f"{GOOD}\n{line}\n\n{GOOD}\n", "ndjson")
    assert block.rows == [1, 4]
    assert block.values["suspect_count"] == [(2, 2), (2, 2)]
    (held,) = block.unread
    assert (held.row, held.text) == (2, line)
    assert told(block) == [(2, "S105", None, why)]


def test_a_text_that_looks_like_a_key_is_no_key() -> None:
    text = '{"case_ref": "CR/1", "stage": "identified", "former_case_ref": "a\\":1"}'
    assert told(block_of(text, "ndjson")) == [(1, "V204", "former_case_ref", 'a":1')]


def test_bytes_that_are_not_utf8_are_held() -> None:
    block = block_of(GOOD.encode() + b'\n{"case_ref": "Caf\xe9 1"}\n', "ndjson")
    assert told(block) == [(2, "S106", None, "it is not UTF-8")]
    assert block.unread[0].text == '{"case_ref": "Café 1"}'


def test_an_unknown_key_with_a_value_holds_its_row() -> None:
    rows = [a_record("CR/1", victims=3), a_record("CR/2", victims=None), a_record("CR/3")]
    block = block_of(as_ndjson(rows), "ndjson")
    assert told(block) == [(1, "V206", "victims", "3")]
    assert block.held == {0}


def test_a_row_without_its_reference_is_held() -> None:
    block = block_of(as_ndjson([a_record("CR/1"), {"stage": "identified"}]), "ndjson")
    assert told(block) == [(2, "V202", "case_ref", None)]


def test_a_cut_off_last_line_is_not_called_a_cut_off_file() -> None:
    block = block_of(f"{GOOD}\n{GOOD[:20]}", "ndjson")
    assert [held.row for held in block.unread] == [2]


def test_an_array_is_numbered_by_element_and_keeps_each_text() -> None:
    block = block_of(as_array(GOOD, '{"case_ref": "x"}', "3"), "json")
    assert block.rows == [1, 2]
    assert list(block.originals) == [GOOD, '{"case_ref": "x"}']
    assert [(held.row, held.text) for held in block.unread] == [(3, "3")]


@pytest.mark.parametrize("commas_at_once", [0, 1_000_000])
def test_an_array_is_the_same_however_it_is_walked(monkeypatch: pytest.MonkeyPatch, commas_at_once: int) -> None:
    monkeypatch.setattr(json_file, "_MOST_AT_ONCE", commas_at_once)
    texts = [json.dumps(a_record(f"CR/{n}", former_case_ref=f"é{n}")) for n in range(20_000)]
    blocks = blocks_of(as_array(*texts, '{"case_ref": "\\ud800"}'), "json")
    assert sum(block.received for block in blocks) == 20_001
    assert [row for block in blocks for row in block.rows] == list(range(1, 20_001))
    assert blocks[3].originals[-1] == texts[-1]
    assert [held.row for held in blocks[-1].unread] == [20_001]


@pytest.mark.parametrize(
    ("kind", "content", "code"),
    [
        ("json", "{}", "not-an-array"),
        ("json", "case_ref,stage\n", "not-an-array"),
        ("json", "[{},]", "not-json"),
        ("json", "[{}", "not-json"),
        ("json", "[{}] x", "not-json"),
        ("json", '[{"case_ref": NaN}]', "not-json"),
        ("json", "[" * 100_000, "not-json"),
        ("json", f'[{{"case_ref": "{"x" * LONGEST_ROW}"}}]', "row-too-long"),
        ("json", "", "empty-upload"),
        ("ndjson", "", "empty-upload"),
        ("ndjson", f"[{GOOD}]", "content-differs"),
        ("ndjson", "x" * (LONGEST_ROW + 1), "row-too-long"),
        ("ndjson", '{"stage": "identified", "suspect_count": 2}', "no-key-column"),
        ("ndjson", '{"team": "x", "phase": "y", "officers_fte": 2}', "wrong-part"),
    ],
)
def test_what_concerns_the_whole_body_is_said_before_anything_else(kind: str, content: str, code: str) -> None:
    with pytest.raises(CaseReturnsError) as refused:
        blocks_of(content, kind)
    assert refused.value.code == code


def test_malformed_json_is_pointed_at_by_its_byte() -> None:
    with pytest.raises(CaseReturnsError) as refused:
        blocks_of('[{"case_ref": "é"}, {"case_ref": }]', "json")
    assert "byte 34" in refused.value.says


def test_an_array_over_the_limit_is_told_of_ndjson() -> None:
    class Large:
        length = json_file.LONGEST_ARRAY + 1

    from service.returns.readers import read
    from tests.support.files import CASE, CONTRACT

    with pytest.raises(CaseReturnsError) as refused:
        next(read(Large(), "application/json", CASE, CONTRACT))  # type: ignore[arg-type]
    assert "NDJSON" in refused.value.do


def test_an_empty_array_has_no_rows() -> None:
    assert blocks_of("[]", "json") == []


def test_a_required_key_of_a_part_replaced_whole_is_missed() -> None:
    row = {"team": "child_exploitation", "officers_fte": 26.5}
    block = block_of(as_ndjson([row]), "ndjson", PartName.WORKFORCE)
    assert told(block) == [(1, "V202", "phase", None)]
