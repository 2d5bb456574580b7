"""The proxy's configuration that docs/deploy.md gives is one that nginx reads."""

import re
import shutil
import subprocess

import pytest

from core.settings import PROJECT_ROOT

BLOCK = re.search(r"```nginx\n(.*?)```", (PROJECT_ROOT / "docs" / "deploy.md").read_text(encoding="utf-8"), re.DOTALL)


def test_it_bounds_what_the_app_does_not():
    assert BLOCK is not None
    text = BLOCK.group(1)
    for word in ("limit_conn uploads", "limit_conn windows", "limit_req zone=sent", "proxy_request_buffering on"):
        assert word in text
    assert text.count("{") == text.count("}")


@pytest.mark.skipif(shutil.which("nginx") is None, reason="no nginx here")
def test_nginx_reads_it(tmp_path):
    assert BLOCK is not None
    file = tmp_path / "nginx.conf"
    begin = f"pid {tmp_path}/nginx.pid;\nerror_log {tmp_path}/error.log;\nevents {{}}\n"
    file.write_text(f"{begin}http {{\n{BLOCK.group(1)}}}\n")
    done = subprocess.run(["nginx", "-t", "-c", file], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
