"""What looks like a person is refused; what is a force's own numbering passes."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.contract.personal import look_of, personal_in


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("j.smith@example.org", "an e-mail address"),
        ("07700 900123", "a phone number"),
        ("07700900123", "a phone number"),
        ("CR-07700900123", "a phone number"),
        ("+44 7700 900123", "a phone number"),
        ("0161 496 0000", "a phone number"),
        ("943 476 5919", "an NHS number"),
        ("9434765919", "an NHS number"),
        ("943-476-5919", "an NHS number"),
        ("QQ123456C", "a National Insurance number"),
        ("AB 12 34 56 C", "a National Insurance number"),
        ("12 High Street", "an address"),
        ("Flat 3, Mill Lane", "an address"),
        ("SW1A 1AA", "an address"),
        ("M1 1AE", "an address"),
        ("12/03/1984", "a date of birth"),
        ("1984-03-12", "a date of birth"),
        ("John Smith", "a name"),
        ("john smith", "a name"),
        ("SMITH, John", "a name"),
        ("John_Smith", "a name"),
        ("Smith John 1984", "a name"),
        ("Mr Smith", "a name"),
        ("Seán O’Brien", "a name"),
    ],
)
def test_text_about_a_person_is_known_by_its_look(text: str, what: str) -> None:
    assert personal_in(text) == what


@pytest.mark.parametrize(
    "text",
    [
        "CR/2014/00123",
        "42KT/00123/14",
        "kent:0412",
        "metropolitan:2014-000123",
        "MPS-2014-0000123",
        "01412-000123",
        "2014/0012345",
        "OLD-4411",
        "19D/0412/14AB",
        "a1b2c3d4e5f60718",
        "Op Hydrant 12",
        "Rotherham Borough Council",
        "0000000012",
        "CSE.12.3",
        "ab-12",
    ],
)
def test_a_reference_of_a_force_passes(text: str) -> None:
    assert personal_in(text) is None


@given(
    st.from_regex(r"\A[A-Z]{1,6}[-/:.]?[0-9]{1,4}(?:[-.][0-9]{1,6}|[/:][0-9]{1,8})\Z")
    | st.text(alphabet="A1b07 -/._@,+", max_size=20)
)
@example("DOB/12/1984")
@example("CR-943-4765919")
def test_the_short_cuts_change_no_answer(text: str) -> None:
    assert personal_in(text) == look_of(text)
