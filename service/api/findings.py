"""Routes of what is to be resolved before a seal: findings and answers, held rows, cases that a snapshot lacks."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Final, TypedDict
from uuid import UUID

import msgspec
from litestar import Controller, Response, delete, get, post, put
from litestar.params import FromPath
from litestar.response import Stream
from msgspec import Meta, Struct

from service.api.ageing import AGEING
from service.api.asking import (
    JSON,
    ParameterRefused,
    Place,
    body_of,
    chosen,
    cursor,
    cursor_text,
    if_match,
    page_size,
    parameters,
    refuse_encoded,
    whole,
)
from service.api.call import MOST_REVISIONS, Call, Calling
from service.api.cases import file_name
from service.api.documented import NAME, PAGE, REVISION, TEXT, WORDS, Answer, Body, Query, operation
from service.api.negotiation import negotiated
from service.api.once import once_of
from service.api.replies import CSV, document, listed, sent_file, streamed
from service.api.returns import shown
from service.api.shapes import AnsweredDocument, DisputeDocument, ReturnDocument
from service.api.uploads import Bounds, received
from service.contract.findings import key_name
from service.contract.model import Severity
from service.contract.sheet import XLSX
from service.criteria.problem import nearest
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.returns.answer_sheet import Answered, take_sheet
from service.returns.answers import Words, explain
from service.returns.disputes import dispute
from service.returns.exports import findings_as_workbook
from service.returns.findings import Cursor
from service.returns.held import HeldRow, must_be_open, set_aside
from service.returns.model import AnyReturn, Open, etag_of
from service.returns.not_run import checks_not_run
from service.returns.readers.table import TABLES
from service.returns.reading import finding_row, findings_as_csv, read_findings, read_held, read_missing
from service.returns.view import document as return_document
from service.returns.withdrawals import REASONS, Missing, Word, answer_missing

_SEEN: Final = "The `ETag` of the return; 412 where it has moved since."
_ROW_NUMBER: Final = r"[1-9][0-9]{0,8}"
ANSWERS_AT_ONCE: Final = 10_000

SEVERITIES: Final = tuple(severity.value for severity in Severity)


class WithdrawalBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """The force's word on one case that its snapshot lacks: ``keep``, or ``withdraw`` with a reason."""

    case_id: UUID
    answer: Annotated[str, Meta(extra_json_schema={"enum": ["keep", "withdraw"]})]
    reason: Annotated[str, Meta(extra_json_schema={"enum": list(REASONS)})] | None = None
    words: Annotated[str, Meta(max_length=2000, extra_json_schema={"pattern": TEXT})] | None = None


class WithdrawalsBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Words on several cases; all are taken, or none."""

    withdrawals: Annotated[list[WithdrawalBody], Meta(min_length=1, max_length=ANSWERS_AT_ONCE)]


class FindingsController(Controller):
    """Findings, held rows and missing cases of one return."""

    path = "/api/forces/{force:str}/returns/{period:str}"
    tags = ["findings"]  # noqa: RUF012  Litestar's own form

    @get(
        "/findings",
        summary="The findings, in the order of the rows: pages as JSON, or all as CSV or a workbook",
        operation_id="listFindings",
        description=(
            "The first page of an open return's findings lists in `not_run` the checks that could not run, because no "
            "row says what they ask for, a part was not sent, or a measure has no value, each with why. Every reading "
            "is logged. Needs the permission `returns:read`."
        ),
        operation_class=operation(
            Answer(
                shape="FindingList",
                says="Findings.",
                sometimes=("Link", "Content-Disposition"),
                other={CSV: "One finding a line.", XLSX: "One finding a row, up to 199,999."},
            ),
            permission=Permission.RETURNS_READ,
            query=(
                Query(name="severity", description="Only these.", offered=SEVERITIES),
                Query(name="rule", description="Only of this rule, as findings name it.", pattern=NAME),
                *PAGE,
                REVISION,
            ),
            refusals=("too-many-rows",),
        ),
    )
    async def list_findings(
        self, call: Calling, force: FromPath[str], period: FromPath[str]
    ) -> Response[bytes] | Stream:
        del force, period
        call.force(Permission.RETURNS_READ)
        media = negotiated(call.request.headers.get("accept"), (JSON, CSV, XLSX))
        pages = ["cursor", "limit"] if media == JSON else []
        asked = parameters(call.request, "severity", "rule", "revision", *pages)
        item = await call.reading(whole(asked, "revision", 1, MOST_REVISIONS))
        severity = chosen(asked, "severity", SEVERITIES)
        which: _Which = {"severity": None if severity is None else Severity(severity), "rule": _rule(call, item, asked)}
        if media == CSV:
            blocks = findings_as_csv(call.context, call.actor, item, **which)
            return await streamed(blocks, CSV, name=file_name(call, item, "findings", CSV))
        if media == XLSX:
            file = await findings_as_workbook(call.context, call.actor, item, **which)
            return sent_file(file, XLSX, name=file_name(call, item, "findings", XLSX))
        after, limit = cursor(asked, Cursor), page_size(asked)
        page, following = await read_findings(call.context, call.actor, item, **which, after=after, limit=limit)
        text = None if following is None else cursor_text(following)
        more = {}
        if after is None and isinstance(item, Open):
            more["not_run"] = await checks_not_run(call.context, item)
        return listed(call.request, [finding_row(found) for found in page], text, more=more)

    @put(
        "/explanations",
        request_max_body_size=None,
        summary="Answer quality and macro findings in words: as JSON, or by the findings sheet filled in",
        operation_id="explainFindings",
        description=(
            "Of JSON all are taken, or none. A findings sheet (CSV or XLSX, as `GET findings` gives it, its column "
            "`answer` filled in) answers the very finding of each line; a line without an answer changes nothing, and "
            "one that cannot be taken, because the finding changed or is gone, is listed in `not_taken` and costs no "
            "other. An answer holds for as long as the values that the rule looked at stay as they are. Needs the "
            "permission `returns:write`."
        ),
        operation_class=operation(
            Answer(shape=AnsweredDocument, says="How many findings were answered.", headers=("ETag",)),
            permission=Permission.RETURNS_WRITE,
            body=Body(
                shape="Answers",
                files={
                    CSV: "The findings as CSV, with answers; at least rule, the case's reference, finding and answer.",
                    XLSX: "The same as a workbook.",
                },
            ),
            if_match=_SEEN,
            refusals=("answers-refused", "not-open", "body"),
        ),
    )
    async def put_explanations(
        self, call: Calling, limits: Bounds, force: FromPath[str], period: FromPath[str]
    ) -> Response[bytes]:
        del force, period
        item = must_be_open(await call.changing())
        parameters(call.request)
        media = call.request.content_type[0].lower()
        if media in TABLES:
            refuse_encoded(call.request)
            seen = if_match(call.request, etag_of(item))
            with await received(call, limits) as sheet:
                moved, came_to = await take_sheet(call.context, call.actor, item, sheet, media, seen)
            return await _answered(call, moved, came_to)
        body: Any = await body_of(call.request, answers_body(_key(call, item)))
        answers = [Words(rule=each.rule, key=each.key, words=each.words) for each in body.answers]
        moved, answered = await explain(call.context, call.actor, item, answers, if_match(call.request, etag_of(item)))
        return await _answered(call, moved, Answered(answered=answered, unchanged=0, not_taken=()))

    @post(
        "/disputes",
        status_code=201,
        summary="Say that a finding is wrong",
        operation_id="disputeFinding",
        description=(
            "Kept for those who keep the rules; it changes nothing in the return, which must have such a finding. "
            "Needs the permission `returns:write`."
        ),
        operation_class=operation(
            {201: Answer(shape=DisputeDocument, says="It was taken down.")},
            permission=Permission.RETURNS_WRITE,
            body=Body(shape="Dispute"),
            idempotent=True,
            refusals=("invalid", "no-such-finding"),
        ),
    )
    async def post_dispute(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        item = await call.changing()
        parameters(call.request)
        body: Any = await body_of(call.request, answer_body(_key(call, item)))
        once = once_of(call, msgspec.json.encode(body))
        made = await dispute(call.context, call.actor, item, body.rule, body.key, body.words, once=once)
        return document(made, status=201)

    @get(
        "/held",
        summary="Rows that could not be accepted, with their text as sent",
        operation_id="listHeldRows",
        operation_class=operation(
            Answer(shape="HeldList", says="Held rows.", headers=("ETag",), sometimes=("Link",)),
            permission=Permission.RETURNS_READ,
            query=(*PAGE, REVISION),
        ),
    )
    async def list_held(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        call.force(Permission.RETURNS_READ)
        asked = parameters(call.request, "cursor", "limit", "revision")
        item = await call.reading(whole(asked, "revision", 1, MOST_REVISIONS))
        after, limit = cursor(asked, Place) or 0, page_size(asked)
        page, following = await read_held(call.context, call.actor, item, after=after, limit=limit)
        text = None if following is None else cursor_text(following)
        key = _key(call, item)
        return listed(call.request, [_held(row, key) for row in page], text, etag=etag_of(item))

    @delete(
        "/held/{n:str}",
        status_code=200,
        summary="Set a held row aside, with a reason that goes onto the receipt",
        operation_id="setHeldRowAside",
        operation_class=operation(
            Answer(shape=ReturnDocument, says="The return as it is now.", headers=("ETag",), sometimes=AGEING),
            permission=Permission.RETURNS_WRITE,
            query=(
                Query(
                    name="reason",
                    description="Why the row is left out.",
                    example="duplicate",
                    pattern=WORDS,
                    required=True,
                ),
                Query(name="words", description="More about it.", example="It stands in row 7 as well."),
            ),
            if_match=_SEEN,
            refusals=("reason-missing", "not-open", "stored-not-shown"),
        ),
    )
    async def delete_held(
        self, call: Calling, force: FromPath[str], period: FromPath[str], n: FromPath[str]
    ) -> Response[bytes]:
        del force, period
        item = must_be_open(await call.changing())
        if not (n.isascii() and n.isdigit() and len(n) < 10):
            raise NotFound(NOT_HERE)
        asked = parameters(call.request, "reason", "words")
        moved = await set_aside(
            call.context,
            call.actor,
            item,
            [int(n)],
            asked.get("reason", ""),
            asked.get("words"),
            if_match(call.request, etag_of(item)),
        )
        return await shown(call, moved)

    @get(
        "/withdrawals",
        summary="Cases that the snapshot lacks, or that were taken out, and the force's word on each",
        operation_id="listWithdrawals",
        operation_class=operation(
            Answer(shape="MissingList", says="The cases, by their reference.", headers=("ETag",), sometimes=("Link",)),
            permission=Permission.RETURNS_READ,
            query=(*PAGE, REVISION),
        ),
    )
    async def list_withdrawals(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        call.force(Permission.RETURNS_READ)
        asked = parameters(call.request, "cursor", "limit", "revision")
        item = await call.reading(whole(asked, "revision", 1, MOST_REVISIONS))
        after, limit = cursor(asked, str) or "", page_size(asked)
        if not isinstance(item, Open):
            return listed(call.request, [], None, etag=etag_of(item))
        page, following = await read_missing(call.context, call.actor, item, after=after, limit=limit)
        text = None if following is None else cursor_text(following)
        key = _key(call, item)
        return listed(call.request, [_missing(row, key) for row in page], text, etag=etag_of(item))

    @put(
        "/withdrawals",
        summary="Say keep or withdraw for cases that the snapshot lacks",
        operation_id="answerWithdrawals",
        description="All are taken, or none. Needs the permission `returns:write`.",
        operation_class=operation(
            Answer(shape=ReturnDocument, says="The return as it is now.", headers=("ETag",), sometimes=AGEING),
            permission=Permission.RETURNS_WRITE,
            body=Body(shape=WithdrawalsBody),
            if_match=_SEEN,
            refusals=("answers-refused", "not-open", "stored-not-shown"),
        ),
    )
    async def put_withdrawals(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        item = must_be_open(await call.changing())
        parameters(call.request)
        body = await body_of(call.request, WithdrawalsBody)
        words = [
            Word(case_id=each.case_id, answer=each.answer, reason=each.reason, words=each.words)
            for each in body.withdrawals
        ]
        moved = await answer_missing(call.context, call.actor, item, words, if_match(call.request, etag_of(item)))
        return await shown(call, moved)


async def _answered(call: Call, item: Open, came_to: Answered) -> Response[bytes]:
    async with call.context.db.force(item.force) as tx:
        content = await return_document(call.context, tx, item)
    return document({**msgspec.to_builtins(came_to), "return": content}, etag=etag_of(item))


class _Which(TypedDict):
    """Which findings are asked for."""

    severity: Severity | None
    rule: str | None


@cache
def answer_body(key: str) -> type[Struct]:
    """The form of one answer or dispute. The case is named by the contract's key field; null is all of the rule."""
    fields: list[Any] = [
        ("rule", str),
        ("words", str),
        ("key", str | None, msgspec.field(default=None, name=key)),
    ]
    return msgspec.defstruct("AnswerBody", fields, kw_only=True, forbid_unknown_fields=True, module=__name__)


@cache
def answers_body(key: str) -> type[Struct]:
    """The form of several answers."""
    bounds = Meta(min_length=1, max_length=ANSWERS_AT_ONCE)
    fields: list[Any] = [("answers", Annotated[list[answer_body(key)], bounds])]  # type: ignore[misc]  # made at run time
    return msgspec.defstruct("AnswersBody", fields, kw_only=True, forbid_unknown_fields=True, module=__name__)


def _key(call: Call, item: AnyReturn) -> str:
    return key_name(call.context.library.contracts[item.contract_version])


def _rule(call: Call, item: AnyReturn, asked: dict[str, str]) -> str | None:
    rule = asked.get("rule")
    known = call.context.library.contracts[item.contract_version].rule
    if rule is not None and rule not in known:
        raise ParameterRefused("rule", "There is no such rule.", nearest(rule, known) or "Take it from a finding.")
    return rule


def _held(row: HeldRow, key: str) -> dict[str, Any]:
    shown = msgspec.to_builtins(row)
    shown[key] = shown.pop("key")
    return dict(shown)


def _missing(row: Missing, key: str) -> dict[str, Any]:
    shown = msgspec.to_builtins(row)
    shown[key] = shown.pop("key")
    return dict(shown)
