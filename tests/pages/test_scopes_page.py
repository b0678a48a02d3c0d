"""Scope editions on the pages: drafted, proposed, confirmed and rejected by people of the two bodies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser
from sqlalchemy import text

from service.identity.people import Person
from service.identity.principal import Permission, Principal
from service.returns.rejudging import judge_remaining
from service.storage.database import Database
from tests.support.browser import a_tab, signed_in
from tests.support.desk import hidden_in, problems_of, went_on, words_of
from tests.support.editions import NARROW, a_scope, a_way, as_yaml
from tests.support.rows import rows
from tests.support.server import Return, Served, a_served, good, problem
from tests.support.tallies import statements_of

AT = f"/national/scopes/{NARROW}"
NEW = "/national/scopes/new"
WIDE = "2025-11-wide"


@pytest_asyncio.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The service, where the NCA has a reader who adopts nothing, besides its coordinator."""
    principal = Principal(
        client_id="demonstration:nca-reader",
        name="reader",
        force=None,
        body="nca",
        permissions=frozenset([Permission.NATIONAL_READ]),
    )
    reader = Person(id="nca-reader", role="reader", of="National Crime Agency", principal=principal)
    async with a_served(database, tmp_path, pages=True, also=[reader]) as running:
        yield running


def form(content: bytes | str = b"", etag: str = "", file: bytes | None = None) -> dict[str, Any]:
    """The form of a draft, as a browser sends it: with a part for the file, whether or not one was chosen."""
    typed = content if isinstance(content, str) else content.decode()
    chosen = ("", b"") if file is None else ("draft.yaml", file)
    return {"data": {"text": typed.replace("\n", "\r\n"), "etag": etag}, "files": {"file": chosen}}


async def drafted(served: Served, **said: Any) -> httpx.AsyncClient:
    """The NCA's coordinator, who has just stored a draft."""
    nca = await signed_in(served, "nca")
    went_on(await nca.post(NEW, **form(as_yaml(a_scope(**said)))), "/national/scopes/")
    return nca


async def proposed(served: Served) -> tuple[httpx.AsyncClient, httpx.AsyncClient]:
    """Both coordinators, and a proposal of the NCA's."""
    nca, npcc = await drafted(served), await signed_in(served, "npcc")
    went_on(await nca.post(f"{AT}/propose", data=hidden_in((await nca.get(AT)).text)), f"{AT}?done=proposed")
    return nca, npcc


async def stands(served: Served) -> dict[str, Any]:
    client = await served.client(None, "national:read", body="nca")
    return good(await client.get(f"/api/scopes/{NARROW}/draft"))


async def entries(served: Served) -> int:
    """How many entries the audit log has about scope editions."""
    async with served.db.owner() as tx:
        return int((await tx.execute(text("select count(*) from audit_entry where action like 'scope%'"))).scalar_one())


async def test_a_draft_is_pasted_or_uploaded(served: Served) -> None:
    nca = await signed_in(served, "nca")
    went_on(await nca.post(NEW, **form(as_yaml(a_scope()))), f"{AT}?done=drafted")
    other = as_yaml(a_scope("2026-06-other"))
    went_on(await nca.post(NEW, **form("what stood there", file=other)), "/national/scopes/2026-06-other?done=drafted")
    listed = words_of((await nca.get("/national/scopes")).text)
    assert listed.count("A definition with 4 suspects or more") == 2
    assert "Draft 2025.1 By the NCA" in listed
    shown = words_of((await nca.get(f"{AT}?done=drafted")).text)
    assert "The draft is stored." in shown
    assert "A case meets this rule if ‘Suspects’ is 4 or more." in shown
    assert f"What it changes in {WIDE}" in shown


