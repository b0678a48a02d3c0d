"""How the codes of one version read as codes of the next: split, recoded, or the same. Pure.

A code reads as one code or as *one of several*; a set of possible codes reads as the union of what each may be. An
ordinal keeps its code through all editions of a list, so what a bit reads as never depends on who wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping

from service.contract.model import CodeList, Relisted

Codes = Mapping[str, tuple[str, ...]]
"""For each code of a list, the codes of another that it may be."""


class CannotCarry(Exception):
    """Some codes cannot be said exactly in another edition of the list; ``code`` is one that reads as both inside and
    outside of them."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def successors(old: CodeList, new: CodeList, declared: Codes) -> tuple[Codes, tuple[str, ...]]:
    """What each old code reads as, and the old codes of which nothing says it. One that stands for several others is
    read by those."""
    found, lost = {}, []
    for code, item in old.by_code.items():
        if item.group:
            continue
        if code in declared:
            found[code] = declared[code]
        elif code in new.by_code and not new.by_code[code].group:
            found[code] = (code,)
        else:
            lost.append(code)
    return found, tuple(lost)


def carried_codes(relisted: Relisted, codes: tuple[str, ...]) -> tuple[str, ...]:
    """The codes of the new list that mean the same as some of the old one. Raises ``CannotCarry`` where there are no
    such: a new code may be both one of them and none of them."""
    meant = {one for code in codes for one in relisted.old.by_code[code].group or (code,)}
    inside = {new for code in meant for new in relisted.codes[code]}
    outside = {new for code, found in relisted.codes.items() if code not in meant for new in found}
    both = sorted(inside & outside)
    if both:
        raise CannotCarry(both[0])
    return tuple(code for code in relisted.new.by_code if code in inside)


def forward(relisted: Relisted, mask: int) -> int:
    """The bits that a bit of the old list reads as in the new one."""
    return _union(relisted.old, relisted.new, relisted.codes, mask)


def backward(relisted: Relisted, mask: int) -> int:
    """The bits of the old list that a bit of the new one may have been; zero where the old one could not say it."""
    came_from: dict[str, tuple[str, ...]] = {}
    for old, found in relisted.codes.items():
        for new in found:
            came_from[new] = (*came_from.get(new, ()), old)
    return _union(relisted.new, relisted.old, came_from, mask)


def _union(source: CodeList, target: CodeList, codes: Codes, mask: int) -> int:
    found = 0
    for item in source.codes:
        if mask >> item.ordinal & 1:
            found |= target.mask_of(codes.get(item.code, ()))
    return found
