"""``case-returns demo`` as a newcomer runs it: a process of its own, and lines pasted into a shell."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec import Struct

PROGRAMS = Path(sys.executable).parent
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("CASE_RETURNS_", "UV_"))},
    "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
}
CASE_RETURNS = PROGRAMS / "case-returns"


class Demo(Struct):
    """A demonstration that runs: its process, its folder, its address, and the shell lines that it printed."""

    process: subprocess.Popen[str]
    folder: Path
    url: str
    lines: str

    def ask(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}{path}", timeout=20)

    def end(self, number: int = signal.SIGINT) -> int:
        """Tell it to end, wait, and give its exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)


def ran(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    words = [str(CASE_RETURNS), *(str(each) for each in arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT, timeout=120, cwd=cwd)


def started(folder: Path, *arguments: object) -> Demo:
    """Start a demonstration on a free port, and read what it prints until it is ready."""
    process = subprocess.Popen(
        [str(CASE_RETURNS), "demo", "--data", str(folder), "--port", "0", *(str(each) for each in arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    said = ""
    while "/api/national/picture" not in said:
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.stderr.read() if process.stderr else said)
        said += line
    url = re.findall(r"http://127\.0\.0\.1:\d+", said)[0]
    return Demo(process, folder, url, said[said.index("# who calls") :])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that the database's account may pass through, with a blank in its name."""
    made = Path(tempfile.mkdtemp(prefix="case-returns-demo-"))
    made.chmod(0o755)
    yield made / "the country"
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    """A demonstration without returns."""
    running = started(folder, "--cases", 0)
    yield running
    if running.process.poll() is None:
        assert running.end() == 0


def test_it_is_ready_when_it_says_so(demo: Demo) -> None:
    assert demo.ask("/health/ready").status_code == 200
    assert demo.ask("/api/openapi.json").json()["openapi"].startswith("3.1")
    editions = [item["edition"] for item in demo.ask("/api/terms").json()["items"]]
    assert len(editions) == 1
    assert re.fullmatch(r"demo-\d{4}-\d{2}", editions[0])


def test_every_force_and_both_bodies_have_a_key_that_only_its_owner_can_read(demo: Demo) -> None:
    keys = list((demo.folder / "keys").glob("*.json"))
    assert len(keys) == 47
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
    key = json.loads((demo.folder / "keys" / "nca.json").read_text())
    assert set(key) == {"client_id", "issuer", "token_endpoint", "audience", "private_key"}
    assert key["audience"] == demo.url


def lines_of_the_readme(demo: Demo, force: str) -> str:
    """The walk of README.md, for another force, folder and port."""
    text = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    walk = text.partition("<!-- the walk")[2].partition("```sh\n")[2].partition("```")[0]
    return (
        walk.replace("uv run case-returns", "case-returns")
        .replace("~/.local/share/case-returns/demo/keys", shlex.quote(str(demo.folder / "keys")))
        .replace("http://127.0.0.1:8000", demo.url)
        .replace("$keys/", '"$keys"/')
        .replace("kent", force)
    )


@pytest.mark.parametrize("force", ["kent", "dorset"])
def test_the_printed_lines_and_those_of_the_readme_go_the_whole_way(demo: Demo, force: str, tmp_path: Path) -> None:
    lines = demo.lines if force == "kent" else lines_of_the_readme(demo, force)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", lines],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        cwd=tmp_path,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    opened, uploaded, findings, answered, receipt, picture = map(json.loads, done.stdout.splitlines())
    assert opened["state"] == "open"
    assert (uploaded["received"], uploaded["accepted"]) == (50, 50)
    assert findings["items"]
    assert answered["return"]["next"].startswith("Nothing stands in the way")
    assert receipt["number"].startswith(f"CR-{force}-{receipt['period']}-1-")
    mine = next(cell for cell in picture["cells"] if cell["force"] == force)
    assert sum(mine[verdict] for verdict in ("in_scope", "undetermined", "out_of_scope")) == 50


def test_a_file_is_submitted_and_sealed_by_one_command(demo: Demo, tmp_path: Path) -> None:
    key, period = demo.folder / "keys" / "essex.json", time.strftime("%Y-%m")
    assert ran("generate", "--force", "essex", "--cases", 40, "--messy", "--out", tmp_path / "m.csv").returncode == 0
    held = ran("submit", tmp_path / "m.csv", "--key", key, "--period", period)
    assert held.returncode == 1
    assert "40 rows received" in held.stdout

    key = demo.folder / "keys" / "surrey.json"
    (tmp_path / "one.csv").write_text(
        "case_ref,stage,stage_date,offence_code,suspect_count\nS/1,identified,2025-01-02,19D,\n"
    )
    waiting = ran("submit", tmp_path / "one.csv", "--key", key, "--period", period, "--seal")
    assert waiting.returncode == 1
    assert "finding" in waiting.stderr
    (tmp_path / "none.csv").write_text("case_ref,stage,stage_date\n")
    key = demo.folder / "keys" / "norfolk.json"
    sealed = ran("submit", tmp_path / "none.csv", "--key", key, "--period", period, "--seal", "--name", "A. Signer")
    assert sealed.returncode == 0, sealed.stderr
    assert f"Sealed: CR-norfolk-{period}-1-" in sealed.stdout
    assert ran("submit", tmp_path / "one.csv", "--key", key, "--period", "2099-01").returncode == 1


def test_a_file_of_ones_own_form_is_sent_as_its_mapping_translates_it(demo: Demo, tmp_path: Path) -> None:
    key, period = demo.folder / "keys" / "wiltshire.json", time.strftime("%Y-%m")
    (tmp_path / "own.csv").write_text("Ref;Officer;Where;How far\nD/1;PC Jane Doe;Moon;Done\nD/2;;Gang;Done\n")
    words = 'contract: "2025.1"\npart: case\ncolumns:\n  Ref: case_ref\n  Where: setting\n  How far: stage\nvalues:\n'
    (tmp_path / "m.yaml").write_text(f"{words}  stage:\n    done: identified\n")
    common = ("--key", key, "--period", period, "--mapping", tmp_path / "m.yaml")
    refused = ran("submit", tmp_path / "own.csv", *common)
    assert refused.returncode == 1
    assert "neither mapped nor left out, so nothing was sent" in refused.stderr
    (tmp_path / "m.yaml").write_text(f"{words}  stage:\n    done: identified\nleft_out: [Officer]\n")
    sent = ran("submit", tmp_path / "own.csv", *common)
    assert sent.returncode == 1, sent.stderr
    assert "2 rows received: 1 accepted, 1 new, 0 changed, 0 unchanged, 1 held" in sent.stdout
    assert "validity V201, case row 2, Where: " in sent.stdout


def test_a_second_one_on_the_same_folder_says_so(demo: Demo) -> None:
    second = ran("demo", "--data", demo.folder, "--port", 0)
    assert second.returncode == 1
    assert "a demonstration is running there already" in second.stderr
    assert demo.ask("/health/ready").status_code == 200


def test_a_port_in_use_is_told_before_anything_is_made(demo: Demo, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = ran("demo", "--data", tmp_path / "new", "--port", port)
    assert refused.returncode == 1
    assert f"Port {port}" in refused.stderr
    assert not (tmp_path / "new").exists()


def test_clients_are_made_and_the_log_verified_while_it_runs(demo: Demo, tmp_path: Path) -> None:
    out = tmp_path / "key.json"
    words = ("clients", "add", "Kent records", "--force", "kent", "--permission", "returns:read", "--out", out)
    assert ran(*words, "--data", demo.folder, "--url", demo.url).returncode == 0
    assert ran(*words, "--data", demo.folder).returncode == 1  # a key is never overwritten
    token = ran("token", "--key", out).stdout.strip()
    answer = httpx.get(f"{demo.url}/api/forces/kent/returns", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    verified = ran("audit", "verify", "--data", demo.folder)
    assert verified.returncode == 0
    assert verified.stdout.startswith("case-returns\n")
    listed = json.loads(ran("clients", "list", "--data", demo.folder, "--format", "json").stdout)
    assert len(listed) == 48


def test_it_ends_cleanly_comes_back_and_survives_being_killed(demo: Demo) -> None:
    assert demo.end() == 0
    assert not socket_of(demo.folder).exists()
    other = ran("demo", "--data", demo.folder, "--cases", 500, "--no-serve")
    assert other.returncode == 1
    assert "has 0 cases" in other.stderr

    again = started(demo.folder)
    key = json.loads((demo.folder / "keys" / "kent.json").read_text())
    assert key["audience"] == again.url  # the keys point to where it is now
    again.process.kill()
    again.process.wait(20)

    back = started(demo.folder)
    token = ran("token", "--key", demo.folder / "keys" / "nca.json").stdout.strip()
    picture = httpx.get(f"{back.url}/api/national/picture", headers={"Authorization": f"Bearer {token}"}, timeout=20)
    assert picture.json()["coverage"]["expected"] > 40
    assert back.end(signal.SIGTERM) == 0


def socket_of(folder: Path) -> Path:
    return folder / "postgres" / "run" / ".s.PGSQL.5432"
