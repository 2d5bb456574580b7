"""The page Star through a browser: embedded stars, uploads, and everything that can be wrong with them."""

from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

from core.gaia.releases import DR3
from core.spectra.grid import WAVELENGTH_NM
from tests.pages.in_process import open_page, text_of

GAIA_STAR = "5937083312263887616"


def embedded_star(data_dir) -> pd.Series:
    """A star of the sample that the server has drawn into its data folder."""
    import pyarrow.parquet as pq

    columns = ["source_id", "label", "phot_g_mean_mag"]
    for path in sorted(data_dir.rglob("*.parquet")):
        if set(columns) <= set(pq.read_schema(path).names):
            return pq.read_table(path, columns=columns).to_pandas().sort_values("phot_g_mean_mag").iloc[7]
    raise AssertionError(f"no embedded sample below {data_dir}")


def sampled_csv(source_id: int, flux: np.ndarray | None = None) -> bytes:
    """One spectrum as the archive writes sampled spectra in CSV."""
    flux = 1e-15 * (WAVELENGTH_NM / 500) ** -2 if flux is None else flux
    row = {"source_id": [source_id], "solution_id": [4545469030156206081]}
    for name, values in (("flux", flux), ("flux_error", np.abs(flux) / 50)):
        row[name] = ["(" + ", ".join(f"{value:.9g}" for value in values) + ")"]
    return pd.DataFrame(row).to_csv(index=False).encode()


def upload(browser, files: dict[str, bytes], *expected: str):
    """Upload files on the page Star and wait for texts."""
    buffers = [{"name": name, "mimeType": "", "buffer": data} for name, data in files.items()]
    browser.page.locator("input[type=file]").first.set_input_files(buffers)
    return browser.expect(*expected).settle()


def uploaded(files: dict[str, bytes]) -> str:
    """What the page Star, run in this process, says after these uploads."""
    page = open_page("pages/star.py")
    page.file_uploader[0].set_value([(name, data, "") for name, data in files.items()])
    page.run()
    assert [item.message for item in page.exception] == []
    return text_of(page.main)


def looked_up(query: str, **options: str) -> str:
    """What the page Star, run in this process, says to a look-up."""
    page = open_page("pages/star.py", source_id=query, **options)
    assert [item.message for item in page.exception] == []
    return text_of(page.main)


def test_an_empty_look_up_says_what_to_do(server, browser):
    browser.open(f"{server}/star").expect("Type a source id, or open a file of XP spectra.")


def test_an_embedded_star_is_found_by_its_id_without_a_network(server, browser, data_dir):
    browser.open(server).expect("A massive star")  # the first visit draws the embedded sample
    source_id = str(embedded_star(data_dir)["source_id"])
    browser.open(f"{server}/star?source_id={source_id}")
    browser.expect(f"SIM {source_id}", "simulated star", "Verdict:", "Probability of massive", "equal priors")
    browser.expect("With brightness and parallax, at equal priors", "of the stars are massive")
    browser.expect_figure("XP mean spectrum").expect("members of")
    assert browser.failures == []
    assert browser.foreign_requests == []


def test_a_typed_id_stands_in_the_address_and_survives_a_change_of_page(server, browser, data_dir):
    browser.open(server).expect("A massive star").follow("Star")
    source_id = str(embedded_star(data_dir)["source_id"])
    browser.look_up(source_id).expect(f"SIM {source_id}").settle()
    assert f"source_id={source_id}" in browser.page.url
    browser.follow("Overview").follow("Star").expect(f"SIM {source_id}")
    assert f"source_id={source_id}" in browser.page.url


def test_an_uploaded_synthetic_spectrum_gets_a_verdict(server, browser):
    upload(browser.open(f"{server}/star"), {"mine.csv": sampled_csv(4295806720)}, "Gaia DR3 4295806720", "Verdict:")
    assert browser.failures == []
    with browser.page.expect_download() as download:
        browser.page.get_by_role("button", name="CSV", exact=True).click()
    assert download.value.suggested_filename == "gaia_dr3_4295806720.csv"


def test_a_file_that_does_not_say_its_release_is_asked_about(server, browser):
    flux = sampled_csv(4295806976).decode().replace(",solution_id", "").replace(f",{DR3.solution_ids[-1]}", "").encode()
    asked = "Release of mine.csv: the file does not say it"
    upload(browser.open(f"{server}/star"), {"mine.csv": flux}, "Gaia DR3 4295806976", asked)
    browser.page.get_by_text("Gaia DR4", exact=True).last.click()
    browser.expect("Gaia DR4 4295806976", "networks trained on Gaia DR3's instrument").settle()
    named = {"gaia_dr4_mine.csv": flux}
    upload(browser.open(f"{server}/star"), named, "Gaia DR4 4295806976")
    assert "does not say it" not in browser.text
    assert browser.failures == []


