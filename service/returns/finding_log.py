"""The findings of one file, however many: a million of them lie in a file of their own, and come back in order.

Blocks of a file are checked in the order of its rows, so what is found in them is in order as it comes. What is only
known when the whole file is read comes last, and is merged in when somebody looks.
"""

from __future__ import annotations

import heapq
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, overload

import msgspec

from service.contract.findings import Finding, in_order
from service.contract.model import PartName, Severity

_IN_MEMORY: Final = 4 << 20
"""So many bytes of findings are kept in memory."""
_AT_ONCE: Final = 5_000
"""So many findings are brought back at once."""

_Packed = tuple[PartName, int, str, Severity, str | None, str | None, str | None, str | None]
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(list[_Packed]).decode


def pack(findings: Sequence[Finding]) -> tuple[list[bytes], Counter[Severity]]:
    """Findings as they are kept, and as one process hands them to another, with how many of each severity there are."""
    pieces = [
        _ENCODE([msgspec.structs.astuple(finding) for finding in findings[start : start + _AT_ONCE]])
        for start in range(0, len(findings), _AT_ONCE)
    ]
    return pieces, Counter(finding.severity for finding in findings)


class FindingLog(Sequence[Finding]):
    """Findings in order of part, row, rule and field. What is taken from ``add`` must come in that order; what comes
    ``late`` need not. The file has no name, and goes with the log."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - it lives as long as the log
        self._sizes: list[int] = []
        self._late: list[Finding] = []
        self._count = 0
        self.severities = Counter[Severity]()

    def add(self, pieces: Iterable[bytes], severities: Counter[Severity]) -> None:
        """Take what ``pack`` made, which is of later rows than all before, and how many there are of each severity."""
        self._file.seek(0, io.SEEK_END)
        for piece in pieces:
            self._file.write(piece)
            self._sizes.append(len(piece))
        self.severities += severities
        self._count += severities.total()

    def late(self, findings: Iterable[Finding]) -> None:
        """Take findings of any row."""
        for finding in findings:
            self._late.append(finding)
            self.severities[finding.severity] += 1
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Finding]:
        self._late.sort(key=in_order)
        return heapq.merge(self._kept(), self._late, key=in_order)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        """By going through all before it: for a look at a few. Who wants all of them iterates."""
        if isinstance(index, slice):
            start, stop, step = index.indices(self._count)
            return list(islice(self, start, stop, step)) if step > 0 else list(self)[index]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        return next(islice(self, index % self._count, None))

    def _kept(self) -> Iterator[Finding]:
        """Of several who look at the same time, each goes on from where it stands."""
        place = 0
        for size in self._sizes:
            self._file.seek(place)
            piece = self._file.read(size)
            place += size
            yield from (Finding(*packed) for packed in _DECODE(piece))
