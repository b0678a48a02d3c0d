"""Files of rows as forces send them, good, wrong in places, and broken whole; for schemathesis to send."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any, Final

from hypothesis import strategies as st

from tests.support.rows import GOOD
from tests.support.workbooks import XLSX, Shown, a_workbook

_FIELDS: Final[dict[str, list[Any]]] = {
    "case_ref": ["K/1", "K/2", "K/3", "K/4", "K/0412", "K/2", "no digit", "", "jane@example.com", "K/1'--"],
    "offence_code": ["19D", "19d", "99Z", ""],
    "setting": ["intrafamilial", "organised", "intrafamilial|organised", "elsewhere", ""],
    "victim_count": [1, 2, "2+", "1-4", 0, -1, "two", "1e400", "٣", 10**30, None],
    "suspect_count": [3, "2+", "3-5", "5-3", 1.5, True, ""],
    "youngest_victim_age": [13, "10-15", 130, "NaN"],
    "nfa_date": ["2014-03", "2012/2014", "2014-02-30", "07/03/2014", "41700", "2014-03-07"],
    "offence_from": ["2010", "2031-01-01", ""],
    "stage": ["identified", "in_assessment", "assessed", "somewhere", ""],
    "stage_date": ["2025-10", "2025-13", None],
    "nfa_by": ["police", "cps", "not known"],
    "missed_lines": ["yes", "no", "maybe", True],
}
_CELLS: Final[dict[str, list[Any]]] = {
    "nfa_date": ["2013", "2014", "2013/2015", "x"],
    "stage": ["identified", "assessed", "", "nowhere"],
    "setting": ["organised", "", "x"],
    "cases": [37, 0, "12", -1, "many", None, 10**20],
}
_TEAMS: Final[dict[str, list[Any]]] = {
    "team": ["child_exploitation", "other", "nobody", ""],
    "phase": ["assessment", "reinvestigation", "x"],
    "officers_fte": ["26.5", 3, -1, "1,5", 10**12],
}
OF_PART: Final = {"cases": _FIELDS, "aggregates": _CELLS, "workforce": _TEAMS}
_NEEDED: Final = {
    "cases": {"case_ref": "K/1", "stage": "identified"},
    "aggregates": {"cases": 1},
    "workforce": {"team": "other", "phase": "assessment"},
}


@st.composite
def rows(draw: st.DrawFn, part: str) -> list[dict[str, Any]]:
    """Some rows of one part with the same columns: good values, and those that people and machines get wrong."""
    fields = OF_PART[part]
    columns = draw(st.lists(st.sampled_from(sorted(fields)), unique=True, min_size=1))
    columns = [*_NEEDED[part], *(name for name in columns if name not in _NEEDED[part])]
    row = st.fixed_dictionaries({name: st.sampled_from(fields[name]) for name in columns})
    return draw(st.lists(row, min_size=1, max_size=6))


@st.composite
def csv_file(draw: st.DrawFn, part: str) -> bytes:
    """A file as spreadsheets save it: any usual separator, line end and encoding."""
    listed = draw(rows(part))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text,
        list(listed[0]),
        delimiter=draw(st.sampled_from(",;\t")),
        lineterminator=draw(st.sampled_from(["\r\n", "\n"])),
    )
    writer.writeheader()
    writer.writerows(listed)
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + text.getvalue().encode()


@st.composite
def ndjson_file(draw: st.DrawFn, part: str) -> bytes:
    """Lines of JSON; a line that is none costs no other. By its first, a file is told from one of another kind."""
    lines = [json.dumps(row).encode() for row in draw(rows(part))]
    broken = draw(st.sampled_from([None, b"{", b"[]", b"null", b'{"case_ref": "\\ud800"}', b"\xff", b'{"a":1,"a":2}']))
    if broken is not None:
        lines.insert(draw(st.integers(1, len(lines))), broken)
    return draw(st.sampled_from([b"\n", b"\r\n"])).join(lines) + b"\n"


@st.composite
def workbook(draw: st.DrawFn, part: str) -> bytes:
    """A workbook as a spreadsheet program saves it: numbers, days and texts in cells of their own kinds."""
    listed = draw(rows(part))
    if draw(st.booleans()):
        listed = [{name: _typed(value) for name, value in row.items()} for row in listed]
    return a_workbook([{name: _kept(value) for name, value in row.items()} for row in listed])


def _typed(value: Any) -> Any:
    """What a spreadsheet makes of what is typed."""
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return Shown(date(2014, 3, 1), "mmm-yy") if value == "2014-03" else value


def _kept(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


BROKEN: Final[dict[str, list[bytes]]] = {
    "text/csv": [
        b"",
        b"\x00\x00\x00",
        b"case_ref,case_ref\nK/1,K/1\n",
        b"nothing,known\n1,2\n",
        b"stage\nidentified\n",
        b"case_ref,stage\nK/1,identified\x80\n" * 3 + b"\xff\xfe\x00",
        b'{"case_ref": "K/1"}',
        b"PK\x03\x04 a spreadsheet that is no CSV",
    ],
    "application/x-ndjson": [b"", b"[", b"not json at all", b"case_ref,stage\nK/1,identified\n"],
    XLSX: [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"case_ref\nK/1\n", a_workbook([{"nothing": 1}])],
    "application/json": [b"", b"{}", b"[", b'[{"case_ref": NaN}]', b"null", b"[" * 5000, b'"\xff"'],
}
"""Files that are refused whole, or have no row that is read."""
GOOD_ROW: Final[dict[str, Any]] = dict(GOOD)
