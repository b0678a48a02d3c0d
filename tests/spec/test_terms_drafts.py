"""A draft of the terms that somebody wrote: what is wrong is said once, where it is, with what to write instead."""

from __future__ import annotations

import json

import pytest

from service.contract.library import Library
from service.contract.written import YAML, DraftProblem
from service.terms.draft import TermsDraftErrors, read_terms_again, read_terms_draft

FORCES = ["kent", "essex", "sussex", "surrey", "cumbria"]
DRAFT = """\
edition: 2026-02
title: Changed
source: A test
contracts:
  - {version: "2025.1", from: 2025-11}
calendar: {every: month, first: 2025-11, due_days: 14}
milestones:
  - {id: assessed, title: All assessed, by: 2026-06-30, set: assessed_or_later, least_percent: 100}
force_list: forces-2025
participation:
  - {from: 2025-11, forces: [kent, essex, sussex, surrey]}
  - {from: 2026-02, force: cumbria}
"""


def problems_of(library: Library, *changes: tuple[str, str]) -> tuple[DraftProblem, ...]:
    """What is wrong with the draft after some words of it were changed."""
    text = DRAFT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(TermsDraftErrors) as raised:
        read_terms_draft(text.encode(), YAML, library)
    return raised.value.problems


def test_the_draft_that_is_changed_here_is_taken(library: Library) -> None:
    assert read_terms_draft(DRAFT.encode(), YAML, library).terms.forces() == tuple(FORCES)


@pytest.mark.parametrize(
    "title", ["Changed", "'Kent': it's \"off\" # 2026-02 \U0001f600", "no", "1.10", "- a | b > c " * 30]
)
def test_a_draft_that_was_stored_reads_again_as_it_did(library: Library, title: str) -> None:
    text = DRAFT.replace("title: Changed", f"title: {json.dumps(title, ensure_ascii=False)}")
    read = read_terms_draft(text.encode(), YAML, library)
    assert read.terms.title == title.strip()
    assert read_terms_again(read.document, library) == read.terms


ONE_CAUSE = [
    ("an unknown list of forces", [("forces-2025", "forces-2031")], "/force_list", "no code list 'forces-2031'"),
    ("a list of something else", [("forces-2025", "stages-2025")], "/force_list", "has none of the forces"),
    ("a first period that is none", [("first: 2025-11", "first: 2025-13")], "/calendar/first", "2025-13"),
    ("no calendar", [("calendar: {every: month, first: 2025-11, due_days: 14}\n", "")], "", "'calendar' is missing"),
    ("a calendar of one word", [("{every: month, first: 2025-11, due_days: 14}", "monthly")], "/calendar", "have keys"),
    ("a contract from a month that is none", [('"2025.1", from: 2025-11', '"2025.1", from: soon')], None, "soon"),
    ("forces from a month that is none", [("- {from: 2025-11, forces", "- {from: 2025, forces")], None, "2025"),
    ("forces until a month that is none", [("2025-11, forces", "2025-11, until: x, forces")], None, "'until' is 'x'"),
    ("forces that are one text", [("[kent, essex, sussex, surrey]", "kent")], None, "must be a list"),
    (
        "participation that is one text",
        [("\n  - {from: 2025-11, forces: [kent, essex, sussex, surrey]}\n  - {from: 2026-02, force: cumbria}", " all")],
        "/participation",
        "must be a list",
    ),
    ("contracts that are one text", [('\n  - {version: "2025.1", from: 2025-11}', " all")], "/contracts", "be a list"),
]


@pytest.mark.parametrize(
    ("changes", "pointer", "says"), [row[1:] for row in ONE_CAUSE], ids=[row[0] for row in ONE_CAUSE]
)
def test_of_one_mistake_only_the_cause_is_told(
    library: Library, changes: list[tuple[str, str]], pointer: str | None, says: str
) -> None:
    (found,) = problems_of(library, *changes)
    assert says in found.says
    assert pointer is None or found.pointer == pointer
    assert not found.do.startswith("Write keys and values")


