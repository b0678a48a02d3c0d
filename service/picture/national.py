"""The national picture: sums of the forces' tallies, less what another force leads.

Pure. In: what each force's counting return weighs, by ruling and by one margin, and the shared rows. Out: totals,
cells, attrition, missing. Nothing here knows a case, a code or a field: forces, stages and settings are ordinals.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from service.picture.coverage import CountingReturn, Coverage
from service.tally.model import places_of
from service.tally.shared import SharedRow, join


class Dimension(StrEnum):
    """What a picture may be broken down by. How each is called in the API, the contract says."""

    FORCE = "force"
    REGION = "region"
    STAGE = "stage"
    SETTING = "setting"
    YEAR = "year"

    @property
    def is_margin(self) -> bool:
        """Whether it is an attribute of cases (of which tallies hold one at a time), not of their force."""
        return self in MARGINS


MARGINS = (Dimension.STAGE, Dimension.SETTING, Dimension.YEAR)

Key = tuple[int | str | None, ...]
"""One value a dimension of ``by``, in its order; null is *not known*."""


class Counts(Struct, frozen=True):
    """Weight by verdict. ``open``: some weight was not provided, so there is no most."""

    in_scope: int = 0
    undetermined: int = 0
    out_of_scope: int = 0
    open: bool = False

    @property
    def least(self) -> int:
        return self.in_scope

    @property
    def most(self) -> int | None:
        return None if self.open else self.in_scope + self.undetermined

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.in_scope + other.in_scope,
            self.undetermined + other.undetermined,
            self.out_of_scope + other.out_of_scope,
            self.open or other.open,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.in_scope - other.in_scope,
            self.undetermined - other.undetermined,
            self.out_of_scope - other.out_of_scope,
            self.open or other.open,
        )

    @staticmethod
    def of(ruling: int | None, weight: int) -> Counts:
        """``weight`` under the verdict of a ruling; null, not judged yet, is undetermined."""
        if ruling is None or ruling > 0:
            return Counts(undetermined=weight)
        return Counts(in_scope=weight) if ruling == 0 else Counts(out_of_scope=weight)


class RulingWeight(Struct, frozen=True):
    """What a force's counting return weighs under one ruling; a null ruling: not judged under this edition yet."""

    force: int
    ruling: int | None
    weight: int


class MarginWeight(Struct, frozen=True):
    """What it weighs under one verdict (-1 out, 0 in, 1 undetermined) and one value of the margin that is asked for."""

    force: int
    verdict: int
    value: int | None
    weight: int


class Cell(Struct, frozen=True):
    """One combination of ``by``. With ``force`` in it, ``counts`` are the force's own, with what others lead of it."""

    key: Key
    counts: Counts
    led_elsewhere: Counts | None


class Picture(Struct, frozen=True, kw_only=True):
    """The sums. ``attrition`` is by rule (0 the first) and ``missing`` by attribute (0 the first) of the edition."""

    by: tuple[Dimension, ...]
    coverage: Coverage
    totals: Counts
    cells: tuple[Cell, ...]
    attrition: Mapping[int, int]
    missing: Mapping[int, int]
    led_elsewhere: Mapping[int, Counts]
    possible_doubles: int
    open_cells: int
    not_counted: int


def margin_of(by: Sequence[Dimension]) -> Dimension | None:
    """The one attribute of cases in ``by``; two would be a deeper cut than tallies hold (``question.dimensions``)."""
    margins = [item for item in by if item.is_margin]
    if len(margins) > 1:
        raise ValueError("a tally has one margin at a time")
    return margins[0] if margins else None


def picture(
    by: Sequence[Dimension],
    coverage: Coverage,
    rulings: Iterable[RulingWeight],
    margins: Iterable[MarginWeight],
    shared: Iterable[SharedRow],
    regions: Mapping[int, str | None],
) -> Picture:
    """Add up rows of the counting returns. ``margins`` are those of the margin that ``by`` names, if it names one."""
    margin = margin_of(by)
    rulings = tuple(rulings)
    joined = join(shared, coverage.holding)
    own = own_counts(coverage.counting, rulings)
    led: defaultdict[int, Counts] = defaultdict(Counts)
    for row in joined.led_elsewhere:
        led[row.force] += Counts.of(row.ruling, 1)
    weights: list[tuple[int, int | None, Counts]] = [(force, None, counts) for force, counts in own.items()]
    if margin is not None:
        weights = [(row.force, row.value, Counts.of(row.verdict, row.weight)) for row in margins]
    return Picture(
        by=tuple(by),
        coverage=coverage,
        totals=net_totals(own.values(), joined.led_elsewhere),
        cells=_cells(by, coverage, weights, joined.led_elsewhere, regions),
        attrition=_attrition(rulings, joined.led_elsewhere),
        missing=_missing(rulings, joined.led_elsewhere),
        led_elsewhere=dict(led),
        possible_doubles=joined.possible_doubles,
        open_cells=sum(item.open_cells for item in coverage.counting),
        not_counted=sum(item.not_counted for item in coverage.counting),
    )


