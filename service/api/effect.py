"""The route of a version's effect on what is sealed, for the national bodies, who decide when a version is taken."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get
from litestar.params import FromPath
from msgspec import Meta, Struct

from service.api.asking import AnyRequest, ParameterRefused, parameters
from service.api.call import Serving
from service.api.documented import NAME, Answer, Query, operation
from service.api.identity import Caller
from service.api.national import require_national, tagged
from service.api.shapes import Count, Instant
from service.clock import wire_time
from service.effect.answer import effect_now
from service.effect.model import ChangeEffect, EditionEffect, Effect, Move, RuleEffect
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.returns.context import Context
from service.scope.edition import Edition
from service.scope.store import standing_of
from service.scope.verdict import Verdict
from service.tally.model import Totals


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class VerdictsShown(_Shape):
    """Cases, and the numbers of cells, by verdict."""

    in_scope: Count
    undetermined: Count
    out_of_scope: Count


class MoveShown(_Shape):
    """So many cases, of so many forces, have another verdict."""

    before: Verdict
    after: Verdict
    cases: Count
    forces: Count


class ChangeEffectShown(_Shape):
    """What one change does to the verdicts: ``before`` without it, ``after`` with it, all else alike."""

    id: Annotated[str, Meta(description="The change, as `changes` of the version names it.")]
    says: str
    is_read: Annotated[bool, Meta(description="Whether a rule of the edition reads what the change is about.")]
    moves: list[MoveShown]


class NotCarriedShown(_Shape):
    """The rule of the edition that the version cannot say, and why."""

    rule: str
    says: str


class EditionEffectShown(_Shape):
    """One edition: as it ``stands`` in the version that it names, and ``read`` by this one."""

    scope: str
    title: str
    vocabulary: str
    stands: VerdictsShown
    read: Annotated[
        VerdictsShown | None, Meta(description="Null where the version cannot say the edition, or is older.")
    ]
    not_carried: NotCarriedShown | None
    open_cells: Annotated[
        Count, Meta(description="Cells that are not out of scope and whose number was not provided: in no count.")
    ]
    moves: Annotated[list[MoveShown], Meta(description="From `stands` to `read`.")]
    changes: list[ChangeEffectShown]


class RuleEffectShown(_Shape):
    """A rule that the version adds, states anew or tightens: how many cases it would find if all were sent again."""

    id: Annotated[str, Meta(description="The change, as `changes` of the version names it.")]
    rule: str
    severity: str
    says: str
    cases: Count
    forces: Count


class EffectDocument(_Shape):
    """What a version changes in the verdicts of returns that are sealed. Nothing of it is stored, and no number of the
    picture moves: each edition reads by the version that it names."""

    version: str
    before: str | None
    as_of_position: Count
    as_of: Instant
    cases: Annotated[Count, Meta(description="Cases that hold, and the numbers of cells where cells count.")]
    editions: list[EditionEffectShown]
    rules: list[RuleEffectShown]
    not_asked: Annotated[
        list[str],
        Meta(description="Changes of rules of which this does not tell: they are not asked of one case by itself."),
    ]
    links: dict[str, str]


class EffectController(Controller):
    """The effect of a version."""

    path = "/api/national/contracts"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/{version:str}/effect",
        summary="What a contract version changes in the verdicts of returns that are sealed, by simulation",
        description=(
            "Every case that holds is judged under each live edition as it stands, read by the version, and read by "
            "the version without each of its changes; what the rules that it adds or tightens would find is counted "
            "too. Counts alone, and nothing is stored. A case that two forces report counts for each of them, as it "
            "does not in the picture. Needs the permission `national:read` of a national body."
        ),
        operation_id="getEffect",
        operation_class=operation(
            Answer(shape=EffectDocument, says="The effect.", headers=("ETag", "Vary")),
            permission=Permission.NATIONAL_READ,
            query=(
                Query(
                    name="scope",
                    description="A scope edition; otherwise those under which every seal is tallied.",
                    example="2025-11-wide",
                    pattern=NAME,
                ),
            ),
            kept=True,
            refusals=("forbidden",),
        ),
    )
    async def get_effect(
        self, request: AnyRequest, context: Serving, principal: Caller, version: FromPath[str]
    ) -> Response[bytes]:
        require_national(principal)
        scope = parameters(request, "scope").get("scope")
        if version not in context.library.contracts:
            raise NotFound(NOT_HERE)
        found = await effect_now(context, version, None if scope is None else await _edition_named(context, scope))
        return tagged(request, msgspec.json.encode(effect_document(found)), "application/json")


async def _edition_named(context: Context, name: str) -> Edition:
    """An edition that the database holds, a draft too; or one of the files that the terms had not taken in."""
    async with context.db.national() as tx:
        try:
            return (await standing_of(tx, context.editions, name)).edition
        except NotFound:
            if name in context.library.scopes:
                return context.editions[name]
            says = "There is no such scope edition."
            raise ParameterRefused("scope", says, "Take it from /api/scopes.") from None


def effect_document(found: Effect) -> dict[str, Any]:
    """The effect as the API has it."""
    return {
        "version": found.version,
        "before": found.before,
        "as_of_position": found.position,
        "as_of": wire_time(found.at),
        "cases": found.cases,
        "editions": [_edition(each) for each in found.editions],
        "rules": [_rule(each) for each in found.rules],
        "not_asked": [each.id for each in found.not_asked],
        "links": {"changes": f"/api/contracts/{found.version}/changes"},
    }


def _edition(found: EditionEffect) -> dict[str, Any]:
    not_carried = found.not_carried
    return {
        "scope": found.edition.name,
        "title": found.edition.title,
        "vocabulary": found.edition.vocabulary,
        "stands": _verdicts(found.stands),
        "read": None if found.read is None else _verdicts(found.read),
        "not_carried": None if not_carried is None else {"rule": not_carried.rule, "says": not_carried.says},
        "open_cells": found.open_cells,
        "moves": _moves(found.moves),
        "changes": [_change(each) for each in found.changes],
    }


def _verdicts(totals: Totals) -> Mapping[str, int]:
    return {verdict.value: getattr(totals, verdict.value) for verdict in Verdict}


def _moves(moves: Iterable[Move]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(move) for move in moves]


def _change(found: ChangeEffect) -> dict[str, Any]:
    change = found.change
    return {"id": change.id, "says": change.says, "is_read": found.is_read, "moves": _moves(found.moves)}


def _rule(found: RuleEffect) -> dict[str, Any]:
    return {
        "id": found.change.id,
        "rule": found.rule.id,
        "severity": found.rule.severity.value,
        "says": found.change.says,
        "cases": found.cases,
        "forces": found.forces,
    }
