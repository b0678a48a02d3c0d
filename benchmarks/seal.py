"""A return of 9,000 cases, from the bytes of its CSV file to sealed: every rule, findings stored, two editions tallied.

What a person does in between (opening the return, answering findings) is done outside the clock. The second period's
file is the whole stock again, of which 2 % changed: sent as ``snapshot`` or as ``changes``, and, as a third way, only
the changed rows.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from benchmarks.harness import Bound, Figure, Pair, by_turns_async, ratio
from benchmarks.plain import PlainTable, typed_records
from benchmarks.stage import a_database, a_server, plain_connection
from service.contract.model import Contract
from service.demo.sheet import write_csv
from service.demo.single import Sample, sample
from service.returns.context import Context
from service.returns.readers import BytesSource
from service.returns.upload import Mode
from tests.support.returns import a_service, explained, opened, sealed, sent

_CASES: Final = 9_000
_ONE_IN: Final = 50
"""Of so many rows one changes: 2 %."""
_CSV: Final = "text/csv"
_PEER: Final = "binary COPY of the same rows into a plain table"


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    async with a_server() as server, a_database(server) as database, plain_connection(database) as connection:
        context = await a_service(database.db)
        contract = context.library.contracts["2025.1"]
        files = _Files(context, int(_CASES * scale))
        plain = PlainTable(connection, contract)
        await plain.make()
        force = iter(context.forces.by_code)
        first = await _first(context, files, plain, force, pairs)
        figures = [
            ratio(
                f"{files.cases:,}-row return, bytes of CSV to sealed, all rules, findings, two editions : {_PEER}",
                Bound(most=6, aim=4),
                first,
            )
        ]
        for mode, bound in ((Mode.SNAPSHOT, Bound(most=5, aim=3.5)), (Mode.CHANGES, Bound(most=5, aim=3.5))):
            turns = await _second(context, files, plain, force, pairs, mode)
            figures.append(ratio(f"the same, second period, whole file again as {mode}, 2 % changed", bound, turns))
        turns = await _second(context, files, plain, force, pairs, Mode.CHANGES, only_changed=True)
        figures.append(ratio("the same, second period, only the changed rows sent", Bound(most=5, aim=3.5), turns))
    return figures


class _Files:
    """The file of the first period, that of the second, and the records of each for the peer."""

    def __init__(self, context: Context, cases: int) -> None:
        self.contract: Contract = context.library.contracts["2025.1"]
        made = sample(context.library, "metropolitan", context.now().date(), number=cases)
        self.cases = len(made.rows)
        self.first = write_csv(made.rows, made.fields)
        again, changed = _changed(made)
        self.second, self.changes = write_csv(again.rows, again.fields), write_csv(changed.rows, changed.fields)
        self.records = list(typed_records(BytesSource(self.first), _CSV, self.contract))


def _changed(made: Sample) -> tuple[Sample, Sample]:
    """The stock a month later: 2 % of its rows say another setting; and those rows alone."""
    rows = tuple(
        row if place % _ONE_IN else {**row, "setting": "gang" if row["setting"] != "gang" else "organised"}
        for place, row in enumerate(made.rows)
    )
    return Sample(made.fields, rows), Sample(made.fields, rows[::_ONE_IN])


async def _first(
    context: Context, files: _Files, plain: PlainTable, force: Iterator[str], pairs: int
) -> Sequence[Pair]:
    async def ours() -> float:
        return await _to_sealed(context, next(force), "2026-01", files.first, Mode.CHANGES)

    return await by_turns_async(ours, lambda: plain.copy(files.records), pairs)


async def _second(
    context: Context,
    files: _Files,
    plain: PlainTable,
    force: Iterator[str],
    pairs: int,
    mode: Mode,
    *,
    only_changed: bool = False,
) -> Sequence[Pair]:
    async def ours() -> float:
        name = next(force)
        await _to_sealed(context, name, "2026-01", files.first, Mode.CHANGES)
        return await _to_sealed(context, name, "2026-02", files.changes if only_changed else files.second, mode)

    return await by_turns_async(ours, lambda: plain.copy(files.records), pairs)


async def _to_sealed(context: Context, force: str, period: str, content: bytes, mode: Mode) -> float:
    """Seconds that the service works on it: from the bytes to what an upload says, and from the signature to the
    receipt."""
    item = await opened(context, force, period)
    began = time.perf_counter()
    answer = await sent(context, item, content, mode=mode)
    uploaded = time.perf_counter() - began
    assert answer.held == 0
    await explained(context, item)
    began = time.perf_counter()
    await sealed(context, item)
    return uploaded + time.perf_counter() - began
