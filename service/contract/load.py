"""One folder of ``contracts/returns/`` becomes one ``Contract``, or problems with their places.

A version may say that it ``extends`` the one before: then it has everything of that one, with the names that its
``upgrade.yaml`` gives, and states only what it adds or words differently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from msgspec.structs import replace

from service.contract.carry import carried_derivation, carried_sets
from service.contract.declared import Declared, read_measures, told_apart
from service.contract.fields import NAME, changed, check_fields, field_type, read_field
from service.contract.model import (
    CodeList,
    Contract,
    Derivation,
    Field,
    Part,
    PartName,
    Role,
    Sum,
    Upgrade,
)
from service.contract.rules import checks_of, parsed, read_rules
from service.contract.source import Place, Problems, Table, closest, read_yaml
from service.contract.steps import added_of, moved_lists, read_upgrade, renames_of, steps_of
from service.criteria.vocabulary import FieldType, Kind, NamedSet, Vocabulary

STATES = ("draft", "published", "deprecated", "retired")
ROW_PARTS = (PartName.CASE, PartName.AGGREGATE, PartName.WORKFORCE)


def load_contract(
    folder: Path, lists: Mapping[str, CodeList], before: Mapping[str, Contract], problems: Problems
) -> Contract:
    """The contract in a folder. ``before`` are the versions already read, of which it may extend one."""
    return _Reader(folder, lists, before, problems).read()


class _Reader:
    """One reading of one folder; every method adds to the same problems."""

    def __init__(
        self, folder: Path, lists: Mapping[str, CodeList], before: Mapping[str, Contract], problems: Problems
    ) -> None:
        self.folder, self.lists, self.before, self.problems = folder, lists, before, problems
        self.document = self._document("contract.yaml")
        self.version = self.document.text("version")
        self.places: dict[tuple[PartName, str], Table] = {}

    def read(self) -> Contract:
        document, problems = self.document, self.problems
        if self.version and self.version != self.folder.name:
            says = f"The folder is '{self.folder.name}' and the version '{self.version}'."
            problems.add(document.place_of("version"), says, "Make them the same.")
        state = document.text("state")
        if state not in STATES:
            problems.add(document.place_of("state"), f"There is no state '{state}'.", closest(state, STATES))
        self.upgrade = self._upgrade()
        self.base = self._base()
        fields = self._fields()
        before = self.base or (self.before.get(self.upgrade.before) if self.upgrade else None)
        every = [field for part in fields.values() for field in part]
        self.steps = steps_of(self.upgrade, before, every, self.upgrade_place, problems)
        sets = self._sets()
        parts = self._parts(fields, sets)
        cases = parts[PartName.CASE]
        declared = read_measures(document.tables("measures"), self._declared(), self.steps.renames, cases, problems)
        parts[PartName.CASE] = replace(cases, row_measures=declared.of_rows)
        vocabularies = {name: part.rule_vocabulary for name, part in parts.items()}
        vocabularies[PartName.RETURN] = self._vocabulary(
            {item.name: FieldType(item.name, item.kind) for item in declared.measures}
        )
        rules = read_rules(
            self._document("rules.yaml", needed=self.base is None),
            vocabularies,
            self.base.rules if self.base else (),
            self.steps,
            self.version,
            checks_of(parts.values()),
            problems,
        )
        rules = told_apart(rules, declared, Place(f"returns/{self.folder.name}/rules.yaml", 1), problems)
        used = self._used_lists(parts, sets)
        title = document.text("title")
        document.done()
        return Contract(
            version=self.version,
            state=state,
            title=title,
            parts=MappingProxyType(parts),
            lists=MappingProxyType(used),
            vocabulary=vocabularies[PartName.CASE],
            measures=declared.measures,
            rules=rules,
            upgrade=self.upgrade,
            hash=self._hash(used),
            relisted=self.steps.relisted,
        )

    def _document(self, name: str, *, needed: bool = True) -> Table:
        file = f"returns/{self.folder.name}/{name}"
        if not needed and not (self.folder / name).exists():
            return Table({}, Place(file, 1), self.problems)
        try:
            content = (self.folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            self.problems.add(Place(file, 1), "The file cannot be read.", "A version has it, in UTF-8.")
            return Table({}, Place(file, 1), Problems())
        return read_yaml(content, file, self.problems)

    def _upgrade(self) -> Upgrade | None:
        self.upgrade_place = Place(f"returns/{self.folder.name}/upgrade.yaml", 1)
        if not (self.folder / "upgrade.yaml").exists():
            return None
        return read_upgrade(self._document("upgrade.yaml"), self.before, self.problems)

    def _base(self) -> Contract | None:
        name = self.document.optional("extends")
        if name is None:
            return None
        if self.upgrade is None or self.upgrade.before != name:
            says = f"The version extends '{name}', which is not the one that its upgrade.yaml comes from."
            self.problems.add(self.document.place_of("extends"), says)
        if name not in self.before:
            says = f"There is no earlier version '{name}' to extend."
            self.problems.add(self.document.place_of("extends"), says, closest(name, self.before))
        return self.before.get(name)

    def _declared(self) -> Declared:
        """The measures of the version before."""
        return Declared(self.base.measures, self.base.parts[PartName.CASE].row_measures) if self.base else Declared()

    def _sets(self) -> dict[str, NamedSet]:
        """The named sets. A code of which a column says *depends* is left out, and listed as left out."""
        depends = self.document.optional("left_out")
        found: dict[str, NamedSet] = {}
        if self.base is not None:
            moved = moved_lists(self.steps, self.base, self.upgrade_place, self.problems)
            found = carried_sets(self.base.vocabulary.sets, moved, self.upgrade_place, self.problems)
        declared = self.document.table("sets")
        for name in declared.names():
            table = declared.table(name)
            if not NAME.fullmatch(name):
                self.problems.add(table.place, f"'{name}' cannot be a set's name.", "Use a-z, 0-9 and '_'.")
            list_ = self._list_named(table)
            title = table.text("title", "")
            where = table.table("where")
            wanted = {column: where.text(column) for column in where.names()}
            table.done()
            if list_ is None:
                continue
            columns = {column for code in list_.codes for column in code.columns}
            for column in wanted.keys() - columns:
                says = f"The list {list_.name} has no column '{column}'."
                self.problems.add(where.place_of(column), says, closest(column, columns))
            found[name] = _named_set(name, title, list_, wanted, depends)
            if not found[name].codes:
                self.problems.add(table.place, f"The set '{name}' has no codes.", "Check the words under where.")
        return found

    def _list_named(self, table: Table) -> CodeList | None:
        name = table.text("list")
        if name and name not in self.lists:
            self.problems.add(table.place_of("list"), f"There is no code list '{name}'.", closest(name, self.lists))
        return self.lists.get(name)

    def _fields(self) -> dict[PartName, list[Field]]:
        """The fields of each part: carried from the version before, borrowed from part case, and declared here."""
        self.parts = self.document.table("parts")
        renames = renames_of(self.upgrade)
        found: dict[PartName, list[Field]] = {}
        for name in ROW_PARTS:
            if name in self.parts or (self.base and name in self.base.parts):
                found[name] = self._fields_of(name, self.parts.table(name), found.get(PartName.CASE), renames)
        return found

    def _fields_of(
        self, name: PartName, table: Table, cases: list[Field] | None, renames: Mapping[str, str]
    ) -> list[Field]:
        base = self.base.parts.get(name) if self.base else None
        dimensions = table.optional("dimensions_of")
        if dimensions is not None and (dimensions != PartName.CASE or cases is None):
            self.problems.add(table.place_of("dimensions_of"), "Dimensions can only be those of part case.")
            cases = None
        borrowed = dimensions is not None or _borrows(name, base)
        taken = _dimensions(cases) if borrowed and cases is not None else []
        kept = [field for field in base.fields if not (borrowed and field.dimension)] if base else []
        fields = [*taken, *self._kept(kept, table, renames)]
        for entry in table.tables("fields"):
            field = read_field(entry, self.lists, self.version, self.problems)
            self.places[name, field.name] = entry
            fields.append(field)
        check_fields(((field, self._place(name, field.name, table)) for field in fields), self.problems)
        fields.sort(key=lambda field: field.ordinal)
        return fields

    def _kept(self, fields: Sequence[Field], table: Table, renames: Mapping[str, str]) -> list[Field]:
        """The fields of the version before under this version's names, and with what it says anew of them."""
        anew = table.table("changed")
        kept = [replace(field, name=renames.get(field.name, field.name)) for field in fields]
        kept = [
            changed(field, anew.table(field.name), self.lists, self.problems) if field.name in anew else field
            for field in kept
        ]
        anew.done()
        return kept

    def _parts(self, fields: Mapping[PartName, list[Field]], sets: Mapping[str, NamedSet]) -> dict[PartName, Part]:
        parts: dict[PartName, Part] = {}
        for name, own in fields.items():
            parts[name] = self._part(name, self.parts.table(name), own, sets, parts.get(PartName.CASE))
        self.parts.done()
        if PartName.CASE not in parts:
            self.problems.add(self.parts.place, "The contract has no part 'case'.")
            parts[PartName.CASE] = Part(
                name=PartName.CASE, title="", row_is="", fields=(), vocabulary=self._vocabulary({}, sets)
            )
        self._check_case(parts[PartName.CASE])
        cells = parts.get(PartName.AGGREGATE)
        if cells is not None and Role.WEIGHT not in cells.by_role:
            says = "No field of part aggregate has the role weight, so no cell says how many cases it stands for."
            self.problems.add(self.document.place_of("parts"), says)
        return parts

    def _part(
        self,
        name: PartName,
        table: Table,
        fields: Sequence[Field],
        sets: Mapping[str, NamedSet],
        cases: Part | None,
    ) -> Part:
        base = self.base.parts.get(name) if self.base else None
        vocabulary = self._vocabulary({field.name: field_type(field) for field in fields}, sets)
        part = Part(
            name=name,
            title=table.text("title", base.title if base else None),
            row_is=table.text("row_is", base.row_is if base else None),
            fields=tuple(self._derived(field, name, vocabulary, cases) for field in fields),
            vocabulary=vocabulary,
            sums=self._sums(table, vocabulary, base.sums if base else ()),
        )
        table.done()
        return part

    def _place(self, part: PartName, field: str, otherwise: Table) -> Place:
        return self.places[part, field].place if (part, field) in self.places else otherwise.place

    def _is_own(self, part: PartName, field: str) -> bool:
        """Whether the field is declared in this version: what is wrong with one that is carried is said there."""
        return self.base is None or (part, field) in self.places

    def _derived(self, field: Field, part: PartName, vocabulary: Vocabulary, cases: Part | None) -> Field:
        """The field with its derivations: declared here, those of part case where it is borrowed from there, or carried
        from the version before under new names."""
        entry = self.places.get((part, field.name))
        if entry is None and cases is not None and field.dimension and field.name in cases.by_name:
            return replace(field, derive=cases.by_name[field.name].derive)
        if entry is None:
            where = self.document.place
            derive = (
                carried_derivation(item, field.list, self.steps, vocabulary, where, self.problems)
                for item in field.derive
            )
            return replace(field, derive=tuple(derive))
        found = []
        for table in entry.tables("derive"):
            value = table.text("value")
            if field.list is None or value not in field.list.by_code:
                known = field.list.by_code if field.list else ()
                says = f"'{value}' is not a code of '{field.name}'."
                self.problems.add(table.place_of("value"), says, closest(value, known))
            when, criterion = parsed(table, "when", vocabulary, self.problems, null_tests=False)
            if criterion is not None:
                found.append(Derivation(value=value, when=when, criterion=criterion))
            table.done()
        return replace(field, derive=tuple(found))

    def _sums(self, table: Table, vocabulary: Vocabulary, before: Sequence[Sum]) -> tuple[Sum, ...]:
        name = self.steps.renames
        found = [
            Sum(total=name.get(item.total, item.total), parts=tuple(name.get(one, one) for one in item.parts))
            for item in before
        ]
        for entry in table.tables("sums"):
            total, parts = entry.text("total"), entry.texts("parts")
            for field, place in [(total, entry.place_of("total")), *((one.value, one.place) for one in parts)]:
                known = vocabulary.fields.get(field)
                if known is None:
                    self.problems.add(place, f"There is no field '{field}'.", closest(field, vocabulary.fields))
                elif known.kind is not Kind.NUMBER:
                    self.problems.add(place, f"'{field}' is not a number.")
            found.append(Sum(total=total, parts=tuple(one.value for one in parts)))
            entry.done()
        return tuple(found)

    def _vocabulary(self, fields: Mapping[str, FieldType], sets: Mapping[str, NamedSet] | None = None) -> Vocabulary:
        return Vocabulary(self.version, MappingProxyType(dict(fields)), MappingProxyType(dict(sets or {})))

    def _check_case(self, part: Part) -> None:
        """What code rests on, whatever the standard is about: a key, and a stage that is exactly known."""
        where = self.document.place_of("parts")
        for role in (Role.KEY, Role.STAGE):
            field = part.by_role.get(role)
            if field is None:
                self.problems.add(where, f"No field of part case has the role {role}.")
            elif self._is_own(part.name, field.name) and not (field.required and field.exact):
                place = self._place(part.name, field.name, self.document)
                self.problems.add(place, f"'{field.name}' has the role {role}.", "It must be required and exact.")
        added = added_of(self.upgrade)
        if self.base is not None:
            own = {name for inside, name in self.places if inside is PartName.CASE}
            for name in sorted(own ^ added):
                says = f"'{name}' is in only one of contract.yaml and the added fields of upgrade.yaml."
                self.problems.add(self._place(part.name, name, self.document), says, "Declare it in both.")

    def _used_lists(self, parts: Mapping[PartName, Part], sets: Mapping[str, NamedSet]) -> dict[str, CodeList]:
        names = {field.list.name for part in parts.values() for field in part.fields if field.list is not None}
        names |= {item.list for item in sets.values()}
        if self.base is not None:
            left = {item.old.name for item in self.steps.relisted.values()}
            names |= self.base.lists.keys() - left
        for item in self.document.texts("lists"):
            if item.value not in self.lists:
                self.problems.add(item.place, f"There is no code list '{item.value}'.", closest(item.value, self.lists))
            names.add(item.value)
        return {name: self.lists[name] for name in sorted(names) if name in self.lists}

    def _hash(self, used: Mapping[str, CodeList]) -> str:
        whole = hashlib.sha256()
        if self.base is not None:
            whole.update(f"extends {self.base.hash}\n".encode())
        for path in sorted(path for path in self.folder.glob("*.yaml") if path.is_file()):
            whole.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
        for name, list_ in used.items():
            whole.update(f"{name} {list_.hash}\n".encode())
        return whole.hexdigest()


def _named_set(name: str, title: str, list_: CodeList, wanted: Mapping[str, str], depends: str | None) -> NamedSet:
    members, left_out = [], []
    for code in list_.codes:
        has = [(code.columns.get(column, ""), value) for column, value in wanted.items()]
        if all(own == value for own, value in has):
            members.append(code.code)
        elif depends is not None and all(own in (value, depends) for own, value in has):
            left_out.append(code.code)
    return NamedSet(name, list_.name, tuple(members), tuple(left_out), title)


def _borrows(name: PartName, base: Part | None) -> bool:
    """Whether a part has its dimensions from part case, as it had in the version before."""
    return name is not PartName.CASE and base is not None and any(field.dimension for field in base.fields)


def _dimensions(cases: Sequence[Field]) -> list[Field]:
    """The fields of part case that may break down a cell: none of them must be filled."""
    return [replace(field, required=False) for field in cases if field.dimension]
