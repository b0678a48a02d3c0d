"""Which media type is answered in, and that no cell of a CSV is taken for a formula."""

from __future__ import annotations

import pytest

from service.api.negotiation import negotiated
from service.contract.sheet import harmless
from service.errors import NotAcceptable

OFFERED = ("application/json", "text/csv")


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("Text/CSV; charset=utf-8", "text/csv"),
        ("text/*", "text/csv"),
        ("application/json;q=0.5, text/csv;q=0.6", "text/csv"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv;q=0, text/*", None),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"),
        ("application/json;q=many, text/csv;q=0.1", "text/csv"),
        ("application/xml", None),
        ("nonsense", None),
        ("text/csv;q=nan", None),
    ],
)
def test_accept_decides_the_media_type_and_refusals_are_kept(accept: str | None, answered: str | None) -> None:
    if answered is None:
        with pytest.raises(NotAcceptable, match="text/csv"):
            negotiated(accept, OFFERED)
    else:
        assert negotiated(accept, OFFERED) == answered


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1"])
def test_no_text_in_a_csv_is_taken_for_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_numbers_stay_numbers_and_nothing_stays_nothing() -> None:
    assert [harmless(value) for value in (0, -3, None, "Kent - Police", True)] == [0, -3, None, "Kent - Police", "true"]
