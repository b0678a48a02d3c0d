"""What the rows of a file meet in the return before: references that are borne there, and knowledge that is lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from service.contract.canonical import canonical_text
from service.contract.findings import Finding, found
from service.contract.model import Contract, Part, Role
from service.contract.values import Check
from service.returns.previous import Laid, Previous


class Overlap:
    """One file under way."""

    def __init__(self, contract: Contract, part: Part, previous: Previous) -> None:
        self._contract, self._part, self._previous = contract, part, previous
        self._key = part.by_role[Role.KEY].name
        self._borne: list[tuple[int, str | None]] = []
        self._renamed: dict[str, list[tuple[int, str | None]]] = {}
        self._lost: list[Finding] = []

    def take(self, over: Laid) -> None:
        """Look at a block."""
        block, keys = over.block, over.block.keys or []
        self._previous.replace(over)
        self._borne += [(block.rows[index], keys[index]) for index in sorted(over.borne)]
        for index, case in enumerate(over.cases):
            if case is None:
                continue
            if case.key != keys[index]:
                self._renamed.setdefault(case.key, []).append((block.rows[index], keys[index]))
            for name in case.values:
                column = block.values.get(name)
                if name != self._key and (column is None or column[index] is None):
                    self._lost.append(self._of_lost(over, index, name))

    def holding(self, doubles: Iterable[Finding]) -> Iterator[Finding]:
        """Rows that name the reference of another case as their former one, and several that name the same; but for
        what is found among the rows of the file already."""
        told = {(finding.row, finding.rule) for finding in doubles}
        twice = [row for rows in self._renamed.values() if len(rows) > 1 for row in rows]
        met = [*((Check.FORMER_IN_USE, each) for each in self._borne), *((Check.DUPLICATE_KEY, each) for each in twice)]
        for check, (row, key) in met:
            finding = found(self._contract, self._part.name, check, row, self._key, key, key)
            if (row, finding.rule) not in told:
                yield finding

    def findings(self, held: Collection[int]) -> list[Finding]:
        """Knowledge that is lost, of rows that are accepted. ``held`` is complete: their cases stay as they were."""
        self._previous.give_back(held)
        return [finding for finding in self._lost if finding.row not in held]

    def _of_lost(self, over: Laid, index: int, name: str) -> Finding:
        block, case = over.block, over.cases[index]
        value = canonical_text(self._part.by_name[name], None if case is None else case.values[name])
        key = None if block.keys is None else block.keys[index]
        return found(self._contract, self._part.name, Check.KNOWLEDGE_LOST, block.rows[index], name, value, key)
