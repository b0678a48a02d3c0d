"""The route of what forces are still asked, for the national bodies: counts from stored tallies, and no case."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, get
from msgspec import Meta, Struct

from service.api.asking import AnyRequest, chosen, parameters
from service.api.call import Serving
from service.api.documented import Answer, operation
from service.api.identity import Caller
from service.api.national import (
    AS_OF_QUERY,
    CSV,
    JSON,
    OFFERED,
    SCOPE_THEN,
    refuse_table_of_json,
    require_national,
    table_query,
    tagged,
)
from service.api.negotiation import negotiated
from service.api.newest import PERIOD, period_in
from service.api.public import Given
from service.api.shapes import Count, Next, Period
from service.api.why import EditionShown, edition_shown
from service.clock import wire_time
from service.contract.sheet import XLSX
from service.identity.principal import Permission
from service.picture.export import AsOfShown
from service.picture.narrowing import MOST_POINTS, RangeThen
from service.picture.outstanding import LackedSet, Outstanding, Outstandings, Together, outstanding
from service.picture.outstanding_export import OutstandingTable, as_csv, as_xlsx
from service.picture.question import read_as_of
from service.picture.words import Words
from service.terms.calendar import period_of

Cases = Annotated[Count, Meta(description="Cases and counts that lack it.")]
Numbers = Annotated[
    Count, Meta(description="How much of that forces report as numbers alone (aggregate cells): no work-list asks it.")
]
Alone = Annotated[Count, Meta(description="Those of them that lack nothing else: it settles them.")]


class _Shape(Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class ForceLackShown(_Shape):
    """An attribute that one force is asked for."""

    attribute: str
    label: str
    cases: Cases
    numbers: Numbers
    alone: Alone


class LackShown(ForceLackShown):
    """An attribute that forces are asked for, and how many of them are."""

    forces: Count


class ForceSetShown(_Shape):
    """Attributes that one force's cases lack together: exactly these, which settle them where all are known."""

    attributes: list[str]
    labels: list[str]
    cases: Annotated[Count, Meta(description="Cases and counts that lack these and nothing else.")]
    numbers: Numbers


class SetShown(ForceSetShown):
    """The same over all forces, and in how many of them."""

    forces: Count


_OtherSets = Annotated[Count, Meta(description="How many sets are not named.")]
_OtherCases = Annotated[Count, Meta(description="Cases and counts that lack one of those.")]


class ForceTogetherShown(_Shape):
    """What one force's return leaves undetermined, by what it lacks together, the heaviest set first: each case and
    count stands in one set, so all add up to `undetermined`."""

    sets: list[ForceSetShown]
    other_sets: _OtherSets
    other_cases: _OtherCases
    other_numbers: Numbers


class TogetherShown(_Shape):
    """The same over all forces."""

    sets: list[SetShown]
    other_sets: _OtherSets
    other_cases: _OtherCases
    other_numbers: Numbers


class ForceOutstandingShown(_Shape):
    """What one force is asked about its sealed return."""

    force: str
    period: Period
    revision: Count
    undetermined: Annotated[Count | None, Meta(description="Null: not judged under this edition (see `not_judged`).")]
    numbers: Annotated[
        Count | None,
        Meta(
            description=(
                "How much of it the force reports as numbers alone (aggregate cells): its work-list has the rest, and "
                "is empty where that is all. Null: not judged."
            )
        ),
    ]
    attributes: list[ForceLackShown]
    together: ForceTogetherShown


class RangeThenShown(_Shape):
    """The national range at a moment under the same edition: what the picture comes to with this `as_of`, what others
    lead taken out. The figures are null where a return that counted then is not judged under the edition."""

    month: Annotated[
        Period | None, Meta(description="The reporting month that ends with it; null: the moment that is asked for.")
    ]
    as_of: AsOfShown
    forces: Annotated[Count, Meta(description="Forces of which a return counted then.")]
    not_judged: Annotated[Count, Meta(description="How many of these returns are not judged under the edition.")]
    in_scope: Count | None
    undetermined: Count | None
    least: Count | None
    most: Annotated[Count | None, Meta(description="Null also where some number was not provided.")]


class OutstandingDocument(_Shape):
    """What was outstanding under one edition at a moment, over each force's return that counts for the picture then, or
    those of one month; forces without one are in no count."""

    scope: EditionShown
    as_of: AsOfShown
    forces: Count
    not_judged: Annotated[
        Count,
        Meta(
            description="Forces whose return is not judged under this edition: yet, or ever where it is not `tallied`."
        ),
    ]
    undetermined: Count
    numbers: Numbers
    led_elsewhere: Annotated[
        Count,
        Meta(
            description=(
                "How many of them are cases that another force leads: their own force is asked all the same, and the "
                "picture, where the lead's report counts, takes them out."
            )
        ),
    ]
    attributes: Annotated[list[LackShown], Meta(description="That first which settles most by itself.")]
    together: TogetherShown
    items: list[ForceOutstandingShown]
    narrowing: Annotated[
        list[RangeThenShown],
        Meta(
            max_length=MOST_POINTS,
            description=(
                "How the national range came to be what it was: by the end of each reporting month and, last, at the "
                f"moment that is asked for; the last {MOST_POINTS}. With `period` as the picture of that month."
            ),
        ),
    ]
    next: Next


