"""Routes of the national page, and of the same figures as files."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

from litestar import Response, Router, get
from msgspec import Struct

from service.clock import london_date
from service.contract.sheet import XLSX
from service.criteria.memory import Memory
from service.errors import Invalid, NotFound
from service.pages.national.asked import Asked, Problem, api_address, file_address, problem_of, read
from service.pages.national.bridge import show_bridge
from service.pages.national.simulation import show_simulation
from service.pages.national.tiles import tile_map
from service.pages.national.view import pinned, view_of
from service.pages.national.words import BREAKDOWNS, ages, counted, meaning, range_of, report
from service.pages.site import Site
from service.pages.visit import Visit, Visiting, as_file, to
from service.picture.answer import answer
from service.picture.export import Answer, as_csv, as_xlsx
from service.picture.question import Table, closest, question, shown
from service.picture.store import StoredEdition, editions
from service.scope.store import NO_TALLIES
from service.scope.tallied import tallied_in_words
from service.scope.words import EditionInWords, edition_in_words
from service.terms.calendar import Calendar, Period, period_of


def national_pages(site: Site) -> Router:
    """``/national`` and its files, for the people of the national bodies."""
    in_words = Memory[str, EditionInWords](
        lambda name: edition_in_words(site.published.scopes[name], site.published.library)
    )

    @get("/", include_in_schema=False)
    async def page(visit: Visiting) -> Response[str] | Response[None]:
        visit.national()
        asked = read(visit.request.query_params.multi_items(), visit.context.now())
        if asked.by_form and not asked.problems:
            return to(asked.address())
        return _page(visit, asked, await _found(visit, asked), in_words)

    @get("/table.csv", include_in_schema=False)
    async def table(visit: Visiting) -> Response[bytes]:
        visit.national()
        asked = question(visit.request.query_params.multi_items(), visit.context.now())
        async with visit.context.db.national() as tx:
            found = await answer(tx, site.published, asked, visit.context.now())
        which = asked.table or Table.CELLS
        return as_file(as_csv(found, which).encode(), "text/csv", f"{_name(found)}-{which}.csv")

    @get("/tables.xlsx", include_in_schema=False)
    async def tables(visit: Visiting) -> Response[bytes]:
        visit.national()
        asked = question(visit.request.query_params.multi_items(), visit.context.now())
        async with visit.context.db.national() as tx:
            found = await answer(tx, site.published, asked, visit.context.now())
        return as_file(await asyncio.to_thread(as_xlsx, found, asked.table), XLSX, f"{_name(found)}.xlsx")

    @get("/chart.svg", include_in_schema=False)
    async def chart(visit: Visiting) -> Response[bytes]:
        visit.national()
        asked = read(visit.request.query_params.multi_items(), visit.context.now())
        if asked.problems:
            raise Invalid(f"{asked.problems[0].says}.", "Choose again on the page.")
        async with visit.context.db.national() as tx:
            found = await answer(tx, site.published, asked.question, visit.context.now())
        template = site.templates.get_template("national/chart.svg")
        drawn = template.render(view=view_of(found, asked), at=found.at, range_of=range_of, breakdowns=BREAKDOWNS)
        return as_file(drawn.encode(), "image/svg+xml", f"{_name(found)}.svg")

    return Router("/national", route_handlers=[page, table, tables, chart, show_simulation, show_bridge])


class _Found(Struct, frozen=True):
    """What the database said: the editions that can be asked for, and the picture or what stands in its way."""

    editions: Sequence[StoredEdition]
    answer: Answer | None
    asked: Asked


async def _found(visit: Visit, asked: Asked) -> _Found:
    published = visit.site.published
    async with visit.context.db.national() as tx:
        stored = await editions(tx, published.scopes)
        offered = [item for item in stored if item.state not in NO_TALLIES]
        if asked.problems:
            return _Found(offered, None, _with_scope_checked(asked, offered))
        try:
            told = await answer(tx, published, asked.question, visit.context.now())
            asked_for = [item for item in stored if item in offered or item.name == told.words.edition.name]
            return _Found(asked_for, told, asked)
        except (Invalid, NotFound) as error:
            problem = problem_of(error, asked)
            if problem is None:
                raise
            return _Found(offered, None, asked.with_problems(problem))


def _with_scope_checked(asked: Asked, offered: Sequence[StoredEdition]) -> Asked:
    """Where no picture is asked for, because something else is wrong: all that is wrong is said at once."""
    names = [item.name for item in offered]
    if asked.scope is None or asked.scope in names:
        return asked
    says = f"There is no scope edition {shown(asked.scope)}. {closest(asked.scope, names)}"
    return asked.with_problems(Problem("scope", says, "scope"), *asked.problems)


def _page(visit: Visit, asked: Asked, found: _Found, in_words: Memory[str, EditionInWords]) -> Response[str]:
    now, published = visit.context.now(), visit.site.published
    terms = published.terms.get(found.answer.terms) if found.answer else None
    calendar = (terms or visit.context.terms).calendar
    given: dict[str, Any] = {"asked": found.asked, "editions": found.editions, "periods": _periods(calendar, visit)}
    if found.answer is None:
        return visit.page("national/choose.html", status=422, here="national", titles=_titles(visit), **given)
    scope, as_of = found.answer.words.edition.name, pinned(asked, found.answer, calendar, now)
    view = view_of(found.answer, asked)
    standing = next(item for item in found.editions if item.name == scope)
    return visit.page(
        "national/picture.html",
        here="national",
        titles=_titles(visit),
        view=view,
        map=tile_map(published.library.lists, found.answer.words.forces, view.picture.coverage.forces),
        at=found.answer.at,
        end_of=date.fromisoformat(as_of) if asked.typed.by_day else None,
        words=in_words[scope],
        state=standing.state,
        stood=found.answer.state,
        tallied=tallied_in_words(found.answer.state, found.answer.tallied_until, found.answer.day),
        api=api_address(asked, scope, as_of),
        files={table: file_address(asked, scope, as_of, "table.csv", table) for table in Table},
        workbook=file_address(asked, scope, as_of, "tables.xlsx"),
        chart=file_address(asked, scope, as_of, "chart.svg"),
        kept=asked.address(scope=scope, as_of=as_of),
        breakdowns=BREAKDOWNS,
        range_of=range_of,
        meaning=meaning,
        counted=counted,
        report=report,
        ages=ages,
        **given,
    )


def _titles(visit: Visit) -> dict[str, str]:
    return {name: edition.title for name, edition in visit.site.published.scopes.items()}


def _periods(calendar: Calendar, visit: Visit) -> list[Period]:
    """The months that can be asked for, newest first."""
    today = period_of(london_date(visit.context.now()))
    return list(calendar.periods(calendar.first, today))[::-1]


def _name(found: Answer) -> str:
    return f"national-picture-{found.words.edition.name}-change-{found.position}"
