"""A scope edition in plain English, so that those who decide on it can check what it does.

``edition_in_words`` gives the parts, for a page or a document to lay out; ``text_of`` the whole as plain text. All of
it is made from the edition's trees and the titles of the contract version that it reads by; only titles and guidance
are the publisher's own sentences.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from service.contract.library import Library
from service.contract.model import Contract, PartName
from service.contract.words import (
    CodeInWords,
    SetInWords,
    codes_listed,
    derived_in_words,
    set_in_words,
)
from service.criteria.tree import Criterion, fields_of, sets_of
from service.criteria.undecided import undecided
from service.criteria.wording import Titles, listed, quoted, sentence
from service.scope.edition import Edition, Rule
from service.scope.tallied import said_of_itself

JUDGING = (
    "A case that fails a rule is out of scope, and is counted under the first rule that it fails.",
    "A case that fails no rule, but for which a rule cannot be decided, is undetermined.",
    "If a value is recorded as a range, or as one of several codes, a statement about it is true only if it is true of "
    "all that the value can be, false only if it is false of all of it, and otherwise cannot be decided.",
)
"""What holds of every edition (semantics 1, 4 and 10), a sentence each."""


class LeftOut(Struct, frozen=True, kw_only=True):
    """The codes that a set has not got because the code list says of them that it depends, and what that means.

    ``set`` is the title of the set, ``words`` the whole as a sentence.
    """

    set: str
    codes: tuple[CodeInWords, ...]
    words: str


class RuleInWords(Struct, frozen=True, kw_only=True):
    """One rule of an edition. ``id``, ``title`` and ``guidance`` are the publisher's; the rest is made.

    ``sentence``: when the rule is true. ``undecided``: which attributes leave it undecided when they are not recorded.
    ``derived``: what is taken for an attribute where the force says nothing; a sentence each, often none. ``sets``: the
    names of the sets that the sentences speak of; the edition lists them. ``left_out``: the codes that those sets have
    not got, often none.
    """

    id: str
    title: str
    guidance: str
    sentence: str
    undecided: str
    derived: tuple[str, ...]
    sets: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


class EditionInWords(Struct, frozen=True, kw_only=True):
    """An edition: its name and title, one sentence that says whom it counts, and its rules in order.

    ``judging`` says how the rules together give a verdict, a sentence each. ``sets`` are the named sets that the rules
    use, with the titles of their codes. ``tallied``: until when it is tallied once another is in force, where it
    says so.
    """

    edition: str
    title: str
    summary: str
    judging: tuple[str, ...]
    rules: tuple[RuleInWords, ...]
    sets: tuple[SetInWords, ...]
    tallied: str | None


def edition_in_words(edition: Edition, library: Library) -> EditionInWords:
    """An edition of the library in words, ready for a template.

    ``published.scopes[name]`` is an edition and ``published.library`` the library, where ``published`` is what the
    service was started with. Every text is plain, without mark-up, and ends with a full stop where it is a sentence::

        words = edition_in_words(edition, published.library)
        {{ words.summary }}
        {% for rule in words.rules %}
          {{ rule.title }} {{ rule.sentence }} {{ rule.undecided }}
          {% for one in rule.left_out %} {{ one.words }} {% endfor %}
        {% endfor %}
    """
    contract = library.contracts[edition.vocabulary]
    known = contract.titles[PartName.CASE]
    rules = tuple(_rule(rule, contract, known) for rule in edition.rules)
    names = dict.fromkeys(name for rule in rules for name in rule.sets)
    return EditionInWords(
        edition=edition.name,
        title=edition.title,
        summary=_summary(edition),
        judging=JUDGING,
        rules=rules,
        sets=tuple(set_in_words(contract.vocabulary.sets[name], contract) for name in names),
        tallied=None if edition.tallied_until is None else said_of_itself(edition.tallied_until),
    )


def text_of(words: EditionInWords) -> str:
    """The whole edition as plain text, the rules numbered as rulings count them; it ends with a line break."""
    lines = [f"{words.title} ({words.edition})", "", words.summary, "", *words.judging]
    lines += [words.tallied] if words.tallied else []
    for place, rule in enumerate(words.rules, 1):
        lines += ["", f"{place}. {rule.title} ({rule.id})"]
        lines += [f"   {text}" for text in _sentences(rule)]
    for item in words.sets:
        lines += ["", *_set(item)]
    return "\n".join(lines) + "\n"


def _sentences(rule: RuleInWords) -> Iterator[str]:
    yield rule.sentence
    yield from rule.derived
    yield rule.undecided
    yield from (one.words for one in rule.left_out)
    yield f"Guidance: {rule.guidance}"


def _set(item: SetInWords) -> Iterator[str]:
    if item.whole:
        yield f"The set {quoted(item.title)} is every code of {quoted(item.list_title)}:"
    else:
        yield f"The set {quoted(item.title)} is these codes of {quoted(item.list_title)}:"
    width = max(len(code.code) for code in item.codes)
    yield from (f"   {code.code:{width}}  {code.title}" for code in item.codes)


def _summary(edition: Edition) -> str:
    titles = "; ".join(rule.title for rule in edition.rules)
    if len(edition.rules) == 1:
        return f"A case is in scope if it meets this rule: {titles}."
    return f"A case is in scope if it meets all {len(edition.rules)} rules: {titles}."


def _rule(rule: Rule, contract: Contract, known: Titles) -> RuleInWords:
    own = sets_of(rule.criterion)
    fields = [contract.parts[PartName.CASE].by_name[name] for name in fields_of(rule.criterion)]
    derived = [field for field in fields if field.derive]
    read = [name for field in derived for item in field.derive for name in sets_of(item.criterion)]
    return RuleInWords(
        id=rule.id,
        title=rule.title,
        guidance=rule.guidance,
        sentence=f"A case meets this rule if {sentence(rule.criterion, known)}.",
        undecided=_undecided(rule.criterion, frozenset(field.name for field in derived), known),
        derived=tuple(words for field in derived for words in derived_in_words(field, contract)),
        sets=tuple(dict.fromkeys([*own, *read])),
        left_out=tuple(_left_out(name, contract) for name in own if contract.vocabulary.sets[name].left_out),
    )


def _undecided(criterion: Criterion, derived: frozenset[str], known: Titles) -> str:
    found = undecided(criterion, known.vocabulary)
    always, sometimes = (
        listed((_absent(name, derived, known) for name in names), "or") if names else ""
        for names in (found.always, found.sometimes)
    )
    if always and sometimes:
        return (
            f"It cannot be decided if {always}. It also cannot be decided if {sometimes}, unless the rest of the rule "
            "decides it."
        )
    if sometimes:
        return f"It cannot be decided if {sometimes}, unless the rest of the rule decides it."
    if always:
        return f"It cannot be decided if {always}."
    # None alone does it; and with nothing recorded every comparison is unknown, so all of them together do.
    names = (f"{known.fields[name]}{_unless_derived(name, derived)}" for name in fields_of(criterion))
    return f"It cannot be decided if nothing is recorded of {listed(names)}."


def _unless_derived(name: str, derived: frozenset[str]) -> str:
    return " (where it does not follow from other attributes)" if name in derived else ""


def _absent(name: str, derived: frozenset[str], known: Titles) -> str:
    absent = f"{known.fields[name]} is not recorded"
    return f"{absent} and does not follow from other attributes" if name in derived else absent


def _left_out(name: str, contract: Contract) -> LeftOut:
    named = set_in_words(contract.vocabulary.sets[name], contract)
    which = "This code is" if len(named.left_out) == 1 else "These codes are"
    words = (
        f"{which} not in the set {quoted(named.title)}, because the code list says that it depends: "
        f"{codes_listed(named.left_out)}."
    )
    return LeftOut(set=named.title, codes=named.left_out, words=words)
