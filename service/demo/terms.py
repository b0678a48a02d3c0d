"""The terms of reference of the synthetic country: the newest published ones, moved so that they are never stale.

Calendar, milestones, accepted contract versions and participation move by whole months, so that the country's first
period is the first of the terms; two forces join later. Contracts and scopes are not touched: they stay byte for byte
the published ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

import yaml
from msgspec.structs import replace

from service.clock import london_date
from service.contract.library import Document, Library
from service.contract.source import Problems
from service.demo.moments import adopted_at
from service.demo.plan import CountryPlan
from service.demo.plan import plan as make_plan
from service.terms.calendar import parse_period
from service.terms.check import Published
from service.terms.load import read_terms
from service.terms.model import Terms


def demo_terms(published: Published, plan: CountryPlan) -> Document:
    """The edition ``demo-2026-05`` of a country whose first period is 2026-05, as it would stand in a file."""
    model = list(published.library.terms.values())[-1]
    content: dict[str, Any] = yaml.safe_load(model.content)
    first = parse_period(plan.periods[0])
    months = first.months_since(published.terms[model.name].calendar.first)
    content |= {
        "edition": f"demo-{first}",
        "title": "Terms of reference of a synthetic country, for demonstration",
        "adopted": london_date(adopted_at(plan)),
        "source": f"Made for a demonstration from the terms {model.name}, moved by {months} months",
        "contracts": _contracts(content["contracts"], plan),
        "calendar": {**content["calendar"], "first": str(first)},
        "milestones": [{**entry, "by": _later(entry["by"], months)} for entry in content["milestones"]],
        "participation": _participation(published.terms[model.name], plan),
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=116)
    return document_of(content["edition"], text)


def document_of(name: str, text: str) -> Document:
    """An edition of the terms as a document of the library."""
    return Document(name, f"terms/{name}.yaml", text, hashlib.sha256(text.encode()).hexdigest())


def with_terms(published: Published, document: Document) -> tuple[Published, Terms]:
    """What is published, with this edition of the terms alone. Raises ``LibraryErrors`` where it cannot be used."""
    problems = Problems()
    library: Library = replace(published.library, terms=MappingProxyType({document.name: document}))
    terms = read_terms(document, library, problems)
    problems.raise_if_any()
    return replace(published, library=library, terms=MappingProxyType({document.name: terms})), terms


def _participation(model: Terms, plan: CountryPlan) -> list[dict[str, Any]]:
    """Everyone from the first period on, but for the forces that join later."""
    whole = make_plan(plan.day, seed=plan.seed)  # who joins when does not depend on how many cases are wanted
    first = plan.periods[0]
    joins = {each.force: each.reports[0] if each.reports else first for each in whole.forces}
    since: dict[str, list[str]] = {}
    for force in model.forces():
        since.setdefault(joins.get(force, first), []).append(force)
    return [{"from": period, "forces": forces} for period, forces in sorted(since.items())]


def _contracts(entries: Sequence[Mapping[str, Any]], plan: CountryPlan) -> list[dict[str, Any]]:
    """The versions of the model. The newest is taken from the newest period on, so that going over to it can be tried;
    every older one from the first period until three months after that."""
    first, last = plan.periods[0], plan.periods[-1]
    *older, newest = [str(entry["version"]) for entry in entries]
    until = str(parse_period(last).plus(3))
    found = [{"version": version, "from": first, "until": until} for version in older]
    return [*found, {"version": newest, "from": last if older else first}]


def _later(day: date, months: int) -> date:
    """The same day some months later; the last day of a month stays the last."""
    month = parse_period(f"{day:%Y-%m}").plus(months)
    was_last = (day + timedelta(days=1)).day == 1
    return month.last_day if was_last else month.first_day.replace(day=min(day.day, month.last_day.day))
