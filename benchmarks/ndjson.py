"""A million cases as NDJSON, over HTTP into the service in a process of its own: how long, and how much memory.

Memory is the greatest resident size that the kernel noted for the service's process while it took the upload, less what
it held when idle. The rows are those of the synthetic country with what is known of each; blank fields are left out.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Final

from msgspec.json import Encoder

from benchmarks.harness import Bound, Figure, Pair, ratio
from benchmarks.plain import PlainTable, Record, typed_records
from benchmarks.stage import a_database, a_server, plain_connection
from service.contract.library import Library, load_library
from service.demo.fields import NUMBERS
from service.demo.single import sample
from service.returns.readers import BytesSource
from tests.support.process import Process, a_process
from tests.support.server import Return, good

_ROWS: Final = 1_000_000
_STOCK: Final = 10_000
"""Different rows; they are sent over and over again under other references."""
_LINKS: Final = ("shared_ref", "shared_with", "lead_force")
"""A reference that forces share stands in one case of a force, so what is sent again does not carry it."""
_MEDIA: Final = "application/x-ndjson"
_PERIOD: Final = "2025-11"
_DAY: Final = date(2026, 3, 3)
_CHUNK: Final = 1 << 20
_TURNS: Final = 3
"""At most: a turn takes minutes."""


async def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    rows = int(_ROWS * scale)
    library = load_library()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = _written(folder / "cases.ndjson", library, rows)
        turns, peaks = [], []
        for _ in range(min(pairs, _TURNS)):
            pair, peak = await _turn(folder, file, library, rows)
            turns.append(pair)
            peaks.append(peak)
    size = f"{file.length >> 20:,} MiB"
    peaks.sort()
    memory = Figure(
        what=f"{rows:,}-row NDJSON upload ({size}): peak memory of the service over idle",
        bound=Bound(most=150, unit="MiB"),
        value=peaks[len(peaks) // 2],
        low=peaks[0],
        high=peaks[-1],
        ours=f"{peaks[len(peaks) // 2]:.0f} MiB",
        peer="idle",
    )
    what = f"{rows:,}-row NDJSON upload over HTTP : binary COPY of the same columns"
    return [memory, ratio(what, Bound(most=4), turns)]


class _Written:
    """The file to send, and the records of its different rows for the peer."""

    def __init__(self, path: Path, records: list[Record]) -> None:
        self.path, self.records = path, records
        self.length = path.stat().st_size

    async def chunks(self) -> AsyncIterator[bytes]:
        with self.path.open("rb") as content:
            while chunk := content.read(_CHUNK):
                yield chunk


def _written(path: Path, library: Library, rows: int) -> _Written:
    lines, numbers, encode = [], frozenset(NUMBERS), Encoder().encode
    made = sample(library, "metropolitan", _DAY, number=min(rows, _STOCK))
    for row in made.rows:
        known = {name: value for name, value in row.items() if value and name not in _LINKS}
        lines.append({name: int(text) if name in numbers and text.isdigit() else text for name, text in known.items()})
    with path.open("wb") as out:
        for number in range(rows):
            line = lines[number % len(lines)]
            out.write(encode({**line, "case_ref": _reference(str(line["case_ref"]), number)}) + b"\n")
    contract = library.contracts["2025.1"]
    different = b"\n".join(encode(line) for line in lines)
    return _Written(path, list(typed_records(BytesSource(different), _MEDIA, contract)))


async def _turn(folder: Path, file: _Written, library: Library, rows: int) -> tuple[Pair, float]:
    """A server, a service and a plain table, all fresh: seconds of both sides, and MiB over idle."""
    async with a_server() as server, a_database(server) as database, plain_connection(database) as connection:
        async with a_process(database, folder) as process:
            ours, peak = await _upload(process, file, rows)
        plain = PlainTable(connection, library.contracts["2025.1"])
        await plain.make()
        gc.collect()
        peer = await plain.copy(_all_records(file.records, rows))
    return Pair(ours, peer), peak


async def _upload(process: Process, file: _Written, rows: int) -> tuple[float, float]:
    client = await process.client("metropolitan")
    client.timeout = 900
    item = Return(client, "metropolitan", _PERIOD)
    await item.open()
    _forget_peak(process.pid)
    idle = _mebibytes(process.pid, "VmRSS")
    began = time.perf_counter()
    answer = good(await item.send(file.chunks(), _MEDIA))
    took = time.perf_counter() - began
    assert answer["accepted"] == rows, answer
    return took, _mebibytes(process.pid, "VmHWM") - idle


def _all_records(different: list[Record], rows: int) -> list[Record]:
    """As many records as the file has rows, each with its own reference (the first column)."""
    count = len(different)
    return [
        (_reference(different[number % count][0], number), *different[number % count][1:]) for number in range(rows)
    ]


def _reference(reference: str, number: int) -> str:
    """Another reference of the same form: ``MET-22-00001`` becomes ``MET-22-123456``."""
    head, _, _ = reference.rpartition("-")
    return f"{head}-{number}"


def _forget_peak(pid: int) -> None:
    """From here on the kernel notes the greatest resident size anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def _mebibytes(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))
