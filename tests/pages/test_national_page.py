"""The national page: its numbers are the API's, each leads to its source, and an unknown is never shown as none."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
import pytest_asyncio
from msgspec import Struct
from sqlalchemy import text

from service.pages.national.tiles import tile_map
from service.storage.database import Database
from tests.support.browser import signed_in
from tests.support.identity import Hand
from tests.support.reading import Cell, Read, read_page
from tests.support.server import Served, a_served, good
from tests.support.tallies import PUBLISHED, REFERRAL, WIDE, Country, Row, a_country, statements_of
from tests.support.workbooks import XLSX, sheets_of

NOW = datetime(2026, 2, 20, 12, tzinfo=UTC)
"""January's returns were due six days ago."""
JANUARY = datetime(2026, 2, 10, 9, tzinfo=UTC)
OUT, IN, UNDETERMINED = -2, 0, 0b101
BY_FORCE = "Cases by force"
SVG = "{http://www.w3.org/2000/svg}"


class Nation(Struct):
    """A country, and a coordinator who looks at it."""

    country: Country
    client: httpx.AsyncClient
    clock: Hand
    served: Served

    async def on(self, now: datetime) -> Nation:
        """The same on a later day; the coordinator has signed in again."""
        self.clock.now = now
        return Nation(self.country, await signed_in(self.served, "nca"), self.clock, self.served)

    async def page(self, query: str = "") -> Read:
        answered = await self.client.get(f"/national{query}")
        assert answered.status_code == 200, answered.text
        return read_page(answered.text)

    async def api(self, address: str) -> dict[str, Any]:
        return good(await self.client.get(address))


@asynccontextmanager
async def a_nation(database: Database, folder: Path) -> AsyncIterator[Nation]:
    country = await a_country(database)
    country.now = JANUARY
    clock = Hand(NOW)
    async with a_served(database, folder, clock=clock, pages=True) as served:
        yield Nation(country, await signed_in(served, "nca"), clock, served)


@pytest_asyncio.fixture
async def nation(database: Database, tmp_path: Path) -> AsyncIterator[Nation]:
    """A country of the test's own, in which nothing is reported."""
    async with a_nation(database, tmp_path) as made:
        yield made


async def reports(nation: Nation) -> Nation:
    """Everything that a picture can have: sharing, doubts, counts without a number, lateness."""
    seals = nation.country.seals
    ours = Row(shared_ref="kent:1", shared_with=("essex",), lead="kent", stage=3)
    theirs = Row(shared_ref="kent:1", shared_with=("kent",), lead="kent", stage=1)
    one_sided = Row(shared_ref="gwent:7", shared_with=("essex",), lead="gwent")
    await seals("gwent", "2025-11", [Row(weight=1_240, year=2011), Row(ruling=UNDETERMINED, setting=2), one_sided])
    await seals("essex", "2025-12", [Row(weight=2, stage=None, year=None), theirs, Row(ruling=OUT, weight=7)])
    await seals("kent", "2026-01", [Row(weight=30), ours, Row(ruling=UNDETERMINED, weight=8), Row(ruling=-1)])
    await seals("durham", "2026-01", [Row(ruling=0b10, weight=3, setting=None)])
    return nation


@pytest_asyncio.fixture(scope="module")
async def mixed(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nation]:
    """A country that has reported everything, for the tests that only look at it."""
    async with a_nation(module_database, tmp_path_factory.mktemp("mixed")) as made:
        yield await reports(made)


@pytest_asyncio.fixture
async def moving(nation: Nation) -> Nation:
    """The same for one test alone, in which more happens or time goes by."""
    return await reports(nation)


async def test_the_one_number_is_the_apis_and_leads_to_it(mixed: Nation) -> None:
    page = await mixed.page()
    picture = await mixed.api(page.link("1,274 to 1,286"))
    assert (picture["totals"]["least"], picture["totals"]["most"]) == (1_274, 1_286)
    assert "At least 1,274 cases that forces have reported are in scope." in page.text
    assert "For another 12, what is recorded does not decide" in page.text


