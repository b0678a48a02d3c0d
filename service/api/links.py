"""OpenAPI links: what to ask next with what an answer holds. For readers, and for tests that walk.

Written as a table: operation, status, and the operations that follow with where their parameters come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Json = dict[str, Any]

_SAME_RETURN: Final = {"force": "$request.path.force", "period": "$request.path.period"}
_SAME_FORCE: Final = {"force": "$request.path.force"}
_SEEN: Final = {**_SAME_RETURN, "If-Match": "$response.header.ETag"}
_CASE: Final = {**_SAME_RETURN, "case_id": "$response.body#/items/0/case_id"}
_SAME_CASE: Final = {**_SAME_RETURN, "case_id": "$request.path.case_id"}
_SCOPE: Final = {"edition": "$response.body#/edition"}
_SAME_SCOPE: Final = {"edition": "$request.path.edition"}
_NEXT: Final = "$response.body#/next"
_WORDS: Final = "Checked against the case file."
_DECLARATION: Final = {"declaration": True, "name": "A. Signer", "role": "Data lead"}


def links_of(operation: str) -> Mapping[str, Json]:
    """The links of an operation's answers, by status."""
    return _LINKS.get(operation, {})


def _link(operation: str, parameters: Mapping[str, str], body: Any = None) -> Json:
    link: Json = {"operationId": operation}
    if parameters:
        link["parameters"] = dict(parameters)
    if body is not None:
        link["requestBody"] = body
    return link


def _links(*links: Json) -> Json:
    return {link["operationId"]: link for link in links}


_DRAFT: Final = _links(
    _link("getReturn", _SAME_RETURN),
    _link("listCases", _SAME_RETURN),
    _link("listFindings", _SAME_RETURN),
    _link("listHeldRows", _SAME_RETURN),
    _link("listWithdrawals", _SAME_RETURN),
    _link("listStates", _SAME_RETURN),
    _link("listAggregates", _SAME_RETURN),
    _link("listWorkforce", _SAME_RETURN),
    _link("sealReturn", _SEEN, _DECLARATION),
)
"""What can be asked of a return that was just opened or changed."""

_DRAFTED: Final = _links(
    _link("getScopeDraft", _SCOPE),
    _link("rewriteScope", {**_SCOPE, "If-Match": "$response.header.ETag"}, "$response.body#/document"),
    _link("proposeScope", {**_SCOPE, "If-Match": "$response.header.ETag"}, {}),
    _link("rejectScope", _SCOPE, {"reason": "Drafted by mistake."}),
)
_PROPOSED: Final = _links(
    _link("getScope", _SAME_SCOPE),
    _link("confirmScope", _SAME_SCOPE, {"hash": "{$response.body#/hash}"}),
    _link("rejectScope", _SAME_SCOPE, {"reason": "It counts other cases than was agreed."}),
)
"""What can be said of a scope edition that is on its way."""

