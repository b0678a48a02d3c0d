"""Metrics: add to a counter, record a duration. Which there are, and what they carry, stands in ``told``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.telemetry import recording
from service.telemetry.told import Metric

_NONE: Final[Mapping[str, str | int]] = {}


def measure(metric: Metric, amount: float, labels: Mapping[str, str | int] = _NONE) -> None:
    """Add to a counter, or record one value of a histogram, in the metric's unit."""
    instrument = recording.now.instruments.get(metric.name)
    if instrument is not None:
        instrument(amount, labels)


def is_measured() -> bool:
    """Whether anybody asked for metrics: what is dear to count is counted only then."""
    return bool(recording.now.instruments)
