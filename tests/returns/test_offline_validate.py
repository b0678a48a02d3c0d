"""Validation where the file is: the service's findings without the service."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.contract.findings import sentence, shown
from service.contract.library import load_library
from service.contract.model import PartName, Severity
from service.demo.mess import messy
from service.errors import CaseReturnsError
from service.returns.findings import list_findings
from service.returns.offline import Earlier, Report, validate
from service.storage.database import Database
from tests.support.files import CASE, CONTRACT, MEDIA, a_record, as_csv, as_ndjson
from tests.support.returns import a_case, a_case_of_2026, a_service, again, csv_of, opened, sent

PARTS = CONTRACT.parts


def told(report: Report) -> list[tuple[int, str, str | None]]:
    return [(finding.row, finding.rule, finding.field) for finding in report.findings]


def validated(rows: list[dict[str, str]]) -> Report:
    return validate(csv_of(rows), CONTRACT, CASE, "text/csv")


def test_a_good_file_is_accepted_whole_and_says_what_was_not_run() -> None:
    report = validated([a_case("K/1", stage_date="2025-11"), a_case("K/2", stage_date="2025-11")])
    assert (report.received, report.accepted, report.held, report.blocks) == (2, 2, 0, False)
    assert told(report) == []
    assert report.counts == dict.fromkeys(Severity, 0)
    assert {item.what for item in report.not_run} >= {"Q301", "V211", "cases_now", "share_undetermined"}
    assert all(item.why for item in report.not_run)


def test_findings_come_in_order_of_row_and_rule() -> None:
    rows = [
        a_case("K/1", offence_from="2014-02", offence_to="2013", suspect_count="two"),
        a_case("K/2", nfa_date="2014", nfa_by="", stage_date="2025"),
    ]
    assert told(validated(rows)) == [
        (2, "Q322", "stage_date"),
        (2, "S101", "suspect_count"),
        (2, "V220", "offence_to"),
        (3, "Q345", "outcome"),
    ]


def test_a_rule_is_silent_where_one_of_its_fields_could_not_be_read() -> None:
    assert told(validated([a_case(stage_date="07/03/2014")])) == [(2, "S102", "stage_date")]


def test_a_finding_speaks_in_the_rules_words_with_the_values() -> None:
    report = validated([a_case(offence_from="2015", offence_to="2014-06", stage_date="2025")])
    assert sentence(CONTRACT, report.findings[0]) == (
        "row 2, offence_to: The offence ends (2014-06) before it begins (2015). Correct one of the two dates."
    )
    assert shown(CONTRACT, report.findings[0]) == {
        "rule": "V220",
        "severity": "validity",
        "part": "case",
        "row": 2,
        "case_ref": "K/1",
        "field": "offence_to",
        "value": "2014-06",
        "says": "The offence ends (2014-06) before it begins (2015).",
        "fix": "Correct one of the two dates.",
        "notice": None,
    }


def test_a_reading_finding_says_what_to_write() -> None:
    report = validated([a_case(suspect_count="two", stage_date="2025")])
    assert sentence(CONTRACT, report.findings[0]) == (
        "row 2, suspect_count: Suspects: 'two' is not a whole number. Write 2."
    )


def test_an_unknown_column_is_named_with_the_closest_field() -> None:
    report = validated([a_case(suspects_count="3", stage_date="2025")])
    assert told(report) == [(1, "V206", "suspects_count"), (2, "V206", "suspects_count")]
    assert shown(CONTRACT, report.findings[0])["fix"] == "Call it 'suspect_count', if that is meant."


def test_a_name_or_code_of_the_version_before_is_answered_with_what_it_is_now() -> None:
    newer = load_library().contracts["2026.1"]
    row = a_case(stage_date="2025", priority="none")
    report = validate(csv_of([row]), newer, newer.parts[PartName.CASE], "text/csv")
    fixes = {(item["field"], item["fix"]) for item in (shown(newer, found) for found in report.findings)}
    assert ("youngest_victim_age", "Call it 'victim_age_youngest': that is its name in 2026.1.") in fixes
    assert ("priority", "Write standard: 'none' is a code of 2025.1.") in fixes


def test_a_name_or_code_of_a_newer_version_is_answered_with_what_it_is_in_this_one() -> None:
    row = a_case_of_2026(stage_date="2025", priority="immediate", setting="school", contact_offence="yes")
    report = validated([row])
    fixes = {(item["field"], item["fix"]) for item in (shown(CONTRACT, found) for found in report.findings)}
    in_this = "and this return is written in 2025.1."
    assert {fix for fix in fixes if fix[0] != "case_ref"} >= {
        (
            "victim_age_youngest",
            f"Call it 'youngest_victim_age': 'victim_age_youngest' is its name in 2026.1, {in_this}",
        ),
        ("contact_offence", "Leave it out, or write the return in 2026.1: 2025.1 does not have this field yet."),
        ("setting", f"Write institutional: 'school' is a code of 2026.1, {in_this}"),
        (
            "priority",
            f"Write dangerous_suspect|flight_risk, or the one that it is: 'immediate' is a code of 2026.1, {in_this}",
        ),
    }


def test_a_newer_field_that_another_part_has_is_not_said_to_be_one_of_this() -> None:
    part = CONTRACT.parts[PartName.WORKFORCE]
    row = {"team": "other", "phase": "assessment", "victim_age_youngest": "12", "contact_offence": "no"}
    report = validate(csv_of([row]), CONTRACT, part, "text/csv")
    assert {shown(CONTRACT, found)["fix"] for found in report.findings if found.rule == "V206"} == {"Leave it out."}


def test_a_reference_twice_holds_all_its_rows() -> None:
    report = validated(
        [a_case("K/1", stage_date="2025"), a_case("K/2", stage_date="2025"), a_case("K/1", stage_date="2025")]
    )
    assert told(report) == [(2, "V207", "case_ref"), (4, "V207", "case_ref")]
    assert (report.received, report.accepted, report.held) == (3, 1, 2)


@pytest.mark.parametrize(
    ("total", "part", "rule"),
    [
        ("3", "4", "V212"),
        ("3", "2", "Q302"),
        ("3", "3", None),
        ("2+", "9", None),
        ("2-3", "4+", "V212"),
        ("3", "2+", None),
        ("", "9", None),
    ],
)
def test_parts_are_summed_against_their_total(total: str, part: str, rule: str | None) -> None:
    zeros = dict.fromkeys((f"suspects_{name}" for name in ("asian", "black", "mixed", "other", "white")), "0")
    report = validated([a_case(suspect_count=total, suspects_not_recorded=part, stage_date="2025", **zeros)])
    assert [finding.rule for finding in report.findings if finding.rule in ("V212", "Q302")] == ([rule] if rule else [])


def test_a_row_without_its_stage_is_held() -> None:
    report = validate(b"case_ref,stage_date\nCR/1,2025\n", CONTRACT, CASE, "text/csv")
    assert (2, "V202", "stage") in told(report)
    assert report.held == 1


def test_cells_with_the_same_breakdown_are_held() -> None:
    content = b"setting,nfa_date,cases\ngang,2014,3\ngang,2014-01/2014-12,4\ngang,2015,5\n"
    report = validate(content, CONTRACT, PARTS[PartName.AGGREGATE], "text/csv")
    assert [finding for finding in told(report) if finding[1] == "V210"] == [(2, "V210", None), (3, "V210", None)]


def test_the_name_of_a_file_says_what_it_is(tmp_path: Path) -> None:
    rows = [a_record("CR/1", stage_date="2025"), a_record("CR/2", stage_date="2025")]
    for name, content in (("a.CSV", as_csv(rows)), ("a b.ndjson", as_ndjson(rows))):
        path = tmp_path / name
        path.write_text(content, newline="")
        assert validate(path, CONTRACT, CASE).received == 2
    (tmp_path / "a.xyz").write_text("x")
    with pytest.raises(CaseReturnsError):
        validate(tmp_path / "a.xyz", CONTRACT, CASE)


@given(
    st.binary(max_size=300).map(lambda rest: b"case_ref,stage,suspect_count\n" + rest), st.sampled_from(sorted(MEDIA))
)
@settings(max_examples=100, deadline=None)
def test_received_is_accepted_and_held(content: bytes, kind: str) -> None:
    try:
        report = validate(content, CONTRACT, CASE, MEDIA[kind])
    except CaseReturnsError:
        return
    assert report.received == report.accepted + report.held
    assert report.accepted >= 0
    assert sum(report.counts.values()) == len(report.findings)


async def test_the_service_finds_the_same_in_the_same_order(database: Database) -> None:
    rows = [a_case(f"K/{n}", stage_date="2025", offence_from="2013" if n % 3 else "2016") for n in range(1, 60)]
    body = messy(rows, seed=3, fields=tuple(rows[0])).body
    context = await a_service(database)
    item = await opened(context)
    answer = await sent(context, item, body)
    async with context.db.force(item.force) as tx:
        listed, _ = await list_findings(tx, CONTRACT, await again(context, item), limit=1000)
    report = validate(body, CONTRACT, CASE, "text/csv")
    here = [shown(CONTRACT, finding) for finding in report.findings]
    there = [finding.document for finding in listed if finding.document["part"] == "case"]
    assert len({finding.rule for finding in report.findings}) > 8
    assert there == here
    assert (answer.received, answer.accepted, answer.held) == (report.received, report.accepted, report.held)


def test_where_most_of_the_file_before_is_held_its_version_is_asked_for() -> None:
    newer = load_library().contracts["2026.1"]
    before = [a_case(f"K/{number}", setting="institutional") for number in range(4)]
    earlier = Earlier(file=csv_of(before), media="text/csv")
    part = newer.parts[PartName.CASE]
    report = validate(csv_of([a_case_of_2026("K/1")]), newer, part, "text/csv", previous=earlier)
    (note,) = [note for note in report.notes if "left out" in note]
    assert note.startswith("4 rows of the file before")
    assert "--previous-contract" in note
