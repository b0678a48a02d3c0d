"""Why one case is in scope, out of scope or undetermined: rule by rule, with what would settle it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from litestar import Response, get

from service.errors import NotFound
from service.identity.principal import NOT_HERE
from service.pages.force.place import HERE, place_of, whole_number
from service.pages.visit import Visit, Visiting
from service.returns.choice import current
from service.returns.edition_asked import editions_offered
from service.returns.why import explain_case
from service.scope.explain import Answer, RuleExplained, Said
from service.scope.store import Standing
from service.scope.verdict import Verdict

VERDICTS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.IN_SCOPE: ("In scope", "govuk-tag--green"),
    Verdict.UNDETERMINED: ("Undetermined", "govuk-tag--yellow"),
    Verdict.OUT_OF_SCOPE: ("Out of scope", "govuk-tag--grey"),
}
_ANSWERS: Final[Mapping[Answer, tuple[str, str]]] = {
    Answer.TRUE: ("Met", "govuk-tag--green"),
    Answer.FALSE: ("Not met", "govuk-tag--grey"),
    Answer.UNKNOWN: ("Not known", "govuk-tag--yellow"),
}
_EMPTY: Final = {
    "not_provided": "your force does not hold it",
    "not_applicable": "not applicable",
    None: "not known",
}


@get("/forces/{force:str}/returns/{period:str}/cases/{case_id:str}/why", include_in_schema=False)
async def show_why(visit: Visiting) -> Response[str]:
    """One case of a return under the edition in force, or the one that is asked for."""
    place = await place_of(visit)
    query = visit.request.query_params
    asked, revision = scope_in(visit), query.get("revision")
    item = current(place.items, None if revision is None else whole_number(revision))
    found = await explain_case(place.context, visit.actor, item, _case(visit), asked)
    async with place.context.db.force(place.number) as tx:
        offered = await editions_offered(place.context, tx)
    path = f"{place.path}/cases/{found.case_id}/why"
    return visit.page(
        "force/why.html",
        here=HERE,
        place=place,
        item=item,
        found=found,
        explained=found.explained,
        edition=found.standing.edition,
        verdict=VERDICTS[found.explained.verdict],
        rules=[
            (rule, _ANSWERS[rule.answer], [said_words(each) for each in rule.values]) for rule in found.explained.rules
        ],
        excluded=next((r.words.title for r in found.explained.rules if r.words.id == found.explained.rule), None),
        labels=_labels(found.explained.rules, found.explained.missing),
        others=other_editions(offered, found.standing),
        path=path,
        revision=item.revision,
    )


def scope_in(visit: Visit) -> str | None:
    """The edition in the address, if it names one."""
    return visit.request.query_params.get("scope") or None


def other_editions(offered: Sequence[Standing], shown: Standing) -> list[Standing]:
    """The editions that may be asked instead."""
    return [standing for standing in offered if standing.edition.name != shown.edition.name]


def _case(visit: Visit) -> UUID:
    try:
        return UUID(str(visit.request.path_params["case_id"]))
    except ValueError:
        raise NotFound(NOT_HERE) from None


def said_words(item: Said) -> tuple[str, str | None, str]:
    """A label, what is recorded, and what there is to say about it."""
    if item.value is None:
        return item.label, None, _EMPTY[item.empty]
    if item.derived:
        return item.label, item.value, "it follows from other values"
    return item.label, item.value, "" if item.exact else "not exactly known"


def _labels(rules: Sequence[RuleExplained], missing: Sequence[str]) -> list[str]:
    found = {each.attribute: each.label for rule in rules for each in rule.settled_by}
    return [found[name] for name in missing]
