"""The forms of answers, for the OpenAPI document. Answers are made elsewhere; tests hold the two together.

A row's reference stands under the name of the contract's key field, so what carries one is made from the contract, in
``row_shapes.py``. A receipt and its tallies are what they are where they are made.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from service.returns.receipt import AttributeLack, Receipt, RuleCharge, ScopeHash
from service.tally.model import Totals

__all__ = ["Receipt"]

Period = Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", description="A month.", examples=["2025-11"])]
Instant = Annotated[str, Meta(description="RFC 3339, in UTC.", extra_json_schema={"format": "date-time"})]
Day = Annotated[str, Meta(extra_json_schema={"format": "date"})]
Digest = Annotated[str, Meta(pattern=r"^sha-256:[0-9a-f]{64}$")]
Hash = Annotated[str, Meta(description="SHA-256 of what it says.")]
Count = Annotated[int, Meta(ge=0)]
State = Literal["open", "sealed", "superseded", "withdrawn"]
Next = Annotated[str | None, Meta(description="Send it as `cursor` for the next page; null after the last.")]
Severity = Literal["syntactical", "validity", "quality", "macro"]
Year = Annotated[int, Meta(ge=1900, le=2100)]
Years = list[Year | Literal["unknown"]]


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class FindingCount(_Shape):
    """How many findings of one severity there are, and how many wait for an answer."""

    total: Count
    unanswered: Count


class StageCount(_Shape):
    """How many cases of one stage there are, by verdict; null is an aggregate cell without one."""

    stage: str | None
    in_scope: Count
    undetermined: Count
    out_of_scope: Count


class ReturnCounts(_Shape):
    """Rows of each part, what changed against the sealed return below, and the verdicts under the scope in force."""

    cases: Count
    new: Count
    changed: Count
    unchanged: Count
    withdrawn: Count
    not_in_snapshot: Count
    held: Count
    set_aside: Count
    aggregate_cells: Count
    workforce_rows: Count
    by_verdict: Totals
    by_stage: list[StageCount]
    not_counted: Count
    scope: str


class SignerShown(_Shape):
    """Who signed, as stated by a client."""

    name: str
    role: str
    stated_by: str


class SealShown(_Shape):
    """The seal of a return: when, at which position of all changes, over what, and by whom."""

    at: Instant
    position: Count
    digest: Digest
    receipt: str
    signed_by: SignerShown


class WithdrawalShown(_Shape):
    """When a return was taken back, and why."""

    at: Instant
    reason: str


class ReturnDocument(_Shape):
    """A return. ``next`` says in one sentence what to do; ``case_years`` null is all years."""

    force: str
    period: Period
    revision: Annotated[int, Meta(ge=1)]
    state: State
    contract_version: str
    case_years: Years | None
    due: Day
    next: str
    counts: ReturnCounts
    findings: dict[Severity, FindingCount]
    opened_at: Instant
    sealed: SealShown | None
    withdrawn: WithdrawalShown | None
    links: dict[str, str]


class ReturnLine(_Shape):
    """A return in the list. ``counts_now``: it is the one of its period that counts."""

    force: str
    period: Period
    revision: Annotated[int, Meta(ge=1)]
    state: State
    contract_version: str
    due: Day
    cases: Count | None
    opened_at: Instant
    sealed_at: Instant | None
    digest: Digest | None
    counts_now: bool
    links: dict[str, str]


class ReturnList(_Shape):
    """Returns, newest first."""

    items: list[ReturnLine]
    next: Next


class NotTakenShown(_Shape):
    """A line of a sheet whose answer was not stored, by its row; nothing is lost of the others."""

    row: Count
    rule: str | None
    says: str
    fix: str


class AnsweredDocument(_Shape, rename={"after": "return"}):
    """How many findings the answers were for, how many lines of a sheet said what was stored already, those that were
    not taken, and the return as it is then."""

    answered: Count
    unchanged: Count
    not_taken: list[NotTakenShown]
    after: ReturnDocument


class PointShown(_Shape):
    """A position in the order of all changes, and its moment."""

    position: Count
    at: Instant


class StageCell(_Shape):
    """A stage's weights."""

    stage: str | None
    in_scope: Count
    undetermined: Count
    out_of_scope: Count
    least: Count
    most: Count | None


class TallyDocument(_Shape):
    """A tally of a sealed return, with its cells by stage."""

    scope: ScopeHash
    totals: Totals
    not_counted: Count
    attrition: list[RuleCharge]
    missing: list[AttributeLack]
    as_of: PointShown
    cells: list[StageCell]


class UploadDocument(_Shape):
    """What an upload came to: counts of rows and findings. ``notes`` is about the file as a whole."""

    received: Count
    accepted: Count
    new: Count
    changed: Count
    unchanged: Count
    held: Count
    not_in_snapshot: Count
    findings: dict[Severity, Count]
    digest: Digest
    notes: list[str]
    newer_version: Annotated[
        str | None,
        Meta(
            description="Where rows are held because the file has names or codes of a newer contract version to which "
            "the return can go on: that version. PUT it as `contract_version`, and send the file again."
        ),
    ]


class FollowedBy(_Shape):
    """What was done after a state: a file was taken, with so many rows, or another state brought back."""

    what: Literal["upload", "restore"]
    part: Literal["case", "aggregate", "workforce"] | None
    mode: Literal["changes", "snapshot"] | None
    media: str | None
    rows: Count | None


class StateShown(_Shape):
    """A state of the draft that can be brought back, with the counts of rows that it had."""

    n: Annotated[int, Meta(ge=1)]
    kept_at: Instant
    contract_version: Annotated[
        str, Meta(description="In which the return was written then. Bringing the state back goes back to it.")
    ]
    before: FollowedBy
    counts: dict[str, Count]
    links: dict[str, str]


class RestoredDocument(ReturnDocument):
    """A return after a state was brought back. ``notes`` says so where it is of another contract version since."""

    notes: list[str]


class StateList(_Shape):
    """The last states of a draft, newest first."""

    items: list[StateShown]
    next: Next


class DisputeDocument(_Shape):
    """A dispute as it was taken down."""

    id: str
    rule: str
    words: str


class HealthDocument(_Shape):
    """Whether the service lives, or is ready."""

    status: Literal["live", "ready"]
