"""Which rules a draft is asked: those of its contract version, as the rule notices in force have them today.

Findings are stored as the rules were when they were made. When a notice comes into force, or its days begin or end, an
open return is judged again the next time that anybody looks at it or changes it, and its ETag moves: nobody signs what
they have not seen. A sealed return stays as it was signed (semantics 13).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.clock import london_date
from service.contract.model import Contract, Deviation, Part, PartName, Role, deviations_of, deviations_text
from service.notices.store import contract_now
from service.returns.context import Context
from service.returns.draft import INTO_FINDINGS, PART_NUMBER, SEVERITY_NUMBER, bound_sql
from service.returns.model import AnyReturn, Open
from service.returns.naming import subject_of
from service.returns.parts import OWN, TABLES
from service.returns.probes import Probe, probes_of
from service.returns.store import lock_line, move_draft, return_by_id, returns_of, write_judged_by
from service.returns.summary import refresh_summary
from service.terms.calendar import Period

SERVICE: Final = "case-returns"
"""Who acts, in the audit log, where nobody asked for it."""


async def contract_asked(context: Context, tx: AsyncConnection, version: str) -> Contract:
    """A contract version with the rules that are asked today."""
    return await contract_now(tx, context.library.contracts[version], london_date(context.now()))


async def returns_now(context: Context, force: int, period: Period | None = None) -> Sequence[AnyReturn]:
    """A force's returns, newest first, the open ones judged by the rules of today."""
    async with context.db.force(force) as tx:
        items = await returns_of(tx, force, period)
        stale = [item for item in items if isinstance(item, Open) and await _is_stale(context, tx, item)]
        if not stale:
            return items
        await lock_line(tx, force)
        for item in stale:
            found = await return_by_id(tx, force, item.id)
            if isinstance(found, Open):
                await judged_today(context, tx, found)
        return await returns_of(tx, force, period)


async def is_judged_today(context: Context, tx: AsyncConnection, item: Open) -> bool:
    """Whether the return's findings are those of the rules of today."""
    return not await _is_stale(context, tx, item)


async def _is_stale(context: Context, tx: AsyncConnection, item: Open) -> bool:
    return deviations_text((await contract_asked(context, tx, item.contract_version)).deviations) != item.judged_by


async def judged_today(context: Context, tx: AsyncConnection, item: Open) -> Open:
    """The return, judged again where the rules have changed since. The caller holds the force's lock."""
    contract = await contract_asked(context, tx, item.contract_version)
    now = deviations_text(contract.deviations)
    if now == item.judged_by:
        return item
    changed = await _apply(tx, item, context.library.contracts[item.contract_version], contract)
    await write_judged_by(tx, item.force, item.id, now)
    moved = await refresh_summary(context, tx, await move_draft(tx, item.force, item.id))
    entry = Entry(
        action="draft_judged_again",
        actor=SERVICE,
        force=item.force,
        subject=subject_of(context, item),
        details={"rules": tuple(sorted(changed))},
    )
    await append(tx, entry, context.now())
    return moved


async def _apply(tx: AsyncConnection, item: Open, published: Contract, contract: Contract) -> Collection[str]:
    """Make the stored findings those of the rules of today; the rules that changed."""
    before, after = deviations_of(item.judged_by), contract.deviations
    changed = {rule for rule in {*before, *after} if before.get(rule) != after.get(rule)} & published.rule.keys()
    off = {rule for rule in changed if rule not in contract.rule}
    await _regrade(tx, item, contract, changed - off)
    await _free(tx, item, {rule: after[rule] for rule in after if rule in changed}, off)
    await tx.execute(
        text("delete from finding where force = :force and return_id = :return_id and rule = any(:rules)"),
        {"force": item.force, "return_id": item.id, "rules": sorted(off)},
    )
    back = {rule for rule in changed - off if (found := before.get(rule)) is not None and found.severity is None}
    for name, part in contract.parts.items():
        for probe in probes_of(contract, part):
            if probe.rule.id in back and probe.flag is None:
                await _ask(tx, item, name, part, probe)
    return changed


async def _regrade(tx: AsyncConnection, item: Open, contract: Contract, rules: Collection[str]) -> None:
    """Give the findings of some rules the severity that these have now."""
    grades = [(rule, SEVERITY_NUMBER[contract.rule[rule].severity], contract.rule[rule].notice) for rule in rules]
    await tx.execute(
        text(
            "update finding f set severity = g.severity, notice = g.notice from unnest(cast(:rules as text[]), "
            "cast(:severities as smallint[]), cast(:notices as text[])) g (rule, severity, notice) "
            "where f.force = :force and f.return_id = :return_id and f.rule = g.rule"
        ),
        {
            "force": item.force,
            "return_id": item.id,
            "rules": [rule for rule, _, _ in grades],
            "severities": [severity for _, severity, _ in grades],
            "notices": [notice for _, _, notice in grades],
        },
    )


async def _free(tx: AsyncConnection, item: Open, deviations: Mapping[str, Deviation], off: Collection[str]) -> None:
    """Mark held rows that no rule holds any more: their text is not read again here, so the force sends them again."""
    notices = {rule: found.notice for rule, found in deviations.items() if found.notice is not None}
    of_row = "f.force = h.force and f.return_id = h.return_id and f.held_n = h.n"
    await tx.execute(
        text(
            "update held_row h set freed_by = (select string_agg(distinct g.notice, ', ' order by g.notice) "
            "from finding f join unnest(cast(:rules as text[]), cast(:notices as text[])) g (rule, notice) "
            f"on g.rule = f.rule where {of_row}) "
            "where h.force = :force and h.return_id = :return_id and h.freed_by is null "
            f"and exists (select 1 from finding f where {of_row} and f.rule = any(:changed)) "
            f"and not exists (select 1 from finding f where {of_row} and f.severity < 2 and f.rule <> all(:off))"
        ),
        {
            "force": item.force,
            "return_id": item.id,
            "rules": list(notices),
            "notices": list(notices.values()),
            "changed": list(deviations),
            "off": sorted(off),
        },
    )


async def _ask(tx: AsyncConnection, item: Open, name: PartName, part: Part, probe: Probe) -> None:
    """Ask a rule that holds again of the rows that this return sent. What is as the sealed return has it stays so."""
    key = part.by_role.get(Role.KEY)
    table = "draft_case" if key is not None else TABLES[name]
    own = (
        "true"
        if key is not None
        else f"(select r.{OWN[name]} from case_return r where r.force = :force and r.id = :id)"
    )
    rows = (
        f"select m.*, {probe.value} as shown from {table} m "
        f"where m.force = :force and m.return_id = :id and {own} and {probe.fires}"
    )
    given: dict[str, Any] = {
        "force": item.force,
        "id": item.id,
        "part": PART_NUMBER[name],
        "rule": probe.rule.id,
        "severity": SEVERITY_NUMBER[probe.rule.severity],
        "field": probe.shown[0].name if probe.shown else None,
        "notice": probe.rule.notice,
    }
    bound = bound_sql(part, "coalesce(m.shown, '')", "m")
    row, named, case_id = (
        ("m.n", "null", "null::uuid") if key is None else ("coalesce(m.source_row, 0)", f"m.{key.name}", "m.case_id")
    )
    await tx.execute(
        text(
            f"{INTO_FINDINGS}select :force, :id, :part, coalesce({row}, 0), :rule, :severity, :field, m.shown, "
            f"{named}, {case_id}, null, {bound}, :notice from ({rows}) m"
        ),
        given,
    )
