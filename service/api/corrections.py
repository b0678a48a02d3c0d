"""Routes of the corrections that a sealed branch offers for the open return: which there are, and carrying them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar import Controller, Response, get, post
from litestar.params import FromPath
from msgspec import Meta, Struct, to_builtins

from service.api.asking import body_of, parameters, whole
from service.api.call import MOST_REVISIONS, Call, Calling
from service.api.documented import REVISION, Answer, Body, operation
from service.api.notice_shapes import NoReasonBody
from service.api.replies import document
from service.api.shapes import Count, Period, UploadDocument
from service.identity.principal import Permission
from service.returns.branched import Why
from service.returns.carrying import Carried, Corrections, carry, corrections_of
from service.returns.choice import current
from service.returns.model import AnyReturn, etag_of, sealed_of

_SHOWN: Final = 500
_WHAT: Final = (
    "A revision of a month before the newest sealed one, or a skipped month sealed late, is a branch: it changes the "
    "figures of its own month. What it has otherwise than the main line had it is offered for the open return on top "
    "of the newest sealed one, also where it was corrected more than once: each column that this return still has as "
    "it was, or as an earlier revision had it; cases that are new; cases taken out. What later returns changed "
    "themselves is in `left`, and never written over. Cells and workforce are not carried: "
    "`parts` says which were sent for the branch. "
)


class OpenPlace(Struct, frozen=True):
    """The open return that corrections go into."""

    period: Period
    revision: Annotated[int, Meta(ge=1)]


class LeftShown(Struct, frozen=True):
    """A case of which a correction is not carried: the later returns changed the same fields (none: the case itself),
    do not hold it, or have its reference for another case."""

    case_id: str
    fields: list[str]
    why: Why


class CorrectionsDocument(Struct, frozen=True, kw_only=True):
    """What a sealed branch offers. ``corrected``: cases that it has otherwise than the main line had them; ``cases``:
    how many have something to carry; ``left``: the first 500 that are not carried, or not wholly, of ``left_total``."""

    period: Period
    revision: Annotated[int, Meta(ge=1)]
    into: OpenPlace | None
    corrected: Count
    cases: Count
    left: list[LeftShown]
    left_total: Count
    parts: list[str]


class CarriedDocument(CorrectionsDocument, frozen=True, kw_only=True):
    """What was carried. ``upload``: what became of the rows, as of a file of changes; null where none was sent."""

    upload: UploadDocument | None


class CorrectionsController(Controller):
    """What a sealed branch offers for the open return."""

    path = "/api/forces/{force:str}/returns/{period:str}/corrections"
    tags = ["returns"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="What a correction of an older month offers for the open return",
        description=_WHAT + "Needs the permission `returns:read`.",
        operation_id="getCorrections",
        operation_class=operation(
            Answer(shape=CorrectionsDocument, says="What is offered."),
            permission=Permission.RETURNS_READ,
            query=(REVISION,),
            refusals=("not-a-branch", "not-the-current-revision", "older-contract"),
        ),
    )
    async def corrections(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        item = await _asked_of(call, Permission.RETURNS_READ)
        return document(_document(await corrections_of(call.context, item)))

    @post(
        "/",
        status_code=200,
        summary="Put the corrections of an older month into the open return",
        description=(
            _WHAT + "They go in as a file of changes does, and every rule is asked. The same again carries only what "
            "is left to carry. Where no such return is open, 409 says what to open. Needs the permission "
            "`returns:write`."
        ),
        operation_id="carryCorrections",
        operation_class=operation(
            Answer(shape=CarriedDocument, says="What was carried; the tag is the open return's.", headers=("ETag",)),
            permission=Permission.RETURNS_WRITE,
            body=Body(shape=NoReasonBody, required=False),
            query=(REVISION,),
            refusals=(
                "not-a-branch",
                "not-the-current-revision",
                "nothing-open",
                "older-contract",
                "draft-moved",
                "not-open",
            ),
        ),
    )
    async def carry(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        item = await _asked_of(call, Permission.RETURNS_WRITE)
        await body_of(call.request, NoReasonBody)
        done = await carry(call.context, call.actor, item)
        return document(_carried(done), etag=etag_of(done.item))


async def _asked_of(call: Call, permission: Permission) -> AnyReturn:
    """The revision that was named, else the one that counts for the period."""
    items = await call.returns(permission)
    revision = whole(parameters(call.request, "revision"), "revision", 1, MOST_REVISIONS)
    return (sealed_of(items) if revision is None else None) or current(items, revision)


def _document(found: Corrections) -> dict[str, Any]:
    into = found.into
    return {
        "period": str(found.of.period),
        "revision": found.of.revision,
        "into": None if into is None else {"period": str(into.period), "revision": into.revision},
        "corrected": found.corrected,
        "cases": found.cases,
        "left": [
            {"case_id": str(each.case_id), "fields": list(each.fields), "why": each.why} for each in found.left[:_SHOWN]
        ],
        "left_total": len(found.left),
        "parts": list(found.parts),
    }


def _carried(done: Carried) -> dict[str, Any]:
    return {**_document(done.corrections), "upload": None if done.upload is None else to_builtins(done.upload)}
