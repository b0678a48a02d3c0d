"""*This finding is wrong*, said beside the finding: passed on to those who keep the rules, and told in place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Final

from litestar import Response
from msgspec import Struct

from service.clock import london_date
from service.pages.force.forms import (
    FINE,
    NOTHING,
    REFUSALS,
    Problem,
    Problems,
    Typed,
    new_key,
    once_of,
    refused,
    too_long,
)
from service.pages.force.lines import Line
from service.pages.force.place import Place, whole_number
from service.pages.visit import to
from service.returns.answers import LONGEST
from service.returns.disputes import About, Said, dispute, disputed, is_found
from service.returns.model import Open

WORDS: Final = "dispute"
"""The field of the words: a form that has it is one of these, on whichever page it stands."""


class Refused(Struct, frozen=True, kw_only=True):
    """A form that was not taken. ``n`` is the number of the finding that it stood beside."""

    sent: Typed
    n: int
    problems: Problems
    status: int

    @property
    def about(self) -> About:
        return _about(self.sent)


class Disputing(Struct, frozen=True, kw_only=True):
    """What a page that lists findings shows of disputes: what was said of each already, or the form to say it.

    ``n`` is the number of the finding whose form was refused, 0 where that finding is not on the page any more.
    """

    action: str
    may: bool
    is_open: bool
    said: Mapping[About, Said]
    sent: Typed
    n: int | None
    problems: Problems
    longest: int = LONGEST

    def of(self, line: Line) -> Said | None:
        """What the force said of this finding, if anything."""
        return self.said.get((line.rule, line.key))

    def day(self, said: Said) -> date:
        """When it said so."""
        return london_date(said.at)

    def new_key(self) -> str:
        """Each form has a key of its own: two that are sent from one page are two disputes."""
        return new_key()


async def disputing_on(place: Place, lines: Sequence[Line], action: str, refusal: Refused | None = None) -> Disputing:
    """The same for the findings on a page; ``action`` is the page's own address."""
    async with place.context.db.force(place.number) as tx:
        said = await disputed(tx, place.item, {(line.rule, line.key) for line in lines})
    at = None if refusal is None else _place_in(lines, refusal)
    return Disputing(
        action=action,
        may=place.may_write,
        is_open=isinstance(place.item, Open),
        said=said,
        sent=NOTHING if refusal is None else refusal.sent,
        n=at,
        problems=FINE
        if refusal is None
        else Problems([Problem(f"{WORDS}-{at}", problem.says) for problem in refusal.problems.found]),
    )


async def take_dispute(
    place: Place, sent: Typed, action: str, show: Callable[[Refused], Awaitable[Response[str]]]
) -> Response[str] | Response[None]:
    """Pass the words on, and lead back to the finding; a form that cannot be taken is shown again."""
    visit = place.visit
    once, words, about = once_of(visit, sent), sent.one(WORDS), _about(sent)
    n = whole_number(sent.one("finding"))
    problems = too_long(WORDS, words, LONGEST) if words else [Problem(WORDS, "Write what is wrong about it")]
    if problems:
        return await show(Refused(sent=sent, n=n, problems=Problems(problems), status=422))
    async with place.context.db.force(place.number) as tx:
        found = await is_found(tx, place.item, about)
    if not found:
        gone = "The return does not have this finding any more, so nothing was passed on."
        return await show(Refused(sent=sent, n=n, problems=Problems([Problem(WORDS, gone)]), status=409))
    try:
        await dispute(place.context, visit.actor, place.item, *about, words, once=once)
    except REFUSALS as error:
        told, status = refused(visit, error, WORDS)
        return await show(Refused(sent=sent, n=n, problems=told, status=status))
    return to(f"{action}#finding-{n}")


def _about(sent: Typed) -> About:
    return sent.one("rule"), sent.one("reference") or None


def _place_in(lines: Sequence[Line], refusal: Refused) -> int:
    """The number of the finding that a form was about, on the page as it is now."""
    same = [line.n for line in lines if (line.rule, line.key) == refusal.about]
    return refusal.n if refusal.n in same else next(iter(same), 0)
