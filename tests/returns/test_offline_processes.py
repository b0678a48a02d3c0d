"""A file that several processes check, and findings that do not lie in memory: what comes is what one would say."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from service.contract.findings import Finding, in_order
from service.contract.model import PartName, Severity
from service.demo.mess import messy
from service.demo.sheet import write_ndjson
from service.errors import CaseReturnsError
from service.returns import finding_log, offline_processes
from service.returns.finding_log import FindingLog, pack
from service.returns.offline import Report, validate
from service.returns.offline_processes import processes_for
from service.returns.offline_source import Sent
from service.returns.readers import BLOCK_ROWS
from service.returns.row_set import RowSet
from tests.support.files import CASE, CONTRACT
from tests.support.returns import a_case, csv_of, published

NEWER = published().library.contracts["2026.1"]
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="a process is forked on Linux alone")
LINES = BLOCK_ROWS * 3 + 17


def a_long_file(rows: int = LINES) -> bytes:
    """Clean rows, and among them all that concerns more than a block: doubles far from each other, cells with line
    ends, blank lines, an unknown column, and rows that are held."""
    made = [a_case(f"K/{number}", stage_date="2025-11") for number in range(rows)]
    made[5]["case_ref"] = made[rows - 2]["case_ref"]
    made[rows // 2]["suspect_count"] = "two"
    lines = csv_of(made).splitlines(keepends=True)
    lines[0] = lines[0].rstrip() + b",Own\r\n"
    lines[1:] = [line.rstrip() + b",\r\n" for line in lines[1:]]
    lines[BLOCK_ROWS + 40] = lines[BLOCK_ROWS + 40].rstrip() + b'"a note\r\nover two lines"\r\n'
    lines.insert(BLOCK_ROWS + 90, b"\r\n")
    lines.insert(BLOCK_ROWS * 2 + 90, b'K/open,"never closed\r\n')
    return b"".join(lines)


def said(report: Report) -> dict[str, object]:
    return {**asdict(report), "findings": list(report.findings)}


@ON_LINUX
@pytest.mark.parametrize("processes", [2, 3])
def test_several_processes_say_what_one_says(processes: int) -> None:
    content = a_long_file()
    alone = validate(content, CONTRACT, CASE, "text/csv", processes=1)
    assert said(validate(content, CONTRACT, CASE, "text/csv", processes=processes)) == said(alone)
    assert {"V207", "S101", "V206"} <= {finding.rule for finding in alone.findings}


@ON_LINUX
@given(seed=st.integers(0, 10_000), newer=st.booleans())
@settings(max_examples=6, deadline=None)
def test_several_processes_say_what_one_says_of_a_file_as_people_have_it(seed: int, newer: bool) -> None:
    contract = NEWER if newer else CONTRACT
    made = [a_case(f"K/{number}") for number in range(BLOCK_ROWS * 2 + 100)]
    content = messy(made, seed, tuple(made[0])).body
    part = contract.parts[PartName.CASE]
    together = validate(content, contract, part, "text/csv", processes=2)
    assert said(together) == said(validate(content, contract, part, "text/csv", processes=1))


@ON_LINUX
def test_objects_by_the_line_are_shared_too() -> None:
    made = [{**a_case(f"K/{number}"), "suspect_count": "two" if number % 7 == 0 else "3"} for number in range(LINES)]
    content = write_ndjson(made, tuple(made[0]))
    together = validate(content, CONTRACT, CASE, "application/x-ndjson", processes=2)
    assert said(together) == said(validate(content, CONTRACT, CASE, "application/x-ndjson", processes=1))
    assert together.held == len(range(0, LINES, 7))


@ON_LINUX
def test_what_concerns_the_whole_file_is_told_as_if_one_had_read_it() -> None:
    with pytest.raises(CaseReturnsError) as alone:
        validate(b"who,what\r\n1,2\r\n", CONTRACT, CASE, "text/csv", processes=1)
    with pytest.raises(CaseReturnsError) as together:
        validate(b"who,what\r\n1,2\r\n", CONTRACT, CASE, "text/csv", processes=2)
    assert (together.value.says, together.value.do) == (alone.value.says, alone.value.do)


@ON_LINUX
def test_the_file_is_read_alone_when_a_process_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    content = a_long_file()
    alone = said(validate(content, CONTRACT, CASE, "text/csv", processes=1))
    forked: list[int] = []

    def dies(pipe: object, inherited: object, source: Sent, share: object) -> None:
        raise SystemExit(3)

    def counted(source: Sent, wanted: int | None = None) -> int:
        forked.append(1)
        return 2

    monkeypatch.setattr(offline_processes, "_work", dies)
    monkeypatch.setattr("service.returns.offline.processes_for", counted)
    assert said(validate(content, CONTRACT, CASE, "text/csv")) == alone
    assert forked


@ON_LINUX
def test_a_process_ends_when_nobody_reads_from_it(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_bytes(a_long_file(BLOCK_ROWS * 40))
    code = (
        "import os, sys; from tests.returns.test_offline_processes import CASE, CONTRACT, Path, validate; "
        "from multiprocessing import active_children as children; "
        "tell = lambda *_: (print(*[child.pid for child in children()], flush=True), os.kill(os.getpid(), 9)); "
        "validate(Path(sys.argv[1]), CONTRACT, CASE, progress=tell, processes=2)"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, file], stdout=subprocess.PIPE, text=True, check=False, timeout=90
    )
    left = {int(pid) for pid in killed.stdout.split()}
    assert len(left) == 2
    until = time.monotonic() + 60
    while left and time.monotonic() < until:
        left = {pid for pid in left if Path(f"/proc/{pid}").exists() and b"Z" not in _state_of(pid)}
        time.sleep(0.05)
    assert not left


def _state_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2][:3]
    except OSError:
        return b"Z"


@ON_LINUX
@pytest.mark.parametrize("processes", [2, 3])
def test_rows_that_are_too_short_are_counted_and_the_first_is_named_whoever_read_it(processes: int) -> None:
    lines = [f"K/{number},assessed,2,\n" for number in range(LINES)]
    for place in (BLOCK_ROWS + 5, BLOCK_ROWS * 2 + 7, BLOCK_ROWS * 2 + 8):
        lines[place] = f"K/{place},assessed\n"
    lines[-1] = f"K/{LINES},ass"
    content = ("case_ref,stage,suspect_count,setting\n" + "".join(lines)).encode()
    alone = validate(content, CONTRACT, CASE, "text/csv", processes=1)
    assert said(validate(content, CONTRACT, CASE, "text/csv", processes=processes)) == said(alone)
    assert alone.notes == (
        f"3 rows have fewer cells than the heading: what they lack was read as not known, first in row {1007:,}.",
    )
    assert [finding.rule for finding in alone.findings if finding.severity.holds] == ["S105"]


@ON_LINUX
def test_every_row_is_read_by_one_process_alone() -> None:
    reported: list[int] = []
    report = validate(
        *(a_long_file(), CONTRACT, CASE, "text/csv"), progress=lambda done, _: reported.append(done), processes=2
    )
    assert report.received == LINES + 1
    assert len(reported) == LINES // BLOCK_ROWS + 1


def test_a_short_file_a_workbook_and_another_system_take_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = Sent(csv_of([a_case("K/1")]), "text/csv", CASE, CONTRACT, None)
    array = Sent(b"[]", "application/json", CASE, CONTRACT, None)
    assert processes_for(short) == 1
    assert processes_for(array, 2) == 1
    monkeypatch.setattr(sys, "platform", "win32")
    assert processes_for(short, 2) == 1


# --- what is kept ------------------------------------------------------------------------------------------------

RULES = st.sampled_from(["Q322", "S101", "V220"])
FINDINGS = st.lists(
    st.builds(
        Finding,
        part=st.just(PartName.CASE),
        row=st.integers(1, 40),
        rule=RULES,
        severity=st.sampled_from(Severity),
        field=st.none() | st.sampled_from(["stage", "setting"]),
        value=st.none() | st.text(max_size=5),
        key=st.none() | st.text(max_size=5),
    )
)


@given(in_blocks=st.lists(FINDINGS, max_size=4), late=FINDINGS)
def test_a_log_gives_all_findings_back_in_order(in_blocks: list[list[Finding]], late: list[Finding]) -> None:
    log, kept = FindingLog(), list[Finding]()
    for number, some in enumerate(in_blocks):
        moved = sorted((Finding(**{**asdict(one), "row": one.row + 40 * number}) for one in some), key=in_order)
        log.add(*pack(moved))
        kept += moved
    log.late(late)
    expected = sorted([*kept, *late], key=in_order)
    assert list(log) == expected == list(log[:])
    assert len(log) == len(expected) == log.severities.total()
    assert [log[place] for place in range(len(expected))] == expected


def test_a_log_that_is_larger_than_memory_allows_lies_in_a_file_and_is_read_by_several_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding_log, "_IN_MEMORY", 1_000)
    monkeypatch.setattr(finding_log, "_AT_ONCE", 10)
    log = FindingLog()
    found = [Finding(PartName.CASE, row, "Q322", Severity.QUALITY, "stage", "x" * 20, "K") for row in range(500)]
    log.add(*pack(found[:250]))
    log.add(*pack(found[250:]))
    assert [one.row for pair in zip(log, log, strict=True) for one in pair] == [row for row in range(500) for _ in "ab"]


@given(rows=st.lists(st.integers(0, 3_000)))
def test_a_set_of_rows_is_a_set(rows: list[int]) -> None:
    kept = RowSet(rows)
    assert list(kept) == sorted(set(rows))
    assert len(kept) == len(set(rows))
    assert {row for row in range(-1, 3_001) if row in kept} == set(rows)
