"""The rules that look at a case beside others, over a file: what it was before, and how many cases are just like it.

As ``beside.py`` asks them of a draft: of rows that are accepted and say anything new of their case. Cases that are
alike are found by hashes of eight bytes; where two are the same the file is read once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Any, Final

from msgspec import Struct

from service.contract.canonical import Texts
from service.contract.findings import Finding, cut
from service.contract.model import Contract, Field, Part, RowMeasure, Rule
from service.contract.values import Value
from service.criteria.columnwise import Columnwise
from service.criteria.evaluate import is_exact
from service.criteria.memory import Memory
from service.criteria.tree import fields_of
from service.criteria.vocabulary import Kind
from service.returns.doubles import Hashes
from service.returns.previous import Before, Laid, Previous, said_of
from service.returns.readers import TypedBlock

_AT_ONCE: Final = 1_000


class _Like(Struct, frozen=True):
    """A row that may be like others: with whatever the rules speak of and show, and by measure what others would have
    to say too."""

    row: int
    key: str | None
    values: dict[str, Any]
    same: dict[str, Any]


class Comparing:
    """One file under way."""

    def __init__(self, contract: Contract, part: Part, previous: Previous | None) -> None:
        self._part, self._previous = part, previous
        counted = {item.name for item in part.row_measures if item.previous is None}
        needs = rules_of_before(contract, part)
        asked = [rule for rule in contract.comparing(part.name) if previous is not None or rule not in needs]
        self._at_once = [rule for rule in asked if not counted & _spoken(rule)]
        self._at_end = [rule for rule in asked if counted & _spoken(rule)]
        self._used = {name for rule in self._at_end for name in (*_spoken(rule), *rule.fields)}
        self._alike = [item for item in part.row_measures if item.name in self._used and item.name in counted]
        self._exactly = {name: _exactly(part.by_name[name]) for item in self._alike for name in item.alike}
        self._hashes = {item.name: Hashes() for item in self._alike}
        self._evaluator, self._texts = Columnwise(), Texts()
        self._found: list[Finding] = []

    def take(self, laid: Laid) -> None:
        """Ask what can be asked at once, and remember what may be alike."""
        block, cases = laid.block, laid.cases
        if self._at_once:
            columns = {**block.values, **self._before(cases)}
            found = self._asked(self._at_once, block.rows, block.keys, columns)
            self._found += (finding for index, finding in found if self.says_anything(laid, index))
        for item in self._alike:
            self._hashes[item.name].add(same for _, same in self._exact(item, block))

    @property
    def remembered(self) -> tuple[dict[str, Hashes], list[Finding]]:
        """What is remembered of the blocks so far."""
        return self._hashes, self._found

    def join(self, remembered: tuple[dict[str, Hashes], list[Finding]]) -> None:
        """Remember what another one does, of other blocks."""
        hashes, found = remembered
        self._found += found
        for name, own in self._hashes.items():
            own.join(hashes[name])

    def findings(self, again: Callable[[], Iterable[Laid]], held: Collection[int]) -> Iterator[Finding]:
        """What is found of the whole file; ``again`` gives the same blocks once more, ``held`` are the rows held."""
        yield from (finding for finding in self._found if finding.row not in held)
        like = self._like_others(again, held) if self._at_end else []
        for start in range(0, len(like), _AT_ONCE):
            some = like[start : start + _AT_ONCE]
            names = dict.fromkeys(name for each in some for name in each.values)
            columns = {name: [each.values.get(name) for each in some] for name in names}
            rows, keys = [each.row for each in some], [each.key for each in some]
            yield from (finding for _, finding in self._asked(self._at_end, rows, keys, columns))

    def says_anything(self, laid: Laid, index: int) -> bool:
        """Whether a row says anything new of its case."""
        case = laid.cases[index]
        return case is None or said_of(self._part.fields, laid.block, index) != case.said

    def _asked(
        self,
        rules: Sequence[Rule],
        rows: Sequence[int],
        keys: Sequence[str | None] | None,
        columns: Mapping[str, Sequence[Any]],
    ) -> Iterator[tuple[int, Finding]]:
        """What rules find in rows, each with the place of its row."""
        seen = self._evaluator.over(len(rows), columns)
        for rule in rules:
            if rule.criterion is None:
                continue
            shown = {name: self._part.shown[name] for name in rule.fields}
            for index in seen.places(seen.true(rule.criterion)):
                yield (
                    index,
                    Finding(
                        part=self._part.name,
                        row=rows[index],
                        rule=rule.id,
                        severity=rule.severity,
                        field=rule.fields[0] if rule.fields else None,
                        value=cut(self._texts.row(shown, columns, index)),
                        key=None if keys is None else keys[index],
                        notice=rule.notice,
                    ),
                )

    def _before(self, cases: Sequence[Before | None]) -> dict[str, list[Value]]:
        """By measure what each case was."""
        return {
            item.name: [None if case is None else case.values.get(item.previous) for case in cases]
            for item in self._part.row_measures
            if item.previous is not None
        }

    # --- cases that are alike ---------------------------------------------------------------------------------------

    def _like_others(self, again: Callable[[], Iterable[Laid]], held: Collection[int]) -> list[_Like]:
        """The rows that are asked and like others, with how many."""
        remaining = self._previous.remaining if self._previous is not None else tuple
        for case in remaining():
            for item, same in self._exact_of(case.values.get):
                self._hashes[item.name].add([same])
        twice = {item.name: set(self._hashes[item.name].twice()) for item in self._alike}
        if not any(twice.values()):
            return []
        counts: dict[str, Counter[Any]] = {item.name: Counter() for item in self._alike}
        for case in remaining():
            for item, same in self._exact_of(case.values.get):
                if hash(same) in twice[item.name]:
                    counts[item.name][same] += 1
        like = [each for laid in again() for each in self._counted(laid, held, twice, counts)]
        for each in like:
            others = {name: counts[name][same] - 1 for name, same in each.same.items()}
            each.values.update({name: (count, count) for name, count in others.items() if count})
        return like

    def _counted(
        self, laid: Laid, held: Collection[int], twice: Mapping[str, set[int]], counts: Mapping[str, Counter[Any]]
    ) -> Iterator[_Like]:
        """Count the accepted rows of a block that may be like others; those that are asked."""
        block, cases = laid.block, laid.cases
        sames: dict[int, dict[str, Any]] = {}
        for item in self._alike:
            for index, same in self._exact(item, block):
                if hash(same) in twice[item.name] and block.rows[index] not in held:
                    counts[item.name][same] += 1
                    sames.setdefault(index, {})[item.name] = same
        columns = {
            name: column for name, column in {**block.values, **self._before(cases)}.items() if name in self._used
        }
        for index, of_row in sames.items():
            if self.says_anything(laid, index):
                values = {name: column[index] for name, column in columns.items()}
                yield _Like(block.rows[index], None if block.keys is None else block.keys[index], values, of_row)

    def _exact(self, item: RowMeasure, block: TypedBlock) -> Iterator[tuple[int, tuple[Value, ...]]]:
        """Of each row of a block that knows exactly what it has to share with another to be like it: its place, and
        that."""
        if not all(name in block.values for name in item.alike):
            return iter(())
        known = (map(self._exactly[name].__getitem__, block.values[name]) for name in item.alike)
        rows = enumerate(zip(*(block.values[name] for name in item.alike), strict=True))
        return compress(rows, map(all, zip(*known, strict=True)))

    def _exact_of(self, value_of: Callable[[str], Value]) -> Iterator[tuple[RowMeasure, tuple[Value, ...]]]:
        """The same of one case, for each measure."""
        for item in self._alike:
            same = tuple(value_of(name) for name in item.alike)
            if all(self._exactly[name][value] for name, value in zip(item.alike, same, strict=True)):
                yield item, same


def rules_of_before(contract: Contract, part: Part) -> list[Rule]:
    """The rules that need to know what a case was."""
    before = {item.name for item in part.row_measures if item.previous is not None}
    return [rule for rule in contract.comparing(part.name) if before & _spoken(rule)]


def _exactly(field: Field) -> Memory[Value, bool]:
    """Whether a value of a field is one thing and no other. Several codes that all hold are one thing."""
    return Memory((lambda value: value is not None) if field.kind is Kind.CODES else is_exact)


def _spoken(rule: Rule) -> frozenset[str]:
    return frozenset(fields_of(rule.criterion)) if rule.criterion is not None else frozenset()
