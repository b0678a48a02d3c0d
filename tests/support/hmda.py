"""The second standard: the US loan register of 2018, its clean rows, and what is wrong in the broken ones."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from service.returns.readers import XLSX
from tests.support.rows import as_csv
from tests.support.workbooks import a_workbook

FOLDER = Path(__file__).parent.parent / "standards" / "hmda-2018"
CLEAN = list(csv.DictReader((FOLDER / "clean.csv").read_text().splitlines()))
BROKEN: list[dict[str, Any]] = yaml.safe_load((FOLDER / "broken.yaml").read_text())


def written(rows: Sequence[Mapping[str, str]], media: str) -> bytes:
    """Rows as a file of a medium, with every column that any of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if media == XLSX:
        return a_workbook([{name: row.get(name, "") for name in names} for row in rows])
    if media == "text/csv":
        return as_csv([{name: row.get(name, "") for name in names} for row in rows]).encode()
    if media == "application/json":
        return json.dumps(rows).encode()
    return "\n".join(map(json.dumps, rows)).encode()
