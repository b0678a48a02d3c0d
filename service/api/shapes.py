"""The forms of answers, for the OpenAPI document. Answers are made elsewhere; a test holds the two together.

A row's reference stands under the name of the contract's key field, so what carries one is a plain object here.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class FindingCount(_Shape):
    """How many findings of one severity there are, and how many wait for an answer."""

    total: int
    unanswered: int


class ReturnDocument(_Shape):
    """A return. ``next`` says in one sentence what to do; ``case_years`` null is all years."""

    force: str
    period: str
    revision: int
    state: str
    contract_version: str
    case_years: list[int | str] | None
    due: str
    next: str
    counts: dict[str, Any]
    findings: dict[str, FindingCount]
    opened_at: str
    sealed: dict[str, Any] | None
    withdrawn: dict[str, Any] | None
    links: dict[str, str]


class ReturnLine(_Shape):
    """A return in the list. ``counts_now``: it is the one of its period that counts."""

    force: str
    period: str
    revision: int
    state: str
    contract_version: str
    due: str
    cases: int | None
    opened_at: str
    sealed_at: str | None
    digest: str | None
    counts_now: bool
    links: dict[str, str]


class ReturnList(_Shape):
    """Returns, newest first."""

    items: list[ReturnLine]
    next: str | None


class ScopeRef(_Shape):
    """A scope edition, and the hash of what it says."""

    edition: str
    hash: str


class TotalsShown(_Shape):
    """Weights by verdict; ``most`` is null where a cell's number was not provided."""

    in_scope: int
    undetermined: int
    out_of_scope: int
    least: int
    most: int | None


class RuleCharge(_Shape):
    """Cases out of scope under the first rule that is false."""

    rule: str
    cases: int


class AttributeLack(_Shape):
    """Undetermined cases that this attribute leaves so."""

    attribute: str
    cases: int


class TallyOnReceipt(_Shape):
    """A tally under one edition."""

    scope: ScopeRef
    totals: TotalsShown
    not_counted: int
    attrition: list[RuleCharge]
    missing: list[AttributeLack]


class PointShown(_Shape):
    """A position in the order of all changes, and its moment."""

    position: int
    at: str


class StageCell(_Shape):
    """A stage's weights."""

    stage: str | None
    in_scope: int
    undetermined: int
    out_of_scope: int
    least: int
    most: int | None


class TallyDocument(TallyOnReceipt):
    """A tally of a sealed return, with its cells by stage."""

    as_of: PointShown
    cells: list[StageCell]


class Signer(_Shape):
    """Who signed, as stated by a client."""

    name: str
    role: str
    stated_by: str


class AuditPlace(_Shape):
    """Where the seal stands in the audit log, and the proof: ``path`` leads from ``entry`` to ``head``."""

    index: int
    head: str
    path: list[str]
    entry: str


class Receipt(_Shape):
    """What a force gets for a seal."""

    number: str
    digest: str
    force: str
    period: str
    revision: int
    contract_version: str
    contract_hash: str
    sealed_at: str
    position: int
    signed_by: Signer
    counts: dict[str, Any]
    tallies: list[TallyOnReceipt]
    audit: AuditPlace


class UploadDocument(_Shape):
    """What an upload came to: counts of rows and findings. ``notes`` is about the file as a whole."""

    received: int
    accepted: int
    new: int
    changed: int
    unchanged: int
    held: int
    not_in_snapshot: int
    findings: dict[str, int]
    digest: str
    notes: list[str]


class RowList(_Shape):
    """Rows, each an object with the fields of the contract."""

    items: list[dict[str, Any]]
    next: str | None


class HealthDocument(_Shape):
    """Whether the service lives, or is ready."""

    status: str