async def test_how_far_judging_is_stands_with_an_edition_until_nothing_is_left(served: Served) -> None:
    kent = Return(await served.client("kent"))
    await kent.report(rows(2, suspect_count=5))
    nca, _ = await proposed(served)
    shown = words_of((await nca.get(AT)).text)
    assert (
        "How far judging is 0 of 1 returns are judged, and 1 force is not done yet. None was judged in the last 5 "
        "minutes. Load this page again to see how it goes on."
    ) in shown
    await judge_remaining(served.context)
    assert "How far judging is" not in words_of((await nca.get(AT)).text)


async def test_a_proposal_that_reads_otherwise_here_is_still_shown(served: Served) -> None:
    nca, _ = await proposed(served)
    async with served.db.owner() as tx:
        await tx.execute(text("update scope_edition set hash = repeat('0', 64) where name = :name"), {"name": NARROW})
    shown = await nca.get(AT)
    assert (shown.status_code, 'class="govuk-warning-text"' in shown.text) == (200, True)


async def test_what_is_wrong_is_told_with_line_and_column_and_the_text_is_kept(served: Served) -> None:
    nca = await signed_in(served, "nca")
    said = a_scope()
    said["rules"][0]["when"] = "suspect_cuont >= 4"
    said["rules"][1]["when"] = "victim_count >="
    written = as_yaml(said).decode()
    for sent in (form(written), form("", file=written.encode())):
        refused = await nca.post(NEW, **sent)
        assert refused.status_code == 422
        words = words_of(refused.text)
        assert "Line 9, column 9: There is no field `suspect_cuont`" in words
        assert "when: suspect_cuont >= 4" in words
        assert "Line 13, column " in words
        assert written.strip().replace("'", "&#39;").replace(">", "&gt;") in refused.text
        assert 'id="text-error"' in refused.text
    assert len(good(await (await served.bare()).get("/api/scopes"))["items"]) == 2


@pytest.mark.parametrize(
    ("sent", "place", "says"),
    [
        (form("edition: \x00"), "#text", "a character that cannot be kept"),
        (form("", file=b"\xff\xfe\x00"), "#text", "not UTF-8"),
        (form(""), "#text", "Line 1"),
        (form("", file=b"x" * (257 << 10)), "#file", "larger than 256 KB"),
        (form("x" * (600 << 10)), "#text", "too long"),
        (form("{"), "#text", "not JSON"),
        (form(as_yaml(a_scope(WIDE))), "#text", f"There is a scope edition {WIDE} already"),
    ],
)
async def test_what_cannot_be_read_is_told_at_its_field(
    served: Served, sent: dict[str, Any], place: str, says: str
) -> None:
    nca = await signed_in(served, "nca")
    refused = await nca.post(NEW, **sent)
    assert refused.status_code in (400, 409, 413, 422)
    assert says in problems_of(refused.text)[place]


async def test_a_draft_is_changed_over_what_was_seen(served: Served) -> None:
    nca = await drafted(served)
    npcc = await signed_in(served, "npcc")
    seen = hidden_in((await npcc.get(f"{AT}/change")).text)["etag"]
    changed = as_yaml(a_scope(least=7))
    went_on(await npcc.post(f"{AT}/change", **form(changed, seen)), f"{AT}?done=drafted")
    assert (await stands(served))["version"] == 2
    refused = await nca.post(f"{AT}/change", **form(as_yaml(a_scope(least=9)), seen))
    assert refused.status_code == 412
    assert "The draft changed since you read it" in problems_of(refused.text)["#text"]
    assert "suspect_count &gt;= 9" in refused.text
    shown = (await nca.get(f"{AT}/change")).text
    assert "suspect_count &gt;= 7" in shown


async def test_a_new_draft_begins_as_another_edition_under_a_free_name(served: Served) -> None:
    nca = await signed_in(served, "nca")
    page = (await nca.get(NEW, params={"from": WIDE})).text
    assert "edition: 2026-01-wide\n" in page
    assert "suspect_count &gt;= 2" in page
    assert (await nca.get(NEW, params={"from": "none"})).status_code == 404
    assert "edition: 2026-01-draft\n" in (await nca.get(NEW)).text


