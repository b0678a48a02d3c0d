"""*This finding is wrong*: what a force says of a finding to those who keep the rules; no return changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.audit.entry import Entry
from service.audit.log import append
from service.contract.findings import key_name
from service.errors import Conflict, Invalid
from service.returns.answers import LONGEST
from service.returns.context import Actor, Context
from service.returns.model import AnyReturn
from service.returns.naming import subject_of
from service.returns.store import lock_line
from service.storage.idempotency import Once, recall, remember

About = tuple[str, str | None]
"""What a dispute is about: a rule, and the reference of a case where the finding is of one."""


class Said(Struct, frozen=True, kw_only=True):
    """What the force said of a finding last."""

    words: str
    at: datetime


class NoSuchFinding(Conflict):
    """A dispute about a finding that the return does not have: whoever keeps the rules could make nothing of it."""

    code = "no-such-finding"

    def __init__(self, member: str, says: str, fix: str) -> None:
        super().__init__(f"{says} Nothing was passed on.", fix)
        self.errors = ({"pointer": f"/{member}", "says": says, "fix": fix},)


async def dispute(
    context: Context,
    actor: Actor,
    item: AnyReturn,
    rule: str,
    key: str | None,
    words: str,
    *,
    once: Once | None = None,
) -> dict[str, Any]:
    """Keep it for those who keep the rules, counted by rule. ``key`` None: of the return, or of all that the rule
    finds in it."""
    contract = context.library.contracts[item.contract_version]
    if rule not in contract.rule:
        raise Invalid("There is no such rule in this contract version.", "Take the rule from the finding.")
    if not 1 <= len(words.strip()) <= LONGEST:
        raise Invalid("A dispute is 1 to 2,000 characters.", "Say what is wrong about the finding.")
    now = context.now()
    async with context.db.force(item.force) as tx:
        if once is not None:
            await lock_line(tx, item.force)  # two of the same at once come one after the other
            known = await recall(tx, item.force, once)
            if known is not None:
                return dict(known.body)
        await _must_be_found(tx, item, (rule, key), key_name(contract))
        row = (
            await tx.execute(
                text(
                    "insert into dispute (force, return_id, rule, key, words, raised_by, raised_at) values "
                    "(:force, :id, :rule, :key, :words, :actor, :now) returning id"
                ),
                {
                    "force": item.force,
                    "id": item.id,
                    "rule": rule,
                    "key": key,
                    "words": words.strip(),
                    "actor": actor.id,
                    "now": now,
                },
            )
        ).one()
        answer = {"id": str(row.id), "rule": rule, "words": words.strip()}
        if once is not None:
            await remember(tx, item.force, once, 201, answer, now)
        await append(
            tx,
            Entry(
                action="finding_disputed",
                actor=actor.id,
                force=item.force,
                subject=subject_of(context, item),
                details={"rule": rule},
            ),
            now,
        )
    return answer


async def disputed(tx: AsyncConnection, item: AnyReturn, about: Collection[About]) -> Mapping[About, Said]:
    """Which of these the force has disputed. A case keeps what was said of it from month to month; of a finding that
    is of no case only what was said in the month of this return is meant."""
    if not about:
        return {}
    rows = await tx.execute(
        text(
            "select distinct on (d.rule, d.key) d.rule, d.key, d.words, d.raised_at from dispute d "
            "join unnest(cast(:rules as text[]), cast(:keys as text[])) g (rule, key) "
            "on g.rule = d.rule and g.key is not distinct from d.key "
            "join case_return r on r.force = d.force and r.id = d.return_id "
            "where d.force = :force and (d.key is not null or r.period = :period) "
            "order by d.rule, d.key, d.raised_at desc, d.id"
        ),
        {
            "force": item.force,
            "period": item.period.first_day,
            "rules": [rule for rule, _ in about],
            "keys": [key for _, key in about],
        },
    )
    return {(row.rule, row.key): Said(words=row.words, at=row.raised_at) for row in rows}


async def _must_be_found(tx: AsyncConnection, item: AnyReturn, about: About, name: str) -> None:
    """Refuse what is about no finding of this return; ``name`` is that of the reference in the request."""
    rule, key = about
    row = (
        await tx.execute(
            text(
                "select count(*) as of_rule, count(*) filter (where key = cast(:key as text)) as of_row from finding "
                "where force = :force and return_id = :id and rule = :rule"
            ),
            {"force": item.force, "id": item.id, "rule": rule, "key": key},
        )
    ).one()
    if not row.of_rule:
        raise NoSuchFinding(
            "rule",
            "This return has no finding of this rule.",
            "Read the findings again. What a dry run or a check offline found can be disputed once the file is sent.",
        )
    if key is not None and not row.of_row:
        raise NoSuchFinding(
            name,
            "This rule finds nothing in a row with this reference.",
            f"Read the findings again, and take {name} from the one that you mean, written as it is there.",
        )


async def is_found(tx: AsyncConnection, item: AnyReturn, about: About) -> bool:
    """Whether the return has such a finding now."""
    rule, key = about
    rows = await tx.execute(
        text(
            "select exists (select 1 from finding f where f.force = :force and f.return_id = :id and f.rule = :rule "
            "and f.key is not distinct from cast(:key as text))"
        ),
        {"force": item.force, "id": item.id, "rule": rule, "key": key},
    )
    return bool(rows.scalar_one())
