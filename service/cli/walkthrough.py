"""What ``demo`` prints when it is ready: where everything is, and lines for a shell that go the whole way once."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote

_WORDS = "Checked against the case file."
_ANSWERS = (
    "import json, sys; print(json.dumps({'answers': [{'rule': rule, 'case_ref': None, 'words': '" + _WORDS + "'} "
    "for rule in sorted({item['rule'] for item in json.load(sys.stdin)['items'] "
    "if item['severity'] in ('quality', 'macro')})]}))"
)
_SIGNED = '{"declaration": true, "name": "Your name", "role": "Data lead"}'


def program() -> str:
    """How this program is called from a shell: ``uv run`` where it was started so."""
    return "uv run case-returns" if "UV_RUN_RECURSION_DEPTH" in os.environ else "case-returns"


def places(url: str, folder: Path, keys: Path) -> str:
    """Where everything is."""
    return f"""
Case Returns answers at {url}  (Ctrl-C ends it)

  API       {url}/api
  OpenAPI   {url}/api/openapi.json
  Data      {folder}
  Keys      {keys}: FORCE.json for each force, nca.json, npcc.json
"""


def walkthrough(url: str, keys: Path, force: str, period: str) -> str:
    """One return of one force from its opening to the national picture, to be pasted into another shell."""
    case_returns, here = program(), f"{url}/api/forces/{force}/returns/{period}"
    return f"""\
# who calls: a token of {force} (it works for ten minutes), and the return that all of this is about
auth="Authorization: Bearer $({case_returns} token --key {quote(str(keys / f"{force}.json"))})"
here={here}

# open the return, and send it a file
{case_returns} generate --force {force} --cases 50 --seed 7 --out cases.csv
curl -sS -w '\\n' -H "$auth" -X PUT "$here"
curl -sS -w '\\n' -H "$auth" "$here/cases" -H 'Content-Type: text/csv' --data-binary @cases.csv

# what was found, and an answer to all of it
curl -sS -w '\\n' -H "$auth" "$here/findings?limit=2"
curl -sS -H "$auth" "$here/findings?limit=1000" | python3 -c "{_ANSWERS}" |
  curl -sS -w '\\n' -H "$auth" -X PUT "$here/explanations" -H 'Content-Type: application/json' --data-binary @-

# sign what you saw: the seal names the state of the return by its ETag
etag=$(curl -sS -o /dev/null -D - -H "$auth" "$here" | tr -d '\\r' | awk 'tolower($1) == "etag:" {{print $2}}')
curl -sS -w '\\n' -H "$auth" "$here/seal" -H "If-Match: $etag" -H 'Content-Type: application/json' -d '{_SIGNED}'

# the national picture, for the NCA
nca="Authorization: Bearer $({case_returns} token --key {quote(str(keys / "nca.json"))})"
curl -sS -w '\\n' -H "$nca" "{url}/api/national/picture?by=force"
"""
