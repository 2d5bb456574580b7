"""Explanations on disk: the table that the command writes, and those that pages keep per run, background and sample."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from core.atomic import atomic_path
from core.errors import ReadError
from core.explanation.explanation import Explanation
from core.runs.run import RUN_FILE
from core.settings import current_settings

FORMAT_VERSION = 1
_META = b"explanation"
_ARRAYS = ("flux", "spectrum", "shap", "shap_context", "shap_std")
_FACTS = ("run", "model", "title", "space", "base_value", "background_spread", "explainer", "background")


def write_table(explanation: Explanation, path: str | Path) -> None:
    """Write the columns of `python -m core explain` as Parquet."""
    table = explanation.table()
    numbers = pa.list_(pa.float64())
    schema = pa.schema(
        [
            ("source_id", pa.int64()), ("base_value", pa.float64()), ("logit", pa.float64()), ("shap", numbers),
            ("shap_context", numbers), ("additivity_error", pa.float64()), ("explainer", pa.string()),
            ("note", pa.string()),
        ]
    )  # fmt: skip
    with atomic_path(path) as beside:
        pq.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False), beside, compression="zstd")


def store_explanation(explanation: Explanation, path: Path) -> None:
    """Keep everything of an explanation."""
    n = len(explanation)
    columns = {name: getattr(explanation, name) for name in ("source_id", "logit", "probability")}
    columns |= {name: pa.array(getattr(explanation, name).astype(str)) for name in ("label", "note")}
    for name in _ARRAYS:
        values = getattr(explanation, name)
        if values is not None:
            columns[name] = pa.FixedSizeListArray.from_arrays(values.astype(np.float64).ravel(), values.shape[1])
    facts = {name: getattr(explanation, name) for name in _FACTS} | {"version": FORMAT_VERSION, "n": n}
    table = pa.table(columns).replace_schema_metadata({_META: json.dumps(facts).encode()})
    with atomic_path(path) as beside:
        pq.write_table(table, beside, compression="zstd")


def stored_explanation(path: Path) -> Explanation:
    """Read what `store_explanation` wrote; ReadError for a damaged file or another format version."""
    try:
        table = pq.read_table(path)
        facts = json.loads((table.schema.metadata or {})[_META])
        if facts["version"] != FORMAT_VERSION:
            raise KeyError("version")
        arrays = {
            name: table[name].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
            for name in _ARRAYS
            if name in table.column_names
        }
        texts = {name: np.asarray(table[name].to_pylist(), dtype=object) for name in ("label", "note")}
        numbers = {name: table[name].to_numpy() for name in ("source_id", "logit", "probability")}
        content: dict[str, Any] = {"shap_context": None, "shap_std": None, **arrays, **texts, **numbers}
        return Explanation(**content, **{name: facts[name] for name in _FACTS})
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise ReadError(f"{path} is no stored explanation ({error}); delete it and explain again") from error


def run_fingerprint(folder: Path) -> str:
    """Changes when a member's weights do: a hash of run.json and of every member's file."""
    digest = hashlib.sha256((folder / RUN_FILE).read_bytes())
    for path in sorted(folder.glob("member_*.onnx")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def explanation_path(folder: Path, sample: str, suffix: str = ".parquet") -> Path:
    """Where the explanation of a run's `sample` ('200-100-0': stars, background, seed) is kept on this machine."""
    return current_settings().cache_dir / "explanations" / f"{run_fingerprint(folder)}-{sample}{suffix}"


def flat_table(explanation: Explanation) -> pd.DataFrame:
    """One row per star and one column per wavelength ('336 nm' ...), for spreadsheets."""
    from core.spectra.grid import WAVELENGTH_NM

    names = [f"{wavelength:.0f} nm" for wavelength in WAVELENGTH_NM]
    facts = pd.DataFrame(
        {
            "source_id": explanation.source_id,
            "label": explanation.label,
            "probability": explanation.probability,
            "base_value": explanation.base_value,
            "logit": explanation.logit,
            "additivity_error": explanation.additivity_error,
            "explainer": explanation.explainer,
        }
    )
    if explanation.shap_context is not None:
        facts["smallest flux"], facts["largest flux"] = explanation.shap_context.T
    return pd.concat([facts, pd.DataFrame(explanation.shap, columns=names)], axis=1)
