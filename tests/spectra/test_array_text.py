"""Arrays as text that stand in many rows."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from core.spectra.readers import array_text
from core.spectra.readers.array_text import plain_lists

TEXTS = st.sampled_from(
    ["np.array([1., 2.])", "{1, 2}", "1 2 3", "[1;2]", "", "x", "array([1.0, 2.0], dtype=float32)", None]
)


@given(st.lists(TEXTS, max_size=40))
def test_rows_do_not_depend_on_each_other(texts):
    found = plain_lists(pa.array(texts, pa.string())).to_pylist()
    assert found == [plain_lists(pa.array([text], pa.string()))[0].as_py() for text in texts]


def test_a_text_of_many_rows_is_looked_at_once(monkeypatch):
    seen = []
    real = array_text._plain
    monkeypatch.setattr(array_text, "_plain", lambda text: (seen.append(len(text)), real(text))[1])
    assert set(plain_lists(pa.array(["np.array([1., 2.])"] * 5_000)).to_pylist()) == {"[1.,2.]"}
    assert seen == [1]
