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

## How an edition comes into force

| state | means | who moves it on |
|---|---|---|
| draft | It can be written anew, is read by NCA and NPCC alone, and changes no figure. | either proposes it |
| proposed | Frozen by its hash; everyone reads it, and every seal is tallied under it too. | both confirm it |
| in force | Answers wherever no scope is named. One edition is at a time. | another that comes into force |
| superseded | Its figures stay, for every moment until then and by its name. | |
| rejected | By either body with a reason, from draft or proposed. Its name is not given again. | |

- To draft, to write anew and to propose needs `terms:propose`, to confirm and to reject `terms:confirm`.
- A draft is YAML or JSON (`POST /api/scopes`, at most 256 KiB); every mistake is told with its line and column. Its
  name is a year, a month and words (`2026-06-narrow`), given once for ever. To write it anew or propose it takes
  `If-Match` with its ETag, made of its name, its version and its hash: 428 without, 412 where it changed since.
- A confirmation names the hash of what was read (`{"hash": ...}`), is given once by each body, by two clients, and is
  signed: a JWS (`typ` scope-confirmation+jwt) over edition, hash, body, client and time. The body that proposed may
  give its own; that alone puts nothing in force.
- It comes into force in one step, at one position, when both have confirmed it, the day that the proposal may name
  (`effective`) has come in London, every sealed return has a tally under it, and no force's returns failed to be
  judged. `waits_for` says what is missing. Before that position pictures are of the edition before, from it on of
  this one.
- `/api/scopes/{edition}/difference` says what it changes in the edition that it follows, or in another.

How it was decided: `docs/decisions/scope-lifecycle.md`.
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
