"""How often each thing comes up in the synthetic country.

Made up, but for shapes that are public (most cases end as types 14, 15, 16 and 18; ethnicity recorded for a third of
suspects). Ethnic groups are drawn in the proportions of the 2021 census, so that a made-up country says nothing about
who offends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

Draw = Callable[[], float]
"""A source of numbers from 0 up to 1."""


def draw_from(*seed: object) -> Draw:
    """The same numbers for the same seed, in every run and every Python.

    Only ``random()`` is ever drawn on: its sequence is promised to stay, those of ``choice`` or ``shuffle`` are not.
    """
    return Random("/".join(map(str, seed))).random  # noqa: S311 - made-up data, no secret


def spread(weights: Mapping[str, int]) -> tuple[str, ...]:
    """Each word as often as its weight says, so that picking one is a single look into a tuple."""
    return tuple(word for word, weight in weights.items() for _ in range(weight))


def pick(words: tuple[str, ...], draw: Draw) -> str:
    """One of the words."""
    return words[int(draw() * len(words))]


CHILD_OFFENCES = ("19D", "19E", "19G", "19H", "17B", "20B", "21", "22B", "71", "73", "88A")
"""Offences whose title says that the victim is a child (``child`` = yes in the code list), in the list's order."""

OTHER_OFFENCES = ("19C", "19F", "17A", "20A", "22A", "23", "70", "72", "88C", "88E")
"""Sexual offences whose title alone does not say so: the victim's age must."""

OFFENCES = spread(
    {"22B": 185, "19D": 160, "71": 110, "88A": 75, "21": 70, "20B": 60, "19E": 50, "73": 30, "17B": 22, "19G": 20}
    | {
        "19H": 18,
        "20A": 66,
        "19C": 46,
        "23": 24,
        "72": 16,
        "22A": 16,
        "88C": 12,
        "17A": 10,
        "19F": 6,
        "88E": 3,
        "70": 1,
    }
)

AGES: Mapping[str, tuple[int, int]] = {
    "19C": (16, 17),
    "19D": (13, 15),
    "19E": (5, 12),
    "19F": (16, 17),
    "19G": (13, 15),
    "19H": (5, 12),
    "17A": (13, 17),
    "17B": (5, 12),
    "20A": (13, 17),
    "20B": (5, 12),
    "21": (6, 12),
    "22B": (12, 15),
    "71": (11, 17),
    "73": (14, 17),
    "88A": (10, 15),
    "23": (8, 17),
}
"""Ages of a child victim that fit the title of the offence, both ends included."""
ANY_CHILD = (12, 17)

RAPE = frozenset({"19C", "19D", "19E", "19F", "19G", "19H"})

SETTINGS = spread(
    {"organised": 14, "gang": 13, "intrafamilial": 20, "institutional": 9, "peer-on-peer": 21, "single-incident": 14}
    | {"other": 5, "organised|gang": 1, "": 5}
)

OUTCOMES = spread(
    {"16": 330, "15": 255, "14": 190, "18": 150, "13": 8, "5": 12, "9": 7, "10": 6, "12": 4, "17": 3, "21": 6}
)
NOT_NFA = spread({"1": 6, "3": 1, "8": 2, "20": 2, "22": 8})
EITHER_DECIDES = frozenset({"15", "16"})
"""Outcomes after which police or prosecutors may have ended it; the others have one usual decider."""

SUSPECTS = spread({"2": 430, "3": 255, "4": 115, "5": 55, "6": 33, "7": 12, "8": 9, "9": 5, "11": 4, "14": 2})
SUSPECTS_ROUGHLY: Mapping[str, tuple[int, int]] = {"2+": (2, 6), "3-5": (3, 5), "2-4": (2, 4), "1+": (1, 4), "": (2, 5)}
SUSPECTS_ROUGH = spread({"2+": 36, "3-5": 14, "2-4": 10, "1+": 10, "": 24})

VICTIMS = spread({"1": 640, "2": 155, "3": 70, "4": 26, "5": 12, "6": 6, "8": 3, "12": 1})
VICTIMS_ROUGHLY: Mapping[str, tuple[int, int]] = {"1+": (1, 3), "2+": (2, 5), "2-4": (2, 4), "": (1, 2)}
VICTIMS_ROUGH = spread({"1+": 40, "2+": 20, "2-4": 6, "": 26})

ETHNIC_GROUPS = spread({"white": 817, "asian": 93, "black": 40, "mixed": 29, "other": 21})
"""Census 2021, England and Wales, per thousand of population."""

STAGES = ("identified", "in_assessment", "assessed", "referred", "panel_review", "reinvestigation", "concluded")
FIRST_STAGES = spread(
    {"identified": 340, "in_assessment": 225, "assessed": 185, "referred": 85, "panel_review": 60}
    | {"reinvestigation": 45, "concluded": 60}
)
NEW_STAGES = spread({"identified": 7, "in_assessment": 3})

PRIORITIES = spread({"none": 93, "dangerous_suspect": 5, "flight_risk": 2})
RISKS = spread({"none": 62, "managed": 27, "unmanaged": 11})
DECISIONS = spread({"reinvestigate_force": 45, "reinvestigate_supervised": 48, "adopted_nca": 7})
CONTACTS = spread({"not_attempted": 60, "attempted": 25, "declined": 8, "not_traceable": 7})
RESULTS = spread(
    {"charged": 30, "evidential_difficulties": 30, "victim_does_not_support": 24, "suspect_not_traced": 6}
    | {"suspect_died": 4, "not_in_public_interest": 3, "out_of_court": 2, "passed_to_other_body": 1}
)
REASONS = spread({"duplicate": 9, "not_in_search": 7, "recorded_in_error": 4})
