"""The findings sheet that comes back with answers: each line's words go to the very finding that it was given for.

A line without an answer changes nothing. Good lines are stored; one that is not is told by its row, with what to do,
and never costs another line: the finding may have changed or gone since the sheet was given, and then the words would
stand for something that their writer did not see (semantics 23).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from itertools import islice
from typing import Final

from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.finding_sheet import ANSWER, FINDING
from service.contract.findings import finding_id, key_name
from service.contract.model import Contract, Deviation, PartName, Role, deviations_of
from service.errors import TooLarge
from service.returns.ahead import read_ahead
from service.returns.answers import HELD_FIX, HELD_SAYS, LONGEST, NO_CASE, QUALITY
from service.returns.changes import Touched, change_draft
from service.returns.context import Actor, Context
from service.returns.current import current_rows
from service.returns.findings import finding_of
from service.returns.model import Open
from service.returns.readers.source import Source
from service.returns.readers.table import TableRow, read_table

MOST_ANSWERS: Final = 50_000
"""Of one sheet: they are in memory until they are stored together."""
_BLOCK: Final = 1_000


class NotTaken(Struct, frozen=True, kw_only=True):
    """A line of the sheet whose answer was not stored."""

    row: int
    rule: str | None
    says: str
    fix: str


class Answered(Struct, frozen=True, kw_only=True):
    """What a sheet came to. ``answered``: lines whose words were stored; ``unchanged``: lines that say what was stored
    already."""

    answered: int
    unchanged: int
    not_taken: tuple[NotTaken, ...]


class _Line(Struct, frozen=True):
    row: int
    rule: str
    key: str
    finding: str
    words: str


class _Standing(Struct, frozen=True):
    """A finding that is there now, and its answer."""

    rule: str
    case_id: str
    bound: bytes
    words: str | None

    @property
    def place(self) -> tuple[str, str, bytes]:
        """Where its answer is kept: findings of rows without a case that look at the same values have one answer."""
        return self.rule, self.case_id, self.bound


_Place = tuple[str, str, bytes]
_READ_AGAIN: Final = "Download the findings again, look at it, and answer it there if it still needs one."


async def take_sheet(
    context: Context, actor: Actor, item: Open, source: Source, media: str, if_match: str | None
) -> tuple[Open, Answered]:
    """Store the answers of a sheet; the return as it is then, and what the sheet came to."""
    contract = context.library.contracts[item.contract_version]
    lines, refused = await _read(contract, deviations_of(item.judged_by), source, media)
    async with context.db.force(item.force) as tx, change_draft(context, tx, actor, item, if_match) as change:
        standing, found, held = await _standing(tx, contract, item, lines)
        chosen, said_again = _last_of_each(lines, standing)
        lost = [line for line in lines if line.finding not in standing]
        known = await _known(tx, contract, item, lost) if lost else set[str]()
        refused += [*said_again, *(_why(line, known, found, held) for line in lost)]
        new = [
            (standing[line.finding], line.words)
            for line in chosen.values()
            if (standing[line.finding].words or "").replace("\r\n", "\n").strip() != line.words
        ]
        if new:
            await _store(tx, context, actor, item, new)
            change.done("findings_answered", {"answers": len(new), "findings": len(new)}, Touched.NO_ROW)
    refused.sort(key=lambda problem: problem.row)
    return change.item, Answered(answered=len(new), unchanged=len(chosen) - len(new), not_taken=tuple(refused))


async def _read(
    contract: Contract, deviations: Mapping[str, Deviation], source: Source, media: str
) -> tuple[list[_Line], list[NotTaken]]:
    """The lines that have an answer, and those of them that can be refused by themselves."""
    lines: list[_Line] = []
    refused: list[NotTaken] = []
    rows = read_table(source, media, ("rule", key_name(contract), FINDING, ANSWER))
    async with aclosing(read_ahead(lambda: _some(rows))) as blocks:
        async for block in blocks:
            for row in block:
                found = _line(contract, deviations, row)
                if isinstance(found, NotTaken):
                    refused.append(found)
                elif found is not None:
                    lines.append(found)
            if len(lines) + len(refused) > MOST_ANSWERS:
                raise TooLarge(f"A sheet may have {MOST_ANSWERS:,} answers.", "Send them in several sheets.")
    return lines, refused


def _line(contract: Contract, deviations: Mapping[str, Deviation], row: TableRow) -> _Line | NotTaken | None:
    """The answer of a row, or why there can be none; None where nothing is said."""
    if row.cells is None:
        says = "This line has more cells than the heading."
        return NotTaken(row=row.number, rule=None, says=says, fix="Write the answer into its column.")
    if not row.cells[-1]:
        return None
    line = _Line(row.number, *row.cells)
    return _refused(contract, deviations, line) or line


def _some(rows: Iterator[TableRow]) -> list[TableRow] | None:
    return list(islice(rows, _BLOCK)) or None


def _refused(contract: Contract, deviations: Mapping[str, Deviation], line: _Line) -> NotTaken | None:
    """Why a line can be for no finding, whatever the return holds."""
    rule = contract.rule.get(line.rule)
    if rule is None:
        says = "There is no such rule in this contract version."
        return NotTaken(row=line.row, rule=None, says=says, fix="Leave the line's other columns as they were given.")
    severity = deviations.get(line.rule, rule).severity
    if severity is not None and severity.holds:
        says, fix = "This finding holds its row: words cannot answer it.", "Correct the row and upload it again."
        return NotTaken(row=line.row, rule=line.rule, says=says, fix=fix)
    if len(line.words) > LONGEST:
        says = f"The answer has {len(line.words):,} characters."
        return NotTaken(row=line.row, rule=line.rule, says=says, fix=f"Write {LONGEST:,} or fewer.")
    if not line.finding:
        says = f"The column {FINDING} is empty, so it cannot be told which finding this answers."
        return NotTaken(row=line.row, rule=line.rule, says=says, fix=_READ_AGAIN)
    return None


def _last_of_each(
    lines: Sequence[_Line], standing: Mapping[str, _Standing]
) -> tuple[dict[_Place, _Line], list[NotTaken]]:
    """One line for each answer that there can be; of several that differ the last, and the others told."""
    chosen: dict[_Place, _Line] = {}
    refused: list[NotTaken] = []
    for line in lines:
        if line.finding not in standing:
            continue
        place = standing[line.finding].place
        before = chosen.get(place)
        if before is not None and before.words != line.words:
            says = f"Row {line.row:,} answers the same finding in other words; those were taken."
            fix = "Keep one of the two lines, and send the sheet again if it is this one."
            refused.append(NotTaken(row=before.row, rule=before.rule, says=says, fix=fix))
        chosen[place] = line
    return chosen, refused


async def _standing(
    tx: AsyncConnection, contract: Contract, item: Open, lines: Sequence[_Line]
) -> tuple[dict[str, _Standing], set[tuple[str, str]], set[str]]:
    """The findings that are there now under the rules and for the cases of the lines, by what names them; which rule
    finds something in which case; and the names of what is found in rows that are held."""
    rows = await tx.execute(
        text(
            f"select f.part, f.row, f.rule, f.severity, f.field, f.value, f.key, f.notice, f.bound, f.held_n, "
            f"coalesce(f.case_id, '{NO_CASE}')::text as case_id, a.words from finding f "
            "left join answer a on a.force = f.force and a.rule = f.rule and a.bound = f.bound "
            f"and a.case_id = coalesce(f.case_id, '{NO_CASE}') where f.force = :force and f.return_id = :id "
            f"and f.severity >= {QUALITY} and f.rule = any(:rules) and coalesce(f.key, '') = any(:keys)"
        ),
        {
            "force": item.force,
            "id": item.id,
            "rules": list({line.rule for line in lines}),
            "keys": list({line.key for line in lines}),
        },
    )
    standing: dict[str, _Standing] = {}
    found: set[tuple[str, str]] = set()
    held: set[str] = set()
    for row in rows:
        name = finding_id(finding_of(contract, row))
        if name is not None and row.held_n is not None:
            held.add(name)
        elif name is not None:
            standing[name] = _Standing(row.rule, row.case_id, row.bound, row.words)
        found.add((row.rule, row.key or ""))
    return standing, found, held


async def _known(tx: AsyncConnection, contract: Contract, item: Open, lines: Sequence[_Line]) -> set[str]:
    """Those of the references that are of cases in the return."""
    key = contract.parts[PartName.CASE].by_role[Role.KEY].name
    sql = current_rows((key,), item.laid_over, without_withdrawn=True)
    rows = await tx.execute(
        text(f"select cur.{key} from ({sql}) cur where cur.{key} = any(:keys)"),
        {"force": item.force, "return_id": item.id, "keys": list({line.key for line in lines if line.key})},
    )
    return set(rows.scalars())


def _why(line: _Line, known: set[str], found: set[tuple[str, str]], held: set[str]) -> NotTaken:
    """Why a line found no finding: its row is held, its values changed, it is not found any more, or its case is not in
    the return."""
    if line.finding in held:
        return NotTaken(row=line.row, rule=line.rule, says=HELD_SAYS, fix=HELD_FIX)
    if (line.rule, line.key) in found:
        says = "What this finding looked at has changed since the sheet was given."
        return NotTaken(row=line.row, rule=line.rule, says=says, fix=_READ_AGAIN)
    if line.key and line.key not in known:
        says, fix = "The case is not in this return.", "Nothing is to be answered; or upload the case, and look again."
        return NotTaken(row=line.row, rule=line.rule, says=says, fix=fix)
    says = "This is not found any more, so it needs no answer."
    return NotTaken(row=line.row, rule=line.rule, says=says, fix="Nothing is to be done.")


async def _store(
    tx: AsyncConnection, context: Context, actor: Actor, item: Open, said: Sequence[tuple[_Standing, str]]
) -> None:
    """Bind words to findings; they stand before an answer for all of a rule."""
    await tx.execute(
        text(
            "insert into answer (force, rule, case_id, bound, words, specific, first_id, return_id, "
            "answered_by, answered_at) "
            "select :force, g.rule, g.case_id, g.bound, g.words, true, :id, :id, :actor, :now from unnest("
            "cast(:rules as text[]), cast(:cases as uuid[]), cast(:bounds as bytea[]), cast(:words as text[])) "
            "g (rule, case_id, bound, words) on conflict (force, rule, case_id, bound) do update set "
            "words = excluded.words, specific = true, return_id = excluded.return_id, "
            "answered_by = excluded.answered_by, answered_at = excluded.answered_at"
        ),
        {
            "force": item.force,
            "id": item.id,
            "actor": actor.id,
            "now": context.now(),
            "rules": [each.rule for each, _ in said],
            "cases": [each.case_id for each, _ in said],
            "bounds": [each.bound for each, _ in said],
            "words": [words for _, words in said],
        },
    )
