"""Files sent from a page: taken as they stream in, bounded, refused in words that help, and taken once."""

from __future__ import annotations

import asyncio
import re
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect
from sqlalchemy import text

from service.returns.store import lock_line
from service.storage.database import Database
from tests.support.browser import OWN_FORM, Tab, a_tab
from tests.support.desk import Desk, a_desk, count_of, problems_of, went_on, words_of
from tests.support.faults import until
from tests.support.libreoffice import FILES, STOOD
from tests.support.rows import a_row, as_csv, as_ndjson, rows
from tests.support.server import PERIOD, Served, a_served
from tests.support.workbooks import Formula, a_workbook

UPLOADED = "select count(*) from audit_entry where action = 'case_uploaded'"
SUCCESS = "govuk-notification-banner--success"
MONTH = f"/forces/kent/returns/{PERIOD}"


async def uploads(served: Served) -> int:
    """How many uploads are in the audit log."""
    async with served.db.owner() as tx:
        return int((await tx.execute(text(UPLOADED))).scalar_one())


async def test_what_a_file_came_to_is_shown_after_it_was_taken(served: Served) -> None:
    desk = await a_desk(served)
    words = words_of(await desk.put(as_csv([*rows(3), a_row(case_ref="K/9", suspect_count="two")])))
    assert "3 of 4 rows are in the return. 1 cannot be taken as it is." in words
    assert "3 new, 0 changed, 0 unchanged" in words


async def test_a_workbook_is_taken_like_any_other_file_and_its_notes_are_shown(served: Served) -> None:
    desk = await a_desk(served)
    sheets = {
        "Notes": [{"about": "Kent"}],
        "cases": [*rows(2), a_row(case_ref="K/9", suspect_count=Formula("=1/0", "#DIV/0!"))],
    }
    words = words_of(await desk.put(a_workbook(sheets=sheets), name="cases.xlsx"))
    assert "2 of 3 rows are in the return. 1 cannot be taken as it is." in words
    assert "The sheet “cases” was read. Not read: “Notes”." in words
    assert "1 cell is a formula (the first in row 4)" in words
    held = words_of(await desk.read("held"))
    assert "K/9,19D,intrafamilial,2,13,#DIV/0!,16,police,2014-03,identified,2025-10" in held
    form = await desk.read("upload/cases")
    assert "A workbook (XLSX, up to 64 MB) or CSV" in form
    assert 'accept=".xlsx,' in form


async def test_json_and_ndjson_are_known_by_how_they_begin(served: Served) -> None:
    desk = await a_desk(served)
    assert "All 2 rows are in the return" in await desk.put(as_ndjson(rows(2)), name="cases.ndjson")
    assert "0 new, 0 changed, 2 unchanged" in words_of(
        await desk.put("[" + ",".join(as_ndjson(rows(2)).splitlines()) + "]", name="cases.json")
    )


async def test_a_workbook_that_libreoffice_saved_and_nobody_touched_changes_nothing(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(STOOD))
    assert "0 new, 0 changed, 6 unchanged" in words_of(await desk.put((FILES / "cases.xlsx").read_bytes()))


