"""What the fuzzer starts from: small good inputs of every kind that a target takes."""

import io
import json

from core.settings import PROJECT_ROOT


def spectra_seeds() -> list[bytes]:
    from tests.spectra import synthetic

    few = synthetic.sampled(2, seed=8)
    columns = synthetic.sampled_columns(few)
    continuous = synthetic.continuous_columns(few.source_id, synthetic.coefficients(2, seed=9))
    rows = synthetic.sample_rows_csv(few)
    from tests.spectra.layouts import LAYOUTS

    arrays = {"source_id": few.source_id, "flux": few.flux}
    layouts = (
        "ECSV of a QTable", "FITS of a QTable", "Parquet (astropy)", "Parquet, nested", "JSON records", "JSON lines",
    )  # fmt: skip
    more = [LAYOUTS[name].write(arrays, {"source_id": "", "flux": "Jy"}) for name in layouts]
    wide = ",".join(["source_id", *(f"flux_{item}" for item in range(336, 1021, 2))])
    values = ",".join(["5937083312263887616", *["1e-17"] * 343])
    return [
        *more,
        f"{wide}\n{values}\n".encode(),
        b"# sampling: np.arange(336, 1022, 2)\n# flux [Jy]\n# grid = 346-1030 nm, step 2 nm\n" + rows[:4000],
        b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: source_id, datatype: int64}\n# - {name: flux, datatype: string, "
        b"subtype: 'float64[343]'}\n# meta: {sampling: &a {start: 336, stop: 1020, step: 2}, xp: {grid: *a}}\n"
        b"source_id flux\n5 [1]\n",
        b"".join(b"%d %de-17\n" % (336 + 2 * item, item + 1) for item in range(343)),
        b"source_id,flux\n5937083312263887616,\"array([1., 2., ..., 3.])\"\n",
        b"source_id,flux\n5937083312263887616,\"masked_array(data=[1, --], mask=[False, True], fill_value=1e+20)\"\n",
        synthetic.csv_bytes(columns), synthetic.csv_bytes(continuous), rows, synthetic.ecsv_bytes(columns),
        synthetic.astropy_bytes(columns, "fits"), synthetic.astropy_bytes(columns, "votable"),
        synthetic.zip_bytes({"XP_SAMPLED_COMBINED.csv": rows}),
        _parquet({"source_id": [1, 2], "flux": columns["flux"]}),
    ]  # fmt: skip


def _parquet(columns: dict) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


def table_seeds() -> list[bytes]:
    import numpy as np

    from tests.spectra import synthetic
    from tests.spectra.layouts import LAYOUTS

    few = {"source_id": np.array([4, 5]), "ra": np.array([10.0, 11.0]), "dec": np.array([-60.0, 61.0])}
    units = {"source_id": "", "ra": "deg", "dec": "deg"}
    more = [item.write(few, units) for item in LAYOUTS.values()]
    stars = {"source_id": [4, 5], "ra": [10.0, 11.0], "dec": [-60.0, 61.0], "parallax": [1.0, 2.0]}
    return [
        *more,
        b'{"metadata": [{"name": "source_id"}, {"name": "ra", "unit": "rad"}], "data": [[5, 1.0]]}',
        b'{"source_id": {"0": 4, "1": 5}, "ra": {"0": 1.0, "1": 2.0}}', b'{"columns": ["source_id"], "data": [[5]]}',
        b"sep=;\nsource_id;ra;dec\n5;1.0;2.0\n", b"source_id\tra\nN\tN\n5\t1.0\n",
        b" source_id | ra\n-----------+----\n 5 | 1.0\n(1 row)\n", b"| source_id | ra |\n|---|:--:|\n| 5 | 1.0 |\n",
        synthetic.zip_bytes({"a.csv": b"source_id,ra\n5,1.0\n", "README.txt": b"words"}),
        b"source_id ra dec\n5 00:40:09.1 +60:53:56\n",
        b"#RESOURCE=yCat_1355\nRA_ICRS\tDE_ICRS\tSource\ndeg\tdeg\t\n---\t---\t---\n1.0\t2.0\t5\n",
        synthetic.csv_bytes(stars), _parquet(stars), synthetic.astropy_bytes(stars, "fits"),
        synthetic.astropy_bytes(stars, "votable"), b"4111834567779557376\n5937083312263887616\n",
    ]  # fmt: skip


def question_seeds() -> list[bytes]:
    texts = (
        "5937083312263887616", "Gaia DR3 5937083312263887616", "HD 93129A", "10:45:03.6 -59:41:04", "161.26 -59.68",
        "l=287.5 b=-0.6", "2016.0", "J2000", "simulated:survey:1200000:1", "simulated:training:10",
    )  # fmt: skip
    return [text.encode() for text in texts]


def reply_seeds() -> list[bytes]:
    from tests.archive.stand_in import build_sky, replies

    sky = build_sky(5)
    ids = [int(sky.gaia["source_id"].iloc[0])]
    stars = sky.gaia.iloc[:2][["source_id", "ra", "parallax", "has_rvs"]]
    zipped = [
        replies.products_zip(sky, ids, kind, "INDIVIDUAL", form)
        for kind, form in (("ALL", "votable"), ("XP_CONTINUOUS", "csv"))
    ]
    return [
        replies.votable(stars), replies.votable(stars, overflow=True, compress=True), replies.no_table("no such table"),
        replies.error_votable("quota exceeded"), replies.error_page("try later", 503), *zipped,
    ]  # fmt: skip


def state_seeds() -> list[bytes]:
    run = {"format_version": 1, "model": "mlp", "state": "finished", "members": [{"file": "a", "fold": 0}], "data": {}}
    job = {"id": "odd", "kind": "train", "title": "t", "request": {}, "created": "2026-01-01T00:00:00+00:00"}
    state = {"state": "running", "n_tasks": 2, "n_done": 1, "message": ""}
    event = {"fold": 0, "epoch": 1, "loss": 0.5}
    survey = {
        "format_version": 1, "state": "finished", "input": "x", "fingerprint": "y", "n_partitions": 1, "n_rows": 2,
        "n_massive": 1, "run": {"path": "p", "title": "t", "started": ""}, "partitions": {"0": {"rows": 2}},
    }  # fmt: skip
    answer = {"query": "x", "release": "Gaia DR3", "saved": 1.0, "answer": {"found": True}}
    documents = (run, job, state, event, survey, answer, {"checks": []})
    shipped = (PROJECT_ROOT / "data" / "default_run" / "run.json").read_bytes()
    return [
        shipped, *(json.dumps(item).encode() for item in documents), _parquet({"source_id": [1], "known_as": ["O8 V"]})
    ]  # fmt: skip
