"""Lists of known stars: fetched once, found again by id, kept when another one fails."""

import pyarrow.parquet as pq
import pytest

from core.__main__ import main
from core.datasets.known_stars import ALS_FILE, GOLD_FILE, known_stars, known_stars_dir
from core.datasets.known_stars_download import fetch_known_stars
from core.errors import ExplorerError
from tests.archive.stand_in import Fault


def test_both_lists_are_fetched_once_and_joined(archive, client, capsys):
    assert len(known_stars()) == 0
    counts = fetch_known_stars(client)
    found = known_stars().to_pandas().set_index("source_id")["known_as"]
    assert found.index.is_unique
    kinds = dict(zip(archive.sky.gaia["source_id"], archive.sky.kind, strict=True))
    golden = found[found == "Gaia golden OBA"]
    listed = found[found.str.startswith("ALS")]
    assert counts[GOLD_FILE.removesuffix(".parquet")] >= len(golden) > 0
    assert len(listed) == counts[ALS_FILE.removesuffix(".parquet")] > 0
    assert {kinds[item] for item in listed.index} <= {"ob", "late_b", "subdwarf"}
    assert listed.str.contains("ALS massive, ").any()
    asked = sum(archive.counts.values())
    assert main(["known-stars"]) == 0
    assert sum(archive.counts.values()) == asked
    assert f"{len(listed)} stars" in capsys.readouterr().out


def test_a_list_is_kept_when_the_next_one_fails(archive, client):
    archive.faults.add(Fault("job_error", "tap", -1))
    with pytest.raises(ExplorerError):
        fetch_known_stars(client)
    assert not (known_stars_dir() / GOLD_FILE).exists()
    archive.faults.clear()
    fetch_known_stars(client)
    assert pq.read_metadata(known_stars_dir() / GOLD_FILE).num_rows > 0
