"""Tables of stars for the maps and the associations: which there are, and which of their stars are wanted.

The choices stand in the URL under the same names on both pages, so that they travel along with links.
"""

import tempfile
from contextlib import suppress
from pathlib import Path

import pandas as pd
import streamlit as st

from core import quota
from core.datasets.catalogue import EMBEDDED
from core.datasets.real_stars import REAL
from core.errors import ExplorerError
from core.gaia.labels import THRESHOLD
from core.gaia.simulated import PREFIX, designation, simulated_rows
from core.settings import current_settings
from core.sky.als_sky import NAME as ALS
from core.sky.als_sky import TITLE as ALS_TITLE
from core.sky.als_sky import als_path, is_of_dr2
from core.sky.cluster_file import read_star_table
from core.sky.simulated_galaxy import NAME as GALAXY
from core.sky.simulated_galaxy import shipped_galaxy
from core.sky.star_source import PLACE_COLUMNS, Cuts, StarSource, source_of_files, source_of_table
from core.survey.columns import GOOD_PARALLAX, GOOD_RUWE
from ui import cache, shell, state
from ui.parts.choice import choose_one, number_of_query
from ui.parts.markdown import escape_markdown, file_name
from ui.sky_map import cache as sky_cache

GALAXY_TITLE = "Simulated Galaxy with known associations"
MOST_UPLOADED = 2_000_000
_HOW_GROUPED = (
    state.EPS_PC, state.EPS_DEG, state.MIN_SAMPLES, state.SPACE, state.DISTANCE_ERRORS, state.DISTANCE, state.WEIGHT,
    state.ALGORITHM,
)  # fmt: skip
_CUTS = (
    state.THRESHOLD, state.PARALLAX_SNR, state.RUWE, state.G_RANGE, state.SKY, state.CONTAMINANTS,
)  # fmt: skip
CONTAMINANTS_HELP = "Stars that look hot but are too faint to be massive: subdwarfs, white dwarfs."
G_LIMITS = (3.0, 21.0)
THRESHOLDS = (
    0.0, 0.01, *(round(0.05 * i, 2) for i in range(1, 20)), 0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999, 1.0,
)  # fmt: skip
_FILE_TYPES = ["parquet", "csv", "tsv", "txt", "dat", "ecsv", "fits", "fit", "vot", "xml", "tbl", "mrt", "json", "gz"]


def choose_source(*, with_real: bool = False) -> StarSource | None:
    """A select box of the tables at hand; None (with a message) when the chosen one cannot be read.

    `with_real` offers the shipped real stars, and first: they have no parallaxes, so only a map of directions can.
    """
    datasets = {entry.name: entry for entry in cache.with_wanted(cache.find_datasets, state.STARS)}
    real = datasets.pop(REAL, None)
    real = real if with_real else None
    results = {path.name: path for path in _find_results()}
    uploads = _uploads()
    titles = ({REAL: real.title} if real else {}) | {GALAXY: GALAXY_TITLE}
    als = als_path()
    titles |= {ALS: ALS_TITLE} if als else {}
    titles |= {name: f"Survey result {name}" for name in results} | {name: f"Opened {name}" for name in uploads}
    titles |= {name: entry.title for name, entry in datasets.items() if name not in titles}
    help_text = "Tables of predictions are opened below; samples are drawn on the page Simulate."
    name = choose_one("Stars", titles, state.STARS, help=help_text)
    state.remember(state.STARS_CHOSEN, name)
    try:
        if name == REAL and real is not None:
            return sky_cache.real_sky(real.path, current_settings().default_run_dir, real.key)
        if name == ALS and als is not None:
            return sky_cache.als_sky(als, als.stat().st_mtime_ns)
        if name in uploads:
            return uploads[name]
        if name in results:
            return source_of_files(_files_of(results[name]), name, f"Survey result {name} on this machine.")
        if name in datasets:
            entry = datasets[name]
            if entry.name == EMBEDDED:
                cache.embedded_dataset()  # the first call on a machine draws it
            return source_of_files([entry.path], entry.title, entry.provenance)
        about = (
            "Simulated: the massive stars of DR3's XP catalogue within 2.4 kpc, two fifths of them in associations, "
            "and hot low-mass stars; verdicts of the shipped ensemble on their spectra. No real star is among them; "
            "known clusters are named where a group shares their place."
        )
        return source_of_files([shipped_galaxy()], titles[GALAXY], about)
    except (ExplorerError, OSError) as error:
        st.error(f"This table cannot be used. {escape_markdown(error)}", icon=":material/error:")
        return None


