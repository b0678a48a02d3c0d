"""Terms documents, read and checked against the forces, scopes and contract versions that they name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from itertools import pairwise
from types import MappingProxyType

from msgspec import Struct
from msgspec.structs import replace

from service.contract.library import Document, Library
from service.contract.model import CodeList, PartName, Role
from service.contract.source import Items, Place, Problems, Table, Text, instead
from service.errors import Invalid
from service.terms.calendar import Calendar, Period, parse_period
from service.terms.model import Accepted, Milestone, Participation, Terms

_EARLIEST = Period(1900, 1)


def published_terms(library: Library) -> Mapping[str, Terms]:
    """Every edition of the terms that the library carries, by name, in the order of their names."""
    problems = Problems()
    found = {name: read_terms(document, library, problems) for name, document in library.terms.items()}
    problems.raise_if_any()
    return MappingProxyType(found)


def read_terms(document: Document, library: Library, problems: Problems) -> Terms:
    """One edition; what is wrong with it is added to ``problems``."""
    table = document.table(problems)
    edition = table.text("edition", "")
    if edition and edition != document.name:
        says = f"The file is '{document.name}' and the edition '{edition}'."
        problems.add(table.place_of("edition"), says, "Make them the same.")
    return replace(read_published_table(table, library, problems), hash=document.digest)


def read_published_table(table: Table, library: Library, problems: Problems) -> Terms:
    """The terms of a published file, without their hash."""
    reader = _Reader(table, library, problems)
    scope, proposed = reader.scopes()
    return reader.read(edition=table.text("edition"), adopted=table.day("adopted"), scope=scope, proposed=proposed)


def read_terms_table(table: Table, library: Library, problems: Problems) -> Terms:
    """The terms of a draft: all of an edition but the day of its adoption, the scope that stands on that day, and its
    hash, which are not for a draft to say."""
    return _Reader(table, library, problems).read(
        edition=table.text("edition"), adopted=date.min, scope="", proposed=()
    )


def titles_of(library: Library, terms: Terms) -> Callable[[str], str]:
    """Names a force of these terms; one that their list has not by its code."""
    forces = library.lists[terms.force_list].by_code
    return lambda force: forces[force].title if force in forces else force


class _Interval(Struct, frozen=True, kw_only=True):
    """Periods from ``start`` on. Not ``is_read``: an end of it is none, or lies before the start, as was said."""

    start: Period
    until: Period | None
    is_read: bool


class _Reader:
    """One reading of one document."""

    def __init__(self, table: Table, library: Library, problems: Problems) -> None:
        self.table, self.library, self.problems = table, library, problems
        self.seen: dict[str, list[tuple[Period, Period | None]]] = {}
        listed = self._force_list()
        self.force_list = listed.name if listed else ""
        self.forces: Collection[str] | None = listed.by_code if listed else None
        self.unread: set[str] = set()
        """The keys beneath which a period could not be read: nothing is concluded from those."""
        self.known_forces = 0
        self.followed: dict[str, tuple[Period, Place]] = {}
        """By force, where its last interval says who follows it, and when that begins."""
        self.strangers: list[tuple[str, Place]] = []

    def scopes(self) -> tuple[str, tuple[str, ...]]:
        """The scope edition that the terms have in force, and those that they propose."""
        table = self.table
        scope = self._named(table.text("scope"), self.library.scopes, "scope edition", table.place_of("scope"))
        proposed = [
            self._named(item.value, self.library.scopes, "scope edition", item.place)
            for item in table.texts("proposed")
        ]
        if scope in proposed:
            says = f"'{scope}' is both in force and proposed."
            self.problems.add(table.place_of("proposed"), says, "Take it out of `proposed`.")
        return scope, tuple(proposed)

    def read(self, *, edition: str, adopted: date, scope: str, proposed: tuple[str, ...]) -> Terms:
        table = self.table
        found = Terms(
            edition=edition,
            title=table.text("title"),
            adopted=adopted,
            source=table.text("source"),
            scope=scope,
            proposed=proposed,
            contracts=tuple(self._accepted(entry) for entry in table.tables("contracts")),
            calendar=self._calendar(),
            milestones=tuple(self._milestone(entry) for entry in table.tables("milestones")),
            participation=tuple(item for entry in table.tables("participation") for item in self._participation(entry)),
            force_list=self.force_list,
            hash="",
        )
        self._check_whole(found)
        table.done()
        return found

    def _named(self, name: str, known: Collection[str], what: str, place: Place) -> str:
        if name and name not in known:
            self.problems.add(place, f"There is no {what} '{name}'.", instead(name, known))
        return name

    def _force(self, name: str, place: Place) -> None:
        """Note whether a force is known; where the list of forces is not, none is asked after."""
        if name and self.forces is not None:
            if name in self.forces:
                self.known_forces += 1
            else:
                self.strangers.append((name, place))

    def _check_forces(self) -> None:
        """Name each force that is not known; where none at all is in a list of something else, the list is wrong."""
        known, lists = self.forces or (), self._lists_of_forces()
        if len(self.strangers) > 1 and not self.known_forces and self.force_list not in lists:
            says = f"The code list '{self.force_list}' has none of the forces that take part."
            self.problems.add(self.table.place_of("force_list"), says, instead(self.force_list, lists))
            return
        for name, place in self.strangers:
            do = instead(name, known, f"Write a force as /api/codes/{self.force_list} has it.")
            self.problems.add(place, f"There is no force '{name}'.", do)

    def _period(self, table: Table, key: str) -> Period | None:
        """None where it cannot be read, and then that is all that is said of it."""
        words = table.text(key)
        try:
            return parse_period(words)
        except Invalid as error:
            if words:
                self.problems.add(table.place_of(key), f"'{key}' is '{words}'. {error.says}", error.do)
            return None

    def _interval(self, table: Table, of: str) -> _Interval:
        start = self._period(table, "from")
        until = self._period(table, "until") if "until" in table else None
        backwards = start is not None and until is not None and until < start
        if backwards:
            says = f"The interval ends in {until}, before it begins in {start}."
            do = f"Write an `until` that is not before {start}, or leave it out."
            self.problems.add(table.place_of("until"), says, do)
        is_read = start is not None and (until is not None or "until" not in table) and not backwards
        if not is_read:
            self.unread.add(of)
        return _Interval(start=start or _EARLIEST, until=until, is_read=is_read)

    def _accepted(self, table: Table) -> Accepted:
        version = self._named(
            table.text("version"), self.library.contracts, "contract version", table.place_of("version")
        )
        held = self._interval(table, "contracts")
        contract = self.library.contracts.get(version)
        if contract is not None and contract.state == "draft":
            says = f"The contract version '{version}' is a draft, and no terms accept a draft."
            self.problems.add(table.place_of("version"), says, "Publish it first, or name one that is published.")
        table.done()
        return Accepted(version=version, start=held.start, until=held.until)

    def _calendar(self) -> Calendar:
        if not isinstance(self.table.node("calendar"), Table):
            says = "'calendar' is missing." if self.table.node("calendar") is None else "'calendar' must have keys."
            do = "Write `calendar: {every: month, first: 2025-11, due_days: 14}`."
            self.problems.add(self.table.place_of("calendar"), says, do)
            self.unread.add("calendar")
            return Calendar(_EARLIEST, 0)
        table = self.table.table("calendar")
        every = table.text("every")
        if every and every != "month":
            self.problems.add(table.place_of("every"), f"There is no calendar for every '{every}'.", "Write month.")
        due_days = table.whole("due_days", least=0, greatest=366)
        first = self._period(table, "first")
        if first is None:
            self.unread.add("calendar")
        table.done()
        return Calendar(first or _EARLIEST, due_days)

    def _milestone(self, table: Table) -> Milestone:
        found = Milestone(
            id=table.text("id"),
            title=table.text("title"),
            by=table.day("by"),
            stages=self._stages(table),
            least_percent=table.whole("least_percent", 100, least=0, greatest=100),
        )
        table.done()
        return found

    def _stages(self, table: Table) -> tuple[str, ...]:
        """The codes of a named set of stages, in the newest version that these terms accept."""
        name = table.text("set")
        accepted = {entry.text("version") for entry in self.table.tables("contracts")}
        contracts = [contract for version, contract in self.library.contracts.items() if version in accepted]
        stage = contracts[-1].parts[PartName.CASE].by_role.get(Role.STAGE) if contracts else None
        if stage is None or stage.list is None:
            return ()
        known = {one.name: one for one in contracts[-1].vocabulary.sets.values() if one.list == stage.list.name}
        if name and name not in known:
            self.problems.add(table.place_of("set"), f"There is no set of stages '{name}'.", instead(name, known))
        return known[name].codes if name in known else ()

    def _participation(self, table: Table) -> list[Participation]:
        """One interval for each force of an entry."""
        held = self._interval(table, "participation")
        successor = table.optional("successor")
        if successor is not None:
            self._force(successor, table.place_of("successor"))
            if "until" not in table:
                says = f"'{successor}' follows, and the interval has no end."
                self.problems.add(table.place_of("successor"), says, "Add until.")
        named = [(item.value, item.place) for item in table.texts("forces")]
        if "force" in table:
            named.append((table.text("force"), table.place_of("force")))
        table.done()
        if not named and not isinstance(table.node("forces"), Text):
            self.problems.add(table.place, "The entry names no force.", "Add forces: [...].")
        found = []
        for force, place in named:
            if not force:
                self.problems.add(place, "An entry of 'forces' is empty.", "Name a force, or take it out.")
            self._force(force, place)
            if force == successor:
                do = "Name the force that has its cases afterwards, or leave successor out."
                self.problems.add(place, f"'{force}' cannot follow itself.", do)
            if force and held.is_read:
                self._check_overlap(force, held.start, held.until, place)
                self.seen.setdefault(force, []).append((held.start, held.until))
            if successor and held.start >= self.followed.get(force, (held.start,))[0]:
                self.followed[force] = (held.start, table.place_of("successor"))
            found.append(Participation(force=force, start=held.start, until=held.until, successor=successor))
        return found

    def _check_overlap(self, force: str, start: Period, until: Period | None, place: Place) -> None:
        for other_start, other_until in self.seen.get(force, []):
            if (until is None or other_start <= until) and (other_until is None or start <= other_until):
                says = f"'{force}' takes part twice in {max(start, other_start)}."
                self.problems.add(place, says, "Its intervals must not overlap.")

    def _force_list(self) -> CodeList | None:
        name, known = self.table.text("force_list"), self.library.lists
        if name and name not in known:
            says = f"There is no code list '{name}'."
            self.problems.add(self.table.place_of("force_list"), says, instead(name, self._lists_of_forces()))
        return known.get(name)

    def _lists_of_forces(self) -> Collection[str]:
        """Those by which a field of the contracts names forces; any list where none does."""
        fields = [
            contract.parts[PartName.CASE].by_role.get(role)
            for contract in self.library.contracts.values()
            for role in (Role.LEAD, Role.SHARED_WITH)
        ]
        return {field.list.name for field in fields if field is not None and field.list} or set(self.library.lists)

    def _check_rings(self, terms: Terms) -> None:
        """Forces that leave and follow one another, none of which goes on: told where the text closes the ring."""
        for ring in _rings(terms):
            says = " and ".join(f"'{heir}' follows '{force}'" for force, heir in pairwise([*ring, ring[0]]))
            last = max(item.until for item in terms.participation if item.force in ring and item.until is not None)
            self.problems.add(
                max((self.followed[force][1] for force in ring), key=lambda place: (place.line, place.column)),
                f"{says}, and none of them takes part after {last}: nobody would report their cases.",
                "Name as successor a force that takes part afterwards, or leave `until` out for one that goes on.",
            )

    def _check_whole(self, terms: Terms) -> None:
        self._check_forces()
        if "participation" not in self.unread:
            self._check_rings(terms)
        first = terms.calendar.first
        is_read = not self.unread & {"calendar", "contracts"}
        if is_read and terms.contracts and not terms.accepted(first):
            says = f"No contract version is accepted for the first period, {first}."
            self.problems.add(self.table.place_of("contracts"), says, f"Let one be accepted from {first} on.")
        for period in _without_version(terms) if is_read else ():
            place = self.table.place_of("contracts")
            says = f"No contract version is accepted for {period}, and one is for later periods."
            self.problems.add(place, says, "Let the earlier version be accepted until the later one is.")
        if not terms.contracts and self._is_empty("contracts"):
            self.problems.add(self.table.place, "The terms accept no contract version.", "Add contracts.")
        if not terms.participation and self._is_empty("participation"):
            self.problems.add(self.table.place, "No force takes part.", "Add participation.")
        for first, last in _without_forces(terms) if not self.unread & {"calendar", "participation"} else ():
            when = f"From {first} on" if last is None else f"For {first}" if last == first else f"For {first} to {last}"
            says = f"{when} no force takes part: nobody could report, and no case would be counted any more."
            do = "Leave `until` out for forces that go on: terms do not end, others follow them."
            self.problems.add(self.table.place_of("participation"), says, do)
        seen: set[str] = set()
        for entry, milestone in zip(self.table.tables("milestones"), terms.milestones, strict=True):
            if milestone.id in seen:
                says = f"The milestone '{milestone.id}' stands here twice."
                self.problems.add(entry.place_of("id"), says, "Give each milestone an id of its own.")
            seen.add(milestone.id)

    def _is_empty(self, key: str) -> bool:
        """Whether a list is not there, or has no entry; where something else stands, that was said already."""
        node = self.table.node(key)
        return node is None or (isinstance(node, Items) and not node.nodes)


def _rings(terms: Terms) -> Iterator[tuple[str, ...]]:
    """Forces of which each is followed by the next and the last by the first, when all of them have left for good."""
    last = {item.force: item for item in sorted(terms.participation, key=lambda item: item.start)}
    follows = {force: item.successor for force, item in last.items() if item.until is not None and item.successor}
    passed: set[str] = set()
    for force in follows:
        chain: list[str] = []
        heir: str | None = force
        while heir is not None and heir not in passed:
            passed.add(heir)
            chain.append(heir)
            heir = follows.get(heir)
        ring = chain[chain.index(heir) :] if heir in chain else []
        if len(ring) > 1:  # of one that is to follow itself it is said where it stands
            yield tuple(ring)


def _without_forces(terms: Terms) -> Iterator[tuple[Period, Period | None]]:
    """The stretches of periods in which nobody takes part any more: first and last, or no last where nobody does again.

    A force that left without a successor is counted until the next period is due. Were there nobody at all, the
    national figure would fall to nought on that day, unread, perhaps years after two people confirmed it.
    """
    first = terms.calendar.first
    for begin in sorted({max(first, item.until.plus(1)) for item in terms.participation if item.until is not None}):
        if not terms.participants(begin):
            later = [item.start for item in terms.participation if item.start > begin]
            yield begin, min(later).plus(-1) if later else None


def _without_version(terms: Terms) -> list[Period]:
    """The first period of each stretch for which no version is accepted, before one that is accepted again."""
    ends = [item.until.plus(1) for item in terms.contracts if item.until is not None]
    return sorted(
        {
            period
            for period in ends
            if not terms.accepted(period) and any(item.start > period for item in terms.contracts)
        }
    )