async def test_until_when_it_is_tallied_stands_on_its_page_and_not_in_what_begins_as_it(served: Served) -> None:
    nca = await drafted(served, tallied_until="2026-12-31")
    assert "under this one all the same until the end of 31 December 2026." in words_of((await nca.get(AT)).text)
    assert "2026-12-31" in (await nca.get(f"{AT}/change")).text
    assert "tallied_until" not in (await nca.get(NEW, params={"from": NARROW})).text


async def test_two_bodies_take_an_edition_into_force(served: Served) -> None:
    nca, npcc = await proposed(served)
    page = (await npcc.get(AT)).text
    words = words_of(page)
    assert "The NCA has not confirmed it. The NPCC has not confirmed it." in words
    assert "It does not come into force before the NCA confirms it too." in words
    went_on(await npcc.post(f"{AT}/confirm", data=hidden_in(page)), f"{AT}?done=confirmed")
    told = await npcc.get(f"{AT}?done=confirmed")
    assert "is stored and signed" in words_of(told.text)
    assert "/confirm" not in told.text
    went_on(await nca.post(f"{AT}/confirm", data=hidden_in((await nca.get(AT)).text)))
    assert "is confirmed by both bodies, and is in force." in words_of((await nca.get(f"{AT}?done=confirmed")).text)
    assert (await stands(served))["state"] == "in_force"
    assert "Edition 2026-06-narrow" in words_of((await nca.get("/national")).text)


async def test_an_edition_that_was_overtaken_says_so_and_is_not_confirmed(served: Served) -> None:
    way = await a_way(served)
    await way.proposed(a_scope("2026-07-late", least=5))
    nca, late = await signed_in(served, "nca"), "/national/scopes/2026-07-late"
    form_before = hidden_in((await nca.get(late)).text)
    await way.confirmed(await way.proposed())
    page = (await nca.get(late)).text
    words = words_of(page)
    assert (
        f"It cannot come into force any more. It was proposed to follow {WIDE}, and {NARROW} is in force by now: draft "
        "it anew on what is in force."
    ) in words
    assert "It comes into force when" not in words
    assert "What it waits for" not in words
    assert f'action="{late}/confirm"' not in page
    assert f'action="{late}/reject"' in page
    assert "Cannot come into force any more: draft it anew" in words_of((await nca.get("/national/scopes")).text)
    refused = await nca.post(f"{late}/confirm", data=form_before)
    assert refused.status_code == 409
    assert "2026-07-late cannot come into force any more." in words_of(refused.text)


async def test_whether_an_edition_is_overtaken_is_asked_once(served: Served) -> None:
    nca, _ = await proposed(served)
    asked = await statements_of(served.db, lambda: nca.get(AT))
    assert len([each for each in asked if "from scope_edition where state = 'in_force'" in each]) == 1


async def test_two_presses_in_the_same_instant_have_one_effect_and_the_second_says_what_is_so(served: Served) -> None:
    nca = await drafted(served)
    for word in ("propose", "confirm", "reject"):
        sent = {**hidden_in((await nca.get(AT)).text), "reason": "Too narrow."}
        both = await asyncio.gather(*(nca.post(f"{AT}/{word}", data=sent) for _ in range(2)))
        first, second = sorted(both, key=lambda each: each.status_code)
        assert (first.status_code, second.status_code) == (303, 409)
        assert "already, on 20 January 2026 at 12:00." in problems_of(second.text)[f"#{word}"]
    steps = [step["step"] for step in (await stands(served))["steps"]]
    assert steps == ["drafted", "proposed", "confirmed", "rejected"]


