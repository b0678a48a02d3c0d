"""What a version changes in the verdicts of returns that are sealed, found by simulation and stored nowhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest_asyncio

from service.contract.model import PartName
from service.contract.upgrade import Record, reader
from service.criteria.ruling import Definition
from service.effect.answer import effect_now
from service.effect.model import ChangeEffect, EditionEffect, Effect, Move
from service.returns.context import Context
from service.returns.model import AnyReturn
from service.scope.carried import carried_definition
from service.scope.edition import Edition
from service.scope.published import edition_of
from service.scope.verdict import Verdict, verdict_of
from service.storage.database import Database
from tests.support.returns import (
    a_case,
    a_case_of_2026,
    a_service,
    again,
    all_returns,
    both_versions,
    explained,
    opened,
    sealed,
    sent,
)
from tests.support.stock import records_of, tallies_of, years

OLD, NEW = "2025.1", "2026.1"
IN, OUT, OPEN = Verdict.IN_SCOPE, Verdict.OUT_OF_SCOPE, Verdict.UNDETERMINED


@pytest_asyncio.fixture
async def context(database: Database) -> Context:
    """A service that takes returns of either version."""
    return both_versions(await a_service(database))


async def seal(context: Context, force: str, version: str, rows: list[dict[str, str]], **opening: object) -> None:
    item = await opened(context, force, contract_version=version, **opening)
    await sent(context, item, rows)
    await sealed(context, await explained(context, item))


def under(found: Effect, edition: str) -> EditionEffect:
    return next(each for each in found.editions if each.edition.name == edition)


def of(found: EditionEffect, change: str) -> ChangeEffect:
    return next(each for each in found.changes if each.change.id == change)


async def newest(context: Context, force: str) -> AnyReturn:
    (found,) = await all_returns(context, force)
    return found


REFERRED = {"victim_count": "2", "suspects_alive": "2", "independently_reviewed": "no", "contact_offence": "yes"}


async def test_an_added_field_settles_what_newer_returns_say_in_it(context: Context) -> None:
    await seal(context, "kent", OLD, [a_case("K/1", victim_count="2")])
    await seal(context, "essex", NEW, [a_case_of_2026("E/1", **REFERRED), a_case_of_2026("E/2", **REFERRED)])

    found = under(await effect_now(context, NEW), "2026-02-referral")

    assert (found.stands.in_scope, found.stands.undetermined, found.stands.out_of_scope) == (2, 1, 0)
    assert of(found, "field-suspects_alive-added").moves == (Move(before=OPEN, after=IN, cases=2, forces=1),)
    assert of(found, "field-independently_reviewed-added").moves == (Move(before=OPEN, after=IN, cases=2, forces=1),)


async def test_a_derived_field_settles_what_older_returns_say_in_others(context: Context) -> None:
    """Of an offence without contact the older version says enough: it is out, and would otherwise be undetermined."""
    library = context.library.contracts[NEW].vocabulary.sets
    without = library["non_contact_offences"].codes[0]
    await seal(context, "kent", OLD, [a_case("K/1", victim_count="2", offence_code=without)])
    await seal(context, "essex", OLD, [a_case("E/1", victim_count="2")])

    found = under(await effect_now(context, NEW), "2026-02-referral")

    derived = of(found, "field-contact_offence-added")
    assert derived.is_read
    assert derived.moves == (Move(before=OPEN, after=OUT, cases=1, forces=1),)


async def test_a_renamed_field_is_read_of_older_returns_under_its_new_name(context: Context) -> None:
    await seal(context, "kent", OLD, [a_case("K/1", offence_code="19C", youngest_victim_age="25"), a_case("K/2")])

    found = await effect_now(context, NEW)

    for edition, before in (("2025-11-wide", OPEN), ("2026-02-referral", OUT)):
        moves = of(under(found, edition), "field-victim_age_youngest-renamed").moves
        expected = (Move(before=before, after=OUT, cases=1, forces=1),) if before is not OUT else ()
        assert moves == expected, edition  # under the referral one victim is too few, whatever the age


async def test_an_edition_of_an_older_vocabulary_is_read_by_the_version_and_moves_nothing(context: Context) -> None:
    alone = {"suspect_count": "1", "suspects_not_recorded": "1"}
    await seal(context, "kent", OLD, [a_case("K/1"), a_case("K/2", suspect_count=""), a_case("K/3", **alone)])

    found = under(await effect_now(context, NEW), "2025-11-wide")

    assert found.not_carried is None
    assert found.read == found.stands
    assert (found.stands.in_scope, found.stands.undetermined, found.stands.out_of_scope) == (1, 1, 1)
    assert found.moves == ()


async def test_a_change_that_no_rule_of_the_edition_reads_is_said_to_be_none(context: Context) -> None:
    await seal(context, "kent", OLD, [a_case("K/1", setting="institutional", priority="rape")])

    found = under(await effect_now(context, NEW), "2026-02-referral")

    for change in ("field-setting-split-institutional", "field-priority-recoded-none"):
        assert not of(found, change).is_read
        assert of(found, change).moves == ()


async def test_what_stands_is_what_the_tallies_count(context: Context) -> None:
    """Cells where no cases are reported, and years that the case part does not cover, as in every tally."""
    some = [{}, {"nfa_date": "2019"}, {"suspect_count": ""}, {"nfa_date": ""}]
    item = await opened(context, "kent", contract_version=NEW, case_years=years(2014))
    await sent(context, item, [a_case_of_2026(f"K/{number}", **said) for number, said in enumerate(some, 1)])
    cells = [
        {"nfa_date": "2019", "cases": "40", "suspect_count": "3"},
        {"nfa_date": "2014", "cases": "7"},
        {"nfa_date": "2018", "cases": ""},
    ]
    await sent(context, await again(context, item), cells, part=PartName.AGGREGATE)
    done = await sealed(context, await explained(context, item))

    tallies, found = await tallies_of(context, done), await effect_now(context, NEW)

    for edition in found.editions:
        tally = tallies[edition.edition.name]
        assert edition.stands == tally.totals()
        assert edition.open_cells == tally.open_cells
        assert found.cases == tally.counted


async def test_a_tightened_rule_tells_how_many_sealed_cases_it_would_hold(context: Context) -> None:
    wrong = {"suspects_charged": "1", "result": "out_of_court"}
    await seal(context, "kent", OLD, [a_case("K/1", **wrong), a_case("K/2")])
    await seal(context, "essex", OLD, [a_case("E/1", **wrong)])

    found = await effect_now(context, NEW)

    rules = {each.rule.id: (each.cases, each.forces) for each in found.rules}
    assert rules["Q356"] == (2, 2)
    assert {each.name for each in found.not_asked}.isdisjoint(rules)


def an_edition(context: Context, vocabulary: str, *rules: str) -> Edition:
    named = [{"id": f"r{place}", "title": "-", "guidance": "-", "when": when} for place, when in enumerate(rules)]
    said = {"edition": f"{vocabulary}-asked", "title": "-", "state": "draft", "vocabulary": vocabulary, "rules": named}
    return edition_of(said, context.library)


async def test_an_edition_is_judged_without_each_change_as_if_what_it_lets_be_read_were_not_said(
    context: Context,
) -> None:
    """Counted one by one by the reference evaluator: with values taken away that only the change lets be read."""
    settings, priorities = ("institutional", "organised", "intrafamilial|institutional", ""), ("rape", "none", "")
    ages = ("12", "17", "")
    of_old = [
        {"setting": setting, "priority": priority, "youngest_victim_age": age}
        for setting, priority, age in product(settings, priorities, ages)
    ]
    of_new = [
        {"setting": setting, "priority": priority, "victim_age_youngest": age}
        for setting, priority, age in product(("school", "institutional", "religious|peer-on-peer"), ("high", ""), ages)
    ]
    await seal(context, "kent", OLD, [a_case(f"K/{at}", **said) for at, said in enumerate(of_old, 1)])
    await seal(context, "essex", NEW, [a_case_of_2026(f"E/{at}", **said) for at, said in enumerate(of_new, 1)])
    edition = an_edition(
        context, OLD, "setting = 'institutional'", "priority in ('rape', 'none')", "youngest_victim_age < 16"
    )
    (found,) = (await effect_now(context, NEW, edition)).editions

    definition = carried_definition(context.library, edition, NEW)
    assert isinstance(definition, Definition)
    cases = [
        *[(OLD, record) for record in await records_of(context, await newest(context, "kent"))],
        *[(NEW, record) for record in await records_of(context, await newest(context, "essex"))],
    ]

    def judged(record: Record, version: str) -> Verdict:
        return verdict_of(definition.ruling(reader(context.library, version, NEW)(record)))

    def moves(keep: Callable[[str, str, Any], bool]) -> Counter[tuple[Verdict, Verdict]]:
        """From what is judged where only such values are kept, to what is judged of all."""
        counted: Counter[tuple[Verdict, Verdict]] = Counter()
        for version, record in cases:
            kept = {name: value for name, value in record.items() if keep(version, name, value)}
            counted[judged(kept, version), judged(record, version)] += 1
        return Counter({move: count for move, count in counted.items() if move[0] is not move[1]})

    codes = {name: context.library.contracts[OLD].parts[PartName.CASE].by_name[name].list for name in RECODED}
    masks = {name: codes[name].mask_of(moved) for name, moved in RECODED.items()}
    expected = {
        "field-victim_age_youngest-renamed": moves(lambda _, name, __: name != "youngest_victim_age"),
        "field-setting-split-institutional": moves(
            lambda version, name, value: not (version == OLD and name == "setting" and value and value & masks[name])
        ),
        "field-priority-recoded-none": moves(
            lambda version, name, value: not (version == OLD and name == "priority" and value and value & masks[name])
        ),
    }
    assert all(expected.values())
    for change, counted in expected.items():
        told = {(move.before, move.after): move.cases for move in of(found, change).moves}
        assert told == counted, change


RECODED = {"setting": ("institutional",), "priority": ("none", "rape", "dangerous_suspect", "flight_risk")}


async def test_a_version_that_cannot_say_a_rule_of_an_edition_says_which(context: Context) -> None:
    edition = an_edition(context, OLD, "victim_count >= 1", "priority = 'dangerous_suspect'")

    (found,) = (await effect_now(context, NEW, edition)).editions

    assert found.not_carried is not None
    assert (found.not_carried.rule, found.not_carried.version) == ("r1", NEW)
    assert (found.read, found.moves, found.changes) == (None, (), ())


async def test_the_first_version_changes_nothing(context: Context) -> None:
    await seal(context, "kent", OLD, [a_case("K/1")])

    found = await effect_now(context, OLD)

    assert found.before is None
    assert found.rules == ()
    assert all(each.changes == () and each.moves == () for each in found.editions)


async def test_a_version_reads_no_edition_that_speaks_of_a_later_one(context: Context) -> None:
    await seal(context, "essex", NEW, [a_case_of_2026("E/1", **REFERRED)])

    found = await effect_now(context, OLD)

    assert under(found, "2026-02-referral").read is None
    assert under(found, "2026-02-referral").stands.in_scope == 1
    assert under(found, "2025-11-wide").read == under(found, "2025-11-wide").stands
