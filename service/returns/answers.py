"""Answers to quality and macro findings (semantics 23).

An answer is bound to a rule, a case and the values that the rule looked at: it holds in later uploads and periods for
as long as those values stay, and lapses by itself when they change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.findings import key_name
from service.contract.model import deviations_of
from service.errors import Invalid
from service.returns.changes import Touched, change_draft
from service.returns.context import Actor, Context
from service.returns.model import Open
from service.storage.idempotency import Once

NO_CASE: Final = "00000000-0000-0000-0000-000000000000"
"""Stands for the case in answers about the whole return and about rows that are no case."""

QUALITY: Final = 2
"""Stored severities from here on must be answered before sealing; those below hold the row."""

UNANSWERED = (
    f"f.severity >= {QUALITY} and f.held_n is null and not exists (select 1 from answer a where a.force = f.force "
    f"and a.rule = f.rule and a.case_id = coalesce(f.case_id, '{NO_CASE}') and a.bound = f.bound) "
    "and not exists (select 1 from draft_withdrawal w where w.force = f.force and w.return_id = f.return_id "
    "and w.case_id = f.case_id and w.answer = 'withdraw')"
)
"""Condition on a finding ``f`` that still waits for words. A row that is held, or a case that is to be withdrawn, is
not in the return, so nobody need explain it."""

HELD_NOW = (
    f"f.severity < {QUALITY} and f.notice is not null and f.held_n is null and not exists (select 1 from "
    "draft_withdrawal w where w.force = f.force and w.return_id = f.return_id and w.case_id = f.case_id "
    "and w.answer = 'withdraw')"
)
"""Condition on a finding ``f`` of a row that was accepted before a rule notice made its rule one that holds rows."""

LONGEST = 2_000


class Words(Struct, frozen=True, kw_only=True):
    """One answer: for one case's finding, or (no key) for every finding of the rule in this return."""

    rule: str
    key: str | None
    words: str


class Problem(Struct, frozen=True, kw_only=True):
    """Why one of several answers was not taken."""

    pointer: str
    says: str
    fix: str


class AnswersRefused(Invalid):
    """Answers of which none was taken, with the reason for each that is wrong."""

    code = "answers-refused"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("Some answers could not be taken; none was stored.", "Mend those named in errors.")
        self.problems = tuple(problems)
        self.errors = tuple(msgspec.to_builtins(problem) for problem in problems)


async def unanswered_rules(tx: AsyncConnection, item: Open) -> list[str]:
    """The rules of which some finding of this return still waits for words."""
    rows = await tx.execute(
        text(
            "select distinct f.rule from finding f where f.force = :force and f.return_id = :id "
            f"and {UNANSWERED} order by f.rule"
        ),
        {"force": item.force, "id": item.id},
    )
    return list(rows.scalars())


async def explain(
    context: Context,
    actor: Actor,
    item: Open,
    answers: Sequence[Words],
    if_match: str | None,
    *,
    once: Once | None = None,
) -> tuple[Open, int]:
    """Store answers; all of them or none. The return as it is then, and how many findings they answer."""
    contract = context.library.contracts[item.contract_version]
    deviations = deviations_of(item.judged_by)
    problems: list[Problem] = []
    for index, answer in enumerate(answers):
        if answer.rule not in contract.rule:
            problems.append(_problem(index, "rule", "There is no such rule.", "Take the rule from the finding."))
        elif (severity := deviations.get(answer.rule, contract.rule[answer.rule]).severity) and severity.holds:
            problems.append(
                _problem(index, "rule", "This rule holds the row: words cannot answer it.", "Correct the row.")
            )
        if not 1 <= len(answer.words.strip()) <= LONGEST:
            problems.append(_problem(index, "words", "An answer is 1 to 2,000 characters.", "Write why it is so."))
    if problems:
        raise AnswersRefused(problems)
    async with (
        context.db.force(item.force) as tx,
        change_draft(context, tx, actor, item, if_match, once=once) as change,
    ):
        if change.known is not None:
            return change.item, change.known.as_type(int)
        counts = await _store(tx, context, actor, item, answers)
        answered = sum(counts.values())
        idle = [index for index in range(len(answers)) if index not in counts]
        held = await _held(tx, item, {answers[index].rule for index in idle}) if idle else frozenset()
        problems += [found for index in idle if (found := _idle(index, answers[index], held, key_name(contract)))]
        if problems:
            raise AnswersRefused(problems)
        change.answer = answered
        change.done("findings_answered", {"answers": len(answers), "findings": answered}, Touched.NO_ROW)
    return change.item, answered


