"""Routes of disputes by rule, for the national bodies, who keep the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from litestar import Controller, Response, get
from litestar.params import FromPath

from service.api.asking import AnyRequest, ParameterRefused, cursor, cursor_text, page_size, parameters
from service.api.call import Serving
from service.api.documented import NAME, PAGE, Answer, Query, operation
from service.api.identity import Caller
from service.api.national import require_national
from service.api.notice_shapes import DisputedRules, DisputesOfRule
from service.api.replies import document, listed
from service.clock import london_date, wire_time
from service.contract.notices import replaced
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.notices.store import adopted_of, all_notices
from service.picture.disputes import Cursor, Dispute, DisputedRule, disputes_by_rule, disputes_of
from service.returns.context import Context
from service.terms.calendar import period_of

_REFUSED: Final = ("forbidden",)


class DisputesController(Controller):
    """What forces say of findings that they hold to be wrong."""

    path = "/api/national/disputes"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Disputed rules: how often forces say that a finding is wrong, by rule",
        operation_id="listDisputedRules",
        operation_class=operation(
            Answer(shape=DisputedRules, says="The rules, those with most disputes first."),
            permission=Permission.NATIONAL_READ,
            query=(Query(name="rule", description="Only this one.", example="Q335", pattern=NAME),),
            refusals=_REFUSED,
        ),
    )
    async def by_rule(self, request: AnyRequest, context: Serving, principal: Caller) -> Response[bytes]:
        require_national(principal)
        rule = parameters(request, "rule").get("rule")
        if rule is not None and not _is_known(context, rule):
            raise ParameterRefused("rule", "There is no such rule.", "Take it from /api/contracts.")
        async with context.db.national() as tx:
            found, adopted = await disputes_by_rule(tx), adopted_of(await all_notices(tx))
        today = london_date(context.now())
        by_rule: dict[tuple[str, str], list[str]] = {}
        for notice in (each.notice for each in adopted):
            gone = {version for each in replaced(notice, adopted, today) for version in each.contracts}
            for version in notice.contracts:
                if version not in gone:
                    by_rule.setdefault((notice.rule, version), []).append(notice.id)
        return document(
            {"items": [_rule(context, item, by_rule) for item in found if rule in (None, item.rule)], "next": None}
        )

    @get(
        "/{rule:str}",
        summary="The disputes of one rule, in the words of the forces, newest first",
        operation_id="listDisputes",
        operation_class=operation(
            Answer(shape=DisputesOfRule, says="The disputes.", sometimes=("Link",)),
            permission=Permission.NATIONAL_READ,
            query=PAGE,
            refusals=_REFUSED,
        ),
    )
    async def of_rule(
        self, request: AnyRequest, context: Serving, principal: Caller, rule: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        if not _is_known(context, rule):
            raise NotFound(NOT_HERE)
        asked = parameters(request, "cursor", "limit")
        after, limit = cursor(asked, Cursor), page_size(asked)
        async with context.db.national() as tx:
            page, following = await disputes_of(tx, rule, after, limit)
        return listed(
            request,
            [_dispute(context, item) for item in page],
            None if following is None else cursor_text(following),
        )


def _is_known(context: Context, rule: str) -> bool:
    return any(rule in contract.rule for contract in context.library.contracts.values())


def _rule(context: Context, item: DisputedRule, notices: Mapping[tuple[str, str], list[str]]) -> dict[str, Any]:
    return {
        "rule": item.rule,
        "contract_version": item.contract_version,
        "says": context.library.contracts[item.contract_version].rule[item.rule].says,
        "disputes": item.disputes,
        "forces": item.forces,
        "first_at": wire_time(item.first_at),
        "last_at": wire_time(item.last_at),
        "notices": notices.get((item.rule, item.contract_version), []),
        "links": {"self": f"/api/national/disputes/{item.rule}"},
    }


def _dispute(context: Context, item: Dispute) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "rule": item.rule,
        "contract_version": item.contract_version,
        "force": context.forces.by_ordinal[item.force].code,
        "period": str(period_of(item.period)),
        "words": item.words,
        "raised_at": wire_time(item.raised_at),
    }
