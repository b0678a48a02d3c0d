"""The effect of a version: how verdicts of sealed returns would move, in counts alone. Pure.

Nothing of it is stored, and no number of the national picture moves: an edition reads by the version that it names.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from service.contract.change import Change
from service.contract.model import Rule
from service.scope.carried import NotCarried
from service.scope.edition import Edition
from service.scope.verdict import Verdict
from service.tally.model import Totals


class Move(Struct, frozen=True, kw_only=True):
    """So many cases, of so many forces, have another verdict."""

    before: Verdict
    after: Verdict
    cases: int
    forces: int


class ChangeEffect(Struct, frozen=True, kw_only=True):
    """What one change does to the verdicts of one edition: ``before`` is without it, ``after`` with it, all else alike.
    ``is_read``: whether any rule of the edition reads what it is about."""

    change: Change
    is_read: bool
    moves: tuple[Move, ...]


class EditionEffect(Struct, frozen=True, kw_only=True):
    """One edition: as it ``stands``, and ``read`` by the version, where that can say its rules and is not older than
    what they speak of. ``changes`` are of the edition's own vocabulary, where that is the later one."""

    edition: Edition
    not_carried: NotCarried | None
    stands: Totals
    read: Totals | None
    moves: tuple[Move, ...]
    """From what stands to what is read."""
    changes: tuple[ChangeEffect, ...]
    open_cells: int
    """Cells that are not out of scope and whose number was not provided: in no count."""


class RuleEffect(Struct, frozen=True, kw_only=True):
    """A rule that the version adds, states anew or tightens, asked of every case as if it were sent again."""

    change: Change
    rule: Rule
    cases: int
    forces: int


class Effect(Struct, frozen=True, kw_only=True):
    """The effect of a version as of a position. ``not_asked``: changes of rules of which this does not tell."""

    version: str
    before: str | None
    position: int
    at: datetime
    cases: int
    editions: tuple[EditionEffect, ...]
    rules: tuple[RuleEffect, ...]
    not_asked: tuple[Change, ...]
