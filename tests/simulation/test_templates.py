"""The nearest real template: scale does not matter, shape does."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings import current_settings
from core.simulation.extinction import transmission
from core.simulation.templates import A_V_STEPS, FILE_NAME, nearest_template
from core.spectra.grid import WAVELENGTH_NM

SLOPES = {"B0V": -3.0, "A0V": -2.0, "K0V": 1.0}


def power_law(slope: float) -> np.ndarray:
    return 1e-15 * (WAVELENGTH_NM / 500) ** slope


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    rows = [{"spectral_type": name, "flux": power_law(slope)} for name, slope in SLOPES.items()]
    rows.append({"spectral_type": "gap", "flux": np.full(343, np.nan)})
    pd.DataFrame(rows).to_parquet(folder / FILE_NAME)
    return folder


@given(name=st.sampled_from(sorted(SLOPES)), scale=st.floats(1e-6, 1e6))
def test_a_template_is_its_own_nearest_at_any_brightness(folder, name, scale):
    found = nearest_template(scale * power_law(SLOPES[name]), folder)
    assert found.spectral_type == name
    assert found.distance == pytest.approx(0, abs=1e-7)
    np.testing.assert_allclose(found.flux, scale * power_law(SLOPES[name]), rtol=1e-9)


@given(name=st.sampled_from(sorted(SLOPES)), step=st.integers(0, len(A_V_STEPS) - 1))
def test_a_star_is_found_behind_its_dust(folder, name, step):
    a_v = float(A_V_STEPS[step])
    dust = transmission(WAVELENGTH_NM, np.array([abs(a_v)]))[0]
    reddened = power_law(SLOPES[name]) * (dust if a_v >= 0 else 1 / dust)
    found = nearest_template(reddened, folder)
    assert found.distance == pytest.approx(0, abs=1e-7)
    assert (found.spectral_type, found.a_v) == (name, pytest.approx(a_v))


def test_without_templates_there_is_none(tmp_path):
    assert nearest_template(power_law(-2), tmp_path) is None


def test_the_real_templates_know_themselves():
    path = current_settings().real_data_dir / FILE_NAME
    if not path.is_file():
        pytest.skip(f"no real templates in {path.parent}")
    table = pd.read_parquet(path)
    for row in table[table["spectral_type"].isin(["B0V", "A5V", "G2V", "M3V"])].itertuples():
        assert nearest_template(np.asarray(row.flux)).spectral_type == row.spectral_type
