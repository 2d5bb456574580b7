"""Every setting has a variable, a default and a message for nonsense."""

import traceback
from pathlib import Path

import pytest

from core.errors import UsageError
from core.settings import Settings, current_settings, setting_variables


def test_every_setting_has_a_variable_of_its_own():
    assert len(setting_variables()) == len(vars(Settings()))


@pytest.mark.parametrize("variable", setting_variables())
def test_an_empty_variable_is_as_good_as_none(variable, monkeypatch):
    monkeypatch.delenv(variable, raising=False)
    without = current_settings()
    monkeypatch.setenv(variable, "  ")
    assert current_settings() == without


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("EXPLORER_DATA_DIR", "/data", "local_dir", Path("/data")),
        ("EXPLORER_READ_ONLY", "yes", "read_only", True),
        ("EXPLORER_READ_ONLY", "0", "read_only", False),
        ("ALS_CATALOGUES", " a/b, c ,", "als_catalogues", ("a/b", "c")),
        ("ARCHIVE_TIMEOUT_S", "2.5", "archive_timeout_s", 2.5),
        ("EXPLORER_JOBS", "3", "most_jobs", 3),
    ],
)
def test_a_variable_is_read_as_its_kind(variable, text, name, value, monkeypatch):
    monkeypatch.setenv(variable, text)
    assert getattr(current_settings(), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("EXPLORER_READ_ONLY", "perhaps"),
        ("EXPLORER_JOBS", "many"),
        ("EXPLORER_JOBS", "1.5"),
        ("ARCHIVE_TIMEOUT_S", "-1"),
        ("ARCHIVE_TIMEOUT_S", "inf"),
        ("EXPLORER_RUNNER_IDLE_S", "nan"),
    ],
)
def test_nonsense_is_named_with_its_variable(variable, text, monkeypatch):
    monkeypatch.setenv(variable, text)
    with pytest.raises(UsageError, match=rf"{variable} is '{text}'; expected"):
        current_settings()


@pytest.mark.parametrize("variable", ["GAIA_TAP_URL", "GAIA_DATA_URL", "SIMBAD_URL", "VIZIER_URL"])
@pytest.mark.parametrize(
    "address", ["https://anna:hunter2@host/tap", "https://hunter2@host", "ftp://host", "https://host:port/", "host/tap"]
)
def test_an_archive_s_address_holds_no_secret(variable, address, monkeypatch):
    monkeypatch.setenv(variable, address)
    with pytest.raises(UsageError, match=rf"{variable} is .*expected http:// or https://, a host, and no") as raised:
        current_settings()
    assert "hunter2" not in "".join(traceback.format_exception(raised.value))
