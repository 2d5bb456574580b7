"""The tabs of the page Techniques."""

from itertools import pairwise

import numpy as np
import pandas as pd
import streamlit as st

from core.figures.techniques import agreement_figure, by_kind_figure, patterns_figure, plane_figure, validity_figure
from core.techniques.against import against
from core.techniques.agreement import capture_recapture, most_disputed, patterns
from core.techniques.judged_stars import COMBINED, JudgedStars
from core.techniques.judgement import sets_of
from core.techniques.registry import SOURCES, TECHNIQUES, find_technique
from core.techniques.simple_rules import RULES
from core.techniques.worth import A_V_EDGES, G_EDGES, SUBTYPES, TEFF_EDGES, by_group, curve, point
from ui import state
from ui.parts.choice import choose_one
from ui.parts.downloads import download_table
from ui.parts.figure import show
from ui.shell import link
from ui.techniques import cache

MOST_SHOWN = 400
AT_80 = "At the threshold that finds 80 % of the massive stars"
RULE_TITLES = {rule: f"Rule: {text}" for rule, text in RULES.items()} | {"dawid_skene": "Dawid & Skene, no truth"}
BY = {"teff": "type", "a_v": "dust", "g": "brightness"}


def titles_of(stars: JudgedStars) -> dict[str, str]:
    """Short names by key, the combination's and the simple rules' too."""
    own = {key: find_technique(key).title + ("" if find_technique(key).verified else " *") for key in stars.voting}
    return own | {COMBINED: "Combination"} | RULE_TITLES


def show_plane(stars: JudgedStars, ground: str, missing: tuple[str, ...], prevalence: float) -> None:
    """Completeness and purity of all, and what the combination is worth."""
    titles = titles_of(stars)
    prior = prevalence if stars.on_the_sky else float(stars.massive.mean())
    points = {key: point(stars.calls(key), stars.massive, stars.weight, prior) for key in stars.voting}
    rules = cache.simple_rules(ground, missing)
    points |= {name: point(calls, stars.massive, stars.weight, prior) for name, calls in rules.items()}
    combined = curve(stars.log_odds[COMBINED], stars.massive, stars.weight, prior)
    at = combined.purity_at(0.8)
    alone = {key: curve(stars.log_odds[key], stars.massive, stars.weight, prior).purity_at(0.8) for key in stars.voting}
    known = {key: value for key, value in alone.items() if not np.isnan(value)}
    best = max(known, key=lambda key: known[key], default=None)
    cells = st.columns(4)
    cells[0].metric("Purity, all together", "–" if np.isnan(at) else f"{100 * at:.0f} %", help=AT_80)
    cells[1].metric(
        "Purity, best alone", "–" if best is None else f"{100 * known[best]:.2g} %",
        help=AT_80 if best is None else f"{AT_80}: {titles[best]}",
    )  # fmt: skip
    cells[2].metric("Techniques that vote", f"{len(stars.voting)} of {len(TECHNIQUES)}")
    cells[3].metric("Massive stars here", f"{int(stars.massive.sum()):,}")
    show(
        plane_figure(points, combined, titles, prior),
        "Right and up is better. Each mark is a technique at equal odds, as its paper would use it; the line is the "
        "combination of all votes at every threshold. Techniques that find nearly all massive stars call thousands of "
        "others too: 'complete rather than pure'. Blue: the XP spectrum; light blue: fits; green: Gaia's pipelines; "
        "ochre: photometry; pink: lines and types; grey: simple ways to combine. A star (*): a rule without a source "
        "that could be tested.",
        key="plane",
    )


def show_agreement(stars: JudgedStars, ground: str, missing: tuple[str, ...]) -> None:
    """Kappa of every pair, the patterns of calls, and how many stars nobody sees."""
    titles = titles_of(stars)
    show(
        agreement_figure(cache.agreements(ground, missing), titles),
        "1: the same calls; 0: no more alike than by chance; empty: fewer than 20 stars that both judged. Only stars "
        "that both techniques judge count, massive ones weighing one half. Point at a cell for its interval.",
        key="agreement",
    )
    calls = {key: stars.calls(key) for key in stars.voting}
    found = []
    for names, count in patterns(calls, 18):
        mine = np.logical_and.reduce([(np.nan_to_num(calls[key]) > 0) == (key in names) for key in calls])
        found.append((names, count, int((mine & stars.massive).sum())))
    totals = {key: int((np.nan_to_num(call) > 0).sum()) for key, call in calls.items()}
    show(
        patterns_figure(found, totals, titles),
        "Each column is a set of techniques that call the same stars massive (filled marks), the bar how many stars: "
        "blue are massive, vermilion are not. Rare kinds are drawn often here, so counts are not those of the sky.",
        key="patterns",
    )
    show_recapture(stars, titles)
    show_against(stars, titles)


