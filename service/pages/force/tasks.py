"""One month: what is in force, what is in progress, and the list of what is to be done until the seal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Response, get
from msgspec import Struct

from service.clock import london_date
from service.contract.model import PartName
from service.pages.force.opening import years_text
from service.pages.force.place import HERE, Place, month_of, whole_number
from service.pages.force.undoing import newest_state
from service.pages.force.words import SEVERITY, counted, next_step, stage_title
from service.pages.visit import Visiting, to
from service.returns.choice import current
from service.returns.findings import count_findings
from service.returns.model import AnyReturn, Open, Superseded, offered_by, state_of
from service.returns.seal import Reason, in_the_way


class Task(Struct, frozen=True, kw_only=True):
    """One line of the task list. ``tag`` colours what wants attention; without it the status is plain text."""

    title: str
    href: str | None
    status: str
    hint: str = ""
    tag: str | None = None


class Group(Struct, frozen=True):
    """Tasks that belong together."""

    title: str
    tasks: Sequence[Task]


@get("/forces/{force:str}/returns/{period:str}", include_in_schema=False)
async def show_return(visit: Visiting) -> Response[str] | Response[None]:
    """The month's page; of one revision where one is named."""
    place = await month_of(visit)
    if not place.items:
        return to(f"/forces/{place.slug}/open?period={place.period}")
    asked = visit.request.query_params.get("revision")
    item = current(place.items, None if asked is None else whole_number(asked))
    due = place.context.terms.calendar.due(place.period)
    given: dict[str, Any] = {
        "place": place,
        "item": item,
        "state": state_of(item),
        "due": due,
        "late": london_date(place.context.now()) > due,
        "years": years_text(item.years),
        "counts": item.summary.get("counts", {}),
        "stages": _stages(place, item),
        "is_current": item is place.item,
        "superseded": isinstance(item, Superseded),
        "corrected": offered_by(item),
    }
    if not isinstance(item, Open):
        return visit.page("force/return.html", here=HERE, **given)
    async with place.context.db.force(place.number) as tx:
        reasons = await in_the_way(tx, item)
        findings = await count_findings(tx, item)
    step = next_step(place, item, reasons)
    return visit.page(
        "force/tasks.html",
        here=HERE,
        step=step,
        groups=_groups(place, item, reasons, findings),
        undo=await newest_state(place, item) if place.may_write else None,
        done=_DONE.get(visit.request.query_params.get("done", "")),
        **given,
    )


def _stages(place: Place, item: AnyReturn) -> list[dict[str, Any]]:
    """Counts by stage under the edition in force when they were counted, with the stage's title."""
    edition = item.summary.get("scope")
    if edition is None:
        return []
    return [
        {**row, "title": stage_title(place.context, edition, row["stage"])} for row in item.summary.get("by_stage", ())
    ]


_DONE: Final[Mapping[str, str]] = {
    "undone": "The return is what it was then.",
    "carried": "The corrections are in this return now. Answer what was found in them, and sign it when it is ready.",
    "raised": "The return is written in version {version} now. Send again what could not be taken before.",
    "undone-in-another-version": "The return is what it was then, and is written in version {version} now.",
}
"""What is said first to who was sent here by something that they did."""

_AGAIN: Final = ("base-moved", "older-version")
"""Why a file that was sent must be sent again."""


def _groups(
    place: Place, item: Open, reasons: Sequence[Reason], findings: Mapping[str, Mapping[str, int]]
) -> list[Group]:
    counts: Mapping[str, int] = item.summary.get("counts", {})
    blocked = {reason.code: reason.count for reason in reasons}
    return [
        Group("Send what your force holds", _sending(place, item, counts, again=not blocked.keys().isdisjoint(_AGAIN))),
        Group("Answer what was found", _answering(place, counts, blocked, findings)),
        Group("Sign", [_signing(place, counts, reasons)]),
    ]


