"""Folders as people have them: what is a table is read, what is none is named."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from core import errors
from core.sky.cluster_file import read_star_table
from core.spectra.grid import WAVELENGTH_NM
from core.spectra.readers import LeftOut, read_bytes, read_spectra
from core.survey.partitions import plan_partitions
from tests.spectra import synthetic
from tests.spectra.collections_of_files import hats_collection
from tests.spectra.two_stars import IDS, SPECTRA, same_as_base


def test_a_folder_is_its_tables_and_names_the_rest(tmp_path):
    for source_id, flux in zip(IDS, SPECTRA.flux, strict=True):
        frame = pd.DataFrame({"wavelength": WAVELENGTH_NM, "flux": flux})
        frame.to_csv(tmp_path / f"{source_id}.csv", index=False)
    (tmp_path / "README.txt").write_text("Two stars.\nFetched in May.\n")
    (tmp_path / "notes.txt").write_text("nothing here\n")
    (tmp_path / "map.png").write_bytes(b"\x89PNG")
    left_out: list[LeftOut] = []
    found = read_spectra(tmp_path, on_left_out=left_out.append)
    row = {int(source_id): place for place, source_id in enumerate(found.source_id)}
    np.testing.assert_allclose(found.flux[[row[item] for item in IDS]], SPECTRA.flux, rtol=1e-12)
    assert {item.name for item in left_out} == {"README.txt", "notes.txt", "map.png"}
    assert not any(item.is_damage for item in left_out)
    plan = plan_partitions(tmp_path)
    assert len(plan.partitions) == 2
    assert set(plan.left_out) == {"README.txt", "notes.txt", "map.png"}
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    left_out.clear()
    assert len(read_spectra(tmp_path, on_left_out=left_out.append)) == 2
    assert [item.name for item in left_out if item.is_damage] == ["broken.parquet"]
    with pytest.raises(errors.TruncatedFileError, match=r"broken\.parquet"):
        read_spectra(tmp_path)


def test_a_hats_collection_is_its_catalogue_without_the_margin(tmp_path):
    hats_collection(tmp_path, pa.table({"source_id": SPECTRA.source_id, "flux": list(SPECTRA.flux)}))
    for place in (tmp_path, tmp_path / "stars"):
        left_out: list[LeftOut] = []
        same_as_base(read_spectra(place, on_left_out=left_out.append))
        assert not any(item.is_damage for item in left_out)
        assert [item.name for item in left_out] == (["stars_10arcs/"] if place == tmp_path else [])
        assert len(plan_partitions(place).partitions) == 2
    assert read_star_table(tmp_path).num_rows == 2
    with pytest.raises(errors.UnsupportedFormatError, match="margin"):
        read_spectra(tmp_path / "stars_10arcs")
    data = synthetic.zip_bytes(
        {item.relative_to(tmp_path).as_posix(): item.read_bytes() for item in tmp_path.rglob("*") if item.is_file()}
    )
    assert sorted(read_bytes("collection.zip", data).source_id) == sorted(IDS)
    next((tmp_path / "stars" / "dataset").rglob("Npix=4.parquet")).unlink()
    left_out = []
    assert read_spectra(tmp_path, on_left_out=left_out.append).source_id.tolist() == IDS[:1]
    assert [item.name for item in left_out if item.is_damage] == ["stars/dataset/Norder=0/Npix=4.parquet"]
