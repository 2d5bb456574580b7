"""Every file is written by `core.atomic`: what it leaves behind when the disk or the process ends in the middle."""

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from core.atomic import atomic_path, storage_error
from core.errors import ExplorerError, StorageError
from core.spectra.writers import ParquetWriter
from tests.faults.conftest import FULL, KILL, run_and_kill, run_on_small_disk
from tests.training.conftest import labelled_spectra

NEXT_STEPS = {
    errno.ENOSPC: "make room and do it again",
    errno.EDQUOT: "make room and do it again",
    errno.EFBIG: "choose another place",
    errno.EROFS: "EXPLORER_DATA_DIR",
    errno.EACCES: "EXPLORER_DATA_DIR",
    errno.ENOTDIR: "choose another place",
    errno.EIO: "look after the disk",
}


@pytest.mark.parametrize("number", NEXT_STEPS, ids=errno.errorcode.get)
def test_the_message_names_the_place_the_reason_and_the_next_step(tmp_path, number):
    path = tmp_path / "results.csv"
    path.write_text("finished")

    def write() -> None:
        with atomic_path(path) as beside:
            beside.write_text("half of")
            raise OSError(number, os.strerror(number), str(beside))

    with pytest.raises(StorageError) as caught:
        write()
    message = str(caught.value)
    assert message.startswith(f"{path} cannot be written: {os.strerror(number)}; ")
    assert NEXT_STEPS[number] in message
    assert isinstance(caught.value, ExplorerError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == message, "workers send it to the runner"
    assert path.read_text() == "finished"
    assert list(tmp_path.iterdir()) == [path]


def test_trouble_with_another_file_or_the_network_is_not_taken_for_the_disk(tmp_path):
    with pytest.raises(FileNotFoundError) as caught, atomic_path(tmp_path / "out.csv"):
        (tmp_path / "input.csv").read_text()
    assert not isinstance(caught.value, StorageError)
    for other in (ConnectionResetError(errno.ECONNRESET, "reset"), PermissionError(errno.EPERM, "no"), OSError("?")):
        assert storage_error(other, tmp_path / "out.csv") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_killed_writer_leaves_the_old_file_and_the_next_one_sweeps_up(tmp_path, kind):
    path = tmp_path / ("results" if kind == "folder" else "results.csv")
    if kind == "file":
        path.write_text("finished")
    half = "beside.mkdir(); (beside / 'a').write_text('half of')" if kind == "folder" else "beside.write_text('half')"
    run_and_kill(
        f"from core.atomic import atomic_path\nwith atomic_path(sys.argv[1]) as beside:\n    {half}\n    {KILL}", path
    )
    left = [item for item in tmp_path.iterdir() if item != path]
    assert [item.name.startswith(".results.") for item in left] == [True], "hidden from every list of results"
    assert path.read_text() == "finished" if kind == "file" else not path.exists()
    of_another = tmp_path / left[0].name.replace("results", "others", 1)
    of_another.write_text("not ours")
    with atomic_path(path) as beside:
        beside.write_text("finished again")
    assert path.read_text() == "finished again"
    assert sorted(tmp_path.iterdir()) == sorted([path, of_another])


def test_what_a_living_process_is_writing_is_left_alone(tmp_path):
    path = tmp_path / "results.csv"
    code = (
        "import sys\nfrom core.atomic import atomic_path\nwith atomic_path(sys.argv[1]) as beside:\n"
        "    beside.write_text('theirs'); print('begun', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "begun\n"
        with atomic_path(path) as beside:
            beside.write_text("ours")
        assert path.read_text() == "ours"
        other.communicate("")
    assert other.returncode == 0
    assert path.read_text() == "theirs"


def test_spectra_that_do_not_fit_leave_nothing(tmp_path, disk):
    spectra = labelled_spectra(40)
    for n_bytes in (64, 60_000):  # on opening the file, and in the middle or on closing it
        path = tmp_path / "x.parquet"
        with pytest.raises(StorageError, match=FULL), disk.full(n_bytes), ParquetWriter(path) as writer:
            writer.write(spectra)
        assert list(tmp_path.iterdir()) == []


_FILL = """
import os, sys
from pathlib import Path
from core.atomic import atomic_path
from core.errors import StorageError
folder = Path(sys.argv[1])
(folder / "finished.txt").write_text("finished")
try:
    with atomic_path(folder / "large.bin") as beside, beside.open("wb") as file:
        for _ in range(1000):
            file.write(os.urandom(10_000))
except StorageError as error:
    print(error)
print(sorted(os.listdir(folder)), (folder / "finished.txt").read_text())
"""


def test_a_disk_that_is_really_full(tmp_path):
    said, found = run_on_small_disk(tmp_path / "disk", 256, _FILL).splitlines()
    assert said.startswith(f"{Path(tmp_path, 'disk', 'large.bin')} cannot be written: No space left on device; make")
    assert found == "['finished.txt'] finished"


def test_a_name_that_is_no_text_is_refused_by_name(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.parquet")
    with pytest.raises(StorageError, match=r"udcff.*no UTF-8 text"), atomic_path(path):
        pass
    assert list(tmp_path.iterdir()) == []
