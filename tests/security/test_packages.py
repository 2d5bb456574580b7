"""The locked packages carry their hashes, the container installs them by these, and it does not run as root."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import PROJECT_ROOT

LOCK = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
DOCKERFILE = (PROJECT_ROOT / "Dockerfile").read_text(encoding="utf-8")
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


HADOLINT = Path(sys.executable).parent / "hadolint"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_locked_package_has_one_version_and_hashes():
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", LOCK, flags=re.MULTILINE).strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[\w.\-\[\]]+==[\w.+!]+", entry), entry.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry.splitlines()[0]
    assert "--index-url" not in LOCK
    assert "://" not in LOCK


def test_every_runtime_requirement_is_locked_within_its_range():
    locked = {
        normal(name): version for name, version in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([\w.+!]+)", LOCK, re.M)
    }
    text = "".join((PROJECT_ROOT / f"requirements{part}.txt").read_text(encoding="utf-8") for part in ("-common", ""))
    for name, least in re.findall(r"^([A-Za-z][\w.-]*)(?:\[[^\]]*\])?>=(\d+)", text, re.MULTILINE):
        assert normal(name) in locked, name
        assert int(locked[normal(name)].split(".")[0]) >= int(least), name


def test_the_base_image_is_pinned_to_a_full_version():
    first = DOCKERFILE.split("FROM ")[1].splitlines()[0]
    assert re.match(r"python:3\.\d+\.\d+-slim-\w+ AS base$", first)
    assert all(stage.startswith("base AS") for stage in STAGES[1:])


def test_each_stage_that_runs_has_a_user_a_health_check_and_no_shell_form():
    for stage in STAGES[1:]:
        name = stage.splitlines()[0]
        order = [line.split()[0] for line in stage.splitlines() if re.match(r"[A-Z]+ ", line)]
        assert "USER 10001:10001" in stage, name
        assert order.index("USER") > order.index("RUN"), "packages are installed by root, the program runs without"
        assert "HEALTHCHECK" in stage, name
        assert "/_stcore/health" in stage, name
        assert re.search(r"^CMD \[", stage, re.MULTILINE), name
        assert re.search(r"^VOLUME /data$", stage, re.MULTILINE), name
    assert "useradd --uid 10001" in STAGES[0]
    assert "ADD " not in DOCKERFILE
    assert "sudo" not in DOCKERFILE


def test_the_last_stage_installs_by_hash():
    assert STAGES[-1].startswith("base AS cpu")
    assert "--require-hashes -r requirements.lock" in STAGES[-1]


@pytest.mark.skipif(not HADOLINT.is_file(), reason="no hadolint here: see requirements-dev.txt")
def test_hadolint_finds_nothing_in_the_dockerfile_and_something_in_a_worse_one(tmp_path):
    def status(path: Path) -> int:
        return subprocess.run([str(HADOLINT), str(path)], capture_output=True, check=False, timeout=60).returncode

    worse = tmp_path / "Dockerfile"
    worse.write_text(re.sub(r"python:\S+", "python:latest", DOCKERFILE), encoding="utf-8")
    assert status(PROJECT_ROOT / "Dockerfile") == 0
    assert status(worse) == 1


def test_what_must_not_be_in_an_image_is_left_out():
    ignored = (PROJECT_ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".streamlit/secrets.toml", "tests"} <= set(ignored)
    copied = set(re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE))
    for names in copied - {"."}:
        assert all((PROJECT_ROOT / name).is_file() for name in names.split()), names


def test_secrets_are_not_under_version_control():
    assert ".streamlit/secrets.toml" in (PROJECT_ROOT / ".gitignore").read_text(encoding="utf-8").split()
