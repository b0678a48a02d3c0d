"""The bridge: why the national figure at one point is not the one at another, split exactly by cause.

Path-based (semantics 34): the change of edition is laid on the opening data, then what forces sent since flows under
the closing edition. Pure: in go flips, transitions and shared rows as they were stored; out come parts that add up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct

from service.picture.national import Counts
from service.scope.edition import Edition
from service.tally.moves import Cause
from service.tally.shared import SharedRow, led_elsewhere


class Delta(Struct, frozen=True):
    """A change of a figure. ``open``: a number that was not provided may have come or gone with it, so that nobody can
    say how far the most moved."""

    in_scope: int = 0
    undetermined: int = 0
    open: bool = False

    @property
    def most(self) -> int | None:
        return None if self.open else self.in_scope + self.undetermined

    def __add__(self, other: Delta) -> Delta:
        return Delta(self.in_scope + other.in_scope, self.undetermined + other.undetermined, self.open or other.open)

    def __neg__(self) -> Delta:
        return Delta(-self.in_scope, -self.undetermined, self.open)


class Flow(Struct, frozen=True, kw_only=True):
    """Weight of a force that went from one ruling to another; None: it was not counted there. ``edition_before`` and
    ``edition_after`` are what the rulings are of."""

    force: int
    cause: Cause
    before: int | None
    after: int | None
    weight: int
    edition_before: Edition
    edition_after: Edition


Rulings = tuple[int | None, int | None]
"""Before and after; None: not counted there."""


def flow_under(edition: Edition, force: int, cause: Cause, rulings: Rulings, weight: int) -> Flow:
    """Weight that moved under one edition."""
    return Flow(
        force=force,
        cause=cause,
        before=rulings[0],
        after=rulings[1],
        weight=weight,
        edition_before=edition,
        edition_after=edition,
    )


def told_as(
    cause: Cause, instead_of: Cause, force: int, rulings: Rulings, weight: int, edition: Edition
) -> Iterator[Flow]:
    """What moved, told under another cause: together the two move nothing."""
    yield flow_under(edition, force, cause, rulings, weight)
    yield flow_under(edition, force, instead_of, rulings[::-1], weight)


class Part(Struct, frozen=True):
    """What one cause, and where it was one rule that let cases out or in, that rule, moved."""

    cause: Cause
    rule: str | None
    delta: Delta


class Bridge(Struct, frozen=True):
    """``opening`` and the parts together are ``closing``. ``forces`` has the same of each force."""

    opening: Counts
    parts: tuple[Part, ...]
    closing: Counts
    forces: Mapping[int, Bridge]


Key = tuple[int, Any]
"""A force, and a case of it."""


class Beside(Struct, frozen=True):
    """A case that names other forces, of a year that its force reports as numbers: kept, and not counted."""

    force: int
    case_id: Any
    shared_ref: str


class Held(Struct, frozen=True, kw_only=True, dict=True):
    """The cases that name other forces, at one point, and those of them that another force leads; ``beside``: those
    that are kept and do not count there."""

    shared: Sequence[SharedRow]
    led: Mapping[Key, SharedRow]
    beside: Sequence[Beside] = ()

    @cached_property
    def rows(self) -> Mapping[Key, SharedRow]:
        """All of them, by force and case."""
        return {(row.force, row.case_id): row for row in self.shared}

    @cached_property
    def holders(self) -> frozenset[tuple[str, int | None]]:
        """Who holds which reference."""
        return frozenset((row.shared_ref, row.force) for row in self.shared)

    @cached_property
    def kept(self) -> frozenset[Key]:
        """What does not count, by force and case."""
        return frozenset((row.force, row.case_id) for row in self.beside)

    @cached_property
    def keepers(self) -> Mapping[str, frozenset[int]]:
        """Who keeps a reference and counts no case of it."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        for row in self.beside:
            if (row.shared_ref, row.force) not in self.holders:
                found[row.shared_ref].add(row.force)
        return {reference: frozenset(forces) for reference, forces in found.items()}


