"""The release that a file states in its columns, epochs and lengths decides over its ids and coefficients."""

import numpy as np
import pyarrow as pa
import pytest
from astropy.table import Table

from core.archive.id_files import read_id_list
from core.errors import MixedReleasesError, SourceIdError, UsageError
from core.gaia.releases import DR2, DR3, DR4, RELEASES
from core.simulation.draw import simulate
from core.spectra.readers import read_spectra
from core.spectra.readers.batch import make_batch
from core.spectra.readers.releases import release_of_names

IDS = [5606384363823431683, 6477908579088072742]


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.key)
def test_every_name_of_a_column_of_ids_says_its_release(release):
    for name in release.id_columns:
        assert release_of_names([name, "flux"]) == release.key


@pytest.mark.parametrize("name", ["csv", "parquet", "vot", "fits", "ecsv"])
def test_the_processing_that_the_archive_names_says_the_release(name, tmp_path):
    flux = np.full((2, 343), 1e-16)
    for release in (DR3, DR2):
        table = Table({"source_id": IDS, "flux": flux, "solution_id": [release.solution_ids[-1]] * 2})
        if name == "csv":
            table["flux"] = ["(" + ",".join(map(str, row)) + ")" for row in flux]
        table.write(tmp_path / f"{release.key}.{name}", **({"format": "votable"} if name == "vot" else {}))
    found = read_spectra(tmp_path / f"dr3.{name}")
    assert (found.release, found.release_stated) == ("dr3", True)
    with pytest.raises(MixedReleasesError, match="the file says that it is of Gaia DR3, you said Gaia DR4"):
        read_spectra(tmp_path / f"dr3.{name}", release="dr4")
    with pytest.raises(MixedReleasesError, match="dr2_neighbourhood"):
        read_spectra(tmp_path / f"dr2.{name}")


@pytest.mark.parametrize("head", ["dr4_source_id", "GaiaDR4", "source_id,ref_epoch"])
def test_a_list_of_ids_of_another_release_is_refused_and_read_where_it_is_asked_for(head, tmp_path):
    path = tmp_path / "ids.csv"
    more = f",{DR4.reference_epoch}" if "," in head else ""
    path.write_text("\n".join([head, *(f"{item}{more}" for item in IDS)]))
    with pytest.raises(SourceIdError, match=f"--ids-of {DR4.key}"):
        read_id_list(path, DR3.key)
    assert read_id_list(path, DR4.key).ids.tolist() == IDS


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.key)
def test_one_list_of_coefficients_is_split_as_its_release_has_them(release):
    n_bp, n_rp = release.n_coefficients
    values = np.arange(2.0 * (n_bp + n_rp)).reshape(2, -1)
    table = make_batch(pa.table({"source_id": IDS, "coeff": values.tolist()}), {}, None).table
    assert np.array(table["bp_coefficients"].to_pylist()).tolist() == values[:, :n_bp].tolist()
    assert np.array(table["rp_coefficients"].to_pylist()).tolist() == values[:, n_bp:].tolist()


def test_correlations_are_simulated_for_one_instrument_alone(tmp_path):
    with pytest.raises(UsageError, match=DR4.name):
        simulate(
            "training", 2, 1, tmp_path / "stars.parquet", with_coefficients=True, with_correlations=True,
            instrument=DR4.key,
        )  # fmt: skip
