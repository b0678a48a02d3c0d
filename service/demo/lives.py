"""The life of every synthetic case of one force over the reporting periods.

A *moment* is a small integer: twice the number of the period (from 0), one more for the correction of that period's
return. A life is a first row and the few things that happened to it afterwards, so that any period's row is the first
one with the later things written over it, and what changed between two returns is known without comparing them.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct, field

from service.demo import odds
from service.demo.facts import Facts, Row, facts
from service.demo.odds import Draw, draw_from, pick
from service.demo.plan import FIFTEEN_YEARS, Claim, CountryPlan, ForcePlan, Mode, Sharing, first_day, last_day
from service.demo.progress import enter, next_stage, reach

_CHANGED = 0.018
"""Share of a force's cases that something happens to in a period (new ones come on top)."""
_NEW = 0.0035
_WITHDRAWN_IN_ALL = 0.003
_CORRECTED = range(11, 1_000_000, 150)
"""Numbers of the cases that a correction mends."""


class Life(Struct):
    """One case: present from moment ``first`` until before ``gone``; ``events`` are (moment, cells then written).

    ``truth`` is what the cells that were blurred truly are.
    """

    row: Row
    first: int
    events: list[tuple[int, Row]]
    gone: int | None = None
    reason: str = ""
    truth: Row = field(default_factory=dict)

    def present(self, moment: int) -> bool:
        """Whether the force holds the case at a moment."""
        return self.first <= moment and (self.gone is None or moment < self.gone)

    def at(self, moment: int) -> Row:
        """The row as it stands at a moment (a fresh dictionary)."""
        row = dict(self.row)
        for when, cells in self.events:
            if when <= moment:
                row.update(cells)
        return row

    def moved(self, after: int, until: int) -> bool:
        """Whether the case came up or changed after one moment and not after another."""
        return after < self.first <= until or any(after < when <= until for when, _ in self.events)


class _Months(Struct, frozen=True):
    """Day numbers that all cases of a country share."""

    since: int
    earliest: int
    latest: int
    first: tuple[int, ...]
    last: tuple[int, ...]


