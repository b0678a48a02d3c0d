"""The route of reconciling: every stored figure against what the cases say."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Controller, Response, get
from msgspec import Meta, Struct

from service.api.asking import AnyRequest, parameters
from service.api.call import Serving
from service.api.documented import NAME, Answer, Query, operation
from service.api.identity import Caller
from service.api.national import require_national
from service.api.replies import document
from service.api.shapes import Count
from service.audit.entry import Entry
from service.audit.log import append
from service.identity.principal import Permission
from service.returns.context import Context
from service.returns.reconcile import Reconciled, reconcile


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class MismatchShown(_Shape):
    """A return of which what is stored is not what its cases say; the digests of both."""

    force: str
    return_id: str
    edition: str
    what: Annotated[
        str,
        Meta(
            description=(
                "tally, transitions, flips or shared (its cases that name other forces); or moves, where the tally "
                "that it builds on and its transitions do not make up its tally."
            )
        ),
    ]
    stored: str
    read: str


class ReconciledShown(_Shape):
    """What was checked, and what is wrong. ``digest`` is of all that was read: the same returns give the same."""

    returns: Count
    editions: list[str]
    not_judged: Annotated[Count, Meta(description="Returns not judged yet under an edition, once for each.")]
    not_tallied: Annotated[
        Count,
        Meta(description="Returns that get no tally under an edition that is not tallied any more, once for each."),
    ]
    digest: str
    mismatches: list[MismatchShown]


class ReconcileController(Controller):
    """Reconciling."""

    path = "/api/national/reconcile"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="Check every stored figure of sealed returns against a full re-read, by digest",
        description=(
            "Tallies, transitions and flips under every edition that can have any, superseded ones too, are made anew "
            "from the case versions and compared; nothing but counts and digests leaves. It reads every case: seconds "
            "for a million under each edition. Audited. Needs the permission `national:read` of a national body."
        ),
        operation_id="reconcile",
        operation_class=operation(
            Answer(shape=ReconciledShown, says="What was checked, and every return whose figures are not right."),
            permission=Permission.NATIONAL_READ,
            query=(
                Query(
                    name="scope",
                    description="One edition alone; otherwise every one that can have tallies, superseded ones too.",
                    example="2025-11-wide",
                    pattern=NAME,
                ),
            ),
            refusals=("parameter", "forbidden", "no-such-scope", "unavailable"),
        ),
    )
    async def get_reconciled(self, request: AnyRequest, context: Serving, principal: Caller) -> Response[bytes]:
        require_national(principal)
        found = await reconcile(context, parameters(request, "scope").get("scope"))
        async with context.db.national() as tx:
            details: dict[str, str | int] = {
                "returns": found.returns,
                "mismatches": len(found.mismatches),
                "digest": found.digest,
            }
            await append(
                tx, Entry(action="figures_reconciled", actor=principal.client_id, details=details), context.now()
            )
        return document(_shown(context, found))


def _shown(context: Context, found: Reconciled) -> dict[str, Any]:
    return {
        "returns": found.returns,
        "editions": list(found.editions),
        "not_judged": found.not_judged,
        "not_tallied": found.not_tallied,
        "digest": found.digest,
        "mismatches": [
            {
                "force": context.forces.by_ordinal[each.force].code,
                "return_id": str(each.return_id),
                "edition": each.edition,
                "what": each.what,
                "stored": each.stored,
                "read": each.read,
            }
            for each in found.mismatches
        ],
    }
