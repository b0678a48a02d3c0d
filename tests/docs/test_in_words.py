"""The pages that say in words what is published are made from it."""

from __future__ import annotations

from service.terms.check import load_published
from tests.support import rules, scopes, spreadsheets

PUBLISHED = load_published()


def test_the_page_of_scopes_is_what_the_editions_say() -> None:
    assert scopes.PAGE.read_text(encoding="utf-8") == scopes.page(PUBLISHED), (
        "docs/reference/scopes.md is stale: uv run python -m tests.support.scopes"
    )


def test_the_page_of_rules_is_what_the_contracts_say() -> None:
    assert rules.PAGE.read_text(encoding="utf-8") == rules.page(PUBLISHED), (
        "docs/reference/rules.md is stale: uv run python -m tests.support.rules"
    )


def test_the_page_of_what_spreadsheets_do_is_what_the_table_says() -> None:
    assert spreadsheets.PAGE.read_text(encoding="utf-8") == spreadsheets.page(), (
        "docs/reference/spreadsheets.md is stale: uv run python -m tests.support.spreadsheets"
    )
