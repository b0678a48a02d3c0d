"""The checks of a first file by themselves, as a dry run asks them once its rows are in the database: every rule of a
contract version, what stands twice, and the counts.

The peer brings the same rows in by binary COPY and asks nothing of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count

from benchmarks.harness import Bound, Figure, by_turns_async, ratio
from benchmarks.plain import PlainTable, Record, typed_records
from benchmarks.stage import a_database, a_server, fresh_name, plain_connection
from service.contract.model import PartName
from service.demo.sheet import write_csv
from service.demo.single import sample
from service.returns.as_read import as_read
from service.returns.binary import binary_of
from service.returns.check import Check
from service.returns.context import Context
from service.returns.overlay import Ground
from service.returns.readers import BytesSource, read
from service.returns.staging import Span, Staging
from tests.support.returns import a_service, both_versions, opened, published

_ROWS = 9_000
_CSV = "text/csv"


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    rows = int(_ROWS * scale)
    figures = []
    async with a_server() as server, a_database(server) as database, plain_connection(database) as connection:
        context = both_versions(await a_service(database.db))
        forces, turn = published().terms["2025-11"].forces(), count()
        for version in context.library.contracts:
            contract = context.library.contracts[version]
            made = sample(context.library, "kent", context.now().date(), number=rows, version=version)
            content = write_csv(made.rows, made.fields)
            records: Sequence[Record] = list(typed_records(BytesSource(content), _CSV, contract))
            plain = PlainTable(connection, contract, fresh_name("plain_case"))
            await plain.make()

            async def ours(version: str = version, content: bytes = content) -> float:
                return await _checked(context, forces[next(turn) % len(forces)], version, content)

            async def peer(plain: PlainTable = plain, records: Sequence[Record] = records) -> float:
                return await plain.copy(records)

            asked = len(contract.rules_of(PartName.CASE))
            turns = await by_turns_async(ours, peer, pairs)
            what = f"the checks alone of {rows:,} rows, {asked} rules a row of {version} : binary COPY of the same rows"
            figures.append(ratio(what, Bound(most=1), turns))
    return figures


async def _checked(context: Context, force: str, version: str, content: bytes) -> float:
    """Seconds for every rule over rows that lie in the temporary table; nothing is kept."""
    item = await opened(context, force, contract_version=version)
    contract = context.library.contracts[version]
    part = contract.parts[PartName.CASE]
    async with context.db.force(item.force) as tx:
        ground = Ground(
            force=item.force,
            return_id=item.id,
            merges=True,
            read=as_read(context.library, version),
        )
        check, staging = Check(tx, contract, part, ground, is_dry=True), Staging(tx, contract, part)
        await staging.open()
        spans: list[Span] = []

        async def noted(span: Span) -> None:
            spans.append(span)

        await staging.copy(read(BytesSource(content), _CSV, part, contract, write=binary_of), noted)
        staged = staging.finish()
        began = time.perf_counter()
        for span in spans:
            await check.span(span)
        checked = await check.finish(staged)
        spent = time.perf_counter() - began
        if (checked.accepted, checked.held) != (staged.received, 0):
            raise RuntimeError(f"{checked.held} of {staged.received} rows were held")
        await tx.rollback()
    return spent
