"""Text that looks as if it were about a person: no name, address, number or mail of anybody may enter a return.

A reference is pseudonymous or it is refused, with the reason in words. The tests are about the *look* of a text; they
lean towards letting a force's own numbering pass, because a refused reference holds a whole row: a number counts only
where its check digit is right or it is written as people write it.
"""

from __future__ import annotations

import re
from typing import Final

_EMAIL: Final = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_MOBILE: Final = re.compile(r"(?<!\d)07\d{3}[ -]?\d{3}[ -]?\d{3}(?!\d)")
_ABROAD: Final = re.compile(r"(?<!\d)(?:\+|00)44[ -]?(?:\(0\)[ -]?)?\d(?:[ -]?\d){8,9}(?!\d)")
_LANDLINE: Final = re.compile(r"(?<![\w/:.-])\(?0[12389]\d{1,3}\)?(?: ?\d){6,8}(?![\w/:.-])")
_TEN_DIGITS: Final = re.compile(r"(?<!\d)([34679]\d{2})[ -]?(\d{3})[ -]?(\d{4})(?!\d)")
_NATIONAL_INSURANCE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PQR-TW-Z][A-CEGHJ-NPQR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]"
    r"(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_AREAS: Final = """
AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC EH EN EX FK FY G GL GU
GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE NG NN NP NR NW OL OX PA PE
PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW UB W WA WC WD WF WN WR WS WV YO
ZE
"""
_POSTCODE_AREAS: Final = frozenset(_AREAS.split())
_POSTCODE: Final = re.compile(
    r"(?<![A-Za-z0-9/:_.-])([A-Z]{1,2})\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}(?![A-Za-z0-9/:_.-])", re.IGNORECASE
)
_STREET: Final = re.compile(
    r"\b(?:flat|apartment)\s+\d|\d+[a-z]?,?\s+(?:[a-z']+\s+){1,3}"
    r"(?:street|st|road|rd|avenue|ave|lane|ln|close|drive|way|court|crescent|gardens|grove|terrace|place|square|hill|row)\b",
    re.IGNORECASE,
)
_BORN: Final = re.compile(
    r"(?<![\w/.-])(?:0?[1-9]|[12]\d|3[01])([/.-])(?:0?[1-9]|1[0-2])\1(?:19|20)?\d{2}(?![\w/.-])|\b(?:dob|born)\b",
    re.IGNORECASE,
)
_DAY_ALONE: Final = re.compile(r"(?:19|20)\d{2}-\d{2}-\d{2}")
_TITLE: Final = re.compile(r"\b(?:mr|mrs|ms|miss|dr|master|rev)\b\.? +[a-z]", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NAME_OF_TWO: Final = re.compile(r"(?<![^\W_])[A-Z][a-z'’]+(?:[ .,_-]+[A-Z][a-z'’]+)+(?![^\W_])")
_BODIES: Final = """
agency and area audit authority board borough case centre child children church city college commission commissioner
committee constabulary council county crime department diocese file for foundation group hospital independent inquiry
inspectorate institute investigation ltd national not of office op operation panel partnership police project record ref
reference report return review safeguarding school service services society team the trust unit university unknown
"""
_NOT_OF_A_PERSON: Final = frozenset(_BODIES.split())
"""Words that a person's name does not have: a body or an operation may be named."""

ORDINARY: Final = re.compile(r"(?!DOB|BORN)[A-Z]{1,6}[-/:.]?\d{1,4}(?:[-.]\d{1,6}|[/:]\d{1,8})")
LONGEST_ORDINARY: Final = 20
_SUSPICIOUS: Final = re.compile(
    r"[@\s,+]|\d{9}|[A-Za-z]{2}\d{6}|\d{3}-\d{3}|\d[/.-]\d{1,2}[/.-]\d\d|\d[A-Za-z]{2}(?![A-Za-z0-9])"
    r"|[a-z'’][._-]+[A-Z][a-z]|[Dd][Oo][Bb]|[Bb][Oo][Rr][Nn]|^\D+$"
)
"""Cheap looks, for speed alone: the commonest form of a reference, and what every text refused below has somewhere."""


def personal_in(text: str) -> str | None:
    """What a text looks like (``a phone number``), or None where it looks like nothing of a person."""
    if ORDINARY.fullmatch(text) is not None or _SUSPICIOUS.search(text) is None:
        return None
    return look_of(text)


def look_of(text: str) -> str | None:
    """The same without the short cuts."""
    if "@" in text and _EMAIL.search(text):
        return "an e-mail address"
    if _MOBILE.search(text) or _ABROAD.search(text) or _LANDLINE.search(text):
        return "a phone number"
    if any(_is_nhs_number("".join(found)) for found in _TEN_DIGITS.findall(text)):
        return "an NHS number"
    if _NATIONAL_INSURANCE.search(text):
        return "a National Insurance number"
    if _STREET.search(text) or any(area.upper() in _POSTCODE_AREAS for area in _POSTCODE.findall(text)):
        return "an address"
    if _DAY_ALONE.fullmatch(text) or _BORN.search(text):
        return "a date of birth"
    return "a name" if _looks_like_a_name(text) else None


def _is_nhs_number(digits: str) -> bool:
    """Ten digits whose last is the check digit of the others, modulo 11."""
    check = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check == int(digits[9])


def _looks_like_a_name(text: str) -> bool:
    words = _WORD.findall(text)
    if not _NOT_OF_A_PERSON.isdisjoint(word.lower() for word in words):
        return False
    if _TITLE.search(text) or _NAME_OF_TWO.search(text):
        return True
    if any(character.isdigit() for character in text):
        return False
    return len([word for word in words if len(word) > 1]) > 1 and bool(set(text) & set(" ,\u00a0"))
