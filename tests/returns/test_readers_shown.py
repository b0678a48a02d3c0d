"""A number of a workbook is read only where what a person sees in its cell is that number."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from service.contract.findings import fix, says
from service.contract.mending import mend
from service.contract.model import PartName
from service.contract.values import Check
from service.returns.readers import XLSX, BytesSource, TypedBlock, read
from tests.support.files import CONTRACT
from tests.support.workbooks import Shown, a_workbook, changed, parts_of

CASE = CONTRACT.parts[PartName.CASE]


def block_of(content: bytes) -> TypedBlock:
    (block,) = read(BytesSource(content), XLSX, CASE, CONTRACT)
    return block


def with_count(number: float, form: str) -> bytes:
    return a_workbook([{"case_ref": "K/1", "stage": "assessed", "suspect_count": Shown(number, form)}])


PLAIN = [
    *("General", "0", "#,##0", "0.00", "@", "0_)", "0;-0", "0;[Red]-0", "#,##0_);(#,##0)", "[Blue]0", "#,###", "# ?/?"),
    *("0.00E+00", "0;-0;;@", "General;-General;0", "[<3]0;0", '0" "', "_(* #,##0_);_(* (#,##0);_(@_)"),
    *('_-* #,##0_-;-* #,##0_-;_-* "-"??_-;_-@_-', '[<3]"<3";0'),
]


@pytest.mark.parametrize("form", PLAIN)
def test_a_number_that_is_shown_as_itself_is_read(form: str) -> None:
    block = block_of(with_count(3, form))
    assert block.values["suspect_count"] == [(3, 3)]
    assert block.findings == []


WORDED = [
    *((3, form) for form in ('[<5]"<5";0', '0"+";-0', '[=1]"one";[=3]"some";0')),
    *((3, form) for form in ("0*-", '"x"@', "$0", "0\\+", "[$£-809]0", "0%;0", '0"%"', "[>=5]0", ";", "-0", "+0;-0")),
    *((0, form) for form in ("#", "0;-0;", '0;-0;"nil"', "?", "0;;", "General;-General;")),
]


@pytest.mark.parametrize(("number", "form"), WORDED)
def test_a_number_that_is_shown_otherwise_is_refused(number: float, form: str) -> None:
    block = block_of(with_count(number, form))
    assert block.values["suspect_count"] == [None]
    assert [finding.field for finding in block.findings] == ["suspect_count"]
    assert block.held == {0}


@pytest.mark.parametrize("number", [11, 48])
def test_a_reference_that_became_a_power_of_ten_is_held_and_a_number_is_read(number: int) -> None:
    good = a_workbook([{"case_ref": Shown(100_000, "0"), "stage": "assessed", "suspect_count": Shown(120, "0")}])
    styles = re.sub(rb'(<xf numFmtId=)"1"', rb'\1"%d"' % number, parts_of(good)["xl/styles.xml"])
    block = block_of(changed(good, styles=styles))
    assert [(finding.field, finding.value) for finding in block.findings] == [("case_ref", "1E+05")]
    assert block.values["suspect_count"] == [(120, 120)]


@pytest.mark.parametrize("number", [5, 37, 41, 44])
def test_a_format_that_is_a_number_alone_is_looked_at_like_any_other(number: int) -> None:
    good = with_count(0, "0")
    styles = re.sub(rb'(<xf numFmtId=)"1"', rb'\1"%d"' % number, parts_of(good)["xl/styles.xml"])
    block = block_of(changed(good, styles=styles))
    assert block.values["suspect_count"] == [(0, 0) if number == 37 else None]


def test_a_reference_that_is_shown_with_its_prefix_is_held_and_is_no_key() -> None:
    block = block_of(a_workbook([{"case_ref": Shown(1, '"KEN/"000'), "stage": "assessed"}]))
    assert block.keys == [None]
    (finding,) = block.findings
    assert says(CONTRACT, finding) == "Case reference: The cell shows 'KEN/001', and the file has 1 there."
    assert fix(CONTRACT, finding).startswith("Format the column as Text. Then write KEN/001 if ")


def test_what_cannot_be_empty_is_not_told_to_be_left_empty() -> None:
    field = replace(CASE.by_name["suspect_count"], required=True)
    assert (
        mend(field, Check.NUMBER, "- [kept as 0]").write == "Format the column as Text. Then write 0, if that is meant."
    )


def test_a_long_text_of_a_format_leaves_room_for_what_is_kept() -> None:
    block = block_of(with_count(3, f'0" {"x" * 80}"'))
    (finding,) = block.findings
    assert fix(CONTRACT, finding) == "Format the column as Text. Then write 3, if that is meant."