@pytest.mark.parametrize(
    "by", ["force", "region", "stage", "setting", "nfa_year", "force,stage", "region,setting", "nfa_year,force"]
)
@pytest.mark.parametrize("scope", [WIDE, REFERRAL])
async def test_every_number_of_a_breakdown_is_the_apis(mixed: Nation, by: str, scope: str) -> None:
    page = await mixed.page(f"?by={by}&scope={scope}")
    (rows,) = (rows for caption, rows in page.tables.items() if caption.startswith("Cases by"))
    picture = await mixed.api(f"/api/national/picture?by={by}&scope={scope}")
    figures = [numbers for row in rows if (numbers := _numbers(row))]
    expected = [_of_cell(cell) for cell in picture["cells"]]
    total = _of_cell({**picture["totals"], **({"led_elsewhere": picture["led_elsewhere"]} if "force" in by else {})})
    assert figures == [*expected, total]
    assert len(expected) > 1


def _numbers(row: list[Cell]) -> list[int | None]:
    """The figures of a row: those that lead to the API, and the ends that there are not."""
    cells = [cell for cell in row if (cell.href or "").startswith("/api/") or cell.text == "no upper end"]
    return [None if cell.text == "no upper end" else int(cell.text.replace(",", "")) for cell in cells]


def _of_cell(cell: dict[str, Any]) -> list[int | None]:
    numbers = [cell[name] for name in ("least", "most", "undetermined", "out_of_scope")]
    led = cell.get("led_elsewhere")
    return numbers if led is None else [*numbers, led["in_scope"] + led["undetermined"]]


async def test_attrition_and_what_is_missing_are_the_apis(mixed: Nation) -> None:
    page = await mixed.page()
    picture = await mixed.api("/api/national/picture")
    charged = [_numbers(row) for row in page.table("Cases out of scope").values()]
    assert [row for row in charged if row] == [[item["cases"]] for item in picture["attrition"]]
    lacking = [_numbers(row) for row in page.table("Undetermined cases").values()]
    assert [row for row in lacking if row] == [[item["cases"]] for item in picture["missing"]]
    names = list(page.table("Undetermined cases"))
    assert "Age of the youngest victim Would settle: A sexual offence against a child" in names


async def test_it_says_what_the_figure_is_of(mixed: Nation) -> None:
    page = await mixed.page()
    picture = await mixed.api("/api/national/picture")
    for said in (
        f"Edition {WIDE}, content {picture['scope']['hash'][:8]}",
        "10 February 2026 at 13:00 in London, with change 5",
        "4 forces of 45",
        "2 reported for January 2026; 2 carried forward, 1 to 2 months old; 41 not reported",
        "Possible doubles: 1",
        "Counted once: 1",
    ):
        assert said.replace(" ", "") in page.text.replace(" ", ""), said


async def test_who_has_not_reported_stands_with_the_last_month_of_each(mixed: Nation) -> None:
    said = (await mixed.page()).text
    assert "43 of 45 forces have not reported for January 2026" in said
    assert "Gwent Police last for November 2025, 2 months ago, which still counts" in said
    assert "Essex Police last for December 2025, 1 month ago, which still counts" in said
    assert "Cumbria Constabulary nothing yet, so no case of theirs is counted" in said
    assert "Kent Police last for" not in said


async def test_the_map_says_where_each_report_stands_also_in_words(mixed: Nation) -> None:
    answered = await mixed.client.get("/national")
    said = answered.text.partition('<desc id="map-desc">')[2].partition("</desc>")[0]
    assert said.startswith(
        "Reported: Durham Constabulary, Kent Police. Carried forward: Essex Police, Gwent Police. Not "
    )
    assert "<title>Gwent Police: carried forward, 2 months old</title>" in answered.text
    assert "<title>Police Scotland: takes no part</title>" in answered.text


