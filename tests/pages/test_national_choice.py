"""Choosing a picture by the form: it comes to the API's parameters, and what is wrong is said where it was typed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio

from service.storage.database import Database
from tests.support.browser import signed_in
from tests.support.reading import read_page
from tests.support.server import a_served
from tests.support.tallies import WIDE

EMPTY = {"scope": "", "day": "", "month": "", "year": "", "as_of": "", "period": "", "by": "force"}


@pytest_asyncio.fixture
async def client(database: Database, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A coordinator on 20 January 2026; nothing is sealed yet, the terms were adopted that morning."""
    async with a_served(database, tmp_path, pages=True) as served:
        yield await signed_in(served, "npcc")


async def choose(client: httpx.AsyncClient, **typed: str) -> httpx.Response:
    return await client.get("/national", params={**EMPTY, **typed})


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ({}, {"by": ["force"]}),
        ({"scope": WIDE, "by": "stage"}, {"scope": [WIDE], "by": ["stage"]}),
        ({"day": "7", "month": "3", "year": "2025"}, {"as_of": ["2025-03-07"], "by": ["force"]}),
        ({"day": " 07", "month": "March", "year": "2025 "}, {"as_of": ["2025-03-07"], "by": ["force"]}),
        ({"as_of": "1"}, {"as_of": ["1"], "by": ["force"]}),
        ({"as_of": "2026-01-02T09:00:00Z"}, {"as_of": ["2026-01-02T09:00:00Z"], "by": ["force"]}),
        ({"period": "2025-12"}, {"period": ["2025-12"], "by": ["force"]}),
    ],
)
async def test_the_form_comes_to_an_address_with_the_parameters_of_the_api(
    client: httpx.AsyncClient, typed: dict[str, str], asked: dict[str, list[str]]
) -> None:
    answered = await choose(client, **typed)
    assert answered.status_code == 303
    address = urlsplit(answered.headers["location"])
    assert address.path == "/national"
    assert parse_qs(address.query) == asked


@pytest.mark.parametrize(
    ("typed", "says", "place"),
    [
        ({"day": "31", "month": "2", "year": "2025"}, "The date must be a real date, such as 7 3 2026", "day"),
        ({"day": "x", "month": "2", "year": "2025"}, "The date must be a real date, such as 7 3 2026", "day"),
        ({"day": "7", "year": "2025"}, "The date must include a month", "month"),
        ({"month": "3"}, "The date must include a day and a year", "day"),
        ({"day": "7", "month": "3", "year": "25"}, "The year must have 4 numbers", "year"),
        ({"day": "20", "month": "1", "year": "2026"}, "The day must be in the past", "day"),
        ({"day": "7", "month": "3", "year": "2099"}, "The day must be in the past", "day"),
        ({"as_of": "yesterday"}, "Enter the number of a change, such as 256, or a time with its zone", "as_of"),
        ({"as_of": "2099-01-01T00:00:00Z"}, "There has been no such change yet", "as_of"),
        ({"as_of": "1", "day": "7"}, "Give a day, or a change or time, and not both", "as_of"),
        ({"period": "2025-13"}, "Choose a month from the list", "period"),
    ],
)
async def test_what_cannot_be_is_said_at_its_field_and_what_was_typed_stays(
    client: httpx.AsyncClient, typed: dict[str, str], says: str, place: str
) -> None:
    answered = await choose(client, **typed)
    assert answered.status_code == 422
    assert f'<a href="#{place}">{says}' in answered.text
    assert f'id="{place}"' in answered.text
    for value in typed.values():
        assert f'value="{value}"' in answered.text
    assert "<title>Error: " in answered.text
    assert "Cases in scope" not in answered.text, "no figure of something else than was meant"


@pytest.mark.parametrize(
    ("query", "says", "place"),
    [
        ("scope=2025-11-wied", "Did you mean 2025-11-wide?", "scope"),
        ("as_of=4711", "There has been no such change yet", "as_of"),
        ("as_of=0", "There is nothing to count as of that", "as_of"),
        ("as_of=2020-01-01", "No definition was in force by then", "day"),
        (f"as_of=2020-01-01&scope={WIDE}", "Nothing had been adopted by then", "day"),
        ("period=2025-10", "That period is before the first one. The first period is 2025-11.", "period"),
        ("period=2026-02", "That month had not begun at that moment", "period"),
    ],
)
async def test_what_only_the_picture_knows_is_said_in_the_same_way(
    client: httpx.AsyncClient, query: str, says: str, place: str
) -> None:
    answered = await client.get(f"/national?{query}")
    assert answered.status_code == 422
    summary = answered.text[answered.text.index('class="govuk-error-summary') :]
    assert f'href="#{place}"' in summary
    assert says in read_page(summary).text
    typed = "2020" if place == "day" else query.partition("=")[2]
    assert f'value="{typed}"' in answered.text


async def test_everything_that_is_wrong_is_said_at_once(client: httpx.AsyncClient) -> None:
    answered = await choose(client, scope="nonsense", day="31", month="2", year="2025", period="2025-13")
    summary = answered.text[answered.text.index('class="govuk-error-summary') : answered.text.index("<h1")]
    assert [place in summary for place in ('"#scope"', '"#day"', '"#period"')] == [True, True, True]


async def test_an_address_that_is_not_the_pages_is_refused_with_what_was_meant(client: httpx.AsyncClient) -> None:
    for query, says in (
        ("peroid=2025-11", "Did you mean period?"),
        ("by=nfa_yaer", "nfa_year"),
        ("by=stage,setting", "one of stage, setting, nfa_year at a time"),
        ("by=force,force", "Name it once."),
        ("scope=a&scope=b", "Give it once."),
        ("sort=leest", "Did you mean least?"),
        ("state=reportd", "Did you mean reported?"),
    ):
        answered = await client.get(f"/national?{query}")
        assert answered.status_code == 422, query
        assert says in read_page(answered.text).text, query
        assert "<h1" in answered.text, "a page, and no problem document"


async def test_what_was_typed_becomes_no_part_of_the_page(client: httpx.AsyncClient) -> None:
    script = '"><script>alert(1)</script>'
    for field in ("scope", "as_of", "period", "day"):
        answered = await client.get("/national", params={**EMPTY, field: script}, follow_redirects=True)
        assert answered.status_code == 422
        assert "<script>alert" not in answered.text
    assert "<script>alert" not in (await client.get("/national", params={"by": script})).text


async def test_a_picture_as_of_a_day_fills_the_form_with_that_day(client: httpx.AsyncClient) -> None:
    answered = await client.get("/national?as_of=2026-01-19")
    assert answered.status_code == 422, "the terms were adopted a day later"
    for value in ('name="day" type="text" value="19"', 'name="month" type="text" value="1"'):
        assert value in answered.text
