"""The page My stars through a browser: a list of real stars from the upload to files that other programs open."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.table import Table

from core.datasets.real_stars import real_stars_path
from core.gaia.labels import MASSIVE
from tests.pages.test_star_page import sampled_csv, upload

N_STARS = 40


@pytest.fixture(scope="module")
def real_file():
    """Real spectra of the shipped sample as a file: ids, flux, labels and types, one row without a value."""
    path = real_stars_path()
    if path is None:
        pytest.skip("the sample of real stars is not installed")
    table = pq.read_table(path, columns=["source_id", "flux", "label", "spectral_type"])
    labels = np.array([str(item) for item in table["label"].to_pylist()])
    rows = np.concatenate([np.flatnonzero(labels == name)[: N_STARS // 2] for name in (MASSIVE, "low-mass")])
    chosen = table.take(rows)
    flux = chosen["flux"].to_pylist()
    flux[3] = [float("nan")] * len(flux[3])
    chosen = chosen.set_column(1, "flux", [flux]).rename_columns(["source_id", "flux", "label", "spectral_type"])
    stream = io.BytesIO()
    pq.write_table(chosen, stream)
    return stream.getvalue(), [str(item) for item in chosen["source_id"].to_pylist()]


def download(browser, name: str, place: int = 0) -> bytes:
    with browser.settle().page.expect_download() as found:
        browser.page.get_by_role("button", name=name, exact=True).nth(place).click()
    with open(found.value.path(), "rb") as file:
        return file.read()


def test_from_the_upload_to_files_that_other_programs_open(server, browser, real_file, tmp_path):
    data, _ = real_file
    upload(browser.open(f"{server}/star"), {"mine.parquet": data}, "Verdict:")
    browser.follow(f"Classify all {N_STARS} opened stars")
    browser.expect("Massive at equal priors", f"{N_STARS} of {N_STARS} stars", "Gaia's columns are not merged in")
    browser.expect("Unknown: the parallax of all")
    browser.page.get_by_text("massive", exact=True).first.click()
    browser.settle()
    shown = browser.page.get_by_text(f"of {N_STARS} stars, the most probable first").inner_text()
    n_massive = int(shown.split(" of ")[0])
    assert 0 < n_massive < N_STARS
    table = Table.read(io.BytesIO(download(browser, "VOTable")), format="votable")
    assert len(table) == n_massive
    assert (np.asarray(table["probability"]) >= 0.5).all()
    assert str(table["parallax"].unit) == "mas"
    assert set(table["run"]) == {"default_run"}
    browser.page.get_by_text("Compare with what the file knows").click()
    column = browser.settle().page.get_by_role("combobox", name="Column that says the truth")
    column.click()
    column.fill("label")  # opens the menu, also where the expander still moved under the click
    browser.page.get_by_role("option", name="label", exact=True).click()
    browser.expect("are massive by", "purity")
    browser.follow("Everything about this star").expect("Verdict: massive").expect_figure("XP mean spectrum")
    browser.page.get_by_text("For Specviz, specutils, TOPCAT and SPLAT").click()
    specutils = pytest.importorskip("specutils")
    path = tmp_path / "star.ecsv"
    path.write_bytes(download(browser, "ECSV"))
    found = specutils.Spectrum.read(path)
    assert str(found.spectral_axis.unit) == "nm"
    assert browser.failures == []
    assert browser.foreign_requests == []


def test_a_pasted_list_says_what_is_missing_and_shows_the_rest(server, browser, real_file):
    _, ids = real_file
    browser.open(f"{server}/my_stars").expect("every star of it is classified at once")
    field = browser.page.get_by_role("textbox", name="Ids, names or a circle on the sky")
    field.fill(f"{ids[0]}\n{ids[0]}\nGaia DR2 128\nTheta1 Ori C\n4295806720\n5.9e18\ncone 83.8 -5.4 0.1")
    field.press("Control+Enter")
    browser.settle().page.get_by_role("button", name="Look them up").click()
    browser.expect("2 of 2 stars", "came more than once", "could not be translated", "names were not looked up")
    browser.expect("was not searched", "floating-point number")
    assert browser.failures == []


def test_a_list_goes_to_the_map_and_simulated_stars_are_called_so(server, browser):
    from core.simulation.single_star import simulate_star
    from ui.parts.downloads import spectra_bytes

    _, star = simulate_star(30_000, 4.0, 0.0, 1.0, 3.1, 12.0, 1)
    files = {"sim.parquet": spectra_bytes(star, ".parquet"), "mine.csv": sampled_csv(4295806720)}
    upload(browser.open(f"{server}/my_stars"), files, "Massive at equal priors")
    browser.page.get_by_role("combobox", name="List").click()
    browser.page.get_by_role("option", name="All 2 stars").click()
    browser.expect("2 of 2 stars", "simulated and do not exist").settle()
    assert browser.page.get_by_text("SIM 1").count()
    browser.page.get_by_role("link", name="1 stars on the Sky map").click()
    browser.settle().expect("Each mark is a star (1 star)")
    assert browser.failures == []