def test_every_force_has_a_tile_of_its_own() -> None:
    lists = PUBLISHED.library.lists
    forces = lists["forces-2025"]
    drawn = tile_map(lists, forces, ())
    assert drawn is not None
    assert {tile.name for tile in drawn.tiles} == {force.title for force in forces.codes}
    assert len({(tile.x, tile.y) for tile in drawn.tiles}) == len(forces.codes)


async def test_a_force_that_reported_nothing_has_no_figure_rather_than_none(mixed: Nation) -> None:
    rows = (await mixed.page()).table(BY_FORCE)
    assert [cell.text for cell in rows["Surrey Police"]] == ["Not reported", "No figure"]
    assert [cell.text for cell in rows["Gwent Police"]][:2] == [
        "Carried forward November 2025, 2 months old",
        "1,241 to 1,242",
    ]
    assert len(rows) == 45 + 2, "every expected force, the heads and the nation"


async def test_a_figure_leads_to_the_same_number_after_later_changes(moving: Nation) -> None:
    before = await moving.page()
    address = before.table(BY_FORCE)["Kent Police"][2].href
    assert address is not None
    moving.country.now = NOW
    await moving.country.seals("kent", "2026-01", [Row(weight=999)], revision=2)
    assert (await moving.page()).table(BY_FORCE)["Kent Police"][2].text == "999"
    cells = {cell["force"]: cell for cell in (await moving.api(address))["cells"]}
    assert cells["kent"]["least"] == 31
    kept = await moving.page(before.link("This address of the page").removeprefix("/national"))
    assert kept.table(BY_FORCE)["Kent Police"][2].text == "31"


async def test_a_figure_leads_to_the_same_coverage_where_a_month_fell_due_since(moving: Nation) -> None:
    moving = await moving.on(datetime(2026, 3, 20, 12, tzinfo=UTC))
    page = await moving.page()
    assert "45 of 45 forces have not reported for February 2026" in page.text
    coverage = (await moving.api(page.link("1,274 to 1,286")))["coverage"]
    assert (coverage["due_period"], coverage["reported"], coverage["carried_forward"]) == ("2026-02", 0, 4)
    moving = await moving.on(datetime(2026, 6, 1, 12, tzinfo=UTC))
    assert (await moving.api(page.link("1,274 to 1,286")))["coverage"]["due_period"] == "2026-02"


async def test_an_earlier_moment_and_a_month_can_be_asked_for(mixed: Nation) -> None:
    then = await mixed.page("?as_of=2&period=2025-12")
    assert "1,241 to 1,242" in then.text
    assert "For December 2025, or the last before" in then.text
    assert "with change 2" in then.text.replace(" ,", ",")


async def test_nothing_reported_is_no_figure(nation: Nation) -> None:
    for query in ("", "?by=stage", "?by=force,nfa_year", f"?scope={REFERRAL}", "?period=2025-11", "?state=reported"):
        said = (await nation.page(query)).text
        assert "No figure yet" in said
        assert "0 to 0" not in said
    assert "No force has reported for any month yet." in (await nation.page()).text


async def test_a_force_with_an_empty_return_has_a_figure(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [])
    page = await nation.page()
    assert [cell.text for cell in page.table(BY_FORCE)["Kent Police"]] == ["Reported", "0", "0", "0", "0", "0", "0"]
    assert "Every case could be decided." in page.text
    assert "No figure yet" not in page.text


async def test_before_any_month_is_due_nobody_is_late(nation: Nation) -> None:
    nation = await nation.on(datetime(2025, 12, 1, 12, tzinfo=UTC))
    said = (await nation.page("?as_of=1")).text
    assert "No month is due yet" in said
    assert "not reported for" not in said
    assert "Nothing due yet" in said


