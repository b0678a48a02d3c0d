"""One upload, from the spooled file to the draft: read, COPY, check, write, in one transaction.

The file was received before, so a slow sender holds nothing. The force's lock is taken only when all is checked; if the
draft moved since the upload began, nothing is written and the sender is told (semantics 16).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from time import perf_counter
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import Contract, PartName, deviations_text
from service.errors import Conflict, Invalid, PreconditionFailed
from service.register.columns import holds_at
from service.returns.as_read import as_read
from service.returns.asked import contract_asked
from service.returns.binary import binary_of
from service.returns.changes import Touched, change_draft, draft_moved
from service.returns.check import Check, Checked
from service.returns.context import Actor, Context, no_such_resource
from service.returns.draft import DraftWriter
from service.returns.findings import list_findings
from service.returns.held import hold_by_rule
from service.returns.model import AnyReturn, Open, etag_of
from service.returns.newer_file import NewerFile, newer_upload
from service.returns.overlay import Ground
from service.returns.overtaken import tell_of_overtaken
from service.returns.parts import replace_part
from service.returns.readers import read
from service.returns.rebase import take_ids_at
from service.returns.respelt import tell_of_respelt
from service.returns.spool import Spool
from service.returns.staging import SPAN_ROWS, Staged, Staging
from service.returns.states import Before, keep_state
from service.returns.store import compared, lock_line
from service.returns.telling import tell_of_check, tell_of_target, tell_of_upload
from service.storage.idempotency import Once, recall, remember
from service.telemetry.spans import each, span, traced


class Mode(StrEnum):
    """How rows are taken: merged by column into what is there, or as the whole stock; one case can be replaced."""

    CHANGES = "changes"
    SNAPSHOT = "snapshot"
    REPLACE = "replace"


class Upload(Struct, frozen=True, kw_only=True):
    """What one upload came to, as api.md has it. All counts are of rows or findings."""

    received: int
    accepted: int
    new: int
    changed: int
    unchanged: int
    held: int
    not_in_snapshot: int
    findings: dict[str, int]
    digest: str
    notes: tuple[str, ...] = ()
    newer_version: str | None = None
    """Where the file has names or codes of a newer contract version to which the return can go on: that version."""


class Target(Struct, frozen=True, kw_only=True):
    """The open return that an upload is for, as it was when the upload began."""

    item: Open
    if_match: str | None = None
    once: Once | None = None
    known_at: int | None = None
    """A number of the line from which the rows come: a case that is new here and that one there are the same."""


class RowRefused(Invalid):
    """One row that cannot be accepted, with its findings; nothing of it was stored."""

    code = "row-refused"

    def __init__(self, findings: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("The case cannot be accepted as it is; nothing was stored.", "Mend what errors names.")
        self.errors = tuple(findings)


def find_target(items: Sequence[AnyReturn], if_match: str | None) -> Target:
    """The open return among those of a period; says what to do where none is open."""
    if not items:
        raise no_such_resource()
    item = next((found for found in items if isinstance(found, Open)), None)
    if item is None:
        newest = items[0]
        raise Conflict(
            f"The return for {newest.period} is not open.",
            f'Open a correction with PUT and {{"corrects": {newest.revision}}}.',
            code="not-open",
        )
    if if_match is not None and if_match not in ("*", etag_of(item)):
        raise draft_moved(PreconditionFailed)
    return Target(item=item, if_match=if_match)


@traced("upload")
async def upload(
    context: Context,
    actor: Actor,
    target: Target,
    part: PartName,
    spool: Spool,
    media: str,
    *,
    mode: Mode = Mode.CHANGES,
    dry_run: bool = False,
    refuse_held: bool = False,
) -> Upload:
    """Take one file into the draft of an open return, or (``dry_run``) say what it would come to.

    ``refuse_held``: a row that would be held is refused with its findings instead (``RowRefused``), and all with it.
    """
    began = perf_counter()
    tell_of_target(context, target.item, part, mode)
    asked = context.library.contracts[target.item.contract_version].part(part)
    async with context.db.force(target.item.force) as tx:
        if target.once is not None:
            known = await recall(tx, target.item.force, target.once)
            if known is not None:
                return known.as_type(Upload)
        contract = await contract_asked(context, tx, target.item.contract_version)
        ground = await _ground(context, tx, target.item, part, mode)
        check = Check(tx, contract, asked, ground, is_dry=dry_run)
        staged = await _stage(check, spool, media, _span_rows(target.item, ground))
        with span("validate"):
            checked = await check.finish(staged)
            overtaken = await tell_of_overtaken(check) if staged.has_handed else ()
            respelt = await tell_of_respelt(check, checked, media)
        writer = DraftWriter(tx, check, checked)
        not_in_snapshot = await writer.count_missing() if mode is Mode.SNAPSHOT and part is PartName.CASE else 0
        newer = await newer_upload(context, tx, contract, target.item, part) if checked.has_read_findings else None
        answer = _answer(check.contract, checked, not_in_snapshot, spool, (*overtaken, *respelt, *staged.notes), newer)
        if dry_run:
            await tx.rollback()
            tell_of_check(part, mode)
            return answer
        if checked.held_by_rule:
            await hold_by_rule(tx, check, spool, media)
        if target.once is not None:  # the very same request may have been at it meanwhile: both get its answer
            await lock_line(tx, target.item.force)
            known = await recall(tx, target.item.force, target.once)
            if known is not None:
                return known.as_type(Upload)
        async with change_draft(context, tx, actor, target.item, target.if_match, must_be_unmoved=True) as change:
            if change.item.judged_by != deviations_text(contract.deviations):
                raise draft_moved(Conflict)  # a rule notice came into force while the file was checked
            if mode is not Mode.REPLACE:
                before = Before(what="upload", part=part, mode=mode.value, media=media, rows=answer.received)
                await keep_state(context, tx, actor, change.item, before)
            await _write(writer, check, mode, change.item.contract_version, answer, target.known_at)
            if refuse_held and answer.held:
                found, _ = await list_findings(tx, contract, target.item, held_after=writer.held_before)
                raise RowRefused([item.document for item in found])
            if target.once is not None:
                await remember(tx, target.item.force, target.once, 200, answer, context.now())
            touched = Touched.NOT_JUDGED if part is PartName.WORKFORCE else Touched.STOCK
            change.done(f"{part}_uploaded", _details(answer, spool), touched)
    rows = {"new": answer.new, "changed": answer.changed, "unchanged": answer.unchanged, "held": answer.held}
    tell_of_upload(context, target.item, part, mode, rows, checked.findings, contract, perf_counter() - began)
    return answer


@traced("draft")
async def _write(
    writer: DraftWriter, check: Check, mode: Mode, contract_version: str, answer: Upload, known_at: int | None
) -> None:
    """Findings first: they speak of what stood before the rows are written over it."""
    is_case = check.part.name is PartName.CASE
    whole = not is_case or mode is Mode.SNAPSHOT
    await writer.look()
    await writer.replace_held(whole=whole)
    await writer.replace_findings(whole=whole)
    if not is_case:
        await replace_part(writer.tx, check)
        return
    if mode is Mode.SNAPSHOT:
        await writer.list_missing(answer.not_in_snapshot)
    await writer.write_cases(contract_version)
    over = check.ground.over
    if check.key is not None and (over is not None or known_at is not None):
        await take_ids_at(writer.tx, check.key.name, check.ground.parameters, stock=known_at, over=over)
    checked = writer.checked
    if mode is not Mode.REPLACE and (checked.left == 0 or checked.left < checked.received):
        rests_on_base = mode is Mode.SNAPSHOT or checked.unchanged > checked.left
        await compared(writer.tx, check.ground.force, check.ground.return_id, rests_on_base=rests_on_base)


async def _ground(context: Context, tx: AsyncConnection, item: Open, part: PartName, mode: Mode) -> Ground:
    """What the rows are laid over. Nothing is locked yet: if it changes meanwhile, the draft's number tells."""
    held = holds_at(item.laid_over)
    row = (
        await tx.execute(
            text(
                f"select exists (select 1 from case_version v where v.force = :force and {held}) as base, "
                "exists (select 1 from draft_case where force = :force and return_id = :id) as draft"
            ),
            {"force": item.force, "id": item.id},
        )
    ).one()
    is_case = part is PartName.CASE
    return Ground(
        force=item.force,
        return_id=item.id,
        merges=is_case and mode is Mode.CHANGES,
        absent_is_not_provided=is_case and mode is Mode.SNAPSHOT,
        has_base=is_case and row.base,
        has_draft=is_case and row.draft,
        over=item.laid_over,
        read=as_read(context.library, item.contract_version) if is_case else None,
    )


