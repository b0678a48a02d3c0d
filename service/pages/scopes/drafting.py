"""Draft an edition, or write a draft anew: pasted or uploaded, with everything that is wrong at its line and column."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Struct

from service.clock import london_date
from service.contract.model import PartName
from service.contract.written import JSON, LARGEST, YAML, DraftErrors, DraftProblem
from service.criteria.vocabulary import Kind
from service.errors import CaseReturnsError, NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.forms import FINE, REFUSALS, Problems, refused
from service.pages.force.receiving import FILE, receive
from service.pages.rules.adopter import adopter_of
from service.pages.scopes.deciding import WHAT
from service.pages.scopes.desk import places_in_words
from service.pages.scopes.showing import AT, HERE
from service.pages.scopes.words import free_name
from service.pages.visit import Visit, Visiting, to
from service.scope.draft import Draft, read_draft, text_of_draft
from service.scope.drafts import Stored, all_stored, stored_by_name
from service.scope.edition import State
from service.scope.lifecycle import draft, rewrite

TEXT: Final = "text"
_NEW: Final = f"{AT}/new"
_CHANGE: Final = f"{AT}/{{edition:str}}/change"
_BEGUN: Final = """\
edition: {name}
title: Who is counted, in a few words
vocabulary: "{version}"
rules:
  - id: first
    title: What the first rule asks for
    guidance: What to look at, and what does not matter.
    when: {field} >= 2
"""


class DraftPage(Struct, frozen=True, kw_only=True):
    """The page on which one sort of edition is drafted: where it is, and what it says."""

    here: str
    at: str
    what: str
    about: str
    hint: str


_PAGE: Final = DraftPage(
    here=HERE,
    at=AT,
    what="scope edition",
    about=(
        "A draft changes no figure, and only the NCA and the NPCC can read it. Its rules are conditions over the "
        "fields of the data standard (/api/contracts): a case counts where every one of them is true."
    ),
    hint=(
        "JSON is read as well. Its name is a year, a month and words, for example 2026-06-narrow, and is given once "
        "for ever"
    ),
)


class Written(Struct, frozen=True, kw_only=True):
    """What was pasted or uploaded, with the tag of the draft that was seen. ``content`` is as it came; ``text`` is what
    the form shows of it again."""

    text: str
    content: bytes = b""
    etag: str = ""

    @property
    def media(self) -> str:
        """Beginning as JSON does, it is read as such."""
        return JSON if self.text.lstrip().startswith("{") else YAML


@get(_NEW, include_in_schema=False)
async def show_drafting(visit: Visiting) -> Response[str]:
    """The form; begun with the text of another edition where the address names one."""
    adopter_of(visit, Permission.TERMS_PROPOSE, WHAT)
    context = visit.context
    async with context.db.national() as tx:
        stored = {item.name: item for item in await all_stored(tx)}
    taken = [*stored, *context.library.scopes]
    asked = visit.request.query_params.get("from")
    today = london_date(context.now())
    if asked is None:
        name = free_name("", taken, today)
        newest = context.library.newest
        fields = newest.parts[PartName.CASE].fields
        number = next((field.name for field in fields if field.kind is Kind.NUMBER and field.dimension), "a_number")
        return draft_form(visit, _PAGE, Written(text=_BEGUN.format(name=name, version=newest.version, field=number)))
    if asked not in stored:
        raise NotFound(NOT_HERE)
    # until when an edition is tallied is its own affair: it says nothing of another
    kept = {key: value for key, value in stored[asked].document.items() if key != "tallied_until"}
    begun = {**kept, "edition": free_name(asked, taken, today)}
    return draft_form(visit, _PAGE, Written(text=text_of_draft(begun)))


@post(_NEW, include_in_schema=False, request_max_body_size=None, status_code=303)
async def take_draft(visit: Visiting) -> Response[str] | Response[None]:
    """Store a new draft."""
    by, context = adopter_of(visit, Permission.TERMS_PROPOSE, WHAT), visit.context
    written = Written(text="")
    try:
        written = await written_of(visit)
        read = await _read(visit, written)
        stored = await draft(context.db, context.editions, by, read, context.now())
    except REFUSALS as error:
        return draft_again(visit, _PAGE, written, error)
    return to(f"{AT}/{stored.name}?done=drafted")


@get(_CHANGE, include_in_schema=False)
async def show_changing(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
    """The form with the draft as it stands."""
    adopter_of(visit, Permission.TERMS_PROPOSE, WHAT)
    item = await _item(visit, edition)
    if item.state is not State.DRAFT:
        return to(f"{AT}/{edition}")
    return draft_form(visit, _PAGE, Written(text=text_of_draft(item.document), etag=item.etag), name=edition)


@post(_CHANGE, include_in_schema=False, request_max_body_size=None, status_code=303)
async def take_change(visit: Visiting, edition: FromPath[str]) -> Response[str] | Response[None]:
    """Write the draft anew, over the one that was seen."""
    by, context = adopter_of(visit, Permission.TERMS_PROPOSE, WHAT), visit.context
    await _item(visit, edition)
    written = Written(text="")
    try:
        written = await written_of(visit)
        read = await _read(visit, written)
        await rewrite(context.db, by, edition, read, [written.etag], context.now())
    except REFUSALS as error:
        return draft_again(visit, _PAGE, written, error, name=edition)
    return to(f"{AT}/{edition}?done=drafted")


async def _item(visit: Visit, name: str) -> Stored:
    async with visit.context.db.national() as tx:
        item = await stored_by_name(tx, name)
    if item is None:
        raise NotFound(NOT_HERE)
    return item


async def written_of(visit: Visit) -> Written:
    """The file where one was chosen, otherwise what stands in the field."""
    received = await receive(visit.request, LARGEST, LARGEST * 2)
    if received.file is None:
        typed = (received.sent.many(TEXT) or ("",))[-1].replace("\r\n", "\n")
        content = typed.encode()
    else:
        with received.file as file:
            content = b"".join(file.chunks())
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\x00", "\ufffd")
    return Written(text=text, content=content, etag=received.sent.one("etag"))


async def _read(visit: Visit, written: Written) -> Draft:
    """The draft."""
    return await asyncio.to_thread(read_draft, written.content, written.media, visit.context.library)


def draft_again(
    visit: Visit, page: DraftPage, written: Written, error: CaseReturnsError, name: str | None = None
) -> Response[str]:
    """The form with what is wrong, each place with the line that stands there."""
    if isinstance(error, DraftErrors):
        return draft_form(
            visit, page, written, Problems(places_in_words(error, TEXT)), 422, name=name, wrong=error.problems
        )
    field = FILE if error.code in ("too-large", "upload-cut-short", "unsupported-media") else TEXT
    return draft_form(visit, page, written, *refused(visit, error, field), name=name)


def draft_form(
    visit: Visit,
    page: DraftPage,
    written: Written,
    problems: Problems = FINE,
    status: int = 200,
    *,
    name: str | None = None,
    wrong: Sequence[DraftProblem] = (),
) -> Response[str]:
    lines = written.text.split("\n")
    return visit.page(
        "scopes/draft.html",
        status=status,
        here=page.here,
        page=page,
        written=written,
        name=name,
        at=f"{page.at}/new" if name is None else f"{page.at}/{name}/change",
        wrong=[(each, lines[each.line - 1] if each.line <= len(lines) else "") for each in wrong],
        kilobytes=LARGEST >> 10,
        problems=problems,
    )
