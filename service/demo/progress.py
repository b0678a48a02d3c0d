"""How the new look at a case moves on: the stages in order, and what each brings with it."""

from __future__ import annotations

from service.demo import odds
from service.demo.facts import Row, day_text
from service.demo.odds import RAPE, STAGES, Draw, pick

_UNTIL_STAGE = {stage: STAGES[: number + 1] for number, stage in enumerate(STAGES)}
_CLOSED_ON_ASSESSMENT = ("identified", "in_assessment", "assessed", "concluded")
_CLOSED_BY_PANEL = ("identified", "in_assessment", "assessed", "referred", "panel_review", "concluded")


def path_to(stage: str, draw: Draw) -> tuple[str, ...]:
    """The stages that a case went through until ``stage``: most conclude without being investigated again."""
    if stage == "concluded":
        chance = draw()
        if chance < 0.6:
            return _CLOSED_ON_ASSESSMENT
        if chance < 0.75:
            return _CLOSED_BY_PANEL
    return _UNTIL_STAGE[stage]


def next_stage(row: Row, draw: Draw) -> str | None:
    """Where a case goes next; None when it is concluded."""
    stage = row["stage"]
    if stage == "concluded":
        return None
    if stage in {"assessed", "panel_review"} and draw() < (0.03 if row["justice_opportunity"] == "yes" else 0.45):
        return "concluded"
    return STAGES[STAGES.index(stage) + 1]


def reach(row: Row, stage: str, since: int, until: int, draw: Draw) -> None:
    """Take a new case through all stages up to ``stage``, on days in order between two day numbers."""
    path = path_to(stage, draw)
    step = (until - since) / len(path)
    for number, each in enumerate(path):
        enter(row, each, since + int(step * (number + draw())), draw)


def enter(row: Row, stage: str, day: int, draw: Draw) -> None:
    """Write into the row what comes with reaching ``stage`` on a day (a day number)."""
    from_panel = row["stage"] == "panel_review"
    row["stage"], row["stage_date"] = stage, day_text(day)
    if stage == "in_assessment":
        _take_up(row, draw)
    elif stage == "assessed":
        _assess(row, day, draw)
    elif stage == "reinvestigation":
        _decide(row, pick(odds.DECISIONS, draw), "nca" if draw() < 0.1 else "panel", day)
        row["victim_contact"] = "agreed" if draw() < 0.97 else "declined"
    elif stage == "concluded":
        _conclude(row, day, "panel" if from_panel else "force", draw)


def _take_up(row: Row, draw: Draw) -> None:
    urgent = row["offence_code"] in RAPE and draw() < 0.96
    row["priority"] = "rape" if urgent else pick(odds.PRIORITIES, draw)
    row["victim_contact"] = pick(odds.CONTACTS, draw)
    row["concern"] = "yes" if draw() < 0.04 else "no"


def _assess(row: Row, day: int, draw: Draw) -> None:
    missed = draw() < 0.31
    new = draw() < 0.17
    row["missed_lines"] = "yes" if missed else "no"
    row["new_lines"] = "yes" if new else "no"
    row["justice_opportunity"] = "yes" if (missed or new) and draw() < 0.6 else "no"
    risk = row["risk"] = pick(odds.RISKS, draw)
    if draw() < (0.93 if risk == "unmanaged" else 0.3 if risk == "managed" else 0.0):
        row["safeguarding_referral_date"] = day_text(day)
    row["assessed_date"] = day_text(day)


def _decide(row: Row, decision: str, by: str, day: int) -> None:
    row["decision"], row["decided_by"], row["decision_date"] = decision, by, day_text(day)


def _conclude(row: Row, day: int, by: str, draw: Draw) -> None:
    row["concluded_date"] = day_text(day)
    row["suspects_charged"] = "0"
    if not row["decision"]:
        _decide(row, "no_further", by, day)
        if draw() < 0.9:
            row["justice_opportunity"] = "no"
        row["result"] = "no_further_investigation"
        return
    result = row["result"] = pick(odds.RESULTS, draw)
    if result == "charged":
        count = row["suspect_count"]
        row["suspects_charged"] = str(1 + int(draw() * int(count))) if count.isdigit() else "1"
