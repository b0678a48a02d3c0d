"""The columns of contract 2025.1 in the order in which a spreadsheet would have them."""

from __future__ import annotations

GROUPS = ("asian", "black", "mixed", "other", "white", "not_recorded")
"""The parts of a count of people by ethnicity, which add up to the count."""


def _people(whose: str) -> tuple[str, ...]:
    return (*(f"{whose}_{group}" for group in GROUPS), f"{whose}_self_defined")


CASE_FIELDS = (
    "case_ref",
    "former_case_ref",
    "lead_force",
    "shared_with",
    "shared_ref",
    "offence_code",
    "offence_from",
    "offence_to",
    "reported_date",
    "setting",
    "victim_count",
    "youngest_victim_age",
    "suspect_count",
    "outcome",
    "nfa_by",
    "nfa_date",
    "stage",
    "stage_date",
    "priority",
    "concern",
    "missed_lines",
    "new_lines",
    "risk",
    "safeguarding_referral_date",
    "justice_opportunity",
    "assessed_date",
    "decision",
    "decided_by",
    "decision_date",
    "victim_contact",
    "suspects_charged",
    "concluded_date",
    "result",
    *_people("suspects"),
    *_people("victims"),
)

AGGREGATE_FIELDS = (
    "nfa_date",
    "setting",
    "stage",
    "offence_code",
    "outcome",
    "nfa_by",
    "suspect_count",
    "victim_count",
    "youngest_victim_age",
    "cases",
)

WORKFORCE_FIELDS = ("team", "phase", "officers_fte", "staff_fte", "vacancies_fte", "specialist_trained")

NUMBERS = frozenset(
    {
        "victim_count",
        "youngest_victim_age",
        "suspect_count",
        "suspects_charged",
        "cases",
        "specialist_trained",
        *_people("suspects"),
        *_people("victims"),
    }
)
"""Fields whose exact values are written as numbers in JSON."""
