"""Which sealed returns a national table is of: each force's newest, or those of one month."""

from __future__ import annotations

from typing import Final

FROM: Final = "case_return r left join force_line l on l.force = r.force and l.return_id = r.id"
WHERE: Final = (
    "r.state = 'sealed' "
    "and case when cast(:period as date) is null then l.return_id is not null else r.period = :period end"
)
"""Parameter ``period``: the first day of the month, or null."""
