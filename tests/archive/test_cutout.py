"""A picture of the sky: asked for once, kept, and named errors without a network or with a slow server."""

import numpy as np
import pytest
from astroquery.hips2fits import hips2fitsClass
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ReadTimeout

from core.archive.cutout import TIMEOUT_S, cutout_file, sky_cutout
from core.errors import ArchiveError, OfflineError

PLACE = (308.5, 41.6)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("EXPLORER_DATA_DIR", str(tmp_path))


def test_a_picture_is_asked_for_once_and_kept(monkeypatch):
    asked = []

    def query(self, **choices):
        asked.append(choices)
        assert self.timeout == TIMEOUT_S
        return np.zeros((400, 400, 3), dtype=np.uint8)

    monkeypatch.setattr(hips2fitsClass, "query", query)
    path = sky_cutout(*PLACE)
    assert sky_cutout(*PLACE) == path == cutout_file(*PLACE, 6.0, "CDS/P/DSS2/color")
    assert path.read_bytes()[:2] == b"\xff\xd8"
    assert len(asked) == 1
    assert asked[0]["ra"].deg == pytest.approx(PLACE[0])


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (ReadTimeout("slow"), ArchiveError, "slow or down"),
        (NoConnection("no route"), OfflineError, "needs a network"),
        (OSError("cannot identify image file"), ArchiveError, "sent no picture"),
    ],
)
def test_what_fails_is_named_and_nothing_is_kept(monkeypatch, fault, error, words):
    def query(self, **choices):
        raise fault

    monkeypatch.setattr(hips2fitsClass, "query", query)
    with pytest.raises(error, match=words):
        sky_cutout(*PLACE)
    assert not cutout_file(*PLACE, 6.0, "CDS/P/DSS2/color").exists()
