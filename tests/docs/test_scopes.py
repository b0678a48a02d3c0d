"""The page of the scope editions is made from what is published."""

from __future__ import annotations

from service.terms.check import load_published
from tests.support.scopes import PAGE, page


def test_the_page_of_scopes_is_what_the_editions_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(load_published()), (
        "docs/reference/scopes.md is stale: uv run python -m tests.support.scopes"
    )
