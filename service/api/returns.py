"""Routes of a force's returns: list, open, read, seal, withdraw, and what a sealed one came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Controller, Response, get, post, put
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType
from sqlalchemy.ext.asyncio import AsyncConnection

from service.api.ageing import AGEING, ageing_headers
from service.api.asking import (
    BodyRefused,
    ParameterRefused,
    Place,
    body_of,
    converted,
    cursor,
    cursor_text,
    entity_tags,
    if_match,
    page_size,
    parameters,
    reasoned_body,
    whole,
)
from service.api.call import MOST_REVISIONS, Call, Calling
from service.api.documented import NAME, PAGE, REVISION, WORDS, Answer, Body, Query, operation
from service.api.once import once_of
from service.api.replies import document, listed
from service.api.shapes import Receipt, ReturnDocument, ReturnList, TallyDocument, Year
from service.clock import wire_time
from service.criteria.problem import nearest
from service.errors import NotFound, Unavailable
from service.identity.principal import Permission, require
from service.returns.asked import returns_now
from service.returns.choice import current, found_returns, signed_one
from service.returns.lifecycle import ALL_YEARS, Opening, open_return, withdraw_return
from service.returns.model import AnyReturn, Sealed, Superseded, Withdrawn, etag_of, sealed_of, state_of
from service.returns.seal import Declaration, seal
from service.returns.store import returns_of
from service.returns.tallies import tally_of_return
from service.returns.view import document as return_document
from service.scope.drafts import all_stored
from service.tally.count import Years
from service.terms.calendar import parse_period

_SCOPE: Final = "2025-11-wide"
_STATED: Final = "The `ETag` of the return that was read; 412 where it has moved since."


_NAME: Final = {"minLength": 1, "maxLength": 200, "pattern": WORDS}
_ONCE: Final = {"uniqueItems": True}
"""Of the document: a name that is too long, or a year that stands twice, is refused in words of its own."""


class OpeningBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is declared when a return is opened. ``force`` and ``period``, if sent, must be those of the path."""

    contract_version: Annotated[str, Meta(extra_json_schema={"pattern": NAME})] | None = None
    case_years: Annotated[list[Year | Literal["unknown"]], Meta(extra_json_schema=_ONCE)] | UnsetType | None = UNSET
    corrects: Annotated[int, Meta(ge=1, le=MOST_REVISIONS)] | None = None
    force: str | None = None
    period: str | None = None


class DeclarationBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Who signs, and that they hold the return to be right."""

    declaration: Annotated[bool, Meta(description="Must be true.", extra_json_schema={"const": True})]
    name: Annotated[str, Meta(extra_json_schema=_NAME)]
    role: Annotated[str, Meta(extra_json_schema=_NAME)]


class ReasonBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why, in words."""

    reason: Annotated[str, Meta(min_length=1, max_length=2000, extra_json_schema={"pattern": WORDS})]


