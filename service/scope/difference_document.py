"""What one scope edition changes in another, as a document for programs: from the API and on the command line alike."""

from __future__ import annotations

from typing import Any

from service.contract.library import Library
from service.scope.difference import Difference
from service.scope.difference_words import RuleDifference, difference_in_words, text_of_difference
from service.scope.edition import Edition


def document_of(library: Library, found: Difference) -> dict[str, Any]:
    """The document; its form is that of ``service/api/difference_shapes.py``, without links."""
    words = difference_in_words(library, found)
    return {
        "before": _compared(found.before),
        "after": _compared(found.after),
        "summary": words.summary,
        "title": words.title,
        "vocabulary": list(words.vocabulary),
        "rules": [_rule(rule) for rule in words.rules],
        "kept": [{"id": name, "title": title} for name, title in words.kept],
        "text": text_of_difference(words),
    }


def _compared(edition: Edition) -> dict[str, str]:
    return {
        "edition": edition.name,
        "title": edition.title,
        "vocabulary": edition.vocabulary,
        "hash": edition.hash,
    }


def _rule(rule: RuleDifference) -> dict[str, Any]:
    return {
        "kind": rule.kind.value,
        "id": rule.id,
        "title": rule.title,
        "place_before": rule.place_before,
        "place_after": rule.place_after,
        "moved": rule.moved,
        "changed": [each.value for each in rule.changed],
        "says": list(rule.says),
        "before": _condition(rule.when_before, rule.before),
        "after": _condition(rule.when_after, rule.after),
    }


def _condition(when: str | None, sentence: str | None) -> dict[str, str] | None:
    return None if when is None or sentence is None else {"when": when, "sentence": sentence}
