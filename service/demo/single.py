"""One force's case rows as a file's content: for ``case-returns generate``, for trials and for measurements."""

from __future__ import annotations

from datetime import date
from functools import cache

from msgspec import Struct
from msgspec.structs import replace

from service.contract.library import Library
from service.contract.model import Field, PartName
from service.contract.upgrade import code_masks, new_names, text_read
from service.demo.facts import Row
from service.demo.fields import CASE_FIELDS
from service.demo.generate import cases
from service.demo.odds import Draw, draw_from, pick, spread
from service.demo.plan import SEED, ForcePlan, Mode, Style, plan
from service.errors import Invalid

_WRITTEN_FOR = "2025.1"
_CONTACT = spread({"yes": 7, "no": 1, "": 2})
_REVIEWED = spread({"no": 80, "yes": 6, "": 14})


class Sample(Struct, frozen=True):
    """Rows of text cells, and their columns in order."""

    fields: tuple[str, ...]
    rows: tuple[Row, ...]


def sample(
    library: Library,
    force: str,
    day: date,
    *,
    number: int | None = None,
    seed: int = SEED,
    version: str = _WRITTEN_FOR,
) -> Sample:
    """What ``force`` would hold at the end of the last complete month of ``day``, in a version of the contract.

    ``number`` cases; None: as many as in the synthetic country. An unknown force or version is ``Invalid``.
    """
    contract = library.contracts.get(version)
    if contract is None:
        raise Invalid(f"There is no contract version '{version}'.", f"Use one of: {', '.join(library.contracts)}.")
    country = plan(day, seed=seed)
    listed = library.contracts[_WRITTEN_FOR].parts[PartName.CASE].by_name["lead_force"].list
    if listed is None or force not in listed.by_code:
        raise Invalid(f"There is no force '{force}'.", "Use the identifier of a force from the code list of forces.")
    nobody = ForcePlan(force=force, cases=0, mode=Mode.CASES, style=Style.FULL, reports=())
    planned = country.by_force.get(force, nobody)
    stock = planned.cases if number is None else number
    each = replace(planned, cases=stock, mode=Mode.CASES, reports=country.periods)
    alone = replace(country, cases=stock, forces=(each,))
    rows = cases(force, alone, country.periods[-1])
    fields = contract.parts[PartName.CASE].by_name
    names = {old: new for old, new in new_names(library, _WRITTEN_FOR, version).items() if old in CASE_FIELDS}
    added = {name: field for name, field in fields.items() if name not in names.values()}
    draw = draw_from(seed, force, version)
    recoded = [old for old, new in names.items() if code_masks(library, version, new)]

    @cache
    def said(name: str, text: str) -> str:
        return text_read(library, name, text, _WRITTEN_FOR, version)

    def written(row: Row) -> Row:
        row = row | {name: said(name, row[name]) for name in recoded}
        return {new: row[old] for old, new in names.items()} | _added(row, added, draw)

    made = (written(row) for row in rows)
    return Sample(fields=tuple(fields), rows=tuple(made))


def _added(row: Row, fields: dict[str, Field], draw: Draw) -> Row:
    """Cells of the fields that came after the version for which the rows are written, blank where nothing is known."""
    cells = dict.fromkeys(fields, "")
    if "contact_offence" in cells and row["offence_code"] in {"22A", "22B", "70", "71", "72", "73", "88C"}:
        cells["contact_offence"] = pick(_CONTACT, draw)
    if "suspects_alive" in cells and row["suspect_count"].isdigit() and draw() < 0.8:
        cells["suspects_alive"] = str(max(0, int(row["suspect_count"]) - (draw() < 0.08)))
    if "independently_reviewed" in cells:
        cells["independently_reviewed"] = reviewed = pick(_REVIEWED, draw)
        bodies = fields["independent_review_body"].list if "independent_review_body" in fields else None
        if reviewed == "yes" and bodies is not None:
            cells["independent_review_body"] = pick(tuple(item.code for item in bodies.codes), draw)
    return cells