@lru_cache(maxsize=1)
def lives(force: ForcePlan, plan: CountryPlan) -> tuple[Life, ...]:
    """All cases that a force ever holds in these periods; the last period's stock is exactly ``force.cases``."""
    draw = draw_from(plan.seed, force.force)
    months = _Months(
        since=plan.assessing_since.toordinal(),
        earliest=plan.last_decision.toordinal() - FIFTEEN_YEARS,
        latest=plan.last_decision.toordinal(),
        first=tuple(first_day(period).toordinal() for period in plan.periods),
        last=tuple(last_day(period).toordinal() for period in plan.periods),
    )
    corrected = [2 * plan.periods.index(period) + 1 for period in force.revised]
    withdrawn = int(force.cases * _WITHDRAWN_IN_ALL)
    count = force.cases + withdrawn
    leaving = {(2 * number + 1) * count // (2 * withdrawn) for number in range(withdrawn)}
    shared = _shared_here(force, plan, leaving)
    made = []
    for number in range(count):
        facts_made = facts(draw, months.earliest, months.latest)
        sharing = shared.get(number)
        if sharing is not None:
            facts_made = _shared_facts(sharing, plan, months)
        mended = corrected if number in _CORRECTED else []
        life = _life(facts_made, months, draw, steady=bool(sharing or mended or number in leaving))
        _refer(life.row, force.force, number, draw)
        if number in leaving:
            life.gone = 2 * (1 + int(draw() * (len(plan.periods) - 1)))
            life.reason = pick(odds.REASONS, draw)
        elif sharing is not None:
            _share(life, sharing, force.force)
        else:
            life.events.extend((moment, _corrected(life.row, draw)) for moment in mended)
        made.append(life)
    return tuple(made)


def _life(made: Facts, months: _Months, draw: Draw, *, steady: bool) -> Life:
    """A case from its first return on; ``steady``: there from the first period, and nothing happens to it."""
    periods = len(months.last)
    row = made.row
    chance = draw()
    if steady or chance >= _NEW * (periods - 1):
        reach(row, pick(odds.FIRST_STAGES, draw), months.since, months.last[0], draw)
        first = 0
    else:
        first = 1 + int(chance / _NEW)
        reach(row, pick(odds.NEW_STAGES, draw), months.first[first], months.last[first], draw)
    life = Life(row=row, first=2 * first, events=[], truth=made.truth)
    if not steady and draw() < _CHANGED * (periods - 1):
        period = first + 1 + int(draw() * (periods - 1 - first))
        now = row
        while period < periods:
            now = dict(now)
            cells = _event(now, made.truth, months.first[period], months.last[period], draw)
            life.events.append((2 * period, cells))
            now.update(cells)
            period += 1 + int(draw() * 8)
    return life


def _event(row: Row, truth: Row, first: int, last: int, draw: Draw) -> Row:
    """What happens to a case in one month: it moves on, something unknown is settled, or a value is corrected."""
    chance = draw()
    if chance < 0.3:
        for name, exact in truth.items():
            # A case whose year is not known keeps it so: it would move between the parts of a return that has both.
            if row[name] != exact and not (name == "nfa_date" and ("/" in row[name] or not row[name])):
                return {name: exact}
    if chance < 0.4:
        recorded = _recorded(row, draw)
        if recorded:
            return recorded
    stage = next_stage(row, draw) if chance < 0.9 else None
    if stage is None:
        return _corrected(row, draw)
    moved = dict(row)
    enter(moved, stage, first + int(draw() * (last - first + 1)), draw)
    return {name: cell for name, cell in moved.items() if cell != row[name]}


def _recorded(row: Row, draw: Draw) -> Row:
    """The ethnicity of one more suspect comes to be recorded."""
    unknown = row["suspects_not_recorded"]
    if unknown in {"", "0"}:
        return {}
    group = f"suspects_{pick(odds.ETHNIC_GROUPS, draw)}"
    return {"suspects_not_recorded": str(int(unknown) - 1), group: str(int(row[group]) + 1)}


def _corrected(row: Row, draw: Draw) -> Row:
    """A value turns out to have been wrong: the setting, or the number of suspects with its parts."""
    if draw() < 0.4 and row["suspect_count"].isdigit():
        cells = {"suspect_count": str(int(row["suspect_count"]) + 1)}
        if row["suspects_not_recorded"]:
            cells["suspects_not_recorded"] = str(int(row["suspects_not_recorded"]) + 1)
        return cells
    setting = row["setting"]
    while setting in {row["setting"], ""}:
        setting = pick(odds.SETTINGS, draw)
    return {"setting": setting}


def _refer(row: Row, force: str, number: int, draw: Draw) -> None:
    """The force's own reference; the older cases of some forces had another one in an older system."""
    letters = force.replace("-and-", "").replace("-", "")[:3].upper()
    row["case_ref"] = f"{letters}-{row['reported_date'][2:4]}-{number + 1:05}"
    if letters[0] in "CN" and row["reported_date"] < "2016" and draw() < 0.5:
        row["former_case_ref"] = f"X{letters}/{number + 40_001}"


def _shared_here(force: ForcePlan, plan: CountryPlan, leaving: set[int]) -> dict[int, Sharing]:
    """Which of the force's cases are shared: by number, early ones, never one that is withdrawn."""
    if force.mode is not Mode.CASES:
        return {}
    mine = [sharing for sharing in plan.sharings if force.force in sharing.members]
    free = (number for number in range(3, force.cases, 4) if not (number in leaving or number in _CORRECTED))
    return dict(zip(free, mine, strict=False))


def _shared_facts(sharing: Sharing, plan: CountryPlan, months: _Months) -> Facts:
    """What happened is the same whoever holds the case."""
    return facts(draw_from(plan.seed, sharing.ref), months.earliest, months.latest)


def _share(life: Life, sharing: Sharing, force: str) -> None:
    """Write what this force says of the other holders; see ``Claim``."""
    mine = {
        "lead_force": sharing.lead,
        "shared_ref": sharing.ref,
        "shared_with": ";".join(sorted(member for member in sharing.members if member != force)),
    }
    first = force == sharing.members[0]
    if sharing.claim is Claim.CONTESTED:
        mine["lead_force"] = force
    if sharing.claim is Claim.ONE_SIDED and not first:
        return
    if sharing.claim is Claim.CONFIRMED_LATER and not first:
        life.events.append((2 * 3, mine))
        return
    life.row.update(mine)