INSTEAD = [
    ("2025.1", "2025.2", "Did you mean '2025.1'?"),
    ("2025.1", "latest", "Write one of: 2025.1, 2026.1."),
    ("forces-2025", "everyone", "Write one of: forces-2025."),
    ("kent,", "kentt,", "Did you mean 'kent'?"),
    ("kent,", "xyzzy,", "Write a force as /api/codes/forces-2025 has it."),
    ("kent,", "'',", "Name a force, or take it out."),
    ("kent,", "essex,", "Its intervals must not overlap."),
    ("set: assessed_or_later", "set: assessed_or_latter", "Did you mean 'assessed_or_later'?"),
    ("set: assessed_or_later", "set: xyzzy", "Write one of: "),
    ("every: month", "every: week", "Write month."),
    ("due_days: 14", "due_days: soon", "Write digits alone."),
    ("due_days: 14", "due_days: 400", "Write 0 to 366."),
    ("due_days: 14", "due_days: 99999999999", "Write 0 to 366."),
    ("by: 2026-06-30", "by: June", "Write 2025-11-30."),
    ("least_percent: 100", "least_percent: 101", "Write 0 to 100."),
    ("title: Changed", "title: ''", "Write after it what title is."),
    ("title: Changed", "title: [Changed]", "Write it as one text: no list, no keys."),
    ("title: Changed\n", "", "Add title."),
    ("title: Changed", "title: Changed\ntitel: Changed", "Did you mean 'title'?"),
    ("title: Changed", "title: Changed\nxyzzy: 1", "Take it out; here may stand: calendar, contracts, edition, "),
    ("title: Changed", "title: Changed\ntitle: Again", "Keep one of the two."),
    ("from: 2025-11, forces", "from: 2025-11, until: 2025-10, forces", "Write an `until` that is not before 2025-11"),
    ("from: 2025-11, forces", "from: 2025-11, until: 2026-10, successor: kent, forces", "Name the force that has its "),
    ("from: 2025-11, forces", "from: 2025-11, successor: essexx, until: 2026-10, forces", "Did you mean 'essex'?"),
    ("from: 2025-11, forces", "from: 2025-11, frm: 1, forces", "Did you mean 'from'?"),
    ("from: 2025-11, forces", "from: 2025-01, until: 2025-10, forces", "Leave `until` out for forces that go on"),
    ("from: 2025-11}\ncal", "from: 2025-12}\ncal", "Let one be accepted from 2025-11 on."),
]


@pytest.mark.parametrize(("old", "new", "do"), INSTEAD, ids=[f"{row[1]!r}: {row[2]}" for row in INSTEAD])
def test_a_mistake_says_what_to_write_instead(library: Library, old: str, new: str, do: str) -> None:
    (found,) = problems_of(library, (old, new))
    assert found.do.startswith(do)


@pytest.mark.parametrize(
    ("old", "number", "size"),
    [
        ("due_days: 14", "367", "large"),
        ("due_days: 14", "99999999999", "large"),
        ("due_days: 14", "9" * 40, "large"),
        ("due_days: 14", "-1", "small"),
        ("least_percent: 100", "99999999999", "large"),
        ("least_percent: 100", "-99999999999", "small"),
    ],
    ids=lambda value: value[:20],
)
def test_a_whole_number_beyond_its_bounds_is_told_as_such(library: Library, old: str, number: str, size: str) -> None:
    key = old.partition(":")[0]
    (found,) = problems_of(library, (old, f"{key}: {number}"))
    assert found.says == f"'{key}' is {number}, which is too {size}."


def test_a_whole_number_may_be_written_as_json_has_it(library: Library) -> None:
    written = DRAFT.replace("due_days: 14", "due_days: 14.0")
    assert read_terms_draft(written.encode(), YAML, library).terms.calendar.due_days == 14


def test_a_part_of_a_number_is_told_as_such(library: Library) -> None:
    (found,) = problems_of(library, ("due_days: 14", "due_days: 14.5"))
    assert found.says == "'due_days' is '14.5', which is not a whole number."


def test_keys_that_are_said_elsewhere_are_not_offered(library: Library) -> None:
    (found,) = problems_of(library, ("title: Changed", "title: Changed\nxyzzy: 1"))
    assert not {"scope", "proposed", "adopted"} & set(found.do.replace(",", "").rstrip(".").split())


def test_one_force_that_is_not_known_among_others_is_named_and_not_the_list(library: Library) -> None:
    found = problems_of(library, ("kent,", "xyzzy,"), ("essex,", "plugh,"))
    assert [each.says for each in found] == ["There is no force 'xyzzy'.", "There is no force 'plugh'."]


