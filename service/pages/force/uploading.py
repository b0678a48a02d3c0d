"""Sends a file into the open return, or asks what it would come to; and shows what it came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from service.contract.model import PartName, Severity
from service.errors import NotFound
from service.identity.principal import NOT_HERE, Permission
from service.pages.force.forms import (
    FINE,
    KEY,
    NOTHING,
    REFUSALS,
    Problem,
    Problems,
    Typed,
    new_key,
    once_of,
    once_with,
    refused,
)
from service.pages.force.place import HERE, Place, place_of
from service.pages.force.progress import Uploads
from service.pages.force.receiving import FILE, Received, media_of, receive
from service.pages.force.words import PARTS, SEVERITY, Named
from service.pages.visit import Visiting, as_json, by_script, to
from service.returns.newer_file import after_going_on
from service.returns.raising import is_older
from service.returns.spool import Spool
from service.returns.upload import Mode, Target, Upload, upload
from service.storage.idempotency import KEY_REUSED, recall, remember, told_before

MODES: Final = (Mode.CHANGES.value, Mode.SNAPSHOT.value)
_AT: Final = "/forces/{force:str}/returns/{period:str}/upload/{part:str}"

UnderWay = NamedDependency[SkipValidation[Uploads]]


@get(_AT, include_in_schema=False)
async def show_upload(visit: Visiting) -> Response[str] | Response[None]:
    """The form."""
    place, named = await place_of(visit, Permission.RETURNS_WRITE), _named(visit.request.path_params["part"])
    if place.in_progress is None:
        return to(place.path)
    return _page(place, named, NOTHING)


@post(_AT, include_in_schema=False, request_max_body_size=None, status_code=303)
async def take_upload(visit: Visiting, under_way: UnderWay) -> Response[Any]:
    """Take the file into the draft."""
    return await _take(visit, under_way, dry_run=False)


@post(f"{_AT}/check", include_in_schema=False, request_max_body_size=None, status_code=303)
async def take_check(visit: Visiting, under_way: UnderWay) -> Response[Any]:
    """Say what the file would come to, and store nothing of it."""
    return await _take(visit, under_way, dry_run=True)


@get(f"{_AT}/check", include_in_schema=False)
async def show_check(visit: Visiting) -> Response[None]:
    """The form: a browser asks for this where a check was refused and somebody opens its address again."""
    place = await place_of(visit, Permission.RETURNS_WRITE)
    _named(visit.request.path_params["part"])
    return to(f"{place.path}/upload/{visit.request.path_params['part']}")


@get(f"{_AT}/progress/{{key:str}}", include_in_schema=False)
async def show_progress(visit: Visiting, under_way: UnderWay) -> Response[bytes]:
    """How far an upload is that this person sent: bytes of the file that are read, of all."""
    visit.force(Permission.RETURNS_WRITE)
    file = under_way.of(visit.person.principal.client_id, str(visit.request.path_params["key"]))
    found = {"read": None, "size": None} if file is None else {"read": file.read, "size": file.length}
    return as_json(found)


@get(f"{_AT}/{{outcome:str}}/{{key:str}}", include_in_schema=False)
async def show_outcome(visit: Visiting) -> Response[str]:
    """What an upload, or a check, came to."""
    place, named = await place_of(visit), _named(visit.request.path_params["part"])
    outcome = str(visit.request.path_params["outcome"])
    if outcome not in ("done", "checked"):
        raise NotFound(NOT_HERE)
    sent_to = f"{place.path}/upload/{visit.request.path_params['part']}{'/check' if outcome == 'checked' else ''}"
    once = once_with(visit, str(visit.request.path_params[KEY]), path=sent_to)
    async with place.context.db.force(place.number) as tx:
        known = await told_before(tx, place.number, once)
    if known is None:
        raise NotFound("What this upload came to is not kept any more.", "The page of the return says where it stands.")
    answer = known.as_type(Upload)
    return visit.page(
        "force/outcome.html",
        here=HERE,
        place=place,
        named=named,
        part=visit.request.path_params["part"],
        answer=answer,
        notes=_notes(place, answer),
        is_check=outcome == "checked",
        # what concerns the whole return is found when the draft is counted, and stands on the return's page
        found=[
            (words, answer.findings[severity.value])
            for severity, words in SEVERITY.items()
            if severity is not Severity.MACRO
        ],
        waiting=answer.findings[Severity.QUALITY.value],
        is_case=named.part is PartName.CASE,
        raise_to=answer.newer_version if _can_go_on(place, answer) else None,
    )


def _notes(place: Place, answer: Upload) -> Sequence[str]:
    """What the upload said; where the return has gone on to the version of the file since, what is left to do."""
    item, version = place.in_progress, answer.newer_version
    if item is None or version is None or is_older(place.context.library, item.contract_version, version):
        return answer.notes
    return after_going_on(answer.notes, version)


def _can_go_on(place: Place, answer: Upload) -> bool:
    """Whether the return can still be brought to the version of a file that it was not taken in whole."""
    item, version = place.in_progress, answer.newer_version
    if item is None or version is None or not place.may_write:
        return False
    return is_older(place.context.library, item.contract_version, version)


async def _take(visit: Visiting, under_way: Uploads, *, dry_run: bool) -> Response[Any]:
    place, named = await place_of(visit, Permission.RETURNS_WRITE), _named(visit.request.path_params["part"])
    received: Received | None = None
    try:
        received = await receive(visit.request, visit.site.max_upload_bytes)
        if received.file is None:
            return _again(place, named, received.sent, Problems([Problem(FILE, "Choose a file")]), 422)
        mode, problems = _mode(named, received.sent)
        if problems:
            return _again(place, named, received.sent, problems, 422)
        await _store(place, named, received.sent, received.file, mode, under_way, dry_run=dry_run)
    except REFUSALS as error:
        sent = NOTHING if received is None else received.sent
        # of a form whose key stands for another file already, no file would ever be taken
        key = new_key() if error.code == KEY_REUSED else None
        return _again(place, named, sent, *refused(visit, error, FILE), key=key)
    finally:
        if received is not None and received.file is not None:
            received.file.close()
    word = visit.request.path_params["part"]
    return _gone_on(visit, f"{place.path}/upload/{word}/{'checked' if dry_run else 'done'}/{received.sent.one(KEY)}")


async def _store(
    place: Place, named: Named, sent: Typed, file: Spool, mode: Mode, under_way: Uploads, *, dry_run: bool
) -> None:
    """Upload or check the file; the very same form again finds what it came to the first time."""
    visit, media = place.visit, media_of(file)
    once = once_of(visit, sent, file.digest)
    async with place.context.db.force(place.number) as tx:
        if await recall(tx, place.number, once) is not None:
            return
    target = Target(item=place.open, once=None if dry_run else once)
    with under_way.told(visit.person.principal.client_id, sent.one(KEY), file):
        answer = await upload(place.context, visit.actor, target, named.part, file, media, mode=mode, dry_run=dry_run)
    if dry_run:
        async with place.context.db.force(place.number) as tx:
            await remember(tx, place.number, once, 200, answer, place.context.now())


def _mode(named: Named, sent: Typed) -> tuple[Mode, Problems]:
    if named.part is not PartName.CASE:
        return Mode.CHANGES, FINE
    if sent.one("mode") not in MODES:
        return Mode.CHANGES, Problems([Problem("mode", "Say what the file holds")])
    return Mode(sent.one("mode")), FINE


def _named(word: object) -> Named:
    """The part in the address."""
    found = PARTS.get(str(word))
    if found is None:
        raise NotFound(NOT_HERE)
    return found


def _page(place: Place, named: Named, sent: Typed, problems: Problems = FINE, status: int = 200) -> Response[Any]:
    contract = place.context.library.contracts[place.item.contract_version]
    counts: Mapping[str, int] = place.item.summary.get("counts", {})
    word = str(place.visit.request.path_params["part"])
    fields = contract.part(named.part).fields
    return place.visit.page(
        "force/upload.html",
        status=status,
        here=HERE,
        place=place,
        named=named,
        part=word,
        at=f"{place.path}/upload/{word}",
        is_case=named.part is PartName.CASE,
        has_cases=bool(counts.get("cases")),
        contract=contract.version,
        needed=[field for field in fields if field.required],
        fields=fields,
        key=new_key(),
        most=place.visit.site.max_upload_bytes,
        most_mb=place.visit.site.max_upload_bytes >> 20,
        sent=sent,
        problems=problems,
    )


def _again(
    place: Place, named: Named, sent: Typed, problems: Problems, status: int, *, key: str | None = None
) -> Response[Any]:
    """The form with what is wrong: as a page, whose key is always new, or to the script that sent it, which keeps the
    chosen file, and its key where it is not given another."""
    if by_script(place.visit.request):
        return as_json({"errors": problems.listed, "key": key}, status)
    return _page(place, named, sent, problems, status)


def _gone_on(visit: Visiting, address: str) -> Response[Any]:
    return as_json({"next": address}) if by_script(visit.request) else to(address)
