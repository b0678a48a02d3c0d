"""The reference page of the published scope editions in words.

``python -m tests.support.scopes`` writes the page anew; a test says when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from service.contract.words import SetInWords
from service.scope.edition import Edition
from service.scope.words import RuleInWords, edition_in_words
from service.terms.check import Published, load_published

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "scopes.md"

_HEAD = """# Who is counted: the scope editions in words

<!-- Made from contracts/ by `uv run python -m tests.support.scopes`; not to be edited. -->

Each sentence is made from the condition that stands below it and that judges the cases, so what is said here is what is
done. What stands in quotes (‘Suspects’) is a label or a title of the data standard. The same for one edition:
`uv run case-returns scope words 2025-11-wide`, or `/api/scopes/2025-11-wide`.
"""


def page(published: Published) -> str:
    """The page, every edition in order of its name."""
    return "\n".join([_HEAD, *(line for name in sorted(published.scopes) for line in _edition(published, name))])


def _edition(published: Published, name: str) -> Iterator[str]:
    edition = published.scopes[name]
    words = edition_in_words(edition, published.library)
    yield from (f"## {words.title}", "", f"`{name}`, which reads contract version {edition.vocabulary}.", "")
    yield from (words.summary, "", *(f"- {text}" for text in words.judging), "")
    for place, rule in enumerate(words.rules, 1):
        yield from _rule(place, rule, edition)
    yield from ("### The sets that these rules speak of", "")
    for item in words.sets:
        yield from _set(item)


def _rule(place: int, rule: RuleInWords, edition: Edition) -> Iterator[str]:
    yield from (f"### {place}. {rule.title}", "", f"`{rule.id}`: {rule.guidance}", "")
    yield from (f"**{rule.sentence}**", "", f"`{edition.rules[place - 1].when}`", "")
    for text in (rule.undecided, *rule.derived, *(one.words for one in rule.left_out)):
        yield f"- {text}"
    yield ""


def _set(item: SetInWords) -> Iterator[str]:
    extent = "every code" if item.whole else "these codes"
    yield from (f"‘{item.title}’ (`{item.name}`): {extent} of ‘{item.list_title}’ (`{item.list}`)", "")
    yield from (f"- {code.code}: {code.title}" for code in item.codes)
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(load_published()), encoding="utf-8")