async def _held(tx: AsyncConnection, item: Open, rules: Collection[str]) -> Collection[tuple[str, str | None]]:
    """Which of these rules find something in rows that are held, with the references of these rows."""
    rows = await tx.execute(
        text(
            "select distinct f.rule, f.key from finding f where f.force = :force and f.return_id = :id "
            "and f.held_n is not null and f.rule = any(:rules)"
        ),
        {"force": item.force, "id": item.id, "rules": list(rules)},
    )
    return frozenset((row.rule, row.key) for row in rows)


def _idle(index: int, answer: Words, held: Collection[tuple[str, str | None]], name: str) -> Problem | None:
    """Why an answer is for no finding that can be answered. One for all of a rule may have come for none: what is held
    is found again, and answered, when it is corrected."""
    if answer.key is None and any(rule == answer.rule for rule, _ in held):
        return None
    if answer.key is not None and (answer.rule, answer.key) in held:
        return _problem(index, name, HELD_SAYS, HELD_FIX)
    member = "rule" if answer.key is None else name
    return _problem(index, member, "This return has no such finding.", "Read the findings again.")


HELD_SAYS: Final = "The row of this finding is held, so nothing of it is in the return."
HELD_FIX: Final = "Correct the row and send it again; answer what is found then."


def _problem(index: int, member: str, says: str, fix: str) -> Problem:
    return Problem(pointer=f"/answers/{index}/{member}", says=says, fix=fix)


async def _store(
    tx: AsyncConnection, context: Context, actor: Actor, item: Open, answers: Sequence[Words]
) -> Counter[int]:
    """Bind the words to every finding they are meant for; how many findings each answer (by its index) has. An answer
    for one case is not overwritten by one for all; of two for the same, the later one stands."""
    counts: Counter[int] = Counter()
    for specific in (True, False):
        meant = [index for index, answer in enumerate(answers) if (answer.key is not None) is specific]
        if not meant:
            continue
        found = await tx.execute(
            text(_STORE.format(which="and f.key = g.key" if specific else "")),
            {
                "force": item.force,
                "id": item.id,
                "indexes": meant,
                "rules": [answers[index].rule for index in meant],
                "keys": [answers[index].key for index in meant],
                "words": [answers[index].words.strip() for index in meant],
                "specific": specific,
                "actor": actor.id,
                "now": context.now(),
            },
        )
        counts.update({row.place: row.findings for row in found})
    return counts


_STORE: Final = (
    "with found as (select g.place, g.words, f.rule, "
    f"coalesce(f.case_id, '{NO_CASE}') as case_id, f.bound from unnest(cast(:indexes as integer[]), "
    "cast(:rules as text[]), cast(:keys as text[]), cast(:words as text[])) g (place, rule, key, words) "
    "join finding f on f.rule = g.rule {which} where f.force = :force and f.return_id = :id "
    f"and f.severity >= {QUALITY} and f.held_n is null), "
    "meant as (select distinct on (rule, case_id, bound) * from found order by rule, case_id, bound, place desc), "
    "stored as (insert into answer (force, rule, case_id, bound, words, specific, first_id, return_id, answered_by, "
    "answered_at) select :force, m.rule, m.case_id, m.bound, m.words, :specific, :id, :id, :actor, :now from meant m "
    "on conflict (force, rule, case_id, bound) do update set words = excluded.words, "
    "specific = excluded.specific, return_id = excluded.return_id, answered_by = excluded.answered_by, "
    "answered_at = excluded.answered_at where excluded.specific or not answer.specific) "
    "select place, count(*) as findings from found group by place"
)
"""All answers of one kind in one statement: a force may send thousands, and holds its lock meanwhile."""