async def test_where_nothing_is_reported_the_nation_has_no_figure_either(nation: Nation) -> None:
    foot = (await nation.page()).table(BY_FORCE)
    (cells,) = [cells for name, cells in foot.items() if name.startswith("The nation")]
    assert [cell.text for cell in cells] == ["No figure"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("?region=nowhere", "There is no region “nowhere”"),
        ("?by=stage&region=London", "Only the list by force can be of one region."),
        ("?by=stage&state=reported", "Only the list by force can be of one state."),
        ("?by=force,stage&state=reported", "Only the list by force can be of one state."),
    ],
)
async def test_no_figure_is_shown_for_a_list_that_cannot_be(nation: Nation, query: str, says: str) -> None:
    answered = await nation.client.get(f"/national{query}")
    assert answered.status_code == 422
    assert says in answered.text
    assert "Cases in scope" not in answered.text


async def test_when_all_have_reported_it_says_so(nation: Nation) -> None:
    for item in nation.country.terms.participation:
        await nation.country.seals(item.force, "2026-01")
    page = await nation.page("?state=not_reported")
    assert "Every force has reported for January 2026." in page.text
    assert "No force is like that." in page.text


async def test_counts_without_a_number_leave_no_upper_end(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(weight=5)], open_cells=2, not_counted=4)
    page = await nation.page()
    assert "5 or more" in page.text
    assert "there is no upper end" in page.text
    assert page.table(BY_FORCE)["Kent Police"][3].text == "no upper end"
    assert "Counts not provided: 2" in page.text
    assert "Detail, not counted: 4" in page.text


async def test_what_is_not_judged_yet_is_said(nation: Nation) -> None:
    await nation.country.seals("kent", "2026-01", [Row(weight=3)], under=(WIDE,))
    page = await nation.page(f"?scope={REFERRAL}")
    assert "1 return has not been judged under this edition yet" in page.text
    assert "This edition is proposed and not in force." in page.text
    assert "0 to 3" in page.text
    assert "has not been judged" not in (await nation.page()).text


async def test_it_says_that_it_knows_nothing_of_how_well_people_are_described(mixed: Nation) -> None:
    assert "How well the ethnicity of suspects and of victims is recorded is not in it" in (await mixed.page()).text


async def test_the_table_can_be_sorted_and_filtered_by_plain_links(mixed: Nation) -> None:
    page = await mixed.page("?sort=-least")
    assert list(page.table(BY_FORCE))[1:5] == ["Gwent Police", "Kent Police", "Essex Police", "Durham Constabulary"]
    again = await mixed.page(page.link("Least").removeprefix("/national"))
    assert list(again.table(BY_FORCE))[1:5] == ["Durham Constabulary", "Essex Police", "Kent Police", "Gwent Police"]
    named = await mixed.page("?sort=name")
    assert list(named.table(BY_FORCE))[1] == "Avon and Somerset Police"
    late = await mixed.page(page.link("carried forward (2)").removeprefix("/national"))
    assert list(late.table(BY_FORCE))[1:] == ["Gwent Police", "Essex Police"]
    regions = await mixed.page("?by=region")
    south = await mixed.page(regions.link("South East").removeprefix("/national"))
    assert "Kent Police" in south.table(BY_FORCE)
    assert "Essex Police" not in south.table(BY_FORCE)


@pytest.mark.parametrize("table", ["cells", "attrition", "missing", "coverage"])
async def test_a_download_is_the_apis_own_table(mixed: Nation, table: str) -> None:
    page = await mixed.page("?by=region,stage")
    address = next(
        href for _, href in page.links if href.startswith("/national/table.csv") and f"table={table}" in href
    )
    answered = await mixed.client.get(address)
    assert answered.headers["content-type"] == "text/csv; charset=utf-8"
    assert f"national-picture-{WIDE}-change-5-{table}.csv" in answered.headers["content-disposition"]
    query = address.partition("?")[2]
    same = await mixed.client.get(f"/api/national/picture?{query}", headers={"Accept": "text/csv"})
    assert answered.content == same.content
    assert len(list(csv.DictReader(io.StringIO(answered.text)))) > 1


