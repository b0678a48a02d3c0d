"""The route that explains one verdict: each rule with what the record says, and what would settle it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from litestar import Controller, Response, get
from litestar.params import FromPath
from msgspec import Meta, Struct, to_builtins

from service.api.asking import parameters, whole
from service.api.call import MOST_REVISIONS, Call, Calling, uuid_in_path
from service.api.change_shapes import CodeTitle
from service.api.documented import NAME, REVISION, Answer, Query, operation
from service.api.replies import document
from service.api.scope_shapes import TALLIED_UNTIL
from service.api.shapes import Day, Period, State
from service.clock import london_date
from service.identity.principal import Permission
from service.returns.model import AnyReturn, etag_of, state_of
from service.returns.why import Why, explain_case
from service.scope.explain import RuleExplained
from service.scope.store import Standing

SCOPE: Final = Query(
    name="scope",
    description="A scope edition; otherwise the one in force.",
    example="2025-11-wide",
    pattern=NAME,
)

_COUNTED: Final = (
    "Whether it is in the figures: false where its year is not among those that the return reports case by case. Then "
    "it is in none, whatever the verdict, and nothing is asked about it."
)
Verdict = Literal["in_scope", "undetermined", "out_of_scope"]


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class EditionShown(_Shape):
    """A scope edition, beyond doubt; ``vocabulary`` is the contract version that it reads by."""

    edition: str
    hash: str
    title: str
    vocabulary: str
    tallied: Annotated[
        bool,
        Meta(
            description=(
                "Whether returns that are sealed today are tallied under it; of an earlier moment, those of that day."
            )
        ),
    ]
    tallied_until: Annotated[Day | None, Meta(description=TALLIED_UNTIL)]


class SaidShown(_Shape):
    """What the record says of an attribute, as the edition reads it; null is nothing known, and ``empty`` says why."""

    attribute: str
    label: str
    value: str | None
    exact: bool
    derived: Annotated[bool, Meta(description="The force did not say it: it follows from other attributes.")]
    empty: Literal["not_provided", "not_applicable"] | None


class AskedShown(_Shape):
    """An attribute that would settle something, and what may be written there."""

    attribute: str
    label: str
    meaning: str
    kind: Literal["text", "code", "codes", "number", "decimal", "date"]
    takes: str
    partly_known: str
    codes: list[CodeTitle]


class RuleWhy(_Shape):
    """One rule of the edition and this case. ``settled_by``: what a rule that is unknown waits for."""

    id: str
    title: str
    sentence: str
    when: str
    answer: Literal["true", "false", "unknown"]
    values: list[SaidShown]
    derived: Annotated[list[str], Meta(description="What is taken for an attribute where the force says nothing.")]
    undecided: str
    settled_by: list[AskedShown]


class WhyDocument(_Shape):
    """Why a case is in scope, out of scope or undetermined. Of a case that is out nothing is asked: ``missing`` is of
    an undetermined one."""

    force: str
    period: Period
    revision: Annotated[int, Meta(ge=1)]
    state: State
    case_id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})]
    contract_version: Annotated[str, Meta(description="In which the case was written.")]
    scope: EditionShown
    verdict: Verdict
    rule: Annotated[str | None, Meta(description="The first rule that is false: the one it is counted under.")]
    counted: Annotated[bool, Meta(description=_COUNTED)]
    missing: list[str]
    rules: list[RuleWhy]


class WhyController(Controller):
    """One verdict explained."""

    path = "/api/forces/{force:str}/returns/{period:str}/cases/{case_id:str}/why"
    tags = ["cases"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Why one case is in scope, out of scope or undetermined, rule by rule",
        operation_id="explainCase",
        description=(
            "Each rule of the edition in order, with what the record says of what the rule reads, whether the rule is "
            "true, false or unknown, and what would settle it. The record is read forward to the version that the "
            "edition speaks; what is derived is marked. Every reading is logged. Needs the permission `returns:read`."
        ),
        operation_class=operation(
            Answer(shape=WhyDocument, says="The verdict and its reasons.", headers=("ETag",)),
            permission=Permission.RETURNS_READ,
            query=(SCOPE, REVISION),
            refusals=("no-scope-in-force", "no-such-scope", "scope-not-tallied"),
        ),
    )
    async def explain(
        self, call: Calling, force: FromPath[str], period: FromPath[str], case_id: FromPath[str]
    ) -> Response[bytes]:
        del force, period, case_id
        call.force(Permission.RETURNS_READ)
        asked = parameters(call.request, "scope", "revision")
        which = uuid_in_path(call.request, "case_id")
        item = await call.reading(whole(asked, "revision", 1, MOST_REVISIONS))
        found = await explain_case(call.context, call.actor, item, which, asked.get("scope"))
        return document(_shown(call, item, found), etag=etag_of(item))


def edition_shown(found: Standing, day: date) -> dict[str, Any]:
    """A standing edition, for an answer that is of this day."""
    edition = found.edition
    return {
        "edition": edition.name,
        "hash": edition.hash,
        "title": edition.title,
        "vocabulary": edition.vocabulary,
        "tallied": found.is_tallied(day),
        "tallied_until": found.tallied_until,
    }


def _shown(call: Call, item: AnyReturn, found: Why) -> dict[str, Any]:
    return {
        "force": call.context.forces.by_ordinal[item.force].code,
        "period": str(item.period),
        "revision": item.revision,
        "state": state_of(item),
        "case_id": str(found.case_id),
        "contract_version": found.contract_version,
        "scope": edition_shown(found.standing, london_date(call.context.now())),
        "verdict": found.explained.verdict,
        "rule": found.explained.rule,
        "counted": found.counted,
        "missing": found.explained.missing,
        "rules": [_rule(rule) for rule in found.explained.rules],
    }


def _rule(rule: RuleExplained) -> dict[str, Any]:
    return {
        "id": rule.words.id,
        "title": rule.words.title,
        "sentence": rule.words.sentence,
        "when": rule.when,
        "answer": rule.answer,
        "values": to_builtins(rule.values),
        "derived": rule.words.derived,
        "undecided": rule.words.undecided,
        "settled_by": to_builtins(rule.settled_by),
    }
