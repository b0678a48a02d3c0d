"""The people on the work: one row a team and phase, in proportion to a force's cases.

The yardstick is the one public figure: 26 officers on the initial assessment of 9,000 cases; re-investigation starts
later and grows.
"""

from __future__ import annotations

from collections.abc import Iterator

from service.demo.facts import Row
from service.demo.plan import LARGEST_CASES, ForcePlan

_ASSESSMENT = (
    ("child_exploitation", 11, 3),
    ("child_abuse_investigation", 9, 2),
    ("rape_serious_sexual_offences", 6, 1),
)
"""Officers and staff (full-time equivalents) for as many cases as the largest force has."""


def teams_of(force: ForcePlan, number: int) -> Iterator[Row]:
    """Rows of one force in period ``number`` (from 0), oldest team first."""
    share = force.cases / LARGEST_CASES
    for team, officers, staff in _ASSESSMENT:
        yield _row(team, "assessment", officers * share, staff * share, vacancies=officers * share / 12)
    for team, officers, staff in _ASSESSMENT:
        grown = share * (1 + 0.5 * number)
        yield _row(team, "reinvestigation", officers * grown / 2, staff * grown / 2, vacancies=officers * grown / 6)


def _row(team: str, phase: str, officers: float, staff: float, vacancies: float) -> Row:
    return {
        "team": team,
        "phase": phase,
        "officers_fte": _halves(officers),
        "staff_fte": _halves(staff),
        "vacancies_fte": _halves(vacancies),
        "specialist_trained": str(int(officers * 0.8)),
    }


def _halves(number: float) -> str:
    """Rounded to the half post: ``11``, ``2.5``."""
    return f"{int(number * 2 + 0.5) / 2:g}"
