"""The reference page of the published scope editions in words.

``python -m tests.support.scopes`` writes the page anew; a test says when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from service.contract.words import SetInWords
from service.contract.written import DEEPEST, LARGEST, LONGEST
from service.scope.difference import difference
from service.scope.difference_words import RuleDifference, difference_in_words
from service.scope.draft import LONGEST_NAME, MOST_RULES
from service.scope.edition import Edition
from service.scope.words import RuleInWords, edition_in_words
from service.terms.check import Published, load_published

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "scopes.md"

_HEAD = """# Who is counted: the scope editions in words

<!-- Made from contracts/ by `uv run python -m tests.support.scopes`; not to be edited. -->

Each sentence is made from the condition that stands below it and that judges the cases, so what is said here is what is
done. What stands in quotes (‘Suspects’) is a label or a title of the data standard. The same for one edition:
`uv run case-returns scope words 2025-11-wide`, or `/api/scopes/2025-11-wide`. At the end stands what each
edition changes in the one before it, and how a draft of another is written.

## How an edition comes into force

| state | means | who moves it on |
|---|---|---|
| draft | It can be written anew, is read by NCA and NPCC alone, and changes no figure. | either proposes it |
| proposed | Frozen by its hash; everyone reads it, and every seal is tallied under it too. | both confirm it |
| in force | Answers wherever no scope is named. One edition is at a time. | another that comes into force |
| superseded | Its figures stay, for every moment until then and by its name. See `tallied_until` below. | |
| rejected | By either body with a reason, from draft or proposed. Its name is not given again. Past figures stay. | |

- To draft, to write anew and to propose needs `terms:propose`, to confirm and to reject `terms:confirm`.
- A draft is YAML or JSON (`POST /api/scopes`, at most 256 KiB); every mistake is told with its line and column. Its
  name is a year, a month and words (`2026-06-narrow`), given once for ever. To write it anew or propose it takes
  `If-Match` with its ETag, made of its name, its version and its hash: 428 without, 412 where it changed since.
- A confirmation names the hash of what was read (`{"hash": ...}`), is given once by each body, by two clients, and is
  signed: a JWS (`typ` scope-confirmation+jwt) over edition, hash, body, client and time. The body that proposed may
  give its own; that alone puts nothing in force.
- A stored draft is read again when it is proposed, and refused (`scope-draft`) for all that is asked of drafts by then.
  An edition that reads otherwise at a server than it was proposed, or whose `tallied_until` has passed, is not
  confirmed.
- It comes into force in one step, at one position, when both have confirmed it, the day that the proposal may name
  (`effective`) has come in London, the contract version that it reads is published, every sealed return has a tally
  under it, and no force's returns failed to be judged. `waits_for` says what is missing. Before that position pictures
  are of the edition before, from it on of this one. What was proposed to follow an edition that is not in force any
  more never comes into force: it would undo, unread, what came between. Its confirmation is refused
  (`scope-overtaken`), and `ready` is false.
- `tallied_until` is what an edition says of itself, for when another is in force: the last day, in London, on which a
  return is tallied under it all the same. Until then it is asked and judged like the one in force. After that day a
  return that is sealed has no tally under it and gets none: a picture under it has all of that return undetermined,
  `coverage` names the force, a bridge to it is refused, and nothing waits. The hash that is confirmed is over it.
- `/api/scopes/{edition}/difference`, with a page, says what it changes in the edition that it follows, or in another,
  to forces too; of a draft to the national bodies alone.

How it was decided: `docs/decisions/scope-lifecycle.md`.
"""

_DIFFERENCES = """## What one edition changes in another

Conditions are compared by what they mean: the order of the parts of an `and` or `or`, `> 1` and `>= 2` of a whole
number, two bounds and `between`, a named set and its codes one by one are the same, and a condition that only looks
different is said to be *written otherwise*. Where two editions read different contract versions, the older one's
conditions are read forward first, by the steps by which records are ([semantics](semantics.md), 12): a renamed field
or a split code is no change of a rule. What the later version cannot say exactly is told as such. Where the parts
of a condition are the same and only how they are joined changed, or the whole is the opposite of what it was, that is
said. Of rules that stand in another order as few as can be are said to have moved, and where there is a choice those
that stand at another place than before; the order decides under which rule a case is counted that fails several.

The same of any two: `uv run case-returns scope difference 2025-11-wide 2026-02-referral` (either may be a file), and
the page `/scopes/2026-02-referral/difference?against=2025-11-wide`.
"""

_DRAFTS = f"""## Writing a draft

A draft is a document in YAML or JSON with the keys of the published ones in `contracts/scopes/`:

```yaml
edition: 2026-05-trial
title: A trial
vocabulary: "2026.1"
rules:
  - id: suspects
    title: Three or more suspects
    guidance: Count suspects whether or not they were identified.
    when: suspect_count >= 3
```

- `edition` is year, month and a word: small letters, digits and hyphens, at most {LONGEST_NAME} characters.
- `vocabulary` is the contract version whose fields and named sets the conditions speak of; [how conditions are
  written](conditions.md).
- `state` may be left out. A draft is in the state *draft* and no other; proposing and confirming move it on.
- `guidance` and `source` may stand beside the title. Titles and guidance have at most {LONGEST:,} characters, an
  edition at most {MOST_RULES} rules, the whole at most {LARGEST // 1024} KiB of UTF-8.
- A comparison that is true, or false, of every value that its field may have is refused: `suspect_count >= 1000` of a
  number that is at most 999, and `suspect_count >= 0` of one that is at least 0. The second would only leave cases
  undetermined that it could never put out, and have forces asked for nothing. A definition says which values it wants;
  where none is recorded, the rules that need one leave the case undetermined.
- Nothing stands for something else: no anchors, aliases or tags, no key twice, no characters that cannot be seen, and
  no more than {DEEPEST} lists and mappings inside each other.

`uv run case-returns scope check my-scope.yaml --against 2025-11-wide` says whom it counts and what it changes, or
everything that is wrong, each as `file:line:column`; inside a condition the column is that of the word, however the
text is quoted or folded. A service answers a draft that it cannot take with the problem `scope-draft`, whose `errors`
have `line`, `column`, `pointer` (a JSON Pointer), `says` and `do`.
"""


def page(published: Published) -> str:
    """The page, every edition in order of its name."""
    names = sorted(published.scopes)
    lines = [_HEAD, *(line for name in names for line in _edition(published, name)), _DIFFERENCES]
    for before, after in pairwise(names):
        lines += _difference(published, before, after)
    return "\n".join([*lines, _DRAFTS])


def _difference(published: Published, before: str, after: str) -> Iterator[str]:
    found = difference(published.scopes[before], published.scopes[after], published.library)
    words = difference_in_words(published.library, found)
    yield from (f"### {after} compared with {before}", "", words.summary, "")
    yield from (f"- {text}" for text in (*filter(None, [words.title]), *words.vocabulary))
    yield ""
    for rule in words.rules:
        yield from _changed(rule)
    yield from (f"Unchanged: {'; '.join(title for _, title in words.kept)}.", "")


def _changed(rule: RuleDifference) -> Iterator[str]:
    yield from (f"#### {rule.kind.capitalize()}: {rule.title}", "", f"`{rule.id}`", "")
    yield from (f"- {text}" for text in rule.says)
    for name, sentence, when in (("Before", rule.before, rule.when_before), ("Now", rule.after, rule.when_after)):
        if sentence:
            yield f"- {name}: {sentence} `{when}`"
    yield ""


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
