"""Cases at the border of an edition, for the force that holds them: how many there are, and a sample to look at.

One step away from another verdict is what one rule alone keeps out, every other being true, and what lacks one
attribute alone. The sample is the same whenever it is asked of the same return, and is spread over the reasons: one
case of each, then another of each. Which case comes first is told by its id, which says nothing of it. Nothing is
stored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from service.contract.findings import key_name
from service.contract.upgrade import reading_sql
from service.criteria.evaluate import missing
from service.criteria.ruling import ALONE, excluded_by, missing_of, unmarked
from service.criteria.sql import ruling_sql
from service.criteria.tree import fields_of
from service.criteria.wording import quoted
from service.register.columns import stored_case_columns
from service.returns.cases import log_reading
from service.returns.context import Actor, Context
from service.returns.current import sealed_rows
from service.returns.edition_asked import edition_asked
from service.returns.judged_rows import counting_of, judged_rows, parameters_of
from service.returns.model import Sealed
from service.returns.store import returns_of
from service.returns.why import stored_record
from service.scope.edition import Edition
from service.scope.explain import Said, field_of, said
from service.scope.reading import Reading
from service.scope.settling import Settling
from service.scope.store import Standing
from service.scope.verdict import Verdict
from service.scope.words import RuleInWords, edition_in_words
from service.storage.remembered import Statements
from service.telemetry.spans import traced

USUAL: Final = 20
MOST: Final = 200
"""Cases of a sample."""

_NEAR: Final = f"(r.ruling < -{ALONE} or (r.ruling > 0 and (r.ruling & (r.ruling - 1)) = 0))"
_STATEMENTS: Final = Statements()


class Reason(Struct, frozen=True, kw_only=True):
    """What so many ``cases`` are one step away by: the rule that alone keeps them out, or the attribute that alone they
    lack; never both. ``title`` is its words."""

    verdict: Verdict
    rule: str | None
    attribute: str | None
    title: str
    cases: int


class RuleAtBorder(Struct, frozen=True, kw_only=True):
    """A rule that decides such a case, or waits to, with what the record says of what it reads."""

    words: RuleInWords
    values: tuple[Said, ...]


class BorderCase(Struct, frozen=True, kw_only=True):
    """One case of the sample. ``key`` is its reference; ``words`` say what stands between it and another verdict."""

    case_id: UUID
    key: str
    reason: Reason
    rules: tuple[RuleAtBorder, ...]
    words: str


class Border(Struct, frozen=True, kw_only=True):
    """The border of one sealed return under one edition: every reason with its number, and the sample in their order.
    ``not_counted`` are cases at the border outside the years that count."""

    item: Sealed
    standing: Standing
    cases: int
    not_counted: int
    reasons: tuple[Reason, ...]
    sample: tuple[BorderCase, ...]


@traced("border")
async def find_border(
    context: Context, actor: Actor, tx: AsyncConnection, force: int, scope: str | None, limit: int
) -> Border:
    """The border of a force's newest sealed return under an edition or (None) the one in force, logged as the reading
    of cases that it is. NotFound where nothing is sealed."""
    item = counting_of(await returns_of(tx, force))
    standing = await edition_asked(context, tx, scope)
    edition = standing.edition
    counts = (await tx.execute(_counts_statement(context, item, edition), parameters_of(item))).all()
    reasons = {row.ruling: _reason(context, edition, row.ruling, row.cases) for row in counts if row.cases}
    given = {**parameters_of(item), "limit": limit}
    rows = (await tx.execute(_sample_statement(context, item, edition), given)).all()
    await log_reading(context, tx, actor, item, {"rows": len(rows), "border": edition.name})
    return Border(
        item=item,
        standing=standing,
        cases=sum(row.cases for row in counts),
        not_counted=sum(row.outside for row in counts),
        reasons=tuple(reasons.values()),
        sample=_sample(context, edition, rows, reasons),
    )


def _reason(context: Context, edition: Edition, marked: int, cases: int) -> Reason:
    ruling, is_alone = unmarked(marked)
    place = excluded_by(ruling)
    if is_alone and place is not None:
        rule = edition.rules[place]
        return Reason(verdict=Verdict.OUT_OF_SCOPE, rule=rule.id, attribute=None, title=rule.title, cases=cases)
    (attribute,) = missing_of(ruling, edition.definition.attributes)
    label = field_of(context.library.contracts[edition.vocabulary], attribute).label
    return Reason(verdict=Verdict.UNDETERMINED, rule=None, attribute=attribute, title=label, cases=cases)


def _sample(
    context: Context, edition: Edition, rows: Sequence[Row[Any]], reasons: dict[int, Reason]
) -> tuple[BorderCase, ...]:
    contract, settling = context.library.contracts[edition.vocabulary], Settling(context.library, edition)
    words = edition_in_words(edition, context.library).rules
    found = []
    for row in rows:
        reading = settling.reading(row.contract_version, stored_record(context.library, row), row.empties or {})
        reason = reasons[row.ruling]
        asked = () if reason.attribute is None else settling.questions(row.ruling, reading)
        rules = [
            RuleAtBorder(
                words=in_words,
                values=tuple(said(field_of(contract, name), reading) for name in fields_of(rule.criterion)),
            )
            for rule, in_words in zip(edition.rules, words, strict=True)
            if _decides(reason, rule.id, missing(rule.criterion, reading.judged))
        ]
        found.append(
            BorderCase(
                case_id=row.case_id,
                key=_key(reading, key_name(contract)),
                reason=reason,
                rules=tuple(rules),
                words=settling.words(asked) if asked else _kept_out(edition, reason),
            )
        )
    return tuple(found)


def _decides(reason: Reason, rule: str, lacks: Collection[str]) -> bool:
    return rule == reason.rule if reason.attribute is None else reason.attribute in lacks


def _key(reading: Reading, name: str) -> str:
    return str(reading.sent[name])


def _kept_out(edition: Edition, reason: Reason) -> str:
    others = "." if len(edition.rules) == 1 else "; it meets every other rule."
    return f"Only {quoted(reason.title)} keeps this case out{others}"


def _rows(context: Context, item: Sealed, edition: Edition) -> str:
    """The cases of the return, each with its marked ruling."""
    readings = reading_sql(context.library, edition.vocabulary, "o")
    return judged_rows(context, item, edition, ruling_sql(edition.definition, readings, marked=True))


_ORDER: Final = "{0}.ruling > 0, abs({0}.ruling)"
"""Rules in their order, then attributes in theirs."""


def _counts_statement(context: Context, item: Sealed, edition: Edition) -> Any:
    def written() -> str:
        return (
            "select r.ruling, count(*) filter (where r.counted) as cases, "
            f"count(*) filter (where not r.counted) as outside from ({_rows(context, item, edition)}) r "
            f"where {_NEAR} group by r.ruling order by {_ORDER.format('r')}"
        )

    return _STATEMENTS.get(("counts", edition.hash, item.years.listed is None), written)


def _sample_statement(context: Context, item: Sealed, edition: Edition) -> Any:
    """The cases of the sample as they are stored: of each reason the same number, as far as there are so many."""

    def written() -> str:
        columns = stored_case_columns(context.library)
        return (
            "with near as materialized (select r.case_id, r.ruling, row_number() over "
            "(partition by r.ruling order by md5(r.case_id::text), r.case_id) as place "
            f"from ({_rows(context, item, edition)}) r where r.counted and {_NEAR}), "
            f"chosen as materialized (select n.* from near n order by n.place, {_ORDER.format('n')} limit :limit) "
            f"select o.*, c.ruling from ({sealed_rows(columns)}) o join chosen c on c.case_id = o.case_id "
            f"order by {_ORDER.format('c')}, c.place"
        )

    return _STATEMENTS.get(("sample", edition.hash, item.years.listed is None), written)
