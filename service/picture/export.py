"""A picture as JSON, CSV and XLSX: the same numbers, each with its scope, its moment and its coverage. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import asdict

from service.clock import wire_time
from service.picture.coverage import Coverage, ForceCoverage, Reporting
from service.picture.national import Counts, Dimension, Picture
from service.picture.question import Table
from service.picture.tables import Tabled, Value, tables_as_xlsx, title_of, written_csv
from service.picture.words import Words
from service.scope.edition import State
from service.scope.tallied import is_tallied


class Answer(Struct, frozen=True, kw_only=True):
    """A picture with everything that says what it is of. ``at`` is the moment that ``position`` is as of, ``day`` that
    moment's in London, and ``state`` how the edition stood there: nothing that came later changes what is said."""

    picture: Picture
    words: Words
    scope_hash: str
    state: State
    tallied_until: date | None
    terms: str
    terms_hash: str
    position: int
    at: datetime
    day: date

    @property
    def tallied(self) -> bool:
        """Whether a return that was sealed at that moment is tallied under the edition."""
        return self.tallied_on(self.day)

    def tallied_on(self, day: date) -> bool:
        """The same of a return that is sealed on another day while the edition stands so."""
        return is_tallied(self.state, self.tallied_until, day)


class ScopeShown(Struct, frozen=True):
    """The edition that judged, pinned by its hash."""

    edition: str
    title: str
    hash: str


class AsOfShown(Struct, frozen=True):
    """The last change that is in the figures, and the time that they are of."""

    position: int
    at: str


class ContractShown(Struct, frozen=True):
    """The contract version that the edition reads by."""

    version: str
    hash: str


class TermsShown(Struct, frozen=True):
    """The terms of reference that said who is expected, and when."""

    edition: str
    hash: str


class Columns(Struct, frozen=True):
    """The five columns of any figure; ``most`` is null where some weight was not provided, so that it is open."""

    in_scope: int
    undetermined: int
    out_of_scope: int
    least: int
    most: int | None


class Charge(Struct, frozen=True):
    """Cases that one rule put out: each stands under the first that is false."""

    rule: str
    title: str
    cases: int


class Lack(Struct, frozen=True):
    """Undetermined cases that lack an attribute; a case may stand under several."""

    attribute: str
    label: str
    cases: int


class ForceShown(Struct, frozen=True):
    """Where one expected force stands, and the return that counts for it."""

    force: str
    name: str
    region: str | None
    state: Reporting
    period: str | None = None
    age_periods: int | None = None
    revision: int | None = None
    sealed_at: str | None = None
    digest: str | None = None
    judged: bool | None = None
    open_cells: int | None = None
    not_counted: int | None = None


class CoverageShown(Struct, frozen=True, kw_only=True):
    """How much of what was expected is in the figures. All that forces under ``not_judged`` reported is undetermined:
    for now, or where the edition was not ``tallied`` any more at the moment that the figures are of, for good. Once it
    is superseded it is tallied until the end of ``tallied_until`` in London; null: no longer than until then."""

    due_period: str | None
    expected: int
    reported: int
    carried_forward: int
    not_reported: int
    not_judged: tuple[str, ...]
    tallied: bool
    tallied_until: date | None
    not_expected: tuple[str, ...]
    forces: tuple[ForceShown, ...]


CellShown = dict[str, Value | Columns]
"""The dimensions of ``by``, the five columns, and on rows of a force ``led_elsewhere``: what of its own others lead."""


class PictureDocument(Struct, frozen=True, kw_only=True):
    """The national picture as JSON carries it. ``possible_doubles``: how many cases at most are counted more than once:
    of each shared reference, the rows that may be in the figure and the forces that are named, have no row of it and
    whose return counts (they may have the case without saying so, or among their numbers), less one."""

    scope: ScopeShown
    as_of: AsOfShown
    period: str | None
    contract: ContractShown
    terms: TermsShown
    by: tuple[str, ...]
    totals: Columns
    possible_doubles: int
    led_elsewhere: Columns
    open_cells: int
    not_counted: int
    attrition: tuple[Charge, ...]
    missing: tuple[Lack, ...]
    cells: tuple[CellShown, ...]
    coverage: CoverageShown


def as_document(answer: Answer) -> PictureDocument:
    """The answer as JSON carries it."""
    picture, words = answer.picture, answer.words
    return PictureDocument(
        scope=ScopeShown(words.edition.name, words.edition.title, answer.scope_hash),
        as_of=AsOfShown(answer.position, wire_time(answer.at)),
        period=month(picture.coverage.period),
        contract=ContractShown(words.contract.version, words.contract.hash),
        terms=TermsShown(answer.terms, answer.terms_hash),
        by=tuple(name_of(words, item) for item in picture.by),
        totals=columns(picture.totals),
        possible_doubles=picture.possible_doubles,
        led_elsewhere=columns(sum(picture.led_elsewhere.values(), Counts())),
        open_cells=picture.open_cells,
        not_counted=picture.not_counted,
        attrition=_attrition(answer),
        missing=_missing(answer),
        cells=_cells(answer),
        coverage=_coverage(answer),
    )


def as_csv(answer: Answer, table: Table = Table.CELLS) -> str:
    """One table of the answer as CSV."""
    return written_csv(_tabled(answer, table), _stamp(answer))


def as_xlsx(answer: Answer, table: Table | None = None) -> bytes:
    """The answer as a workbook: every table, or the one that is asked for."""
    which = Table if table is None else (table,)
    return tables_as_xlsx((_tabled(answer, each) for each in which), _stamp(answer))


