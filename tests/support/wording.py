"""A sentence read back as the tree that it was made of, and titles that try to look like parts of a sentence.

The English stands here a second time, on purpose: a word that means something else in ``criteria/wording.py`` is seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from service.criteria.rewrites import nested_chains_become_one
from service.criteria.tree import And, Between, Compare, CompareFields, Criterion, IsNull, Not, OneOf, Op, Or
from service.criteria.vocabulary import Kind, Vocabulary
from service.criteria.wording import Titles, titles
from tests.support.criteria import LISTS, mask_of

TRICKS = (
    *("Suspects", "Suspects", "Age of the youngest victim", "a", "b", "c2", "", "  two   spaces ", "‘Suspects’"),
    *(
        "Suspects’ is 2, or ‘Suspects",
        "is not recorded",
        "(both included)",
        "x), and (y",
        "either",
        "Suspects (b)",
        "2",
    ),
)
"""What a publisher might call things: alike, with our quotes inside, or with words of our sentences."""

_NUMBER = r"(-?[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]+)?)"
_DAY = r"([0-9]{1,2} [A-Z][a-z]+ [0-9]{4})"
_NUMBERS = {
    rf"is less than {_NUMBER}": Op.BELOW,
    rf"is more than {_NUMBER}": Op.ABOVE,
    rf"is {_NUMBER} or less": Op.AT_MOST,
    rf"is {_NUMBER} or more": Op.AT_LEAST,
    rf"is not {_NUMBER}": Op.UNEQUAL,
    rf"is {_NUMBER}": Op.EQUAL,
}
_DAYS = {
    rf"is before {_DAY}": Op.BELOW,
    rf"is after {_DAY}": Op.ABOVE,
    rf"is on or before {_DAY}": Op.AT_MOST,
    rf"is on or after {_DAY}": Op.AT_LEAST,
    rf"is not {_DAY}": Op.UNEQUAL,
    rf"is {_DAY}": Op.EQUAL,
}
_FIELDS = {
    Kind.DATE: {
        "is before ": Op.BELOW,
        "is after ": Op.ABOVE,
        "is on or before ": Op.AT_MOST,
        "is on or after ": Op.AT_LEAST,
        "is the same day as ": Op.EQUAL,
        "is not the same day as ": Op.UNEQUAL,
    },
    Kind.NUMBER: {
        "is less than ": Op.BELOW,
        "is more than ": Op.ABOVE,
        "is the same as or less than ": Op.AT_MOST,
        "is the same as or more than ": Op.AT_LEAST,
        "is the same as ": Op.EQUAL,
        "is not the same as ": Op.UNEQUAL,
    },
}


def tricky_titles(vocabulary: Vocabulary) -> st.SearchStrategy[Titles]:
    """Titles for everything in a random vocabulary; the sets are called by their names."""
    one = st.sampled_from(TRICKS)
    return st.builds(
        titles,
        st.just(vocabulary),
        st.fixed_dictionaries(dict.fromkeys(vocabulary.fields, one)),
        st.fixed_dictionaries(dict.fromkeys(LISTS, one)),
        st.fixed_dictionaries(
            {name: st.fixed_dictionaries({code: one for code in codes if code}) for name, codes in LISTS.items()}
        ),
    )


def read_back(sentence: str, known: Titles) -> Criterion:
    """The tree of a sentence; whatever is no such sentence is an error."""
    reader = _Reader(sentence, known)
    found = reader.clause()
    assert not reader.rest, reader.rest
    return found


class _Reader:
    """Reads from the left, one thing after the other, without ever going back."""

    def __init__(self, sentence: str, known: Titles) -> None:
        self.rest = sentence
        self.known = known

    def clause(self) -> Criterion:
        word, kind = (", or ", Or) if self._take("either ") else (", and ", And)
        parts = [self._part()]
        while self._take(word):
            parts.append(self._part())
        return nested_chains_become_one(kind(tuple(parts)))

    def _part(self) -> Criterion:
        if not self._take("("):
            return self._leaf()
        inner = self.clause()
        assert self._take(")")
        return inner

    def _leaf(self) -> Criterion:
        name = self._one_of(self.known.fields)
        assert self._take(" ")
        kind = self.known.vocabulary.fields[name].kind
        if self._take("is not recorded"):
            return IsNull(name)
        if self._take("is recorded"):
            return Not(IsNull(name))
        if kind is Kind.CODE:
            return self._code_leaf(name)
        return self._two_fields(name, kind) or self._between(name, kind) or self._compare(name, kind)

    def _two_fields(self, name: str, kind: Kind) -> Criterion | None:
        for words, op in _FIELDS[Kind.DATE if kind is Kind.DATE else Kind.NUMBER].items():
            if self._take(f"{words}‘", keep="‘"):
                return CompareFields(name, op, self._one_of(self.known.fields))
        return None

    def _between(self, name: str, kind: Kind) -> Criterion | None:
        value, both = (_DAY, "both days included") if kind is Kind.DATE else (_NUMBER, "both included")
        found = self._match(rf"is (not )?between {value} and {value} \({both}\)")
        if found is None:
            return None
        leaf = Between(name, _value(found[2], kind), _value(found[3], kind))
        return Not(leaf) if found[1] else leaf

    def _compare(self, name: str, kind: Kind) -> Criterion:
        for pattern, op in (_DAYS if kind is Kind.DATE else _NUMBERS).items():
            found = self._match(pattern)
            if found is not None:
                return Compare(name, op, _value(found[1], kind))
        raise AssertionError(self.rest)

    def _code_leaf(self, name: str) -> Criterion:
        for words in ("is in the set ", "is not in the set "):
            if self._take(words):
                named = self.known.vocabulary.sets[self._one_of(self.known.sets)]
                return self._one(name, named.codes, named.name, negated="not" in words)
        listed = self.known.vocabulary.fields[name].list or ""
        for words in ("is one of the codes ", "is not one of the codes "):
            if self._take(words):
                codes = re.split(", | and ", self.rest.partition(" of ‘")[0])
                self.rest = self.rest.removeprefix(f"{', '.join(codes[:-1])} and {codes[-1]} of ")
                assert self._one_of(self.known.lists) == listed
                return self._one(name, codes, None, negated="not" in words)
        for words, last in (("is neither ", " nor "), ("is none of ", " and "), ("is not ", ""), ("is ", " or ")):
            if self._take(words):
                return self._one(name, self._titles(self.known.codes[listed], last), None, negated=words != "is ")
        raise AssertionError(self.rest)

    def _titles(self, codes: Mapping[str, str], last: str) -> list[str]:
        found = [self._one_of(codes)]
        while self._take(", ‘", keep="‘"):
            found.append(self._one_of(codes))
        if last and self._take(f"{last}‘", keep="‘"):
            found.append(self._one_of(codes))
        return found

    def _one(self, name: str, codes: Iterable[str], set_name: str | None, *, negated: bool) -> Criterion:
        codes = tuple(codes)
        leaf = OneOf(name, mask_of(self.known.vocabulary.fields[name], codes), codes, set_name)
        return Not(leaf) if negated else leaf

    def _one_of(self, named: Mapping[str, str]) -> str:
        """The name of the title that stands here: the longest that fits, for one may begin with another."""
        fitting = [name for name, title in named.items() if self.rest.startswith(title)]
        name = max(fitting, key=lambda one: len(named[one]))
        assert sum(named[one] == named[name] for one in fitting) == 1, f"{named[name]} is said of two things"
        self.rest = self.rest.removeprefix(named[name])
        return name

    def _take(self, words: str, keep: str = "") -> bool:
        taken = self.rest.startswith(words)
        if taken:
            self.rest = keep + self.rest.removeprefix(words)
        return taken

    def _match(self, pattern: str) -> re.Match[str] | None:
        found = re.match(pattern, self.rest)
        if found is not None:
            self.rest = self.rest[found.end() :]
        return found


def _value(text: str, kind: Kind) -> Any:
    if kind is Kind.DATE:
        return datetime.strptime(text, "%d %B %Y").date()  # noqa: DTZ007  a day has no zone
    return int(text.replace(",", "")) if kind is Kind.NUMBER else Decimal(text.replace(",", ""))