@pytest.mark.parametrize(
    ("until", "also", "when"),
    [
        ("2026-03", "", "From 2026-04 on"),
        ("2025-10", "", "From 2025-11 on"),
        ("2026-03", "\n  - {from: 2026-06, forces: [kent]}", "For 2026-04 to 2026-05"),
        ("2026-03", "\n  - {from: 2026-05, forces: [kent]}", "For 2026-04"),
    ],
)
def test_terms_that_every_force_leaves_are_not_taken(library: Library, until: str, also: str, when: str) -> None:
    entries = "\n".join(DRAFT.splitlines()[-2:])
    entry = "  - {from: 2025-01, until: " + until + ", forces: [kent, essex]}" + also
    (found,) = problems_of(library, (entries, entry))
    assert found.pointer == "/participation"
    assert found.says == f"{when} no force takes part: nobody could report, and no case would be counted any more."


RING = "  - {from: 2025-11, forces: [sussex, surrey]}\n"


@pytest.mark.parametrize(
    ("entries", "place", "says"),
    [
        (
            "  - {from: 2025-11, until: 2026-11, force: kent, successor: essex}\n"
            "  - {from: 2025-11, until: 2026-11, force: essex, successor: kent}\n",
            (13, 62, "/participation/2/successor"),
            "'essex' follows 'kent' and 'kent' follows 'essex', and none of them takes part after 2026-11",
        ),
        (
            "  - {from: 2025-11, until: 2026-11, force: essex, successor: kent}\n"
            "  - {from: 2025-11, until: 2026-05, force: kent, successor: cumbria}\n"
            "  - {from: 2025-11, until: 2026-08, force: cumbria, successor: essex}\n",
            (14, 64, "/participation/3/successor"),
            "'kent' follows 'essex' and 'cumbria' follows 'kent' and 'essex' follows 'cumbria', and none of them takes "
            "part after 2026-11",
        ),
        (
            "  - {from: 2025-11, until: 2026-01, force: kent, successor: sussex}\n"
            "  - {from: 2026-03, until: 2026-11, successor: essex, force: kent}\n"
            "  - {from: 2025-11, until: 2026-11, successor: kent, force: essex}\n"
            "  - {from: 2025-11, until: 2026-11, successor: kent, force: cumbria}\n",
            (14, 48, "/participation/3/successor"),
            "'essex' follows 'kent' and 'kent' follows 'essex', and none of them takes part after 2026-11",
        ),
    ],
    ids=["two", "three", "on top of what stands, with one that leads into it"],
)
def test_forces_that_leave_and_follow_one_another_are_refused_where_the_ring_is_closed(
    library: Library, entries: str, place: tuple[int, int, str], says: str
) -> None:
    (found,) = problems_of(library, ("\n".join(DRAFT.splitlines()[-2:]) + "\n", RING + entries))
    assert (found.line, found.column, found.pointer) == place
    assert found.says == f"{says}: nobody would report their cases."
    assert found.do.startswith("Name as successor a force that takes part afterwards")


@pytest.mark.parametrize(
    "entries",
    [
        "  - {from: 2025-11, until: 2026-05, force: kent, successor: essex}\n"
        "  - {from: 2025-11, until: 2026-11, force: essex, successor: sussex}\n",
        "  - {from: 2025-11, until: 2026-05, force: kent, successor: essex}\n"
        "  - {from: 2025-11, until: 2026-11, force: essex, successor: kent}\n"
        "  - {from: 2026-12, force: kent}\n",
    ],
    ids=["another takes part", "the first is back"],
)
def test_a_chain_that_ends_with_a_force_that_takes_part_is_taken(library: Library, entries: str) -> None:
    text = DRAFT.replace("\n".join(DRAFT.splitlines()[-2:]) + "\n", RING + entries)
    assert read_terms_draft(text.encode(), YAML, library).terms.forces()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("- {from: 2025-11, forces", "- {from: 2025-11, until: 2026-03, forces"),
        ("- {from: 2025-11, forces", "- {from: 2026-02, forces"),
    ],
)
def test_terms_that_all_but_one_leave_and_terms_that_begin_before_anybody_joins_are_taken(
    library: Library, old: str, new: str
) -> None:
    assert old in DRAFT
    assert read_terms_draft(DRAFT.replace(old, new).encode(), YAML, library).terms.participation
