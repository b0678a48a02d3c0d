"""What a return moved against the one that it builds on, and what a change of edition moves in it (semantics 33).

Both are weights by what was and what is, so that either side, added up, is a tally. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class Cause(StrEnum):
    """Why a figure moved: the closed list of semantics 34, in its order."""

    SCOPE = "scope"
    VOCABULARY = "vocabulary"
    COVERAGE = "coverage"
    DETAIL = "detail"
    TRANSFERRED = "transferred"
    NEWLY_IDENTIFIED = "newly_identified"
    WITHDRAWN = "withdrawn"
    SETTLED = "settled"
    CORRECTED = "corrected"
    PROGRESS = "progress"


class Side(Struct, frozen=True):
    """Where weight stands on one side of a move."""

    ruling: int
    stage: int | None


class Transition(Struct, frozen=True):
    """So much weight went from one place to another; None: it was not counted there. ``open_cells`` are cells without a
    number that came (or, below zero, went)."""

    kind: Cause
    before: Side | None
    after: Side | None
    weight: int
    open_cells: int = 0


class Moves(Struct, frozen=True):
    """What one return moved under one edition, and its flips against the edition that is followed, if there is one."""

    transitions: tuple[Transition, ...]
    flips: Mapping[tuple[int, int], int]
    follows: int | None