def _tabled(answer: Answer, table: Table) -> Tabled:
    heads, rows = _table(answer, table)
    return Tabled(title_of(table), heads, map(_flat, rows))


def _table(answer: Answer, table: Table) -> tuple[list[str], Iterable[Mapping[str, object]]]:
    """The headings and rows of one table."""
    match table:
        case Table.CELLS:
            names = [name_of(answer.words, item) for item in answer.picture.by]
            heads = [*names, *_names(Columns)]
            if Dimension.FORCE in answer.picture.by:
                heads += [f"led_elsewhere_{name}" for name in _names(Columns)]
            return heads, _cells(answer) if names else [asdict(columns(answer.picture.totals))]
        case Table.ATTRITION:
            return _names(Charge), map(asdict, _attrition(answer))
        case Table.MISSING:
            return _names(Lack), map(asdict, _missing(answer))
        case Table.COVERAGE:
            return _names(ForceShown), map(asdict, _forces(answer))


def month(period: date | None) -> str | None:
    """A period as it stands in paths and answers."""
    return None if period is None else period.strftime("%Y-%m")


def columns(counts: Counts) -> Columns:
    """The five columns of any figure."""
    return Columns(counts.in_scope, counts.undetermined, counts.out_of_scope, counts.least, counts.most)


def name_of(words: Words, dimension: Dimension) -> str:
    """What the API calls a dimension."""
    return next(name for name, offered in words.offered.items() if offered is dimension)


def _cells(answer: Answer) -> tuple[CellShown, ...]:
    """The cells of ``by``; without it there are none, for the totals say it."""
    picture, words = answer.picture, answer.words
    names = [name_of(words, item) for item in picture.by]
    found: list[CellShown] = []
    for cell in picture.cells if names else ():
        shown: CellShown = {
            name: words.value(item, part) for name, item, part in zip(names, picture.by, cell.key, strict=True)
        }
        shown |= asdict(columns(cell.counts))
        if cell.led_elsewhere is not None:
            shown["led_elsewhere"] = columns(cell.led_elsewhere)
        found.append(shown)
    return tuple(found)


def _attrition(answer: Answer) -> tuple[Charge, ...]:
    charged = answer.picture.attrition
    rules = answer.words.edition.rules
    return tuple(Charge(rule.id, rule.title, charged.get(place, 0)) for place, rule in enumerate(rules))


def _missing(answer: Answer) -> tuple[Lack, ...]:
    missing = answer.picture.missing
    places = range(len(answer.words.edition.definition.attributes))
    return tuple(Lack(*answer.words.attribute(place), missing.get(place, 0)) for place in places)


def _coverage(answer: Answer) -> CoverageShown:
    coverage, words = answer.picture.coverage, answer.words
    return CoverageShown(
        due_period=month(coverage.due_period),
        expected=coverage.expected,
        reported=coverage.count(Reporting.REPORTED),
        carried_forward=coverage.count(Reporting.CARRIED_FORWARD),
        not_reported=coverage.count(Reporting.NOT_REPORTED),
        not_judged=tuple(words.force(item)[0] for item in coverage.not_judged),
        tallied=answer.tallied,
        tallied_until=answer.tallied_until,
        not_expected=tuple(words.force(item)[0] for item in coverage.not_expected),
        forces=_forces(answer),
    )


def _forces(answer: Answer) -> tuple[ForceShown, ...]:
    return tuple(_force(answer.words, item) for item in answer.picture.coverage.forces)


def _force(words: Words, item: ForceCoverage) -> ForceShown:
    place = (*words.force(item.force), words.regions.get(item.force))
    sealed = item.counting
    if sealed is None:
        return ForceShown(*place, item.state)
    return ForceShown(
        *place,
        item.state,
        period=month(sealed.period),
        age_periods=item.age_periods,
        revision=sealed.revision,
        sealed_at=wire_time(sealed.sealed_at),
        digest=sealed.digest,
        judged=sealed.judged,
        open_cells=sealed.open_cells,
        not_counted=sealed.not_counted,
    )


def _stamp(answer: Answer) -> dict[str, Value]:
    """What stands on every row of a CSV answer: what the figure is of, and how much it covers."""
    coverage: Coverage = answer.picture.coverage
    return {
        "scope": answer.words.edition.name,
        "scope_hash": answer.scope_hash,
        "contract": answer.words.contract.version,
        "terms": answer.terms,
        "as_of_position": answer.position,
        "as_of": wire_time(answer.at),
        "asked_period": month(coverage.period),
        "due_period": month(coverage.due_period),
        "reported_of_expected": f"{coverage.count(Reporting.REPORTED)} of {coverage.expected}",
        "carried_forward": coverage.count(Reporting.CARRIED_FORWARD),
        "not_reported": coverage.count(Reporting.NOT_REPORTED),
        "not_judged": len(coverage.not_judged),
        "scope_is_tallied": "yes" if answer.tallied else "no",
        "possible_doubles_in_all": answer.picture.possible_doubles,
        "open_cells_in_all": answer.picture.open_cells,
    }


def _names(shape: type[Struct]) -> list[str]:
    return list(shape.__struct_fields__)


def _flat(row: Mapping[str, object]) -> dict[str, object]:
    """A row without anything nested: ``led_elsewhere`` becomes one column for each of its own."""
    flat: dict[str, object] = {}
    for name, value in row.items():
        if isinstance(value, Columns):
            flat |= {f"{name}_{inner}": part for inner, part in asdict(value).items()}
        else:
            flat[name] = value
    return flat
