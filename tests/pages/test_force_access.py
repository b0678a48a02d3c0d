"""Who gets to a force's pages: its own people alone, each as far as their rights go; and nothing of a row outside."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from service.identity.people import Person
from service.identity.principal import Permission, Principal
from service.storage.database import Database
from tests.support.browser import signed_in
from tests.support.desk import Desk, a_desk, words_of
from tests.support.rows import a_row, as_csv, rows
from tests.support.server import PERIOD, Served, a_served
from tests.support.workbooks import records_of

PAGES = (
    *("", "declare", "correct", "withdraw", "upload/cases", "upload/aggregates", "upload/workforce", "findings"),
    *(
        "findings/Q336",
        "held",
        "missing",
        "undo",
        "seal",
        "receipt",
        "cases.csv",
        "findings.csv",
        "cases.xlsx",
        "findings.xlsx",
    ),
)
FORMS = ("declare", "correct", "withdraw", "findings", "findings/Q336", "held", "missing", "undo", "seal")


def of_kent(name: str, *permissions: Permission) -> Person:
    """Somebody at Kent with these rights alone."""
    return Person(
        id=f"kent-{name}",
        role=name,
        of="Kent Police",
        principal=Principal(
            client_id=f"demonstration:kent-{name}",
            name=f"{name}, Kent Police",
            force="kent",
            body=None,
            permissions=frozenset(permissions),
        ),
    )


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The service, where Kent has an analyst who does not sign and a reader who changes nothing besides its lead."""
    also = (
        of_kent("analyst", Permission.RETURNS_READ, Permission.RETURNS_WRITE),
        of_kent("reader", Permission.RETURNS_READ),
    )
    async with a_served(database, tmp_path, pages=True, also=also) as running:
        yield running


async def a_kent_return(served: Served) -> Desk:
    """Kent's return of November, with everything that a page can show."""
    desk = await a_desk(served)
    await desk.put(as_csv([*rows(2), a_row(case_ref="K/8", suspect_count=0), a_row(case_ref="K/9", suspect_count="x")]))
    return desk


@pytest.mark.parametrize("who", ["essex", "nca"])
async def test_another_forces_pages_are_not_there_for_anybody_else(served: Served, who: str) -> None:
    desk = await a_kent_return(served)
    stranger = await signed_in(served, who)
    status = 403 if who == "nca" else 404
    for page in PAGES:
        answered = await stranger.get(desk.address(page))
        assert answered.status_code == status, page
        assert "K/8" not in answered.text
        assert PERIOD not in answered.text
    for page in FORMS:
        answered = await stranger.post(desk.address(page), data={"key": "k" * 24})
        assert answered.status_code == status, page
    sent = await stranger.post(desk.address("upload/cases"), files={"file": ("x.csv", as_csv(rows(1)))})
    assert sent.status_code == status
    for page in ("", "/work-list", "/border"):
        assert (await stranger.get(f"/forces/kent{page}")).status_code == status
    assert (await stranger.get("/forces/nowhere")).status_code == status


async def test_who_is_not_signed_in_is_asked_to(served: Served) -> None:
    await a_kent_return(served)
    client = await served.bare()
    answered = await client.get(f"/forces/kent/returns/{PERIOD}/findings?severity=quality")
    assert answered.headers["location"].startswith("/sign-in?next=/forces/kent/returns/")
    assert "Nothing of it was stored" not in (await client.get(answered.headers["location"])).text


