"""What happened in one synthetic case and how it ended: the part of a row that does not move with the work.

A case is first made as it truly was, then blurred as old files are: a year for a date, ``2+`` for a count, nothing
for an age. What was blurred is kept beside the row, so that a later return can fill it in.
"""

from __future__ import annotations

from datetime import date

from msgspec import Struct

from service.demo import odds
from service.demo.fields import CASE_FIELDS, GROUPS
from service.demo.odds import Draw, pick

Row = dict[str, str]
"""Text cells by field name, blank for not known."""

_BLANK: Row = dict.fromkeys(CASE_FIELDS, "")
_OUTSIDE_THE_YEARS = 0.012
_WITHOUT_DATE = 0.008
_ONE_SUSPECT = 0.03
_MANY_SUSPECTS = 0.0001
_NO_VICTIM = 0.001
_ADULT = 0.1
_AGE_MISTAKEN = 0.005
_NOT_NFA = 0.02


class Facts(Struct):
    """A row without stage or reference, and what its blurred cells truly are."""

    row: Row
    truth: Row


def day_text(ordinal: int) -> str:
    """A proleptic day number as ``2014-03-07``."""
    return date.fromordinal(ordinal).isoformat()


def facts(draw: Draw, earliest: int, latest: int) -> Facts:
    """One case whose no-further-action date lies (mostly) between two day numbers."""
    made = Facts(row=dict(_BLANK), truth={})
    _offence(made, draw)
    _people(made, draw)
    _dates(made, draw, earliest, latest)
    _ending(made, draw)
    return made


def _blur(made: Facts, field: str, exact: str, blurred: str) -> None:
    made.row[field] = blurred
    made.truth[field] = exact


def _offence(made: Facts, draw: Draw) -> None:
    row = made.row
    offence = row["offence_code"] = pick(odds.OFFENCES, draw)
    row["setting"] = pick(odds.SETTINGS, draw)
    low, high = odds.AGES.get(offence, odds.ANY_CHILD)
    age = low + int(draw() * (high - low + 1))
    chance = draw()
    if offence in odds.OTHER_OFFENCES:
        if chance < _ADULT:
            age = 18 + int(draw() ** 2 * 24)
        elif chance < 0.27:
            _blur(made, "youngest_victim_age", str(age), "")
            return
    elif chance < 0.13:
        _blur(made, "youngest_victim_age", str(age), "")
        return
    elif chance < 0.16:
        _blur(made, "youngest_victim_age", str(age), f"{low}-{high}")
        return
    row["youngest_victim_age"] = str(age + 4 if chance > 1 - _AGE_MISTAKEN else age)


def _people(made: Facts, draw: Draw) -> None:
    row = made.row
    chance = draw()
    if chance < _ONE_SUSPECT:
        row["suspect_count"] = "1"
    elif chance < _ONE_SUSPECT + _MANY_SUSPECTS:
        row["suspect_count"] = str(60 + int(draw() * 30))
    elif chance < 0.135:
        rough = pick(odds.SUSPECTS_ROUGH, draw)
        low, high = odds.SUSPECTS_ROUGHLY[rough]
        _blur(made, "suspect_count", str(low + int(draw() * (high - low + 1))), rough)
    else:
        row["suspect_count"] = pick(odds.SUSPECTS, draw)
    chance = draw()
    if chance < _NO_VICTIM:
        row["victim_count"] = "0"
    elif chance < 0.105:
        rough = pick(odds.VICTIMS_ROUGH, draw)
        low, high = odds.VICTIMS_ROUGHLY[rough]
        _blur(made, "victim_count", str(low + int(draw() * (high - low + 1))), rough)
    else:
        row["victim_count"] = pick(odds.VICTIMS, draw)
    _ethnicity(row, "suspects", row["suspect_count"], draw, unrecorded=0.56)
    _ethnicity(row, "victims", row["victim_count"], draw, unrecorded=0.36)


def _ethnicity(row: Row, whose: str, count: str, draw: Draw, unrecorded: float) -> None:
    """Parts that add up to an exact count; all blank where the count is not exact or the force holds none of it."""
    if not count.isdigit() or draw() < 0.05:
        return
    total = int(count)
    numbers = dict.fromkeys(GROUPS, 0)
    recorded = 0
    if draw() >= unrecorded:
        for _ in range(total):
            if draw() < 0.8:
                numbers[pick(odds.ETHNIC_GROUPS, draw)] += 1
                recorded += 1
    numbers["not_recorded"] = total - recorded
    for group, number in numbers.items():
        row[f"{whose}_{group}"] = str(number)
    self_defined = int(draw() * (recorded + 1)) if recorded and draw() < 0.3 else 0
    row[f"{whose}_self_defined"] = str(self_defined)


def _dates(made: Facts, draw: Draw, earliest: int, latest: int) -> None:
    """Offence, report and end in order; about one in twelve of the end dates only by month or year."""
    row = made.row
    if draw() < _OUTSIDE_THE_YEARS:
        ended = earliest - 1 - int(draw() * 700)
    else:
        ended = earliest + int(draw() * (latest - earliest + 1))
    reported = ended - 30 - int(draw() * draw() * 1100)
    stopped = reported - int(draw() ** 3 * 2600)
    began = stopped - int(draw() ** 2 * 900)
    row["reported_date"] = day_text(reported)
    chance = draw()
    if chance < 0.62:
        row["offence_from"], row["offence_to"] = day_text(began), day_text(stopped)
    elif chance < 0.88:
        length = 7 if chance < 0.76 else 4
        row["offence_from"], row["offence_to"] = day_text(began)[:length], day_text(stopped)[:length]
    exact = day_text(ended)
    chance = draw()
    if chance < _WITHOUT_DATE:
        _blur(made, "nfa_date", exact, "")
    elif chance < 0.043:
        _blur(made, "nfa_date", exact, exact[:4])
    elif chance < 0.085:
        _blur(made, "nfa_date", exact, exact[:7])
    elif chance < 0.088:
        _blur(made, "nfa_date", exact, f"{int(exact[:4]) - 1}/{exact[:4]}")
    else:
        row["nfa_date"] = exact


def _ending(made: Facts, draw: Draw) -> None:
    row = made.row
    chance = draw()
    if chance < _NOT_NFA:
        outcome = row["outcome"] = pick(odds.NOT_NFA, draw)
        if outcome == "22":
            row["nfa_by"] = "police"
        else:
            row["nfa_date"] = ""
            made.truth.pop("nfa_date", None)
        return
    outcome = pick(odds.OUTCOMES, draw)
    decider = "cps" if outcome == "9" or (outcome in odds.EITHER_DECIDES and draw() < 0.28) else "police"
    row["outcome"], row["nfa_by"] = outcome, decider
    if chance < 0.027:
        _blur(made, "outcome", outcome, "")
    elif chance < 0.033:
        _blur(made, "outcome", outcome, "15|16")
        made.truth["outcome"] = "15" if outcome != "16" else "16"
    elif chance < 0.05:
        _blur(made, "nfa_by", decider, "")
