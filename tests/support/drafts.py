"""Drafts of scope editions, as somebody would write them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.contract.library import Library
from service.contract.written import JSON, YAML, DraftErrors, DraftProblem
from service.scope.draft import read_draft

DRAFT = """\
edition: 2026-05-trial
title: A trial
vocabulary: "2026.1"
rules:
  - id: suspects
    title: Two or more suspects
    guidance: Count suspects whether or not they were identified.
    when: suspect_count >= 2
  - id: closed
    title: Closed in time
    guidance: The day of the decision counts.
    when: nfa_date >= '2010-01-01'
"""


def a_draft(*, rules: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    """A draft as a document; a value of None takes its key away."""
    rule = {"id": "suspects", "title": "Two or more", "guidance": "Count.", "when": "suspect_count >= 2"}
    head = {"edition": "2026-05-trial", "title": "A trial", "vocabulary": "2026.1", "rules": rules or [rule]}
    return {key: value for key, value in {**head, **changes}.items() if value is not None}


def as_json(document: object) -> str:
    return json.dumps(document)


def problems_of(library: Library, content: str | bytes, media: str = YAML) -> tuple[DraftProblem, ...]:
    """What is wrong with a draft; each says what to do, and all are in the document of the problem."""
    sent = content.encode() if isinstance(content, str) else content
    with pytest.raises(DraftErrors) as raised:
        read_draft(sent, media, library)
    found = raised.value
    assert all(each.says and each.do and each.line > 0 and each.column > 0 for each in found.problems)
    assert [set(each) for each in found.errors] == [{"line", "column", "pointer", "says", "do"}] * len(found.problems)
    return found.problems


def only_problem(library: Library, content: str | bytes, media: str = YAML) -> DraftProblem:
    """The one thing that is wrong."""
    (found,) = problems_of(library, content, media)
    return found


def places(problems: tuple[DraftProblem, ...]) -> list[tuple[int, int, str]]:
    return [(each.line, each.column, each.pointer) for each in problems]


__all__ = ["DRAFT", "JSON", "YAML", "a_draft", "as_json", "only_problem", "places", "problems_of"]
