"""The page Sky map through a browser: views, many stars in cells, a click, links, and states without stars."""

import re

import numpy as np
import pandas as pd
import pytest

from core.gaia import frames
from core.gaia.source_id import first_id_of, healpix_at

MANY, ONE, BARE = "many_stars.parquet", "one_star.parquet", "bare.parquet"
N_MANY = 25_000


@pytest.fixture(scope="module", autouse=True)
def samples(data_dir):
    """25,000 stars around the Galactic centre, one star, and one table without distances."""
    folder = data_dir / "samples"
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(1)
    l_deg, b_deg = rng.normal(0, 12, N_MANY) % 360, np.clip(rng.normal(0, 6, N_MANY), -89, 89)
    ra, dec = frames.icrs(l_deg, b_deg)
    many = pd.DataFrame({"source_id": first_id_of(healpix_at(ra, dec)) + np.arange(N_MANY), "ra": ra, "dec": dec})
    many["parallax"], many["parallax_error"] = 1.0, 0.02
    many["probability"], many["phot_g_mean_mag"] = rng.uniform(0.5, 1.0, N_MANY), rng.uniform(6, 17, N_MANY)
    many.to_parquet(folder / MANY)
    many.head(1).to_parquet(folder / ONE)
    many.head(200)[["source_id", "ra", "dec"]].to_parquet(folder / BARE)
    yield
    for name in (MANY, ONE, BARE):
        (folder / name).unlink()


def click_middle(browser, answer) -> None:
    """Click the middle of the map once its mark shows its card: before its first picture deck.gl hears no clicks."""
    chart = browser.page.locator("[data-testid=stDeckGlJsonChart]")
    chart.locator("canvas").first.wait_for()
    chart.scroll_into_view_if_needed()
    for step in range(300):
        box = chart.bounding_box()
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        browser.page.mouse.move(middle[0] + step % 2, middle[1])  # deck.gl looks for a mark when the pointer moves
        browser.page.wait_for_timeout(200)
        if chart.locator(".deck-tooltip").first.is_visible():
            browser.page.mouse.click(*middle)
            answer.wait_for(timeout=60_000)
            return
    raise AssertionError("the map shows no card of what is under the pointer")


def test_a_clicked_star_leads_to_its_page(server, browser, data_dir):
    star = pd.read_parquet(data_dir / "samples" / ONE).iloc[0]
    (l_deg,), (b_deg,) = frames.galactic(np.array([star["ra"]]), np.array([star["dec"]]))
    browser.open(f"{server}/sky_map?stars={ONE}&l={l_deg:.4f}&b={b_deg:.4f}&radius=2&names=false")
    browser.expect("Each mark is a star (1 star)")
    link = browser.page.get_by_role("link", name=f"Verdict on Gaia DR3 {int(star['source_id'])}")
    click_middle(browser, link)
    assert browser.foreign_requests == []
    link.click()
    browser.page.wait_for_url(f"**/star?source_id={int(star['source_id'])}")
    assert browser.failures == []


def test_many_stars_come_in_cells_that_can_be_opened(server, browser):
    browser.open(f"{server}/sky_map?stars={MANY}&names=false&colour=magnitude").expect(
        "25,000 stars in ", "HEALPix cells"
    )
    button = browser.page.get_by_role("button", name=re.compile("Zoom to l ="))
    click_middle(browser, button)
    button.click()
    browser.expect("Each mark is a star").settle()
    assert "radius=" in browser.page.url
    aladin = browser.page.get_by_role("link", name="This field in Aladin Lite")
    assert "aladin.cds.unistra.fr" in aladin.get_attribute("href")
    assert browser.failures == []


@pytest.mark.parametrize("projection", ["plate", "sphere", "space"])
def test_every_view_is_drawn_without_a_map_server(server, browser, projection):
    browser.open(f"{server}/sky_map?stars={MANY}&projection={projection}&threshold=0.97")
    browser.page.locator("[data-testid=stDeckGlJsonChart] canvas").first.wait_for()
    browser.expect("Heliocentric Galactic places" if projection == "space" else "Galactic coordinates")
    assert browser.failures == []
    assert browser.foreign_requests == []


def test_choices_travel_to_the_associations_and_back(server, browser):
    browser.open(f"{server}/sky_map?stars={ONE}&threshold=0.3").expect("Each mark is a star")
    browser.follow("Find groups among these stars").expect("Stars searched")
    assert f"stars={ONE}" in browser.page.url
    assert "threshold=0.3" in browser.page.url
    browser.follow("Sky map").expect("Each mark is a star")
    assert f"stars={ONE}" in browser.page.url


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"stars={MANY}&threshold=0.99&l=0&b=90&radius=1", "No star of this table passes"),
        (f"stars={BARE}&projection=space&colour=group", "Each mark is a star (200 stars)"),
        (f"stars={ONE}&l=x&b=900&radius=-1&projection=none&colour=%00&ruwe=abc", "Each mark is a star"),
        ("stars=../../etc/passwd", "Each mark is a star"),
    ],
    ids=["empty field", "no distances", "nonsense", "no such table"],
)
def test_states_without_a_map_say_what_to_do(server, browser, query, expected):
    browser.open(f"{server}/sky_map?{query}").expect(expected)
    assert browser.failures == []
