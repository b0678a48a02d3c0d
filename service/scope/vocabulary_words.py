"""What the rules of two editions read otherwise because they read by different contract versions, in English. Pure.

A rule may say the same in both and still judge otherwise: where a named set has other codes, or another value is taken
where the force says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.contract.library import Library
from service.contract.model import Contract, Field, PartName
from service.contract.reads import fields_read
from service.contract.recode import CannotCarry, carried_codes
from service.contract.upgrade import new_names
from service.contract.words import derivations_in_words
from service.criteria.tree import sets_of
from service.criteria.vocabulary import NamedSet
from service.criteria.wording import Titles, quoted, set_title
from service.scope.difference import Difference
from service.scope.edition import Edition
from service.scope.part_words import titled


def vocabulary_in_words(library: Library, found: Difference) -> tuple[str, ...]:
    """What is read otherwise, a sentence each; nothing where both editions read by one version."""
    if not found.reads_otherwise:
        return ()
    before, after = found.before.vocabulary, found.after.vocabulary
    return (
        f"{found.after.name} reads by contract version {after}, and {found.before.name} by {before}.",
        *_renamed(library, found.before, found.after),
        *_sets(library, found),
        *_derived(library, found.before, found.after),
    )


def _read(library: Library, edition: Edition) -> Mapping[str, Field]:
    """What judging by an edition reads, derivations included."""
    return {field.name: field for field in fields_read(library, edition.vocabulary, edition.definition.rules)}


def _both(library: Library, before: Edition, after: Edition) -> Iterator[tuple[Field, Field]]:
    """The fields that the earlier edition reads and the other's version has too, as each has them."""
    names = new_names(library, before.vocabulary, after.vocabulary)
    fields = library.contracts[after.vocabulary].parts[PartName.CASE].by_name
    for name, field in _read(library, before).items():
        other = fields.get(names.get(name, ""))
        if other is not None:
            yield field, other


def _renamed(library: Library, before: Edition, after: Edition) -> Iterator[str]:
    for old, new in _both(library, before, after):
        if old.name != new.name:
            yield f"The field `{old.name}` is called `{new.name}`: another name, and no change of a rule."


def _sets(library: Library, found: Difference) -> Iterator[str]:
    """Codes that entered or left the named sets that both editions use."""
    used = _sets_read(library, found.before), _sets_read(library, found.after)
    for name in used[0]:
        if name not in used[1]:
            continue
        now = library.contracts[found.vocabulary]
        old, new = (_carried(library, sets[name], found.vocabulary) for sets in used)
        title = quoted(set_title(used[1][name][1]))
        if old is None or new is None:
            yield f"Whether the set {title} has the same codes cannot be said: {found.vocabulary} cannot say some."
            continue
        known, of = now.titles[PartName.CASE], now.vocabulary.sets[name].list if name in now.vocabulary.sets else ""
        for words, codes in (("entered", new - old), ("left", old - new)):
            if codes:
                yield f"{titled(_in_order(codes, now, of), of, known)} {words} the set {title}."


def _sets_read(library: Library, edition: Edition) -> dict[str, tuple[str, NamedSet]]:
    """The named sets that an edition reads, through derivations too: by name, with the version that says them."""
    conditions = [
        *edition.definition.rules,
        *(item.criterion for field in _read(library, edition).values() for item in field.derive),
    ]
    sets = library.contracts[edition.vocabulary].vocabulary.sets
    return {name: (edition.vocabulary, sets[name]) for each in conditions for name in sets_of(each)}


def _carried(library: Library, said: tuple[str, NamedSet], version: str) -> frozenset[str] | None:
    """The codes of a set as a version writes them; None where it cannot say exactly those."""
    own, named = said
    versions, codes, of = list(library.contracts), named.codes, named.list
    for later in versions[versions.index(own) + 1 : versions.index(version) + 1]:
        moved = next((item for item in library.contracts[later].relisted.values() if item.old.name == of), None)
        if moved is not None:
            try:
                codes, of = carried_codes(moved, codes), moved.new.name
            except CannotCarry:
                return None
    return frozenset(codes)


def _in_order(codes: frozenset[str], contract: Contract, of: str) -> list[str]:
    known = contract.lists[of].by_code if of in contract.lists else {}
    return [code for code in known if code in codes] or sorted(codes)


def _derived(library: Library, before: Edition, after: Edition) -> Iterator[str]:
    """Fields of which something else is taken where the force says nothing."""
    said = [library.contracts[edition.vocabulary].titles[PartName.CASE] for edition in (before, after)]
    for old, new in _both(library, before, after):
        was, is_now = _taken(old, said[0]), _taken(new, said[1])
        if was == is_now:
            continue
        name = said[1].fields[new.name]
        if not is_now:
            yield f"Nothing is taken for {name} any more where it is not recorded."
        else:
            yield f"What is taken for {name} where it is not recorded is another: {' '.join(is_now)}"


def _taken(field: Field, known: Titles) -> tuple[str, ...]:
    return derivations_in_words(field, known) if field.derive else ()
