"""Rules on the pages: the notices for everybody who is signed in, disputes by rule for those who keep the rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from service.notices.adopt import propose, reject
from tests.support.browser import Tab, signed_in
from tests.support.desk import a_desk, words_of
from tests.support.notices import NPCC, a_notice, in_force
from tests.support.rows import a_row, as_csv
from tests.support.server import Served


def january(rule: str, severity: str = "off", **said: Any) -> Any:
    """A notice from the beginning of January 2026 on, when the tests of pages take place."""
    return a_notice(rule, severity, **{"start": date(2026, 1, 1), **said})


async def test_a_finding_says_its_notice_and_leads_to_it(served: Served) -> None:
    desk = await a_desk(served)
    backwards = {"offence_from": "2012", "offence_to": "2011"}
    await desk.put(as_csv([a_row(case_ref="K/1", victim_count=0, **backwards), a_row(case_ref="K/2", victim_count=0)]))
    tight = (await in_force(served.context, january("Q335", "validity"))).notice.id
    await in_force(served.context, january("V220", "quality"))
    for page in ("findings", "findings/Q335"):
        assert f'href="/rules#{tight}"' in await desk.read(page)
    tightened, eased = [words_of(await desk.read(f"findings/{rule}")) for rule in ("Q335", "V220")]
    assert ("Words cannot answer it" in tightened, "Say why" in tightened) == (True, False)
    assert "Correct one of the two dates. Or say in words why it is right" in eased
    assert "1 to correct" in words_of(await desk.read())
    off = (await in_force(served.context, january("Q335", "off", start=date(2026, 1, 2)))).notice.id
    held = await desk.read("held")
    assert f"Rule notice {off} changed what held this row" in words_of(held)
    assert "send it again as it is" in words_of(held)
    assert "1 of them can be sent again as they are" in words_of(await desk.read())


async def test_the_page_of_rules_shows_each_notice_and_where_it_stands(served: Served) -> None:
    kent = await signed_in(served, "kent")
    assert "every rule is asked as it was published" in (await kent.get("/rules")).text
    await in_force(served.context, january("Q335"))
    await in_force(served.context, january("Q336", start=date(2027, 1, 1)))
    await in_force(served.context, january("Q337", until=date(2026, 1, 20)))
    waiting = january("Q340", why="<b>Not</b> decided.")
    proposed = await propose(served.db, served.context.library.contracts, NPCC, waiting, served.clock())
    refused = january("Q341")
    await propose(served.db, served.context.library.contracts, NPCC, refused, served.clock())
    await reject(served.db, NPCC, refused.id, "The rule is right.", served.clock())
    served.clock.forward(days=1)  # type: ignore[attr-defined]  # a test's clock
    page = (await (await signed_in(served, "kent")).get("/rules")).text
    words = words_of(page)
    assert all(standing in words for standing in ("In force", "Adopted", "Ended", "Proposed", "Rejected"))
    assert f'id="{proposed.notice.id}"' in page
    assert "<b>Not</b>" not in page
    assert "by the NPCC on 20 January 2026 at 12:00: The rule is right." in words
    assert "hold to be wrong" not in words


async def test_a_notice_that_was_replaced_says_by_which_and_since_when(served: Served) -> None:
    await in_force(served.context, january("Q335", id="2026-01-first"))
    await in_force(served.context, january("Q335", "validity", id="2026-01-second"))
    words = words_of((await (await signed_in(served, "kent")).get("/rules")).text)
    assert "2026-01-first Replaced" in words
    assert "by notice 2026-01-second , since 20 January 2026" in words
    assert "2026-01-second In force" in words


async def test_who_keeps_the_rules_sees_what_forces_dispute(served: Served) -> None:
    desk = await a_desk(served)
    await desk.put(as_csv([a_row(case_ref="K/77", victim_count=0)]))
    client = await served.client("kent")
    dispute = {"rule": "Q335", "case_ref": "K/77", "words": "The victim is the public."}
    assert (await client.post(f"/api{desk.month}/disputes", json=dispute)).status_code == 201
    nca = await signed_in(served, "nca")
    page = (await nca.get("/rules")).text
    assert "/rules?rule=Q335#said" in page
    said = words_of((await nca.get("/rules?rule=Q335")).text)
    assert "Kent Police" in said
    assert "The victim is the public." in said
    assert "K/77" not in said
    assert (await nca.get("/rules?rule=Q999")).status_code == 404
    assert "The victim is the public." not in (await desk.client.get("/rules?rule=Q335")).text


async def test_the_page_of_rules_can_be_used_by_everybody(served: Served, tab: Tab, phone: Tab) -> None:
    await in_force(served.context, january("Q335"))
    for each in (tab, phone):
        await each.sign_in("nca")
        assert await each.open("/rules") == 200
        assert await each.careful() == []