@pytest.mark.parametrize("who", ["nca", "npcc"])
async def test_a_second_tab_is_told_what_is_so_already_by_whom_and_when_in_the_words_of_the_api(
    served: Served, who: str
) -> None:
    nca, way = await drafted(served), await a_way(served)
    clients = {"nca": (nca, way.nca), "npcc": (await signed_in(served, "npcc"), way.npcc)}
    tab, program = clients[who]
    so = f"The NCA {{}} {NARROW} already, on 20 January 2026 at 12:00."
    proposal = hidden_in((await tab.get(AT)).text)
    went_on(await nca.post(f"{AT}/propose", data=proposal), f"{AT}?done=proposed")
    confirmation = hidden_in((await nca.get(AT)).text)
    words: list[tuple[str, dict[str, str], dict[str, str], dict[str, str], str]] = [
        ("propose", proposal, {}, {"If-Match": proposal["etag"]}, so.format("proposed")),
        ("reject", {"reason": "For another reason."}, {"reason": "For another."}, {}, so.format("rejected")),
    ]
    if who == "nca":
        went_on(await nca.post(f"{AT}/confirm", data=confirmation), f"{AT}?done=confirmed")
        hashed = {"hash": confirmation["hash"]}
        words.insert(1, ("confirm", confirmation, hashed, {}, so.format("confirmed")))
    for word, form_sent, body, headers, says in words:
        if word == "reject":
            went_on(await nca.post(f"{AT}/reject", data={"reason": "Too narrow."}), f"{AT}?done=rejected")
        before = await entries(served), (await stands(served))["steps"]
        refused = await tab.post(f"{AT}/{word}", data=form_sent)
        told = problem(await program.post(f"/api/scopes/{NARROW}/{word}", json=body, headers=headers), 409)
        assert refused.status_code == 409
        assert told["detail"].startswith(says)
        assert problems_of(refused.text)[f"#{word}"] == f"{told['detail']} {told['do']}".strip()
        assert "govuk-notification-banner--success" not in refused.text
        assert (await entries(served), (await stands(served))["steps"]) == before


async def test_what_was_done_is_told_to_whoever_did_it_alone(served: Served) -> None:
    """An address that is opened again, or by somebody else, is no word on an edition."""
    nca, npcc = await proposed(served)
    done = "govuk-notification-banner--success"
    assert done in (await nca.get(f"{AT}?done=proposed")).text
    for tab, word in ((nca, "confirmed"), (npcc, "confirmed"), (npcc, "proposed"), (npcc, "rejected"), (nca, "x")):
        assert done not in (await tab.get(f"{AT}?done={word}")).text, word


async def test_a_draft_that_changed_is_not_proposed(served: Served) -> None:
    nca = await drafted(served)
    sent = hidden_in((await nca.get(AT)).text)
    went_on(await nca.post(f"{AT}/change", **form(as_yaml(a_scope(least=7)), sent["etag"])))
    refused = await nca.post(f"{AT}/propose", data=sent)
    assert refused.status_code == 412
    assert "The draft changed since you read it" in problems_of(refused.text)["#propose"]
    assert (await stands(served))["state"] == "draft"


@pytest.mark.parametrize(
    ("day", "says"),
    [
        (("19", "1", "2026"), "that day has passed"),
        (("31", "2", "2026"), "There is no such day"),
        (("1", "", ""), "Write day"),
    ],
)
async def test_a_day_that_cannot_be_is_told_at_its_field(served: Served, day: tuple[str, ...], says: str) -> None:
    nca = await drafted(served)
    typed = dict(zip(("effective-day", "effective-month", "effective-year"), day, strict=True))
    refused = await nca.post(f"{AT}/propose", data=hidden_in((await nca.get(AT)).text) | typed)
    assert refused.status_code == 422
    assert says in problems_of(refused.text)["#effective-day"]
    assert f'value="{day[0]}"' in refused.text


