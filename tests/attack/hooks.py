"""What schemathesis loads (SCHEMATHESIS_HOOKS): files, tokens, mended requests, checks of our own, the report."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st

from tests.attack import files
from tests.attack.ground import FINDINGS, Ground, read_target
from tests.attack.mending import Mending, operation_id
from tests.attack.report import Report, code_of, documented_codes, write_report
from tests.support.workbooks import XLSX

GROUND = Ground(read_target(Path(os.environ["CASE_RETURNS_TEST_TARGET"])))
MEDIUM = os.environ["CASE_RETURNS_TEST_MEDIUM"]
MENDING = Mending(GROUND, MEDIUM)
REPORT = Report()
PUBLIC = ["public", "identity", "health"]
FILES = {"text/csv": files.csv_file, "application/x-ndjson": files.ndjson_file, XLSX: files.workbook}
SHEETS = ("text/csv", XLSX)
PARTS = {"uploadCases": "cases", "replaceAggregates": "aggregates", "replaceWorkforce": "workforce"}

for _media, _file in FILES.items():
    schemathesis.openapi.media_type(_media, _file("cases"))
GROUND.seed()


@schemathesis.hook
def before_generate_body(context: Any, strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Files of the part that the operation takes, and the sheet of findings as it was given out."""
    if operation_id(context.operation) == "explainFindings" and MEDIUM in SHEETS:
        return st.builds(GROUND.findings_sheet, st.just(FINDINGS), st.just(MEDIUM))
    part = PARTS.get(operation_id(context.operation))
    return strategy if part is None or MEDIUM not in FILES else FILES[MEDIUM](part)


@schemathesis.hook
def before_add_examples(context: Any, examples: list[Any]) -> None:
    """Of every operation: once as its examples have it, and once with what it must refuse."""
    MENDING.add_examples(context.operation, examples)


@schemathesis.auth(cache_by_key=lambda _, context: whose(context.operation)).skip_for(tag=PUBLIC)
class Tokens:
    """Real tokens, of a force or of a national body; schemathesis asks for a new one when one was refused."""

    def get(self, _: Any, context: Any) -> str:
        REPORT.tokens += 1
        return GROUND.token(GROUND.target.body if whose(context.operation) == "body" else GROUND.target.force)

    def set(self, case: Any, data: str, _: Any) -> None:
        case.headers["Authorization"] = f"Bearer {data}"


ADOPTED = ("/api/national/", "/api/rule-notices", "/api/scopes", "/api/terms")
"""What the national bodies call."""


def whose(operation: Any) -> str:
    """Which of the two clients may call an operation."""
    return "body" if operation.path.startswith(ADOPTED) else "force"


@schemathesis.hook
def before_call(_: Any, case: Any, kwargs: dict[str, Any]) -> None:
    del kwargs
    MENDING.before(operation_id(case.operation), case)


@schemathesis.hook
def after_call(_: Any, case: Any, response: Any) -> None:
    MENDING.after(operation_id(case.operation), case, response)


@schemathesis.check
def every_problem_is_one_that_the_document_names(_: Any, response: Any, case: Any) -> None:
    """A refusal has a code that the document lists for this operation and status, and says the same status inside."""
    if response.status_code < 400 or response.status_code == 405:
        return
    codes = documented_codes(case.operation, response.status_code)
    if codes is not None:
        assert code_of(response) in codes, f"{response.status_code} {code_of(response)} is not documented here"
        assert response.json()["status"] == response.status_code


@schemathesis.check
def every_answer_is_careful(_: Any, response: Any, case: Any) -> None:
    """Nothing guesses a type, nothing keeps what it may not, and nothing says what the service is made of."""
    del case
    assert response.headers["x-content-type-options"] == ["nosniff"]
    assert response.headers["cache-control"]
    assert "server" not in response.headers


@schemathesis.check
class Answered:
    """Keeps what every operation was answered with, for the report."""

    def after_response(self, context: Any, response: Any, case: Any) -> None:
        followed = context.internals.find_parent(case_id=case.id)
        REPORT.take(operation_id(case.operation), case, response, followed=followed is not None)

    def after_run(self, _: Any) -> None:
        write_report(Path(os.environ["CASE_RETURNS_TEST_REPORT"]), REPORT)
