"""What one scope edition changes in another: rules that came, went, changed and moved. Pure.

Conditions are compared by what they mean. Where the two editions read different contract versions, the rules of the
older vocabulary are read forward first, by the same steps as records (semantics 12): a renamed field is no change.
``difference_words.py`` says it in English.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from service.contract.library import Library
from service.criteria.meaning import meaning
from service.scope.carried import NotCarried, carried_rules
from service.scope.edition import Edition, Rule


class Condition(StrEnum):
    """What became of the condition of a rule that both editions have."""

    SAME = "same"
    RESTATED = "restated"
    """Written otherwise, with the same meaning."""
    CHANGED = "changed"
    NOT_CARRIED = "not_carried"
    """The later vocabulary cannot say the older condition, so the two cannot be compared part by part."""


class ChangedRule(Struct, frozen=True, kw_only=True):
    """A rule of both editions, as each has it. ``title``, ``guidance``: whether that changed.

    ``read_before`` and ``read_after`` are the same two in one vocabulary, the later one of both; ``NotCarried`` where
    it cannot say the rule.
    """

    id: str
    before: Rule
    after: Rule
    title: bool
    guidance: bool
    condition: Condition
    read_before: Rule | NotCarried
    read_after: Rule | NotCarried


class MovedRule(Struct, frozen=True):
    """A rule that stands elsewhere among those that both editions have; the places are those in each, from 1."""

    id: str
    before: int
    after: int


class Difference(Struct, frozen=True, kw_only=True):
    """All that ``after`` changes in ``before``: each rule stands in one of ``added``, ``removed``, ``changed`` and
    ``kept``. ``moved`` names some of those that both have: as few as can be, the others keep their order. Of several
    such choices it is one that leaves the most rules at the very place where they stood.

    ``vocabulary`` is the contract version in which conditions were compared.
    """

    before: Edition
    after: Edition
    vocabulary: str
    title: bool
    added: tuple[Rule, ...]
    removed: tuple[Rule, ...]
    changed: tuple[ChangedRule, ...]
    kept: tuple[str, ...]
    moved: tuple[MovedRule, ...]

    @property
    def reads_otherwise(self) -> bool:
        """Whether the two editions read by different contract versions."""
        return self.before.vocabulary != self.after.vocabulary

    @property
    def is_empty(self) -> bool:
        """Whether the two say the same, whatever they are called."""
        return not (self.title or self.reads_otherwise or self.added or self.removed or self.changed or self.moved)


def difference(before: Edition, after: Edition, library: Library | None = None) -> Difference:
    """What ``after`` changes in ``before``.

    Where they read different contract versions it takes the ``library`` to read the older one forward; without it
    conditions are compared as they are written, and a renamed field looks like a change.
    """
    earlier, later, vocabulary = _in_one_vocabulary(before, after, library)
    old, new = _by_id(before.rules), _by_id(after.rules)
    both = [name for name in new if name in old]
    compared = [_compared(old[name], new[name], earlier[name], later[name]) for name in both]
    changed = tuple(item for item in compared if item.title or item.guidance or item.condition is not Condition.SAME)
    names = {item.id for item in changed}
    return Difference(
        before=before,
        after=after,
        vocabulary=vocabulary,
        title=before.title != after.title,
        added=tuple(rule for rule in after.rules if rule.id not in old),
        removed=tuple(rule for rule in before.rules if rule.id not in new),
        changed=changed,
        kept=tuple(name for name in both if name not in names),
        moved=_moved(before.rule_ids, after.rule_ids),
    )


def _by_id(rules: Sequence[Rule]) -> dict[str, Rule]:
    return {rule.id: rule for rule in rules}


def _in_one_vocabulary(
    before: Edition, after: Edition, library: Library | None
) -> tuple[Mapping[str, Rule | NotCarried], Mapping[str, Rule | NotCarried], str]:
    """The rules of both by their ids, in the later vocabulary of the two."""
    if library is None or before.vocabulary == after.vocabulary:
        return _by_id(before.rules), _by_id(after.rules), after.vocabulary
    versions = list(library.contracts)
    later = max(before.vocabulary, after.vocabulary, key=versions.index)
    earlier_rules, later_rules = (
        dict(zip(edition.rule_ids, carried_rules(library, edition, later), strict=True)) for edition in (before, after)
    )
    return earlier_rules, later_rules, later


def _compared(old: Rule, new: Rule, earlier: Rule | NotCarried, later: Rule | NotCarried) -> ChangedRule:
    return ChangedRule(
        id=new.id,
        before=old,
        after=new,
        title=old.title != new.title,
        guidance=old.guidance != new.guidance,
        condition=_condition(earlier, later),
        read_before=earlier,
        read_after=later,
    )


def _condition(earlier: Rule | NotCarried, later: Rule | NotCarried) -> Condition:
    if isinstance(earlier, NotCarried) or isinstance(later, NotCarried):
        return Condition.NOT_CARRIED
    if earlier.when.split() == later.when.split():
        return Condition.SAME
    same = meaning(earlier.criterion) == meaning(later.criterion)
    return Condition.RESTATED if same else Condition.CHANGED


def _moved(before: Sequence[str], after: Sequence[str]) -> tuple[MovedRule, ...]:
    """The rules of both that have to move so that the order of one becomes that of the other."""
    old = {name: place for place, name in enumerate(before, 1)}
    places = [MovedRule(name, old[name], place) for place, name in enumerate(after, 1) if name in old]
    stays = _in_order(places)
    return tuple(each for each in places if each.id not in stays)


class _Order(Struct, frozen=True):
    """Rules that follow each other in both editions. ``last``: where the last of them stood in the earlier one;
    ``standing``: how many of them stand at the place where they stood."""

    ids: tuple[str, ...] = ()
    last: int = 0
    standing: int = 0

    def then(self, rule: MovedRule) -> _Order:
        return _Order((*self.ids, rule.id), rule.before, self.standing + (rule.before == rule.after))


def _worth(order: _Order) -> tuple[int, int]:
    """As few rules as can be are said to have moved, and then as few as can be from a place to the same place."""
    return len(order.ids), order.standing


def _in_order(places: Sequence[MovedRule]) -> frozenset[str]:
    """The ids of a longest common order, with the most rules at the place where they stood; of several, the one whose
    rules stand latest, from its end on. ``places`` are in the order of the later edition."""
    orders = [_Order()]  # the empty one, then for each rule the best that ends with it
    for rule in places:
        behind = [order for order in reversed(orders) if order.last < rule.before]
        orders.append(max(behind, key=_worth).then(rule))
    return frozenset(max(reversed(orders), key=_worth).ids)
