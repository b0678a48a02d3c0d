"""The reference evaluator, which knows three values and ranges, against a compiled one in Rust that knows neither."""

from __future__ import annotations

from typing import Any, Final

import cel

from benchmarks.files import CASE, CONTRACT, exact_csv
from benchmarks.harness import Bound, Figure, by_turns, ratio
from service.criteria.evaluate import compiled
from service.criteria.tree import And
from service.criteria.vocabulary import Kind
from service.returns.readers import BytesSource, read
from tests.support.returns import published

_ROWS: Final = 20_000
_EDITION: Final = "2025-11-wide"
_READ: Final = ("offence_code", "youngest_victim_age", "suspect_count", "victim_count", "outcome", "nfa_by", "nfa_date")


def measure(pairs: int, scale: float) -> list[Figure]:
    """Figures of this benchmark."""
    observations = _observations(int(_ROWS * scale))
    contexts = [{name: _plain(name, value) for name, value in each.items()} for each in observations]
    edition = published().scopes[_EDITION]
    test = compiled(And(tuple(rule.criterion for rule in edition.rules)))
    program = cel.compile(_expression())

    def ours() -> list[bool | None]:
        return [test(observation) for observation in observations]

    def peer() -> list[bool]:
        return [program.execute(context) for context in contexts]

    if ours() != peer():
        raise RuntimeError("the two do not say the same")
    turns = by_turns(ours, peer, pairs)
    what = f"{len(observations):,} verdicts of the reference evaluator : cel on an equivalent expression, two-valued"
    return [ratio(what, Bound(least=1), turns, faster=True)]


def _observations(rows: int) -> list[dict[str, Any]]:
    """Cases of which everything is known that the edition asks for: the peer knows no other."""
    return [
        dict(zip(_READ, values, strict=True))
        for block in read(BytesSource(exact_csv(rows)), "text/csv", CASE, CONTRACT)
        for values in zip(*(block.values[name] for name in _READ), strict=True)
        if None not in values
    ]


def _plain(name: str, value: Any) -> str | int:
    """A value as the peer has it: a code's name, a number, a date as 20140307."""
    field = CASE.by_name[name]
    if field.kind is Kind.CODE and field.list is not None:
        return field.list.codes_of(value)[0]
    low = value[0]
    return int(f"{low:%Y%m%d}") if field.kind is Kind.DATE else int(low)


def _expression() -> str:
    """The edition's rules in the peer's language."""
    sets = {name: list(found.codes) for name, found in CONTRACT.vocabulary.sets.items()}
    return (
        f"(offence_code in {sets['child_offences']} || (offence_code in {sets['sexual_offences']} "
        f"&& youngest_victim_age < 18)) && suspect_count >= 2 && victim_count >= 1 "
        f"&& outcome in {sets['nfa_outcomes']} && nfa_by in ['police', 'cps'] "
        "&& nfa_date >= 20101101 && nfa_date <= 20251031"
    )
