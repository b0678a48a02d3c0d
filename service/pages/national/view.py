"""The picture as the national page lays it out: every number is one of the API's own.

Bars are drawn by the templates; here are their places on a scale, in thousandths, so that a style sheet decides how
large they are and nothing is inline.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from service.clock import london_date, wire_time
from service.contract.model import PartName
from service.criteria.tree import fields_of
from service.errors import Invalid
from service.pages.national.asked import Asked
from service.pages.national.words import not_known
from service.picture.coverage import Reporting
from service.picture.export import Answer, Charge, Columns, ForceShown, Lack, PictureDocument, as_document, columns
from service.picture.national import Cell, Dimension
from service.picture.question import closest, shown
from service.picture.words import Words
from service.terms.calendar import Calendar

WIDTH = 1000
"""Of every scale, whatever it counts."""


_ROUND = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80, 100)
"""Tenths of a power of ten at which a scale may end; half of it is then round too."""


class Bar(Struct, frozen=True):
    """A range on a scale: solid up to ``least``, paler up to ``most``; ``open``: it has no upper end."""

    least: int
    most: int
    open: bool = False


class Scale(Struct, frozen=True):
    """From nothing to a round number that no bar exceeds."""

    top: int

    def place(self, value: int) -> int:
        """Where a number stands; what is not nothing is always to be seen."""
        return max(2, round(value * WIDTH / self.top)) if value > 0 else 0

    def bar(self, shown: Columns) -> Bar:
        most = shown.least + shown.undetermined if shown.most is None else shown.most
        return Bar(self.place(shown.least), self.place(most), open=shown.most is None)


class Row(Struct, frozen=True, kw_only=True):
    """One line of the breakdown. Without ``figure`` there is no figure: nothing was reported, which is not zero."""

    names: tuple[str, ...]
    figure: Columns | None
    bar: Bar | None = None
    led_elsewhere: Columns | None = None
    force: ForceShown | None = None
    region: str | None = None


class Need(Struct, frozen=True, kw_only=True):
    """An attribute that is missing, and the rules that it would settle."""

    lack: Lack
    rules: tuple[str, ...]
    bar: Bar


class Charged(Struct, frozen=True, kw_only=True):
    """A rule, and what it put out."""

    charge: Charge
    bar: Bar


class View(Struct, frozen=True, kw_only=True):
    """All that the page shows of a picture."""

    picture: PictureDocument
    by: tuple[Dimension, ...]
    offered: Mapping[Dimension, str]
    """What the API calls each breakdown that there is."""
    rows: tuple[Row, ...]
    all_rows: int
    scale: Scale
    headline: tuple[int, int]
    """Where *in scope* and *undetermined* end, of all that was reported."""
    charged: tuple[Charged, ...]
    needs: tuple[Need, ...]
    late: tuple[ForceShown, ...]
    """Who has not reported for the period that is due: who never did first, then the oldest."""
    tells_of_people: bool
    """Whether the edition asks for anything that describes suspects or victims one by one."""
    sealed: int
    """How many forces have a return that counts."""


def view_of(answer: Answer, asked: Asked) -> View:
    """The page's view of an answer."""
    picture = as_document(answer)
    rows = _rows(answer, picture)
    _check_region(rows, asked)
    scale = scale_of(row.figure for row in rows if row.figure is not None)
    listed = [_with_bar(row, scale) for row in rows if _is_asked(row, asked)]
    most = scale_over([*(item.cases for item in picture.attrition), *(item.cases for item in picture.missing)])
    return View(
        picture=picture,
        by=answer.picture.by,
        offered={dimension: name for name, dimension in answer.words.offered.items()},
        rows=tuple(_sorted(listed, asked.sort)),
        all_rows=len(rows),
        scale=scale,
        headline=_headline(picture.totals),
        charged=tuple(Charged(charge=item, bar=Bar(most.place(item.cases), 0)) for item in picture.attrition),
        needs=_needs(answer, picture, most),
        late=_late(picture.coverage.forces),
        tells_of_people=_tells_of_people(answer),
        sealed=sum(force.period is not None for force in picture.coverage.forces),
    )


def pinned(asked: Asked, answer: Answer, calendar: Calendar, now: datetime) -> str:
    """An ``as_of`` under which the API gives these very figures, whatever is sealed later.

    The number of the last change says it exactly. But that change's own day decides which period is due where none is
    asked for, and whether the edition is tallied still; where a later day has made that otherwise, the moment of asking
    says it.
    """
    if asked.as_of is not None:
        return asked.as_of
    then, today = london_date(answer.at), london_date(now)
    same = _due(calendar, asked.month, then) == _due(calendar, asked.month, today)
    same = same and answer.tallied_on(then) == answer.tallied_on(today)
    return str(answer.position) if same else wire_time(now)


def _due(calendar: Calendar, month: date | None, day: date) -> tuple[date | None, bool]:
    """What a day decides about a picture: the period that ages are counted from, and whether it can be asked for."""
    if month is not None:
        return month, month <= day
    due = calendar.last_due(day)
    return (day.replace(day=1), False) if due is None else (due.first_day, True)


