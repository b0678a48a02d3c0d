"""Histories of forces that share cases, as they are drawn: what a force says of a case, and its return of a month."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from hypothesis import strategies as st
from msgspec import Struct

from service.contract.model import PartName
from service.returns.context import Context
from service.returns.held import set_aside
from service.returns.model import Open, Sealed
from service.returns.reconcile import reconcile
from service.returns.upload import Mode
from service.tally.count import Years
from service.terms.calendar import Period
from tests.support.returns import LEAD, a_case, again, csv_of, explained, opened, sealed, sent
from tests.support.stock import held_in, missing_in, word_on

FORCES = ("kent", "essex", "surrey")
SHARED = ("kent:1", "essex:2")
DAY = "2014-03"


class Word(Struct, frozen=True):
    """What a force says of one shared reference in a month: with whom, who leads, how many suspects there are, when."""

    shared_with: frozenset[str]
    lead: str
    suspects: str
    day: str


def agreed(days: Sequence[str] = (DAY,)) -> st.SearchStrategy[Word]:
    """What two forces say most of the time."""
    return st.builds(
        lambda lead, suspects, day: Word(frozenset({"kent", "essex"}), lead, suspects, day),
        st.sampled_from(["essex", "essex", "essex", "kent"]),
        st.sampled_from(["1", "2+", "3", "3"]),
        st.sampled_from(days),
    )


def words(days: Sequence[str] = (DAY,)) -> st.SearchStrategy[dict[str, Word]]:
    """A word on each shared reference that a force holds at all, such that many a group is confirmed."""
    any_word = st.builds(
        Word,
        st.frozensets(st.sampled_from(FORCES), min_size=1, max_size=2),
        st.sampled_from(FORCES),
        st.sampled_from(["1", "2", "2+", "3", ""]),
        st.sampled_from(days),
    )
    same = agreed(days)
    heard = st.one_of(same, same, same, same, any_word, st.none())
    return st.fixed_dictionaries(dict.fromkeys(SHARED, heard)).map(
        lambda said: {reference: word for reference, word in said.items() if word is not None}
    )


def shared_cases(force: str, said: Mapping[str, Word]) -> list[dict[str, str]]:
    """The cases of a force that names others."""
    return [
        a_case(
            f"CASE/{reference}",
            suspect_count=word.suspects,
            suspects_not_recorded="" if word.suspects == "2+" else word.suspects,
            nfa_date=word.day,
            shared_ref=reference,
            shared_with=";".join(sorted(word.shared_with - {force})),
            lead_force=word.lead,
        )
        for reference, word in said.items()
        if word.shared_with - {force}
    ]


async def all_reported(
    context: Context,
    force: str,
    period: Period,
    cases: Iterable[Mapping[str, str]],
    *,
    covers: Years | None = None,
    cells: Collection[Mapping[str, str]] | None = None,
) -> Sealed:
    """Seal one return of everything that the force holds. ``cells``: none are those of the return before."""
    item = await opened(context, force, str(period), **({} if covers is None else {"case_years": covers}))
    await sent(context, item, csv_of(cases), mode=Mode.SNAPSHOT)
    for held in await held_in(context, item):
        now = await again(context, item)
        assert isinstance(now, Open)
        await set_aside(context, LEAD, now, [held.n], "other", "It cannot be mended.", None)
    for name, one in (await missing_in(context, item)).items():
        if one.answer is None and name is not None:
            await word_on(context, item, "withdraw", name, reason="not_in_search")
    if cells is not None:
        await sent(context, item, cells or b"cases\n", part=PartName.AGGREGATE)
    await explained(context, item)
    return await sealed(context, item)


async def is_right(context: Context, returns: int) -> None:
    """All that is stored of so many returns is what their versions say."""
    done = await reconcile(context)
    assert (done.returns, done.not_judged, done.mismatches) == (returns, 0, ())