@pytest.mark.parametrize(
    ("content", "status", "says"),
    [
        (b"PK\x03\x04 a broken workbook", 400, "Open it in the spreadsheet program, save it again as .xlsx"),
        ((FILES / "list.ods").read_bytes(), 415, "Excel Workbook (.xlsx), which LibreOffice calls"),
        (b"\xd0\xcf\x11\xe0 an old workbook", 415, "Excel Workbook (.xlsx), which LibreOffice calls"),
        (a_workbook(sheets={"one": [a_row()], "two": [a_row()]}), 400, "Its sheets: “one”, “two”."),
        (b"%PDF-1.7 a report", 415, "a PDF"),
        (b"\xef\xbb\xbf<html><table><tr><td>case_ref", 415, "XML or a web page"),
        (b"", 422, "The file is empty"),
        (b" \r\n ", 422, "The file is empty"),
        (b"stage\r\nidentified\r\n", 400, "case_ref"),
        (b"team,phase,officers_fte\r\nother,assessment,2\r\n", 400, "workforce"),
        (b"[{\x00", 415, "not text"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_beside_the_field_and_stores_nothing(
    served: Served, content: bytes, status: int, says: str
) -> None:
    desk = await a_desk(served)
    answered = await desk.upload(content, mode="snapshot")
    assert answered.status_code == status, words_of(answered.text)
    assert says in problems_of(answered.text)["#file"]
    assert "<title>Error: Upload cases" in answered.text
    assert 'value="snapshot" checked' in answered.text  # what was chosen stays chosen
    assert await uploads(served) == 0


async def test_a_form_without_a_file_asks_for_one(served: Served) -> None:
    desk = await a_desk(served)
    hidden = await desk.hidden("upload/cases")
    for files in ({"file": ("", b"", "application/octet-stream")}, {"other": (None, b"x")}):
        answered = await desk.client.post(desk.address("upload/cases"), data={**hidden, "mode": "changes"}, files=files)
        assert answered.status_code == 422
        assert problems_of(answered.text) == {"#file": "Choose a file"}


async def test_what_the_file_holds_must_be_said(served: Served) -> None:
    desk = await a_desk(served)
    answered = await desk.upload(as_csv(rows(1)), mode="everything")
    assert problems_of(answered.text) == {"#mode": "Say what the file holds"}


async def test_a_file_larger_than_the_bound_is_refused(database: Database, tmp_path: Path) -> None:
    async with a_served(database, tmp_path, pages=True, max_upload_mb=1) as served:
        desk = await a_desk(served)
        answered = await desk.upload(b"x" * (3 << 20))
        assert answered.status_code == 413
        assert "larger than 1 MB" in problems_of(answered.text)["#file"]
        announced = await _raw(desk, [_part(await desk.hidden("upload/cases")), b"x" * (2 << 20)], close=True)
        assert announced.status_code == 413
        assert await uploads(served) == 0


async def test_an_upload_that_was_cut_short_is_told_as_such(served: Served) -> None:
    desk = await a_desk(served)
    begin = _part(await desk.hidden("upload/cases"))
    for pieces in ([begin, b"case_ref,stage\r\nK/1,iden"], [begin], [begin[:40]], [b""]):
        answered = await _raw(desk, pieces, close=False)
        assert answered.status_code == 400
        assert "cut short" in problems_of(answered.text)["#file"]
    assert await uploads(served) == 0


@pytest.mark.parametrize("media", ["text/csv", "multipart/form-data", "application/x-www-form-urlencoded"])
async def test_a_body_that_is_no_such_form_is_refused(served: Served, media: str) -> None:
    desk = await a_desk(served)
    answered = await desk.client.post(desk.address("upload/cases"), content=b"key=1", headers={"Content-Type": media})
    assert answered.status_code == 415
    assert await uploads(served) == 0


async def test_a_file_of_many_megabytes_never_stands_in_memory(served: Served) -> None:
    desk = await a_desk(served)
    begin, piece, pieces = _part(await desk.hidden("upload/cases")), b"\0" * (1 << 18), 384

    async def body() -> AsyncIterator[bytes]:
        yield begin + b"\xd0\xcf\x11\xe0"
        for _ in range(pieces):
            yield piece
        yield b"\r\n--edge--\r\n"

    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        answered = await desk.client.post(
            desk.address("upload/cases"), content=body(), headers={"Content-Type": "multipart/form-data; boundary=edge"}
        )
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answered.status_code == 415  # it arrived whole, and is no file of rows
    assert peak - before < 24 << 20 < pieces * len(piece)


async def test_a_double_click_takes_a_file_once(served: Served) -> None:
    desk = await a_desk(served)
    hidden, content = await desk.hidden("upload/cases"), as_csv([*rows(2), a_row(case_ref="K/9", suspect_count="two")])
    one, two = await asyncio.gather(desk.upload(content, hidden=hidden), desk.upload(content, hidden=hidden))
    assert went_on(one) == went_on(two)
    assert await uploads(served) == 1
    again = await desk.upload(content, hidden=hidden)
    assert went_on(again) == went_on(one)
    assert await uploads(served) == 1


async def test_a_form_sent_again_with_another_file_says_so_and_can_then_be_sent(served: Served) -> None:
    desk = await a_desk(served)
    hidden = await desk.hidden("upload/cases")
    went_on(await desk.upload(as_csv(rows(1)), hidden=hidden))
    answered = await desk.upload(as_csv(rows(2)), hidden=hidden)
    assert answered.status_code == 422
    assert "sent before, with other content" in problems_of(answered.text)["#file"]
    assert hidden["key"] not in answered.text  # the form that is shown now has a key of its own
    assert await uploads(served) == 1


async def test_check_only_says_what_a_file_would_come_to_and_stores_nothing(served: Served) -> None:
    desk = await a_desk(served)
    hidden = await desk.hidden("upload/cases")
    content = as_csv([*rows(2), a_row(case_ref="K/9", suspect_count="two")])
    answered = await desk.upload(content, check=True, hidden=hidden)
    assert went_on(answered) == went_on(await desk.upload(content, check=True, hidden=hidden))
    words = words_of((await desk.client.get(answered.headers["location"])).text)
    assert "Nothing of it is stored" in words
    assert "2 of 3 rows can be taken. 1 cannot be taken as it is." in words
    assert await uploads(served) == 0
    assert await count_of(served, "select count(*) from draft_case") == 0


async def test_the_address_of_a_check_leads_back_to_the_form(served: Served) -> None:
    desk = await a_desk(served)
    assert went_on(await desk.client.get(desk.address("upload/cases/check"))) == f"{MONTH}/upload/cases"
    assert (await desk.client.get(desk.address("upload/nothing/check"))).status_code == 404


async def test_what_an_upload_came_to_is_shown_to_who_sent_it_alone(served: Served) -> None:
    desk, essex = await a_desk(served), await a_desk(served, "essex")
    address = went_on(await desk.upload(as_csv(rows(1))))
    assert (await essex.client.get(address)).status_code == 404
    assert (await essex.client.get(address.replace("kent", "essex"))).status_code == 404
    assert (await desk.client.get(address[:-3] + "xyz")).status_code == 404
    assert (await desk.client.get(address.replace("/done/", "/lost/"))).status_code == 404


async def test_counts_and_workforce_are_uploaded_whole(served: Served) -> None:
    desk = await a_desk(served)
    page = await desk.put("nfa_date,setting,cases\r\n2014,organised,37\r\n2015,gang,4\r\n", part="aggregates")
    assert "All 2 rows are in the return" in page
    page = await desk.put("team,phase,officers_fte\r\nother,assessment,2.5\r\n", part="workforce")
    assert "The row is in the return" in page
    words = words_of(await desk.read())
    assert "Upload counts Only for years that you cannot report case by case 2 counts" in words
    assert "Upload workforce Teams, and the people in them 1 row" in words
    assert (await desk.client.get(desk.address("upload/return"))).status_code == 404


async def test_a_script_is_told_where_to_go_on_or_what_is_wrong(served: Served) -> None:
    desk = await a_desk(served)
    asks = {"Accept": "application/json"}
    taken = await desk.upload(as_csv(rows(1)), headers=asks)
    assert taken.json()["next"].startswith(f"{MONTH}/upload/cases/done/")
    refused = await desk.upload(b"", headers=asks)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["href"] == "#file"
    stranger = await a_desk(served, "essex", opened=False)
    foreign = await stranger.client.post(desk.address("upload/cases"), headers=asks)
    assert foreign.status_code == 404
    assert foreign.json()["errors"][0]["text"] == "Not found: There is nothing here."
    assert foreign.headers["cache-control"] == "no-store"
    elsewhere = await desk.client.post(desk.address("upload/cases"), headers={**asks, "Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403
    assert "This was not sent from a page of this service." in elsewhere.json()["errors"][0]["text"]


async def test_who_waits_is_told_how_much_of_the_file_is_read(served: Served) -> None:
    desk = await a_desk(served)
    hidden = await desk.hidden("upload/cases")
    address, content = f"{MONTH}/upload/cases/progress/{hidden['key']}", as_csv(rows(50))
    kent = served.context.force_number("kent")

    async def told() -> dict[str, int | None]:
        found: dict[str, int | None] = (await desk.client.get(address)).json()
        return found

    async with served.db.force(kent) as tx:
        await lock_line(tx, kent)
        sending = asyncio.create_task(desk.upload(content, hidden=hidden))

        async def is_read() -> bool:
            found = await told()
            return found["size"] is not None and found["read"] == found["size"]

        await until(is_read, "all of the file is read")
        assert await told() == {"read": len(content), "size": len(content)}
        stranger = await a_desk(served, "essex", opened=False)
        assert (await stranger.client.get(address)).status_code == 404
    went_on(await sending)
    assert await told() == {"read": None, "size": None}


async def test_a_file_form_of_another_site_is_refused_before_it_is_read(served: Served) -> None:
    desk = await a_desk(served)
    hidden = await desk.hidden("upload/cases")
    answered = await desk.upload(as_csv(rows(1)), hidden=hidden, headers={"Sec-Fetch-Site": "cross-site"})
    assert answered.status_code == 403
    assert await uploads(served) == 0


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_empty_sheet_that_the_page_offers_has_the_headings_that_are_taken(served: Served, form: str) -> None:
    desk = await a_desk(served)
    offered = re.findall(r'href="(/api/contracts/[^"]+)" download', await desk.read("upload/cases"))
    assert offered == [f"/api/contracts/2025.1/template/cases.{form}" for form in ("xlsx", "csv")]
    sheet = (await desk.client.get(next(path for path in offered if path.endswith(form)))).content
    page = await desk.put(sheet, name=f"cases.{form}")
    assert "The file holds no rows" in words_of(page)
    assert SUCCESS not in page


async def test_a_file_without_rows_is_no_success(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put("team,phase,officers_fte\r\nother,assessment,2.5\r\n", part="workforce")
    page = await desk.put("[]", part="workforce", name="workforce.json")
    assert "It took the place of all teams and phases of the return, which then has none." in words_of(page)
    assert SUCCESS not in page
    assert await count_of(served, "select count(*) from workforce_row") == 0
    page = await desk.put("[]", check=True)
    assert "The file holds no rows" in words_of(page)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
async def test_the_cases_of_a_return_can_be_downloaded_and_sent_back(served: Served, form: str) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv(rows(3)))
    for page in ("", "upload/cases"):
        assert f'href="{desk.address("cases." + form)}" download' in await desk.read(page)
    sheet = await desk.client.get(desk.address(f"cases.{form}"))
    assert sheet.headers["content-disposition"] == f'attachment; filename="kent-{PERIOD}-cases.{form}"'
    assert "0 new, 0 changed, 3 unchanged" in words_of(await desk.put(sheet.content))


def a_sheet(folder: Path, count: int) -> Path:
    """A file of so many good rows, for a browser to choose."""
    sheet = folder / "cases.csv"
    sheet.write_text(as_csv(rows(count)))
    return sheet


async def _slow(tab: Tab, bytes_per_second: int) -> None:
    """Let the browser send no faster than this."""
    devtools = await tab.page.context.new_cdp_session(tab.page)
    await devtools.send("Network.enable")
    await devtools.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second},
    )


async def test_a_long_upload_shows_how_much_is_sent_and_then_that_it_is_checked(
    browser: Browser, served: Served, tmp_path: Path
) -> None:
    sheet = a_sheet(tmp_path, 4_000)
    await a_desk(served)
    kent = served.context.force_number("kent")
    async with a_tab(browser, served.addresses.origin) as tab:
        await tab.sign_in("kent")
        await tab.open(f"{MONTH}/upload/cases")
        await _slow(tab, 150_000)
        await tab.page.set_input_files("input[type=file]", sheet)
        async with served.db.force(kent) as tx:
            await lock_line(tx, kent)
            await tab.page.get_by_role("button", name="Upload", exact=True).click()
            bar, words = tab.page.locator("#progress-bar"), tab.page.locator("#progress-words")
            await expect(words).to_contain_text("Sending cases.csv: 0.")
            assert 0 < float(await bar.get_attribute("value") or "nan") < 99
            assert not await tab.page.get_by_role("button", name="Upload", exact=True).is_visible()
            assert await tab.careful() == []
            await expect(words).to_contain_text("The rules of the standard", timeout=60_000)
            assert await bar.get_attribute("value") is None  # how long it takes cannot be told, and so it is not
            assert await tab.careful() == []
        await tab.page.wait_for_url("**/done/**")
        assert "All 4,000 rows are in the return" in await tab.page.locator("main").inner_text()


async def test_an_upload_can_be_stopped_while_it_is_sent(browser: Browser, served: Served, tmp_path: Path) -> None:
    sheet = a_sheet(tmp_path, 3_000)
    await a_desk(served)
    async with a_tab(browser, served.addresses.origin) as tab:
        await tab.sign_in("kent")
        await tab.open(f"{MONTH}/upload/cases")
        await _slow(tab, 60_000)
        await tab.page.set_input_files("input[type=file]", sheet)
        await tab.page.get_by_role("button", name="Upload", exact=True).click()
        await tab.page.get_by_role("button", name="Stop sending").click()
        assert "You stopped the upload" in await tab.page.locator(".govuk-error-summary").inner_text()
    assert await uploads(served) == 0


async def test_another_file_can_be_sent_after_the_answer_to_the_first_was_lost(
    tab: Tab, served: Served, tmp_path: Path
) -> None:
    sheet = a_sheet(tmp_path, 2)
    desk = await a_desk(served)
    await tab.sign_in("kent")
    await tab.open(f"{MONTH}/upload/cases")
    key = await tab.page.locator("input[name=key]").input_value()
    went_on(await desk.upload(as_csv(rows(1)), hidden={"key": key}))  # taken, and the page does not know
    await tab.page.set_input_files("input[type=file]", sheet)
    await tab.page.get_by_role("button", name="Upload", exact=True).click()
    await expect(tab.page.locator(".govuk-error-summary")).to_contain_text("sent before, with other content")
    assert await uploads(served) == 1
    # the button itself takes no second click within a second
    await tab.page.evaluate("document.getElementById('upload').requestSubmit()")
    await tab.page.wait_for_url("**/done/**")
    assert "All 2 rows are in the return" in await tab.page.locator("main").inner_text()


async def test_an_upload_that_is_refused_as_a_whole_says_why_and_nothing_of_a_lost_connection(
    tab: Tab, served: Served, tmp_path: Path
) -> None:
    sheet = a_sheet(tmp_path, 1)
    await a_desk(served)
    await tab.sign_in("kent")
    await tab.open(f"{MONTH}/upload/cases")
    beside = await tab.page.context.new_page()
    await Tab(beside, tab.origin, []).sign_in("essex")  # in another tab, as somebody of another force
    await tab.page.set_input_files("input[type=file]", sheet)
    await tab.page.get_by_role("button", name="Check only").click()
    await expect(tab.page.locator(".govuk-error-summary")).to_contain_text("Not found: There is nothing here.")
    assert tab.page.url.endswith("/upload/cases")
    assert await tab.page.evaluate("document.querySelector('input[type=file]').files[0].name") == "cases.csv"


async def test_an_error_of_an_upload_leaves_the_file_and_the_choice_as_they_are(
    tab: Tab, served: Served, tmp_path: Path
) -> None:
    workbook = tmp_path / "cases.xlsx"
    workbook.write_bytes(b"PK\x03\x04 a broken workbook")
    await a_desk(served)
    await tab.sign_in("kent")
    await tab.open(f"{MONTH}/upload/cases")
    await tab.page.get_by_label("Every case that our force holds").check()
    await tab.page.get_by_role("button", name="Check only").click()
    assert "Choose a file" in await tab.page.locator(".govuk-error-summary").inner_text()
    await tab.page.set_input_files("input[type=file]", workbook)
    await tab.page.get_by_role("button", name="Upload", exact=True).click()
    await tab.page.get_by_text("save it again as .xlsx").first.wait_for()
    assert (await tab.page.title()).startswith("Error: Upload cases")
    assert await tab.page.get_by_label("Every case that our force holds").is_checked()
    assert await tab.page.evaluate("document.querySelector('input[type=file]').files[0].name") == "cases.xlsx"
    assert await tab.page.locator(".govuk-error-summary").count() == 1
    assert await tab.careful() == []


def _part(hidden: dict[str, str]) -> bytes:
    """A form up to where its file begins."""
    fields = {**hidden, "mode": "changes"}
    text = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    )
    return f'{text}--edge\r\nContent-Disposition: form-data; name="file"; filename="cases.csv"\r\n\r\n'.encode()


async def _raw(desk: Desk, pieces: list[bytes], *, close: bool) -> httpx.Response:
    """Send a form as it is, whole or without its end."""
    content = b"".join(pieces) + (b"\r\n--edge--\r\n" if close else b"")
    headers = {"Content-Type": "multipart/form-data; boundary=edge", **OWN_FORM}
    return await desk.client.post(desk.address("upload/cases"), content=content, headers=headers)
