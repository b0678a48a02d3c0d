"""The bridge as a coordinator reads it."""

from __future__ import annotations

from tests.support.browser import Tab, signed_in
from tests.support.desk import words_of
from tests.support.editions import NARROW, a_scope, a_way
from tests.support.returns import a_case, csv_of
from tests.support.server import Return, Served, good
from tests.support.terms import a_terms_way, terms_of, without

PATH = "/national/bridge"


async def _sealed(served: Served, period: str, rows: list[dict[str, str]], *, force: str = "kent") -> None:
    item = Return(await served.client(force), force, period)
    await item.open()
    await item.upload(csv_of(rows))
    await item.explain_all()
    await item.seal()


async def test_a_coordinator_reads_why_the_figure_moved_in_words_a_picture_and_a_table(served: Served) -> None:
    await _sealed(served, "2025-11", [a_case("K/1"), a_case("K/2")])
    await _sealed(served, "2025-12", [a_case("K/3")])
    nca = await signed_in(served, "nca")
    assert f'href="{PATH}"' in (await nca.get("/national")).text
    page = await nca.get(PATH, params={"from": "1", "to_scope": "2026-02-referral"})
    words = words_of(page.text)
    assert "The national figure stands at 0 at both points" in words
    page = await nca.get(PATH, params={"from": "1"})
    words = words_of(page.text)
    assert "The national figure rose from 0 to 3 because" in words
    assert "New cases were identified +1 +1 +1" in words
    assert "Kent Police 0" in words
    assert "<svg" in page.text


async def test_what_moved_the_most_alone_is_told_of_a_force_too(served: Served) -> None:
    await _sealed(served, "2025-11", [a_case("K/1")])
    await _sealed(served, "2025-12", [a_case("K/2", suspect_count="1+", suspects_not_recorded="")])
    nca = await signed_in(served, "nca")
    words = words_of((await nca.get(PATH, params={"from": "1"})).text)
    assert "Kent Police 0 Forces reported for the first time, left, or took a return back: +1" in words
    assert "New cases were identified: 0, most +1 1 to 2" in words


async def test_a_number_that_was_not_provided_is_told_as_open_beside_what_is_exact(served: Served) -> None:
    for period, cases in (("2025-11", ["K/1"]), ("2025-12", ["K/1", "K/2"])):
        item = Return(await served.client("kent"), "kent", period)
        await item.open(case_years=[2014])
        await item.upload(csv_of([a_case(case) for case in cases]))
        cells = csv_of([{"nfa_date": "2013", "cases": "not_provided"}])
        good(await item.client.put(f"{item.path}/aggregates", content=cells, headers={"Content-Type": "text/csv"}))
        await item.explain_all()
        await item.seal()
        if period == "2025-11":
            await _sealed(served, period, [a_case("E/1")], force="essex")
            answered = await (await served.client(None, body="nca")).get("/api/national/picture")
            first = str(good(answered)["as_of"]["position"])
    nca = await signed_in(served, "nca")
    words = words_of((await nca.get(PATH, params={"from": first})).text)
    assert "What is reported as numbers alone changed 0 0 open" in words
    assert "New cases were identified +1 +1 +1" in words
    assert "Open: with it a number that was not provided may have come, gone, or been stated anew" in words
    assert "Essex Police 1 Nothing 1" in words
    assert "What is reported as numbers alone changed: 0, most open" in words


async def test_what_cannot_be_asked_is_told_at_its_input_and_what_was_typed_is_kept(served: Served) -> None:
    nca = await signed_in(served, "nca")
    page = await nca.get(PATH, params={"from": "yesterday"})
    assert page.status_code == 422
    assert "There is a problem" in words_of(page.text)
    assert 'value="yesterday"' in page.text
    words = words_of((await nca.get(PATH, params={"from": "1", "to": "tomorrow"})).text)
    assert "\u2018To\u2019 cannot be read." in words
    page = await nca.get(PATH, params={"from": "2020-01-01"})
    assert (
        "Name one in \u2018Under\u2019 below \u2018From\u2019, or give a later moment in \u2018From\u2019."
        in words_of(page.text)
    )
    await _sealed(served, "2025-11", [a_case("K/1")])
    words = words_of((await nca.get(PATH, params={"to": "1"})).text)
    assert "The first point lies after the second. Begin with the earlier of the two." in words


