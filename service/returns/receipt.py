"""The receipt of a seal: what was sealed, by whom, what it counted to, and where the audit log says so.

It can be checked without the service: its digest is that of the rows (``digest.py``), and ``audit`` carries the log's
entry with the path that leads from it to the head of the log at that moment (``audit/merkle.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from service.audit.log import AuditPoint
from service.clock import wire_time
from service.returns.context import Context
from service.returns.model import Open
from service.scope.store import Standing
from service.storage.position import Position
from service.tally.model import Tally, Totals


class Signature(Struct, frozen=True, kw_only=True):
    """Who signed. A person's name is *stated by* the client that sent it until people sign in themselves."""

    name: str
    role: str
    stated_by: str


class ScopeHash(Struct, frozen=True, kw_only=True):
    """A scope edition, beyond doubt."""

    edition: str
    hash: str


class RuleCharge(Struct, frozen=True, kw_only=True):
    """Cases put out of scope by one rule, the first that is false for them."""

    rule: str
    cases: int


class AttributeLack(Struct, frozen=True, kw_only=True):
    """Undetermined cases that one attribute leaves so, alone or with others."""

    attribute: str
    cases: int


class TallyOnReceipt(Struct, frozen=True, kw_only=True):
    """A tally as it stands on a receipt and in answers: always with its edition and hash."""

    scope: ScopeHash
    totals: Totals
    not_counted: int
    attrition: tuple[RuleCharge, ...]
    missing: tuple[AttributeLack, ...]


class AuditPlace(Struct, frozen=True, kw_only=True):
    """The seal's entry in the audit log: its number, the head it led to, the path between, and the entry itself."""

    index: int
    head: str
    path: tuple[str, ...]
    entry: str


class Receipt(Struct, frozen=True, kw_only=True):
    """What a force gets for a seal, and gets again when it asks again."""

    number: str
    digest: str
    force: str
    period: str
    revision: int
    contract_version: str
    contract_hash: str
    sealed_at: str
    position: int
    signed_by: Signature
    counts: Mapping[str, Any]
    tallies: tuple[TallyOnReceipt, ...]
    audit: AuditPlace


def tally_document(standing: Standing, tally: Tally) -> TallyOnReceipt:
    """One tally in words: rules by their ids, attributes by their names."""
    edition = standing.edition
    attrition, missing = tally.attrition(), tally.missing()
    return TallyOnReceipt(
        scope=ScopeHash(edition=edition.name, hash=edition.hash),
        totals=tally.totals(),
        not_counted=tally.not_counted,
        attrition=tuple(
            RuleCharge(rule=rule.id, cases=attrition.get(index, 0)) for index, rule in enumerate(edition.rules)
        ),
        missing=tuple(
            AttributeLack(attribute=name, cases=missing[index])
            for index, name in enumerate(edition.definition.attributes)
            if missing.get(index)
        ),
    )


def receipt_of(
    context: Context,
    item: Open,
    signature: Signature,
    digest: bytes,
    tallies: Sequence[tuple[Standing, Tally]],
    change: Position,
    point: AuditPoint,
) -> Receipt:
    """The receipt of a return that is being sealed."""
    force = context.forces.by_ordinal[item.force].code
    return Receipt(
        number=f"CR-{force}-{item.period}-{item.revision}-{digest.hex()[:8]}",
        digest=f"sha-256:{digest.hex()}",
        force=force,
        period=str(item.period),
        revision=item.revision,
        contract_version=item.contract_version,
        contract_hash=context.library.contracts[item.contract_version].hash,
        sealed_at=wire_time(change.at),
        position=change.position,
        signed_by=signature,
        counts=item.summary.get("counts", {}),
        tallies=tuple(tally_document(standing, tally) for standing, tally in tallies),
        audit=AuditPlace(
            index=point.index,
            head=point.head.hex(),
            path=tuple(node.hex() for node in point.path),
            entry=point.entry.decode(),
        ),
    )
