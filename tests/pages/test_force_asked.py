"""What a force is asked, on its pages: by attribute, case by case, as a file; and why one case counts or not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from sqlalchemy import text

from service.storage.database import Database
from tests.support.browser import a_tab, signed_in
from tests.support.desk import Desk, a_desk, hidden_in, went_on, words_of
from tests.support.editions import NARROW, a_scope, a_way
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import PERIOD, Return, Served, a_served_later, good
from tests.support.workbooks import records_of, typed_into

LIST = "/forces/kent/work-list"
REFERRAL = f"{LIST}?scope=2026-02-referral"
ASKED = [
    a_row(case_ref="K/1"),
    a_row(case_ref="K/2", suspect_count="1-3"),
    a_row(case_ref="K/3", nfa_by="", suspect_count=""),
]


async def a_sealed_desk(served: Served, sent: list[dict[str, object]] | None = None) -> Desk:
    """Kent's desk, with the return of November sealed."""
    desk = await a_desk(served)
    await desk.put(as_csv(ASKED if sent is None else sent))
    await desk.answer_all()
    await desk.seal()
    return desk


async def shown(desk: Desk, address: str, status: int = 200) -> str:
    answered = await desk.client.get(address)
    assert answered.status_code == status, answered.text[:500]
    return answered.text


