"""What a column says of the truth, and classes of any column."""

import pandas as pd
import pytest

from core.datasets.classes import OTHER, class_columns, classes_of
from core.datasets.truth import truth_of


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("massive", "massive"), ("Low-Mass", "low-mass"), ("1", "massive"), (0, "low-mass"), (True, "massive"),
        ("O9.5V (MU COL)", "massive"), ("B0.5V", "massive"), ("B1/2Ib", "massive"), ("WN8h", "massive"),
        ("G2V", "low-mass"), ("K", "low-mass"), ("B3V", None), ("B", None), ("Be", None), ("sd", None), ("WD", None),
        ("Galaxy", None), ("AGN", None), ("G=7.33 BP-RP=1.08", None), ("", None), (None, None), (3.7, None),
    ],
)  # fmt: skip
def test_only_classes_and_types_are_truths(text, truth):
    assert truth_of(pd.Series([text], dtype=object)).tolist() == [truth]


def test_ninety_classes_become_eight_and_other():
    texts = [f"T{number}" for number in range(90) for _ in range(90 - number)]
    table = pd.DataFrame({"label": texts, "cls": ["a", None] * (len(texts) // 2) + ["a"] * (len(texts) % 2), "x": 1.5})
    found = classes_of(table)
    assert found.nunique() == 9
    assert (found == OTHER).sum() == sum(90 - number for number in range(8, 90))
    assert classes_of(table, "cls").unique().tolist()[:1] == ["a"]
    assert class_columns(table) == ["label"]
    assert class_columns(table.assign(cls=["a", "b"] * (len(texts) // 2) + ["a"] * (len(texts) % 2))) == [
        "label",
        "cls",
    ]
