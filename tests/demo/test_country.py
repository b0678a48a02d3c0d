"""The synthetic country as it is loaded: its terms, its moments, and the returns that are really sealed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
import yaml
from msgspec.structs import replace
from sqlalchemy import text

from service.clock import london_date
from service.demo.country import load_country
from service.demo.generate import cases
from service.demo.moments import Sealing, adopted_at, sealings
from service.demo.parcels import parcels
from service.demo.plan import CountryPlan, Mode, plan
from service.demo.terms import demo_terms, with_terms
from service.returns.context import Context, context_of
from service.returns.model import Sealed, Superseded
from service.returns.store import returns_of
from service.storage.database import Database
from service.terms.adopt import adopt
from service.terms.calendar import Period
from service.terms.check import load_published

DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PUBLISHED = load_published()
COUNTRY = plan(DAY)


def a_few_forces() -> CountryPlan:
    """One force of each sort: cases with a correction, counts, both, and one that joins later."""
    whole = plan(DAY, cases=900)
    plain = next(each for each in whole.forces if each.revised and each.mode is Mode.CASES)
    counts = next(each for each in whole.forces if each.mode is Mode.AGGREGATE and each.reports)
    both = next(each for each in whole.forces if each.mode is Mode.MIXED)
    joining = whole.by_force["british-transport"]
    return replace(whole, forces=(plain, counts, both, joining), sharings=())


# --- terms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2027, 3, 31), date(2030, 1, 1), date(2026, 5, 1)])
def test_the_terms_begin_with_the_first_of_the_six_months(day: date) -> None:
    _, terms = with_terms(PUBLISHED, demo_terms(PUBLISHED, plan(day)))
    first = plan(day).periods[0]
    assert terms.edition == f"demo-{first}"
    assert str(terms.calendar.first) == first
    assert terms.adopted == london_date(adopted_at(plan(day)))
    assert terms.calendar.first.first_day <= terms.adopted < day
    assert terms.accepted(terms.calendar.first) == ("2025.1",)
    assert terms.scope == "2025-11-wide"
    assert terms.milestones[0].by == terms.calendar.first.plus(5).last_day  # as 30 April 2026 is for November 2025


def test_two_forces_join_later_and_everyone_takes_part_in_the_end() -> None:
    _, terms = with_terms(PUBLISHED, demo_terms(PUBLISHED, COUNTRY))
    first = terms.calendar.first
    assert len(terms.participants(first)) == 43
    assert len(terms.participants(first.plus(5))) == 45
    assert not terms.takes_part("british-transport", first)
    assert terms.takes_part("british-transport", first.plus(1))


def test_the_terms_do_not_depend_on_how_many_cases_there_are() -> None:
    assert demo_terms(PUBLISHED, plan(DAY, cases=0)) == demo_terms(PUBLISHED, COUNTRY)


def test_contracts_and_scopes_are_the_published_ones() -> None:
    moved, terms = with_terms(PUBLISHED, demo_terms(PUBLISHED, COUNTRY))
    assert moved.library.contracts is PUBLISHED.library.contracts
    assert moved.scopes is PUBLISHED.scopes
    assert list(moved.terms) == [terms.edition]
    content = yaml.safe_load(moved.library.terms[terms.edition].content)
    assert content["calendar"]["due_days"] == 14


# --- moments -------------------------------------------------------------------------------------------------------


def test_returns_are_sealed_in_order_after_their_periods_and_never_in_the_future() -> None:
    due = sealings(COUNTRY, NOW)
    assert len(due) == sum(len(each.reports) + len(each.revised) for each in COUNTRY.forces)
    assert list(due) == sorted(due)
    assert due[-1].at < NOW
    assert all(each.at.date() > Period(int(each.period[:4]), int(each.period[5:])).last_day for each in due)
    periods = [each.period for each in due]
    assert periods == sorted(periods)  # every return of a period comes before those of the next
    assert adopted_at(COUNTRY) < due[0].at


def test_a_correction_comes_after_what_it_corrects() -> None:
    seen: dict[tuple[str, str], int] = {}
    for each in sealings(COUNTRY, NOW):
        assert each.revision == seen.get((each.force, each.period), 0) + 1
        seen[each.force, each.period] = each.revision


@pytest.mark.parametrize("hours", [0.5, 30, 24 * 9])
def test_early_in_a_month_the_last_returns_come_close_together(hours: float) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=hours)
    due = sealings(plan(date(2026, 11, 1)), now)
    assert due[-1].period == "2026-10"
    assert datetime(2026, 11, 1, tzinfo=UTC) < due[-1].at < now


# --- what is sent --------------------------------------------------------------------------------------------------


def test_a_force_that_sends_counts_declares_no_year_for_its_cases() -> None:
    force = next(each for each in COUNTRY.forces if each.mode is Mode.AGGREGATE and each.reports).force
    for parcel in parcels(force, COUNTRY).values():
        assert (parcel.cases, parcel.years.listed, parcel.years.unknown) == (None, (), False)
        assert parcel.aggregates is not None


def test_after_the_first_return_only_what_changed_is_sent() -> None:
    sent = [parcel.cases for parcel in parcels("kent", COUNTRY).values()]
    assert sent[0] is not None
    for later in sent[1:]:
        assert later is not None
        assert len(later) < len(sent[0]) / 10


# --- loaded --------------------------------------------------------------------------------------------------------


async def a_country(db: Database, country: CountryPlan) -> Context:
    published, terms = with_terms(PUBLISHED, demo_terms(PUBLISHED, country))
    await adopt(db, published, terms, adopted_at(country))
    return context_of(db, published, terms, lambda: NOW)


class CutOffError(Exception):
    """Stands for whatever ends a loading early."""


def until(most: int) -> object:
    def progress(done: int, _: int) -> None:
        if done == most:
            raise CutOffError

    return progress


async def sealed(context: Context, country: CountryPlan) -> dict[tuple[str, str, int], Sealed]:
    """Everything that is sealed, by force, period and revision."""
    found: dict[tuple[str, str, int], Sealed] = {}
    for each in country.forces:
        number = context.force_number(each.force)
        async with context.db.force(number) as tx:
            for item in await returns_of(tx, number):
                assert isinstance(item, Sealed)
                found[each.force, str(item.period), item.revision] = item
    return found


async def test_a_loading_that_is_cut_off_goes_on_to_the_same_country(module_database: Database) -> None:
    country = a_few_forces()
    context = await a_country(module_database, country)
    due = sealings(country, NOW)
    with pytest.raises(ExceptionGroup):
        await load_country(context, country, due, until(7))  # type: ignore[arg-type]
    assert 7 <= len(await sealed_only(context, country)) < len(due)
    await load_country(context, country, due, lambda *_: None)

    found = await sealed(context, country)
    assert set(found) == {(each.force, each.period, each.revision) for each in due}
    for each in country.forces:
        number_of_cases = len(list(cases(each.force, country, each.reports[-1])))
        last = max(key for key in found if key[0] == each.force)
        assert found[last].summary["counts"]["cases"] == number_of_cases
    corrected = [item for item in found.values() if isinstance(item, Superseded)]
    assert len(corrected) == sum(len(each.revised) for each in country.forces)
    await check_moments(context, due, found)


async def sealed_only(context: Context, country: CountryPlan) -> list[str]:
    async with context.db.national() as tx:
        rows = await tx.execute(text("select id::text from case_return where state in ('sealed', 'superseded')"))
        return list(rows.scalars())


async def check_moments(context: Context, due: tuple[Sealing, ...], found: dict[tuple[str, str, int], Sealed]) -> None:
    """Sealed exactly when the plan says, and in that order."""
    in_order = sorted(found, key=lambda key: found[key].sealed_position)
    assert in_order == [(each.force, each.period, each.revision) for each in due]
    assert [found[key].sealed_at for key in in_order] == [each.at for each in due]
    async with context.db.national() as tx:
        tallied = (await tx.execute(text("select count(*) from tally"))).scalar_one()
    assert tallied == 2 * len(due)  # under the edition in force and the one proposed
