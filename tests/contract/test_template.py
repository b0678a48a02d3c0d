"""Empty sheets made from the contract: what is filled in comes back as typed, and each field says what it takes."""

from __future__ import annotations

import re

import pytest

from service.contract.library import load_library
from service.contract.model import Contract, Field, Part
from service.contract.spreadsheets import habits
from service.contract.template import empty_csv, empty_workbook
from service.contract.values import read_cell
from service.criteria.tree import fields_of
from service.criteria.vocabulary import Kind
from service.returns.readers import XLSX, BytesSource, TypedBlock, read
from tests.support.workbooks import parts_of, sheets_of, typed_into

CONTRACTS = load_library().contracts
EVERY = [
    pytest.param(contract, part, id=f"{contract.version}-{part.name}")
    for contract in CONTRACTS.values()
    for part in contract.parts.values()
]
TYPED = {
    Kind.TEXT: "00042/1",
    Kind.NUMBER: "3-5",
    Kind.DECIMAL: "1.5-2",
    Kind.DATE: "2014-03",
}


def block_of(content: bytes, media: str, contract: Contract, part: Part) -> TypedBlock:
    (block,) = read(BytesSource(content), media, part, contract)
    return block


def typed(field: Field) -> str:
    """Something that a spreadsheet would spoil if it took it for a number or a day."""
    if field.list is not None:
        codes = [code.code for code in field.list.codes]
        return codes[0] if field.exact or len(codes) < 2 else ("|" if field.kind is Kind.CODE else ";").join(codes[:2])
    text = TYPED[field.kind]
    return text if not field.exact and read_cell(field, text).failed is None else field.example


def is_number(field: Field) -> bool:
    """Whether a field takes nothing but exact numbers, which a spreadsheet may take for what they are."""
    return field.exact and field.kind in (Kind.NUMBER, Kind.DECIMAL)


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_an_empty_sheet_is_taken_as_it_is(contract: Contract, part: Part) -> None:
    workbook = empty_workbook(contract, part)
    assert workbook == empty_workbook(contract, part)
    for content, media in ((workbook, XLSX), (empty_csv(part), "text/csv")):
        block = block_of(content, media, contract, part)
        assert (block.received, block.findings) == (0, [])
        assert list(block.values) == [field.name for field in part.fields]


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_what_is_filled_in_is_read_exactly(contract: Contract, part: Part) -> None:
    cells = {field.name: typed(field) for field in part.fields if not is_number(field)}
    filled = typed_into(empty_workbook(contract, part), 2, {**cells, "notes": "ask the team"})
    block = block_of(filled, XLSX, contract, part)
    assert block.findings == []
    for field in part.fields:
        expected = read_cell(field, cells[field.name]).value if field.name in cells else None
        assert block.values[field.name] == [expected], field.name
    assert block.notes[-1] == "The column “notes” is your own: it was not read, and nothing of it is kept."


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_a_field_with_codes_offers_them_and_the_words_for_what_is_empty(contract: Contract, part: Part) -> None:
    workbook = empty_workbook(contract, part)
    xml = parts_of(workbook)["xl/worksheets/sheet1.xml"].decode()
    codes = parts_of(workbook)["xl/worksheets/sheet3.xml"].decode()
    said = dict(re.findall(r'<c r="([A-Z]+\d+)"[^>]*><is><t[^>]*>([^<]*)</t>', codes))
    for place, field in enumerate(part.fields):
        column = re.findall(r'<c r="([A-Z]+)1"', xml)[place]
        (offer,) = re.findall(
            rf'<dataValidation [^>]*sqref="{column}2:{column}200000"(?:/>|>.*?</dataValidation>)', xml
        )
        if field.list is None:
            assert 'type="list"' not in offer
            continue
        letters, first, last = re.findall(r"Codes!\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+)", offer)[0]
        offered = [said[f"{letters}{row}"] for row in range(int(first), int(last) + 1)]
        assert offered[: len(field.list.codes)] == [code.code for code in field.list.codes]
        assert all(read_cell(field, word).failed is None for word in offered)
        assert ("not_provided" in offered) is not field.required
        assert ("not_applicable" in offered) is field.not_applicable


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_the_guidance_has_every_field_with_the_rules_that_speak_of_it(contract: Contract, part: Part) -> None:
    sheets = sheets_of(empty_workbook(contract, part))
    assert list(sheets) == [part.title, "Guidance", "Codes"]
    guidance = {row["A"]: " ".join(row.values()) for row in sheets["Guidance"]}
    assert "not read" in guidance["notes"]
    for field in part.fields:
        assert field.meaning in guidance[field.name]
        assert field.label in guidance[field.name]
        for rule in contract.rules_of(part.name):
            if rule.criterion is not None and field.name in fields_of(rule.criterion):
                assert f"{rule.id} (" in guidance[field.name]


@pytest.mark.parametrize(("contract", "part"), EVERY)
def test_the_guidance_has_what_spreadsheets_do_to_values_in_fields_of_the_part(contract: Contract, part: Part) -> None:
    rows = [row for row in sheets_of(empty_workbook(contract, part))["Guidance"] if row["A"] == "(any column)"]
    assert [row["B"] for row in rows] == [entry.title for entry in habits().about(part)]
    assert all(row["E"].startswith(("Read. ", "Refused. ")) and row["H"] for row in rows)
