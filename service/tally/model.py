"""What one sealed return counts to under one scope edition, as a value: margins of weights. Pure.

A *cell* is a margin, a ruling, a value of the margin's dimension and a weight. Three margins are counted, each over all
counted rows (ruling with stage, with setting, with year); the headline (verdict with stage) is folded from the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum

from msgspec import Struct

from service.contract.model import CodeList


class Margin(IntEnum):
    """What a cell's weight is broken down by, besides its ruling."""

    HEADLINE = 0
    STAGE = 1
    SETTING = 2
    YEAR = 3
    FLIP = 4
    """The ruling under the edition that is followed, by the ruling under this one (as the dimension). It is no part of
    a tally, but stands between two (semantics 33)."""


class Cell(Struct, frozen=True):
    """``weight`` rows with this ruling and this value of the margin's dimension (None: not known)."""

    margin: Margin
    ruling: int
    dimension: int | None
    weight: int


class Totals(Struct, frozen=True):
    """Weights by verdict, and the bounds they give; ``most`` is None where a cell's number was not provided."""

    in_scope: int
    undetermined: int
    out_of_scope: int
    least: int
    most: int | None


class Tally(Struct, frozen=True):
    """The tally of one return under one edition. ``not_counted`` is detail outside the years its part counts in."""

    counted: int
    not_counted: int
    open_cells: int
    cells: tuple[Cell, ...]

    def of(self, margin: Margin) -> tuple[Cell, ...]:
        """The cells of one margin."""
        return tuple(cell for cell in self.cells if cell.margin is margin)

    def totals(self) -> Totals:
        """Weights by verdict over everything counted."""
        return totals_of(((cell.ruling, cell.weight) for cell in self.of(Margin.HEADLINE)), self.open_cells)

    def attrition(self) -> Mapping[int, int]:
        """Weight put out of scope, by the index of the first false rule."""
        charged: Counter[int] = Counter()
        for cell in self.of(Margin.STAGE):
            if cell.ruling < 0:
                charged[-cell.ruling - 1] += cell.weight
        return charged

    def missing(self) -> Mapping[int, int]:
        """Undetermined weight under every attribute, by index, that leaves it so."""
        lacking: Counter[int] = Counter()
        for cell in self.of(Margin.STAGE):
            if cell.ruling > 0:
                for index in places_of(cell.ruling):
                    lacking[index] += cell.weight
        return lacking


def places_of(bits: int) -> Iterator[int]:
    """The places of the bits that are set: forces or codes of a mask, or the attributes that leave a ruling
    undetermined. None of a number below zero, such as a ruling that is out of scope."""
    return (place for place in range(bits.bit_length() if bits > 0 else 0) if bits >> place & 1)


def totals_of(weights: Iterable[tuple[int, int]], open_cells: int = 0) -> Totals:
    """Fold (ruling, weight) pairs to the three verdicts and the range they span."""
    by_sign: Counter[int] = Counter()
    for ruling, weight in weights:
        by_sign[sign(ruling)] += weight
    least = by_sign[0]
    return Totals(
        in_scope=by_sign[0],
        undetermined=by_sign[1],
        out_of_scope=by_sign[-1],
        least=least,
        most=None if open_cells else least + by_sign[1],
    )


def sign(ruling: int) -> int:
    """A ruling folded to its verdict: -1 out of scope, 0 in scope, 1 undetermined."""
    return (ruling > 0) - (ruling < 0)


def dimension_of(mask: int | None, codes: CodeList) -> int | None:
    """The ordinal of the one code that a mask says, or of the group that is exactly this set; None: not known
    (semantics 31)."""
    if mask is None or mask <= 0:
        return None
    if mask & (mask - 1) == 0:
        return mask.bit_length() - 1
    group = codes.groups.get(mask)
    return None if group is None else codes.by_code[group].ordinal


def with_headline(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """The counted margins together with the headline folded from ruling and stage."""
    counted = tuple(cells)
    folded: Counter[tuple[int, int | None]] = Counter()
    for cell in counted:
        if cell.margin is Margin.STAGE:
            folded[sign(cell.ruling), cell.dimension] += cell.weight
    headline = tuple(Cell(Margin.HEADLINE, verdict, stage, weight) for (verdict, stage), weight in folded.items())
    return headline + counted
