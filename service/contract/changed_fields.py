"""What a version changes in the fields and codes of the one before it, and what its records lose or gain by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from service.contract.change import Change, ChangeKind, Pair, Reading, Subject
from service.contract.model import Field, PartName, Relisted
from service.contract.recode import backward
from service.contract.words import codes_in_words, derived_in_words
from service.criteria.wording import listed


def changed_fields(pair: Pair) -> Iterator[Change]:
    """Added, renamed, told or asked for in another way, gone."""
    former = {new: old for old, new in pair.renames.items()}
    for name, field in pair.fields_now.items():
        before = pair.fields_before.get(former.get(name, name))
        if before is None:
            yield _added_field(pair, field)
        elif name in former:
            yield _renamed_field(pair, field, former[name])
        if before is None:
            continue
        if _words_of(before) != _words_of(field):
            yield _same_field(pair, field, ChangeKind.REWORDED, f"is explained in other words: {field.meaning}")
        other = [words for name_of, words in _ASKED.items() if getattr(before, name_of) != getattr(field, name_of)]
        if other:
            yield _same_field(pair, field, ChangeKind.RESTATED, f"is asked for in another way: {listed(other)}.")
    for old, field in pair.fields_before.items():
        if pair.renames.get(old, old) not in pair.fields_now:
            yield _dropped_field(pair, field)


_ASKED: Mapping[str, str] = MappingProxyType(
    {
        "required": "whether every row must have it",
        "exact": "whether it must be exact",
        "dimension": "whether it may break down a cell",
        "not_applicable": "whether it may say that it does not apply",
        "least": "the least that it may be",
        "greatest": "the most that it may be",
        "pattern": "the form of its text",
        "length": "the longest text",
    }
)
"""What else a version may ask of a field that it states anew."""


def _same_field(pair: Pair, field: Field, kind: ChangeKind, says: str) -> Change:
    return Change(
        id=f"field-{field.name}-{kind}",
        kind=kind,
        subject=Subject.FIELD,
        name=field.name,
        title=field.label,
        parts=pair.parts(field.name),
        says=f"`{field.name}` {says}",
    )


def _dropped_field(pair: Pair, field: Field) -> Change:
    return Change(
        id=f"field-{field.name}-dropped",
        kind=ChangeKind.DROPPED,
        subject=Subject.FIELD,
        name=field.name,
        title=field.label,
        says=f"`{field.name}` is asked for no longer.",
        older=f"{pair.new} has no such field: read by it, what a record of {pair.old} says here is lost.",
        newer=f"A record of {pair.new} does not say it, so it is not known.",
    )


def _words_of(field: Field) -> tuple[str, str]:
    return field.label, field.meaning


def _added_field(pair: Pair, field: Field) -> Change:
    known = pair.now.parts[PartName.CASE].by_name
    derived = derived_in_words(field, pair.now) if field.derive and field.name in known else ()
    older = f"A record of {pair.old} does not say it"
    older += f". {' '.join(derived)} Otherwise it is not known." if derived else ", so it is not known."
    return Change(
        id=f"field-{field.name}-added",
        kind=ChangeKind.DERIVED if derived else ChangeKind.ADDED,
        subject=Subject.FIELD,
        name=field.name,
        title=field.label,
        parts=pair.parts(field.name),
        says=f"`{field.name}` is added: {field.meaning}",
        older=older,
        newer=f"{pair.old} has no such field: read by it, what a record of {pair.new} says here is lost.",
        step=pair.step(field.name),
    )


def _renamed_field(pair: Pair, field: Field, former: str) -> Change:
    return Change(
        id=f"field-{field.name}-renamed",
        kind=ChangeKind.RENAMED,
        subject=Subject.FIELD,
        name=field.name,
        formerly=former,
        title=field.label,
        parts=pair.parts(field.name),
        says=f"`{former}` is called `{field.name}`.",
        older=f"A record of {pair.old} says the same under the new name. Nothing is lost or gained.",
        newer=f"Read by {pair.old}, it stands under the old name. Nothing is lost or gained.",
        step=pair.step(field.name),
    )


def recoded_fields(pair: Pair) -> Iterator[Change]:
    """The fields whose codes changed: a change for each step that declares it, and one for codes that are only new."""
    for name, item in pair.now.relisted.items():
        field = pair.fields_now[name]
        by_step: dict[int | None, list[str]] = {}
        for code, into in item.codes.items():
            if into != (code,):
                by_step.setdefault(pair.step(name, code), []).append(code)
        for place, codes in by_step.items():
            yield _recoded_field(pair, field, item, codes, place)
        reached = {new for into in item.codes.values() for new in into}
        fresh = [
            code.code
            for code in item.new.codes
            if not code.group and code.code not in reached and code.code not in item.old.by_code
        ]
        if fresh:
            shown = codes_in_words(fresh, item.new)
            yield Change(
                id=f"field-{name}-extended",
                kind=ChangeKind.EXTENDED,
                subject=Subject.FIELD,
                name=name,
                title=field.label,
                parts=pair.parts(name),
                says=f"`{name}` may also be {listed(each.title for each in shown)}.",
                older=f"No record of {pair.old} says it.",
                newer=f"{pair.old} cannot say it: read by it, the field is not known.",
                back=tuple(Reading(code=each, reads=()) for each in shown),
            )


def _recoded_field(pair: Pair, field: Field, item: Relisted, codes: list[str], place: int | None) -> Change:
    forward = tuple(
        Reading(code=code, reads=codes_in_words(item.codes[code.code], item.new))
        for code in codes_in_words(codes, item.old)
    )
    targets = tuple(dict.fromkeys(each.code for reading in forward for each in reading.reads))
    back = tuple(_read_back(item, code) for code in targets)
    split = any(len(reading.reads) > 1 for reading in forward)
    merged = any(len(reading.reads) > 1 for reading in back)
    gone = [each.code.code for each in forward if each.code.code not in item.new.by_code]
    if split:
        says = " ".join(
            f"{_quoted(each)} of `{field.name}` is split into {listed(to.code for to in each.reads)}."
            for each in forward
        )
        older = f"A record of {pair.old} says one of these, and not which."
        newer = f"Read by {pair.old}, it is the one code again: which of these is lost."
    else:
        says = f"Codes of `{field.name}` are replaced: {listed([_quoted(each) for each in forward])}."
        older = f"A record of {pair.old} reads as the code that stands for its own. Nothing is gained."
        newer = (
            f"Read by {pair.old}, a code that stands for several is one of these, and not which."
            if merged
            else f"Read by {pair.old}, it is the code that it stands for."
        )
        older += " Codes that read as the same one are told apart no more." if merged else ""
    return Change(
        id=f"field-{field.name}-{'split' if split else 'recoded'}-{codes[0]}",
        kind=ChangeKind.SPLIT if split else ChangeKind.RECODED,
        subject=Subject.FIELD,
        name=field.name,
        title=field.label,
        parts=pair.parts(field.name),
        says=says + ("" if not gone or split else f" In {pair.new} a return no longer says the old ones."),
        older=older,
        newer=newer,
        forward=forward,
        back=back,
        step=place,
    )


def _read_back(item: Relisted, code: str) -> Reading:
    mask = backward(item, 1 << item.new.by_code[code].ordinal)
    (shown,) = codes_in_words((code,), item.new)
    return Reading(code=shown, reads=codes_in_words(item.old.codes_of(mask), item.old))


def _quoted(reading: Reading) -> str:
    return f"`{reading.code.code}` ({reading.code.title})"
