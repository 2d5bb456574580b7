"""What networks learn from: rows that a spectrum's number alone decides, stored in parts, and numbers of chance."""

import numpy as np
import pytest

from core.errors import ReadError, UsageError
from core.molecules.catalogue import load_catalogue
from core.molecules.chance import N_SUMMARY, chance_fits, rarity_of, summary
from core.molecules.examples import RowPlan, draw_examples, families, final_rows
from core.molecules.features import N_VALUES, judge, prepare
from core.molecules.knowledge import STATES, draw_knowledge
from core.molecules.layout import MOVED_FWHM, OFFSETS, lay_out
from core.molecules.likelihood import gains_of
from core.molecules.observed import BIN_OF_FWHM, bin_means
from core.molecules.radiation import LIGHT_KMS
from core.molecules.simulator import RICH_PLAN, SpectrumPlan, simulate, with_lines
from core.molecules.store import PLAN_FILE, draw_to, read_examples

SMALL = (SpectrumPlan(n_species=(8, 20), n_channels=(2000, 3000), fwhm_kms=(3.0, 6.0)),)
FEW = RowPlan(present=6, absent=6, decoys=2)


@pytest.fixture(scope="module")
def species():
    return load_catalogue().species


@pytest.fixture(scope="module")
def forest(species):
    return simulate(species, np.random.default_rng([5, 1]), RICH_PLAN)


def test_parts_drawn_apart_make_the_same_whole(species):
    whole = draw_examples(species, 4, 5, SMALL, FEW)
    apart = [draw_examples(species, 2, 5, SMALL, FEW, first=first) for first in (0, 2)]
    assert np.array_equal(whole.values, np.concatenate([part.values for part in apart]))
    assert whole.table["spectrum"].tolist() == [n for part in apart for n in part.table["spectrum"]]
    assert whole.values.shape[1] == N_VALUES == 343
    assert np.isfinite(whole.values).all()
    assert set(whole.table["kind"]) == {"present", "absent", "decoy"}
    assert (whole.table.loc[whole.table["label"] == 1, "strongest_sigma"] >= 3.0).all()


def test_an_interrupted_drawing_goes_on_and_another_plan_is_refused(species, tmp_path):
    draw_to(tmp_path, species, 2, 5, SMALL, FEW)
    first = tmp_path / "part_000000.npz"
    kept = first.stat().st_mtime_ns
    draw_to(tmp_path, species, 2, 5, SMALL, FEW)
    assert first.stat().st_mtime_ns == kept
    found, drawn = read_examples(tmp_path), draw_examples(species, 2, 5, SMALL, FEW)
    assert np.allclose(found.values, drawn.values, atol=1e-3)
    assert found.table["state"].tolist() == drawn.table["state"].tolist()
    with pytest.raises(UsageError, match="another plan"):
        draw_to(tmp_path, species, 2, 6, SMALL, FEW)
    first.write_bytes(b"PK broken")
    with pytest.raises(ReadError, match="draw again"):
        read_examples(tmp_path)
    (tmp_path / PLAN_FILE).unlink()
    first.unlink()
    with pytest.raises(ReadError, match="holds no examples"):
        read_examples(tmp_path)


def test_a_test_judges_its_own_species_at_the_end_of_explaining_away(species):
    wanted = frozenset(range(40))
    found = draw_examples(species, 2, 9, SMALL, final_rows(FEW, wanted))
    assert set(found.table["species"]) <= wanted
    assert set(found.table["state"]) == {"most"}
    assert len(draw_examples(species, 1, 9, SMALL, RowPlan(fewest_share=1.1))) == 0


def test_isotopologues_and_states_are_one_family(species):
    family = dict(zip([item.key for item in species], families(species), strict=True))
    assert family["CH3CN;v=0"] == family["CH3CN;v8=1"] == family["C-13-H3CN;v=0"]
    assert family["CH3CN;v=0"] != family["CH3CH2CN;v=0"]


@pytest.mark.parametrize("state", STATES[1:])
def test_what_is_explained_is_the_sum_of_its_parts(species, forest, state):
    known = draw_knowledge(species, forest, state, np.random.default_rng(4))
    whole = np.sum(list(known.parts.values()), axis=0)
    assert (known.total <= whole + 1e-6).all()
    number = max(known.parts, key=lambda i: float(known.parts[i].sum()))
    assert np.allclose(known.others(number) + known.parts[number], known.total)
    assert known.others(None) is known.total


def test_the_bins_of_a_layout_are_the_means_of_the_spectrum(species, forest):
    spectrum, fwhm = forest.spectrum, forest.fwhm_kms
    binned = prepare(spectrum, forest.velocity_kms, fwhm)
    layout = next(
        found
        for item in species
        if (found := lay_out(spectrum, binned.covered, item, forest.velocity_kms, fwhm)) is not None
    )
    unit = fwhm / LIGHT_KMS * layout.centre[:, None]
    middle = layout.centre[:, None] + OFFSETS * unit
    half = 0.5 * BIN_OF_FWHM * unit
    expected, _ = bin_means(spectrum.nodes, binned.integral, binned.covered, middle - half, middle + half)
    assert np.allclose(layout.bins(binned.integral), expected, atol=1e-9 * np.abs(expected).max())
    seen, spread = layout.moved(np.arange(len(layout.centre)), binned.integral, None, np.ones(len(layout.centre)))
    assert seen.shape == spread.shape == (len(MOVED_FWHM), len(layout.centre))


def test_a_match_in_a_crowd_is_worth_less_than_one_in_the_open():
    predicted, spread = np.full(5, 10.0), np.ones(5)
    empty = np.random.default_rng(1).normal(0.0, 1.0, (16, 5))
    crowded = empty + 20.0 * (np.random.default_rng(2).random((16, 5)) < 0.7)
    assert (rarity_of(empty, predicted) > rarity_of(crowded, predicted)).all()
    gain = gains_of(predicted, predicted, spread)
    context = np.array([0.5, 0.5])
    open_field, forest_field = (
        summary(
            predicted,
            predicted,
            spread,
            gain,
            rarity_of(moved, predicted),
            chance_fits(moved, np.ones((16, 5)), predicted),
            context,
        )
        for moved in (empty, crowded)
    )
    assert len(open_field) == N_SUMMARY
    assert open_field[0] == pytest.approx(forest_field[0])  # the fit itself is as good
    assert (open_field[1:4] > forest_field[1:4]).all()


def test_a_missing_line_speaks_against_a_species():
    predicted, spread = np.full(4, 10.0), np.ones(4)
    observed = np.array([10.0, 10.0, 10.0, 0.0])
    rarity, chance, context = np.full(4, 2.0), np.zeros(16), np.zeros(2)
    there = summary(predicted, predicted, spread, gains_of(predicted, predicted, spread), rarity, chance, context)
    lost = summary(observed, predicted, spread, gains_of(observed, predicted, spread), rarity, chance, context)
    assert (lost[:5] < there[:5]).all()


def test_a_forest_has_lines_in_a_fifth_of_its_channels_and_lines_put_in_only_add(species, forest):
    assert forest.spectrum.line_share > 0.2
    more = with_lines(forest.spectrum, np.random.default_rng(1), forest.fwhm_kms, 50)
    assert (more.value_k >= forest.spectrum.value_k).all()
    assert (more.value_k > forest.spectrum.value_k).any()
    judged = judge(prepare(more, forest.velocity_kms, forest.fwhm_kms), species[next(iter(forest.present))])
    assert judged is None or len(judged.gain) == len(judged.line) == len(judged.rarity)
