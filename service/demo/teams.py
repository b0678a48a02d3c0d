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


_LEAST_LISTED = 0.25
"""Full-time equivalents: less than this rounds to nobody."""


def teams_of(force: ForcePlan, number: int) -> Iterator[Row]:
    """Rows of one force in period ``number`` (from 0). A team too small for half a post is not listed."""
    share = force.cases / LARGEST_CASES
    for phase, size in (("assessment", share), ("reinvestigation", share * (1 + 0.5 * number) / 2)):
        for place, (team, officers, staff) in enumerate(_ASSESSMENT):
            # Somebody does the work even in the smallest force.
            least = 0.5 if phase == "assessment" and place == 0 and force.cases else 0.0
            posts = max(officers * size, least)
            if posts >= _LEAST_LISTED:
                yield _row(team, phase, posts, staff * size, vacancies=posts / 12)


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
