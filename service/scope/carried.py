"""The rules of an edition read forward to a later contract version, by the same steps as records (semantics 12). Pure.

For a look at what an edition would say there: the edition itself keeps the vocabulary that it names.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from service.contract.carry import Steps
from service.contract.library import Library
from service.contract.steps import renames_of
from service.criteria.parse import parse
from service.criteria.problem import ConditionError
from service.criteria.ruling import Definition, define
from service.scope.edition import Edition, Rule


class NotCarried(Struct, frozen=True):
    """A rule of the edition that a version cannot say."""

    rule: str
    version: str
    says: str


def carried_definition(library: Library, edition: Edition, version: str) -> Definition | NotCarried:
    """The definition of an edition in a version that is not older than its vocabulary."""
    rules = []
    for rule in carried_rules(library, edition, version):
        if isinstance(rule, NotCarried):
            return rule
        rules.append(rule.criterion)
    return define(rules)


def carried_rules(library: Library, edition: Edition, version: str) -> tuple[Rule | NotCarried, ...]:
    """Each rule of an edition in a version that is not older than its vocabulary, in the edition's order."""
    return tuple(_carried(library, rule, edition.vocabulary, version) for rule in edition.rules)


def _carried(library: Library, rule: Rule, vocabulary: str, version: str) -> Rule | NotCarried:
    versions = list(library.contracts)
    for later in versions[versions.index(vocabulary) + 1 : versions.index(version) + 1]:
        contract = library.contracts[later]
        steps = Steps(renames=renames_of(contract.upgrade), relisted=contract.relisted, tightened={})
        try:
            text = steps.carried(rule.when, rule.criterion, contract.vocabulary, null_tests=False)
            rule = replace(rule, when=text, criterion=parse(text, contract.vocabulary, null_tests=False))
        except ConditionError as error:
            return NotCarried(rule.id, later, error.says)
    return rule