class OutstandingController(Controller):
    """What is outstanding."""

    path = "/api/national/outstanding"
    tags = ["national"]  # noqa: RUF012  Litestar's own form

    @get(
        "/",
        summary="What forces are asked under one edition, by force and attribute, and how the national range narrowed",
        operation_id="listOutstanding",
        description=(
            "Of what stays undetermined, which attributes would settle how much, and which are lacking together: the "
            "counts behind the forces' own work-lists, of the returns that count for the picture at the same moment. "
            "From stored tallies alone, a force's own before anything that another leads is taken out "
            "(`led_elsewhere`); `narrowing` is national: what the picture came to month by month. JSON carries all; "
            "CSV (`Accept: text/csv`) one table, `?table=attributes` unless another is named; a workbook (XLSX) every "
            "table, each in a sheet. Needs the permission `national:read` of a national body."
        ),
        operation_class=operation(
            Answer(
                shape=OutstandingDocument,
                says="The forces, those that leave most undetermined first.",
                headers=("ETag", "Vary"),
                other={
                    CSV: "One table, with what it is of on every line.",
                    XLSX: "The tables, a sheet each, with what they are of on every row.",
                },
            ),
            permission=Permission.NATIONAL_READ,
            query=(
                SCOPE_THEN,
                AS_OF_QUERY,
                PERIOD,
                table_query(OutstandingTable),
            ),
            kept=True,
            refusals=(
                *("forbidden", "invalid", "no-scope-in-force", "no-such-scope", "scope-not-tallied"),
                "as-of-in-future",
            ),
        ),
    )
    async def outstanding(
        self, request: AnyRequest, context: Serving, published: Given, principal: Caller
    ) -> Response[bytes]:
        require_national(principal)
        media = negotiated(request.headers.get("accept"), OFFERED)
        asked = parameters(request, "scope", "as_of", "period", "table")
        scope, period = asked.get("scope"), period_in(asked)
        as_of = read_as_of(asked["as_of"].strip(), context.now()) if "as_of" in asked else None
        named = chosen(asked, "table", tuple(OutstandingTable))
        table = None if named is None else OutstandingTable(named)
        refuse_table_of_json(table, media)
        async with context.db.national() as tx:
            told = await outstanding(context, published, tx, scope=scope, period=period, as_of=as_of)
        if media == XLSX:
            return tagged(request, await asyncio.to_thread(as_xlsx, told, table), XLSX)
        if media == CSV:
            return tagged(request, as_csv(told, table or OutstandingTable.ATTRIBUTES).encode(), CSV)
        return tagged(request, msgspec.json.encode(_shown(told)), JSON)


def _shown(told: Outstandings) -> dict[str, Any]:
    words = told.words
    return {
        "scope": edition_shown(told.standing, told.day),
        "as_of": AsOfShown(told.as_of.position, wire_time(told.as_of.at)),
        "forces": len(told.forces),
        "not_judged": told.not_judged,
        "undetermined": told.undetermined,
        "numbers": told.numbers,
        "led_elsewhere": told.led_elsewhere,
        "attributes": [{**_lack(words, each), "forces": each.forces} for each in told.attributes],
        "together": _together(
            told.together, [{**_set(words, each), "forces": each.forces} for each in told.together.sets]
        ),
        "items": [
            {
                "force": words.force(each.force)[0],
                "period": str(period_of(each.period)),
                "revision": each.revision,
                "undetermined": each.undetermined,
                "numbers": each.numbers,
                "attributes": [_lack(words, lack) for lack in each.attributes],
                "together": _together(each.together, [_set(words, lacked) for lacked in each.together.sets]),
            }
            for each in told.forces
        ],
        "narrowing": [_range(each) for each in told.narrowing],
        "next": None,
    }


def _lack(words: Words, item: Outstanding) -> dict[str, Any]:
    return {
        "attribute": item.attribute,
        "label": words.label(item.attribute),
        "cases": item.cases,
        "numbers": item.numbers,
        "alone": item.alone,
    }


def _set(words: Words, item: LackedSet) -> dict[str, Any]:
    return {
        "attributes": item.attributes,
        "labels": [words.label(name) for name in item.attributes],
        "cases": item.cases,
        "numbers": item.numbers,
    }


def _together(told: Together, sets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "sets": sets,
        "other_sets": told.other_sets,
        "other_cases": told.other_cases,
        "other_numbers": told.other_numbers,
    }


def _range(told: RangeThen) -> dict[str, Any]:
    counts = told.counts
    return {
        "month": None if told.month is None else str(told.month),
        "as_of": AsOfShown(told.position, wire_time(told.at)),
        "forces": told.forces,
        "not_judged": told.not_judged,
        "in_scope": None if counts is None else counts.in_scope,
        "undetermined": None if counts is None else counts.undetermined,
        "least": None if counts is None else counts.least,
        "most": None if counts is None else counts.most,
    }
