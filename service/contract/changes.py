"""What a version changes in the one before it, as a changelog made from the two versions alone.

Every change says in a plain sentence what it is, what a record of the version before says in this one, and what a
record of this one says in the version before: what is gained, and what is lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from service.contract.change import Change, ChangeKind, Changes, Pair, Subject
from service.contract.changed_fields import changed_fields, recoded_fields
from service.contract.changed_rules import changed_lists, changed_measures, changed_rules, changed_sets
from service.contract.library import Library
from service.criteria.wording import listed

_FINDERS = (changed_fields, recoded_fields, changed_lists, changed_sets, changed_rules, changed_measures)
_WORDS = (ChangeKind.REWORDED, ChangeKind.CARRIED)

PROMISE = (
    "Publishing a version changes no return that is sealed, and moves no number: each scope edition reads by the "
    "version that it names."
)


def changes_of(library: Library, version: str) -> Changes:
    """What a version of the library changes."""
    contract = library.contracts[version]
    if contract.upgrade is None or contract.upgrade.before not in library.contracts:
        return Changes(
            version=version, before=None, says=f"{version} is the first version: there is none before it.", changes=()
        )
    pair = Pair(library.contracts[contract.upgrade.before], contract)
    found = tuple(change for find in _FINDERS for change in find(pair))
    return Changes(version=version, before=pair.before.version, says=_summary(pair, found), changes=found)


def _summary(pair: Pair, found: Iterable[Change]) -> str:
    """How much changes; what only reads in other words is counted apart, as nobody has to do anything for it."""
    real = Counter(change.subject for change in found if change.kind not in _WORDS)
    words = sum(change.kind in _WORDS for change in found)
    pieces = [_number(real[subject], subject.value) for subject in Subject if subject in real]
    says = f"{pair.new} changes {listed(pieces) if pieces else 'nothing'} of {pair.old}"
    if words:
        says += f", and says {_number(words, 'thing')} in other words"
    return f"{says}. {PROMISE}"


def _number(count: int, of: str) -> str:
    return f"{count} {of}" if count == 1 else f"{count} {of}s"
