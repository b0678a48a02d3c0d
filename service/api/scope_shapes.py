"""The forms of the scope editions, in conditions and in words, for the OpenAPI document."""

from __future__ import annotations

from service.api.public_shapes import Links, Shape
from service.api.shapes import Hash, Next


class ScopeLine(Shape):
    """A scope edition in the list, and where it stands."""

    edition: str
    title: str
    state: str
    hash: Hash
    links: Links


class ScopeList(Shape):
    """Scope editions."""

    items: list[ScopeLine]
    next: Next


class TitledCode(Shape):
    """A code with its title."""

    code: str
    title: str


class LeftOutShown(Shape):
    """Codes that a set has not got because the list says that it depends; ``words``: as a sentence."""

    set: str
    codes: list[TitledCode]
    words: str


class ScopeRuleWords(Shape):
    """A rule in English: when a case meets it, and what leaves it undecided when it is not recorded.

    ``derived``: what is taken for an attribute where the force says nothing. ``sets``: the names of the sets it uses.
    """

    sentence: str
    undecided: str
    derived: list[str]
    sets: list[str]
    left_out: list[LeftOutShown]


class ScopeSetShown(Shape):
    """A named set that the rules use; ``whole``: it is every code of the list."""

    name: str
    title: str
    list: str
    list_title: str
    codes: tuple[TitledCode, ...]
    whole: bool
    left_out: tuple[TitledCode, ...]


class ScopeWords(Shape):
    """An edition in English, made from its conditions: whom it counts, how rules give a verdict, and the whole text."""

    summary: str
    judging: list[str]
    sets: list[ScopeSetShown]
    text: str


class ScopeRuleShown(Shape):
    """A rule of a scope: a case counts where every ``when`` is true."""

    id: str
    title: str
    guidance: str
    when: str
    words: ScopeRuleWords


class ScopeDocument(Shape):
    """A scope edition: who is counted, rule by rule."""

    edition: str
    title: str
    state: str
    vocabulary: str
    hash: Hash
    rules: list[ScopeRuleShown]
    attributes: list[str]
    codes_left_out: dict[str, list[str]]
    words: ScopeWords
    links: Links
