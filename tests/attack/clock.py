"""A clock that two processes read: each reading takes a second, so that tokens expire while an attack goes on."""

from __future__ import annotations

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

BEGIN: Final = datetime(2026, 3, 20, 12, tzinfo=UTC)
"""Five periods have begun: November 2025 to March 2026."""
_COUNT: Final = struct.Struct("<q")


class TickingClock:
    """The time of the service: its own readings move it on. ``peek`` reads it from elsewhere and leaves it as it is."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(_COUNT.pack(0))
        with file.open("r+b") as opened:
            self._shared = mmap.mmap(opened.fileno(), _COUNT.size)

    def __call__(self) -> datetime:
        readings = self._readings() + 1
        self._shared[:] = _COUNT.pack(readings)
        return BEGIN + timedelta(seconds=readings)

    def peek(self) -> datetime:
        """The time at the last reading."""
        return BEGIN + timedelta(seconds=self._readings())

    def _readings(self) -> int:
        return int(_COUNT.unpack(self._shared[:])[0])
