"""The files under deploy/ say what the service is, and keep what they promise."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.settings import Settings, read_settings
from tests.support.deployed import DATA, DEPLOY, instructions, last_stage, of_container, of_unit, settings_example, unit
from tests.support.wheel import ROOT

EXPOSURE = 20
"""Of systemd-analyze security, in tenths: 2.0 of 10."""

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")


def test_the_container_runs_as_nobody_in_particular_and_names_no_registry() -> None:
    stage = last_stage()
    user, group = map(int, stage["USER"].split(":"))
    assert user == group >= 10_000
    assert f"--uid {user} " in stage["RUN"]
    images = [rest.partition(" AS ")[0] for word, rest in instructions() if word == "FROM"]
    assert len(images) == 2
    assert all(re.fullmatch(r"[a-z]+:[a-z0-9.-]+", image) for image in images), images


def test_the_running_stage_has_the_installed_program_and_nothing_of_the_source() -> None:
    stages = " ".join(word for word, _ in instructions()).split("FROM")
    copied = [rest for word, rest in instructions() if word == "COPY" and rest.startswith("--from=")]
    assert stages[-1].split().count("COPY") == 1
    assert copied == ["--from=build /opt/case-returns /opt/case-returns"]
    assert last_stage()["VOLUME"] == of_container().environment["CASE_RETURNS_DATA"] == DATA


def test_every_file_that_the_build_copies_is_there() -> None:
    copied = [rest.split() for word, rest in instructions() if word == "COPY" and not rest.startswith("--from=")]
    named = [name for words in copied for name in words[:-1]]
    assert {"service", "contracts", "requirements.lock", "package-lock.json", "hatch_build.py"} <= set(named)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_health_is_asked_of_the_readiness_that_the_service_has() -> None:
    document = json.loads((ROOT / "openapi" / "openapi.json").read_text("utf-8"))
    asked = re.findall(r"/health/[a-z]+", last_stage()["HEALTHCHECK"])
    assert asked == ["/health/ready"]
    assert asked[0] in document["paths"]


@pytest.mark.parametrize("given", [of_container().environment, of_unit().environment, settings_example()])
def test_every_setting_is_one_that_there_is(given: dict[str, str]) -> None:
    read_settings(given)


def test_the_example_offers_what_an_operator_may_set_and_holds_no_secret() -> None:
    text = (DEPLOY / "case-returns.env").read_text("utf-8")
    offered = dict(line.lstrip("#").split("=", 1) for line in text.splitlines() if re.match(r"#?CASE_RETURNS_", line))
    assert isinstance(read_settings(offered), Settings)
    assert settings_example() == {"CASE_RETURNS_BASE_URL": "https://returns.example"}
    assert {"CASE_RETURNS_DATABASE_URL", "CASE_RETURNS_MIGRATE_URL", "CASE_RETURNS_LOG_LEVEL"} <= set(offered)
    for value in offered.values():
        assert "PASSWORD" in value or "@" not in value


def test_container_and_unit_start_the_same_program_and_the_unit_migrates_first() -> None:
    assert of_unit().command == of_container().command
    assert of_unit().before == [[of_unit().command[0], "migrate"]]
    assert unit()["Service"]["EnvironmentFile"] == "/etc/case-returns/case-returns.env"


def test_the_unit_has_an_account_of_its_own_and_one_folder_to_write_into() -> None:
    said = dict(unit()["Service"])
    wanted = {
        "DynamicUser": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "NoNewPrivileges": "yes",
        "StateDirectory": "case-returns",
        "CapabilityBoundingSet": "",
        "MemoryDenyWriteExecute": "yes",
    }
    assert {name: said[name] for name in wanted} == wanted
    assert "ReadWritePaths" not in said


@with_systemd
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    program = tmp_path / "case-returns"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    written = tmp_path / "case-returns.service"
    text = (DEPLOY / "case-returns.service").read_text("utf-8")
    written.write_text(text.replace(of_unit().command[0], str(program)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(written)], capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "case-returns.service" in line]
    assert not ours
    assert text.count(of_unit().command[0]) == 2


@with_systemd
def test_systemd_finds_little_that_the_unit_exposes() -> None:
    words = [
        "security",
        "--offline=true",
        "--no-pager",
        f"--threshold={EXPOSURE}",
        str(DEPLOY / "case-returns.service"),
    ]
    done = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-600:] + done.stderr
    assert "Overall exposure level" in done.stdout


def test_the_page_says_the_same_as_the_files() -> None:
    page = (DEPLOY / "README.md").read_text("utf-8")
    for name in ("Containerfile", "case-returns.service", "case-returns.env"):
        assert f"`deploy/{name}`" in page
    assert str(of_container().uid) in page
    settings = set(re.findall(r"CASE_RETURNS_[A-Z_]+[A-Z]", page))
    assert settings <= {f"CASE_RETURNS_{name.upper()}" for name in Settings.__struct_fields__}
    assert "podman build --file deploy/Containerfile" in page
    for line in ("uv pip install --python /opt/case-returns/bin/python", "--constraints requirements.lock"):
        assert line in page
        assert line in dict(instructions())["RUN"] or line in " ".join(rest for _, rest in instructions())
