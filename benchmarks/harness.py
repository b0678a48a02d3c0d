"""What every figure has in common: pairs measured alternately, their medians, and the state of the machine.

A time says nothing on another machine, and little on a busy one. A ratio of two things that were done by turns, on the
same machine and in the same minute, says the same nearly everywhere.
"""

from __future__ import annotations

import gc
import os
import platform
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from msgspec import Struct


class Bound(Struct, frozen=True, kw_only=True):
    """What a figure has to reach: no more than ``most`` or no less than ``least``; ``aim`` is what we should like. With
    neither, it is only told."""

    most: float | None = None
    least: float | None = None
    aim: float | None = None
    unit: str = "x"

    def holds(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def __str__(self) -> str:
        if self.most is None and self.least is None:
            return "only told"
        said = f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"
        return f"{said} {self.unit}" + (f" (aim {self.aim:g})" if self.aim is not None else "")


class Pair(Struct, frozen=True):
    """One turn: seconds for ours, and for the peer right before or after."""

    ours: float
    peer: float


class Figure(Struct, frozen=True, kw_only=True):
    """One measured figure. ``what`` names both sides; ``value`` is in the unit of the bound."""

    what: str
    bound: Bound
    value: float
    low: float
    high: float
    ours: str
    peer: str
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.bound.holds(self.value)


def ratio(what: str, bound: Bound, pairs: Sequence[Pair], *, faster: bool = False, note: str = "") -> Figure:
    """The figure of several pairs: the median of their ratios, ours to the peer (``faster``: how many times faster)."""
    ratios = sorted(pair.peer / pair.ours if faster else pair.ours / pair.peer for pair in pairs)
    return Figure(
        what=what,
        bound=bound,
        value=statistics.median(ratios),
        low=ratios[0],
        high=ratios[-1],
        ours=seconds(statistics.median(pair.ours for pair in pairs)),
        peer=seconds(statistics.median(pair.peer for pair in pairs)),
        note=note,
    )


def by_turns(ours: Callable[[], object], peer: Callable[[], object], pairs: int) -> list[Pair]:
    """Seconds of both, alternately and in changing order, after one turn that does not count."""
    ours(), peer()
    turns = []
    for turn in range(pairs):
        first, second = (timed(peer), timed(ours)) if turn % 2 else (timed(ours), timed(peer))
        turns.append(Pair(second, first) if turn % 2 else Pair(first, second))
    return turns


async def by_turns_async(
    ours: Callable[[], Awaitable[float]], peer: Callable[[], Awaitable[float]], pairs: int
) -> list[Pair]:
    """As ``by_turns``, for work that prepares itself, waits, and says how long the part took that counts."""
    await ours()
    await peer()
    turns = []
    for turn in range(pairs):
        gc.collect()
        first, second = (await peer(), await ours()) if turn % 2 else (await ours(), await peer())
        turns.append(Pair(second, first) if turn % 2 else Pair(first, second))
    return turns


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    gc.collect()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def seconds(value: float) -> str:
    """``1.24 s``, ``35.1 ms``."""
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms" if value >= 0.001 else f"{value * 1e6:.1f} µs"


def machine() -> str:
    """What the figures were measured on, and whether it was busy with something else."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor() or "unknown processor",
    )
    memory = next((int(line.split()[1]) >> 20 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} cores of {model}, {memory} GiB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}; load over 1, 5 and 15 minutes before: {load}"
    )


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []
