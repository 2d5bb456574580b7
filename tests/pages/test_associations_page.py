"""The page Associations through a browser: the slider, deep links, members, film, and states without groups."""

import io
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.sky.samples import sky_with_groups

THREE = "three_groups.parquet"


@pytest.fixture(scope="module", autouse=True)
def samples(data_dir):
    """Small tables in the folder of samples: three groups in a field, and what can go wrong."""
    folder = data_dir / "samples"
    folder.mkdir(exist_ok=True)
    stars = sky_with_groups().assign(phot_g_mean_mag=12.0)
    stars.to_parquet(folder / THREE)
    stars.head(3).to_parquet(folder / "three_stars.parquet")
    stars.assign(parallax=-0.5).to_parquet(folder / "negative.parquet")
    stars.drop(columns=["pmra", "pmdec"]).to_parquet(folder / "no_motion.parquet")
    stars.drop(columns=["ra"]).to_parquet(folder / "no_position.parquet")
    stars.assign(probability=np.nan).to_parquet(folder / "unclassified.parquet")
    yield
    for path in folder.glob("*.parquet"):
        if path.stem in ("three_groups", "three_stars", "negative", "no_motion", "no_position", "unclassified"):
            path.unlink()


def address(server: str, **query) -> str:
    return f"{server}/associations?" + "&".join(f"{name}={value}" for name, value in query.items())


def groups_shown(browser) -> int:
    """Number of groups that the map's own slider states."""
    text = browser.page.get_by_role("status").filter(has_text="noise").first.inner_text()
    return int(re.search(r"([\d,]+) groups?", text)[1].replace(",", ""))


def groups_counted(browser) -> int:
    """Number on the card, which comes from the server."""
    card = browser.page.locator("[data-testid=stMetric]").filter(has_text="Groups")
    return int(card.locator("[data-testid=stMetricValue]").inner_text().replace(",", ""))


def test_a_cold_deep_link_reproduces_the_view_and_a_released_slider_changes_it(server, browser):
    browser.open(address(server, stars=THREE, eps_pc=30, min_samples=6)).expect("Stars searched")
    slider = browser.page.get_by_role("slider", name="eps (pc)")
    slider.wait_for()
    assert browser.page.get_by_role("status").filter(has_text="30 pc: 3 groups").count() == 1
    assert groups_counted(browser) == groups_shown(browser) == 3
    slider.press("Home")
    browser.page.get_by_role("status").filter(has_text="0 groups").wait_for()
    browser.expect("all are noise at these settings").settle()
    assert groups_counted(browser) == 0
    assert "eps_pc=1.5" in browser.page.url
    link = browser.page.url
    browser.open(link).expect("all are noise at these settings")
    assert groups_counted(browser) == 0
    assert browser.failures == []


def test_colours_follow_the_drag_before_the_slider_is_released(server, browser):
    browser.open(address(server, stars=THREE)).expect("Stars searched")
    slider = browser.page.get_by_role("slider", name="eps (pc)")
    before = groups_shown(browser)
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    browser.page.mouse.move(box["x"] + box["width"] / 2, middle)
    browser.page.mouse.down()
    browser.page.mouse.move(box["x"] + 3, middle, steps=8)
    assert groups_shown(browser) != before
    assert groups_counted(browser) == before  # the server has not been asked yet
    browser.page.mouse.up()
    browser.expect("all are noise").settle()
    assert groups_counted(browser) == groups_shown(browser)
    assert browser.failures == []


def test_a_click_on_a_star_leads_to_its_page(server, browser):
    browser.open(address(server, stars=THREE)).expect("Stars searched")
    canvas = browser.page.locator("canvas[role=img]").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    found = canvas.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            for (let i = 0; i < data.length; i += 4) {
                const [r, g, b, a] = data.slice(i, i + 4);  // members have colours, all else is grey
                if (a === 255 && Math.max(r, g, b) - Math.min(r, g, b) > 90)
                    return [(i / 4) % canvas.width, Math.floor(i / 4 / canvas.width)];
            }
        }"""
    )
    browser.page.mouse.click(box["x"] + found[0] + 1, box["y"] + found[1] + 1)
    link = browser.page.get_by_role("link", name=re.compile("Verdict on (Gaia DR3|SIM)"))
    link.wait_for()
    source_id = re.search(r"\d{5,}", link.inner_text())[0]
    link.click()
    browser.page.wait_for_url(f"**/star?source_id={source_id}*")
    browser.expect(source_id)


def test_a_group_can_be_chosen_and_its_members_downloaded(server, browser):
    browser.open(address(server, stars=THREE, group=0)).expect("Group 0")
    browser.expect("Its field on the Sky map")
    with browser.page.expect_download() as download:
        browser.page.get_by_role("button", name=re.compile("members, CSV")).click()
    members = pd.read_csv(download.value.path())
    assert (members["group"] == 0).all()
    assert len(members) >= 20
    assert browser.failures == []


def test_a_film_has_the_frames_it_should(server, browser):
    browser.open(address(server, stars=THREE, tab="3-D+and+film")).expect_figure("Groups around the Sun")
    browser.page.get_by_label("Frames of one turn").fill("12")
    browser.page.get_by_label("Frames of one turn").press("Tab")
    browser.settle()
    browser.page.get_by_role("button", name="Render GIF").click()
    button = browser.page.get_by_role("button", name=re.compile(r"GIF, [\d.]+ MB"))
    button.wait_for()
    with browser.page.expect_download() as download:
        button.click()
    film = Image.open(io.BytesIO(download.value.path().read_bytes()))
    assert film.n_frames == 12
    assert browser.failures == []


def test_settings_are_explained_and_checked(server, browser):
    browser.open(address(server, stars=THREE, tab="Choice+of+eps"))
    browser.expect_figure("Distances to the neighbour").expect_figure("Groups and noise at other settings")
    browser.page.get_by_role("tab", name="Stability and significance").click()
    browser.page.get_by_role("button", name=re.compile("Check these groups")).click()
    browser.expect("3 of 3 groups are stable and significant")
    assert browser.failures == []


def test_the_studys_setting_gives_one_group_and_says_why(server, browser):
    browser.open(address(server, stars=THREE)).expect("Stars searched")
    browser.page.get_by_role("button", name=re.compile("As published")).click()
    browser.expect("Why one giant group")
    assert groups_counted(browser) == 1
    assert "eps_pc=500" in browser.settle().page.url
    assert browser.failures == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"stars": "three_stars.parquet"}, "all are noise at these settings"),
        ({"stars": THREE, "eps_pc": 0}, "eps is 0; it must be above 0"),
        ({"stars": THREE, "eps_pc": "x", "space": "none", "min_samples": "-4", "tab": "no"}, "3 groups among"),
        ({"stars": THREE, "eps_pc": 5000, "space": "position"}, "Why one giant group"),
        ({"stars": THREE, "space": "sky", "eps_deg": 3}, "groups among"),
        ({"stars": THREE, "algorithm": "hdbscan"}, "groups among"),
        ({"stars": "negative.parquet"}, "None of 135 stars has what the space"),
        ({"stars": "no_motion.parquet"}, "groups among 135 stars"),
        ({"stars": "no_position.parquet"}, "This table cannot be used"),
        ({"stars": "unclassified.parquet"}, "No star passes these cuts"),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_states_without_a_picture_say_what_to_do(server, browser, query, expected):
    browser.open(address(server, **query)).expect(expected)
    assert browser.failures == []
