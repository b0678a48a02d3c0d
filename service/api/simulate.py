"""The route of a simulation: what a scope edition would do, told to those who decide on it before anyone is bound."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import Controller, Response, post
from litestar.params import FromPath
from msgspec import Meta, Struct

from service.api.asking import AnyRequest, body_of, parameters
from service.api.call import Serving
from service.api.documented import NAME, TEXT, Answer, Body, operation
from service.api.identity import Caller
from service.api.replies import document
from service.identity.principal import Permission, require_body
from service.picture.simulate.answer import Asked, simulate
from service.picture.simulate.export import SimulationDocument, as_document
from service.returns.context import Actor

_MOST: Final = 200
_Rule = Annotated[str, Meta(min_length=1, max_length=100, extra_json_schema={"pattern": TEXT})]
_Edition = Annotated[str, Meta(min_length=1, max_length=100, extra_json_schema={"pattern": NAME})]


class SimulationBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the edition is set against, and how it is asked."""

    against: Annotated[_Edition | None, Meta(description="Another edition; null: the one in force.")] = None
    rules_off: Annotated[list[_Rule], Meta(max_length=_MOST, description="Rules that are not asked.")] = []
    by: Annotated[
        list[_Rule] | None,
        Meta(
            description="Breakdowns of the flips, as those of the picture by cases or force; null: all that there are."
        ),
    ] = None


class SimulateController(Controller):
    """The simulation of an edition."""

    path = "/api/scopes"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @post(
        "/{edition:str}/simulate",
        status_code=200,
        summary="What a scope edition would do to the returns that count: flips, near misses, cost to forces",
        description=(
            "Every case and cell that counts as of the last change is judged under both editions; `rules_off` are not "
            "asked. Counts alone, by a role that can give back nothing else: there is no list of cases, not even of "
            "some. Nothing is stored but a line in the audit log that says who asked. Needs the permission "
            "`terms:propose` or `national:read` of a national body."
        ),
        operation_id="simulateScope",
        operation_class=operation(
            Answer(shape=SimulationDocument, says="The simulation."),
            permission=Permission.TERMS_PROPOSE,
            or_permission=Permission.NATIONAL_READ,
            body=Body(shape=SimulationBody, required=False),
            shown={"edition": "2026-02-referral"},
            refusals=("forbidden", "no-such-scope", "no-scope-in-force", "simulation-refused"),
        ),
    )
    async def simulate_scope(
        self, request: AnyRequest, context: Serving, principal: Caller, edition: FromPath[str]
    ) -> Response[bytes]:
        require_body(principal, Permission.NATIONAL_READ, Permission.TERMS_PROPOSE)
        parameters(request)
        body = await body_of(request, SimulationBody)
        asked = Asked(
            edition=edition,
            against=body.against,
            rules_off=tuple(body.rules_off),
            by=None if body.by is None else tuple(body.by),
        )
        found = await simulate(context, Actor(principal.client_id, principal.name), asked)
        return document(msgspec.to_builtins(as_document(found.simulation, found.before, found.after)))
