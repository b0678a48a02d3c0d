"""Looks at the values of OpenTelemetry's standard variables before the SDK reads them.

The SDK takes its default in place of a value that it cannot read, and says so in words from which nobody can see which
variable it was; or it fails. Here such a value is refused at the start, by the name of its variable. One that is empty
counts as unset, and of a signal that is not exported nothing is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Final

from service.settings import SettingsError

SAMPLERS: Final = (
    "always_on",
    "always_off",
    "parentbased_always_on",
    "parentbased_always_off",
    "traceidratio",
    "parentbased_traceidratio",
)
COMPRESSIONS: Final = ("gzip", "deflate", "none")

_BATCHED: Final = {"traces": "OTEL_BSP", "logs": "OTEL_BLRP"}
_BATCH: Final = ("SCHEDULE_DELAY", "EXPORT_TIMEOUT", "MAX_QUEUE_SIZE", "MAX_EXPORT_BATCH_SIZE")
_READER: Final = ("OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT")
_QUEUE: Final = 2048
_MOST_AT_ONCE: Final = 512
"""What the SDK takes for the size of a queue, and of a batch, where nothing is said."""


def check_values(environment: Mapping[str, str], asked: Mapping[str, Sequence[str]]) -> None:
    """SettingsError for the first value that cannot be meant; ``asked`` are the exporters of each signal."""
    for signal, exporters in asked.items():
        for name in _counts(signal):
            if not _is_count(_value(environment, name)):
                raise SettingsError(f"{name} is not a whole number above zero.", "Intervals are in milliseconds.")
        if signal in _BATCHED:
            _check_batch(environment, _BATCHED[signal])
        if signal == "traces":
            _check_sampler(environment)
        if "otlp" in exporters:
            _check_sending(environment, signal)


def _counts(signal: str) -> Iterator[str]:
    if signal in _BATCHED:
        yield from (f"{_BATCHED[signal]}_{name}" for name in _BATCH)
    else:
        yield from _READER


def _check_batch(environment: Mapping[str, str], prefix: str) -> None:
    queue, batch = f"{prefix}_MAX_QUEUE_SIZE", f"{prefix}_MAX_EXPORT_BATCH_SIZE"
    if int(_value(environment, batch) or _MOST_AT_ONCE) > int(_value(environment, queue) or _QUEUE):
        raise SettingsError(
            f"{batch} is larger than {queue}.", f"Where they are not set, they are {_MOST_AT_ONCE} and {_QUEUE}."
        )


def _check_sampler(environment: Mapping[str, str]) -> None:
    sampler = environment.get("OTEL_TRACES_SAMPLER", "").lower()  # of this one the SDK forgives no blanks
    if sampler not in ("", *SAMPLERS):
        raise SettingsError(
            "OTEL_TRACES_SAMPLER names a sampler that there is not.", f"There are {', '.join(SAMPLERS)}."
        )
    if sampler.endswith("traceidratio"):
        share = _number(_value(environment, "OTEL_TRACES_SAMPLER_ARG") or "1")
        if share is None or not 0 <= share <= 1:
            raise SettingsError("OTEL_TRACES_SAMPLER_ARG is not a number from 0 to 1.", "It is the share of traces.")


def _check_sending(environment: Mapping[str, str], signal: str) -> None:
    for prefix in (f"OTEL_EXPORTER_OTLP_{signal.upper()}", "OTEL_EXPORTER_OTLP"):
        seconds = _number(_value(environment, f"{prefix}_TIMEOUT") or "1")
        if seconds is None or seconds <= 0:
            raise SettingsError(f"{prefix}_TIMEOUT is not a number above zero.", "It is in seconds.")
        if _value(environment, f"{prefix}_COMPRESSION").lower() not in ("", *COMPRESSIONS):
            raise SettingsError(
                f"{prefix}_COMPRESSION names a compression that there is not.", f"There are {', '.join(COMPRESSIONS)}."
            )


def _value(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name, "").strip()


def _is_count(value: str) -> bool:
    return value == "" or (value.isascii() and value.isdigit() and int(value[:20]) > 0)


def _number(value: str) -> float | None:
    try:
        found = float(value)
    except ValueError:
        return None
    return found if isfinite(found) else None
