"""A data lead with nothing but a browser and a spreadsheet: sheets that were downloaded, filled in and sent back."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser

from tests.support.browser import Tab, a_tab
from tests.support.desk import a_desk, problems_of, words_of
from tests.support.rows import a_row, as_csv
from tests.support.server import PERIOD, Served
from tests.support.workbooks import records_of, typed_into

MONTH = f"/forces/kent/returns/{PERIOD}"
FOUND = [a_row(case_ref=f"K/000{n}", suspect_count=0) for n in range(1, 4)]


async def downloaded(tab: Tab, page: str, link: str) -> bytes:
    """What a link of a page leads to, as the browser saves it."""
    await tab.open(page)
    assert await tab.careful() == []
    async with tab.page.expect_download() as download:
        await tab.page.get_by_role("link", name=link, exact=True).first.click()
    return (await (await download.value).path()).read_bytes()


async def test_sheets_are_downloaded_filled_in_and_sent_back_in_a_browser(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(FOUND))
    async with a_tab(browser, served.addresses.origin) as tab:
        await tab.sign_in("kent")
        findings = await downloaded(tab, f"{MONTH}/findings", "as a workbook")
        for place in range(2, 2 + len(records_of(findings, "Findings"))):
            findings = typed_into(findings, place, {"answer": f"Row {place} is right as it is."})
        sheet = tmp_path / "findings.xlsx"
        sheet.write_bytes(findings)
        await tab.page.set_input_files("input[type=file]", sheet)
        async with tab.page.expect_navigation():
            await tab.page.get_by_role("button", name="Upload the answers").click()
        assert "The answers of your sheet are stored." in await tab.page.locator("main").inner_text()
        assert "Nothing here waits for an answer." in await tab.page.locator("main").inner_text()
        assert await tab.careful() == []

        cases = await downloaded(tab, MONTH, "as a workbook")
        (place,) = [row for row, case in enumerate(records_of(cases, "Cases"), 2) if case["case_ref"] == "K/0002"]
        book = tmp_path / "cases.xlsx"
        book.write_bytes(typed_into(cases, place, {"suspect_count": "3-5", "notes": "found in the paper file"}))
        await tab.open(f"{MONTH}/upload/cases")
        await tab.page.set_input_files("input[type=file]", book)
        await tab.page.get_by_role("button", name="Upload", exact=True).click()
        await tab.page.wait_for_url("**/done/**")
        said = await tab.page.locator("main").inner_text()
        assert "0 new, 1 changed, 2 unchanged" in said
        assert "The column “notes” is your own" in said

        await tab.open(f"{MONTH}/findings")
        await tab.page.set_input_files("input[type=file]", sheet)  # as it was before the case was corrected
        async with tab.page.expect_navigation():
            await tab.page.get_by_role("button", name="Upload the answers").click()
        said = await tab.page.locator("main").inner_text()
        assert "0 answers were stored, " in said
        assert "needs no answer" in said
        assert await tab.careful() == []


async def test_checks_that_could_not_run_are_listed_on_the_page(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(FOUND))
    words = words_of(await desk.read("findings"))
    assert "checks could not run" in words
    assert "There is no row of the part ‘Workforce’." in words


async def test_a_sheet_that_cannot_be_read_is_refused_on_the_page_with_what_to_do(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(FOUND))
    answers = desk.address("answers")
    for files, says in (
        ({"file": ("", b"", "text/csv")}, "Choose a file"),
        ({"file": ("x.csv", b"rule,answer\r\nQ336,x\r\n", "text/csv")}, "There is no column case_ref, finding"),
        ({"file": ("x.json", b"[]", "application/json")}, "Choose the findings sheet"),
    ):
        answered = await desk.client.post(answers, files=files)
        assert answered.status_code in (400, 415, 422)
        assert says in problems_of(answered.text)["#file"]
    empty = await desk.client.post(answers, files={"file": ("f.csv", (await desk.read("findings.csv")).encode())})
    assert "No line of the sheet has anything in its column" in words_of(empty.text)
