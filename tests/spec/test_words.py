"""What the published editions and rules say in plain English."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from service.contract.library import Library
from service.scope.edition import Edition
from service.scope.words import edition_in_words, text_of

ROOT = Path(__file__).resolve().parents[2]
WORDS = ROOT / "tests" / "spec" / "words"


def test_the_words_of_a_published_edition_change_only_where_a_reviewer_sees_it(
    library: Library, editions: Mapping[str, Edition]
) -> None:
    assert {path.stem for path in WORDS.glob("*.txt")} == set(editions)
    for name, edition in editions.items():
        kept = WORDS / f"{name}.txt"
        stale = f"look, then keep: uv run case-returns scope words {name} > {kept.relative_to(ROOT)}"
        assert kept.read_text(encoding="utf-8") == text_of(edition_in_words(edition, library)), stale
