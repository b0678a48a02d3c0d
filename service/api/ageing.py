"""What is said with every answer about a contract version that the terms will stop taking: the headers of RFC 9745 and
RFC 8594, and where the changes are described."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Final

from service.clock import LONDON
from service.terms.ageing import ageing
from service.terms.model import Terms

AGEING: Final = ("Deprecation", "Sunset", "Link")
"""The headers, for the OpenAPI document."""


def ageing_headers(terms: Terms, version: str) -> dict[str, str]:
    """Nothing for a version without an end."""
    found = ageing(terms, version)
    if found is None:
        return {}
    ends = _midnight(found.last_day + timedelta(days=1))
    return {
        "Deprecation": f"@{int(_midnight(found.since.first_day).timestamp())}",
        "Sunset": format_datetime(ends, usegmt=True),
        "Link": f'</api/contracts/{found.newer}/changes>; rel="deprecation"',
    }


def _midnight(day: date) -> datetime:
    """When a day begins in London, in UTC."""
    return datetime.combine(day, time(), LONDON).astimezone(UTC)