@pytest.mark.parametrize(
    ("page", "next_page"),
    [
        (
            "{origin}/forces/kent/returns/2025-11/findings/Q336?after=1",
            "/forces/kent/returns/2025-11/findings/Q336?after=1",
        ),
        ("https://evil.example/forces/kent", "/"),
        ("{origin}//evil.example", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
async def test_a_form_sent_after_the_session_ended_leads_back_to_its_page_and_says_that_nothing_was_stored(
    served: Served, page: str, next_page: str
) -> None:
    desk = await a_kent_return(served)
    await desk.client.post("/sign-out")
    referer = {"Referer": page.format(origin=served.addresses.origin)} if page else {}
    answered = await desk.client.post(
        desk.address("findings/Q336"), data={"key": "k" * 24, "how": "confirm"}, headers=referer
    )
    assert answered.status_code == 303
    shown = await desk.client.get(answered.headers["location"])
    assert "Nothing of it was stored: sign in, and send it again." in words_of(shown.text)
    assert f'name="next" value="{next_page}"' in shown.text


async def test_who_does_not_sign_prepares_all_and_is_told_plainly_who_signs(served: Served) -> None:
    desk = Desk(await signed_in(served, "kent-analyst"))
    await desk.open()
    await desk.put(as_csv(rows(2)))
    await desk.answer_all()
    page = await desk.read("seal")
    assert "you cannot sign it" in words_of(page)
    assert "Seal this return" not in page
    answered = await desk.send("seal", {"seen": "x"}, name="A", role="B", declaration="yes")
    assert answered.status_code == 403
    assert "Ask the person at your force who signs" in words_of(answered.text)
    lead = Desk(await signed_in(served, "kent"))
    assert "Return sealed" in await lead.seal()
    assert (await desk.client.get(desk.address("withdraw"))).status_code == 403
    answered = await desk.send("withdraw", {"key": "k" * 24, "seen": ""}, reason="For nothing.")
    assert answered.status_code == 403
    assert "Withdraw this return" not in words_of(await desk.read())


async def test_who_only_reads_sees_no_form_and_changes_nothing(served: Served) -> None:
    lead = await a_kent_return(served)
    reader = Desk(await signed_in(served, "kent-reader"))
    for page in ("", "findings", "findings/Q336", "held", "missing", "seal"):
        assert "<form" not in (await reader.read(page)).partition("<main")[2].replace('<form method="get"', ""), page
    for page in ("upload/cases", "declare", "withdraw", "undo"):
        assert (await reader.client.get(reader.address(page))).status_code == 403
    for page in (*FORMS[:-1], "upload/cases", "upload/cases/check"):
        assert (await reader.client.post(reader.address(page), data={"key": "k" * 24})).status_code == 403, page
    assert "<form" not in (await reader.client.get("/forces/kent")).text.partition("<main")[2]
    assert "3 cases: 3 new" in words_of(await lead.read())


async def test_no_reference_and_no_value_stands_in_an_address_or_in_the_log(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    desk = await a_desk(served)
    marked = [a_row(case_ref=f"MARKED{n}", suspect_count=0) for n in range(60)]
    await desk.put(as_csv([*marked, a_row(case_ref="MARKED99", suspect_count="MARKEDVALUE")]))
    await desk.client.post(desk.address("findings/Q336"), data={"key": "k" * 24, "how": "explain", "words": "MARKED"})
    for page in ("", "findings", "findings?severity=quality", "findings/Q336", "held", "seal"):
        for _, address in re.findall(r'(href|action)="([^"]*)"', await desk.read(page)):
            assert "MARKED" not in address
    assert not [record for record in caplog.records if "MARKED" in record.getMessage() and record.name != "httpx"]


async def test_every_reading_of_rows_is_in_the_audit_log(served: Served) -> None:
    from sqlalchemy import text

    desk = await a_kent_return(served)
    for page in ("findings", "findings/Q336", "held", "missing", "findings.csv", "cases.csv"):
        await desk.read(page)
    for page in ("findings.xlsx", "cases.xlsx"):
        assert (await desk.client.get(desk.address(page))).status_code == 200
    async with served.db.owner() as tx:
        rows_ = await tx.execute(text("select action, count(*) as n from audit_entry group by action"))
        found = {row.action: row.n for row in rows_}
    assert (found["findings_read"], found["held_rows_read"], found["cases_read"]) == (4, 1, 3)


async def test_every_finding_is_counted_listed_and_downloaded(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv([a_row(case_ref=f"K/{n}", suspect_count=0, victim_count=0) for n in range(60)]))
    page = await desk.read("findings")
    assert re.findall(r">(\d+)<span class=\"govuk-visually-hidden\"> findings of (Q33[56])", page) == [
        ("60", "Q335"),
        ("60", "Q336"),
    ]
    listed: list[str] = []
    address = "findings?rule=Q336"
    while address:
        page = await desk.read(address)
        listed += re.findall(r'app-key">(K/\d+)<', page)
        following = re.search(r'href="(\?[^"]+)" rel="next"', page)
        address = f"findings{following[1].replace('&amp;', '&').partition('#')[0]}" if following else ""
    assert sorted(listed) == sorted(f"K/{n}" for n in range(60))
    assert re.findall(r'href="[^"]*/(findings\.[^"]+)" download', await desk.read("findings?rule=Q336"))[:2] == [
        "findings.xlsx?rule=Q336",
        "findings.csv?rule=Q336",
    ]
    content = (await desk.client.get(desk.address("findings.xlsx?rule=Q336"))).content
    assert [row["rule"] for row in records_of(content, "Findings")] == ["Q336"] * 60
    sheet = (await desk.read("findings.csv?rule=Q336")).splitlines()
    assert len(sheet) == 61
    assert sheet[0].startswith("rule,severity,part,row,case_ref,")


async def test_an_address_that_was_not_made_here_is_not_found(served: Served) -> None:
    desk = await a_kent_return(served)
    for page in (
        *("findings?severity=worst", "findings?rule=Q999", "findings?after=x", "findings?after=9.9.9.9.9"),
        *("findings?after=1.99999999999.Q336.1", "findings/Q999", "held?after=x", "missing?after=K/1", "?revision=x"),
        *("?revision=9", "receipt", "receipt?revision=1", "upload/cases/done/short", "cases.csv?revision=9"),
    ):
        answered = await desk.client.get(desk.address(page) if page[:1] != "?" else desk.month + page)
        assert answered.status_code in (400, 404), page
