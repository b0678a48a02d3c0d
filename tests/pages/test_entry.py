"""The way in: who gets to a page at all, signing in and out, and what no other site can do here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from litestar.routes import HTTPRoute

from service.app import PagesOffLoopback, create_app
from service.pages.site import COOKIE
from service.storage.database import Database
from tests.support.browser import OWN_FORM, Tab, signed_in
from tests.support.server import Served, a_served, problem


@pytest_asyncio.fixture(scope="module")
async def served(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """One service for the file: nothing here is stored, and each test signs in for itself."""
    async with a_served(module_database, tmp_path_factory.mktemp("served"), pages=True) as running:
        yield running


async def test_the_first_page_and_the_way_in_are_without_fault(tab: Tab) -> None:
    await tab.open("/")
    assert await tab.careful() == []
    await tab.open("/sign-in")
    assert await tab.careful() == []


async def test_on_a_phone_the_way_in_needs_no_scrolling_sideways(phone: Tab) -> None:
    await phone.open("/")
    assert await phone.careful() == []
    await phone.open("/sign-in")
    assert await phone.careful() == []


async def test_signing_in_without_choosing_is_told_where_it_went_wrong(tab: Tab) -> None:
    await tab.open("/sign-in")
    await tab.page.click("main button[type=submit]")
    assert "Choose who you are" in await tab.page.locator(".govuk-error-summary").inner_text()
    assert (await tab.page.title()).startswith("Error: ")
    assert await tab.careful() == []


async def test_signing_in_works_without_a_script(plain_tab: Tab) -> None:
    await plain_tab.sign_in("nca")
    assert "Signed in as coordinator, National Crime Agency" in await plain_tab.page.locator("header").inner_text()


async def test_an_address_that_there_is_not_is_a_page_for_a_person_and_a_problem_for_a_program(
    tab: Tab, served: Served
) -> None:
    assert await tab.open("/nowhere") == 404
    assert await tab.heading() == "Not found"
    assert await tab.careful() == []
    client = await served.bare()
    problem(await client.get("/nowhere"), 404, "not-found")
    problem(await client.get("/api/nowhere", headers={"Accept": "text/html"}), 404, "not-found")


async def test_every_address_that_takes_a_form_can_be_opened_in_a_browser(served: Served) -> None:
    methods: dict[str, set[str]] = {}
    for route in served.app.routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith(("/api", "/oauth")):
            methods.setdefault(route.path_format, set()).update(str(method) for method in route.methods)
    takes_forms = {path for path, known in methods.items() if "POST" in known}
    assert {"/sign-out", "/forces/{force}/returns/{period}/upload/{part}/check"} <= takes_forms
    assert {path for path in takes_forms if "GET" not in methods[path]} == set()


async def test_the_address_of_signing_out_leads_to_the_first_page_and_signs_nobody_out(served: Served) -> None:
    client = await signed_in(served, "kent")
    assert (await client.get("/sign-out")).headers["location"] == "/"
    assert (await client.get("/api/forces/kent/returns")).status_code == 200


async def test_every_page_forbids_what_is_inline_and_framed_and_kept(served: Served) -> None:
    client = await served.bare()
    for path in ("/", "/sign-in"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';"), path
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["cache-control"] == "no-store"


async def test_style_sheets_and_scripts_are_kept_for_ever_under_an_address_of_their_content(served: Served) -> None:
    client = await served.bare()
    page = (await client.get("/")).text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    sheet = await client.get(address)
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in sheet.headers["cache-control"]
    assert (await client.get("/assets/000000000000/pages.css")).status_code == 404
    assert (await client.get("/assets/x/../../../etc/passwd")).status_code == 404


async def test_the_style_sheet_asks_for_nothing_from_elsewhere(served: Served) -> None:
    client = await served.bare()
    page = (await client.get("/")).text
    addresses = [part.split('"')[0] for part in page.split('rel="stylesheet" href="')[1:]]
    assert len(addresses) >= 2
    for address in addresses:
        sheet = (await client.get(address)).text
        assert "url(/" not in sheet
        assert "@import" not in sheet
        assert "GDS Transport" not in sheet


async def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_what_they_wanted(served: Served) -> None:
    client = await served.bare(OWN_FORM)
    sent = await client.get("/sign-in?next=/national%3Fby%3Dstage")
    assert 'value="/national?by=stage"' in sent.text
    answered = await client.post("/sign-in", data={"person": "nca", "next": "/national?by=stage"})
    assert answered.headers["location"] == "/national?by=stage"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "/\t/evil"]
)
async def test_signing_in_leads_to_no_other_site(served: Served, elsewhere: str) -> None:
    client = await served.bare(OWN_FORM)
    answered = await client.post("/sign-in", data={"person": "nca", "next": elsewhere})
    assert answered.headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
async def test_a_form_from_elsewhere_is_refused(served: Served, headers: dict[str, str]) -> None:
    client = await served.bare(headers)
    answered = await client.post("/sign-in", data={"person": "kent"})
    assert answered.status_code == 403
    assert COOKIE not in answered.cookies


async def test_a_form_of_an_older_browser_is_known_by_its_origin(served: Served) -> None:
    client = await served.bare({"Origin": served.addresses.origin})
    assert (await client.post("/sign-in", data={"person": "kent"})).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Host": "10.0.0.1:8000"}, {"X-Forwarded-For": "10.0.0.1"}, {"Via": "1.1 proxy"}],
)
async def test_pages_answer_nobody_who_comes_by_another_name_or_through_a_proxy(
    served: Served, headers: dict[str, str]
) -> None:
    client = await signed_in(served, "kent")
    assert (await client.get("/sign-in", headers=headers)).status_code == 404
    answered = await client.get("/api/forces/kent/returns", headers=headers)
    assert answered.status_code == 401


async def test_a_session_is_of_the_sign_in_and_not_of_what_the_browser_brought(served: Served) -> None:
    client = await served.bare(OWN_FORM)
    client.cookies.set(COOKIE, "chosen-by-somebody-else", domain="127.0.0.1", path="/")
    answered = await client.post("/sign-in", data={"person": "kent"})
    assert answered.cookies[COOKIE] != "chosen-by-somebody-else"
    stranger = await served.bare({"Cookie": f"{COOKIE}=chosen-by-somebody-else"})
    assert (await stranger.get("/api/forces/kent/returns")).status_code == 401


async def test_the_cookie_is_hidden_from_scripts_and_from_other_sites(served: Served) -> None:
    client = await served.bare(OWN_FORM)
    cookie = (await client.post("/sign-in", data={"person": "kent"})).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_a_session_ends_when_one_signs_out_for_whoever_has_its_cookie(served: Served) -> None:
    client = await signed_in(served, "kent")
    kept = client.cookies[COOKIE]
    assert (await client.get("/api/forces/kent/returns")).status_code == 200
    await client.post("/sign-out")
    thief = await served.bare({"Cookie": f"{COOKIE}={kept}"})
    assert (await thief.get("/api/forces/kent/returns")).status_code == 401


async def test_who_is_signed_in_reads_the_api_and_changes_nothing_through_it(served: Served) -> None:
    client = await signed_in(served, "kent")
    assert (await client.get("/api/forces/kent/returns")).json() == {"items": [], "next": None}
    problem(await client.put("/api/forces/kent/returns/2025-11"), 401)


async def test_who_is_signed_in_reads_no_other_force_and_a_force_no_national_picture(served: Served) -> None:
    client = await signed_in(served, "kent")
    problem(await client.get("/api/forces/essex/returns"), 404)
    problem(await client.get("/api/national/picture"), 403)


async def test_a_bad_token_is_refused_also_where_somebody_is_signed_in(served: Served) -> None:
    client = await signed_in(served, "kent")
    problem(await client.get("/api/forces/kent/returns", headers={"Authorization": "Bearer nonsense"}), 401)


async def test_without_people_there_are_no_pages(database: Database, tmp_path: Path) -> None:
    async with a_served(database, tmp_path) as served:
        client = await served.bare()
        assert (await client.get("/")).headers["location"] == "/api"
        for path in ("/sign-in", "/national", "/forces/kent"):
            problem(await client.get(path), 404)
        client = await served.bare(OWN_FORM)
        assert (await client.post("/sign-in", data={"person": "kent"})).status_code in (404, 405)


async def test_pages_without_a_password_are_never_served_to_others(served: Served, tmp_path: Path) -> None:
    from msgspec.structs import replace

    from service.app import Parts
    from service.identity.keys import ensure_keys
    from service.settings import Settings
    from tests.support.server import PUBLISHED

    terms = next(iter(PUBLISHED.terms.values()))
    everywhere = "0.0.0.0"  # noqa: S104  the very thing that must be refused
    settings = Settings(data=tmp_path, host=everywhere, base_url="https://returns.example")
    person = next(iter(served.people))
    key_file = tmp_path / "signing-keys.json"
    ensure_keys(key_file)
    parts = Parts(settings=settings, db=served.db, published=PUBLISHED, terms=terms, key_file=key_file)
    with pytest.raises(PagesOffLoopback):
        create_app(replace(parts, people=(person,)))


async def test_an_error_of_the_form_itself_is_told_as_a_page(served: Served) -> None:
    client: httpx.AsyncClient = await served.bare(OWN_FORM)
    answered = await client.post("/sign-in", data={"person": "x" * 20_000})
    assert answered.status_code == 413
    assert answered.headers["content-type"] == "text/html; charset=utf-8"
