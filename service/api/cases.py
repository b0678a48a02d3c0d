"""Routes of a return's cases: upload, read, one case, its history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath
from litestar.response import Stream

from service.api.ageing import AGEING
from service.api.asking import (
    JSON,
    BodyRefused,
    cursor,
    cursor_text,
    exact,
    if_match,
    json_of,
    page_size,
    parameters,
    whole,
)
from service.api.call import MOST_REVISIONS, Call, Calling, uuid_in_path
from service.api.documented import DRY_RUN, PAGE, REVISION, Answer, Body, Query, operation
from service.api.negotiation import negotiated
from service.api.replies import CSV, ENDINGS, NDJSON, document, listed, ndjson_block, sent_file, streamed
from service.api.returns import shown
from service.api.row_shapes import CASE_ID
from service.api.shapes import ReturnDocument, UploadDocument
from service.api.uploads import MODES, ROWS, Bounds, take
from service.contract.findings import key_name
from service.contract.model import PartName
from service.contract.sheet import XLSX, csv_block
from service.identity.principal import Permission
from service.returns.cases import CaseRow, case_fields, history, key_of, list_cases, read_case, stream_cases
from service.returns.exports import cases_as_workbook, shown_case
from service.returns.held import must_be_open
from service.returns.model import AnyReturn, etag_of
from service.returns.single import replace_case
from service.returns.withdrawals import REASONS, delete_case

_READING = ("wrong-part", "no-key-column", "row-too-long", "disk-full")
_AS_SENT = msgspec.json.Encoder(decimal_format="number")

_SEEN = "The `ETag` of the return; 412 where it has moved since."


class CasesController(Controller):
    """The cases of one return."""

    path = "/api/forces/{force:str}/returns/{period:str}/cases"
    tags = ["cases"]  # noqa: RUF012  Litestar's own form

    @post(
        "/",
        status_code=200,
        request_max_body_size=None,
        summary="Upload cases into the open return",
        description=(
            "Good rows are accepted; rows that cannot be are held with their text and findings, and never cost "
            "another row. In `changes` what a row does not say stays as it was; a `snapshot` is the whole stock, and "
            "asks a word on each case that it lacks. Needs the permission `returns:write`."
        ),
        operation_id="uploadCases",
        operation_class=operation(
            Answer(shape=UploadDocument, says="What the upload came to.", sometimes=AGEING),
            permission=Permission.RETURNS_WRITE,
            query=(Query(name="mode", description="Merged by column, or the whole stock.", offered=MODES), DRY_RUN),
            body=Body(shape="CaseRow", rows=ROWS),
            if_match=_SEEN,
            idempotent=True,
            refusals=("not-open", "draft-moved"),
        ),
    )
    async def upload(
        self, call: Calling, limits: Bounds, force: FromPath[str], period: FromPath[str]
    ) -> Response[bytes]:
        del force, period
        return await take(call, limits, PartName.CASE)

    @get(
        "/",
        summary="The return's cases: pages as JSON, or all of them as NDJSON, CSV or a workbook",
        operation_id="listCases",
        description=(
            "JSON comes in pages; `Accept: application/x-ndjson`, `text/csv` or that of XLSX gives every case, and "
            "takes neither cursor nor limit. Every reading is logged. Needs the permission `returns:read`."
        ),
        operation_class=operation(
            Answer(
                shape="CaseList",
                says="Cases.",
                headers=("ETag",),
                sometimes=("Link", "Content-Disposition"),
                other={
                    NDJSON: "One case a line, with the fields of the contract; it can be sent back.",
                    CSV: "The fields of the contract; it can be sent back.",
                    XLSX: "The template of the contract with the cases in it, up to 199,999; it can be sent back.",
                },
            ),
            permission=Permission.RETURNS_READ,
            query=(*PAGE, REVISION),
            refusals=("too-many-rows",),
        ),
    )
    async def list_cases(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes] | Stream:
        del force, period
        call.force(Permission.RETURNS_READ)
        media = negotiated(call.request.headers.get("accept"), (JSON, NDJSON, CSV, XLSX))
        asked = parameters(call.request, "revision", *(["cursor", "limit"] if media == JSON else []))
        item = await call.reading(whole(asked, "revision", 1, MOST_REVISIONS))
        if media == XLSX:
            file = await cases_as_workbook(call.context, call.actor, item)
            return sent_file(file, XLSX, name=_file(call, item, XLSX))
        if media != JSON:
            return await streamed(_exported(call, item, media), media, name=_file(call, item, media))
        rows, following = await list_cases(call.context, call.actor, item, cursor(asked, UUID), page_size(asked))
        text = None if following is None else cursor_text(following)
        return listed(call.request, [case_document(row) for row in rows], text, etag=etag_of(item))

    @get(
        "/{case_id:str}",
        summary="One case",
        operation_id="getCase",
        operation_class=operation(
            Answer(shape="CaseShown", says="The case.", headers=("ETag",)),
            permission=Permission.RETURNS_READ,
            query=(REVISION,),
        ),
    )
    async def get_case(
        self, call: Calling, force: FromPath[str], period: FromPath[str], case_id: FromPath[str]
    ) -> Response[bytes]:
        del force, period, case_id
        item, which = await self._one(call)
        return document(case_document(await read_case(call.context, call.actor, item, which)), etag=etag_of(item))

    @put(
        "/{case_id:str}",
        summary="Replace one case: what is not sent is not known",
        operation_id="replaceCase",
        description=(
            "Taken whole, or refused with every finding that would hold it; the body may leave the reference out, and "
            "carry the `case_id` that rows are shown with. Needs the permission `returns:write`."
        ),
        operation_class=operation(
            Answer(shape="CaseShown", says="The case as it is now.", headers=("ETag",)),
            permission=Permission.RETURNS_WRITE,
            body=Body(shape="CaseReplacement"),
            if_match=_SEEN,
            refusals=("row-refused", "not-open", *_READING),
        ),
    )
    async def put_case(
        self, call: Calling, force: FromPath[str], period: FromPath[str], case_id: FromPath[str]
    ) -> Response[bytes]:
        del force, period, case_id
        item = must_be_open(await call.changing())
        which = uuid_in_path(call.request, "case_id")
        parameters(call.request)
        sent = await json_of(call.request, exact)
        if not isinstance(sent, dict):
            raise BodyRefused("", "A case is one object.", "Send the fields of the contract.")
        if sent.pop(CASE_ID, str(which)) != str(which):
            raise BodyRefused(f"/{CASE_ID}", "The body names another case than the path.", "Leave it out.")
        key, name = (
            await key_of(call.context, item, which),
            key_name(call.context.library.contracts[item.contract_version]),
        )
        if sent.setdefault(name, key) != key:
            raise BodyRefused(
                f"/{name}", "The body names another case than the path.", "A new reference comes with its former one."
            )
        seen = if_match(call.request, etag_of(item))
        moved = await replace_case(call.context, call.actor, item, _AS_SENT.encode([sent]), seen)
        row = await read_case(call.context, call.actor, moved, which)
        return document(case_document(row), etag=etag_of(moved))

    @delete(
        "/{case_id:str}",
        status_code=200,
        summary="Take one case out of the return, with a reason",
        operation_id="deleteCase",
        operation_class=operation(
            Answer(shape=ReturnDocument, says="The return as it is now.", headers=("ETag",), sometimes=AGEING),
            permission=Permission.RETURNS_WRITE,
            query=(
                Query(name="reason", description="Why it is no longer reported.", offered=REASONS, required=True),
                Query(name="words", description="Needed where the reason is `other`.", example="Sent by mistake."),
            ),
            if_match=_SEEN,
            refusals=("reason-missing", "transfer-not-taken-over", "not-open", "stored-not-shown"),
        ),
    )
    async def delete_case(
        self, call: Calling, force: FromPath[str], period: FromPath[str], case_id: FromPath[str]
    ) -> Response[bytes]:
        del force, period, case_id
        item = must_be_open(await call.changing())
        which = uuid_in_path(call.request, "case_id")
        asked = parameters(call.request, "reason", "words")
        moved = await delete_case(
            call.context,
            call.actor,
            item,
            which,
            asked.get("reason"),
            asked.get("words"),
            if_match(call.request, etag_of(item)),
        )
        return await shown(call, moved)

    @get(
        "/{case_id:str}/history",
        summary="Every sealed version of one case",
        operation_id="getCaseHistory",
        operation_class=operation(
            Answer(shape="CaseHistory", says="Its versions, oldest first."),
            permission=Permission.RETURNS_READ,
            query=(REVISION,),
        ),
    )
    async def case_history(
        self, call: Calling, force: FromPath[str], period: FromPath[str], case_id: FromPath[str]
    ) -> Response[bytes]:
        del force, period, case_id
        item, which = await self._one(call)
        versions = await history(call.context, call.actor, item, which)
        return listed(call.request, [_version(entry) for entry in versions], None)

    async def _one(self, call: Call) -> tuple[AnyReturn, UUID]:
        """The return and the case that a reading route is about."""
        call.force(Permission.RETURNS_READ)
        asked = parameters(call.request, "revision")
        which = uuid_in_path(call.request, "case_id")
        return await call.reading(whole(asked, "revision", 1, MOST_REVISIONS)), which


def case_document(row: CaseRow) -> dict[str, Any]:
    """A case as it is shown, in the words in which it could be sent: null is not known, and the two other kinds of
    empty stand by their words."""
    return {CASE_ID: row.case_id, **shown_case(row)}


def _version(entry: dict[str, Any]) -> dict[str, Any]:
    values, empties = entry.pop("values"), entry.pop("empties")
    return {**entry, "values": {**values, **empties}}


async def _exported(call: Call, item: AnyReturn, media: str) -> AsyncIterator[bytes]:
    names = [field.name for field in case_fields(call.context, item)]
    heading = True
    async for rows in stream_cases(call.context, call.actor, item):
        yield block_of(names, map(shown_case, rows), media, heading=heading)
        heading = False
    if heading:
        yield block_of(names, [], media, heading=True)


def block_of(names: list[str], rows: Iterable[dict[str, Any]], media: str, *, heading: bool) -> bytes:
    """Rows in the medium asked for: the contract's fields alone, so that they can be sent back as they are."""
    return csv_block(names, rows, heading=heading) if media == CSV else ndjson_block(rows)


def _file(call: Call, item: AnyReturn, media: str) -> str:
    return file_name(call, item, "cases", media)


def file_name(call: Call, item: AnyReturn, what: str, media: str) -> str:
    """What a browser calls the download."""
    force = call.context.forces.by_ordinal[item.force].code
    return f"{force}-{item.period}-{what}.{ENDINGS[media]}"