def _sending(place: Place, item: Open, counts: Mapping[str, int], *, again: bool) -> list[Task]:
    upload = f"{place.path}/upload" if place.may_write else None

    def task(name: str, title: str, hint: str, status: str, tag: str | None = None) -> Task:
        href = None if upload is None else f"{upload}/{name}"
        return Task(title=title, href=href, hint=hint, status=status, tag=tag)

    parts = place.context.library.contracts[item.contract_version].parts
    cells, teams = counts.get("aggregate_cells", 0), counts.get("workforce_rows", 0)
    cases, tag = _cases_status(counts)
    tasks = {
        PartName.CASE: task(
            "cases",
            "Upload cases",
            "One row a case, from your record system",
            *(("Send again", "govuk-tag--red") if again else (cases, tag)),
        ),
        PartName.AGGREGATE: task(
            "aggregates",
            "Upload counts",
            "Only for years that you cannot report case by case",
            counted(cells, "count", "counts") if cells else "Optional",
        ),
        PartName.WORKFORCE: task(
            "workforce",
            "Upload workforce",
            "Teams, and the people in them",
            counted(teams, "row", "rows") if teams else "Not sent",
        ),
    }
    return [each for part, each in tasks.items() if part in parts]


def _cases_status(counts: Mapping[str, int]) -> tuple[str, str | None]:
    if not counts.get("cases") and not counts.get("withdrawn"):
        return "Not sent", "govuk-tag--blue"
    changes = [f"{counts[name]:,} {name}" for name in ("new", "changed", "withdrawn") if counts.get(name)]
    held = counted(counts.get("cases", 0), "case", "cases")
    return f"{held}: {', '.join(changes) if changes else 'as last sealed'}", None


def _answering(
    place: Place,
    counts: Mapping[str, int],
    blocked: Mapping[str, int],
    findings: Mapping[str, Mapping[str, int]],
) -> list[Task]:
    waiting, tightened = blocked.get("unanswered-findings", 0), blocked.get("held-by-notice", 0)
    total = sum(each["total"] for each in findings.values())
    held, missing = blocked.get("held-rows", 0), blocked.get("not-in-snapshot", 0)
    aside = counts.get("set_aside", 0)
    found = ", ".join(
        f"{findings[severity.value]['total']:,} {words.lower()}"
        for severity, words in SEVERITY.items()
        if findings[severity.value]["total"]
    )
    return [
        Task(
            title="Findings",
            href=f"{place.path}/findings" if total else None,
            hint=found or "What the rules of the standard found in your rows",
            status=_found_status(blocked, total),
            tag="govuk-tag--red" if tightened else ("govuk-tag--yellow" if waiting else None),
        ),
        Task(
            title="Rows that could not be taken",
            href=f"{place.path}/held" if held or aside else None,
            hint="Kept with the text that you sent, until you correct them or set them aside",
            status=f"{held:,} to resolve" if held else (f"{aside:,} set aside" if aside else "None"),
            tag="govuk-tag--red" if held else None,
        ),
        Task(
            title="Cases missing from your file",
            href=f"{place.path}/missing" if missing or counts.get("withdrawn") else None,
            hint="Only where you sent everything that your force holds",
            status=f"{missing:,} to answer" if missing else _gone(counts),
            tag="govuk-tag--yellow" if missing else None,
        ),
    ]


def _found_status(blocked: Mapping[str, int], total: int) -> str:
    for code, what in (("held-by-notice", "to correct"), ("unanswered-findings", "to answer")):
        if code in blocked:
            return f"{blocked[code]:,} {what}"
    return "All answered" if total else "None"


def _gone(counts: Mapping[str, int]) -> str:
    gone = counts.get("withdrawn", 0)
    return f"{gone:,} withdrawn" if gone else "None"


def _signing(place: Place, counts: Mapping[str, int], reasons: Sequence[Reason]) -> Task:
    empty = not counts.get("cases") and not counts.get("aggregate_cells") and not counts.get("withdrawn")
    ready = not reasons and not empty
    return Task(
        title="Check and seal",
        href=f"{place.path}/seal" if ready else None,
        hint="Your force’s named person signs what was sent",
        status="Ready" if ready else "Cannot start yet",
        tag="govuk-tag--green" if ready else None,
    )
