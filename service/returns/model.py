"""A return in each of its states. What a state does not have cannot be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from msgspec import Struct

from service.tally.count import Years
from service.terms.calendar import Period


class Return(Struct, frozen=True, kw_only=True):
    """What every return has. ``force`` is the force's number, ``period`` its month."""

    id: UUID
    force: int
    period: Period
    revision: int
    contract_version: str
    years: Years
    base_id: UUID | None
    opened_at: datetime
    opened_by: str
    summary: Mapping[str, Any]


class Open(Return, frozen=True, kw_only=True, tag="open"):
    """May be changed; ``draft_version`` moves on with every change and is its ETag."""

    draft_version: int
    laid_over: int | None = None
    """The number of the line whose stock it starts from, where that is not the line's end: it is a branch (semantics
    15)."""
    judged_by: str = "{}"
    """How the rules that its findings are of differ from its contract version's: ``contract.model.deviations_text``."""


class Sealed(Return, frozen=True, kw_only=True, tag="sealed"):
    """Immutable, and what counts for its period. ``line`` is the number of its stock; ``branch_of`` the return at the
    end of the main line when it was sealed beside it."""

    line: int
    branch_of: UUID | None = None
    sealed_at: datetime
    sealed_position: int
    sealed_draft: int
    digest: bytes
    receipt: Mapping[str, Any]
    """As ``receipt.py`` made it, in the order of its members."""


class Superseded(Sealed, frozen=True, kw_only=True, tag="superseded"):
    """Sealed, and corrected by a later revision of the same period."""


class Withdrawn(Return, frozen=True, kw_only=True, tag="withdrawn"):
    """Taken back with a reason, from open or from sealed; ``receipt`` where it had been sealed."""

    withdrawn_at: datetime
    reason: str
    line: int | None
    receipt: Mapping[str, Any] | None


AnyReturn: TypeAlias = Open | Sealed | Superseded | Withdrawn


def base_for(items: Sequence[AnyReturn], period: Period, sealing: UUID | None = None) -> Return | None:
    """What the return of a period starts from, of a force's returns (newest first): the one that counts for the
    period, else for the nearest before it that has one. ``sealing``: an open one that is being sealed."""
    standing = (item for item in items if item.id == sealing or is_standing(item))
    return next((item for item in standing if item.period <= period), None)


def is_standing(item: AnyReturn) -> bool:
    """Whether a return is what counts for its period."""
    return isinstance(item, Sealed) and not isinstance(item, Superseded)


def offered_by(item: AnyReturn) -> int:
    """How many cases a sealed branch corrected; none of any other return."""
    if not isinstance(item, Sealed) or item.branch_of is None:
        return 0
    counts: Mapping[str, int] = item.summary["counts"]
    return counts["new"] + counts["changed"] + counts["withdrawn"]


def sealed_of(items: Sequence[AnyReturn]) -> Sealed | None:
    """The return of a period that counts: sealed, and not superseded."""
    return next((item for item in items if isinstance(item, Sealed) and not isinstance(item, Superseded)), None)


def current_of(items: Sequence[AnyReturn]) -> AnyReturn | None:
    """The one that is meant where no revision is named of a period's returns (newest first): the open one, the one
    that counts, the newest; none where there is none."""
    found = next((item for item in items if isinstance(item, Open)), None) or sealed_of(items)
    return found or next(iter(items), None)


def etag_of(item: AnyReturn) -> str:
    """The strong ETag of a return: its draft's while it is open, its content's after."""
    match item:
        case Open():
            return f'"{item.id.hex[:12]}-{item.draft_version}"'
        case Sealed():
            return f'"{item.id.hex[:12]}-{item.sealed_draft}-{item.digest.hex()[:16]}"'
        case Withdrawn():
            return f'"{item.id.hex[:12]}-withdrawn"'


def signed_etag(item: Sealed) -> str:
    """The ETag that the draft had when it was signed: sealing it again with this one gives the same receipt."""
    return f'"{item.id.hex[:12]}-{item.sealed_draft}"'


def state_of(item: AnyReturn) -> str:
    """The word for the state, as it stands in answers."""
    return str(item.__struct_config__.tag)
