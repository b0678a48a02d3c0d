"""What a synthetic force answers to its work-list: what was blurred in a case as it truly was, and for what no return
ever asked something plausible that is the same each time. Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping

from msgspec import Struct

from service.demo.facts import Row
from service.demo.lives import lives
from service.demo.odds import Draw, draw_from, pick, spread
from service.demo.plan import CountryPlan

_CONTACT = spread({"yes": 7, "no": 1})
_REVIEWED = spread({"no": 13, "yes": 1})
_DIED = 0.12
"""Share of the suspects who are not believed to be alive any more."""


class Filled(Struct, frozen=True):
    """A work-list with its answers, how many cells were answered, and how many of each answer to each attribute."""

    content: bytes
    cells: int
    given: Mapping[str, Mapping[str, int]]


def filled(content: bytes, key: str, asked: Mapping[str, Collection[str]], plan: CountryPlan, force: str) -> Filled:
    """The file of a work-list (CSV) filled in: of each case, by its ``key``, what is ``asked`` of it."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    rows = csv.DictReader(text)
    columns = list(rows.fieldnames or ())
    truths = {life.row[key]: life.truth for life in lives(plan.by_force[force], plan)}
    given: dict[str, dict[str, int]] = {}
    out = io.StringIO(newline="")
    sheet = csv.DictWriter(out, columns)
    sheet.writeheader()
    for row in rows:
        reference = row[key]
        answers = _answers(row, asked.get(reference, ()), truths.get(reference, {}), plan.seed, reference)
        for attribute, answer in answers.items():
            counts = given.setdefault(attribute, {})
            counts[answer] = counts.get(answer, 0) + 1
        sheet.writerow(row | answers)
    return Filled(out.getvalue().encode(), sum(sum(counts.values()) for counts in given.values()), given)


def _answers(row: Row, asked: Collection[str], truth: Row, seed: int, reference: str) -> Row:
    """The cells of one case; what nobody knows stays as it is."""
    draw = draw_from(seed, "answers", reference)
    contact, reviewed = pick(_CONTACT, draw), pick(_REVIEWED, draw)
    known = {_OLD_NAMES.get(name, name): exact for name, exact in truth.items()}
    suspects = known.get("suspect_count") if "suspect_count" in asked else None
    cells = {name: known[name] for name in asked if known.get(name)}
    cells |= {"contact_offence": contact} if "contact_offence" in asked else {}
    cells |= {"independently_reviewed": reviewed} if "independently_reviewed" in asked else {}
    if "suspects_alive" in asked:
        cells["suspects_alive"] = _alive(suspects or row.get("suspect_count", ""), draw)
    return cells


_OLD_NAMES = {"youngest_victim_age": "victim_age_youngest"}


def _alive(suspects: str, draw: Draw) -> str:
    """How many of the suspects live: at most as many as there surely are."""
    least = suspects.split("-")[0].rstrip("+")
    return str(sum(draw() >= _DIED for _ in range(int(least) if least.isdigit() else 2)))
