"""Classes to compare: any column of texts, its most frequent values and 'other'."""

from dataclasses import replace

import pandas as pd

from core.datasets.dataset import UNLABELLED, Dataset, labels_of

LABEL = "label"
OTHER = "other"
MOST_CLASSES = 8
_LONGEST_TEXT = 60
_NEVER = ("note", "part", "source_id", "designation", "reference", "file")


def class_columns(table: pd.DataFrame) -> list[str]:
    """Columns whose values can be classes: the label first, then texts and truth values with two values or more."""
    found = [LABEL]
    for name in map(str, table.columns):
        column = table[name]
        if name in (*_NEVER, LABEL) or pd.api.types.is_float_dtype(column):
            continue
        values = column.dropna()
        if pd.api.types.is_integer_dtype(column) and values.nunique() > MOST_CLASSES:
            continue
        texts = values.astype(str)
        if 1 < texts.nunique() < max(len(values), 2) and texts.str.len().max() <= _LONGEST_TEXT:
            found.append(name)
    return found


def classes_of(table: pd.DataFrame, column: str = LABEL, most: int = MOST_CLASSES) -> pd.Series:
    """The class of each star: the value of a column, 'other' for all but the most frequent, 'unlabelled' for none.

    >>> classes_of(pd.DataFrame({"label": ["O", "O", "B", "A", "A"]}), most=2).tolist()
    ['O', 'O', 'other', 'A', 'A']
    """
    if column not in table:
        return labels_of(table)
    texts = table[column].astype(object).where(table[column].notna(), "").astype(str).str.strip()
    texts = texts.where(texts != "", UNLABELLED)
    counts = texts[texts != UNLABELLED].value_counts()
    if len(counts) <= most:
        return texts
    kept = set(counts.index[:most])
    return texts.where(texts.isin(kept) | (texts == UNLABELLED), OTHER)


def with_classes(dataset: Dataset, column: str) -> Dataset:
    """The data set with these classes as its label."""
    classes = classes_of(dataset.table, column)
    if column == LABEL and LABEL in dataset.table and classes.equals(labels_of(dataset.table)):
        return dataset
    return replace(dataset, table=dataset.table.assign(label=classes), key=f"{dataset.key} by {column}")
