"""What one change of a version is, and the two versions that it lies between. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from service.contract.model import Contract, Field, PartName, Recode
from service.contract.steps import renames_of
from service.contract.words import CodeInWords


class Subject(StrEnum):
    """What a change is of, in the order in which changes are listed."""

    FIELD = "field"
    LIST = "list"
    SET = "set"
    RULE = "rule"
    MEASURE = "measure"


class ChangeKind(StrEnum):
    """What was done to it."""

    ADDED = "added"
    DERIVED = "derived"
    """Added, and known of older records too, where other fields say it."""
    RENAMED = "renamed"
    SPLIT = "split"
    RECODED = "recoded"
    EXTENDED = "extended"
    """Its list has codes that it had not, which no older code reads as."""
    REWORDED = "reworded"
    """Other words, the same meaning."""
    TIGHTENED = "tightened"
    CARRIED = "carried"
    """The same condition, in this version's names and codes."""
    RESTATED = "restated"
    """Stated anew under the same id."""
    DROPPED = "dropped"


class Reading(Struct, frozen=True, kw_only=True):
    """A code of one version, and the codes of the other that it may be: more than one, and it does not say which; none,
    and the other cannot say it."""

    code: CodeInWords
    reads: tuple[CodeInWords, ...]


class Change(Struct, frozen=True, kw_only=True):
    """One change. ``older``: what a record of the version before says in this one; ``newer``: what a record of this one
    says in the version before. Both are empty where records have no part in it."""

    id: str
    """Names it among the changes of its version."""
    kind: ChangeKind
    subject: Subject
    name: str
    formerly: str | None = None
    title: str
    parts: tuple[PartName, ...] = ()
    says: str
    older: str = ""
    newer: str = ""
    forward: tuple[Reading, ...] = ()
    back: tuple[Reading, ...] = ()
    step: int | None = None
    """The place of the step of ``upgrade.yaml`` that declares it, from 0."""


class Changes(Struct, frozen=True, kw_only=True):
    """All changes of a version. ``before`` is None in the first version, which changes nothing."""

    version: str
    before: str | None
    says: str
    changes: tuple[Change, ...]


class Pair:
    """A version and the one before it."""

    def __init__(self, before: Contract, now: Contract) -> None:
        self.before, self.now = before, now
        self.old, self.new = before.version, now.version
        self.renames = renames_of(now.upgrade)
        self.fields_before = _fields_of(before)
        self.fields_now = _fields_of(now)

    def parts(self, name: str) -> tuple[PartName, ...]:
        """The parts of this version that have a field."""
        return tuple(part.name for part in self.now.parts.values() if name in part.by_name)

    def step(self, name: str, code: str | None = None) -> int | None:
        """The place of the step about a field of this version, or about one of its former codes."""
        for place, step in enumerate(self.now.upgrade.steps if self.now.upgrade else ()):
            if isinstance(step, Recode):
                if code is not None and step.field == name and code in step.codes:
                    return place
            elif code is None and name == getattr(step, "new", getattr(step, "rule", None)):
                return place
        return None


def _fields_of(contract: Contract) -> Mapping[str, Field]:
    found: dict[str, Field] = {}
    for part in contract.parts.values():
        for name, field in part.by_name.items():
            found.setdefault(name, field)
    return found
