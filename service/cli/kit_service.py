"""Runs a kit against a running service, in returns of its own, which it opens, fills and withdraws again.

It is for a force that reports nothing: one that has a return is refused before anything is sent. Nothing is sealed
unless that is asked for, so nothing reaches the national picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from service.cli.calling import Refused, refusal
from service.contract.findings import key_name
from service.contract.model import PartName
from service.kit.compare import Difference, Outcome, differences
from service.kit.content import content_of
from service.kit.expected import File, RowFinding, before_of, files_of
from service.kit.model import MEDIA, Example, Find, Kit, Stock, WholeReturn
from service.kit.noticed import Noticed
from service.kit.read import numbered
from service.kit.run import Advance, Chosen, Results, chosen_examples, each
from service.terms.calendar import parse_period

if TYPE_CHECKING:
    import httpx

    from service.cli.calling import Caller

_PATHS: Final = {PartName.CASE: "cases", PartName.AGGREGATE: "aggregates", PartName.WORKFORCE: "workforce"}
_COUNTED: Final = (PartName.CASE, PartName.AGGREGATE)
_WHY: Final = "An example of the conformance kit."
_NEEDS_SEAL: Final = "it builds on a sealed return: say --seal where nobody rests on the national picture"
_NOT_BEGUN: Final = "its file is for the month after {period}, which has not begun: name an earlier one by --period"
_SIGNER: Final = ("Conformance kit", "Conformance kit")
"""Name and role."""


class ServiceRun:
    """A run under way, in the return of one period of the caller's force."""

    def __init__(self, caller: Caller, kit: Kit, period: str, *, may_seal: bool, noticed: Noticed) -> None:
        self._caller, self._ask, self._try_to = caller, caller.ask, caller.try_to
        self._force, self._returns = caller.force, caller.returns
        self._period, self._next = parse_period(period), f"{caller.returns}/{parse_period(period).plus(1)}"
        self._return = f"{caller.returns}/{period}"
        """Where whatever is sent goes to now."""
        self._kit, self._may_seal, self._noticed = kit, may_seal, noticed

    def run(self, chosen: Chosen, advance: Advance) -> Results:
        """Every example; raises ``Refused`` where the force reports anything."""
        self._refuse_real_returns()
        results = Results()
        for example in each(chosen_examples(self._kit, chosen), advance):
            self._example(example, chosen, results)
        for whole in self._kit.returns:
            if chosen.takes(whole.name):
                self._whole(whole, results)
        return results

    def _refuse_real_returns(self) -> None:
        for item in self._caller.items(self._returns, limit="200"):
            if item["state"] != "withdrawn":
                says = f"The force {self._force} has a return for {item['period']} ({item['state']})."
                do = "The kit fills returns with made-up cases: use the key of a force that reports nothing."
                raise Refused(says, do)

    # --- one file ---------------------------------------------------------------------------------------------------

    def _example(self, example: Example, chosen: Chosen, results: Results) -> None:
        """The first file for real, with all its findings; the others, which have the same rows, as dry runs."""
        made = list(files_of(self._kit, example, chosen.endings))
        if example.previous:
            self._on_previous(example, made, results)
            return
        with self._opened(case_years=[] if example.part is PartName.AGGREGATE else None):
            self._files(example, made, results)

    def _files(self, example: Example, made: Sequence[File], results: Results) -> None:
        for place, file in reversed(list(enumerate(made))):
            before = before_of(self._kit, example, file.ending) if place == len(made) - 1 else None
            if before is not None:
                self._send(example.part, before, file.media).raise_for_status()
            came = self._came(file, dry_run=place > 0)
            found = differences(file.expected, came)
            expected, notices = self._noticed.of_example(example, file.ending)
            explained = bool(found) and not differences(expected, came)
            results.add(example.name, file.name, example.about, found, notices if explained else ())

    def _on_previous(self, example: Example, made: Sequence[File], results: Results) -> None:
        """The files for the next period, on top of what is sent and sealed for this one."""
        if not self._may_seal or not self._next_has_begun:
            results.skip(example.name, _NOT_BEGUN.format(period=self._period) if self._may_seal else _NEEDS_SEAL)
            return
        for file in made[:1]:
            with self._opened(case_years=None):
                self._send(example.part, file.previous or b"", file.media).raise_for_status()
                self._explain()
                self._seal()
                with self._in_the_next(), self._opened(case_years=None):
                    self._files(example, made, results)

    @cached_property
    def _next_has_begun(self) -> bool:
        """Whether the service opens a return for the next period: asked of it before anything is sealed."""
        answer = self._try_to("PUT", self._next, json={"contract_version": self._kit.contract.version})
        if not answer.is_success and str(answer.json()["type"]).endswith("/period-not-begun"):
            return False
        if not answer.is_success:
            raise refusal(answer)
        self._ask("POST", f"{self._next}/withdraw", json={"reason": _WHY})
        return True

    def _came(self, file: File, *, dry_run: bool) -> Outcome:
        answered = self._send(file.example.part, file.content, file.media, dry_run=dry_run)
        if answered.status_code >= 500:
            return Outcome(refused=f"status {answered.status_code}")
        if not answered.is_success:
            return Outcome(refused=str(answered.json()["type"]).rsplit("/", 1)[-1])
        counted = answered.json()
        counts = {name: counted[name] for name in ("received", "accepted", "held")}
        if dry_run:
            return Outcome(counts=counts, by_severity=counted["findings"])
        return Outcome(
            findings=tuple(self._findings(file.example.part)),
            counts=counts,
            # on top of another return it counts the cases of both, of which the file's are not told apart
            tallies=self._tallies() if file.example.part in _COUNTED and file.previous is None else None,
        )

    def _send(
        self, part: PartName, content: bytes, media: str, *, dry_run: bool = False, snapshot: bool = False
    ) -> httpx.Response:
        query = {"dry_run": "true"} if dry_run else {}
        if snapshot:
            query["mode"] = "snapshot"
        verb = "POST" if part is PartName.CASE else "PUT"
        headers = {"Content-Type": media}
        return self._try_to(verb, f"{self._return}/{_PATHS[part]}", params=query, content=content, headers=headers)

    def _findings(self, part: PartName) -> Iterator[RowFinding]:
        for item in self._listed():
            if item["part"] == part:
                yield RowFinding(item["row"], item["rule"], item["field"] or "")

    def _listed(self) -> Iterator[dict[str, Any]]:
        """Every finding of the return."""
        return self._caller.items(f"{self._return}/findings", limit="1000")

    def _tallies(self) -> dict[str, dict[str, Any]]:
        """What the return counts to under the scope in force, which is all that an open return says."""
        counts = self._ask("GET", self._return).json()["counts"]
        return {counts["scope"]: counts["by_verdict"]}

    # --- a whole return ---------------------------------------------------------------------------------------------

    def _whole(self, whole: WholeReturn, results: Results) -> None:
        if whole.before is None:
            with self._opened(case_years=_years(whole.now)):
                self._fill(whole.now)
                self._compare(whole, results)
            return
        if not self._may_seal:
            results.skip(whole.name, _NEEDS_SEAL)
            return
        with self._opened(case_years=_years(whole.before)):
            self._fill(whole.before)
            with self._opened(case_years=_years(whole.now), corrects=self._seal()):
                self._fill(whole.now)
                self._withdraw_missing()
                self._compare(whole, results)

    def _compare(self, whole: WholeReturn, results: Results) -> None:
        asked, notices = self._noticed.of_whole(whole)
        wanted, now = _listed_rules(whole.finds), _listed_rules(asked)
        given = _listed_rules(self._findings(PartName.RETURN))
        found = [] if wanted == given else [Difference("findings about the whole", wanted, given)]
        results.add(whole.name, whole.name, whole.about, found, notices if now == given else ())

    def _fill(self, stock: Stock) -> None:
        for part in _PATHS:
            rows = stock.rows.get(part, ())
            if rows or part is PartName.CASE:
                values = [row.values for row in numbered(rows)]
                content = content_of(self._kit.contract.parts[part], values, "csv")
                self._send(part, content, MEDIA["csv"], snapshot=part is PartName.CASE).raise_for_status()

    def _withdraw_missing(self) -> None:
        page = self._ask("GET", f"{self._return}/withdrawals", params={"limit": "1000"}).json()
        words = [
            {"case_id": item["case_id"], "answer": "withdraw", "reason": "not_in_search"} for item in page["items"]
        ]
        if words:
            self._ask("PUT", f"{self._return}/withdrawals", json={"withdrawals": words})

    def _explain(self) -> None:
        """Words for whatever waits for them, so that the return can be sealed."""
        rules = {item["rule"] for item in self._listed()}
        if rules:
            key = key_name(self._kit.contract)
            answers = [{"rule": rule, key: None, "words": _WHY} for rule in sorted(rules)]
            self._ask("PUT", f"{self._return}/explanations", json={"answers": answers})

    def _seal(self) -> int:
        """The revision that is sealed now."""
        return int(self._caller.seal(self._return, *_SIGNER)["revision"])

    # --- a return of its own ----------------------------------------------------------------------------------------

    @contextmanager
    def _opened(self, *, case_years: list[int | str] | None, corrects: int | None = None) -> Iterator[None]:
        """An open return, taken back at the end whatever happened; sealed in between, it is taken back too."""
        body = {"contract_version": self._kit.contract.version, "case_years": case_years}
        url = self._return
        self._ask("PUT", url, json=body if corrects is None else {**body, "corrects": corrects})
        try:
            yield
        finally:
            self._ask("POST", f"{url}/withdraw", json={"reason": _WHY})

    @contextmanager
    def _in_the_next(self) -> Iterator[None]:
        here, self._return = self._return, self._next
        try:
            yield
        finally:
            self._return = here


def _listed_rules(finds: Iterable[Find | RowFinding]) -> list[str]:
    return sorted(f"{item.rule} {item.field}" for item in finds)


def _years(stock: Stock) -> list[int | str] | None:
    return [int(year) if year.isdigit() else year for year in stock.years] or None
