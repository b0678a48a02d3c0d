"""Code lists: one CSV file an edition, with two lines of comment that give its title and its source.

Columns: ``code,title,ordinal`` and whatever else says something about a code (``child``, ``region``): named sets and
breakdowns are made from those. ``members`` is special: the codes, with ``|`` between them, that a code stands for.
"""

from __future__ import annotations

import csv
import hashlib
import re

from service.contract.model import Code, CodeList
from service.contract.source import Place, Problems, closest

MOST_ORDINAL = 62
"""A set of codes is one signed 64-bit mask, so the last bit is 62."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_HEAD = ("code", "title", "ordinal")


def read_codes(content: str, name: str, file: str, problems: Problems) -> CodeList:
    """The list in one file; what is wrong with it is added to ``problems`` and left out."""
    lines = content.splitlines()
    notes: dict[str, str] = {}
    while lines and lines[0].startswith("#"):
        key, _, words = lines.pop(0)[1:].partition(":")
        notes[key.strip()] = words.strip()
    for key in ("title", "source"):
        if not notes.get(key):
            problems.add(Place(file, 1), f"The list does not say its {key}.", f"Begin the file with: # {key}: ...")
    codes = _read_rows(lines, len(notes), file, problems)
    _check_members(codes, file, problems)
    return CodeList(
        name=name,
        title=notes.get("title", name),
        source=notes.get("source", ""),
        codes=tuple(sorted(codes, key=lambda code: code.ordinal)),
        hash=hashlib.sha256(content.encode()).hexdigest(),
    )


def _read_rows(lines: list[str], before: int, file: str, problems: Problems) -> list[Code]:
    rows = csv.reader(lines, strict=True)
    head = next(rows, [])
    if tuple(head[:3]) != _HEAD:
        problems.add(Place(file, before + 1), "The first columns are not code,title,ordinal.")
        return []
    found: dict[str, Code] = {}
    taken: dict[int, str] = {}
    for row in rows:
        place = Place(file, before + rows.line_num)
        if len(row) != len(head):
            problems.add(place, f"The row has {len(row)} cells and the heading {len(head)}.")
            continue
        code, title, ordinal = row[:3]
        if not _CODE.fullmatch(code):
            problems.add(place, f"'{code}' cannot be a code.", "Use letters, digits, '_', '-' and '.'.")
        elif code in found:
            problems.add(place, f"The code '{code}' stands here twice.")
        elif not ordinal.isascii() or not ordinal.isdigit() or int(ordinal) > MOST_ORDINAL:
            problems.add(place, f"The ordinal of '{code}' is '{ordinal}'.", f"Write a number from 0 to {MOST_ORDINAL}.")
        elif int(ordinal) in taken:
            says = f"The ordinal {ordinal} of '{code}' is that of '{taken[int(ordinal)]}'."
            problems.add(place, says, "Give each code an ordinal of its own that no code ever had.")
        else:
            more = dict(zip(head[3:], row[3:], strict=True))
            group = tuple(filter(None, more.pop("members", "").split("|")))
            found[code] = Code(code=code, title=title, ordinal=int(ordinal), columns=more, group=group)
            taken[int(ordinal)] = code
    return list(found.values())


def _check_members(codes: list[Code], file: str, problems: Problems) -> None:
    known = {code.code for code in codes}
    for code in codes:
        for member in code.group:
            if member not in known:
                says = f"'{code.code}' stands for '{member}', which is not a code of this list."
                problems.add(Place(file, 1), says, closest(member, known))


def check_editions(lists: dict[str, CodeList], file_of: dict[str, str], problems: Problems) -> None:
    """Between editions of one list (``settings-2025``, ``settings-2026``) an ordinal keeps its code for ever."""
    first: dict[tuple[str, int], tuple[str, str]] = {}
    for name in sorted(lists):
        stem = name.rpartition("-")[0]
        for code in lists[name].codes:
            earlier, edition = first.setdefault((stem, code.ordinal), (code.code, name))
            if earlier != code.code:
                says = f"The ordinal {code.ordinal} of '{code.code}' belongs to '{earlier}' in {edition}."
                problems.add(Place(file_of[name], 1), says, "Take an ordinal that no edition has used.")
