"""What a request can only know from the service: ids, tags, cursors, rules that fired, a period in the right state.

A request that schemathesis means to be good is given them, so that it is answered for what it says and not for a
guess; one that it means to be bad is sent as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import count
from typing import Any, Final

from schemathesis.core.parameters import ParameterLocation

from tests.attack.adopting import Editions, scopes_of, terms_of
from tests.attack.document import files_shown
from tests.attack.files import BROKEN, GOOD_ROW
from tests.attack.ground import FINDINGS, FORCE, NEVER, PERIODS, READY, SEALED, WITHDRAWN, Ground

_PERIODS_OF: Final[Mapping[str, tuple[str, ...]]] = {
    "sealReturn": (READY, READY, FINDINGS),
    "getReceipt": (SEALED, SEALED, SEALED, FINDINGS),
    "getCorrections": (SEALED, SEALED, READY),
    "carryCorrections": (SEALED, SEALED, READY),
    "getTally": (SEALED, SEALED, SEALED, FINDINGS),
    "getReturn": PERIODS,
    "openReturn": (NEVER, WITHDRAWN, FINDINGS, SEALED),
    "withdrawReturn": (READY, READY, WITHDRAWN),
    "getCaseHistory": (SEALED, FINDINGS),
}
"""In which periods an operation finds something to do; otherwise where there are findings, and at times where the
return is sealed, withdrawn, or not there."""
_ELSEWHERE: Final = (FINDINGS,) * 6 + (SEALED, WITHDRAWN, NEVER)

SHOWN: Final = files_shown()
_BODY: Final = ParameterLocation.BODY
_MEDIA_OF_ROWS: Final = (
    "listCases",
    "listAggregates",
    "listWorkforce",
    "listFindings",
    "nationalPicture",
    "listOutstanding",
    "getWorkList",
)


class Mending:
    """Mends requests of one run. ``medium`` is the one that this run speaks where it can."""

    def __init__(self, ground: Ground, medium: str) -> None:
        self.ground = ground
        self.medium = medium
        self._turns: Counter[str] = Counter()
        self._keys = count(1)
        self._spent: set[str] = set()
        self.adopted = (scopes_of(ground), terms_of(ground))

    def before(self, name: str, case: Any) -> None:
        """Before a request goes out."""
        bad = _badness(case)
        self._accept(case, bad)
        if "path" not in bad:
            self._path(name, case)
        if bad:
            self._break(name, case)
            return
        query = self._query(name, case, dict(case.query or {}))
        if query != dict(case.query or {}):
            case.query = query
        self._headers(case)
        body = getattr(self, f"_body_of_{name}", None)
        if body is not None:
            made = body(case)
            if made != case.body:
                case.body = made

    def after(self, name: str, case: Any, response: Any) -> None:
        """After it was answered: what it used up is made anew before it is needed again."""
        if response.status_code >= 300 or case.method == "GET":
            return
        editions = self._editions(name)
        if editions is not None and name in editions.leaves_proposed and case.method == "POST":
            editions.reject(case.path_parameters["edition"])
        period = (case.path_parameters or {}).get("period")
        if name in ("openReturn", "sealReturn", "withdrawReturn") or (period != FINDINGS and period in PERIODS):
            self._spent.add(str(period))

    def add_examples(self, operation: Any, examples: list[Any]) -> None:
        """What an operation must refuse, as one more of its examples; and the plain request of one without any."""
        given = {
            item["name"]: item["example"]
            for item in operation.definition.raw["parameters"]
            if item["in"] == "path" and "example" in item
        }
        if operation_id(operation) == "getToken":
            examples.append(
                operation.Case(body={"grant_type": "password"}, media_type="application/x-www-form-urlencoded")
            )
            return
        if not examples:
            sent = operation.definition.raw.get("requestBody", {}).get("content", {})
            media, file = next(((media, SHOWN.get((operation_id(operation), media))) for media in sent), (None, None))
            body: dict[str, Any] = {} if file is None else {"body": file.encode(), "media_type": media}
            if operation_id(operation) == "explainFindings" and media != "application/json":
                body = {"body": self.ground.findings_sheet(FINDINGS, self.medium), "media_type": media}
            examples.append(operation.Case(path_parameters=dict(given), **body))
        examples.append(operation.Case(path_parameters=dict(given), query={"nothing": "known"}))

    # --- paths --------------------------------------------------------------------------------------------------------

    def _path(self, name: str, case: Any) -> None:
        given = dict(case.path_parameters or {})
        if "force" in given and self._turn("force", 40):
            given["force"] = FORCE
        if "period" in given:
            periods = _PERIODS_OF.get(name, _ELSEWHERE)
            kept = PERIODS if case.method.upper() == "GET" else periods
            if given["period"] == SEALED or given["period"] not in kept:
                given["period"] = periods[self._next(name) % len(periods)]
        period = given.get("period")
        if period in self._spent:
            self._spent.discard(period)
            self.ground.restore(period)
        if "case_id" in given:
            given["case_id"] = self._case_id(period, given["case_id"])
        if "n" in given:
            held = [item["n"] for item in self.ground.items(f"/{period}/held") if item["set_aside"] is None]
            if not held and period == FINDINGS:
                self.ground.restore(period)
                held = [item["n"] for item in self.ground.items(f"/{period}/held")]
            given["n"] = str(held[0]) if held else given["n"]
        if "number" in given:
            states = self.ground.items(f"/{period}/states")
            given["number"] = str(states[0]["n"]) if states and self._turn("state", 6) else given["number"]
        self._published(name, case, given)
        if given != (case.path_parameters or {}):
            case.path_parameters = given

    def _published(self, name: str, case: Any, given: dict[str, Any]) -> None:
        """Names of what is published, adopted or declared, in most requests of those that there are."""
        for parameter, listing, member in (
            ("version", "/api/contracts", "version"),
            ("name", "/api/codes", "list"),
            ("edition", "/api/terms" if case.path.startswith("/api/terms") else "/api/scopes", "edition"),
        ):
            if parameter in given and self._turn(parameter, 4):
                given[parameter] = self.ground.published(listing, member)
        for each in self.adopted:
            each.now = None
        editions = self._editions(name)
        # a draft is written anew under the name that it bears
        if editions is not None and (name == editions.rewrites or self._turn("scope", 6)):
            given["edition"] = editions.for_operation(name)
        if name in ("confirmNotice", "rejectNotice") and self._turn("decided", 6):
            given["id"] = self.ground.notice()
        if name == "getNotice" and self._turn("notice", 3):
            given["id"] = self.ground.notice()
        if "rule" in given and self._turn("rule", 3):
            given["rule"] = "Q335"
        if "code" in given and self._turn("code", 4):
            given["code"] = "not-open"

    def _case_id(self, period: Any, drawn: str) -> str:
        cases = [item["case_id"] for item in self.ground.items(f"/{period}/cases")]
        return drawn if drawn in cases or not cases or not self._turn("case_id", 12) else cases[0]

    # --- queries and headers ------------------------------------------------------------------------------------------

    def _query(self, name: str, case: Any, query: dict[str, Any]) -> dict[str, Any]:
        period = (case.path_parameters or {}).get("period")
        if "cursor" in query:
            query.pop("cursor")
            found = self._page(name, period)
            if found is not None:
                query["cursor"] = found
        if name in _MEDIA_OF_ROWS and self.medium != "application/json" and self._offers(case):
            query = {name: value for name, value in query.items() if name not in ("cursor", "limit")}
        elif "table" in query:
            query.pop("table")
        if "rule" in query:
            rules = [item["rule"] for item in self.ground.items(f"/{period}/findings")]
            query["rule"] = rules[0] if rules else "V201"
            if not rules:
                query.pop("rule")
        for parameter, values in (
            ("scope", ("2025-11-wide",)),
            ("against", ("2025-11-wide", "2026-02-referral")),
            ("attribute", ("suspect_count", "nfa_date")),
            ("as_of", self._moments() if "as_of" in query else ()),
            ("by", ("force", "stage", "force,stage", "region,setting")),
        ):
            if parameter in query and values:
                query[parameter] = values[self._next(parameter) % len(values)]
        if name == "nationalBridge":
            self._bridge(query)
        if name in ("nationalPicture", "listOutstanding") and "period" in query:
            query["period"] = SEALED
        if query.get("reason") == "other":
            query["words"] = "Said in words."
        return query

    def _bridge(self, query: dict[str, Any]) -> None:
        """Points in order, under editions of which one leads to the other."""
        query.pop("to", None)
        if "from" in query:
            query["from"] = self._moments()[0]
        if "by" in query:
            query["by"] = "force"
        for parameter in ("from_scope", "to_scope"):
            if parameter in query:
                query[parameter] = "2025-11-wide"

    def _moments(self) -> tuple[str, str]:
        as_of = self.ground.picture()["as_of"]
        return str(as_of["position"]), str(as_of["at"])

    def _page(self, name: str, period: Any) -> str | None:
        paths = {"listReturns": "", "listFindings": f"/{period}/findings", "listCases": f"/{period}/cases"}
        paths |= {"listHeldRows": f"/{period}/held", "listWithdrawals": f"/{period}/withdrawals"}
        if name not in paths:
            return None
        found: str | None = self.ground.read(paths[name], limit=1).get("next")
        return found

    def _headers(self, case: Any) -> None:
        headers = dict(case.headers or {})
        key = next((item for item in headers if item.lower() == "idempotency-key"), None)
        if key is not None:
            headers[key] = f"{str(headers[key])[:200]}-{next(self._keys)}"
        tag = next((item for item in headers if item.lower() == "if-match"), None)
        if tag is not None:
            now = next((each.now for each in self.adopted if each.now is not None), None)
            etag = now.etag if now is not None else self._etag(case)
            if etag is not None:
                headers[tag] = etag
            elif "period" in (case.path_parameters or {}):
                headers.pop(tag)
        if headers != dict(case.headers or {}):
            case.headers.clear()
            case.headers.update(headers)

    def _etag(self, case: Any) -> str | None:
        period = (case.path_parameters or {}).get("period")
        return None if period is None else self.ground.etag(str(period))

    def _accept(self, case: Any, bad: set[str]) -> None:
        if not self._offers(case):
            return
        refused = bool(bad) and not self._turn("accept", 6)
        case.headers["Accept"] = "image/png" if refused else self.medium

    def _offers(self, case: Any) -> bool:
        content = case.operation.definition.raw["responses"].get("200", {}).get("content", {})
        return len(content) > 1 and self.medium in content

    # --- bodies -------------------------------------------------------------------------------------------------------

    def _break(self, name: str, case: Any) -> None:
        """A whole file that is broken, in place of rows that were meant to be bad."""
        rows = case.media_type in BROKEN and name in ("uploadCases", "replaceAggregates", "replaceWorkforce")
        if rows and case.meta is not None and case.meta.is_negative_at(_BODY) and self._turn("broken", 2):
            files = BROKEN[case.media_type]
            case.body = files[self._next(case.media_type) % len(files)]

    def _body_of_simulateScope(self, _: Any) -> Any:  # noqa: N802
        """Rules and breakdowns are names that the edition has: which, no schema can say."""
        return {"rules_off": []}

    def _body_of_openReturn(self, case: Any) -> Any:  # noqa: N802
        body = case.body if isinstance(case.body, dict) else {}
        now = self.ground.read(f"/{case.path_parameters['period']}")
        kept = {"case_years": body["case_years"]} if "case_years" in body else {}
        if body.get("contract_version") is not None:
            kept["contract_version"] = "2025.1"
        if now.get("state") == "sealed" and now["period"] != SEALED:  # that one is to stay as it is
            kept["corrects"] = now["revision"]
        return kept

    def _body_of_explainFindings(self, case: Any) -> Any:  # noqa: N802
        if case.media_type != "application/json":
            return case.body  # a sheet, drawn as such (hooks): what is put in its place is taken for a bad one
        found = self._answerable(case)
        answers = [_worded(item, found[index % len(found)]) for index, item in enumerate(_listed(case, "answers"))]
        return {"answers": answers[:50]}

    def _body_of_disputeFinding(self, case: Any) -> Any:  # noqa: N802
        body = case.body if isinstance(case.body, dict) else {}
        return _worded(body, self._answerable(case)[0])

    def _answerable(self, case: Any) -> list[dict[str, Any]]:
        period = case.path_parameters["period"]
        severities = ("quality", "macro")

        def answerable() -> list[dict[str, Any]]:
            listed = self.ground.items(f"/{period}/findings")
            return [item for item in listed if item["severity"] in severities and item["held"] is None]

        found = answerable()
        if not found and period == FINDINGS:
            self.ground.restore(period)
            found = answerable()
        return found or [{"rule": "Q335", "case_ref": None}]

    def _body_of_proposeNotice(self, case: Any) -> Any:  # noqa: N802
        body = case.body if isinstance(case.body, dict) else {}
        said = {"id": f"2030-02-proposed-{next(self._keys)}", "contracts": ["2025.1"], "rule": "Q335"}
        if body.get("severity") == "macro":
            said["rule"] = "M401"
        said |= {"severity": body.get("severity", "off"), "from": body.get("from", "2031-01-01")}
        return {**said, "why": body.get("why") or "Because it is so."}

    def _editions(self, name: str) -> Editions | None:
        """Those that an operation is about, where it needs one of them in some state."""
        return next((each for each in self.adopted if name in each.operations), None)

    def _body_of_draftScope(self, _: Any) -> Any:  # noqa: N802
        return self.adopted[0].document()

    def _body_of_draftTerms(self, _: Any) -> Any:  # noqa: N802
        return self.adopted[1].document()

    def _rewritten(self, editions: Editions, case: Any) -> Any:
        return case.body if editions.now is None else editions.document(editions.now.name)

    def _body_of_rewriteScope(self, case: Any) -> Any:  # noqa: N802
        return self._rewritten(self.adopted[0], case)

    def _body_of_rewriteTerms(self, case: Any) -> Any:  # noqa: N802
        return self._rewritten(self.adopted[1], case)

    def _body_of_proposeScope(self, case: Any) -> Any:  # noqa: N802
        body = case.body if isinstance(case.body, dict) else {}
        return {"effective": "2031-01-01"} if body.get("effective") else case.body

    _body_of_proposeTerms = _body_of_proposeScope  # noqa: N815

    def _confirmed(self, editions: Editions, case: Any) -> Any:
        return case.body if editions.now is None else {"hash": editions.now.hash}

    def _body_of_confirmScope(self, case: Any) -> Any:  # noqa: N802
        return self._confirmed(self.adopted[0], case)

    def _body_of_confirmTerms(self, case: Any) -> Any:  # noqa: N802
        return self._confirmed(self.adopted[1], case)

    def _body_of_answerWithdrawals(self, case: Any) -> Any:  # noqa: N802
        period = case.path_parameters["period"]
        missing = self.ground.items(f"/{period}/withdrawals")
        if not missing and period == FINDINGS:
            self.ground.restore(period)
            missing = self.ground.items(f"/{period}/withdrawals")
        if not missing:
            return case.body
        words = []
        for item, one in zip(_listed(case, "withdrawals"), missing, strict=False):
            said = {"case_id": one["case_id"], "answer": item.get("answer", "keep")}
            if said["answer"] == "withdraw":
                reason = item.get("reason")  # a transfer needs the other force's seal
                reason = "duplicate" if reason in (None, "transferred") else reason
                said |= {"reason": reason, "words": item.get("words") or "As it is."}
            words.append(said)
        return {"withdrawals": words}

    def _body_of_replaceCase(self, case: Any) -> Any:  # noqa: N802
        body = case.body if isinstance(case.body, dict) else {}
        row = {name: value for name, value in GOOD_ROW.items() if name != "case_ref"}
        return row if "victim_count" not in body else {**row, "victim_count": "2+"}

    def _body_of_getToken(self, case: Any) -> Any:  # noqa: N802
        return self.ground.form() if self._turn("form", 4) else case.body

    # --- turns --------------------------------------------------------------------------------------------------------

    def _next(self, what: str) -> int:
        self._turns[what] += 1
        return self._turns[what] - 1

    def _turn(self, what: str, times: int) -> bool:
        """Always but for one time in so many."""
        return self._next(f"{what}/{times}") % times != times - 1


def operation_id(operation: Any) -> str:
    """The name of an operation in the document."""
    return str(operation.definition.raw["operationId"])


def _badness(case: Any) -> set[str]:
    """Where a request is meant to be bad; nowhere for an example, a good one, or one that follows a link."""
    meta = case.meta
    if meta is None:
        return {"whole"} if "nothing" in (case.query or {}) else set()
    if not meta.generation.mode.is_negative:
        return set()
    return {location.value for location, info in meta.components.items() if info.mode.is_negative} or {"whole"}


def _listed(case: Any, member: str) -> list[dict[str, Any]]:
    body = case.body if isinstance(case.body, dict) else {}
    found = [item for item in body.get(member, []) if isinstance(item, dict)]
    return found or [{}]


def _worded(item: Mapping[str, Any], finding: Mapping[str, Any]) -> dict[str, Any]:
    said = {"rule": finding["rule"], "words": item.get("words") or "Checked."}
    return {**said, "case_ref": finding["case_ref"]} if "case_ref" in item else said