def show_recapture(stars: JudgedStars, titles: dict[str, str]) -> None:
    """How many massive stars two independent lists imply, where their number is known."""
    pairs = [("xp", "zari"), ("xp", "q_jhk"), ("zari", "q_ugr"), ("esp_hs", "zari")]
    rows = []
    for first, second in pairs:
        if first not in stars.voting or second not in stars.voting:
            continue
        a, b = stars.calls(first)[stars.massive], stars.calls(second)[stars.massive]
        item = capture_recapture(a, b)
        n = int((np.isfinite(a) & np.isfinite(b)).sum())
        rows.append({"First list": titles[first], "Second list": titles[second], "On both": item.n_both,
                     "Estimate": f"{item.estimate:,.0f} ± {item.error:,.0f}", "True number": n})  # fmt: skip
    if rows:
        st.markdown("**Capture and recapture**: how many massive stars two lists imply, and how many there are")
        st.dataframe(pd.DataFrame(rows), hide_index=True)
        st.caption("Two lists that miss the same stars, those behind most dust, imply too few.")


def show_against(stars: JudgedStars, titles: dict[str, str]) -> None:
    """McNemar's test of the combination against every technique."""
    table = against(stars.calls(COMBINED), {key: stars.calls(key) for key in stars.voting}, stars.massive)
    table = table.assign(technique=[titles[key] for key in table["technique"]])
    st.markdown("**Combination against each technique**: stars that only one of the two judges rightly")
    st.dataframe(
        table, hide_index=True, height=320,
        column_config={
            "technique": "Technique", "stars": "Stars", "n": "Judged by both", "only_one_right": "It alone right",
            "only_other_right": "Technique alone right", "better": "Better beyond chance",
            "p": st.column_config.NumberColumn("p (Holm)", format="%.2g"),
        },
    )  # fmt: skip
    st.caption(
        "McNemar's exact test at equal odds, massive stars and others apart; Holm's correction for the whole table."
    )


def show_validity(stars: JudgedStars) -> None:
    """The small maps, and completeness by kind of star."""
    titles = titles_of(stars)
    keys = (*stars.voting, COMBINED)
    a_v, g = stars.table["true_a_v"].to_numpy(float), stars.table["phot_g_mean_mag"].to_numpy(float)
    share, judged = {}, {}
    for key in keys:
        share[key], judged[key] = _map(stars, key, a_v, g)
    show(
        validity_figure(share, judged, _names(A_V_EDGES), _names(G_EDGES), titles),
        "Dark: nearly all massive stars of that dust and brightness are found; a dot: the technique judges fewer than "
        "a tenth of them; empty: no massive star there.",
        key="validity",
    )
    by = choose_one("By", {key: text.capitalize() for key, text in BY.items()}, state.BY)
    value = {"teff": stars.table.get("true_teff"), "a_v": stars.table["true_a_v"], "g": stars.table["phot_g_mean_mag"]}
    if value[by] is None:
        st.info("The types of these stars are no temperatures.", icon=":material/info:")
        return
    edges = {"teff": TEFF_EDGES, "a_v": A_V_EDGES, "g": G_EDGES}[by]
    table = by_group({key: stars.calls(key) for key in keys}, stars.massive, stars.weight,
                     value[by].to_numpy(float), edges, SUBTYPES if by == "teff" else None)  # fmt: skip
    best = sorted(stars.voting, key=lambda key: -point(stars.calls(key), stars.massive, stars.weight).completeness)[:6]
    rows = {}
    for key in (COMBINED, *best):
        mine = table[table["technique"] == key]
        rows[key] = dict(zip(mine["group"], mine["completeness"], strict=True))
    show(by_kind_figure(rows, titles, BY[by]), "The combination and the six techniques that find most.", key="by kind")
    download_table(table, "Completeness by group (CSV)", f"techniques_by_{by}")


