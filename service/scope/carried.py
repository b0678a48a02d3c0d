"""The rules of an edition read forward to a later contract version, by the same steps as records (semantics 12). Pure.

For a look at what an edition would say there: the edition itself keeps the vocabulary that it names.
"""

from __future__ import annotations

from msgspec import Struct

from service.contract.carry import Steps
from service.contract.library import Library
from service.contract.steps import renames_of
from service.criteria.parse import parse
from service.criteria.problem import ConditionError
from service.criteria.ruling import Definition, define
from service.scope.edition import Edition


class NotCarried(Struct, frozen=True):
    """A rule of the edition that a version cannot say."""

    rule: str
    version: str
    says: str


def carried_definition(library: Library, edition: Edition, version: str) -> Definition | NotCarried:
    """The definition of an edition in a version that is not older than its vocabulary."""
    versions = list(library.contracts)
    rules = [(rule.id, rule.when, rule.criterion) for rule in edition.rules]
    for later in versions[versions.index(edition.vocabulary) + 1 : versions.index(version) + 1]:
        contract = library.contracts[later]
        steps = Steps(renames=renames_of(contract.upgrade), relisted=contract.relisted, tightened={})
        for place, (name, when, criterion) in enumerate(rules):
            try:
                text = steps.carried(when, criterion, contract.vocabulary, null_tests=False)
                rules[place] = (name, text, parse(text, contract.vocabulary, null_tests=False))
            except ConditionError as error:
                return NotCarried(name, later, error.says)
    return define(criterion for _, _, criterion in rules)
