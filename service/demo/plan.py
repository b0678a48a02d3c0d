"""Who reports what, and when, in the synthetic country: decided once from a day, a size and a seed.

Nothing here says anything about a real force. Sizes follow resident population, with the one public figure as the
yardstick (9,000 cases over fifteen years in the largest force); who is late or missing is drawn by lot.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files

from msgspec import Struct

from service.demo.odds import Draw, draw_from

SEED = 2025
CASES = 61_000
PERIODS = 6
LARGEST = "metropolitan"
LARGEST_CASES = 9_000
SPECIALIST: Mapping[str, int] = {"british-transport": 180, "ministry-of-defence": 25}
"""Specialist forces have no resident population; their cases are set by hand, small."""

ASSESSING_SINCE = date(2025, 11, 3)
LAST_DECISION = date(2025, 10, 31)
FIFTEEN_YEARS = 5479
"""Days; no further action was taken somewhere in these."""


_SMALL = 100
"""Forces with fewer cases by weight send cases for every period: counts of a handful say nothing."""

_ROLES = (
    "full",
    "full",
    "by_offence",
    "coarse",
    "bare",
    *["mixed"] * 3,
    *["late"] * 3,
    *["revised"] * 5,
    "very_late",
    "missing",
    "older_only",
    "skipped",
)
"""Dealt out by lot, one a force; the others send cases for every period."""


class Mode(StrEnum):
    """What a force sends: cases, counts, or cases for the recent years and counts for the older ones."""

    CASES = "cases"
    AGGREGATE = "aggregate"
    MIXED = "mixed"


class Style(StrEnum):
    """How finely a force breaks its counts down (columns in ``cells.py``)."""

    FULL = "full"
    BY_OFFENCE = "by_offence"
    COARSE = "coarse"
    BARE = "bare"


class Claim(StrEnum):
    """How far the holders of a shared case agree."""

    CONFIRMED = "confirmed"
    CONFIRMED_LATER = "confirmed_later"
    ONE_SIDED = "one_sided"
    CONTESTED = "contested"


class Sharing(Struct, frozen=True, kw_only=True):
    """One case that several forces hold; ``members[0]`` is the force whose id starts ``ref``."""

    ref: str
    members: tuple[str, ...]
    lead: str
    claim: Claim


class ForcePlan(Struct, frozen=True, kw_only=True):
    """One force. ``cases``: its stock at the end of the last period; ``reports``: the periods it seals, in order."""

    force: str
    cases: int
    mode: Mode
    style: Style
    reports: tuple[str, ...]
    revised: tuple[str, ...] = ()
    """Periods of ``reports`` that get a second revision, before the next period is opened."""
    case_years: tuple[int | str, ...] | None = None
    """Years that the case part covers (None: all); ``unknown`` is a year of its own."""


class CountryPlan(Struct, frozen=True, kw_only=True, dict=True):
    """The whole country. ``periods`` are months as ``2026-10``, oldest first."""

    day: date
    seed: int
    cases: int
    periods: tuple[str, ...]
    forces: tuple[ForcePlan, ...]
    sharings: tuple[Sharing, ...]

    @cached_property
    def by_force(self) -> Mapping[str, ForcePlan]:
        return {each.force: each for each in self.forces}

    @cached_property
    def assessing_since(self) -> date:
        """From when cases are identified and assessed: well before the first period, never more than 400 days."""
        first = first_day(self.periods[0])
        return max(min(ASSESSING_SINCE, first - timedelta(days=150)), first - timedelta(days=400))

    @cached_property
    def last_decision(self) -> date:
        """The newest day on which a case ended in no further action."""
        return min(LAST_DECISION, self.assessing_since - timedelta(days=1))


def first_day(period: str) -> date:
    """The first day of a month written ``2026-10``."""
    return date.fromisoformat(f"{period}-01")


def last_day(period: str) -> date:
    """The last day of a month written ``2026-10``."""
    return (first_day(period) + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def months_until(day: date, count: int = PERIODS) -> tuple[str, ...]:
    """The ``count`` complete months before ``day``, oldest first; a month is complete after its last day."""
    month = day.year * 12 + day.month - 1
    return tuple(f"{m // 12:04}-{m % 12 + 1:02}" for m in range(month - count, month))


def plan(day: date, cases: int = CASES, seed: int = SEED) -> CountryPlan:
    """The synthetic country as it stands on ``day``, with ``cases`` cases in all (0: nobody reports)."""
    periods = months_until(day)
    draw = draw_from(seed, "plan")
    sizes = _sizes(cases)
    ordinary = tuple(force for force, weight in _weights().items() if force != LARGEST and weight >= _SMALL)
    roles = dict(zip(_by_lot(ordinary, draw), _ROLES, strict=False))
    forces = tuple(_force(force, size, roles.get(force, "plain"), periods, draw) for force, size in sizes.items())
    sharings = tuple(_sharings(forces, periods, cases, draw))
    return CountryPlan(day=day, seed=seed, cases=cases, periods=periods, forces=forces, sharings=sharings)


@cache
def _weights() -> Mapping[str, int]:
    text = (files("service.demo") / "synthetic-weights.csv").read_text(encoding="utf-8")
    return {row["force"]: int(row["cases_15_years"]) for row in csv.DictReader(text.splitlines())}


def _sizes(cases: int) -> dict[str, int]:
    """Cases by force, which add up to ``cases``: largest and specialist forces set, the others by weight."""
    fixed = {LARGEST: LARGEST_CASES, **SPECIALIST}
    shares = {force: fixed.get(force, weight) for force, weight in _weights().items()} | dict(SPECIALIST)
    scale = cases / CASES
    spare = (CASES - sum(fixed.values())) / sum(size for force, size in shares.items() if force not in fixed)
    exact = {force: size * scale * (1 if force in fixed else spare) for force, size in shares.items()}
    sizes = {force: int(size + 1e-9) for force, size in exact.items()}
    by_remainder = sorted(exact, key=lambda force: (sizes[force] - exact[force], force))
    for force in by_remainder[: cases - sum(sizes.values())]:
        sizes[force] += 1
    return sizes


def _by_lot(items: Iterable[str], draw: Draw) -> list[str]:
    return [item for _, item in sorted((draw(), item) for item in items)]


def _force(force: str, cases: int, role: str, periods: tuple[str, ...], draw: Draw) -> ForcePlan:
    reports = {
        "late": periods[:-1],
        "very_late": periods[:-2],
        "missing": (),
        "older_only": periods[:2],
        "skipped": periods[:2] + periods[3:],
    }.get(role, periods)
    if force in SPECIALIST:
        reports = periods[1:] if force == "british-transport" else periods[3:]
    mode, style = Mode.CASES, Style.FULL
    if role == "mixed":
        mode = Mode.MIXED
    elif role in set(Style):
        mode, style = Mode.AGGREGATE, Style(role)
    revised = (periods[int(draw() * (len(periods) - 1))],) if role == "revised" or force == LARGEST else ()
    declared: tuple[int | str, ...] | None = None
    if mode is Mode.MIXED:
        newest = first_day(periods[0]).year
        declared = (*range(2016 + int(draw() * 4), newest + 1), "unknown")
    return ForcePlan(
        force=force,
        cases=cases,
        mode=mode,
        style=style,
        reports=reports if cases else (),
        revised=revised if cases else (),
        case_years=declared,
    )


_CLAIMS = (
    *[Claim.CONFIRMED] * 26,
    *[Claim.CONFIRMED_LATER] * 4,
    *[Claim.ONE_SIDED] * 6,
    Claim.CONTESTED,
)
_ENOUGH_CASES = 40


def _sharings(forces: Iterable[ForcePlan], periods: tuple[str, ...], cases: int, draw: Draw) -> Iterable[Sharing]:
    """A few dozen shared cases between forces that report every period case by case."""
    able = [f.force for f in forces if f.mode is Mode.CASES and f.reports == periods and f.cases >= _ENOUGH_CASES]
    if len(able) < 3:
        return
    step = max(1, round(CASES / cases))
    for number, claim in enumerate(_CLAIMS[::step] if step < len(_CLAIMS) else _CLAIMS[:1]):
        members = tuple(_by_lot(able, draw)[: 3 if claim is Claim.CONFIRMED and number % 13 == 12 else 2])
        lead = members[int(draw() * len(members))]
        yield Sharing(ref=f"{members[0]}:{412 + 7 * number:04}", members=members, lead=lead, claim=claim)
