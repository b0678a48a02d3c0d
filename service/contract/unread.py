"""What a change of a version lets the service read of stored rows: taken away, its effect can be seen. Pure."""

from __future__ import annotations

from types import MappingProxyType

from service.contract.change import Change, ChangeKind, Subject
from service.contract.library import Library
from service.contract.upgrade import EVERYTHING, Unread, former_names, new_names


def unread_without(library: Library, version: str, change: Change, vocabulary: str) -> Unread:
    """What a vocabulary would not read if a version had not made one of its changes; nothing where the change is of
    something else than records, or of a field that the vocabulary does not have."""
    field = new_names(library, version, vocabulary).get(change.name)
    if change.subject is not Subject.FIELD or field is None:
        return EVERYTHING
    match change.kind:
        case ChangeKind.ADDED | ChangeKind.DERIVED:
            return Unread(fields=frozenset([field]))
        case ChangeKind.RENAMED:
            return Unread(names=MappingProxyType({field: frozenset(former_names(library, version, change.name))}))
        case ChangeKind.SPLIT | ChangeKind.RECODED | ChangeKind.EXTENDED:
            relisted = library.contracts[version].relisted[change.name]
            old = change.kind is not ChangeKind.EXTENDED
            of, moved = (relisted.old, change.forward) if old else (relisted.new, change.back)
            ordinals = frozenset(of.by_code[each.code.code].ordinal for each in moved)
            return Unread(codes=MappingProxyType({field: ordinals}))
        case _:
            return EVERYTHING