def require_source(*, with_real: bool = False) -> StarSource:
    """The head of a page of the sky: the chosen table, an uploader for others, where the stars come from.

    The page ends here where the table cannot be used.
    """
    source = choose_source(with_real=with_real)
    with st.expander("Open a table of predictions", icon=":material/upload_file:"):
        open_table()
        shell.link("My stars", "Or begin with a list of ids, names or a circle on the sky")
    if source is None:
        st.stop()
    st.caption(escape_markdown(source.provenance))
    return source


def choose_cuts(source: StarSource) -> Cuts:
    """Threshold on the probability and quality cuts, as far as the table has the columns."""
    columns = set(source.columns)
    first, second, third, fourth = st.columns(4, gap="medium")
    with first:
        threshold = _choose_threshold("probability" not in columns)
        with_sky = "sky_probability" not in columns or choose_toggle(
            "Brightness and parallax count", state.SKY, True, "Off: the spectrum alone decides.", _key(state.SKY)
        )
    with second:
        help_text = "The published study asked for 3. It favours near stars; the error-aware metric can do without."
        missing = not {"parallax", "parallax_error"} <= columns
        snr = _slider("Parallax / error, at least", state.PARALLAX_SNR, (0.0, 20.0), 0.0, 0.5, help_text, missing)
    with third:
        help_text = "Above 1.4 the astrometry may be disturbed by a companion; 5 takes all stars."
        ruwe = _slider("RUWE, at most", state.RUWE, (1.0, 5.0), 5.0, 0.1, help_text, "ruwe" not in columns)
    with fourth:
        g_mag = _open_ended(choose_g_range(_key(state.G_RANGE), "phot_g_mean_mag" not in columns))
        contaminants = "impostor" not in columns or choose_toggle(
            "Keep contaminants", state.CONTAMINANTS, False, CONTAMINANTS_HELP, _key(state.CONTAMINANTS)
        )
    return Cuts(threshold, snr, ruwe if ruwe < 5.0 else float("inf"), g_mag, with_sky, contaminants)


def _choose_threshold(disabled: bool) -> float:
    """A slider with closer stops near 1, where the candidates of a survey begin; the URL's own value is a stop too."""
    wanted = number_of_query(state.THRESHOLD, THRESHOLD, (0.0, 1.0))
    value = st.select_slider(
        "Probability of massive, at least", sorted({*THRESHOLDS, wanted}), wanted, key=_key(state.THRESHOLD),
        help="No such column." if disabled else "Calibrated at equal priors. 0 takes all stars.", disabled=disabled,
    )  # fmt: skip
    state.set_query(state.THRESHOLD, None if value == THRESHOLD else f"{value:.8g}")
    return float(value)


def choose_g_range(key: str, disabled: bool = False) -> tuple[float, float]:
    """Limits of G; stand in the URL."""
    wanted = G_LIMITS
    with suppress(ValueError):
        texts = state.queries(state.G_RANGE)
        low, high = (min(max(float(text), G_LIMITS[0]), G_LIMITS[1]) for text in texts)
        wanted = (low, high) if low < high else G_LIMITS
    low, high = st.slider("G (mag)", *G_LIMITS, wanted, 0.1, key=key, disabled=disabled)
    state.set_query(state.G_RANGE, None if (low, high) == G_LIMITS else [f"{low:g}", f"{high:g}"])
    return low, high


