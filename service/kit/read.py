"""Reads the examples of a contract version from its folder ``examples/``, and those of the versions that it extends.

``clean.yaml`` has rows in which nothing is to be found; every other file lists examples, each as the change that it
makes to such a row. What an earlier version's examples name is read under this version's names, as its rules are; a
version may give an example of the same name anew, or drop it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from service.contract.library import Library
from service.contract.model import Contract, PartName
from service.contract.source import Place, Problem, Problems, Table, closest, in_order, read_yaml
from service.contract.upgrade import new_names, text_read
from service.kit.model import MEDIA, Example, Find, Kit, Raw, Row, Rows, Stock, WholeReturn
from service.scope.edition import Edition
from service.scope.verdict import Judgement, Verdict
from service.terms.check import Published

FOLDER = "examples"
_CLEAN = "clean.yaml"


def load_kit(library: Library, editions: Mapping[str, Edition], version: str) -> Kit:
    """The kit of a version, or ``LibraryErrors`` with everything that is wrong in its examples."""
    problems = Problems()
    kit = read_kit(library, editions, version, problems)
    problems.raise_if_any()
    return kit


def read_kit(library: Library, editions: Mapping[str, Edition], version: str, problems: Problems) -> Kit:
    """The kit as far as it can be read, with what is wrong added to ``problems``."""
    reading = _Reading(library, editions, library.contracts[version], problems)
    line = _line_of(library, version)
    for name in line:
        reading.take_clean(name)
    for name in line:
        reading.take_examples(name)
    return Kit(
        contract=reading.contract,
        editions=editions,
        clean=MappingProxyType(reading.clean),
        examples=tuple(reading.examples.values()),
        returns=tuple(reading.returns.values()),
    )


def check_kits(published: Published) -> tuple[Problem, ...]:
    """What is wrong in the examples of any version, by file and line."""
    problems = Problems()
    for version in published.library.contracts:
        read_kit(published.library, published.scopes, version, problems)
    return in_order(problems.found)


def _line_of(library: Library, version: str) -> list[str]:
    """The version and those that it builds on, oldest first."""
    line = [version]
    while (upgrade := library.contracts[line[0]].upgrade) is not None and upgrade.before in library.contracts:
        line.insert(0, upgrade.before)
    return line


class _Reading:
    """One kit under way: the ``version`` whose file is being read, and the ``names`` its fields have in this one."""

    def __init__(
        self, library: Library, editions: Mapping[str, Edition], contract: Contract, problems: Problems
    ) -> None:
        self.library, self.editions, self.contract, self.problems = library, editions, contract, problems
        self.clean: dict[tuple[PartName, str], Row] = {}
        self.examples: dict[str, Example] = {}
        self.returns: dict[str, WholeReturn] = {}
        self.names: Mapping[str, str] = {}
        self.version = contract.version
        self.among: list[PartName] = []

    def take_clean(self, version: str) -> None:
        """The clean rows of one version; one that is there already is changed in what is given."""
        self.version, self.names = version, new_names(self.library, version, self.contract.version)
        for document in self._documents(version, clean=True):
            for name in document.names():
                part, rows = self._part(name, document.place_of(name)), document.table(name)
                for row_name in rows.names():
                    table = rows.table(row_name)
                    before = self.clean.get((part, row_name), Row(values={}))
                    self.clean[part, row_name] = Row(
                        values={**before.values, **self._values(table.table("row"), part)},
                        verdicts={**before.verdicts, **self._verdicts(table)},
                    )
                    table.done()
            document.done()

    def take_examples(self, version: str) -> None:
        """The examples of one version."""
        self.version, self.names = version, new_names(self.library, version, self.contract.version)
        for document in self._documents(version, clean=False):
            for name in document.texts("dropped"):
                if self.examples.pop(name.value, None) is None and self.returns.pop(name.value, None) is None:
                    known = (*self.examples, *self.returns)
                    self.problems.add(name.place, f"There is no example '{name.value}'.", closest(name.value, known))
            for table in document.tables("examples"):
                for example in self._examples(table):
                    self.examples[example.name] = example
            for table in document.tables("returns"):
                whole = self._whole(table)
                self.returns[whole.name] = whole
            document.done()

    def _documents(self, version: str, *, clean: bool) -> Iterator[Table]:
        folder = self.library.root / "returns" / version / FOLDER
        for path in sorted(folder.glob("*.yaml")):
            if (path.name == _CLEAN) is clean:
                yield self._document(path, f"returns/{version}/{FOLDER}/{path.name}")

    def _document(self, path: Path, file: str) -> Table:
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            self.problems.add(Place(file, 1), "The file cannot be read.", "Save it as UTF-8.")
            return Table({}, Place(file, 1), self.problems)
        return read_yaml(content, file, self.problems)

    # --- examples ---------------------------------------------------------------------------------------------------

    def _examples(self, table: Table) -> Iterator[Example]:
        """One entry of the list: an example in each of its parts."""
        name = table.text("name", table.text("rule", ""))
        if not name:
            self.problems.add(table.place, "The example has neither a rule nor a name.", "Give it one of the two.")
        about = table.text("about", self._about(table))
        self.among = parts = [self._part(item.value, item.place) for item in table.texts("parts")]
        if "content" in table:
            content: Raw | None = self._raw(table, parts[0] if parts else PartName.CASE)
        else:
            content = None
        rule = self.contract.rule.get(table.text("rule", ""))
        for part in parts:
            example = Example(
                name=f"{part}/{name}",
                part=part,
                about=about,
                content=content if content is not None else self._rows(table, part),
                before=self._listed(table, "before", part),
                previous=self._listed(table, "previous", part),
            )
            compares = bool(example.previous) or (rule is not None and rule.compares)
            yield replace(example, compares=compares)
            self._check_asked(table, example, compares=compares)
        table.done()

    def _check_asked(self, table: Table, example: Example, *, compares: bool) -> None:
        """What must be found by a rule that is not asked would never be."""
        rows = example.content.rows if isinstance(example.content, Rows) else ()
        rules = [self.contract.rule.get(find.rule) for row in rows for find in row.finds]
        if not compares and any(rule is not None and rule.compares for rule in rules):
            says = f"'{example.name}' is about no rule that compares rows, and such a rule must be found in it."
            self.problems.add(table.place, says, "Name the rule that it is about, or say what was sealed before.")
        if example.previous and (example.before or example.part is not PartName.CASE):
            says = f"'{example.name}' cannot build on a return that was sealed before."
            self.problems.add(table.place, says, "Say previous of an example of cases alone, and not before as well.")

    def _about(self, table: Table) -> str:
        """Without words of its own an example is about what its rule says is wrong."""
        name = table.text("rule", "")
        rule = self.contract.rule.get(name)
        if name and rule is None:
            known = closest(name, self.contract.rule)
            self.problems.add(table.place_of("rule"), f"There is no rule '{name}'.", known)
        return "" if rule is None else rule.when or rule.check or ""

    def _rows(self, table: Table, part: PartName) -> Rows:
        endings = tuple(item.value for item in table.texts("only")) or tuple(MEDIA)
        return Rows(
            rows=self._listed(table, "rows", part),
            heading=self._finds(table, "heading", part),
            endings=endings,
        )

    def _raw(self, table: Table, part: PartName) -> Raw:
        numbered = []
        for item in table.texts("finds"):
            row, _, rest = item.value.partition(" ")
            if not row.isdigit():
                self.problems.add(item.place, f"'{item.value}' does not begin with a row.", "Write: 2 S105.")
                continue
            numbered.append((int(row), self._find(rest, item.place, part)))
        encoding = table.text("encoding", "utf-8")
        return Raw(
            ending=table.text("only"),
            content=table.text("content", "").encode(encoding) + b"\n",
            received=table.whole("received", 0),
            finds=tuple(numbered),
            accepted=tuple(self._base(item.value, item.place, part).verdicts for item in table.texts("accepted")),
            refused=table.optional("refused"),
        )

    def _listed(self, table: Table, key: str, part: PartName) -> tuple[Row, ...]:
        return tuple(self._row(entry, part) for entry in table.tables(key))

    def _row(self, table: Table, part: PartName) -> Row:
        base = self._base(table.text("of"), table.place_of("of"), part) if "of" in table else Row(values={})
        values = {**base.values, **self._values(table.table("set"), part)}
        for item in table.texts("unset"):
            if not self._is_of_another(self._bears(item.value, part), part):
                values.pop(self._name(item.value, item.place, part), None)
        row = Row(
            values=values,
            finds=self._finds(table, "finds", part),
            verdicts={**base.verdicts, **self._verdicts(table)},
            times=table.whole("times", 1),
        )
        table.done()
        return row

    def _base(self, name: str, place: Place, part: PartName) -> Row:
        found = self.clean.get((part, name))
        if found is None:
            known = [row for of, row in self.clean if of is part]
            self.problems.add(place, f"There is no clean row '{name}' of part {part}.", closest(name, known))
        return found if found is not None else Row(values={})

    # --- whole returns ----------------------------------------------------------------------------------------------

    def _whole(self, table: Table) -> WholeReturn:
        self.among = []
        about = table.text("about", self._about(table))
        name = f"{PartName.RETURN}/{table.text('name', table.text('rule', ''))}"
        measures: dict[str, tuple[int, int] | None] = {item.name: None for item in self.contract.measures}
        given = table.table("measures")
        for measure in given.names():
            if measure not in measures:
                says = f"There is no measure '{measure}'."
                self.problems.add(given.place_of(measure), says, closest(measure, measures))
            low, _, high = given.text(measure).partition("/")
            measures[measure] = (int(low), int(high or low))
        whole = WholeReturn(
            name=name,
            about=about,
            before=self._stock(table.table("before")) if "before" in table else None,
            now=self._stock(table.table("now")),
            finds=self._finds(table, "finds", PartName.RETURN),
            measures=measures,
        )
        table.done()
        return whole

    def _stock(self, table: Table) -> Stock:
        years = tuple(item.value for item in table.texts("years"))
        rows = {}
        for name in table.names():
            if name != "years":
                part = self._part(name, table.place_of(name))
                rows[part] = self._listed(table, name, part)
        return Stock(rows=rows, years=years)

    # --- small things -----------------------------------------------------------------------------------------------

    def _part(self, name: str, place: Place) -> PartName:
        if name in self.contract.parts:
            return PartName(name)
        self.problems.add(place, f"There is no part '{name}'.", closest(name, self.contract.parts))
        return PartName.CASE

    def _values(self, table: Table, part: PartName) -> dict[str, str]:
        """What stands in fields, as it stands; a name that is no field is taken as it is, to be found in reading.

        Of an example for several parts each takes what it has."""
        given = {self._bears(name, part): self._text(name, table.text(name, "")) for name in table.names()}
        return {name: text for name, text in given.items() if not self._is_of_another(name, part)}

    def _is_of_another(self, name: str, part: PartName) -> bool:
        """Whether it is another of the example's parts that has this field."""
        parts = self.contract.parts
        return name not in parts[part].by_name and any(name in parts[other].by_name for other in self.among)

    def _name(self, name: str, place: Place, part: PartName) -> str:
        found = self._bears(name, part)
        if found not in self.contract.parts[part].by_name:
            known = self.contract.parts[part].by_name
            self.problems.add(place, f"There is no field '{name}' in part {part}.", closest(name, known))
        return found

    def _bears(self, name: str, part: PartName) -> str:
        new = self.names.get(name, name)
        return new if new in self.contract.parts[part].by_name else name

    def _finds(self, table: Table, key: str, part: PartName) -> tuple[Find, ...]:
        return tuple(self._find(item.value, item.place, part) for item in table.texts(key))

    def _text(self, name: str, text: str) -> str:
        """A value of the file being read as this version writes it."""
        return text_read(self.library, name, text, self.version, self.contract.version)

    def _find(self, words: str, place: Place, part: PartName) -> Find:
        rule, _, field = words.partition(" ")
        if rule not in self.contract.rule:
            says = f"There is no rule '{rule}' in version {self.contract.version}."
            self.problems.add(place, says, closest(rule, self.contract.rule) or "Give the example anew, or drop it.")
        return Find(rule, self._bears(field, part) if part in self.contract.parts else field)

    def _verdicts(self, table: Table) -> dict[str, Judgement]:
        given = table.table("verdicts")
        return {name: self._judgement(given, name) for name in given.names()}

    def _judgement(self, table: Table, name: str) -> Judgement:
        """``in``, ``out RULE``, or ``missing ATTRIBUTE ATTRIBUTE``."""
        place, (verdict, *named) = table.place_of(name), table.text(name).split() or [""]
        edition = self.editions.get(name)
        if edition is None:
            self.problems.add(place, f"There is no scope edition '{name}'.", closest(name, self.editions))
            return Judgement(Verdict.IN_SCOPE)
        known = {"in": (), "out": edition.rule_ids, "missing": edition.definition.attributes}
        count = {"in": len(named) == 0, "out": len(named) == 1, "missing": len(named) > 0}
        if verdict not in known or not count[verdict] or not set(named) <= set(known[verdict]):
            says = f"'{table.text(name)}' is no verdict under {name}."
            do = f"Write in, out with one of {', '.join(edition.rule_ids)}, or missing with attributes."
            self.problems.add(place, says, do)
            return Judgement(Verdict.IN_SCOPE)
        if verdict == "out":
            return Judgement(Verdict.OUT_OF_SCOPE, rule=named[0])
        order = [attribute for attribute in edition.definition.attributes if attribute in named]
        return Judgement(Verdict.UNDETERMINED, missing=tuple(order)) if named else Judgement(Verdict.IN_SCOPE)


def numbered(rows: tuple[Row, ...]) -> Iterator[Row]:
    """Each row by itself, with its number in the place of ``{n}``."""
    number = 0
    for row in rows:
        for _ in range(row.times):
            number += 1
            values = {name: text.replace("{n}", str(number)) for name, text in row.values.items()}
            yield replace(row, values=values, times=1)