def scale_of(figures: Iterable[Columns]) -> Scale:
    """One scale for all of them."""
    return scale_over([item.least + item.undetermined for item in figures])


def scale_over(values: Sequence[int]) -> Scale:
    """From nothing to the next round number over the largest value."""
    largest = max([*values, 1])
    step = 10 ** (len(str(largest)) - 1)
    return Scale(next(top for top in (step * part // 10 for part in _ROUND) if top >= largest and top % 2 == 0))


def _headline(totals: Columns) -> tuple[int, int]:
    whole = totals.in_scope + totals.undetermined + totals.out_of_scope
    if whole == 0:
        return 0, 0
    scale = Scale(whole)
    return scale.place(totals.in_scope), scale.place(totals.in_scope + totals.undetermined)


def _rows(answer: Answer, picture: PictureDocument) -> list[Row]:
    """The cells in their own order; by force alone, also the forces that have none."""
    if answer.picture.by == (Dimension.FORCE,):
        cells = {answer.words.force(int(cell.key[0] or 0))[0]: cell for cell in answer.picture.cells}
        return [_force_row(force, cells.get(force.force)) for force in picture.coverage.forces]
    return [_row(answer, cell) for cell in answer.picture.cells]


def _force_row(force: ForceShown, cell: Cell | None) -> Row:
    return Row(
        names=(force.name,),
        figure=None if cell is None else columns(cell.counts),
        led_elsewhere=None if cell is None or cell.led_elsewhere is None else columns(cell.led_elsewhere),
        force=force,
    )


def _row(answer: Answer, cell: Cell) -> Row:
    named = dict(zip(answer.picture.by, cell.key, strict=True))
    region = named.get(Dimension.REGION)
    return Row(
        names=tuple(_title(answer.words, dimension, part) for dimension, part in named.items()),
        figure=columns(cell.counts),
        led_elsewhere=None if cell.led_elsewhere is None else columns(cell.led_elsewhere),
        region=region if isinstance(region, str) else None,
    )


def _title(words: Words, dimension: Dimension, part: int | str | None) -> str:
    return not_known(dimension) if part is None else words.title(dimension, part)


def _with_bar(row: Row, scale: Scale) -> Row:
    return row if row.figure is None else replace(row, bar=scale.bar(row.figure))


def _check_region(rows: Iterable[Row], asked: Asked) -> None:
    """``Invalid`` for a region in which no force is: an empty list would say that nobody has reported there."""
    regions = {row.force.region for row in rows if row.force is not None and row.force.region is not None}
    if asked.region is not None and asked.region not in regions:
        raise Invalid(f"There is no region {shown(asked.region)}.", closest(asked.region, sorted(regions)))


def _is_asked(row: Row, asked: Asked) -> bool:
    """Whether the page is to show a row: the filters are for forces alone."""
    if row.force is None:
        return True
    return (asked.state is None or row.force.state is asked.state) and asked.region in (None, row.force.region)


_REPORTS = (Reporting.NOT_REPORTED, Reporting.CARRIED_FORWARD, Reporting.REPORTED)


def _sorted(rows: list[Row], sort: str | None) -> list[Row]:
    """By a column; rows without a figure come last, whichever way."""
    if sort is None:
        return rows
    column, downward = sort.removeprefix("-"), sort.startswith("-")
    if column == "name":
        return sorted(rows, key=lambda row: row.names, reverse=downward)
    if column == "report":
        return sorted(rows, key=_age, reverse=downward)
    valued = [row for row in rows if _value(row, column) is not None]
    others = [row for row in rows if _value(row, column) is None]
    return sorted(valued, key=lambda row: _value(row, column) or 0, reverse=downward) + others


def _value(row: Row, column: str) -> int | None:
    if column == "led_elsewhere":
        return None if row.led_elsewhere is None else row.led_elsewhere.in_scope + row.led_elsewhere.undetermined
    if row.figure is None:
        return None
    if column == "most":
        return row.figure.least + row.figure.undetermined if row.figure.most is None else row.figure.most
    value: int = getattr(row.figure, column)
    return value


def _age(row: Row) -> int:
    """Who never reported is the oldest of all."""
    if row.force is None or row.force.age_periods is None:
        return 10_000 if row.force is not None else 0
    return row.force.age_periods


def _needs(answer: Answer, picture: PictureDocument, scale: Scale) -> tuple[Need, ...]:
    rules = answer.words.edition.rules
    return tuple(
        Need(
            lack=lack,
            rules=tuple(rule.title for rule in rules if lack.attribute in fields_of(rule.criterion)),
            bar=Bar(0, scale.place(lack.cases)),
        )
        for lack in picture.missing
    )


def _late(forces: Sequence[ForceShown]) -> tuple[ForceShown, ...]:
    late = [force for force in forces if force.state is not Reporting.REPORTED]
    return tuple(sorted(late, key=lambda force: (force.period is not None, -(force.age_periods or 0))))


def _tells_of_people(answer: Answer) -> bool:
    part = answer.words.contract.parts[PartName.CASE]
    described = {name for item in part.sums for name in item.parts}
    return not described.isdisjoint(answer.words.edition.definition.attributes)
