"""Checks that could not run, and why: a field that no row says, a part that was not sent, a measure without a value.

A rule that nothing was asked of is not a rule that was met; whoever reads findings reads this beside them. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from service.contract.model import Contract, Part, PartName
from service.criteria.silent import can_be_true
from service.criteria.tree import fields_of
from service.criteria.wording import listed


class NotRun(Struct, frozen=True):
    """A check that could not be made: the rule's id, or the name of a part or measure, and why."""

    what: str
    why: str


def not_run_of_part(contract: Contract, part: Part, rows: int, known: Collection[str]) -> Iterator[NotRun]:
    """The rules of a part that nothing was asked of. ``known``: fields that some of its ``rows`` says."""
    if not rows:
        yield NotRun(part.name.value, f"There is no row of the part ‘{part.title}’.")
        return
    for rule in contract.rules_of(part.name):
        asked = fields_of(rule.criterion) if rule.criterion is not None else ()
        lacking = [name for name in asked if name in part.by_name and name not in known]
        if rule.criterion is not None and lacking and not can_be_true(rule.criterion, lacking):
            named = listed(f"‘{part.by_name[name].label}’ ({name})" for name in lacking)
            yield NotRun(rule.id, f"No row of the part ‘{part.title}’ says {named}.")


def not_run_of_return(contract: Contract, measures: Mapping[str, object | None]) -> Iterator[NotRun]:
    """The rules about the whole return of which a measure has no value."""
    titles = {measure.name: measure.title for measure in contract.measures}
    for rule in contract.rules_of(PartName.RETURN):
        lacking = [name for name in fields_of(rule.criterion) if measures.get(name) is None] if rule.criterion else []
        if rule.criterion is not None and lacking and not can_be_true(rule.criterion, lacking):
            named = listed(f"‘{titles.get(name, name)}’" for name in lacking)
            yield NotRun(rule.id, f"There is no value of {named} for this return.")
