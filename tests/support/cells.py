"""Random cells as people write them, for the fields that scopes read: good ones, and ones that cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hypothesis import strategies as st

WRITTEN: Final[Mapping[str, tuple[str, ...]]] = {
    "offence_code": ("19D", "88C", "88E", "19D|88C", "22B", "71", ""),
    "setting": ("organised", "gang", "gang|other", "institutional", ""),
    "victim_count": ("1", "2", "0", "1+", "2-4", "2+", ""),
    "youngest_victim_age": ("13", "17", "18", "10-20", "18+", ""),
    "suspect_count": ("3", "1", "2", "1+", "2+", "1-3", ""),
    "outcome": ("16", "22", "1", "15|16", ""),
    "nfa_by": ("police", "cps", "police|cps", ""),
    "nfa_date": (
        "2014-03",
        "2010",
        "2010-11",
        "2013/2014",
        "2025-10-31",
        "2025-11",
        "../2012",
        "2014/..",
        "1999-12-31",
        "",
    ),
    "stage": ("identified", "assessed", "reinvestigation", "concluded"),
}
"""Values that no rule holds a row for, whatever stands beside them."""

WRONG: Final[Mapping[str, tuple[str, ...]]] = {
    "offence_code": ("19Z", "rape"),
    "setting": ("ganng", "gang;other"),
    "victim_count": ("two", "-1", "1e3", "not_applicable"),
    "youngest_victim_age": ("130", "07"),
    "suspect_count": ("3 or 4", "1000"),
    "outcome": ("99",),
    "nfa_by": ("Police|", "me"),
    "nfa_date": ("31/02/2014", "2014-13", "1066"),
    "stage": ("", "assesed", "assessed|concluded"),
}


def good_rows(*, exact_stage: bool = True) -> st.SearchStrategy[dict[str, str]]:
    """Every field with some good value; ``exact_stage`` False: the stage may be unknown (of a cell)."""
    stages = WRITTEN["stage"] if exact_stage else (*WRITTEN["stage"], "")
    return st.fixed_dictionaries(
        {name: st.sampled_from(stages if name == "stage" else written) for name, written in WRITTEN.items()}
    )


@st.composite
def rows_with_wrong_cells(draw: st.DrawFn) -> dict[str, str]:
    """A good row in which a few cells cannot be taken."""
    row = draw(good_rows())
    for name in draw(st.sets(st.sampled_from(sorted(WRONG)), max_size=3)):
        row[name] = draw(st.sampled_from(WRONG[name]))
    return row