class ReturnsController(Controller):
    """A force's returns."""

    path = "/api/forces/{force:str}/returns"
    tags = ["returns"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="The force's returns, newest first",
        operation_id="listReturns",
        operation_class=operation(
            Answer(shape=ReturnList, says="A page of the returns.", sometimes=("Link",)),
            permission=Permission.RETURNS_READ,
            query=PAGE,
        ),
    )
    async def list_returns(self, call: Calling, force: FromPath[str]) -> Response[bytes]:
        del force
        number = call.force(Permission.RETURNS_READ)
        asked = parameters(call.request, "cursor", "limit")
        after, limit = cursor(asked, tuple[str, Place]), page_size(asked)
        async with call.context.db.force(number) as tx:
            items = await returns_of(tx, number)
        place = None if after is None else (parse_period(after[0]), after[1])
        waiting = [item for item in items if place is None or (item.period, item.revision) < place]
        page = waiting[:limit]
        following = cursor_text((str(page[-1].period), page[-1].revision)) if len(waiting) > limit else None
        return listed(call.request, [_brief(call, item) for item in page], following)

    @put(
        "/{period:str}",
        status_code=200,
        summary="Open the return of a period, or change what the open one declares",
        operation_id="openReturn",
        description=(
            "Opens it (201), or gives the open one a newer contract version or other case years (200). The next "
            "revision of a sealed return is opened with `corrects`. A month before the newest sealed one is opened as "
            "a branch, on top of the return that it corrects or of the nearest before, and changes that month alone. "
            "Without a body it has the contract version and the case years of what it starts from; the first one the "
            "version that the terms name first, and all years. "
            "Needs the permission `returns:write`."
        ),
        operation_class=operation(
            {
                200: Answer(shape=ReturnDocument, says="It was open.", headers=("ETag",), sometimes=AGEING),
                201: Answer(shape=ReturnDocument, says="It was opened.", headers=("ETag",), sometimes=AGEING),
            },
            permission=Permission.RETURNS_WRITE,
            body=Body(shape=OpeningBody, required=False),
            if_match=_STATED,
            refusals=(
                *("no-such-period", "period-not-begun", "not-participating", "contract-not-accepted", "already-open"),
                *("already-sealed", "not-the-current-revision", "older-contract"),
                "stored-not-shown",
            ),
        ),
    )
    async def open_return(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        number = call.force(Permission.RETURNS_WRITE)
        parameters(call.request)
        month = call.period
        body = await body_of(call.request, OpeningBody)
        for member, said, path in (("force", body.force, force), ("period", body.period, period)):
            if said is not None and said != path:
                raise BodyRefused(f"/{member}", f"The body names another {member} than the path.", "Leave it out.")
        opening = Opening(
            contract_version=body.contract_version, case_years=_years(body.case_years), corrects=body.corrects
        )
        seen = None
        if "if-match" in call.request.headers:
            items = await returns_now(call.context, number, month)
            seen = if_match(call.request, etag_of(current(items)) if items else "")
        item, opened = await open_return(call.context, call.actor, number, month, opening, seen)
        return await shown(call, item, status=201 if opened else 200)

    @get(
        "/{period:str}",
        summary="Where a return stands: state, counts, findings, what to do next",
        operation_id="getReturn",
        operation_class=operation(
            Answer(shape=ReturnDocument, says="The return.", headers=("ETag",), sometimes=AGEING),
            permission=Permission.RETURNS_READ,
            query=(REVISION,),
        ),
    )
    async def get_return(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        number = call.force(Permission.RETURNS_READ)
        asked = parameters(call.request, "revision")
        month, revision = call.period, whole(asked, "revision", 1, MOST_REVISIONS)
        item = current(found_returns(await returns_now(call.context, number, month)), revision)
        async with call.context.db.force(number) as tx:
            return await _document(call, tx, item)

    @post(
        "/{period:str}/seal",
        status_code=200,
        summary="Sign and seal the return that was read",
        operation_id="sealReturn",
        description=(
            "The return must have no held row, no case without a word that its snapshot lacks, and no finding that "
            "waits for an answer. Asked again with the same tag it gives the same receipt. Needs the permission "
            "`returns:seal`."
        ),
        operation_class=operation(
            Answer(shape=Receipt, says="The receipt.", headers=("ETag",)),
            permission=Permission.RETURNS_SEAL,
            body=Body(shape=DeclarationBody),
            if_match="The `ETag` of the return that was read: one signs what one saw. 428 without, 412 where it moved.",
            must_match=True,
            refusals=(
                *("precondition-required", "not-declared", "not-ready", "not-open", "already-sealed"),
                "not-the-newest-period",
            ),
        ),
    )
    async def seal(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        items = await call.returns(Permission.RETURNS_SEAL)
        parameters(call.request)
        body = await body_of(call.request, DeclarationBody)
        item = signed_one(entity_tags(call.request, "if-match"), items)
        declaration = Declaration(declaration=body.declaration, name=body.name, role=body.role)
        sealed = await seal(
            call.context, call.actor, item.force, item.id, declaration, if_match(call.request, etag_of(item))
        )
        return document(sealed.receipt, etag=etag_of(sealed))

    @post(
        "/{period:str}/withdraw",
        status_code=200,
        summary="Take a return back: an open one, or that of the newest sealed month",
        operation_id="withdrawReturn",
        description=(
            "An open one is discarded with its draft; the place of a sealed one is taken by the newest that is "
            "left. Needs the permission `returns:write`, and for a sealed one `returns:seal` too."
        ),
        operation_class=operation(
            Answer(shape=ReturnDocument, says="The return, withdrawn.", headers=("ETag",), sometimes=AGEING),
            permission=Permission.RETURNS_WRITE,
            body=Body(shape=ReasonBody),
            if_match=_STATED,
            idempotent=True,
            refusals=("reason-missing", "already-withdrawn", "not-the-newest-period", "stored-not-shown"),
        ),
    )
    async def withdraw(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        item = await call.changing()
        if isinstance(item, Sealed):  # what a signature put into the national picture, only a signer takes out
            require(call.principal, Permission.RETURNS_SEAL)
        parameters(call.request)
        body = await reasoned_body(call.request, ReasonBody)
        once = once_of(call, msgspec.json.encode(body))
        withdrawn = await withdraw_return(
            call.context,
            call.actor,
            item.force,
            item.id,
            body.reason,
            if_match=if_match(call.request, etag_of(item)),
            once=once,
        )
        return await shown(call, withdrawn)

    @get(
        "/{period:str}/receipt",
        summary="The receipt of the sealed return",
        operation_id="getReceipt",
        operation_class=operation(
            Answer(shape=Receipt, says="The receipt.", headers=("ETag",)),
            permission=Permission.RETURNS_READ,
            query=(REVISION,),
            refusals=("not-sealed",),
        ),
    )
    async def receipt(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        asked = _checked(call, "revision")
        item = await self._signed(call, asked)
        return document(item.receipt, etag=etag_of(item))

    @get(
        "/{period:str}/tallies",
        summary="What the sealed return counts to under one scope edition",
        operation_id="getTally",
        operation_class=operation(
            Answer(shape=TallyDocument, says="The tally.", headers=("ETag",)),
            permission=Permission.RETURNS_READ,
            query=(
                Query(
                    name="scope",
                    description="A scope edition; otherwise the one in force.",
                    example=_SCOPE,
                    pattern=NAME,
                ),
                REVISION,
            ),
            refusals=("not-sealed", "no-tally", "no-scope-in-force", "scope-not-tallied"),
        ),
    )
    async def tallies(self, call: Calling, force: FromPath[str], period: FromPath[str]) -> Response[bytes]:
        del force, period
        asked = _checked(call, "scope", "revision")
        item = await self._signed(call, asked)
        scope = asked.get("scope")
        if scope is not None:
            await _check_scope(call, scope)
        if not isinstance(item, Sealed):
            raise _no_receipt()
        return document(await tally_of_return(call.context, item, scope), etag=etag_of(item))

    async def _signed(self, call: Call, asked: dict[str, str]) -> Sealed | Withdrawn:
        """The return of the period that was signed: the one asked for, else the one that counts."""
        items = await call.returns(Permission.RETURNS_READ)
        revision = whole(asked, "revision", 1, MOST_REVISIONS)
        item = (sealed_of(items) if revision is None else None) or current(items, revision)
        if not isinstance(item, Sealed | Withdrawn) or item.receipt is None:
            raise _no_receipt()
        return item


async def _check_scope(call: Call, name: str) -> None:
    """Of a force's question, the name of an edition that everyone may read."""
    async with call.context.db.app() as tx:
        known = [item.name for item in await all_stored(tx) if item.was_proposed]
    if name not in known:
        raise ParameterRefused("scope", "There is no such scope edition.", nearest(name, known) or "See /api/scopes.")


async def shown(
    call: Call, item: AnyReturn, *, status: int = 200, more: Mapping[str, Any] | None = None
) -> Response[bytes]:
    """A return as it is shown, with its tag: the answer to every change of a draft. ``more``: members beside."""
    try:
        async with call.context.db.force(item.force) as tx:
            return await _document(call, tx, item, status, more)
    except Unavailable as error:
        raise Unavailable(
            "The change is stored, and the return cannot be shown now.", "Read it shortly.", code="stored-not-shown"
        ) from error


async def _document(
    call: Call, tx: AsyncConnection, item: AnyReturn, status: int = 200, more: Mapping[str, Any] | None = None
) -> Response[bytes]:
    content = {**await return_document(call.context, tx, item), **(more or {})}
    headers = ageing_headers(call.context.terms, item.contract_version)
    return document(content, status=status, etag=etag_of(item), headers=headers)


def _checked(call: Call, *known: str) -> dict[str, str]:
    """The query parameters, once it is known that the caller may read here."""
    call.force(Permission.RETURNS_READ)
    return parameters(call.request, *known)


def _brief(call: Call, item: AnyReturn) -> dict[str, Any]:
    """A return as a line of the list."""
    force = call.context.forces.by_ordinal[item.force].code
    return {
        "force": force,
        "period": str(item.period),
        "revision": item.revision,
        "state": state_of(item),
        "contract_version": item.contract_version,
        "due": call.context.terms.calendar.due(item.period),
        "cases": item.summary.get("counts", {}).get("cases"),
        "opened_at": wire_time(item.opened_at),
        "sealed_at": wire_time(item.sealed_at) if isinstance(item, Sealed) else None,
        "digest": f"sha-256:{item.digest.hex()}" if isinstance(item, Sealed) else None,
        "counts_now": isinstance(item, Sealed) and not isinstance(item, Superseded),
        "links": {"self": f"/api/forces/{force}/returns/{item.period}?revision={item.revision}"},
    }


def _years(said: Sequence[int | str] | UnsetType | None) -> Years | None:
    """The declared years: None where nothing is said of them, all years where null is said."""
    if said is UNSET:
        return None
    if said is None:
        return ALL_YEARS
    for index, item in enumerate(converted(said, list[int | str])):
        if isinstance(item, str) and item != "unknown":
            raise BodyRefused(f"/case_years/{index}", "This is no year.", 'Write 2014, or "unknown".')
        if item in said[:index]:
            raise BodyRefused(f"/case_years/{index}", "This year stands here twice.", "Name each year once.")
    return Years(listed=tuple(sorted(item for item in said if isinstance(item, int))), unknown="unknown" in said)


def _no_receipt() -> NotFound:
    return NotFound(
        "This return is not sealed, so it has no receipt and no tally.", "Seal it first.", code="not-sealed"
    )