async def test_the_tables_are_downloaded_as_one_workbook(mixed: Nation) -> None:
    page = await mixed.page("?by=region,stage")
    address = page.link("Download all tables as a workbook (XLSX)")
    answered = await mixed.client.get(address)
    assert f"national-picture-{WIDE}-change-5.xlsx" in answered.headers["content-disposition"]
    same = await mixed.client.get(f"/api/national/picture?{address.partition('?')[2]}", headers={"Accept": XLSX})
    assert answered.content == same.content
    assert list(sheets_of(answered.content)) == ["Cells", "Attrition", "Missing", "Coverage"]


async def test_the_picture_stands_alone_and_says_what_it_is_of(mixed: Nation) -> None:
    page = await mixed.page()
    answered = await mixed.client.get(page.link("Download it as a picture (SVG)"))
    assert answered.headers["content-type"].startswith("image/svg+xml")
    drawn = ElementTree.fromstring(answered.text)  # noqa: S314  made here
    title, about = drawn.find(f"{SVG}title"), drawn.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "Cases in scope by force, from least to most"
    assert about is not None
    assert "Kent Police: 31 to 39." in str(about.text)
    assert "Surrey Police: no figure." in str(about.text)
    words = " ".join(str(each.text) for each in drawn.iter(f"{SVG}text"))
    assert f"Edition {WIDE}" in words
    assert "Covers 4 of 45 forces" in words
    assert not list(drawn.iter(f"{SVG}style")) + list(drawn.iter(f"{SVG}script"))
    assert "style=" not in answered.text


@pytest.mark.parametrize("query", ["", "?by=stage", "?as_of=99", "?by=force,stage&sort=-most"])
async def test_nothing_on_the_page_is_inline(mixed: Nation, query: str) -> None:
    answered = await mixed.client.get(f"/national{query}")
    assert " style=" not in answered.text
    assert "<style" not in answered.text
    assert not re.search(r"<script(?! (type=\"module\" )?src=)", answered.text)
    assert not re.search(r" on[a-z]+=", answered.text)


async def test_the_page_is_for_national_bodies_alone(nation: Nation) -> None:
    for path in ("/national", "/national/table.csv", "/national/chart.svg"):
        stranger = await nation.served.bare()
        assert (await stranger.get(path)).headers["location"].startswith("/sign-in?next=/national")
        kent = await signed_in(nation.served, "kent")
        assert (await kent.get(path)).status_code == 403


async def test_the_page_asks_the_same_queries_for_3_forces_as_for_43(nation: Nation) -> None:
    forces = [item.force for item in nation.country.terms.participation][:43]
    for force in forces[:3]:
        await nation.country.seals(force, "2026-01", [Row(shared_ref="kent:1", shared_with=("kent",), lead="kent")])
    with_three = await statements_of(nation.served.db, lambda: nation.page("?by=force,stage"))
    for force in forces[3:]:
        await nation.country.seals(force, "2026-01", [Row(weight=9), Row(shared_ref="kent:1")])
    assert "43 reported" in (await nation.page()).text
    assert await statements_of(nation.served.db, lambda: nation.page("?by=force,stage")) == with_three
    assert 0 < len(with_three) <= 13


async def test_a_draft_has_no_picture_and_that_is_said_with_what_there_is(nation: Nation) -> None:
    async with nation.country.db.owner() as tx:
        await tx.execute(text("update scope_edition set state = 'draft' where name = :name"), {"name": REFERRAL})
    answered = await nation.client.get(f"/national?scope={REFERRAL}")
    said = read_page(answered.text).text
    assert answered.status_code == 422
    assert f"Scope edition {REFERRAL} is draft: there are no tallies under it. Ask for one of: {WIDE}." in said
    assert f"({REFERRAL}" not in said, "what has no picture is not offered"