class Sent(Struct, frozen=True, kw_only=True):
    """What the forces sent between two points. ``covered``: those that reported for the first time, left, or took a
    return back; ``let_go``: those that withdrew cases because another took them over."""

    flows: tuple[Flow, ...]
    covered: frozenset[int]
    let_go: frozenset[int]


def vocabulary_alone(before: Edition, after: Edition) -> bool:
    """Whether two editions have the same rules and read them by another vocabulary: then that is the cause."""
    return [(rule.id, rule.when) for rule in before.rules] == [(rule.id, rule.when) for rule in after.rules]


def scope_cause(before: Edition, after: Edition) -> Cause:
    """What a flip between two editions is put down to."""
    return Cause.VOCABULARY if vocabulary_alone(before, after) else Cause.SCOPE


_Sums = defaultdict[tuple[Cause, str | None], Delta]


def bridge(
    opening: Mapping[int, Counts],
    flows: Iterable[Flow],
    closing: Mapping[int, Counts],
    opened: Mapping[int, Collection[Cause]],
) -> Bridge:
    """Split what lies between the forces' figures at two points, what is led elsewhere taken out of both. ``opened``:
    by force, under which causes numbers that were not provided may have come or gone. Raises ``ValueError`` where the
    flows do not make up the difference."""
    sums: defaultdict[int, _Sums] = defaultdict(lambda: defaultdict(Delta))
    for flow in flows:
        delta = delta_of(flow)
        if delta != Delta():
            sums[flow.force][flow.cause, _rule(flow)] += delta
    rules: defaultdict[Cause, set[str | None]] = defaultdict(set)
    for of_force in sums.values():
        for (cause, rule), delta in of_force.items():
            if delta != Delta():
                rules[cause].add(rule)
    for force, causes in opened.items():
        # by whichever rule any force moved: to which one a number would have been charged, nothing that is stored says
        for key in ((cause, rule) for cause in causes for rule in rules.get(cause, {None})):
            sums[force][key] += Delta(open=True)
    forces = {}
    for force in sorted(opening.keys() | closing.keys() | sums.keys()):
        begin, end = opening.get(force, Counts()), closing.get(force, Counts())
        forces[force] = _checked(Bridge(begin, _parts(sums[force]), end, {}))
    total: _Sums = defaultdict(Delta)
    for of_force in sums.values():
        for key, delta in of_force.items():
            total[key] += delta
    whole = Bridge(sum(opening.values(), Counts()), _parts(total), sum(closing.values(), Counts()), forces)
    return _checked(whole)


def led_flows(was: Held, now: Held, editions: tuple[Edition, Edition], why: Cause | Sent) -> Iterator[Flow]:
    """What another force leads is in no national figure: the same rows, below zero. ``why``: the change of edition that
    lies between, or what was sent."""
    alike: Counter[tuple[int, Cause, int | None, int | None]] = Counter()
    for key in was.led.keys() | now.led.keys():
        begin, end = was.led.get(key), now.led.get(key)
        rulings = (None if begin is None else begin.ruling, None if end is None else end.ruling)
        if rulings[0] == rulings[1]:  # most of them: it moved nothing
            continue
        cause = why if isinstance(why, Cause) else _led_cause(key, was, now, why)
        alike[key[0], cause, *rulings] += 1
    for (force, cause, before, after), cases in alike.items():
        yield Flow(
            force=force,
            cause=cause,
            before=before,
            after=after,
            weight=-cases,
            edition_before=editions[0],
            edition_after=editions[1],
        )


