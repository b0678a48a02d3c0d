"""The spec table: rows of YAML that a person could write, read for the tests and printed as a page of the reference.

``python -m tests.support.spec`` writes the page anew; a test says when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from service.contract.library import Library
from service.contract.model import PartName
from service.contract.upgrade import read_forward
from service.contract.values import read_cell
from service.criteria.evaluate import Observation
from service.criteria.vocabulary import Vocabulary

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "spec"
PAGE = ROOT / "docs" / "reference" / "conditions.md"
ANSWERS: Mapping[str, bool | None] = {"true": True, "false": False, "unknown": None}


class Answer(Struct, frozen=True, kw_only=True):
    """One row about one condition: what is given in cells, and what it says of that."""

    condition: str
    vocabulary: str
    null_tests: bool
    given: Mapping[str, str]
    expect: str
    missing: tuple[str, ...] | None


class Wording(Struct, frozen=True, kw_only=True):
    """One condition, and the English that is made of it."""

    condition: str
    vocabulary: str
    words: str


class Refusal(Struct, frozen=True, kw_only=True):
    """One condition that cannot be taken."""

    condition: str
    vocabulary: str
    column: int
    says: str
    do: str


class Case(Struct, frozen=True, kw_only=True):
    """One case under one scope edition; its cells are those of a contract version."""

    name: str
    scope: str
    contract: str
    given: Mapping[str, str]
    expect: str
    rule: str | None
    missing: tuple[str, ...]


def chapters() -> list[dict[str, Any]]:
    """The chapters in their order, every scalar as the text that stands there."""
    # BaseLoader makes nothing but texts, lists and mappings.
    return [yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader) for path in sorted(FOLDER.glob("*.yaml"))]  # noqa: S506


def answers() -> Iterator[Answer]:
    for chapter in chapters():
        for row in chapter.get("rows", ()) if "scope" not in chapter else ():
            for said in row["answers"]:
                missing = tuple(said["missing"]) if "missing" in said else None
                yield Answer(
                    condition=row["condition"],
                    vocabulary=chapter["vocabulary"],
                    null_tests=chapter.get("null_tests") == "true",
                    given=said["given"],
                    expect=said["expect"],
                    missing=missing,
                )


def wordings() -> Iterator[Wording]:
    for chapter in chapters():
        for row in chapter.get("rows", ()) if "scope" not in chapter else ():
            yield Wording(condition=row["condition"], vocabulary=chapter["vocabulary"], words=row["words"])


def refusals() -> Iterator[Refusal]:
    for chapter in chapters():
        for row in chapter.get("refused", ()):
            yield Refusal(**{**row, "column": int(row["column"])}, vocabulary=chapter["vocabulary"])


def cases() -> Iterator[Case]:
    for chapter in chapters():
        for row in chapter.get("rows", ()) if "scope" in chapter else ():
            yield Case(
                name=row["name"],
                scope=chapter["scope"],
                contract=row.get("contract", chapter["contract"]),
                given={**chapter["common"], **row.get("given", {})},
                expect=row["expect"],
                rule=row.get("rule"),
                missing=tuple(row.get("missing", ())),
            )


def vocabulary(library: Library, version: str) -> Vocabulary:
    return library.contracts[version].vocabulary


def observation(library: Library, version: str, given: Mapping[str, str]) -> Observation:
    """The observation that some cells make, read as a return's cells are read."""
    fields = library.contracts[version].parts[PartName.CASE].by_name
    found = {}
    for name, text in given.items():
        cell = read_cell(fields[name], text)
        assert cell.failed is None, f"{name}: {text!r} cannot be read"
        found[name] = cell.value
    return found


def observed_under(library: Library, case: Case, version: str) -> Observation:
    """A case of the table as an edition of another version reads it."""
    names = library.contracts[case.contract].parts[PartName.CASE].by_name
    given = {name: text for name, text in case.given.items() if name in names}
    return read_forward(library, observation(library, case.contract, given), case.contract, version)


# --- the page ------------------------------------------------------------------------------------------------------


def page() -> str:
    """The reference page of the language of conditions, in Markdown."""
    lines = [
        "# Conditions",
        "",
        "<!-- Made from tests/spec/ by `uv run python -m tests.support.spec`; change the rows there. -->",
        "",
        "What a condition says of a case. Each row is run through the reference evaluator, PostgreSQL and DuckDB. The",
        "words are made from the condition, as everywhere where one is shown to people ([the published",
        "definitions](scopes.md), [the validation rules](rules.md)).",
    ]
    for chapter in chapters():
        lines += ["", f"## {chapter['chapter']}", "", chapter["says"]]
        lines += (
            _refused(chapter) if "refused" in chapter else _scope(chapter) if "scope" in chapter else _rows(chapter)
        )
    return "\n".join(lines) + "\n"


def _rows(chapter: dict[str, Any]) -> Iterator[str]:
    for row in chapter["rows"]:
        yield from ("", f"`{row['condition']}`", "", f"In words: {row['words']}.", "")
        if "because" in row:
            yield from (row["because"], "")
        yield from ("| given | answer | missing |", "|---|---|---|")
        for said in row["answers"]:
            yield f"| {_given(said['given'])} | {said['expect']} | {_names(said.get('missing', ()))} |"


def _refused(chapter: dict[str, Any]) -> Iterator[str]:
    yield from ("", "| condition | column | what is wrong | what to do |", "|---|---|---|---|")
    for row in chapter["refused"]:
        written = f"`{row['condition']}`" if row["condition"] else "(nothing)"
        yield f"| {_cell(written)} | {row['column']} | {_cell(row['says'])} | {_cell(row['do'])} |"


def _scope(chapter: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"Each case is returned under {chapter['contract']}, unless it says otherwise, with:", "")
    yield from (_given(chapter["common"]), "", "and what the row adds or changes.", "")
    yield from ("| case | given | verdict | rule or missing |", "|---|---|---|---|")
    for row in chapter["rows"]:
        under = f"({row['contract']}) " if "contract" in row else ""
        verdict = row["expect"].replace("_", " ")
        reason = f"`{row['rule']}`" if "rule" in row else _names(row.get("missing", ()))
        yield f"| {_cell(row['name'])} | {under}{_given(row.get('given', {}))} | {verdict} | {reason} |"


def _given(cells: Mapping[str, str]) -> str:
    shown = [f"`{name}` {_cell(f'`{text}`') if text else 'empty'}" for name, text in cells.items()]
    return ", ".join(shown) or "nothing"


def _names(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
