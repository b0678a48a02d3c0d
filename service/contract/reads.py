"""What conditions read of a contract version, as one digest: what pins the judging of an edition (semantics 12).

It changes when a field's type or codes, a named set, a derivation or a former name changes that the conditions rest on,
and not when the contract changes elsewhere: a draft version may grow under an edition that is already proposed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from service.contract.library import Library
from service.contract.model import Field, PartName
from service.contract.upgrade import former_names
from service.criteria.tree import Criterion, fields_of, sets_of

EVALUATOR = "1"
"""The version of the meaning of conditions. A change of it is a new meaning for every edition, so it never happens
without new editions."""


def fields_read(library: Library, version: str, criteria: Iterable[Criterion]) -> tuple[Field, ...]:
    """The fields that some conditions read, with those that derivations read for them; sorted by name."""
    known = library.contracts[version].parts[PartName.CASE].by_name
    found: dict[str, Field] = {}
    waiting = [name for criterion in criteria for name in fields_of(criterion)]
    while waiting:
        field = known[waiting.pop()]
        if field.name not in found:
            found[field.name] = field
            waiting += [name for item in field.derive for name in fields_of(item.criterion)]
    return tuple(found[name] for name in sorted(found))


def reads_digest(library: Library, version: str, criteria: Iterable[Criterion]) -> str:
    """SHA-256 in hex over everything that judging by these conditions reads of a version."""
    criteria = tuple(criteria)
    contract = library.contracts[version]
    lines = [f"evaluator {EVALUATOR}", f"vocabulary {version}"]
    sets = {name for criterion in criteria for name in sets_of(criterion)}
    for field in fields_read(library, version, criteria):
        known = contract.vocabulary.fields[field.name]
        lines.append(f"field {known.name} {known.kind} {known.list or ''} {' '.join(known.codes)}")
        lines += [f"derived {field.name} {item.value} {item.when}" for item in field.derive]
        lines += [f"formerly {field.name} {name}" for name in former_names(library, version, field.name)]
        sets |= {name for item in field.derive for name in sets_of(item.criterion)}
    lines += [f"set {name} {' '.join(contract.vocabulary.sets[name].codes)}" for name in sorted(sets)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
