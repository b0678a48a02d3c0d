"""``upgrade.yaml``: how a version differs from the one before, read, and checked against both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from service.contract.carry import Steps
from service.contract.fields import choice
from service.contract.model import (
    Added,
    CodeList,
    Contract,
    Field,
    Recode,
    Relisted,
    Rename,
    Role,
    Rule,
    Severity,
    Tighten,
    Upgrade,
    UpgradeStep,
)
from service.contract.recode import successors
from service.contract.source import Place, Problems, Table, closest
from service.criteria.vocabulary import Kind


def read_upgrade(document: Table, before: Mapping[str, Contract], problems: Problems) -> Upgrade:
    """The steps as they stand. ``before`` are the versions that there are already."""
    name = document.text("before")
    steps: list[UpgradeStep] = []
    for table in document.tables("steps"):
        steps.append(_step(table, problems))
        table.done()
    document.done()
    if name and name not in before:
        place = document.place_of("before")
        problems.add(place, f"There is no earlier version '{name}'.", closest(name, before))
    return Upgrade(before=name, steps=tuple(steps))


def _step(table: Table, problems: Problems) -> UpgradeStep:
    if "renamed" in table:
        return Rename(old=table.text("renamed"), new=table.text("to"))
    if "split" in table:
        field, code = table.text("split"), table.text("code")
        return Recode(field=field, codes={code: tuple(item.value for item in table.texts("into"))})
    if "recoded" in table:
        codes = table.table("codes")
        return Recode(field=table.text("recoded"), codes={code: (codes.text(code),) for code in codes.names()})
    if "tightened" in table:
        severity = choice(table, "to", Severity, Severity.VALIDITY, problems)
        return Tighten(rule=table.text("tightened"), to=severity)
    return Added(new=table.text("added"))


def steps_of(
    upgrade: Upgrade | None,
    before: Contract | None,
    fields: Iterable[Field],
    place: Place,
    problems: Problems,
) -> Steps:
    """The steps of a version whose fields are ``fields``, ready to carry what the version before has."""
    steps = upgrade.steps if upgrade is not None else ()
    renames = renames_of(upgrade)
    tightened = {step.rule: step.to for step in steps if isinstance(step, Tighten)}
    if before is None:
        return Steps(renames=renames, relisted={}, tightened={})
    _check_renames(renames, before, place, problems)
    _check_tightened(tightened, before.rules, place, problems)
    known = {renames.get(field.name, field.name): field for part in before.parts.values() for field in part.fields}
    declared: dict[str, dict[str, tuple[str, ...]]] = {}
    for step in steps:
        if isinstance(step, Recode):
            declared.setdefault(step.field, {}).update(step.codes)
    relisted = {}
    for field in {field.name: field for field in fields}.values():
        old = known.get(field.name)
        said = declared.pop(field.name, {})
        if old is not None and old.list is not None and field.list is not None:
            if old.list.name != field.list.name:
                relisted[field.name] = _relisted(field, old.list, field.list, said, place, problems)
            elif said:
                says = f"upgrade.yaml recodes '{field.name}', whose list is still {field.list.name}."
                problems.add(place, says, "Give the field the new edition of its list, under changed.")
    for name in declared:
        problems.add(place, f"upgrade.yaml recodes '{name}', which has no codes.", closest(name, known))
    return Steps(
        renames=MappingProxyType(renames),
        relisted=MappingProxyType(relisted),
        tightened=MappingProxyType(tightened),
    )


def _relisted(
    field: Field,
    old: CodeList,
    new: CodeList,
    said: Mapping[str, tuple[str, ...]],
    place: Place,
    problems: Problems,
) -> Relisted:
    if _stem(old) != _stem(new):
        says = f"'{field.name}' had the list {old.name}, and {new.name} is no edition of it."
        problems.add(place, says, "Publish another edition of the list, or give the field another name.")
    if field.kind is Kind.CODES:
        says = f"'{field.name}' holds several codes at once, so a change of its list cannot be read forward."
        problems.add(place, says, "Add a field.")
    for code, into in said.items():
        if code not in old.by_code:
            problems.add(place, f"'{code}' is no code of {old.name}.", closest(code, old.by_code))
        for one in into:
            if one not in new.by_code or new.by_code[one].group:
                problems.add(place, f"'{one}' is no code of {new.name}.", closest(one, new.by_code))
        kept = new.by_code.get(code)
        if kept is not None and set(kept.group or (code,)) != set(into):
            says = f"'{code}' is a code of {new.name} too, so it cannot read as {', '.join(into)}."
            problems.add(place, says, "Leave it out of the new list, or let it stand there for exactly those.")
    codes, lost = successors(old, new, said)
    for code in lost:
        says = f"upgrade.yaml does not say what '{code}' of '{field.name}' reads as in {new.name}."
        problems.add(place, says, "Add a step: recoded, or split.")
    known = {code: tuple(one for one in into if one in new.by_code) for code, into in codes.items()}
    return Relisted(old=old, new=new, codes=MappingProxyType(known))


def _stem(codes: CodeList) -> str:
    return codes.name.rpartition("-")[0]


def moved_lists(steps: Steps, before: Contract, place: Place, problems: Problems) -> dict[str, Relisted]:
    """The lists that every field left for another edition, by the old name: sets over them move too."""
    found: dict[str, Relisted] = {}
    for field, item in steps.relisted.items():
        other = found.setdefault(item.old.name, item)
        if (other.new.name, dict(other.codes)) != (item.new.name, dict(item.codes)):
            says = f"'{field}' leaves {item.old.name} in another way than the other fields of that list."
            problems.add(place, says, "Let every field of a list change in the same way.")
    for part in before.parts.values():
        for each in part.fields:
            name = steps.renames.get(each.name, each.name)
            if each.list is not None and each.list.name in found and name not in steps.relisted:
                says = f"'{name}' keeps {each.list.name}, and other fields leave it."
                problems.add(place, says, "Change all of them.")
    return found


def renames_of(upgrade: Upgrade | None) -> dict[str, str]:
    """The new names that a version gives, by the old ones."""
    return {step.old: step.new for step in (upgrade.steps if upgrade else ()) if isinstance(step, Rename)}


def added_of(upgrade: Upgrade | None) -> set[str]:
    """The fields that a version adds."""
    return {step.new for step in (upgrade.steps if upgrade else ()) if isinstance(step, Added)}


def _check_renames(renames: Mapping[str, str], before: Contract, place: Place, problems: Problems) -> None:
    known = {field.name for part in before.parts.values() for field in part.fields}
    keys = {field.name for part in before.parts.values() for role, field in part.by_role.items() if role is Role.KEY}
    for old in keys & renames.keys():
        says = f"'{old}' is the key by which a case is found again, and it keeps its name."
        problems.add(place, says, "Give it another label.")
    for old in renames:
        if old not in known:
            says = f"upgrade.yaml renames '{old}', which {before.version} does not have."
            problems.add(place, says, closest(old, known))


def _check_tightened(
    tightened: Mapping[str, Severity], rules: Sequence[Rule], place: Place, problems: Problems
) -> None:
    known = {rule.id: rule for rule in rules}
    for name, severity in tightened.items():
        rule = known.get(name)
        if rule is None:
            problems.add(place, f"The version before has no rule '{name}' to tighten.", closest(name, known))
        elif rule.severity.holds or not severity.holds or rule.criterion is None:
            says = f"'{name}' is {rule.severity} and cannot be tightened to {severity}."
            problems.add(place, says, "Only a condition of quality can, and then it holds the row.")
