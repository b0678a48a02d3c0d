"""A simulation as a value: every figure before and after, which verdicts flip, and what that would ask of the forces.

Pure. Rules and attributes are places in an edition, forces, stages and settings are ordinals; ``export.py`` has the
words. A case weighs 1 and an aggregate cell its number: both are *cases* here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct

from service.picture.national import Dimension
from service.scope.edition import Edition, State
from service.scope.verdict import Verdict
from service.tally.model import Totals


class Side(Struct, frozen=True, kw_only=True):
    """An edition as it judges: ``edition`` has the rules that are asked, without those in ``rules_off``. ``note``: why
    the national picture has other figures under it, in words, where it is tallied no more."""

    edition: Edition
    state: State
    note: str | None = None
    rules_off: tuple[str, ...] = ()


class Flip(Struct, frozen=True, kw_only=True):
    """So many cases, of so many forces, have another verdict."""

    before: Verdict
    after: Verdict
    cases: int
    forces: int


class RuleFlip(Struct, frozen=True, kw_only=True):
    """The same by what puts them out: the first false rule before, and after; None where none does."""

    rule_before: int | None
    rule_after: int | None
    before: Verdict
    after: Verdict
    cases: int


class ValueFlip(Struct, frozen=True, kw_only=True):
    """The same by one value of a breakdown; None: not known."""

    value: int | None
    before: Verdict
    after: Verdict
    cases: int


class Pace(Struct, frozen=True, kw_only=True):
    """What one case took of a force: the officers' working days between two sealed returns, over the cases that reached
    the stage meanwhile."""

    since: date
    until: date
    officer_days: float
    cases: int

    @property
    def of_one(self) -> float:
        """Officer-days a case."""
        return self.officer_days / self.cases


class Unmeasured(Struct, frozen=True):
    """Why a force's pace cannot be measured."""

    says: str


class Cost(Struct, frozen=True, kw_only=True):
    """What it would ask of one force: cases that it would have to look at again, because they become undetermined, and
    of how many of these it would have to supply each attribute, by its place."""

    force: int
    look_again: int
    attributes: Mapping[int, int]
    pace: Pace | Unmeasured

    @property
    def officer_days(self) -> float | None:
        """What looking again would take at the force's own pace; nothing to look at takes nothing."""
        if not self.look_again:
            return 0.0
        return self.look_again * self.pace.of_one if isinstance(self.pace, Pace) else None


class Counted(Struct, frozen=True, kw_only=True):
    """Everything that is counted of the rows. ``by`` has the breakdowns that were asked for; ``missing`` are flips of
    cases that are undetermined after, under every attribute that leaves them so; ``alone`` and ``one_away`` are near
    misses after: cases that one rule alone keeps out, and that lack one attribute alone."""

    before: Totals
    after: Totals
    open_before: int
    open_after: int
    flips: tuple[Flip, ...]
    rules: tuple[RuleFlip, ...]
    by: Mapping[Dimension, tuple[ValueFlip, ...]]
    missing: tuple[ValueFlip, ...]
    alone: Mapping[int, int]
    one_away: Mapping[int, int]
    look_again: Mapping[int, int]
    to_supply: Mapping[int, Mapping[int, int]]
    """By force."""

    @property
    def cases(self) -> int:
        """What counts, whatever its verdict."""
        return self.after.in_scope + self.after.undetermined + self.after.out_of_scope


class Simulation(Struct, frozen=True, kw_only=True):
    """What was counted as of a position, over the newest sealed returns of the ``counting`` forces of those
    ``expected``."""

    before: Side
    after: Side
    position: int
    at: datetime
    expected: int
    counting: int
    counted: Counted
    costs: tuple[Cost, ...]
