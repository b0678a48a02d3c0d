"""Rule notices in words: what one would mean before it is proposed or confirmed, and where one stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from service.contract.model import Contract, Rule
from service.contract.notices import OFF, Adopted, Notice, is_replaced, replaced
from service.notices.store import AnyNotice, InForce, Rejected
from service.pages.force.words import SEVERITY, counted, rule_title
from service.pages.rules.adopter import other_body
from service.pages.site import day
from service.picture.disputes import DisputedRule

TREATED: Final = {OFF: "Not asked", **{severity.value: words for severity, words in SEVERITY.items()}}
EFFECT: Final = {
    OFF: "is not asked: it finds nothing, holds no row and wants no answer",
    "validity": "holds a row in which it finds something, until that is corrected or set aside",
    "quality": "wants what it finds in a row mended, or said in words to be right, before the return is sealed",
    "macro": "wants what it finds about the whole return answered in words before the return is sealed",
}
"""What a rule does, by how it is treated: goes on from *it*, or from the rule's name."""


def rule_of(
    contracts: Mapping[str, Contract], versions: Sequence[str] | Mapping[str, Contract], rule: str
) -> Rule | None:
    """The rule in the newest of some versions that has it."""
    found = [contracts[version].rule[rule] for version in versions if rule in contracts[version].rule]
    return found[-1] if found else None


def title_of(rule: Rule | None) -> str:
    """The rule's sentence without the values of a row."""
    return "" if rule is None else rule_title(rule)


def standing(item: AnyNotice, adopted: Sequence[Adopted], today: date) -> tuple[str, str]:
    """What the notice does today, in a word, and the colour of it."""
    if isinstance(item, Rejected):
        return "Rejected", "grey"
    if not isinstance(item, InForce):
        return "Proposed", "yellow"
    if today < item.notice.start:
        return "Adopted", "blue"
    if is_replaced(item.notice, adopted, today):
        return "Replaced", "grey"
    return ("In force", "green") if item.notice.holds_on(today) else ("Ended", "grey")


def replacements(item: AnyNotice, adopted: Sequence[Adopted], today: date) -> Sequence[tuple[str, str]]:
    """Which other notices stand in its place today: the id of each, and since when, in words."""
    if not isinstance(item, InForce):
        return ()
    versions = item.notice.contracts
    return [
        (
            each.by,
            f"since {day(each.since)}" + ("" if each.contracts == versions else f", in {', '.join(each.contracts)}"),
        )
        for each in replaced(item.notice, adopted, today)
    ]


def meaning(
    notice: Notice, contracts: Mapping[str, Contract], in_force: Iterable[Notice], today: date
) -> Sequence[str]:
    """What a notice would mean if it were adopted today, in sentences."""
    rule = rule_of(contracts, notice.contracts, notice.rule)
    days = f"From {day(notice.start)} " + ("on" if notice.until is None else f"to {day(notice.until)}")
    versions = " and ".join(notice.contracts)
    title = title_of(rule)
    said = [f"{days}, in returns in {versions}, rule {notice.rule} ({title}) {EFFECT[notice.severity]}."]
    if rule is not None and rule.severity == notice.severity:
        said.append("That is as it was published.")
    said += _beside(notice, in_force)
    if notice.start <= today:
        said.append("Its first day is not to come, so it holds from the moment at which it is confirmed.")
    said.append(
        f"It comes into force only when the {other_body(notice.issued_by)} confirms it. "
        "A return that is sealed is never asked again."
    )
    return said


def _beside(notice: Notice, in_force: Iterable[Notice]) -> Iterator[str]:
    """Which other notices of the rule it takes the place of, or gives place to."""
    for other in in_force:
        is_apart = (other.until is not None and other.until < notice.start) or (
            notice.until is not None and notice.until < other.start
        )
        if other.rule != notice.rule or is_apart or not set(other.contracts) & set(notice.contracts):
            continue
        if other.start <= notice.start:
            yield f"From then on it takes the place of notice {other.id}."
        else:
            yield f"On {day(other.start)} notice {other.id} takes its place."


def how_often(rule: str, found: Iterable[DisputedRule]) -> str:
    """How often forces say that findings of a rule are wrong."""
    told = [
        f"{counted(each.disputes, 'time', 'times')} in {each.contract_version} "
        f"({counted(each.forces, 'force', 'forces')})"
        for each in found
        if each.rule == rule
    ]
    if not told:
        return "No force has said that a finding of this rule is wrong."
    return f"Forces have said that a finding of this rule is wrong: {', '.join(told)}."