async def _stage(check: Check, spool: Spool, media: str, span_rows: int) -> Staged:
    """Bring the file in, and check what is there while the rest is read."""
    staging = Staging(check.tx, check.contract, check.part)
    await staging.open()
    blocks = read(spool, media, check.part, check.contract, write=binary_of, leaves=check.ground.merges)
    with span("copy"):
        await staging.copy(each("decode", blocks, lambda block: len(block.rows)), check.span, least=span_rows)
    return staging.finish()


def _span_rows(item: Open, ground: Ground) -> int:
    """How many rows at least are checked at once. Each time what stood is looked through for their cases, so a few
    times must do for all."""
    if not (ground.has_base or ground.has_draft):
        return SPAN_ROWS
    stock: int = item.summary.get("counts", {}).get("cases", 0)
    return max(SPAN_ROWS, stock // 4)


def _answer(
    contract: Contract,
    checked: Checked,
    not_in_snapshot: int,
    spool: Spool,
    notes: tuple[str, ...],
    newer: NewerFile | None,
) -> Upload:
    return Upload(
        received=checked.received,
        accepted=checked.accepted,
        new=checked.new,
        changed=checked.changed,
        unchanged=checked.unchanged,
        held=checked.held,
        not_in_snapshot=not_in_snapshot,
        findings={severity.value: count for severity, count in checked.by_severity(contract).items()},
        digest=f"sha-256:{spool.digest.hex()}",
        notes=notes if newer is None else (newer.says, *notes),
        newer_version=newer.version if newer is not None and newer.raises else None,
    )


def _details(answer: Upload, spool: Spool) -> dict[str, Any]:
    return {
        "received": answer.received,
        "accepted": answer.accepted,
        "held": answer.held,
        "digest": spool.digest.hex(),
    }