_LINKS: Final[Mapping[str, Mapping[str, Json]]] = {
    "listReturns": {
        "200": _links(
            _link("getReturn", {**_SAME_FORCE, "period": "$response.body#/items/0/period"}),
            _link("listReturns", {**_SAME_FORCE, "cursor": _NEXT}),
        )
    },
    "getWorkList": {"200": _links(_link("getWorkList", {**_SAME_FORCE, "cursor": _NEXT}))},
    "openReturn": {"200": _DRAFT, "201": _DRAFT},
    "getReturn": {
        "200": _links(
            _link("sealReturn", _SEEN, _DECLARATION),
            _link("withdrawReturn", _SEEN, {"reason": "Wrong file."}),
            _link("listCases", _SAME_RETURN),
            _link("getReceipt", _SAME_RETURN),
            _link("getTally", _SAME_RETURN),
        )
    },
    "uploadCases": {"200": _DRAFT},
    "listStates": {
        "200": _links(_link("restoreState", {**_SAME_RETURN, "number": "$response.body#/items/0/n"})),
    },
    "restoreState": {"200": _DRAFT},
    "listCases": {
        "200": _links(
            _link("getCase", _CASE),
            _link("getCaseHistory", _CASE),
            _link("explainCase", _CASE),
            _link("replaceCase", _CASE, "$response.body#/items/0"),
            _link("deleteCase", {**_CASE, "If-Match": "$response.header.ETag"}),
            _link("listCases", {**_SAME_RETURN, "cursor": _NEXT}),
        )
    },
    "getCase": {
        "200": _links(
            _link("getCaseHistory", _SAME_CASE),
            _link("explainCase", _SAME_CASE),
            _link("replaceCase", {**_SAME_CASE, "If-Match": "$response.header.ETag"}, "$response.body"),
            _link("deleteCase", {**_SAME_CASE, "If-Match": "$response.header.ETag"}),
        )
    },
    "replaceCase": {"200": _links(_link("getCase", _SAME_CASE), _link("deleteCase", _SAME_CASE))},
    "deleteCase": {"200": _links(_link("listWithdrawals", _SAME_RETURN), _link("getReturn", _SAME_RETURN))},
    "listFindings": {
        "200": _links(
            _link(
                "explainFindings",
                _SAME_RETURN,
                {"answers": [{"rule": "{$response.body#/items/0/rule}", "words": _WORDS}]},
            ),
            _link(
                "disputeFinding",
                _SAME_RETURN,
                {"rule": "{$response.body#/items/0/rule}", "words": "The rule does not fit this offence."},
            ),
            _link("listFindings", {**_SAME_RETURN, "cursor": _NEXT}),
        )
    },
    "explainFindings": {"200": _links(_link("sealReturn", _SEEN, _DECLARATION))},
    "listHeldRows": {
        "200": _links(
            _link("setHeldRowAside", {**_SAME_RETURN, "n": "$response.body#/items/0/n"}),
            _link("listHeldRows", {**_SAME_RETURN, "cursor": _NEXT}),
        )
    },
    "setHeldRowAside": {"200": _links(_link("listHeldRows", _SAME_RETURN), _link("getReturn", _SAME_RETURN))},
    "listWithdrawals": {
        "200": _links(
            _link(
                "answerWithdrawals",
                _SAME_RETURN,
                {"withdrawals": [{"case_id": "{$response.body#/items/0/case_id}", "answer": "keep"}]},
            ),
            _link("listWithdrawals", {**_SAME_RETURN, "cursor": _NEXT}),
        )
    },
    "answerWithdrawals": {"200": _links(_link("listWithdrawals", _SAME_RETURN), _link("getReturn", _SAME_RETURN))},
    "replaceAggregates": {"200": _links(_link("listAggregates", _SAME_RETURN), _link("getReturn", _SAME_RETURN))},
    "replaceWorkforce": {"200": _links(_link("listWorkforce", _SAME_RETURN), _link("getReturn", _SAME_RETURN))},
    "sealReturn": {
        "200": _links(
            _link("getReceipt", _SAME_RETURN),
            _link("getTally", _SAME_RETURN),
            _link("getReturn", _SAME_RETURN),
            _link("openReturn", _SAME_RETURN, {"corrects": "$response.body#/revision"}),
            _link("nationalPicture", {}),
        )
    },
    "withdrawReturn": {"200": _links(_link("openReturn", _SAME_RETURN), _link("getReturn", _SAME_RETURN))},
    "listTerms": {"200": _links(_link("getTerms", {"edition": "$response.body#/items/0/edition"}))},
    "listContracts": {"200": _links(_link("getContract", {"version": "$response.body#/items/0/version"}))},
    "listCodeLists": {"200": _links(_link("getCodeList", {"name": "$response.body#/items/0/list"}))},
    "listNotices": {"200": _links(_link("getNotice", {"id": "$response.body#/items/0/id"}))},
    "proposeNotice": {
        "201": _links(
            _link("getNotice", {"id": "$response.body#/id"}),
            _link("rejectNotice", {"id": "$response.body#/id"}, {"reason": "The rule is right."}),
        )
    },
    "confirmNotice": {"200": _links(_link("getNotice", {"id": "$request.path.id"}))},
    "rejectNotice": {"200": _links(_link("getNotice", {"id": "$request.path.id"}))},
    "listDisputedRules": {"200": _links(_link("listDisputes", {"rule": "$response.body#/items/0/rule"}))},
    "listDisputes": {
        "200": _links(_link("listDisputes", {"rule": "$request.path.rule", "cursor": _NEXT})),
    },
    "listScopes": {"200": _links(_link("getScope", {"edition": "$response.body#/items/0/edition"}))},
    "draftScope": {"201": _DRAFTED},
    "rewriteScope": {"200": _DRAFTED},
    "getScopeDraft": {"200": _DRAFTED},
    "proposeScope": {"200": _PROPOSED},
    "confirmScope": {"200": _links(_link("getScope", _SAME_SCOPE), _link("getScopeDraft", _SAME_SCOPE))},
    "rejectScope": {"200": _links(_link("getScopeDraft", _SAME_SCOPE))},
}
