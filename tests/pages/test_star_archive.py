"""The page Star with the stand-in archive behind it: every way in, every fault, and afterwards without a network.

The page runs in this process where what it says is tested, and in a browser where a click, a field or a server is.
"""

from urllib.parse import urlencode

import pytest
from streamlit.testing.v1 import AppTest

from core.archive.cache import StarCache
from core.archive.client import ArchiveClient
from core.archive.retry import RetryPolicy
from core.datasets.built import build_dataset
from core.datasets.embedded import embedded_dataset
from core.settings import current_settings
from core.star.lookup import find_star
from tests.archive.stand_in import Fault, StandIn, build_sky
from tests.archive.stand_in.sky import NO_DR3_NAME, RECORDED_ID, THETA1_ORI_C
from tests.pages.conftest import running_server
from tests.pages.in_process import open_page, text_of

SLOW_S, TIMEOUT_S = 2.5, 2.0
FAULTS = [
    ("slow", "tap", SLOW_S, "did not answer in time", "try again later"),
    ("drop", "data", 0, "was cut off", "nothing of it was kept"),
    ("fewer", "data", 1, "delivered none", "try again in a minute"),
    ("html", "data", 0, "Gaia Archive maintenance", "nothing of it was kept"),
    ("status", "tap", 429, "asks for fewer requests", "try again in a minute"),
    ("status", "tap", 500, "HTTP 500", "Try again later"),
    ("status", "data", 502, "HTTP 502", "Try again later"),
    ("status", "tap", 503, "HTTP 503", "Try again later"),
    ("quota", "data", 0, "quota for anonymous users", "Try again in some hours"),
    ("error_votable", "tap", 0, "answered", "error"),
    ("empty", "tap", 0, "has no source", "check the id"),
]
"""kind, which service, value, what the page says happened, what it says to do."""


@pytest.fixture(scope="module")
def archive():
    with StandIn(build_sky(150, seed=1)) as archive:
        yield archive


@pytest.fixture(scope="module")
def own_dir(data_dir, tmp_path_factory):
    """A data folder with a cache of its own; the embedded sample is that of the other tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EXPLORER_DATA_DIR", str(data_dir))
        drawn = embedded_dataset()
    folder = tmp_path_factory.mktemp("archive")
    (folder / drawn.name).symlink_to(drawn)
    return folder


@pytest.fixture(scope="module")
def online(archive, own_dir):
    """A server with the stand-in behind it."""
    with running_server(own_dir, archive.environment) as address:
        yield address


@pytest.fixture
def cache(archive, own_dir):
    """What the servers have cached; the archive behaves unless a test says otherwise."""
    archive.faults.clear()
    yield StarCache(own_dir / "cache" / "archive")
    archive.faults.clear()


@pytest.fixture
def at_archive(archive, own_dir, monkeypatch):
    """A client in this process, with the settings of the servers."""
    for name, value in (archive.environment | {"EXPLORER_DATA_DIR": str(own_dir)}).items():
        monkeypatch.setenv(name, value)
    return ArchiveClient(policy=RetryPolicy(3, 0.01), settings=current_settings())


def open_star(query) -> AppTest:
    """The page Star in this process, asked for `query`."""
    return open_page("pages/star.py", source_id=str(query))


def said(app: AppTest) -> str:
    """What the page's main part says; it has not failed."""
    assert [item.message for item in app.exception] == []
    return text_of(app.main)


def unseen(archive, cache):
    """A star with a spectrum that is not in the cache."""
    ids = archive.sky.gaia.loc[~archive.sky.gaia["has_rvs"], "source_id"]
    return next(int(item) for item in ids if item not in set(cache.source_ids()) | {RECORDED_ID})


@pytest.mark.parametrize(
    ("kind", "service", "value", "happened", "to_do"), FAULTS, ids=[f"{f[0]}-{f[2]}" for f in FAULTS]
)
@pytest.mark.usefixtures("at_archive")
def test_a_fault_is_explained_and_a_second_try_succeeds(
    archive, cache, monkeypatch, kind, service, value, happened, to_do
):
    monkeypatch.setenv("ARCHIVE_TIMEOUT_S", str(TIMEOUT_S))
    source_id = unseen(archive, cache)
    before = cache.source_ids().tolist()
    archive.faults.add(Fault(kind, service, -1, value))
    page = open_star(source_id)
    text = said(page)
    assert happened in text
    assert to_do in text
    assert "Verdict:" not in text
    assert cache.source_ids().tolist() == before
    archive.faults.clear()
    next(item for item in page.button if item.label == "Try again").click().run()
    text = said(page)
    assert f"Gaia DR3 {source_id}" in text
    assert "Verdict:" in text
    assert page.text_input(key="source_id").value == str(source_id)
    assert cache.source_ids().tolist() == sorted([*before, source_id])


