"""The forms of rule notices and of disputes by rule, for routes and for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from service.api.documented import NAME, WORDS
from service.api.shapes import Count, Day, Hash, Instant, Next, Period
from service.clock import wire_time
from service.contract.notices import WHOLE, is_replaced, replaced
from service.notices.store import AnyNotice, Decision, InForce, Rejected, adopted_of

NOTICE_ID: Final = "^[0-9]{4}-[0-9]{2}-[a-z0-9][a-z0-9-]{0,40}$"
Treated = Literal["off", "validity", "quality", "macro"]
Body = Literal["nca", "npcc"]


class NoticeBody(Struct, kw_only=True, forbid_unknown_fields=True, rename={"start": "from"}):
    """A notice to be proposed. It holds from a day on, until a day (included) or until another says otherwise."""

    id: Annotated[str, Meta(description="Year, month and a few words.", extra_json_schema={"pattern": NOTICE_ID})]
    contracts: Annotated[list[str], Meta(min_length=1, max_length=20, description="The contract versions it is for.")]
    rule: Annotated[str, Meta(extra_json_schema={"pattern": NAME})]
    severity: Annotated[Treated, Meta(description="Not asked at all, or the severity that the rule has then.")]
    start: date
    until: date | None = None
    why: Annotated[
        str, Meta(min_length=1, max_length=WHOLE, description="For forces.", extra_json_schema={"pattern": WORDS})
    ]


class NoReasonBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Nothing is to be said: an empty object, or no body."""


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class DecisionShown(_Shape):
    """Which body said it, and when."""

    body: Body
    at: Instant


class ReplacedShown(_Shape):
    """Another notice that stands in the place of this one, since when, and in which of its contract versions."""

    by: str
    since: Day
    contracts: list[str]


class NoticeDocument(_Shape, rename={"start": "from"}):
    """A rule notice. In force it is signed: ``signature`` is a JWS (ES256, ``typ`` rule-notice+jwt) by a key of
    ``/oauth/jwks`` over what it says and who adopted it, so that it can be checked where the service is not."""

    id: str
    contracts: list[str]
    rule: str
    severity: Treated
    start: Day
    until: Day | None
    why: str
    issued_by: Body
    state: Annotated[
        Literal["proposed", "in_force", "superseded", "rejected"],
        Meta(description="Superseded: others stand in its place today, in every contract version that it is for."),
    ]
    replaced: Annotated[
        list[ReplacedShown],
        Meta(description="Which others stand in its place today. Where their days end before its own, it holds again."),
    ]
    hash: Hash
    proposed: DecisionShown
    confirmed: DecisionShown | None
    rejected: DecisionShown | None
    reason: Annotated[str | None, Meta(description="Why it was rejected.")]
    position: Annotated[int | None, Meta(description="Of the change that put it in force.")]
    signature: str | None
    links: dict[str, str]


class NoticeList(_Shape):
    """Rule notices, in the order of their proposals."""

    items: list[NoticeDocument]
    next: Next


class DisputedRule(_Shape):
    """A rule of a contract version of which forces say that findings are wrong: how often, and how many forces."""

    rule: str
    contract_version: str
    says: Annotated[str, Meta(description="The rule's words, with its placeholders.")]
    disputes: Count
    forces: Count
    first_at: Instant
    last_at: Instant
    notices: Annotated[list[str], Meta(description="Notices in force for this rule, by id.")]
    links: dict[str, str]


class DisputedRules(_Shape):
    """Disputed rules, those with most disputes first."""

    items: list[DisputedRule]
    next: Next


class DisputeShown(_Shape):
    """One dispute, as the force put it. Which case it was about is the force's alone."""

    id: str
    rule: str
    contract_version: str
    force: str
    period: Period
    words: str
    raised_at: Instant


class DisputesOfRule(_Shape):
    """Disputes of one rule, newest first."""

    items: list[DisputeShown]
    next: Next


def notice_document(item: AnyNotice, among: Iterable[AnyNotice], today: date) -> dict[str, Any]:
    """A notice as everyone may read it, beside all there are; who acted is told by body, not by client."""
    state, adopted = str(item.__struct_config__.tag), adopted_of(among)
    is_in_force = isinstance(item, InForce)
    return {
        **msgspec.to_builtins(item.notice),
        "state": "superseded" if is_in_force and is_replaced(item.notice, adopted, today) else state,
        "replaced": msgspec.to_builtins(replaced(item.notice, adopted, today)) if is_in_force else [],
        "hash": item.hash,
        "proposed": _decision(item.proposed),
        "confirmed": _decision(item.confirmed) if isinstance(item, InForce) else None,
        "rejected": _decision(item.rejected) if isinstance(item, Rejected) else None,
        "reason": item.reason if isinstance(item, Rejected) else None,
        "position": item.position if isinstance(item, InForce) else None,
        "signature": item.signature if isinstance(item, InForce) else None,
        "links": {"self": f"/api/rule-notices/{item.notice.id}"},
    }


def _decision(decision: Decision) -> dict[str, str]:
    return {"body": decision.body, "at": wire_time(decision.at)}
