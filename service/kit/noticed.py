"""What must come of a kit's files at a service where rule notices hold: the same examples by the rules of a day.

The kit is held to the contract as it was published. Where a service answers otherwise, and just as the contract has it
with its notices applied, the notices explain the difference; whatever else differs is a failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from service.contract.notices import Notice, noticed
from service.kit.expected import Expected, files_of
from service.kit.model import Example, Find, Kit, Raw, Row, WholeReturn


class Noticed(Struct, frozen=True, kw_only=True):
    """A kit beside the notices that hold on a day."""

    kit: Kit
    """With the contract as the notices have it."""
    by_rule: Mapping[str, str]
    """The notice of each rule that is treated otherwise than it was published."""

    def of_example(self, example: Example, ending: str) -> tuple[Expected, tuple[str, ...]]:
        """What must come of one file of an example, and which notices have changed that; none: it is as published."""
        (file,) = files_of(self.kit, self._as_asked(example), (ending,))
        return file.expected, self._named(find.rule for find in _finds_of(example))

    def of_whole(self, whole: WholeReturn) -> tuple[tuple[Find, ...], tuple[str, ...]]:
        """The same of the findings about a whole return."""
        return self._asked(whole.finds), self._named(find.rule for find in whole.finds)

    def _named(self, rules: Iterator[str]) -> tuple[str, ...]:
        return tuple(sorted({self.by_rule[rule] for rule in rules if rule in self.by_rule}))

    def _asked(self, finds: Sequence[Find]) -> tuple[Find, ...]:
        return tuple(find for find in finds if find.rule in self.kit.contract.rule)

    def _as_asked(self, example: Example) -> Example:
        """The example without what no rule finds any more."""
        content = example.content
        if isinstance(content, Raw):
            left = tuple((row, find) for row, find in content.finds if find.rule in self.kit.contract.rule)
            return replace(example, content=replace(content, finds=left))
        rows: tuple[Row, ...] = tuple(replace(row, finds=self._asked(row.finds)) for row in content.rows)
        return replace(example, content=replace(content, rows=rows, heading=self._asked(content.heading)))


def under_notices(kit: Kit, notices: Sequence[Notice], day: date) -> Noticed:
    """The kit beside the notices of a service, in the order in which they came into force."""
    contract = noticed(kit.contract, notices, day)
    by_rule = {rule: found.notice for rule, found in contract.deviations.items() if found.notice is not None}
    return Noticed(kit=replace(kit, contract=contract), by_rule=by_rule)


def _finds_of(example: Example) -> Iterator[Find]:
    content = example.content
    if isinstance(content, Raw):
        yield from (find for _, find in content.finds)
        return
    yield from content.heading
    for row in content.rows:
        yield from row.finds
