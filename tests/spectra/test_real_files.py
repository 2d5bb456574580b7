"""Real replies of the archive and real tables, where they are at hand."""

import numpy as np
import pytest

from core.settings import current_settings
from core.spectra.calibration import calibrate
from core.spectra.readers import read_bytes, read_spectra
from core.spectra.validation import usable

REPLIES = current_settings().real_data_dir / "archive_replies"
needs_replies = pytest.mark.skipif(not REPLIES.is_dir(), reason=f"no real archive replies in {REPLIES}")
STAR = 5937083312263887616


@needs_replies
@pytest.mark.parametrize("form", ["csv", "ecsv", "fits", "vot"])
def test_a_real_datalink_zip_gives_one_star_with_both_products(form):
    path = REPLIES / f"gaia_dr3_source_id_{STAR}_dl_products_{form}.zip"
    found = read_spectra(path)
    assert found.source_id.tolist() == [STAR]
    assert found.note.tolist() == [""]
    assert found.flux_error is not None
    np.testing.assert_allclose([found.flux[0, 0], found.flux_error[0, 0]], [4.3137092e-17, 5.7488387e-18], rtol=1e-7)
    np.testing.assert_allclose(found.metadata["dec"], -51.50535255488219)
    assert found.coefficients is not None
    np.testing.assert_allclose(found.coefficients.bp[0, :2], [3325.743093963916, -392.20328365493384], rtol=1e-15)
    calibrated, _ = calibrate(found.coefficients)
    assert np.abs(calibrated - found.flux).max() < 1e-3 * np.abs(found.flux).max()
    np.testing.assert_array_equal(read_bytes(path.name, path.read_bytes()).flux, found.flux)


@needs_replies
def test_real_raw_files_agree_with_each_other():
    text, document = (
        read_spectra(REPLIES / name)
        for name in ("XP_SAMPLED_RAW_dr3int6.csv", "XP_SAMPLED_RAW_votable_plain_dr3int6.xml")
    )
    assert text.source_id.tolist() == document.source_id.tolist() == [6, 4]
    np.testing.assert_allclose(text.flux, document.flux, rtol=1e-6)
    both = read_spectra(REPLIES / "XP_CONTINUOUS_RAW.csv")
    lacking = read_spectra(REPLIES / "XP_CONTINUOUS_RAW_with_missing_BP.csv")
    assert lacking.note.tolist() == ["", "the BP band is missing", ""]
    assert usable(lacking).tolist() == [True, False, True]
    np.testing.assert_allclose(lacking.flux[[0, 2]], both.flux, rtol=1e-10)


@needs_replies
def test_real_tables_note_their_gaps_and_keep_every_row():
    folder = REPLIES.parent
    found = read_spectra(folder / "xp_sampled.parquet")
    assert len(found) == 2387
    assert int((~usable(found)).sum()) == int((found.note != "").sum()) == 20
    calibrated = read_spectra(folder / "xp_continuous.parquet")
    assert len(calibrated) == 2341
    assert usable(calibrated).all()
    assert int((calibrated.metadata["error_note"] == "").sum()) == 25