@pytest.mark.parametrize(
    ("word", "wrong"),
    [
        ("propose", {"effective-day": "31", "effective-month": "2", "effective-year": "2026"}),
        ("reject", {"reason": " "}),
        ("reject", {"reason": "so. " * 501}),
    ],
)
async def test_a_day_or_reason_that_cannot_be_for_what_is_decided_already_is_told_that_it_is(
    served: Served, word: str, wrong: dict[str, str]
) -> None:
    """The form that its problem would lead to is not there any more."""
    nca = await drafted(served)
    sent = hidden_in((await nca.get(AT)).text) | wrong
    went_on(await nca.post(f"{AT}/reject", data={"reason": "Too narrow."}))
    refused = await nca.post(f"{AT}/{word}", data=sent)
    assert refused.status_code == 409
    assert list(problems_of(refused.text)) == [f"#{word}"]
    assert problems_of(refused.text)[f"#{word}"].startswith(f"The NCA rejected {NARROW} already, on 20 January 2026")


async def test_an_edition_is_rejected_with_a_reason(served: Served) -> None:
    nca, npcc = await proposed(served)
    for reason, says in ((" ", "Write why it is not adopted"), ("so. " * 501, "2,000 characters or fewer")):
        refused = await npcc.post(f"{AT}/reject", data={"reason": reason})
        assert refused.status_code == 422
        assert says in problems_of(refused.text)["#reason"]
    went_on(await npcc.post(f"{AT}/reject", data={"reason": "<b>Too</b> narrow."}), f"{AT}?done=rejected")
    shown = await nca.get(AT)
    assert "<b>Too" not in shown.text
    assert "by the NPCC on 20 January 2026 at 12:00: <b>Too</b> narrow." in words_of(shown.text)
    late = await nca.post(f"{AT}/confirm", data={"hash": (await stands(served))["hash"]})
    assert late.status_code == 409
    assert f"The NPCC rejected {NARROW} already, on 20 January 2026 at 12:00." in problems_of(late.text)["#confirm"]


async def test_what_was_not_read_is_not_confirmed(served: Served) -> None:
    _, npcc = await proposed(served)
    refused = await npcc.post(f"{AT}/confirm", data={"hash": "0" * 64})
    assert refused.status_code == 409
    assert "is not what you read" in problems_of(refused.text)["#confirm"]


async def test_who_only_reads_sees_no_form_and_is_refused(served: Served) -> None:
    await proposed(served)
    reader, kent = await signed_in(served, "nca-reader"), await signed_in(served, "kent")
    page = (await reader.get(AT)).text
    assert "<form" not in page.partition("<main")[2]
    assert NARROW in (await reader.get("/national/scopes")).text
    for address in (f"{AT}/propose", f"{AT}/confirm", f"{AT}/reject", f"{AT}/change", NEW):
        assert (await reader.post(address, data={"reason": "No."})).status_code == 403, address
    for address in ("/national/scopes", AT, NEW, f"{AT}/change"):
        assert (await kent.get(address)).status_code == 403, address


async def test_a_form_from_another_site_says_nothing(served: Served) -> None:
    nca, npcc = await proposed(served)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    for word in ("propose", "confirm", "reject"):
        sent = {"hash": (await stands(served))["hash"], "reason": "No."}
        assert (await npcc.post(f"{AT}/{word}", data=sent, headers=foreign)).status_code == 403
        assert (await npcc.get(f"{AT}/{word}")).headers["location"] == AT
    other = form(as_yaml(a_scope("2026-06-other")))
    assert (await nca.post(NEW, **other, headers=foreign)).status_code == 403
    assert [step["step"] for step in (await stands(served))["steps"]] == ["drafted", "proposed"]


async def test_an_edition_that_there_is_not_is_not_found(served: Served) -> None:
    nca = await signed_in(served, "nca")
    at = "/national/scopes/2026-06-none"
    for address in (at, f"{at}/change"):
        assert (await nca.get(address)).status_code == 404
    for word, sent in (("propose", {"etag": '"x"'}), ("confirm", {"hash": "x"}), ("reject", {"reason": "No."})):
        assert (await nca.post(f"{at}/{word}", data=sent)).status_code == 404


