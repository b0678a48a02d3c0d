"""The reference page of every error code, printed from the one table of their meanings.

``python -m tests.support.problems`` writes the page anew; a test says when it is stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from service.api.meanings import GROUPS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "problems.md"

_HEAD = """# Problems: every code, what it means, what to do

Every error of the API is a problem document (RFC 9457). Its `type` is `/problems/` and one of these codes: a path that
never changes and that the service answers with what stands here. `detail` has the words of the occasion, `do` what
helps, `errors` each row, field or member that is concerned. A code without a status is said by commands, or inside
`errors`. Made from `service/api/meanings.py` by `uv run python -m tests.support.problems`; not to be edited.
"""


def page() -> str:
    """The page."""
    return "\n".join([_HEAD, *_groups()])


def _groups() -> Iterator[str]:
    for title, group in GROUPS.items():
        yield f"## {title}\n"
        yield "| code | status | means | do |\n|---|---|---|---|"
        for code, meaning in group.items():
            statuses = ", ".join(map(str, meaning.statuses))
            yield f"| `{code}` | {statuses} | {_cell(meaning.means)} | {_cell(meaning.do)} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
