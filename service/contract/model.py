"""What a case-return contract is made of: parts, fields, code lists, rules. Frozen, pure, made from data.

The structs carry what ``contracts/`` publishes, already checked; nothing here reads a file. Code elsewhere finds a
field by its *role*, never by its name, so that another standard can be loaded as data alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType

import msgspec
from msgspec import Struct

from service.contract.measures import Counts
from service.contract.newer import Newer
from service.criteria.tree import Criterion
from service.criteria.vocabulary import FieldType, Kind, Vocabulary
from service.criteria.wording import Titles, titles
from service.errors import NotFound


class Role(StrEnum):
    """What a field is *for*: the only way in which code may single out a field."""

    KEY = "key"
    FORMER_KEY = "former_key"
    STAGE = "stage"
    YEAR = "year"
    SETTING = "setting"
    SHARED_REF = "shared_ref"
    SHARED_WITH = "shared_with"
    LEAD = "lead"
    WEIGHT = "weight"


class Severity(StrEnum):
    """How much a finding weighs: the first two hold the row, the others must be confirmed or explained."""

    SYNTACTICAL = "syntactical"
    VALIDITY = "validity"
    QUALITY = "quality"
    MACRO = "macro"

    @property
    def holds(self) -> bool:
        """Whether a row with such a finding is held instead of accepted."""
        return self in (Severity.SYNTACTICAL, Severity.VALIDITY)


class PartName(StrEnum):
    """The parts of a return, in the order in which findings are listed; ``return`` is the whole of it."""

    CASE = "case"
    AGGREGATE = "aggregate"
    WORKFORCE = "workforce"
    RETURN = "return"


class Code(Struct, frozen=True, kw_only=True):
    """One code: ``ordinal`` is its bit in stored masks, from 0, at most 62, never reused for another meaning."""

    code: str
    title: str
    ordinal: int
    columns: Mapping[str, str]
    group: tuple[str, ...] = ()
    """Member codes, where this code stands for exactly that set of others (semantics 31)."""


class CodeList(Struct, frozen=True, kw_only=True, dict=True):
    """One edition of a list (``settings-2025``), with where it comes from. Its codes are in ordinal order."""

    name: str
    title: str
    source: str
    codes: tuple[Code, ...]
    hash: str

    @cached_property
    def by_code(self) -> Mapping[str, Code]:
        return MappingProxyType({item.code: item for item in self.codes})

    @cached_property
    def by_ordinal(self) -> Mapping[int, Code]:
        return MappingProxyType({item.ordinal: item for item in self.codes})

    @cached_property
    def groups(self) -> Mapping[int, str]:
        """The codes that stand for several others, by the bit mask of those."""
        return MappingProxyType({self.mask_of((item.code,)): item.code for item in self.codes if item.group})

    def mask_of(self, codes: frozenset[str] | set[str] | tuple[str, ...]) -> int:
        """The bit mask of some codes; one that stands for several others has their bits and none of its own. A code
        that is not in the list is a ``KeyError``."""
        mask = 0
        for code in codes:
            for member in self.by_code[code].group or (code,):
                mask |= 1 << self.by_code[member].ordinal
        return mask

    def codes_of(self, mask: int) -> tuple[str, ...]:
        """The codes of a bit mask, in the list's order; where they are exactly those that one code stands for, that."""
        if mask in self.groups:
            return (self.groups[mask],)
        return tuple(item.code for item in self.codes if mask >> item.ordinal & 1)


class Derivation(Struct, frozen=True, kw_only=True):
    """``value`` (a code) follows where ``criterion`` is true and the force itself said nothing (semantics 8)."""

    value: str
    when: str
    criterion: Criterion


class Field(Struct, frozen=True, kw_only=True):
    """One field of one part. ``ordinal`` is its place in the part, never reused."""

    name: str
    ordinal: int
    kind: Kind
    label: str
    meaning: str
    example: str = ""
    list: CodeList | None = None
    role: Role | None = None
    required: bool = False
    exact: bool = False
    """No range and no set of possible codes: the value must be exactly known."""
    dimension: bool = False
    """May break down an aggregate cell."""
    not_applicable: bool = False
    """May say *not applicable*."""
    least: int | date | None = None
    greatest: int | date | None = None
    pattern: str | None = None
    """A regular expression that the whole text must match (references)."""
    length: int = 64
    """The longest text taken, in characters."""
    identifier: bool = False
    """Text of a public scheme, of which the pattern says all that it can be: not looked at for being about a person."""
    derive: tuple[Derivation, ...] = ()
    since: str = ""
    """The contract version that brought the field."""


