"""What a force is asked: the cases that its newest sealed return leaves undetermined, and what would settle each.

Cases that do not count are not asked about (``judged_rows.py``). Cases of which one attribute settles all come first,
those of the attribute that settles most before others: ``ranked``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.canonical import canonical_text
from service.contract.findings import key_name
from service.contract.upgrade import all_names, new_names
from service.contract.values import Empty
from service.criteria.ruling import missing_of
from service.errors import Conflict
from service.register.columns import stored_case_columns
from service.returns.cases import STREAM_ROWS, log_reading
from service.returns.context import Actor, Context
from service.returns.current import current_rows, sealed_rows
from service.returns.edition_asked import edition_asked
from service.returns.judged_rows import counting_of, judged_rows, parameters_of
from service.returns.model import AnyReturn, Open, Sealed
from service.returns.raising import is_older
from service.returns.store import returns_of
from service.returns.why import stored_record
from service.scope.edition import Edition
from service.scope.explain import field_of
from service.scope.settling import Question, Settling
from service.scope.store import Standing
from service.storage.remembered import Statements
from service.tally.judge import judged
from service.telemetry.spans import traced
from service.terms.calendar import Period

_STATEMENTS: Final = Statements()


class Lack(Struct, frozen=True, kw_only=True):
    """One attribute that is asked for: in how many ``cases``, in how many of them nothing else is (``alone``), and in
    how many the force said that it does not hold it."""

    attribute: str
    cases: int
    alone: int
    not_provided: int


class WorkList(Struct, frozen=True, kw_only=True):
    """What is asked under one edition of one sealed return, by attribute, most decisive first. ``rulings``: those of
    the cases, in the order of the list; ``not_counted``: undetermined cases outside the years that count.

    ``draft``: the open return into which answers go, if there is one; ``contract_version``: in which they are written;
    ``taken_from``: the first period, from that of the draft on, whose return may be, None where the terms name none.
    """

    item: Sealed
    draft: Open | None
    standing: Standing
    contract_version: str
    taken_from: Period | None
    cases: int
    not_counted: int
    lacks: tuple[Lack, ...]
    rulings: tuple[int, ...]


class Missing(Struct, frozen=True, kw_only=True):
    """One attribute of one case: what is known of it so far, why nothing is, and the answers that decide."""

    question: Question
    value: str | None
    empty: str | None


class AskedCase(Struct, frozen=True, kw_only=True):
    """One case of the list. ``words`` say what it takes."""

    case_id: UUID
    key: str
    ruling: int
    missing: tuple[Missing, ...]
    words: str


class Place(Struct, frozen=True, array_like=True):
    """Where a page of the list ended: in the list of one return under one edition, and nowhere else."""

    return_id: UUID
    edition: int
    ruling: int
    case_id: UUID


class ListMoved(Conflict):
    """A page is asked for after a place that is in no list any more."""

    code = "work-list-moved"

    def __init__(self) -> None:
        super().__init__(
            "The work-list has changed since the page before: another return is sealed, or another edition is asked.",
            "Begin again, without a cursor.",
        )


@traced("work_list")
async def find_work(context: Context, tx: AsyncConnection, force: int, scope: str | None, only: str | None) -> WorkList:
    """The work-list of a force under an edition or (None) the one in force; ``only``: of cases that lack this
    attribute. NotFound where nothing is sealed."""
    items = await returns_of(tx, force)
    item = counting_of(items)
    # an open return of an older month does not start from this one
    draft = next((each for each in items if isinstance(each, Open) and each.period >= item.period), None)
    standing = await edition_asked(context, tx, scope)
    rows = (await tx.execute(_groups_statement(context, item, standing.edition), parameters_of(item))).all()
    attributes = standing.edition.definition.attributes
    asked = [row for row in rows if row.cases and (only is None or only in missing_of(row.ruling, attributes))]
    lacks = _lacks(attributes, asked)
    version = _written_in(context, standing.edition, draft or item)
    return WorkList(
        item=item,
        draft=draft,
        standing=standing,
        contract_version=version,
        taken_from=context.terms.first_taken(version, (draft or item).period),
        cases=sum(row.cases for row in asked),
        not_counted=sum(row.outside for row in rows),
        lacks=lacks,
        rulings=ranked([row.ruling for row in asked], attributes, [each.attribute for each in lacks]),
    )


def _written_in(context: Context, edition: Edition, item: AnyReturn) -> str:
    """The version of a file of answers: the edition's, so that all that is asked can be said; or that of the return,
    where this is newer."""
    older = is_older(context.library, item.contract_version, edition.vocabulary)
    return edition.vocabulary if older else item.contract_version


def _lacks(attributes: Sequence[str], groups: Sequence[Row[Any]]) -> tuple[Lack, ...]:
    cases, alone, held = Counter[str](), Counter[str](), Counter[str]()
    for group in groups:
        missing = missing_of(group.ruling, tuple(attributes))
        for name in missing:
            cases[name] += group.cases
            held[name] += group.not_provided[attributes.index(name)]
        if len(missing) == 1:
            alone[missing[0]] += group.cases
    found = [
        Lack(attribute=name, cases=cases[name], alone=alone[name], not_provided=held[name])
        for name in attributes
        if cases[name]
    ]
    return tuple(sorted(found, key=lambda each: (-each.alone, -each.cases)))


def ranked(rulings: Sequence[int], attributes: Sequence[str], order: Sequence[str]) -> tuple[int, ...]:
    """Rulings in the order of the list: those that lack least first, and among these by what they lack."""
    ranks = {name: place for place, name in enumerate(order)}

    def key(ruling: int) -> tuple[int, list[int]]:
        places = sorted(ranks[name] for name in missing_of(ruling, tuple(attributes)))
        return len(places), places

    return tuple(sorted(rulings, key=key))


async def page_of_work(
    context: Context, actor: Actor, tx: AsyncConnection, work: WorkList, after: Place | None, limit: int
) -> tuple[list[AskedCase], Place | None]:
    """A page of the list, logged as the reading of cases that it is, and the place to go on after."""
    edition = work.standing.edition
    at = 0
    if after is not None:
        here = (work.item.id, work.standing.id)
        if (after.return_id, after.edition) != here or after.ruling not in work.rulings:
            raise ListMoved
        at = work.rulings.index(after.ruling)
    sql = (
        f"select * from (select r.*, array_position(cast(:rulings as integer[]), r.ruling) as place from "
        f"({judged_rows(context, work.item, edition)}) r where r.counted and r.ruling = any(:rulings)) a "
        "where a.place > 1 or cast(:after as uuid) is null or a.case_id > :after "
        "order by a.place, a.case_id limit :limit"
    )
    given = {
        **parameters_of(work.item),
        "rulings": list(work.rulings[at:]),
        "after": None if after is None else after.case_id,
        "limit": limit + 1,
    }
    rows = (await tx.execute(text(sql), given)).all()
    settling = Settling(context.library, edition)
    page = [_asked_case(context, settling, edition, row) for row in rows[:limit]]
    await log_reading(context, tx, actor, work.item, {"rows": len(page), "work_list": edition.name})
    if len(rows) <= limit:
        return page, None
    last = page[-1]
    return page, Place(work.item.id, work.standing.id, last.ruling, last.case_id)


def _asked_case(context: Context, settling: Settling, edition: Edition, row: Row[Any]) -> AskedCase:
    record = stored_record(context.library, row)
    reading = settling.reading(row.contract_version, record, row.empties or {})
    questions = settling.questions(row.ruling, reading)
    contract = context.library.contracts[edition.vocabulary]
    missing = []
    for each in questions:
        value = reading.judged[each.attribute]
        missing.append(
            Missing(
                question=each,
                value=None if value is None else canonical_text(field_of(contract, each.attribute), value),
                empty=reading.empties.get(each.attribute) if value is None else None,
            )
        )
    return AskedCase(
        case_id=row.case_id,
        key=str(reading.sent[key_name(contract)]),
        ruling=row.ruling,
        missing=tuple(missing),
        words=settling.words(questions),
    )


def columns_of_file(context: Context, work: WorkList) -> list[str]:
    """The columns of a file of answers: the reference, and whatever is asked of any case, as the version in which it
    is written calls it.

    Nothing else: what a file does not have stays as it is (semantics 17), so a case whose other values change
    meanwhile is not set back by it.
    """
    vocabulary = work.standing.edition.vocabulary
    names = new_names(context.library, vocabulary, work.contract_version)
    asked = {each.attribute for each in work.lacks}
    order = [name for name in work.standing.edition.definition.attributes if name in asked]
    return [key_name(context.library.contracts[work.contract_version]), *(names[name] for name in order)]


async def stream_asked(context: Context, actor: Actor, work: WorkList) -> AsyncGenerator[Sequence[Row[Any]], None]:
    """The rows of a file of answers as they are stored, each with its ``ruling``, some thousands at a time; logged
    before the first one leaves.

    They are as the open return has them, where there is one: what is sent back must change nothing of it by itself.
    Cases that it withdraws, or settles already, are not asked about again.
    """
    edition, force = work.standing.edition, work.item.force
    async with context.db.force(force) as tx:
        await log_reading(context, tx, actor, work.item, {"whole": True, "work_list": edition.name})
    asked = (
        f"select r.case_id, array_position(cast(:rulings as integer[]), r.ruling) as place from "
        f"({judged_rows(context, work.item, edition)}) r where r.counted and r.ruling = any(:rulings)"
    )
    columns = stored_case_columns(context.library)
    draft = work.draft
    rows = sealed_rows(columns) if draft is None else current_rows(columns, draft.laid_over, without_withdrawn=True)
    sql = (
        f"with asked as materialized ({asked}) select n.*, a.place from "
        f"(select o.*, {judged(context.library, edition).ruling} as ruling from ({rows}) o) n "
        "join asked a on a.case_id = n.case_id where n.ruling > 0 order by a.place, n.case_id"
    )
    given = {**parameters_of(work.item), "rulings": list(work.rulings)}
    if work.draft is not None:
        given["return_id"] = work.draft.id
    async with context.db.force(force) as tx:
        result = await tx.stream(text(sql), given)
        async for found in result.partitions(STREAM_ROWS):
            yield found


def _groups_statement(context: Context, item: Sealed, edition: Edition) -> Any:
    """Undetermined cases by ruling: how many count, how many do not, and of how many the force said by attribute that
    it does not hold it."""

    def written() -> str:
        held = ", ".join(
            f"count(*) filter (where r.counted and coalesce({_why_empty(context, edition, name)}) = "
            f"'{Empty.NOT_PROVIDED}')"
            for name in edition.definition.attributes
        )
        return (
            f"select r.ruling, count(*) filter (where r.counted) as cases, "
            f"count(*) filter (where not r.counted) as outside, array[{held}]::bigint[] as not_provided "
            f"from ({judged_rows(context, item, edition)}) r where r.ruling > 0 group by r.ruling"
        )

    return _STATEMENTS.get(("groups", edition.hash, item.years.listed is None), written)


def _why_empty(context: Context, edition: Edition, attribute: str) -> str:
    """What rows say of why an attribute is empty, under any name that it has had."""
    return ", ".join(f"r.empties->>'{name}'" for name in all_names(context.library, edition.vocabulary, attribute))
