"""What an attack was answered with: for every operation the successes by medium, and the refusals by code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

UNSEEN = frozenset({"unauthenticated", "internal"})
"""What is answered before, or whatever, an operation looks at: no refusal that it was designed to give."""


class Told(Struct):
    """What one operation was answered with. ``good`` counts by the media sent and got, ``refused`` by code."""

    good: int = 0
    sent: dict[str, int] = field(default_factory=dict)
    got: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    followed: int = 0
    """How many of the requests came by a link from another answer."""

    @property
    def designed(self) -> dict[str, int]:
        """The refusals that the document promises of this operation."""
        return {code: count for code, count in self.refused.items() if code not in UNSEEN}


class Report(Struct):
    """A whole run."""

    operations: dict[str, Told] = field(default_factory=dict)
    tokens: int = 0
    """How many access tokens the run had to get."""

    def take(self, name: str, case: Any, response: Any, *, followed: bool) -> None:
        """One answer."""
        told = self.operations.setdefault(name, Told())
        told.followed += followed
        if response.status_code < 300 and response.request.method == case.operation.method.upper():
            told.good += 1
            _count(told.sent, case.media_type)
            _count(told.got, next(iter(response.headers.get("content-type", [""]))).partition(";")[0])
        elif 400 <= response.status_code < 500:
            codes = documented_codes(case.operation, response.status_code)
            code = code_of(response)
            if codes is None or code in codes:
                _count(told.refused, code if response.status_code != 405 else None)


def _count(counts: dict[str, int], what: str | None) -> None:
    if what:
        counts[what] = counts.get(what, 0) + 1


def code_of(response: Any) -> str:
    """The code of a problem, or of a refusal of RFC 6749; empty where an answer has neither."""
    try:
        document = json.loads(response.content)
    except ValueError:
        return ""
    return str(document.get("type", document.get("error", ""))).removeprefix("/problems/")


def documented_codes(operation: Any, status: int) -> frozenset[str] | None:
    """The codes that the document lists for a status of an operation; None where its errors have another form."""
    answer = operation.definition.raw["responses"].get(str(status), {})
    if "$ref" in answer:
        answer = operation.schema.raw_schema["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    content = answer.get("content", {})
    if content and "application/problem+json" not in content:
        return None
    return frozenset(content.get("application/problem+json", {}).get("examples", {}))


def write_report(file: Path, report: Report) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(report)))


def read_report(file: Path) -> Report:
    return msgspec.json.decode(file.read_bytes(), type=Report)


def lacking(report: Report, document: Mapping[str, Any], medium: str) -> list[str]:
    """What a run did not reach: for each operation a success, one in the medium where it speaks it, and a designed
    refusal."""
    found = []
    for name, operation in operations(document):
        told = report.operations.get(name, Told())
        if not told.good:
            found.append(f"{name}: no success")
        if not told.designed:
            found.append(f"{name}: no designed refusal")
        if medium in operation.get("requestBody", {}).get("content", {}) and not told.sent.get(medium):
            found.append(f"{name}: no success with a body in {medium}")
        if medium in operation["responses"].get("200", {}).get("content", {}) and not told.got.get(medium):
            found.append(f"{name}: no success answered in {medium}")
    return found


def operations(document: Mapping[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    """The operations of an OpenAPI document by name."""
    for item in document["paths"].values():
        for operation in item.values():
            yield operation["operationId"], operation


def table(reports: Mapping[str, Report]) -> str:
    """The report as a table in Markdown: a line an operation, successes and refusals of each medium's run."""
    names = sorted({name for report in reports.values() for name in report.operations})
    lines = [
        "| operation | " + " | ".join(f"{medium}: good | {medium}: refused by design" for medium in reports) + " |",
        "|---|" + "--:|---|" * len(reports),
    ]
    for name in names:
        cells = [name]
        for report in reports.values():
            told = report.operations.get(name, Told())
            codes = sorted(told.designed.items(), key=lambda item: (-item[1], item[0]))
            cells += [str(told.good), ", ".join(f"{code} {count}" for code, count in codes)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
