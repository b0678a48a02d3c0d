"""The page on older and skipped months is followed in a real browser, and its program is run as it stands."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from service.clock import LONDON, system_clock
from service.demo.plan import plan
from service.identity.clients import write_key
from service.storage.database import Database
from tests.support.browser import a_tab, running_browser
from tests.support.demonstration import load, shown
from tests.support.postgres import Server
from tests.support.reader import BOLD, TO_ANSWER, Reader, steps
from tests.support.server import Served, good

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "older-months.md"
FORCE = "south-yorkshire"
CASES = 2_000
_BLOCKS = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest_asyncio.fixture(scope="module")
async def country(server: Server, template: str) -> AsyncIterator[str]:
    """The name of a database with the demonstration of today, that nobody connects to, to be copied."""
    async with server.copy_of(template) as made:
        await load(made.db, cases=CASES, now=system_clock())
        await made.db.close()
        yield made.name


@pytest_asyncio.fixture
async def database(server: Server, country: str) -> AsyncIterator[Database]:
    """The demonstration of today, of the test's own."""
    async with server.copy_of(country) as made:
        yield made.db


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


def months() -> tuple[str, str, str]:
    """Of the demonstration of today: a month after the one that the force skipped, that one, and the one that runs."""
    today = system_clock().astimezone(LONDON).date()
    country = plan(today, CASES)
    sent = country.by_force[FORCE].reports
    skipped = next(each for each in country.periods if each not in sent and each > sent[0])
    return next(each for each in sent if each > skipped), skipped, today.strftime("%Y-%m")


def in_words(month: str) -> str:
    return f"{date.fromisoformat(month + '-01'):%B %Y}"


class Corrector(Reader):
    """Who reads this page knows which months they mean, and has the tutorial beside them."""

    async def do(self, step: str) -> None:
        older, skipped, _ = months()
        if step.startswith("Press the month that is to be corrected"):
            row = self.page.locator("table").get_by_role("link", name=in_words(older), exact=True)
            await self.follow(row)
        elif step.startswith("Choose the month that is marked as skipped"):
            await self.page.locator(f"[name=period][value='{skipped}']").check()
            assert "Skipped: " in await self.page.inner_text("main")
        elif step.startswith("Answer what was found"):
            await self.answer_and_seal()
        else:
            await super().do(step)

    async def answer_and_seal(self) -> None:
        await self.press("Findings")
        while await self.page.locator(TO_ANSWER).count():
            await super().do("Press the first rule that is **to answer**")
            await super().do("Choose **Explain in words**")
            await super().do("Write `Checked against the case file.` in **Why it is so**")
            await self.press("Store the answer")
        await self.press("Go to the return")
        await self.press("Check and seal")
        await super().do("Write `A. Signer` in **Your name**")
        await super().do("Choose **I have checked this return**")
        await self.press("Seal this return")


async def cases_of(served: Served, month: str) -> dict[str, object]:
    """The suspects of each case of the force's return of a month."""
    client = await served.client(FORCE)
    rows = good(await client.get(f"/api/forces/{FORCE}/returns/{month}/cases", params={"limit": 1000}))["items"]
    return {row["case_ref"]: row["suspect_count"] for row in rows}


async def test_who_follows_the_page_corrects_an_older_month_and_seals_a_skipped_one(
    browser: Browser, database: Database, tmp_path: Path
) -> None:
    older, skipped, running = months()
    async with (
        shown(database, tmp_path, cases=CASES, now=system_clock()) as served,
        a_tab(browser, served.addresses.origin) as tab,
    ):
        first, second = list(await cases_of(served, older))[:2]
        (tmp_path / "correction.csv").write_text(f"case_ref,suspect_count\n{first},9\n", "utf-8")
        (tmp_path / "late.csv").write_text(f"case_ref,suspect_count\n{second},8\n", "utf-8")
        await tab.open("/")
        reader = Corrector(tab, tmp_path)
        asked = list(steps(PAGE))
        assert len(asked) > 25
        for kind, step in asked:
            if kind == "seen":
                await tab.page.get_by_text(BOLD.findall(step)[0]).first.wait_for()
            else:
                await reader.do(step)
        assert (await cases_of(served, older))[first] == 9
        assert (await cases_of(served, skipped))[second] == 8
        assert (await cases_of(served, running))[first] == 9
        assert await tab.careful() == []


async def test_the_program_of_the_page_corrects_seals_and_carries(database: Database, tmp_path: Path) -> None:
    older, skipped, running = months()
    program = "\n".join(_BLOCKS.findall(PAGE.read_text("utf-8")))
    async with shown(database, tmp_path, cases=CASES, now=system_clock(), clock=system_clock) as served:
        write_key(tmp_path / f"{FORCE}.json", await served.key(FORCE))
        for printed, here in (
            (r"^service=.*", f"service={served.addresses.origin}"),
            (r"^keys=.*", f"keys={tmp_path}"),
            (r"^older=.*", f"older={older} skipped={skipped} running={running}"),
            (r"uv run case-returns", str(Path(sys.executable).with_name("case-returns"))),
        ):
            program, changed = re.subn(printed, here, program, flags=re.MULTILINE)
            assert changed == 1, printed
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-eu", "-o", "pipefail", "-c", program),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(shell.communicate(), 120)
        assert shell.returncode == 0, complained.decode()
        listed = [line for line in said.decode().splitlines() if line]
        answers = [json.loads(line) for line in listed if line.startswith("{")]
        assert not [each for each in answers if "detail" in each]
        assert f"{older} revision 1 sealed" in listed
        receipts = [each["number"] for each in answers if "signed_by" in each]
        assert [number.rsplit("-", 1)[0] for number in receipts] == [f"CR-{FORCE}-{older}-2", f"CR-{FORCE}-{skipped}-1"]
        offered, carried, late = [each for each in answers if "left_total" in each]
        assert (offered["corrected"], offered["cases"], offered["into"]["period"]) == (1, 1, running)
        assert carried["upload"]["changed"] == 1
        assert (late["cases"], [each["why"] for each in late["left"]]) == (0, ["changed_since"])
        assert 9 in (await cases_of(served, running)).values()