async def test_a_force_sees_no_draft_among_what_can_be_compared(served: Served) -> None:
    nca, kent = await drafted(served), await signed_in(served, "kent")
    assert (await nca.get(AT)).status_code == 200
    assert (await nca.get(f"/scopes/{NARROW}/difference")).status_code == 200
    assert (await kent.get(f"/scopes/{NARROW}/difference")).status_code == 404
    assert (await kent.get(f"/scopes/{WIDE}/difference", params={"against": NARROW})).status_code == 404
    assert NARROW not in (await kent.get(f"/scopes/{WIDE}/difference")).text
    assert NARROW not in (await kent.get("/scopes/difference")).headers["location"]
    assert NARROW not in (await kent.get("/scopes/2026-02-referral/difference")).text
    assert (await kent.get(f"/scopes/{WIDE}/difference?against=2026-02-referral")).status_code == 200


async def test_an_edition_is_compared_with_the_one_in_force_whatever_was_drafted_before_it(served: Served) -> None:
    nca = await drafted(served)
    went_on(await nca.post(NEW, **form(as_yaml(a_scope("2026-07-later", least=5)))), "/national/scopes/")
    words = words_of((await nca.get("/scopes/2026-07-later/difference")).text)
    assert f"What 2026-07-later changes in {WIDE}" in words
    assert (await nca.get("/scopes/difference")).headers["location"] == "/scopes/2026-02-referral/difference"


async def test_what_follows_no_edition_says_with_what_it_can_be_compared(served: Served) -> None:
    kent = await signed_in(served, "kent")
    answered = await kent.get(f"/scopes/{WIDE}/difference")
    assert answered.status_code == 200
    assert f"{WIDE} follows no other edition. Choose what it is to be compared with" in words_of(answered.text)
    assert f"/scopes/{WIDE}/difference?against=2026-02-referral" in answered.text


@pytest.mark.parametrize(("phone", "scripts"), [(False, True), (True, True), (False, False)])
async def test_two_bodies_adopt_an_edition_on_a_desk_on_a_phone_and_without_script(
    served: Served, browser: Browser, *, phone: bool, scripts: bool
) -> None:
    how = {"phone": phone, "scripts": scripts}
    async with (
        a_tab(browser, served.addresses.origin, **how) as nca,
        a_tab(browser, served.addresses.origin, **how) as npcc,
    ):
        await nca.sign_in("nca")
        await npcc.sign_in("npcc")
        await nca.open("/national/scopes")
        assert await nca.careful() == []
        await nca.page.get_by_role("link", name="Draft a scope edition").click()
        assert await nca.careful() == []
        await nca.page.get_by_label("The edition as YAML").fill("edition: 2026-06-narrow\nrules: x")
        await nca.press("Store the draft")
        assert "Line 2, column" in await nca.page.get_by_role("alert").inner_text()
        await nca.page.get_by_label("The edition as YAML").fill(as_yaml(a_scope()).decode())
        await nca.press("Store the draft")
        assert "The draft is stored." in await nca.page.locator("main").inner_text()
        await nca.page.get_by_label("Day").fill("1")
        await nca.press(f"Propose {NARROW}")
        await nca.page.get_by_label("Day").fill("")
        await nca.press(f"Propose {NARROW}")
        await nca.press(f"Confirm {NARROW}")
        await npcc.open(AT)
        assert await npcc.careful() == []
        await npcc.page.locator("main summary", has_text="Reject it").click()
        await npcc.press(f"Reject {NARROW}")
        assert await npcc.page.get_by_role("alert").get_by_text("Write why it is not adopted").count() == 1
        await npcc.press(f"Confirm {NARROW}")
        assert "is in force" in await npcc.page.locator("main").inner_text()
    assert (await stands(served))["state"] == "in_force"