async def test_an_edition_under_which_later_returns_are_not_judged_is_told_at_its_own_input(served: Served) -> None:
    way = await a_way(served)
    await way.confirmed(await way.proposed())
    await _sealed(served, "2025-11", [a_case("K/1")])
    nca = await signed_in(served, "nca")
    page = (await nca.get(PATH, params={"from": "1", "to_scope": "2025-11-wide"})).text
    assert "Ask under a later edition, by which they are judged, or for a moment before" in words_of(page)
    assert 'href="#to_scope"' in page


async def test_a_force_sees_nothing_of_it(served: Served) -> None:
    assert (await (await signed_in(served, "kent")).get(PATH)).status_code == 403


async def test_what_went_with_a_force_that_was_taken_over_is_told_beside_what_came(served: Served) -> None:
    await _sealed(served, "2025-12", [a_case("S/1")], force="sussex")
    await _sealed(served, "2025-12", [a_case("K/1"), a_case("K/2")])
    participation = without(served, "kent", "2025-12", "sussex")
    await (await a_terms_way(served)).adopted(terms_of(served, participation=participation))
    await _sealed(served, "2026-01", [a_case("S/2")], force="sussex")
    nca = await signed_in(served, "nca")
    words = words_of((await nca.get(PATH, params={"from": "3"})).text)
    assert (
        "Sussex Police took over from Kent Police: 2 went out with Kent Police, and 1 came in with the first" in words
    )
    assert "New cases were identified (+1 by taking over) +1 +1 +1" in words
    assert "Forces reported for the first time, left, or took a return back: −2 (−2 by taking over)" in words


_PIXELS_OF_A_LETTER = """() => [...document.querySelectorAll('figure svg')].filter(svg => svg.checkVisibility()).map(
    svg => 16 * svg.getBoundingClientRect().width / svg.viewBox.baseVal.width)"""
_BARE_LABELS = """() => [...document.querySelectorAll('.app-cards td[data-label]')].filter(
    cell => cell.checkVisibility() && !cell.innerText.trim()).map(cell => cell.dataset.label)"""


async def test_a_rule_title_of_one_long_word_makes_no_page_wider_than_the_screen(
    served: Served, tab: Tab, phone: Tab
) -> None:
    document = a_scope(least=4)
    document["rules"][0]["title"] = "Suspects" * 15 + "andmore"
    document["rules"][1]["title"] = "Victims" * 17 + "andmore"
    way = await a_way(served)
    await way.proposed(document)
    await _sealed(served, "2025-11", [a_case("K/1"), a_case("K/2", suspect_count="1+", suspects_not_recorded="")])
    for each in (tab, phone):
        await each.sign_in("nca")
        for path in (
            f"{PATH}?from_scope=2025-11-wide&to_scope={NARROW}",
            f"/national?scope={NARROW}",
            f"/national/simulation?edition={NARROW}",
            f"/national/scopes/{NARROW}",
            f"/scopes/{NARROW}/difference",
            "/national/outstanding",
        ):
            assert await each.open(path) == 200, path
            assert not await each.is_wider_than_the_screen(), path


async def test_on_a_phone_the_picture_is_read_and_no_label_stands_without_what_it_names(
    served: Served, tab: Tab, phone: Tab
) -> None:
    await _sealed(served, "2025-11", [a_case("K/1"), a_case("K/2")])
    await _sealed(served, "2025-12", [a_case("K/3")])
    for each in (tab, phone):
        await each.sign_in("nca")
        await each.open(f"{PATH}?from=1")
        (letter,) = await each.page.evaluate(_PIXELS_OF_A_LETTER)
        assert letter >= 14
        assert await each.careful() == []
    assert await phone.page.evaluate(_BARE_LABELS) == []