async def test_a_data_lead_fills_in_what_is_asked_and_sends_it_back_in_a_browser(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    await a_sealed_desk(served)
    async with a_tab(browser, served.addresses.origin) as tab:
        await tab.sign_in("kent")
        await tab.page.get_by_role("link", name="What is asked of you").click()
        assert await tab.heading() == "What is asked of you"
        assert await tab.careful() == []
        await tab.page.get_by_role("link", name="open the return of a month").click()
        await tab.page.get_by_label("December 2025").check()
        await tab.page.get_by_role("button", name="Open the return", exact=True).click()
        await tab.open(LIST)
        async with tab.page.expect_download() as download:
            await tab.page.get_by_role("link", name="as a workbook", exact=True).click()
        content = (await (await download.value).path()).read_bytes()
        answers = {"K/2": {"suspect_count": "3"}, "K/3": {"suspect_count": "2", "nfa_by": "cps"}}
        for place, row in enumerate(records_of(content, "Cases"), 2):
            content = typed_into(content, place, answers[row["case_ref"]])
        book = tmp_path / "work-list.xlsx"
        book.write_bytes(content)
        await tab.page.get_by_role("link", name="upload it to the return for December 2025").click()
        await tab.page.set_input_files("input[type=file]", book)
        await tab.page.get_by_role("button", name="Upload", exact=True).click()
        await tab.page.wait_for_url("**/done/**")
        assert "0 new, 2 changed, 0 unchanged" in await tab.page.locator("main").inner_text()
        desk = Desk(await signed_in(served, "kent"), period="2025-12")
        await desk.answer_all()
        await desk.seal()
        await tab.open(LIST)
        assert "nothing is asked" in await tab.page.locator("main").inner_text()
        assert await tab.careful() == []


async def test_the_pages_fit_a_phone_and_work_without_a_script(browser: Browser, served: Served) -> None:
    await a_sealed_desk(served)
    for how in ({"phone": True}, {"scripts": False}):
        async with a_tab(browser, served.addresses.origin, **how) as tab:
            await tab.sign_in("kent")
            await tab.open(REFERRAL)
            assert await tab.careful() == []
            await tab.page.get_by_role("link", name="K/2", exact=True).click()
            assert await tab.heading() == "Case K/2"
            assert await tab.careful() == []


async def test_the_page_counts_by_attribute_and_says_what_each_case_takes(served: Served) -> None:
    desk = await a_sealed_desk(served)
    said = words_of(await shown(desk, LIST))
    assert "For 2 cases of the return for November 2025 it cannot be said whether they are in scope" in said
    assert "‘Suspects’ alone settles this case. If 1: out of scope, by ‘Two or more suspects’." in said
    assert "Known so far: 1-3 ." in said
    page = await shown(desk, LIST)
    figures = [re.findall(r"numeric\"[^>]*>([\d,]+)<", row) for row in page.split('<tr class="govuk-table__row">')]
    assert [each for each in figures if each] == [["2", "1", "0"], ["1", "0", "0"]]


async def test_what_was_said_once_and_emptied_since_is_asked_and_the_page_promises_nothing_else(served: Served) -> None:
    desk = await a_sealed_desk(served, [a_row(case_ref="K/1"), a_row(case_ref="K/2", nfa_by="")])
    before = words_of(await shown(desk, LIST))
    assert "no value that your return says is asked again, whichever version of the standard it was said in." in before
    later = Desk(desk.client, period="2025-12")
    await later.open()
    await later.put(as_csv([{"case_ref": "K/1", "nfa_by": ""}]))
    await later.answer_all()
    await later.seal()
    assert re.findall(r"/why\?[^>]*>(K/\d)<", await shown(desk, f"{LIST}?attribute=nfa_by")) == ["K/1", "K/2"]


async def test_the_page_can_be_of_one_attribute_and_of_another_edition(served: Served) -> None:
    desk = await a_sealed_desk(served)
    only = await shown(desk, f"{LIST}?attribute=nfa_by")
    assert re.findall(r"/why\?[^>]*>(K/\d)<", only) == ["K/3"]
    assert "work-list.csv?scope=2025-11-wide&amp;attribute=nfa_by" in only
    said = words_of(await shown(desk, REFERRAL))
    assert "For 3 cases" in said
    assert "which is proposed" in said
    assert "is written in version 2026.1 of the data standard" in said


BORDER = "/forces/kent/border"


async def test_cases_at_the_border_are_shown_with_what_decides(served: Served) -> None:
    sent = [
        a_row(case_ref="K/1"),
        a_row(case_ref="K/2", suspect_count=1),
        a_row(case_ref="K/3", nfa_by=""),
        *(a_row(case_ref=f"K/1{number:02}", suspect_count=1) for number in range(30)),
    ]
    desk = await a_sealed_desk(served, sent)
    assert f'href="{BORDER}?scope=2025-11-wide"' in await shown(desk, LIST)
    page = await shown(desk, BORDER)
    said = words_of(page)
    assert "Two or more suspects Out of scope 31" in said
    assert "No further action by Undetermined 1" in said
    assert "20 of 32 cases" in said
    assert "Only ‘Two or more suspects’ keeps this case out; it meets every other rule." in said
    assert len(re.findall(r"/why\?scope=2025-11-wide&amp;revision=1\">K/\d+<", page)) == 20
    first = re.findall(r'href="(/forces/kent/returns/[^"]*/why[^"]*)"', page)[0].replace("&amp;", "&")
    assert "Two or more suspects" in await shown(desk, first)
    assert ", which is proposed" in words_of(await shown(desk, f"{BORDER}?scope=2026-02-referral"))
    await shown(desk, f"{BORDER}?scope=2026-01-none", 404)


async def test_the_border_says_that_nothing_is_sealed_and_that_nothing_is_near(served: Served) -> None:
    desk = await a_desk(served)
    assert "No return of yours is sealed yet" in words_of(await shown(desk, BORDER))
    await desk.put(as_csv([a_row(case_ref="K/1")]))
    await desk.answer_all()
    await desk.seal()
    assert "There is none." in words_of(await shown(desk, BORDER))


async def test_the_border_fits_a_desk_and_a_phone_and_works_without_a_script(browser: Browser, served: Served) -> None:
    await a_sealed_desk(served)
    for how in ({}, {"phone": True}, {"scripts": False}):
        async with a_tab(browser, served.addresses.origin, **how) as tab:
            await tab.sign_in("kent")
            await tab.open(LIST)
            await tab.page.get_by_role("link", name="Cases at the border").click()
            assert await tab.heading() == "Cases at the border"
            assert await tab.careful() == []
            await tab.page.get_by_role("link", name="K/2", exact=True).click()
            assert await tab.heading() == "Case K/2"


@pytest_asyncio.fixture
async def later(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The service in December 2026, when its terms take version 2026.1 from November on."""
    async with a_served_later(database, tmp_path, pages=True) as running:
        yield running


async def a_later_desk(served: Served, opened: str) -> Desk:
    """Kent's desk of a month that is open, on top of October 2026, which is sealed."""
    desk = Desk(await signed_in(served, "kent"), period="2026-10")
    await desk.open()
    await desk.put(as_csv(ASKED))
    await desk.answer_all()
    await desk.seal()
    opening = Desk(desk.client, period=opened)
    if opened == desk.period:
        went_on(await desk.send("correct"), desk.month)
    else:
        await opening.open()
    return opening


ANSWERS = as_csv([{"case_ref": "K/1", "suspects_alive": "2", "independently_reviewed": "no"}])


async def test_an_open_return_of_an_older_version_is_brought_to_that_of_the_file_where_the_list_is_read(
    later: Served,
) -> None:
    desk = await a_later_desk(later, "2026-11")
    page = await shown(desk, REFERRAL)
    assert "let it go on to the newer version" in words_of(page)
    assert "let it go on to the newer version" not in words_of(await shown(desk, LIST))
    raised = await desk.client.post(desk.address("declare"), data=hidden_in(page))
    assert raised.headers["location"] == f"{desk.month}?done=raised"
    assert "is written in version 2026.1 now." in words_of(await shown(desk, raised.headers["location"]))
    assert "let it go on to the newer version" not in words_of(await shown(desk, REFERRAL))


async def test_a_file_sent_to_an_older_version_is_told_once_and_the_button_stands_beside_it(
    browser: Browser, later: Served, tmp_path: Path
) -> None:
    desk = await a_later_desk(later, "2026-11")
    sheet = tmp_path / "answers.csv"
    sheet.write_text(ANSWERS)
    for how in ({"phone": True}, {"scripts": False}):
        async with a_tab(browser, later.addresses.origin, **how) as tab:
            await tab.sign_in("kent")
            await tab.open(desk.address("upload/cases"))
            await tab.page.set_input_files("input[type=file]", sheet)
            await tab.page.get_by_role("button", name="Upload", exact=True).click()
            await tab.page.wait_for_url("**/done/**")
            said = await tab.page.locator("main").inner_text()
            assert said.count("Bring the return to 2026.1, and send the file again: it can say these things then.") == 1
            assert await tab.careful() == []
            await tab.open(desk.address("held"))
            assert await tab.page.get_by_text("Bring the return to 2026.1, and send the file again").count() == 1
            assert await tab.careful() == []
    checked = await desk.put(ANSWERS, check=True)
    assert hidden_in(checked)["version"] == "2026.1"
    at = (await desk.upload(ANSWERS)).headers["location"]
    came = await shown(desk, at)
    assert "this return is written in 2025.1" in words_of(came)
    await desk.client.post(desk.address("declare"), data=hidden_in(came))
    gone_on = words_of(await shown(desk, at))
    assert "It is written in 2026.1 now: send the file again" in gone_on
    assert "2025.1" not in gone_on
    assert "Bring the return" not in gone_on
    assert "Send the row again: 2026.1 has this field." in words_of(await desk.read("held"))
    assert "The row is in the return." in words_of(await desk.put(ANSWERS))
    assert "Every row that you sent was taken." in words_of(await desk.read("held"))


async def test_a_month_that_cannot_be_in_the_version_of_the_file_is_not_offered_it(later: Served) -> None:
    desk = await a_later_desk(later, "2026-10")
    said = words_of(page := await shown(desk, REFERRAL))
    assert "Your return for October 2026 is written in 2025.1, and cannot go on to it." in said
    assert "The first return that can be written in it is that for November 2026" in said
    assert "Bring the return" not in page
    came = await desk.put(ANSWERS)
    assert "No return before November 2026 can be in 2026.1" in words_of(came)
    assert 'name="version"' not in came + await desk.read("held")


async def test_a_return_for_the_file_is_opened_in_its_version(later: Served) -> None:
    desk = Desk(await signed_in(later, "kent"), period="2026-10")
    await desk.open()
    await desk.put(as_csv(ASKED))
    await desk.answer_all()
    await desk.seal()
    (address,) = re.findall(r'href="(/forces/kent/open[^"]*)"', await shown(desk, REFERRAL))
    page = await shown(desk, address)
    assert re.findall(r'<option value="([^"]*)" selected', page) == ["2026.1"]


async def test_where_the_terms_take_no_return_in_the_version_of_the_file_that_is_said(served: Served) -> None:
    desk = await a_sealed_desk(served)
    for _ in range(2):
        said = words_of(page := await shown(desk, REFERRAL))
        assert "The terms take no return in it yet: keep the file until they do." in said
        assert "Bring the return" not in page
        assert "/open?version" not in page
        await Desk(desk.client, period="2025-12").open()


async def test_the_list_of_many_cases_is_read_to_its_end(served: Served) -> None:
    desk = await a_sealed_desk(served, rows(60, nfa_by=""))
    listed: list[str] = []
    address: str | None = LIST
    while address is not None:
        page = await shown(desk, address)
        listed += re.findall(r"/why\?[^>]*>(K/\d+)<", page)
        following = re.search(r'href="(\?[^"]+)" rel="next"', page)
        address = None if following is None else LIST + following[1].replace("&amp;", "&").partition("#")[0]
    assert sorted(listed) == sorted(f"K/{n}" for n in range(1, 61))


async def test_a_force_that_sealed_nothing_is_asked_nothing(served: Served) -> None:
    desk = await a_desk(served)
    assert "No return of yours is sealed yet, so nothing is asked." in words_of(await shown(desk, LIST))


async def test_a_case_is_explained_rule_by_rule_on_a_page_that_the_findings_lead_to(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv([a_row(case_ref="K/7", suspect_count=0)]))
    (address,) = set(re.findall(r'href="(/forces/[^"]*/why)"', await desk.read("findings")))
    said = words_of(await shown(desk, address))
    assert said.startswith("Kent Police, return for November 2025 Case K/7 Out of scope under ‘")
    assert "It is counted under the first rule that it does not meet: ‘Two or more suspects’." in said
    referral = words_of(await shown(desk, f"{address}?scope=2026-02-referral"))
    assert "yes , it follows from other values" in referral


async def test_a_case_outside_the_declared_years_is_said_not_to_be_counted(served: Served) -> None:
    item = Return(await served.client("kent"), "kent", PERIOD)
    await item.open(case_years=[2014])
    rows = [("K/1", "2016-03", ""), ("K/2", "2016-03", 0), ("K/3", "2014-03", 0)]
    await item.upload(as_csv([a_row(case_ref=key, nfa_date=day, suspect_count=many) for key, day, many in rows]))
    desk = Desk(await signed_in(served, "kent"))
    for case in good(await item.client.get(f"{item.path}/cases"))["items"]:
        said = words_of(await shown(desk, f"/forces/kent/returns/{PERIOD}/cases/{case['case_id']}/why"))
        is_counted = case["case_ref"] == "K/3"
        assert ("It is not counted: it is outside the years that this return reports" in said) is not is_counted
        assert ("It is counted under the first rule" in said) is is_counted
        assert ("It would be counted under the first rule" in said) is (case["case_ref"] == "K/2")


@pytest.mark.parametrize("who", ["essex", "nca"])
async def test_what_a_force_is_asked_is_for_nobody_else(served: Served, who: str) -> None:
    desk = await a_sealed_desk(served)
    (case, *_) = re.findall(r'href="(/forces/[^"]*/why)\?', await shown(desk, LIST))
    stranger = await signed_in(served, who)
    for address in (LIST, f"{LIST}.csv", f"{LIST}.xlsx", case):
        answered = await stranger.get(address)
        assert answered.status_code == (403 if who == "nca" else 404), address
        assert "K/" not in answered.text


async def test_every_reading_of_the_list_and_of_reasons_is_logged(served: Served) -> None:
    desk = await a_sealed_desk(served)
    (case, *_) = re.findall(r'href="(/forces/[^"]*/why)\?', await shown(desk, LIST))
    before = await _logged(served)
    for address in (LIST, f"{LIST}.csv", f"{LIST}.xlsx", case):
        assert (await desk.client.get(address)).status_code == 200
    assert await _logged(served) == before + 4


async def test_an_address_that_was_not_made_here_is_not_found(served: Served) -> None:
    desk = await a_sealed_desk(served)
    why = f"/forces/kent/returns/{PERIOD}/cases/006f062e-070f-441e-b26e-3b7a05e262e5/why"
    for address in (
        *(f"{LIST}?scope=x", f"{LIST}?attribute=x", f"{LIST}?after=x", f"{LIST}?after=1.{'-' * 36}"),
        *(f"{LIST}.csv?attribute=x", why, f"{why}?scope=x", why.replace("006f", "x"), f"{why}?revision=9"),
    ):
        await shown(desk, address, 404)


async def _logged(served: Served) -> int:
    async with served.db.owner() as tx:
        return int(
            (await tx.execute(text("select count(*) from audit_entry where action = 'cases_read'"))).scalar_one()
        )


async def test_what_is_asked_under_a_superseded_edition_that_is_tallied_still_is_offered(served: Served) -> None:
    way = await a_way(served)
    for made in (a_scope(tallied_until="2027-01-25"), a_scope("2026-07-after", least=2)):
        await way.confirmed(await way.proposed(made))
    desk = await a_sealed_desk(served)
    (why, *_) = re.findall(r'href="(/forces/[^"]*/why)\?', await shown(desk, LIST))
    title = a_scope()["title"]
    for address in (LIST, BORDER, why):
        page = await shown(desk, address)
        assert f"‘{title}’ ({NARROW}) , which is no longer in force" in words_of(page)
        assert f'href="{address}?scope={NARROW}' in page
        # the wide one, which names no day, was superseded first
        assert "2025-11-wide" not in page


async def test_editions_of_one_title_are_offered_by_their_names(served: Served) -> None:
    way = await a_way(served)
    names = [f"2026-0{month}-trial" for month in (6, 7, 8)]
    for name in names:
        await way.proposed(a_scope(name))
    desk = await a_sealed_desk(served)
    for address in (LIST, BORDER):
        links = re.findall(r">(‘[^<]*)</a>", await shown(desk, address))
        assert {f"‘{a_scope()['title']}’ ({name})" for name in names} < set(links)
