"""Settings: read once, strict about names, silent about secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import SettingsError, read_settings


def test_without_any_variable_there_are_sensible_settings() -> None:
    settings = read_settings({"HOME": "/home/someone"})
    assert settings.url() == "http://127.0.0.1:8000"
    assert settings.database_url is None


def test_variables_are_read_as_what_they_are() -> None:
    settings = read_settings({"CASE_RETURNS_PORT": "9000", "CASE_RETURNS_DATA": "/srv/data é", "CASE_RETURNS_HOST": ""})
    assert (settings.port, settings.data, settings.host) == (9000, Path("/srv/data é"), "127.0.0.1")


def test_an_unknown_variable_is_an_error_with_the_closest_name() -> None:
    with pytest.raises(
        SettingsError, match="CASE_RETURNS_DATABSE_URL is not a setting; did you mean CASE_RETURNS_DATABASE_URL"
    ):
        read_settings({"CASE_RETURNS_DATABSE_URL": "postgresql://x"})


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as found:
        read_settings({"CASE_RETURNS_PORT": "80000", "CASE_RETURNS_LOG_LEVEL": "loud", "CASE_RETURNS_NONSENSE": "1"})
    assert all(name in str(found.value) for name in ("PORT", "LOG_LEVEL", "NONSENSE"))


def test_a_secret_prints_as_stars_wherever_the_settings_are_shown() -> None:
    settings = read_settings({"CASE_RETURNS_DATABASE_URL": "postgresql://u:hidden@h/d"})
    assert "hidden" not in f"{settings} {settings!r} {settings.database_url}"
    assert settings.database_url is not None
    assert settings.database_url.reveal() == "postgresql://u:hidden@h/d"


def test_variables_of_the_tests_are_not_ours() -> None:
    read_settings({"CASE_RETURNS_TEST_DATABASE_URL": "postgresql://x"})


def test_the_command_line_wins_over_the_environment() -> None:
    assert read_settings({"CASE_RETURNS_PORT": "9000"}, port=9001, host=None).port == 9001
