"""Compare: every network and baseline on the same stars and folds, with the study's values beside them."""

import streamlit as st

from core.evaluation.comparison import BASELINE_TITLES
from ui import cache
from ui.compare.views import rows_of, show_cost, show_learning, show_table, show_winners
from ui.evaluate.choices import choose_comparable
from ui.parts.markdown import escape_markdown
from ui.parts.tabs import show_tabs
from ui.shell import link, page

page("Compare", ":material/leaderboard:")

results, others = choose_comparable()
if not results:
    st.info("There is no finished run to compare yet: train a network first.", icon=":material/leaderboard:")
    link("Train", "Train networks")
    st.stop()
shared = results[0].run
data, n_folds = shared.data, shared.n_folds
n_partly = sum(len(result.folds) != n_folds for result in results)
stars = cache.title_of_data(data.path or "an unknown file")
partly = f"; {n_partly} of them trained fewer: column Folds" if n_partly else ""
st.caption(
    f"{len(results)} network{'s' if len(results) != 1 else ''} on the same {data.n_train or 0:,} training and "
    f"{data.n_test or 0:,} held-out stars ({escape_markdown(stars)}), divided into the same {n_folds} folds "
    f"({escape_markdown(shared.validation)} validation{partly}). Probabilities are calibrated (Platt, out of fold) at "
    "equal priors."
)
every = [*results, *others]
titles = dict(BASELINE_TITLES)
for result in every:
    titles[result.name] = f"{result.title} ({result.name})" if result.title in titles.values() else result.title


def winners() -> None:
    """The pairwise comparison, where there is more than one to compare."""
    if len(every) < 2 and results[0].baselines is None:
        st.info(
            "There is one run alone: train another one on the same stars to compare it with.",
            icon=":material/compare_arrows:",
        )
    else:
        show_winners(results, others, titles)


show_tabs(
    {
        "Table": lambda: show_table(rows_of(results)),
        "Pairwise comparison": winners,
        "Learning curves": lambda: show_learning(results, titles),
        "Size and speed": lambda: show_cost(rows_of(results)),
    }
)
link("Evaluate", "Look at one run closely")