def _open_ended(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits at the ends of the slider are none."""
    low, high = limits
    return (low if low > G_LIMITS[0] else float("-inf"), high if high < G_LIMITS[1] else float("inf"))


def choose_toggle(label: str, name: str, default: bool, help: str, key: str) -> bool:
    """A toggle that stands in the URL under a name that several pages share (see `_slider`)."""
    wanted = {"true": True, "false": False}.get(state.query(name, ""), default)
    value = st.toggle(label, wanted, key=key, help=help)
    state.set_query(name, None if value == default else str(value).lower())
    return value


def _slider(
    label: str, name: str, limits: tuple[float, float], default: float, step: float, help: str, disabled: bool
) -> float:
    """A slider whose value stands in the URL (Streamlit's own binding is lost between two pages that both have it)."""
    wanted = number_of_query(name, default, limits)
    value = st.slider(label, *limits, wanted, step, key=_key(name), help=help, disabled=disabled)
    state.set_query(name, None if value == default else f"{value:g}")
    return value


def open_table() -> None:
    """Uploader for tables of predictions; they stay with the session."""
    uploads = _uploads()
    upload = st.file_uploader(
        "Table with source_id, ra, dec and parallax; probability, proper motions and magnitudes where known",
        type=_FILE_TYPES,
        key=state.key(state.STAR_TABLE, len(uploads)),
        help="What `python -m core classify` or any archive query delivers.",
    )
    if upload is None:
        return
    tables = [
        source.table.nbytes for name, source in uploads.items() if name != upload.name and source.table is not None
    ]
    try:
        quota.check_upload(len(tables), sum(tables), upload.size)
        with st.spinner("Reading …"), tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file_name(upload.name)
            path.write_bytes(upload.getvalue())
            table = read_star_table(
                path, columns=PLACE_COLUMNS, check_bytes=lambda n_bytes: quota.check_session(sum(tables) + n_bytes)
            )
        if table.num_rows > MOST_UPLOADED:
            st.error(
                f"{escape_markdown(upload.name)} has {table.num_rows:,} rows; "
                f"at most {MOST_UPLOADED:,} can be opened here."
            )
            return
        quota.check_session(sum(tables) + table.nbytes)
        key = f"{upload.name} {upload.file_id}"
        uploads[upload.name] = source_of_table(table, upload.name, f"Table {upload.name}, opened in this session.", key)
    except ExplorerError as error:
        st.error(
            f"**{escape_markdown(upload.name)}** was not opened. {escape_markdown(error)}", icon=":material/error:"
        )
        return
    state.choose_next(state.STARS, upload.name)
    st.rerun()


def _key(name: str) -> str:
    """Of a widget; the page Survey has widgets of the parameter's own name, which Streamlit binds to the URL."""
    return state.key(state.CUT, name)


def travelling(**more: str) -> dict[str, str | list[str]]:
    """The choices of stars and of grouping that stand in the URL, for links to another page that shows them."""
    query: dict[str, str | list[str]] = {}
    for name in (state.STARS, *_CUTS, *_HOW_GROUPED):
        if values := state.queries(name):
            query[name] = values if len(values) > 1 else values[0]
    chosen = state.recall(state.STARS_CHOSEN, REAL)
    if chosen != REAL:  # the first choice of one page, which its URL leaves out, need not be that of the other
        query[state.STARS] = chosen
    # What a widget is bound to is found with the widget, not among the query parameters.
    bound = (state.MIN_SAMPLES, state.WEIGHT)
    query |= {name: f"{state.recall(name):g}" for name in bound if state.recall(name) is not None}
    return query | more


def link_to_survey() -> None:
    """Back to the survey that these stars are the result of, with the same choices; nothing for other tables."""
    name = state.query(state.STARS, "")
    if name not in {path.name for path in _find_results()}:
        return
    query = travelling()
    threshold = query.get(state.THRESHOLD, f"{THRESHOLD:g}")
    chosen = {key: query[key] for key in (state.SKY, state.CONTAMINANTS, state.G_RANGE) if key in query}
    if query.get(state.PARALLAX_SNR) == f"{GOOD_PARALLAX:g}" and query.get(state.RUWE) == f"{GOOD_RUWE:g}":
        chosen[state.GOOD] = "true"
    shell.link(
        "Survey", "Back to the survey", view="Results", survey=name, threshold=threshold, by_prior="false", **chosen
    )


def star_link(table: pd.DataFrame, source_id: str) -> tuple[str, dict[str, str]]:
    """What a star of the chosen table is called, and what a link to the page Star asks for.

    A simulated star, or one of a survey, is found where the table comes from; one with an id of Gaia DR2 by its name.
    """
    rows = table[table["source_id"].astype(str) == str(source_id)]
    if len(rows) and is_of_dr2(rows)[0] and "name" in rows:
        name = str(rows["name"].iloc[0])
        return name, {state.SOURCE_ID: name}
    name = designation(source_id, bool(len(rows)) and bool(simulated_rows(rows)[0]))
    chosen = state.recall(state.STARS_CHOSEN, REAL)
    is_survey = chosen in {path.name for path in _find_results()}
    origin = {state.DRAWN: chosen} if is_survey or name.startswith(PREFIX) else {}
    return name, {state.SOURCE_ID: str(source_id)} | origin


def _uploads() -> dict[str, StarSource]:
    return state.keep(state.STAR_TABLES, {})


def _find_results() -> list[Path]:
    """Results of the survey with positions: folders of Parquet files."""
    folder = current_settings().surveys_dir
    return sorted(path for path in folder.glob("[!.]*") if _files_of(path)) if folder.is_dir() else []


def _files_of(path: Path) -> list[Path]:
    return [path] if path.suffix == ".parquet" else sorted(path.glob("[!.]*.parquet"))