def _map(stars: JudgedStars, key: str, a_v: np.ndarray, g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share found and share judged of the massive stars, (n_g, n_a_v); NaN where there are fewer than three."""
    call = stars.calls(key)
    shape = (len(G_EDGES) - 1, len(A_V_EDGES) - 1)
    found, judged = np.full(shape, np.nan), np.full(shape, np.nan)
    row, column = np.searchsorted(G_EDGES, g, side="right") - 1, np.searchsorted(A_V_EDGES, a_v, side="right") - 1
    for i in range(shape[0]):
        for j in range(shape[1]):
            cell = stars.massive & (row == i) & (column == j)
            if cell.sum() >= 3:
                found[i, j] = (np.nan_to_num(call[cell]) > 0).mean()
                judged[i, j] = np.isfinite(call[cell]).mean()
    return found, judged


def _names(edges: tuple[float, ...]) -> list[str]:
    return [f"{low:g}–{high:g}" for low, high in pairwise(edges)]


def show_stars(stars: JudgedStars) -> None:
    """The stars disputed most with a link to each, and the table of all votes."""
    titles = titles_of(stars)
    rows = most_disputed({key: stars.probability(key) for key in stars.voting}, MOST_SHOWN)
    kind = stars.table["category"].iloc[rows].to_numpy()
    table = pd.DataFrame({"Star": _links(stars, rows), "Truth": stars.label[rows], "Kind": kind})
    table["Combination"] = stars.probability(COMBINED)[rows]
    if stars.on_the_sky:
        table["At an error rate of 5 %"] = sets_of(stars.log_odds[COMBINED][rows])
    for key in stars.voting:
        table[titles[key]] = stars.probability(key)[rows]
    bars = {
        name: st.column_config.ProgressColumn(name, min_value=0.0, max_value=1.0, format="%.2f")
        for name in table if name not in ("Star", "Truth", "Kind", "At an error rate of 5 %")
    }  # fmt: skip
    st.markdown("**Stars that techniques dispute most** (probability of massive at equal priors; empty: abstains)")
    st.dataframe(
        table, hide_index=True, height=520,
        column_config=bars
        | {"Star": st.column_config.LinkColumn("Star", display_text=r"(?:source_id|g_mag)=([\d.]+)")},
    )  # fmt: skip
    st.caption("A real star's link leads to its page *Star*, a simulated one's to *Simulate* (its G is shown).")
    everything = pd.DataFrame({"source_id": stars.table["source_id"], "massive": stars.massive})
    for key in (*stars.voting, COMBINED):
        everything[f"p_{key}"] = np.round(stars.probability(key), 4)
    download_table(everything, "All votes (CSV)", "techniques_votes")


def _links(stars: JudgedStars, rows: np.ndarray) -> list[str]:
    table = stars.table.iloc[rows]
    if not stars.on_the_sky:
        return [f"star?source_id={source}" for source in table["source_id"]]
    return [
        f"simulate?teff={row.true_teff:.0f}&a_v={min(row.true_a_v, 15.0):.2f}&g_mag={row.phot_g_mean_mag:.2f}"
        for row in table.itertuples()
    ]


def show_registry(stars: JudgedStars) -> None:
    """What each technique looks at, calls massive, where it holds, and its reference."""
    rows = [
        {
            "Technique": item.title, "Needs": ", ".join(SOURCES[name] for name in item.needs), "Looks at": item.inputs,
            "Massive": item.massive, "Valid": item.validity,
            "Tested on its source": "yes" if item.verified else "unverified", "Reference": item.reference,
            "Here": stars.refused.get(item.key, "votes" if item.key in stars.voting else "silent"),
        }
        for item in TECHNIQUES
    ]  # fmt: skip
    st.dataframe(pd.DataFrame(rows), hide_index=True, height=600)
    st.caption(
        "As `python -m core techniques --list` prints. Own stars: `python -m core techniques STARS --out OUT.parquet`."
    )
    link("Star", "Ask about one star")