def _led_cause(key: Key, was: Held, now: Held, sent: Sent) -> Cause:
    """What the flow of a row that is, or was, led elsewhere is put down to: as far as that can be told, to what moved
    the row that it takes out, so that the two make up for one another."""
    begin, end = was.led.get(key), now.led.get(key)
    led, then, elsewhen = (end, now, was) if begin is None else (begin, was, now)
    if led is None or (begin is not None and end is not None):
        return _moved_by(key[0], was.led[key].ruling, now.led[key].ruling, sent)
    if key in elsewhen.rows:
        return _by_another(led, then, elsewhen, sent) or (Cause.WITHDRAWN if end is None else Cause.TRANSFERRED)
    if key[0] in sent.covered:
        return Cause.COVERAGE
    if key in elsewhen.kept:
        return Cause.DETAIL
    return Cause.TRANSFERRED if begin is None or key[0] in sent.let_go else Cause.WITHDRAWN


def _by_another(led: SharedRow, then: Held, elsewhen: Held, sent: Sent) -> Cause | None:
    """Why a row is led by another force at one point alone, ``then``, though its own force counts it at both; none
    where the case of the other came, or went."""
    keepers = {each for each in elsewhen.keepers.get(led.shared_ref, ()) if (led.shared_ref, each) in then.holders}
    if keepers - sent.covered:
        return Cause.DETAIL
    if (led.shared_ref, led.lead) in elsewhen.holders and not keepers:
        return Cause.CORRECTED  # both hold it as before, and came to say the same of it, or ceased to
    return Cause.COVERAGE if keepers or led.lead in sent.covered else None


def _moved_by(force: int, before: int | None, after: int | None, sent: Sent) -> Cause:
    """Why the ruling of a row moved that is led elsewhere all the time: as the force's own cases that moved like that,
    where these have one cause."""
    rulings = [None if ruling is None else min(ruling, 1) for ruling in (before, after)]  # as moves are read
    causes = {each.cause for each in sent.flows if each.force == force and [each.before, each.after] == rulings}
    if len(causes) == 1:
        return causes.pop()
    return Cause.SETTLED if before is not None and before > 0 else Cause.CORRECTED


def held_of(rows: Sequence[SharedRow], beside: Sequence[Beside] = ()) -> Held:
    """The shared rows at one point, and what is led elsewhere of them."""
    led = {(row.force, row.case_id): row for row in led_elsewhere(rows)}
    return Held(shared=rows, led=led, beside=beside)


def delta_of(flow: Flow) -> Delta:
    """What it moves."""

    def counted(ruling: int | None) -> Delta:
        return Delta() if ruling is None else Delta(int(ruling == 0), int(ruling > 0))

    step = counted(flow.after) + -counted(flow.before)
    return Delta(step.in_scope * flow.weight, step.undetermined * flow.weight)


def _rule(flow: Flow) -> str | None:
    """The rule that let weight out of scope or back in; none where it went in or out of undetermined."""
    if flow.before == 0 and flow.after is not None and flow.after < 0:
        return flow.edition_after.rule_ids[-flow.after - 1]
    if flow.after == 0 and flow.before is not None and flow.before < 0:
        return flow.edition_before.rule_ids[-flow.before - 1]
    return None


def _parts(sums: Mapping[tuple[Cause, str | None], Delta]) -> tuple[Part, ...]:
    """In the order of the causes, each's rules by how much they moved; what moved nothing is no part."""
    order = {cause: place for place, cause in enumerate(Cause)}
    found = [Part(cause, rule, delta) for (cause, rule), delta in sums.items() if delta != Delta()]
    return tuple(
        sorted(
            found, key=lambda part: (order[part.cause], -abs(part.delta.in_scope), part.rule is None, part.rule or "")
        )
    )


def _checked(item: Bridge) -> Bridge:
    moved = sum((part.delta for part in item.parts), Delta())
    stood, stands = item.opening, item.closing
    differs = (stands.in_scope - stood.in_scope, stands.undetermined - stood.undetermined)
    if (moved.in_scope, moved.undetermined) != differs or (stood.open != stands.open and not moved.open):
        raise ValueError("the parts of a bridge do not add up to the difference")
    return item