class Sum(Struct, frozen=True, kw_only=True):
    """Numbers (``parts``) that are to add up to another (``total``)."""

    total: str
    parts: tuple[str, ...]


class RowMeasure(Struct, frozen=True, kw_only=True):
    """What can be said of a case only beside others: what it was in the sealed return on which this one builds
    (``previous``: the field), or how many other cases of the return have the same exact values (``alike``: the fields).

    ``column`` is its value as a field of its own, under a name that SQL takes; its label and meaning are the measure's.
    """

    name: str
    column: Field
    previous: str | None = None
    alike: tuple[str, ...] = ()


class Part(Struct, frozen=True, kw_only=True, dict=True):
    """One part of a return: one row a case, a cell, or a team and phase."""

    name: PartName
    title: str
    row_is: str
    fields: tuple[Field, ...]
    vocabulary: Vocabulary
    """What the rules of this part may speak of: its own fields, and the contract's named sets."""
    sums: tuple[Sum, ...] = ()
    row_measures: tuple[RowMeasure, ...] = ()
    """What rules of this part may speak of besides its fields; scopes may not."""

    @cached_property
    def shown(self) -> Mapping[str, Field]:
        """Whatever a rule may speak of, by its name there."""
        return MappingProxyType({**self.by_name, **{item.name: item.column for item in self.row_measures}})

    @cached_property
    def rule_vocabulary(self) -> Vocabulary:
        """The vocabulary of the part's rules."""
        kinds = dict(self.vocabulary.fields)
        for item in self.row_measures:
            kinds[item.name] = msgspec.structs.replace(_type_of(item, kinds), name=item.name)
        return Vocabulary(self.vocabulary.name, MappingProxyType(kinds), self.vocabulary.sets)

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        return MappingProxyType({field.name: field for field in self.fields})

    @cached_property
    def by_role(self) -> Mapping[Role, Field]:
        return MappingProxyType({field.role: field for field in self.fields if field.role is not None})


def _type_of(item: RowMeasure, fields: Mapping[str, FieldType]) -> FieldType:
    return FieldType(item.name, Kind.NUMBER) if item.previous is None else fields[item.previous]


class Measure(Struct, frozen=True, kw_only=True):
    """A number about the whole return that macro rules may speak of: one that the service knows by its name, or one
    that ``counts`` something over a ``field`` of the case part, unknown where fewer than ``at_least`` cases say it."""

    name: str
    title: str
    meaning: str
    kind: Kind = Kind.NUMBER
    counts: Counts | None = None
    field: str = ""
    at_least: int = 1


class Rule(Struct, frozen=True, kw_only=True):
    """One validation rule: it fires where its condition is *true*; unknown is no finding (semantics 13).

    Exactly one of ``criterion`` (a condition of the contract's language) and ``check`` (something that only the act of
    reading can find, named in ``service/contract/values.py``) is set.
    """

    id: str
    parts: tuple[PartName, ...]
    """Where it holds: the same words and the same id in each."""
    severity: Severity
    says: str
    fix: str
    guidance: str = ""
    when: str | None = None
    criterion: Criterion | None = None
    check: str | None = None
    fields: tuple[str, ...] = ()
    """The fields (or measures) to show with the finding; the first is the one it points at.

    ``says`` and ``fix`` may hold ``{name}`` for the value of one of them. A ``check`` has no fields of its own: it
    points at the field that it finds, with ``{label}``, ``{value}`` and ``{allowed}`` for that field's label, the words
    sent, and what is allowed there.
    """
    compares: bool = False
    """Whether it speaks of a row measure: it is asked of the draft as it stands, and not of a row by itself."""
    since: str = ""
    until: date | None = None
    """The last day on which it is asked; none: still."""
    notice: str | None = None
    """The rule notice that gave it this severity, where one did (``notices.py``)."""
    published: Severity | None = None
    """The severity for which its words were written, where a notice gave it another."""


class Deviation(Struct, frozen=True):
    """How one rule is treated otherwise than its contract version says: another severity, or (None) not asked at all.
    ``notice`` is the rule notice that says so; none: the rule's own last day has passed."""

    severity: Severity | None
    notice: str | None


class Rename(Struct, frozen=True, kw_only=True, tag="renamed"):
    """``old`` of the version before reads as ``new``."""

    old: str
    new: str


class Added(Struct, frozen=True, kw_only=True, tag="added"):
    """A field that the version before could not say: unknown in its records, unless its field derives it."""

    new: str


class Recode(Struct, frozen=True, kw_only=True, tag="recoded"):
    """Codes of ``field`` (its name in this version) that read as others: ``codes`` gives for each old one the new ones
    that it may be. Several mean that the old one did not say which."""

    field: str
    codes: Mapping[str, tuple[str, ...]]


