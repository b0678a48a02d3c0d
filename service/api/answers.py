"""Routes of what forces explained when they sealed, for the national bodies, who judge whether it can be so."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.params import FromPath
from msgspec import Meta, Struct

from service.api.asking import AnyRequest
from service.api.call import Serving
from service.api.documented import Answer, operation
from service.api.identity import Caller
from service.api.national import require_national
from service.api.newest import PERIOD, period_asked
from service.api.replies import document
from service.api.shapes import Count, Next, Period
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.picture.answers import Explained, ExplainedRule, explained_by_force, explained_rules
from service.returns.context import Context
from service.terms.calendar import period_of

Answered = Annotated[Count, Meta(description="Findings that words of an earlier return still explain.")]
Lapsed = Annotated[Count, Meta(description="Findings explained anew, because the values had changed since the words.")]
New = Annotated[Count, Meta(description="Findings explained for the first time.")]


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class ExplainedRuleShown(_Shape):
    """A rule of a contract version, and how the findings of it stand to their answers in sealed returns."""

    rule: str
    contract_version: str
    says: Annotated[str, Meta(description="The rule's words, with its placeholders.")]
    answered: Answered
    lapsed: Lapsed
    new: New
    forces: Count
    links: dict[str, str]


class ExplainedRules(_Shape):
    """Rules that forces explained, those of which most was said first."""

    items: list[ExplainedRuleShown]
    next: Next


class ExplainedShown(_Shape):
    """What one force said of one rule in one sealed return. The words, and the cases, are the force's alone."""

    force: str
    period: Period
    revision: Count
    contract_version: str
    answered: Answered
    lapsed: Lapsed
    new: New


class ExplainedByForce(_Shape):
    """Forces that explained a rule, those that said most first."""

    items: list[ExplainedShown]
    next: Next


class AnswersController(Controller):
    """What forces explained."""

    path = "/api/national/answers"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Findings that forces explained when they sealed: answered before, lapsed, or new, by rule",
        operation_id="listExplainedRules",
        operation_class=operation(
            Answer(shape=ExplainedRules, says="The rules, those of which most was said first."),
            permission=Permission.NATIONAL_READ,
            query=(PERIOD,),
            refusals=("forbidden",),
        ),
    )
    async def by_rule(self, request: AnyRequest, context: Serving, principal: Caller) -> Response[bytes]:
        require_national(principal)
        period = period_asked(request)
        async with context.db.national() as tx:
            found = await explained_rules(tx, period)
        return document({"items": [_rule(context, item) for item in found], "next": None})

    @get(
        "/{rule:str}",
        summary="The same of one rule, by force",
        operation_id="listExplainedByForce",
        operation_class=operation(
            Answer(shape=ExplainedByForce, says="The forces, those that said most first."),
            permission=Permission.NATIONAL_READ,
            query=(PERIOD,),
            refusals=("forbidden",),
        ),
    )
    async def by_force(
        self, request: AnyRequest, context: Serving, principal: Caller, rule: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        if not any(rule in contract.rule for contract in context.library.contracts.values()):
            raise NotFound(NOT_HERE)
        period = period_asked(request)
        async with context.db.national() as tx:
            found = await explained_by_force(tx, rule, period)
        return document({"items": [_force(context, item) for item in found], "next": None})


def _rule(context: Context, item: ExplainedRule) -> dict[str, Any]:
    return {
        "rule": item.rule,
        "contract_version": item.contract_version,
        "says": context.library.contracts[item.contract_version].rule[item.rule].says,
        "answered": item.answered,
        "lapsed": item.lapsed,
        "new": item.new,
        "forces": item.forces,
        "links": {"forces": f"/api/national/answers/{item.rule}"},
    }


def _force(context: Context, item: Explained) -> dict[str, Any]:
    return {
        "force": context.forces.by_ordinal[item.force].code,
        "period": str(period_of(item.period)),
        "revision": item.revision,
        "contract_version": item.contract_version,
        "answered": item.answered,
        "lapsed": item.lapsed,
        "new": item.new,
    }
