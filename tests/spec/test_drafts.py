"""A draft that somebody wrote becomes an edition, or everything that is wrong with it, each in its place."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from service.contract.library import Library
from service.contract.written import LARGEST
from service.errors import UnsupportedMedia
from service.scope.draft import read_draft, read_either
from service.scope.edition import Edition, State
from tests.support.drafts import DRAFT, JSON, YAML, a_draft, as_json, only_problem, places, problems_of

SCOPES = Path(__file__).resolve().parents[2] / "contracts" / "scopes"


def test_a_draft_is_an_edition_in_the_state_draft(library: Library) -> None:
    draft = read_draft(DRAFT.encode(), YAML, library)
    assert (draft.edition.name, draft.edition.state) == ("2026-05-trial", State.DRAFT)
    assert draft.edition.rule_ids == ("suspects", "closed")
    assert draft.document["state"] == "draft"
    assert draft.document["rules"][1]["when"] == "nfa_date >= '2010-01-01'"


def test_the_same_draft_in_json_is_the_same_edition(library: Library) -> None:
    draft = read_draft(DRAFT.encode(), YAML, library)
    again = read_draft(as_json(draft.document).encode(), JSON, library)
    assert again == draft


def test_json_may_have_tabs_numbers_and_letters_in_two_halves(library: Library) -> None:
    sent = as_json(a_draft(title="A trial 😀")).replace('"2026.1"', "2026.1").replace(", ", ",\n\t")
    assert "\\ud83d" in sent
    draft = read_draft(sent.encode(), JSON, library)
    assert (draft.edition.title, draft.edition.vocabulary) == ("A trial 😀", "2026.1")


def test_a_published_edition_is_read_with_its_state_and_its_pin(library: Library, editions: dict[str, Edition]) -> None:
    for name, edition in editions.items():
        content = (SCOPES / f"{name}.yaml").read_bytes()
        assert read_either(content, YAML, library).edition == edition


def test_a_mistake_in_a_condition_has_line_and_column_of_the_file(library: Library) -> None:
    found = only_problem(library, DRAFT.replace("nfa_date >=", "nfa_dat >="))
    assert (found.line, found.column, found.pointer) == (12, 11, "/rules/1/when")
    assert found.do == "Did you mean `nfa_date`?"


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        ("when: suspect_count >= 2 and victm_count >= 1", 8, 34),
        ('when: "suspect_count >= 2 and victm_count >= 1"', 8, 35),
        ("when: 'nfa_by = ''cps'' and victm_count >= 1'", 8, 33),
        ('when: "nfa_by = \\x27cps\\u0027 and victm_count >= 1"', 8, 39),
        ("when: |\n      suspect_count >= 2\n      and victm_count >= 1", 10, 11),
        ("when: >-\n\n      suspect_count >= 2\n        and victm_count >= 1\n", 11, 13),
        ("when: suspect_count >= 2\n      and\n      victm_count >= 1", 10, 7),
        ('when: "suspect_count >= 2\n\n       and \\\n      victm_count >= 1"', 11, 7),
        ("when: suspect_count >=   2   and   victm_count >= 1", 8, 40),
    ],
)
def test_a_mistake_is_found_in_place_however_the_condition_is_written(
    written: str, line: int, column: int, library: Library
) -> None:
    found = only_problem(library, DRAFT.replace("when: suspect_count >= 2", written))
    assert (found.line, found.column, found.pointer) == (line, column, "/rules/0/when")


def test_a_mistake_in_json_has_its_place_too(library: Library) -> None:
    sent = '{"edition": "2026-05-trial", "title": "x", "vocabulary": "2026.1", "rules": [\n'
    sent += ' {"id": "a", "title": "\\u00e9",\n  "guidance": "g", "when": "suspect_count >= 2 and victm_count >= 1"}]}'
    found = only_problem(library, sent, JSON)
    assert (found.line, found.column, found.pointer) == (3, 52, "/rules/0/when")


def test_everything_that_is_wrong_is_said_at_once_in_the_order_of_the_text(library: Library) -> None:
    wrong = (
        DRAFT.replace("2026-05-trial", "Trial")
        .replace("title: A trial", "titel: A trial\nstate: in force\nreads: 12")
        .replace("id: suspects", "id: Two Suspects")
        .replace(">= 2\n", "=> 2\n")
        .replace("title: Closed in time", "title: [Closed]")
        .replace("    guidance: The day of the decision counts.\n", "")
    )
    assert places(problems_of(library, wrong)) == [
        (1, 1, "/title"),
        (1, 10, "/edition"),
        (2, 8, "/titel"),
        (3, 8, "/state"),
        (4, 8, "/reads"),
        (7, 9, "/rules/0/id"),
        (10, 25, "/rules/0/when"),
        (11, 5, "/rules/1/guidance"),
        (12, 5, "/rules/1/title"),
    ]


def test_until_when_it_is_tallied_is_a_day(library: Library) -> None:
    until = read_draft(f"{DRAFT}tallied_until: 2026-12-31\n".encode(), YAML, library).edition.tallied_until
    assert until == date(2026, 12, 31)
    assert read_draft(DRAFT.encode(), YAML, library).edition.tallied_until is None
    for nothing in ("", " null"):
        assert only_problem(library, f"{DRAFT}tallied_until:{nothing}\n").says == "`tallied_until` is not a day."


@pytest.mark.parametrize("said", ["2026-02-29", "31 12 2026", "26-12-31", "2026-W01-1", "９９９９-01-01", '""'])
def test_what_is_no_day_has_its_place_and_what_to_write(said: str, library: Library) -> None:
    found = only_problem(library, f"{DRAFT}tallied_until: {said}\n")
    assert (found.line, found.column, found.pointer) == (13, 16, "/tallied_until")
    assert found.do == "Write year, month and day, as in 2026-12-31, or leave it out."
    listed = only_problem(library, f"{DRAFT}tallied_until: [{said}]\n")
    assert (listed.pointer, listed.says) == ("/tallied_until", "`tallied_until` must be text.")


@pytest.mark.parametrize(
    ("old", "new", "do"),
    [
        ("title: A trial\n", "", "Write in a few words who is counted."),
        ("edition: 2026-05-trial\n", "", "Write the name of the edition: year, month and a word."),
        ('vocabulary: "2026.1"', 'vocabulary: ""', "Name one of: 2025.1, 2026.1."),
        (
            "    guidance: The day of the decision counts.\n",
            "",
            "Write for those who record cases how the rule is meant.",
        ),
        ("    title: Closed in time\n", "", "Write in a few words what the rule asks for."),
        ("    when: nfa_date >= '2010-01-01'\n", "", "Write the condition that a case in scope meets."),
        ("title: A trial", "title: A trial\nsorce: x", "Did you mean `source`?"),
        (
            "title: A trial",
            "title: A trial\nxyzzy: x",
            "Take it out; here may stand: edition, title, state, vocabulary, ",
        ),
        ("  - id: closed", "  - xyzzy: 1\n    id: closed", "Take it out; here may stand: id, title, guidance, when."),
        ("title: A trial", "title: A trial\ntitle: Again", "Keep one of the two."),
    ],
)
def test_a_mistake_says_what_to_write_instead(old: str, new: str, do: str, library: Library) -> None:
    assert only_problem(library, DRAFT.replace(old, new)).do.startswith(do)


def test_an_unknown_vocabulary_does_not_hide_what_else_is_wrong(library: Library) -> None:
    wrong = DRAFT.replace('"2026.1"', "2026.7").replace("title: A trial\n", "").replace("id: closed", "id: suspects")
    assert places(problems_of(library, wrong)) == [(1, 1, "/title"), (2, 13, "/vocabulary"), (8, 9, "/rules/1/id")]


@pytest.mark.parametrize("name", ["2026-13-trial", "2026-05", "2026-05-Trial", "2026-05-a_b", "2026-05-" + "a" * 60])
def test_a_name_of_another_form_is_refused(name: str, library: Library) -> None:
    found = only_problem(library, as_json(a_draft(edition=name)), JSON)
    assert found.pointer == "/edition"
    assert "2026-02-referral" in found.do


@pytest.mark.parametrize("state", ["in force", "proposed", "asleep", ["draft"]])
def test_a_draft_in_another_state_is_refused(state: object, library: Library) -> None:
    found = only_problem(library, as_json(a_draft(state=state)), JSON)
    assert (found.pointer, found.says) == ("/state", "A draft cannot say that it is in another state.")


@pytest.mark.parametrize(
    ("sent", "media", "place", "says"),
    [
        ("", YAML, (1, 1), "The document must have keys."),
        ("- a\n- b\n", YAML, (1, 1), "The document must have keys."),
        ("[]", JSON, (1, 1), "The document must have keys."),
        ('"x"', JSON, (1, 1), "The document must have keys."),
        ("null", JSON, (1, 1), "The document must have keys."),
        ("a: b\n c: d", YAML, (2, 3), "This cannot be read: mapping values are not allowed in this context."),
        ("edition: a\nedition: b", YAML, (2, 1), "The key 'edition' stands here twice."),
        ('{"edition": "a",\n "edition": "b"}', JSON, (2, 2), "The key 'edition' stands here twice."),
        ("a: &x 1\nb: *x\n", YAML, (1, 4), "Here one thing stands for another (`&` or `*`), which is not taken."),
        ("title: !!python/name:os.system x", YAML, (1, 8), "Here stands a tag (`!`), which is not taken."),
        ("a: b\n---\nc: d\n", YAML, (2, 1), "This cannot be read: but found another document."),
        ("edition: 2026-05-trial", JSON, (1, 1), "This is not JSON: expecting value."),
        ('{"edition": "a",}', JSON, (1, 17), None),
        ('{"a": NaN}', JSON, (1, 1), "This is not JSON: there is no number `NaN`."),
        ('{"a": "\\ud800"}', JSON, (1, 10), "This cannot be read: found invalid Unicode character escape code."),
        ("? [a, b]\n: c", YAML, (1, 3), "A key must be a word."),
    ],
)
def test_what_is_no_draft_at_all_is_refused_in_its_place(
    sent: str, media: str, place: tuple[int, int], says: str | None, library: Library
) -> None:
    found = problems_of(library, sent, media)[0]
    assert (found.line, found.column) == place
    assert says is None or found.says == says


@pytest.mark.parametrize(
    ("sent", "media"),
    [
        (b"[" * LARGEST, YAML),
        (b"[" * LARGEST, JSON),
        (b'{"a":' * 40_000, JSON),
        (b'{"a": "\\ud800", "b": ' + b"[" * 200_000, JSON),
        (b"- " * 100_000, YAML),
    ],
)
def test_a_draft_that_is_nested_without_end_is_refused(sent: bytes, media: str, library: Library) -> None:
    assert (
        "inside each other" in problems_of(library, sent, media)[0].says
        or "nested" in problems_of(library, sent, media)[0].says
    )


def test_a_draft_that_is_too_large_is_refused_before_it_is_read(library: Library) -> None:
    found = only_problem(library, b"\xff" * (LARGEST + 1))
    assert found.says == "The draft has 262,145 bytes."


def test_a_draft_that_is_not_utf_8_is_told_where(library: Library) -> None:
    found = only_problem(library, b"edition: a\ntitle: caf\xe9\n")
    assert (found.line, found.column, found.says) == (2, 11, "The draft is not UTF-8.")


def test_a_number_of_any_length_is_only_a_text(library: Library) -> None:
    sent = as_json(a_draft()).replace('"2026.1"', "1" * 5_000)
    assert "There is no contract version" in problems_of(library, sent, JSON)[0].says


@pytest.mark.parametrize(
    ("sent", "media"),
    [
        (DRAFT.replace("A trial", "A \u202etrial"), YAML),
        (DRAFT.replace("A trial", '"A \\0trial"'), YAML),
        (as_json(a_draft(title="A\u200btrial")), JSON),
        (as_json(a_draft(title="A\0trial")), JSON),
    ],
)
def test_characters_that_nobody_sees_are_refused(sent: str, media: str, library: Library) -> None:
    assert "a character that cannot be seen" in only_problem(library, sent, media).says


def test_more_rules_than_anybody_reads_are_refused(library: Library) -> None:
    rules = [{"id": f"r{place}", "title": "t", "guidance": "g", "when": "x"} for place in range(101)]
    assert only_problem(library, as_json(a_draft(rules=rules)), JSON).says == "There are 101 rules."


def test_more_keys_than_a_draft_has_are_refused_before_a_tree_is_made_of_them(library: Library) -> None:
    sent = "".join(f"k{place}: 1\n" for place in range(20_000))
    found = only_problem(library, sent)
    assert (found.line, found.says) == (500, "There are more than 1,000 texts, lists and mappings before this.")


def test_a_draft_of_as_many_rules_as_can_be_is_taken(library: Library) -> None:
    rules = [
        {"id": f"r{place}", "title": "t", "guidance": "g", "when": f"suspect_count >= {place}"}
        for place in range(1, 101)
    ]
    assert len(read_draft(as_json(a_draft(rules=rules)).encode(), JSON, library).edition.rules) == 100


def test_what_is_said_of_a_mistake_quotes_no_more_than_one_can_read(library: Library) -> None:
    found = only_problem(library, as_json(a_draft(vocabulary="9" * 2_000)), JSON)
    assert len(found.says) == 400
    assert found.says.endswith("…")


def test_a_media_type_may_have_parameters(library: Library) -> None:
    assert read_draft(DRAFT.encode(), "application/yaml; charset=utf-8", library).edition.name == "2026-05-trial"


def test_a_text_that_is_too_long_is_refused(library: Library) -> None:
    assert only_problem(library, as_json(a_draft(title="x" * 2_001)), JSON).pointer == "/title"


def test_another_media_type_is_not_taken(library: Library) -> None:
    with pytest.raises(UnsupportedMedia):
        read_draft(DRAFT.encode(), "text/csv", library)


def test_a_rule_that_is_no_mapping_and_a_rule_of_lists_are_refused(library: Library) -> None:
    sent = as_json(a_draft(rules=["suspect_count >= 2", {"id": ["a"], "title": "t", "guidance": "g", "when": {}}]))
    found = problems_of(library, sent, JSON)
    assert [each.pointer for each in found] == ["/rules/0", "/rules/1/id", "/rules/1/when"]


def test_a_whole_number_of_very_many_digits_is_told_as_beyond_what_a_number_can_be(library: Library) -> None:
    found = only_problem(library, DRAFT.replace("suspect_count >= 2", f"suspect_count >= {'9' * 41}"))
    assert (found.says, found.do) == (
        f"{'9' * 41} is beyond what a number can be.",
        "Write -2147483646 to 2147483646.",
    )
