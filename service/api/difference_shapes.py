"""The form of what one scope edition changes in another, and the document in that form."""

from __future__ import annotations

from typing import Any, Literal

from service.api.public_shapes import Links, Shape
from service.api.shapes import Hash
from service.contract.library import Library
from service.scope.difference import Difference
from service.scope.difference_document import document_of


class ComparedEdition(Shape):
    """One of the two editions; ``vocabulary`` is the contract version that it reads by."""

    edition: str
    title: str
    vocabulary: str
    hash: Hash


class ConditionShown(Shape):
    """A condition as it is written, and in a sentence."""

    when: str
    sentence: str


class KeptRule(Shape):
    """A rule that says what it said."""

    id: str
    title: str


class RuleDifferenceShown(Shape):
    """What became of one rule, ``says`` in sentences. ``changed``: what of it; ``writing`` is a condition written
    otherwise that means the same. ``moved``: it stands elsewhere among the rules that both editions have. The places
    count from 1, null where the edition has no such rule; ``before`` and ``after`` are null where there is no such rule
    or the condition did not change."""

    kind: Literal["added", "removed", "changed", "moved"]
    id: str
    title: str
    place_before: int | None
    place_after: int | None
    moved: bool
    changed: list[Literal["condition", "writing", "title", "guidance"]]
    says: list[str]
    before: ConditionShown | None
    after: ConditionShown | None


class DifferenceDocument(Shape):
    """What a scope edition (``after``) changes in another (``before``): every rule of both stands once in ``rules`` or
    in ``kept``. ``vocabulary``: what is read otherwise because the contract version is another; ``title``: that the
    title changed; ``text``: all of it as plain text."""

    before: ComparedEdition
    after: ComparedEdition
    summary: str
    title: str | None
    vocabulary: list[str]
    rules: list[RuleDifferenceShown]
    kept: list[KeptRule]
    text: str
    links: Links


def difference_document(library: Library, found: Difference) -> dict[str, Any]:
    """The document of a difference, in words of the library."""
    before, after = found.before.name, found.after.name
    links = {
        "self": f"/api/scopes/{after}/difference?against={before}",
        "before": f"/api/scopes/{before}",
        "after": f"/api/scopes/{after}",
    }
    return {**document_of(library, found), "links": links}
