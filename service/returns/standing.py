"""How the findings of a return stand to their answers: said before, lapsed, or new (semantics 23)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.model import PartName
from service.returns.answers import NO_CASE, QUALITY
from service.returns.draft import PART_NUMBER
from service.returns.model import Open


class Standing(Struct, frozen=True, kw_only=True):
    """The findings of one rule in one return: each is answered by words of an earlier return, lapsed (there were words,
    of other values), or new. ``waiting``: how many of the last two have no words yet; none, once it is sealed."""

    answered: int
    lapsed: int
    new: int
    waiting: int


_FIRST_HERE = "(a.first_id is null or a.first_id = f.return_id)"
_OF_SOMETHING = f"(f.case_id is not null or f.part = {PART_NUMBER[PartName.RETURN]})"
"""A row that is no case, a cell, has no name by which other values of it could be known."""

_STANDING = text(
    "select s.rule, count(*) filter (where not s.first_here) as answered, "
    "count(*) filter (where s.first_here and s.earlier) as lapsed, "
    "count(*) filter (where s.first_here and not s.earlier) as new, "
    "count(*) filter (where s.waiting) as waiting from ("
    f"select f.rule, {_FIRST_HERE} as first_here, a.first_id is null as waiting, "
    f"{_FIRST_HERE} and {_OF_SOMETHING} and b.rule is not null as earlier "
    "from finding f left join answer a on a.force = f.force and a.rule = f.rule and a.bound = f.bound "
    f"and a.case_id = coalesce(f.case_id, '{NO_CASE}') "
    # joined and not looked up for every finding: there may be thousands. Where the words are first said here, every
    # word of before is of other values
    "left join (select distinct rule, case_id from answer where force = :force and first_id <> :id) b "
    f"on b.rule = f.rule and b.case_id = coalesce(f.case_id, '{NO_CASE}') where f.force = :force and f.return_id = :id "
    f"and f.severity >= {QUALITY} and f.held_n is null and not exists (select 1 from draft_withdrawal w "
    "where w.force = f.force and w.return_id = f.return_id and w.case_id = f.case_id and w.answer = 'withdraw')) s "
    "group by s.rule"
)


async def standing_by_rule(tx: AsyncConnection, item: Open) -> Mapping[str, Standing]:
    """Every rule of which words are asked, in the order of their ids."""
    rows = await tx.execute(_STANDING, {"force": item.force, "id": item.id})
    found = {
        row.rule: Standing(answered=row.answered, lapsed=row.lapsed, new=row.new, waiting=row.waiting) for row in rows
    }
    return dict(sorted(found.items()))