class Tighten(Struct, frozen=True, kw_only=True, tag="tightened"):
    """A rule of the version before that weighs more from this version on: ``to`` holds the row."""

    rule: str
    to: Severity


UpgradeStep = Rename | Added | Recode | Tighten


class Upgrade(Struct, frozen=True, kw_only=True):
    """How a record (and a condition) of the version ``before`` reads as one of this version."""

    before: str
    steps: tuple[UpgradeStep, ...]


def deviations_text(deviations: Mapping[str, Deviation]) -> str:
    """Deviations as canonical JSON: equal ones are the same text."""
    shown = {rule: (each.severity, each.notice) for rule, each in deviations.items()}
    return msgspec.json.encode(shown, order="sorted").decode()


def deviations_of(text: str) -> dict[str, Deviation]:
    """The same, read again."""
    shown = msgspec.json.decode(text, type=dict[str, tuple[Severity | None, str | None]])
    return {rule: Deviation(severity, notice) for rule, (severity, notice) in shown.items()}


class Relisted(Struct, frozen=True, kw_only=True):
    """A field's list in the version before and now, and the new codes that each old one may be."""

    old: CodeList
    new: CodeList
    codes: Mapping[str, tuple[str, ...]]


class Contract(Struct, frozen=True, kw_only=True, dict=True):
    """One version of the case-return contract. ``hash`` is over the files of its folder and the code lists it names."""

    version: str
    state: str
    """``draft``, ``published``, ``deprecated`` or ``retired``."""
    title: str
    parts: Mapping[PartName, Part]
    lists: Mapping[str, CodeList]
    vocabulary: Vocabulary
    """The case part's fields and the named sets: what scopes, case rules and aggregate cells are judged by."""
    measures: tuple[Measure, ...]
    """Numbers about the whole return: what the rules of part ``return`` speak of."""
    rules: tuple[Rule, ...]
    upgrade: Upgrade | None
    hash: str
    relisted: Mapping[str, Relisted] = MappingProxyType({})
    """Fields whose code list is another edition than in the version before, with what each old code reads as."""
    deviations: Mapping[str, Deviation] = {}
    """By rule: what notices changed. ``rules`` are then those that are asked, with the severity that they have now."""
    newer: Newer = Newer()
    """What the published versions after this one call things, for a file that is written by them."""

    @cached_property
    def judging(self) -> str:
        """Stands for the rules as they are asked: the same text, the same rules."""
        return f"{self.hash} {deviations_text(self.deviations)}"

    @cached_property
    def rule(self) -> Mapping[str, Rule]:
        return MappingProxyType({rule.id: rule for rule in self.rules})

    @cached_property
    def check(self) -> Mapping[tuple[PartName, str], Rule]:
        """The rule that stands for a reading check in a part."""
        return MappingProxyType(
            {(part, rule.check): rule for rule in self.rules if rule.check is not None for part in rule.parts}
        )

    @cached_property
    def titles(self) -> Mapping[PartName, Titles]:
        """What the conditions of each part call things in words; of part ``return`` the measures."""
        lists = {name: item.title for name, item in self.lists.items()}
        codes = {name: {code.code: code.title for code in item.codes} for name, item in self.lists.items()}
        kinds = {item.name: FieldType(item.name, item.kind) for item in self.measures}
        labels = {item.name: item.title for item in self.measures}
        measures = titles(Vocabulary(self.version, kinds, self.vocabulary.sets), labels, lists, codes)
        found = {PartName.RETURN: measures}
        for name, part in self.parts.items():
            found[name] = measures.of_fields(
                part.rule_vocabulary, {known: field.label for known, field in part.shown.items()}
            )
        return MappingProxyType(found)

    def part(self, name: PartName) -> Part:
        """One of its parts; ``NotFound`` where a standard has no such part."""
        found = self.parts.get(name)
        if found is None:
            says = f"The contract {self.version} has no part {name}."
            raise NotFound(says, f"It has: {', '.join(self.parts)}.")
        return found

    def rules_of(self, part: PartName) -> tuple[Rule, ...]:
        """The rules with a condition that a row of one part (or the whole return) can be asked by itself, in the order
        of the file."""
        return tuple(
            rule for rule in self.rules if part in rule.parts and rule.criterion is not None and not rule.compares
        )

    def comparing(self, part: PartName) -> tuple[Rule, ...]:
        """The rules of one part that are asked of the draft as it stands, beside what was sealed and other rows."""
        return tuple(rule for rule in self.rules if part in rule.parts and rule.compares)
