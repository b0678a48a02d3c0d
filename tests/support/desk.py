"""A data lead's desk without a browser: pages of a force are read, and their forms are sent as a browser sends them.

``desk.send("seal", name="A. Signer")`` asks for the page, takes the hidden fields of its form along, and sends it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
from sqlalchemy import text

from tests.support.browser import signed_in
from tests.support.server import PERIOD, Served

_FORM = re.compile(r'<form method="post".*?</form>', re.DOTALL)
_HIDDEN = re.compile(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"')
_PROBLEMS = re.compile(r'class="govuk-error-summary".*?</ul>', re.DOTALL)
_PROBLEM = re.compile(r'<a href="(#[\w-]+)">(.*?)</a>', re.DOTALL)

Fields = Mapping[str, str | Sequence[str]]


class Desk:
    """One person's pages about one month of their force."""

    def __init__(self, client: httpx.AsyncClient, force: str = "kent", period: str = PERIOD) -> None:
        self.client = client
        self.force = f"/forces/{force}"
        self.month = f"/forces/{force}/returns/{period}"
        self.period = period

    def address(self, page: str) -> str:
        """Of a page below the month's."""
        return f"{self.month}/{page}" if page else self.month

    async def read(self, page: str = "", status: int = 200) -> str:
        """A page, as text without markup where it is compared with words."""
        answered = await self.client.get(self.address(page))
        assert answered.status_code == status, f"{page}: {answered.status_code} {answered.text[:500]}"
        return answered.text

    async def hidden(self, page: str) -> dict[str, str]:
        """The hidden fields of the form on a page; those in which a finding is disputed are another matter."""
        forms = [form for form in _FORM.findall(await self.read(page)) if 'name="dispute"' not in form]
        return hidden_in("".join(forms))

    async def send(self, page: str, hidden: Fields | None = None, **typed: str | Sequence[str]) -> httpx.Response:
        """Fill the form of a page in and send it; ``hidden`` where it was read before."""
        fields = {**(await self.hidden(page) if hidden is None else hidden), **typed}
        return await self.client.post(self.address(page.partition("?")[0]), data=fields)

    async def open(self, **typed: str) -> None:
        """Open the return of the month."""
        answered = await self.client.post(f"{self.force}/open", data={"period": self.period, "years": "all", **typed})
        went_on(answered, self.month)

    async def upload(
        self,
        content: str | bytes,
        *,
        part: str = "cases",
        mode: str = "changes",
        check: bool = False,
        hidden: Fields | None = None,
        name: str = "cases.csv",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Choose a file and send it. ``check``: by the other button."""
        page = f"upload/{part}"
        fields = {**(await self.hidden(page) if hidden is None else hidden), "mode": mode}
        body = content.encode() if isinstance(content, str) else content
        return await self.client.post(
            self.address(f"{page}/check" if check else page),
            data=fields,
            files={"file": (name, body, "text/csv")},
            headers=headers,
        )

    async def put(self, content: str | bytes, **how: Any) -> str:
        """Upload a file that is taken; the page that says what it came to."""
        answered = await self.upload(content, **how)
        assert answered.status_code == 303, answered.text[:2000]
        shown = await self.client.get(answered.headers["location"])
        assert shown.status_code == 200, shown.text[:500]
        return shown.text

    async def dispute(self, page: str, words: str, **about: str) -> httpx.Response:
        """Say that a finding on a page is wrong: the one of which these hidden fields are (``reference="K/1"``)."""
        for form in _FORM.findall(await self.read(page)):
            hidden = hidden_in(form)
            if 'name="dispute"' in form and about.items() <= hidden.items():
                address = html.unescape(re.findall(r'action="([^"]*)"', form)[0])
                return await self.client.post(address, data={**hidden, "dispute": words})
        raise AssertionError(f"{page} has no form that disputes {about}")

    async def answer_all(self) -> None:
        """Confirm everything that waits for words."""
        for rule in sorted(set(re.findall(r"/findings/([QM]\d+)", await self.read("findings")))):
            went_on(await self.send(f"findings/{rule}", how="confirm"))

    async def seal(self, **typed: str) -> str:
        """Sign, and the page of the receipt."""
        answered = await self.send("seal", **{"name": "A. Signer", "role": "Data lead", "declaration": "yes", **typed})
        went_on(answered, self.address("receipt"))
        return (await self.client.get(answered.headers["location"])).text


async def a_desk(served: Served, force: str = "kent", period: str = PERIOD, *, opened: bool = True) -> Desk:
    """The desk of a force's data lead, with the month's return open."""
    desk = Desk(await signed_in(served, force), force, period)
    if opened:
        await desk.open()
    return desk


def hidden_in(form: str) -> dict[str, str]:
    """The hidden fields in a piece of a page."""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(form)}


def went_on(answered: httpx.Response, begins: str = "") -> str:
    """Where a form that was taken leads to."""
    assert answered.status_code == 303, f"{answered.status_code}: {problems_of(answered.text) or answered.text[:800]}"
    address: str = answered.headers["location"]
    assert address.startswith(begins), address
    return address


def problems_of(page: str) -> dict[str, str]:
    """What the error summary of a page says, by the field that it leads to."""
    found = _PROBLEMS.search(page)
    return {} if found is None else {place: html.unescape(text.strip()) for place, text in _PROBLEM.findall(found[0])}


def words_of(page: str) -> str:
    """What a page says, without its markup."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main.partition(">")[2])).split())


async def count_of(served: Served, sql: str, force: str = "kent") -> int:
    """A number out of the database, as the application role of a force sees it."""
    async with served.db.force(served.context.force_number(force)) as tx:
        return int((await tx.execute(text(sql))).scalar_one())