def test_opened_files_belong_to_their_session(server, browser, chromium):
    from tests.pages.conftest import Visitor

    upload(browser.open(f"{server}/star"), {"mine.csv": sampled_csv(4295806848)}, "Verdict:")
    context = chromium.new_context()
    stranger = Visitor(context.new_page()).open(f"{server}/star?source_id=4295806848").expect("ithout a network")
    text = stranger.text
    context.close()
    assert "Verdict:" not in text


@pytest.mark.usefixtures("offline")
def test_a_spectrum_without_flux_is_noted_not_refused():
    assert "Not classified" in uploaded({"dark.csv": sampled_csv(4295806976, np.zeros(343))})


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("kind", ["csv", "ecsv", "fits", "vot"])
def test_each_datalink_zip_of_a_real_star_gets_a_verdict(archive_replies, kind):
    path = archive_replies / f"gaia_dr3_source_id_{GAIA_STAR}_dl_products_{kind}.zip"
    text = uploaded({path.name: path.read_bytes()})
    for expected in (f"Gaia DR3 {GAIA_STAR}", "Verdict:", "Probability of massive"):
        assert expected in text


BAD_UPLOADS = {
    "web page": ("page.csv", b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"),
    "error reply": (
        "reply.vot",
        b'<?xml version="1.0"?><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type='
        b'"results"><INFO name="QUERY_STATUS" value="ERROR">Quota exceeded</INFO></RESOURCE></VOTABLE>',
    ),
    "truncated zip": ("cut.zip", b"PK\x03\x04" + bytes(30)),
    "truncated FITS": ("cut.fits", b"SIMPLE  =                    T" + bytes(50)),
    "wrong number of samples": ("short.csv", b'source_id,flux\n4295806720,"(1e-15, 2e-15, 3e-15)"\n'),
    "rounded id": ("float.csv", b'source_id,flux\n5.93708331226e+18,"(1e-15, 2e-15, 3e-15)"\n'),
    "empty file": ("empty.csv", b""),
}


def test_bad_uploads_give_messages_that_name_the_file_and_the_good_one_is_kept(server, browser):
    files = dict(BAD_UPLOADS.values()) | {"good.csv": sampled_csv(4295807232)}
    messages = [f"{name} was not opened." for name, _ in BAD_UPLOADS.values()]
    upload(browser.open(f"{server}/star"), files, "Gaia DR3 4295807232", "Verdict:", *messages)
    assert "good.csv was not opened" not in browser.text
    assert browser.failures == []


@pytest.mark.usefixtures("offline")
def test_two_files_of_one_name_are_both_opened():
    page = open_page("pages/star.py")
    page.file_uploader[0].set_value([("same.csv", sampled_csv(item), "") for item in (4295807360, 4295807488)])
    text = text_of(page.run().main)
    assert [item.message for item in page.exception] == []
    for expected in ("same.csv, 1 spectrum", "same (2).csv, 1 spectrum", "Gaia DR3 4295807488"):
        assert expected in text


FAILED_LOOK_UPS = {
    "4295806721": "ithout a network",
    "5.937e18": "floating-point number",
    "99999999999999999999": "no Gaia source id",
    "Theta1 Ori C": "ithout a network",
    "'; DROP TABLE gaia_source; --": "ithout a network",
}


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("query", "expected"), FAILED_LOOK_UPS.items())
def test_look_ups_that_fail_say_why(query, expected):
    text = looked_up(query)
    assert expected in text
    assert "Verdict:" not in text


def test_a_link_to_the_page_cannot_load_a_picture_from_elsewhere(server, browser):
    query = "![x](https://picture.example/x.png)"
    browser.open(f"{server}/star?{urlencode({'source_id': query})}").expect("ithout a network")
    browser.expect(query)
    page = f"<html><title>{query}</title></html>".encode()
    upload(browser, {"![x](https:picture.csv": page}, "was not opened", query)
    assert browser.foreign_requests == []
    assert browser.failures == []


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("radius", ["abc", "-5", "1e999"])
def test_nonsense_in_the_options_is_ignored_or_named(radius):
    assert "ithout a network" in looked_up("10.5 -20.5", radius_arcsec=radius)


@pytest.mark.usefixtures("offline")
def test_an_unreadable_epoch_is_named():
    assert "the epoch 'soon' cannot be read" in looked_up("10.5 -20.5", epoch="soon")


def test_any_text_in_the_address_is_taken_for_a_look_up(server, browser):
    browser.open(f"{server}/star?source_id=%3Cscript%3E&run=..%2F..%2Fetc").expect("ithout a network")
    assert browser.failures == []
