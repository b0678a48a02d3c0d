"""What one edition of the terms changes in another, as a document for programs: from the API and on the command line
alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.terms.difference import changes_of_terms
from service.terms.model import Terms
from service.terms.words import Title


def document_of(
    before: Terms, after: Terms, title: Title, *, in_its_way: Sequence[str], to_know: Sequence[str]
) -> dict[str, Any]:
    """The document; its form is ``TermsDifference`` in ``service/api/terms_shapes.py``."""
    return {
        "edition": after.edition,
        "against": before.edition,
        "changes": [{"about": each.about.value, "says": each.says} for each in changes_of_terms(before, after, title)],
        "in_its_way": list(in_its_way),
        "to_know": list(to_know),
    }