def test_try_again_is_a_button_in_the_browser(archive, online, cache, browser):
    source_id = unseen(archive, cache)
    archive.faults.add(Fault("html", "data", -1, 0))
    browser.open(f"{online}/star?source_id={source_id}").expect("Gaia Archive maintenance", "nothing of it was kept")
    assert "Verdict:" not in browser.text
    archive.faults.clear()
    browser.page.get_by_role("button", name="Try again").click()
    browser.expect(f"Gaia DR3 {source_id}", "Verdict:")
    assert browser.page.get_by_role("searchbox").input_value() == str(source_id)
    assert browser.failures == []


def test_a_fault_that_passes_is_not_noticed(archive, online, cache, browser):
    source_id = unseen(archive, cache)
    archive.faults.add(Fault("status", "tap", 1, 503))
    archive.faults.add(Fault("drop", "data", 1))
    browser.open(f"{online}/star?source_id={source_id}").expect("Verdict:")
    assert "HTTP 503" not in browser.text


def address(server, query, **options):
    """The address of the page Star that asks for `query`."""
    return f"{server}/star?{urlencode({'source_id': query, **options})}"


def test_of_two_candidates_both_are_named(archive, online, cache, browser):
    star = archive.sky.gaia.iloc[3]
    archive.faults.add(Fault("two_candidates", "tap"))
    browser.open(address(online, f"{star['ra']:.6f} {star['dec']:+.6f}", epoch="J2016"))
    browser.expect("2 sources lie within 5 arcsec", f"the next is {star['source_id'] + 128}", "Verdict:")


WAYS_IN = {
    "id": f"Gaia DR3 {THETA1_ORI_C}",
    "name": "Theta1 Ori C",
    "sexagesimal": "05 35 16.469 -05 23 22.85",
    "decimal": "83.81862 -5.38968",
    "Galactic": "galactic 209.0107 -19.3841",
    "unit letters": "5h35m16.469s -5d23m22.85s",
}


@pytest.mark.usefixtures("at_archive", "cache")
@pytest.mark.parametrize("query", WAYS_IN.values(), ids=WAYS_IN)
def test_every_way_in_leads_to_the_verdict_card(query):
    text = said(open_star(query))
    for expected in (f"Gaia DR3 {THETA1_ORI_C}", "Verdict:", "ESP-ELS: spectral type O"):
        assert expected in text


def test_a_typed_name_brings_everything_that_the_archive_has(online, cache, browser):
    browser.open(f"{online}/star").look_up("HD 37022").expect(f"Gaia DR3 {THETA1_ORI_C}", "Verdict:", "O7Vp")
    browser.expect_figure("XP mean spectrum").expect_figure("RVS spectrum").expect("GSP-Phot", "RUWE", "Parallax over")
    assert browser.foreign_requests == []


def test_the_epoch_decides_where_a_fast_star_is(archive, online, cache, browser):
    star = archive.sky.gaia.loc[archive.sky.gaia["pm"].idxmax()]
    place = f"{star['ra']:.6f} {star['dec']:+.6f}"
    browser.open(address(online, place)).expect("has no source within 5 arcsec", "Enlarge the radius")
    browser.page.get_by_role("button", name="Search by position").click()
    browser.page.get_by_role("textbox", name="Epoch of the coordinates").fill("J2016")
    browser.page.keyboard.press("Enter")
    browser.expect(f"Gaia DR3 {star['source_id']}").settle()
    assert "epoch=J2016" in browser.page.url
    browser.open(address(online, place, radius_arcsec=200)).expect(f"Gaia DR3 {star['source_id']}")
    browser.open(address(online, NO_DR3_NAME)).expect(f"Gaia DR3 {star['source_id']}", "lists no Gaia DR3 id")


@pytest.mark.usefixtures("at_archive", "cache")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("'; DROP TABLE basic; --", "Simbad knows no object"),
        ("<script>alert(1)</script>", "Simbad knows no object"),
        ("x" * 190, "expected at most 120"),
        ("No Such Star", "Simbad knows no object"),
    ],
)
def test_hostile_and_unknown_names_get_a_sentence(query, expected):
    assert any(expected in error.value for error in open_star(query).error)


def test_without_a_network_seen_stars_open_and_others_say_why(archive, own_dir, cache, browser, at_archive):
    seen = [WAYS_IN[kind] for kind in ("id", "name", "sexagesimal")]
    for query in seen:
        find_star(query, client=at_archive, cache=cache, use_embedded=False)
    with running_server(own_dir) as cut_off:
        for query in seen:
            browser.open(address(cut_off, query)).expect(f"Gaia DR3 {THETA1_ORI_C}", "Verdict:", "cache")
        for query in (str(unseen(archive, cache)), "Some Star", "10.5 -20.5"):
            browser.open(address(cut_off, query)).expect("ithout a network", "download cache", "Try again")
            assert browser.failures == []


def test_a_built_data_set_is_offered(online, own_dir, browser, at_archive):
    built = build_dataset(own_dir / "elsewhere" / "real_set", client=at_archive, n_stars=40)
    browser.open(f"{online}/spectra?set=real_set&view=Data+set+card")
    browser.expect(f"{built.counts['stars']} of {built.counts['stars']} stars.", "from Gaia DR3")
    browser.expect_figure("Composition")
    assert browser.failures == []
