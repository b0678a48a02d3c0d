"""The route of re-judging: how far the judging of sealed returns under an edition is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.params import FromPath
from msgspec import Meta, Struct

from service.api.asking import AnyRequest, parameters
from service.api.call import Serving
from service.api.documented import Answer, operation
from service.api.identity import Caller
from service.api.national import require_national
from service.api.replies import document
from service.api.scope_shapes import TALLIED_UNTIL
from service.api.shapes import Count, Day, Hash
from service.clock import london_date, wire_time
from service.contract.model import CodeList
from service.identity.principal import Permission
from service.returns.rejudging import Progress, progress
from service.scope.store import Standing, standing_of


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class JudgingProblemShown(_Shape):
    """The returns of a force that could not be judged, which holds the edition's coming into force; why, and when it
    was tried last."""

    force: str
    says: str
    at: str


class ReJudging(_Shape):
    """How far the judging is, of all returns that were ever sealed. A chain is all of them of one force."""

    edition: str
    hash: Hash
    state: str
    returns: Count
    judged: Count
    not_tallied: Annotated[
        Count, Meta(description="Returns not judged that wait for nothing: the edition is, or then was, not tallied.")
    ]
    tallied: Annotated[bool, Meta(description="Whether returns that are sealed today are tallied under it.")]
    tallied_until: Annotated[Day | None, Meta(description=TALLIED_UNTIL)]
    chains: Count
    chains_left: Count
    per_minute: Annotated[
        float | None, Meta(description="Returns judged a minute, lately; null where none was, or none is left.")
    ]
    seconds_left: Annotated[Count | None, Meta(description="At that rate; null where nothing is left, or no rate is.")]
    problems: list[JudgingProblemShown]


class ReJudgingController(Controller):
    """Judging again."""

    path = "/api/scopes/{edition:str}/re-judging"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="How far the judging of sealed returns under an edition is, and what holds it",
        description=(
            "An edition that both bodies confirmed comes into force when nothing remains; meanwhile every figure is of "
            "the edition before. Needs the permission `national:read` of a national body."
        ),
        operation_id="getReJudging",
        operation_class=operation(
            Answer(shape=ReJudging, says="What is judged, what remains, how fast it goes and what could not be."),
            permission=Permission.NATIONAL_READ,
            shown={"edition": "2026-02-referral"},
            refusals=("parameter", "forbidden", "no-such-scope", "unavailable"),
        ),
    )
    async def get_re_judging(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        parameters(request)
        async with context.db.national() as tx:
            standing = await standing_of(tx, context.editions, edition)
        today = london_date(context.now())
        return document(_shown(standing, await progress(context, standing.id), context.forces, today))


def _shown(standing: Standing, found: Progress, forces: CodeList, today: date) -> dict[str, Any]:
    return {
        "edition": standing.edition.name,
        "hash": standing.edition.hash,
        "state": standing.state.value,
        "returns": found.returns,
        "judged": found.judged,
        "not_tallied": found.not_tallied,
        "tallied": standing.is_tallied(today),
        "tallied_until": standing.tallied_until,
        "chains": found.chains,
        "chains_left": found.chains_left,
        "per_minute": found.per_minute,
        "seconds_left": found.seconds_left,
        "problems": [
            {"force": forces.by_ordinal[each.force].code, "says": each.says, "at": wire_time(each.at)}
            for each in found.problems
        ],
    }
