"""Takes a streamed body to disk and hands it to the returns: what every route that takes rows has in common.

The body is never in memory whole. What can be known before it came (who, where, media type, whether the return is
open) is known before a byte of it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Response
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct
from msgspec.structs import replace

from service.api.ageing import ageing_headers
from service.api.asking import chosen, if_match, parameters, refuse_encoded, yes
from service.api.call import Call
from service.api.once import once_of
from service.api.replies import document
from service.contract.model import PartName
from service.errors import CaseReturnsError, Conflict, PreconditionFailed, UnsupportedMedia
from service.identity.principal import Permission
from service.returns.asked import returns_now
from service.returns.choice import found_returns
from service.returns.model import AnyReturn, Open, etag_of
from service.returns.readers import MEDIA, OTHER_SHEETS, SAVE_AGAIN, XLSX
from service.returns.spool import Spool, spool
from service.returns.upload import Mode, Target, find_target, upload
from service.storage.idempotency import recall
from service.telemetry.spans import note, traced
from service.telemetry.told import BYTES

ROWS: Final = {
    "text/csv": "Rows with a heading, as a spreadsheet saves them.",
    "application/x-ndjson": "One JSON object a line.",
    "application/json": "An array of objects, up to 64 MB.",
    XLSX: "A workbook up to 64 MB, of which one sheet is read; formulas are read as what they came to last.",
}
"""The media types of rows, for the OpenAPI document."""

MODES: Final = (Mode.CHANGES.value, Mode.SNAPSHOT.value)


class Limits(Struct, frozen=True):
    """How large a body of rows may be, in bytes."""

    upload: int


Bounds = NamedDependency[SkipValidation[Limits]]


async def take(call: Call, limits: Limits, part: PartName) -> Response[bytes]:
    """One upload of rows of a part, from its request to its answer."""
    force = call.force(Permission.RETURNS_WRITE)
    asked = parameters(call.request, "dry_run", *(["mode"] if part is PartName.CASE else []))
    mode, dry_run = Mode(chosen(asked, "mode", MODES) or Mode.CHANGES), yes(asked, "dry_run")
    media, context, period = media_of(call), call.context, call.period
    items = found_returns(await returns_now(context, force, period))
    target = _target(call, items)
    with await received(call, limits) as body:
        once = None if dry_run else once_of(call, body.digest)
        if once is not None:
            async with context.db.force(force) as tx:
                known = await recall(tx, force, once)
            if known is not None:
                return document(known.body, status=known.status)
        if isinstance(target, CaseReturnsError):
            raise target
        target = replace(target, once=once)
        answer = await upload(context, call.actor, target, part, body, media, mode=mode, dry_run=dry_run)
        return document(answer, headers=ageing_headers(context.terms, target.item.contract_version))


def _target(call: Call, items: Sequence[AnyReturn]) -> Target | CaseReturnsError:
    """The open return, or why there is none to take the rows. With an Idempotency-Key the reason waits until the body
    is there: it may be the answer of before that is asked for."""
    about = next((item for item in items if isinstance(item, Open)), items[0])
    try:
        return find_target(items, if_match(call.request, etag_of(about)))
    except (Conflict, PreconditionFailed) as refusal:
        if "idempotency-key" not in call.request.headers:
            raise
        return refusal


@traced("receive")
async def received(call: Call, limits: Limits) -> Spool:
    """The body, whole, on disk; raises what ``spool`` raises."""
    headers = call.request.headers
    length = headers.get("content-length", "")
    body = await spool(
        call.request.stream(),
        limits.upload,
        content_length=int(length) if length.isdigit() and "transfer-encoding" not in headers else None,
        content_digest=headers.get("content-digest") or headers.get("repr-digest"),
    )
    note({BYTES: body.length})
    return body


def media_of(call: Call) -> str:
    """The media type of the rows, where it is one that can be read and is not compressed."""
    refuse_encoded(call.request)
    media = call.request.content_type[0].lower()
    if media not in MEDIA:
        save = f"{SAVE_AGAIN} " if media.startswith(OTHER_SHEETS) else ""
        do = f"{save}Send Content-Type: {', '.join(MEDIA)}."
        raise UnsupportedMedia("Rows are not taken in this media type.", do)
    return media