def own_counts(counting: Iterable[CountingReturn], rulings: Iterable[RulingWeight]) -> dict[int, Counts]:
    """Each counting force's own counts, before anything that another leads is taken out."""
    own = {item.force: Counts(open=item.is_open) for item in counting}
    for row in rulings:
        own[row.force] += Counts.of(row.ruling, row.weight)
    return own


def net_totals(own: Iterable[Counts], led_elsewhere: Iterable[SharedRow]) -> Counts:
    """What the nation comes to: the forces' own counts, less what others lead of them."""
    return sum(own, Counts()) - sum((Counts.of(row.ruling, 1) for row in led_elsewhere), Counts())


def _cells(
    by: Sequence[Dimension],
    coverage: Coverage,
    weights: Iterable[tuple[int, int | None, Counts]],
    led_elsewhere: Sequence[SharedRow],
    regions: Mapping[int, str | None],
) -> tuple[Cell, ...]:
    """One cell a key. A cell without a number may belong to any value of a margin: all that it can touch are open."""
    own: defaultdict[Key, Counts] = defaultdict(Counts)
    led: defaultdict[Key, Counts] = defaultdict(Counts)
    for force, value, counts in weights:
        own[_key(by, force, value, regions)] += counts
    margin = margin_of(by)
    for row in led_elsewhere:
        led[_key(by, row.force, _value(row, margin), regions)] += Counts.of(row.ruling, 1)
    places = [place for place, item in enumerate(by) if not item.is_margin]
    open_keys = {
        tuple(_key(by, item.force, None, regions)[place] for place in places)
        for item in coverage.counting
        if item.is_open
    }
    per_force = Dimension.FORCE in by
    cells = []
    for key in own.keys() | led.keys():
        is_open = Counts(open=tuple(key[place] for place in places) in open_keys)
        if per_force:
            cells.append(Cell(key, own[key] + is_open, led[key]))
        else:
            cells.append(Cell(key, own[key] - led[key] + is_open, None))
    return tuple(sorted(cells, key=lambda cell: tuple(_order(part) for part in cell.key)))


def _key(by: Sequence[Dimension], force: int, value: int | None, regions: Mapping[int, str | None]) -> Key:
    parts: list[int | str | None] = []
    for item in by:
        if item is Dimension.FORCE:
            parts.append(force)
        elif item is Dimension.REGION:
            parts.append(regions.get(force))
        else:
            parts.append(value)
    return tuple(parts)


def _value(row: SharedRow, margin: Dimension | None) -> int | None:
    if margin is Dimension.STAGE:
        return row.stage
    if margin is Dimension.SETTING:
        return row.setting
    return row.year if margin is Dimension.YEAR else None


def _order(part: int | str | None) -> tuple[bool, int, str]:
    """Ordinals and years by number, regions by name, what is not known last."""
    return (part is None, part if isinstance(part, int) else 0, part if isinstance(part, str) else "")


def _attrition(rulings: Iterable[RulingWeight], led_elsewhere: Iterable[SharedRow]) -> dict[int, int]:
    """Out-of-scope weight by the first rule that is false: a list of charges, not a funnel (semantics 10)."""
    charged: defaultdict[int, int] = defaultdict(int)
    for ruling, weight in _net(rulings, led_elsewhere):
        if ruling < 0:
            charged[-ruling - 1] += weight
    return dict(charged)


def _missing(rulings: Iterable[RulingWeight], led_elsewhere: Iterable[SharedRow]) -> dict[int, int]:
    """Undetermined weight under every attribute that leaves it so; a case may stand under several."""
    missing: defaultdict[int, int] = defaultdict(int)
    for ruling, weight in _net(rulings, led_elsewhere):
        for attribute in places_of(ruling):
            missing[attribute] += weight
    return dict(missing)


def _net(rulings: Iterable[RulingWeight], led_elsewhere: Iterable[SharedRow]) -> Iterable[tuple[int, int]]:
    """Every judged ruling with its weight, what is led elsewhere with its weight below zero."""
    for item in rulings:
        if item.ruling is not None:
            yield item.ruling, item.weight
    for row in led_elsewhere:
        if row.ruling is not None:
            yield row.ruling, -1
