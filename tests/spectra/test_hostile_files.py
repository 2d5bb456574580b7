"""Small files that are made, or happen, to hurt: claims of sizes, headers that contradict themselves, repeated names.

Each was found by the fuzzer (`tests/security/fuzz_targets.py`) or on the way to it.
"""

import gzip
import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core import errors
from core.sky.cluster_file import read_star_table
from core.spectra.readers import read_bytes
from tests.spectra import synthetic

SPECTRA = synthetic.sampled(2, seed=5)
RAW = synthetic.sampled_columns(SPECTRA)
CSV = synthetic.csv_bytes(RAW)
HEADER, *ROWS = CSV.decode().splitlines()


def _votable(fields: str, table: str = "", encoding: str = "utf-8") -> bytes:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?><VOTABLE version="1.4"><RESOURCE><TABLE {table}>{fields}<DATA>'
        "<TABLEDATA><TR><TD>1</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    ).encode()


def _field(arraysize: str, datatype: str = "double", element: str = "FIELD") -> str:
    return f'<{element} name="flux" datatype="{datatype}" arraysize="{arraysize}" value="1"/>'


def _block(cards: list[str]) -> bytes:
    text = "".join(card.ljust(80) for card in [*cards, "END"])
    return text.ljust(-len(text) % 2880 + len(text)).encode()


def _fits(columns: dict[str, str], data: bytes, *, width: int, rows: int = 1, heap: int = 0, **more: int) -> bytes:
    """A binary table of columns {name: TFORM}; a name that begins with '?' is left out."""
    primary = {"SIMPLE": "T", "BITPIX": 8, "NAXIS": 0}
    table = {"BITPIX": 8, "NAXIS": 2, "NAXIS1": width, "NAXIS2": rows, "PCOUNT": heap, "GCOUNT": 1}
    table |= {"TFIELDS": len(columns), **more}
    cards = ["XTENSION= 'BINTABLE'", *(f"{key:8}= {value:>20}" for key, value in table.items())]
    for number, (name, form) in enumerate(columns.items(), 1):
        cards += [f"TFORM{number:<3}= '{form}'"]
        cards += [] if name.startswith("?") else [f"TTYPE{number:<3}= '{name}'"]
    first = _block([f"{key:8}= {value:>20}" for key, value in primary.items()])
    return first + _block(cards) + data + bytes(-len(data) % 2880)


def _ragged(length: int, offset: int) -> bytes:
    """One row: an id, and a descriptor of so many doubles in a heap of 16 bytes."""
    return b"".join(value.to_bytes(8, "big", signed=True) for value in (7, length, offset)) + bytes(16)


def _parquet_without_text() -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"source_id": [1], "abcdefgh": [2]}), stream, store_schema=False)
    return stream.getvalue().replace(b"abcdefgh", b"\x92" * 8)


def _parquet_of_nothing(n: int) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table({"source_id": np.ones(n, dtype=np.int64), "flux": pa.nulls(n, pa.float64())}), stream)
    return stream.getvalue()


RAGGED = {"source_id": "1K", "flux": "1QD"}
REFUSED = {
    "array of many values": (_votable(_field("100000000")), errors.UnsupportedFormatError, "claims 100,000,000 values"),
    "array in two dimensions": (_votable(_field("9000x9000")), errors.UnsupportedFormatError, "81,000,000 values"),
    "long text": (_votable(_field("90000000*", "char")), errors.UnsupportedFormatError, "claims 90,000,000 values"),
    "long parameter": (_votable(_field("90000000", element="PARAM")), errors.UnsupportedFormatError, "90,000,000"),
    "claimed rows": (_votable(_field("1"), 'nrows="90000000"'), errors.UnsupportedFormatError, "90,000,001 values"),
    "unknown encoding": (_votable(_field("1"), encoding="utf-99"), errors.TruncatedFileError, "encoding"),
    "rows of no bytes": (_fits({"flux": "0D"}, b"", width=0, rows=10**12), errors.TruncatedFileError, "0 bytes"),
    "rows of other columns": (_fits({"flux": "1D"}, bytes(20), width=20), errors.TruncatedFileError, "20 bytes"),
    "column without a name": (_fits({"?": "1D"}, bytes(8), width=8), errors.TruncatedFileError, "no name"),
    "column of no type": (_fits({"flux": "1Z"}, bytes(8), width=8), errors.TruncatedFileError, "1Z"),
    "heap before the table": (
        _fits(RAGGED, _ragged(1, 0), width=24, heap=16, THEAP=-4000),
        errors.TruncatedFileError,
        "heap begins",
    ),
    "array longer than the heap": (_fits(RAGGED, _ragged(10**12, 0), width=24, heap=16), errors.ReadError, "16 bytes"),
    "array behind the heap": (_fits(RAGGED, _ragged(1, 10**6), width=24, heap=16), errors.ReadError, "16 bytes"),
    "array of a negative length": (_fits(RAGGED, _ragged(-1, 0), width=24, heap=16), errors.ReadError, "16 bytes"),
    "line ends of old Macintoshes": (CSV.replace(b"\n", b"\r"), errors.UnsupportedFormatError, "every line ended"),
    "name of 200 kB": (b"a" * 200_000 + b",flux\n1,2\n", errors.UnsupportedFormatError, "column names"),
    "two fluxes": (f"{HEADER},flux\n{ROWS[0]},1\n".encode(), errors.ReadError, "two columns are called 'flux'"),
    "short row of other letters": (CSV + b"12\xe9,1\n", errors.UnsupportedFormatError, "not UTF-8"),
    "rows without spectra": (b"source_id,flux\n" + b"1,\n" * 20_000, errors.FileTooLargeError, "more than 10,234 rows"),
    "packed rows": (gzip.compress(b"source_id,flux\n" + b"1,\n" * 20_000), errors.FileTooLargeError, "10,000 rows"),
    "Parquet names that are no text": (_parquet_without_text(), errors.TruncatedFileError, "cannot be opened"),
    "Parquet rows without spectra": (_parquet_of_nothing(20_000), errors.FileTooLargeError, "more than 10,0"),
    "endless id in ECSV": (
        b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: flux, datatype: string}\n# - {name: ra, datatype: float64}\n"
        b"# meta:\n#   a: &a [x, x, x]\n#   source_id: [*a, *a]\nflux ra\n1 2\n",
        errors.MissingColumnError,
        "no column 'source_id'",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_by_name(name):
    data, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words) as caught:
        read_bytes("upload", data)
    assert "upload" in str(caught.value)


NESTED = "".join(
    f"#   {b}: &{b} {{<<: [{', '.join([f'*{a}'] * 9)}]}}\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)
)
HEADERS = {
    "delimiter of two letters": ("# delimiter: ab\n", "delimiter"),
    "number in place of the columns": ("# datatype: 5\n", "does not list the columns"),
    "impossible date": ("# meta: 2001-99-99\n", "month"),
    "brackets without end": (f"# meta: {'[' * 3000}\n", "recursion"),
    "merges of merges": (f"# meta:\n#   a: &a {{x: 1}}\n{NESTED}", "merges"),
    "code": ("# meta: !!python/object/apply:os.system ['true']\n", "does not list"),
    "a mixin that nobody knows": (
        "# datatype:\n# - {name: flux, datatype: string}\n# meta: !!omap\n# - __serialized_columns__:\n#     flux:\n"
        "#       __class__: some.where.Else\n",
        "Else",
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_cannot_be_parsed_is_never_taken_for_absent(name):
    lines, words = HEADERS[name]
    header = f"# %ECSV 1.0\n# ---\n{lines}".encode()
    with pytest.raises(errors.UnsupportedFormatError, match=words) as caught:
        read_bytes("upload", header + synthetic.csv_bytes(RAW))
    assert "units would be lost" in str(caught.value)


def test_columns_that_nothing_is_read_from_may_have_one_name():
    """Two commas too many at the end of every line, as spreadsheets write them."""
    read = read_bytes("upload", "\n".join(f"{line},," for line in (HEADER, *ROWS)).encode())
    assert len(read) == len(SPECTRA)
    assert np.isfinite(read.flux).all()


def test_a_name_in_small_letters_goes_before_the_same_in_capitals():
    columns = {"RA": [1.0, 2.0], **RAW, "ra": [3.0, 4.0], "SOURCE_ID": [8, 9]}
    read = read_bytes("upload", synthetic.csv_bytes(columns))
    assert read.source_id.tolist() == SPECTRA.source_id.tolist()
    assert read.metadata["ra"].tolist() == [3.0, 4.0]


def test_a_column_of_no_values_and_a_place_in_words_cost_nothing_else():
    flux = np.ones(343).astype(">f8").tobytes()
    data = _fits({"source_id": "1K", "flux": "343D", "none": "0J"}, (7).to_bytes(8, "big") + flux, width=8 + 343 * 8)
    card = "POS     = '(here, there)'".ljust(80).encode()
    read = read_bytes("upload", data.replace(b"END".ljust(80) + b" " * 80, card + b"END".ljust(80)))
    assert (len(read), read.flux[0, 0]) == (1, 1.0)


def test_a_votable_column_without_a_name_costs_nothing_else():
    data = synthetic.astropy_bytes({**RAW, "unnamed": [1.0, 2.0]}, "votable").replace(b'"unnamed"', b'""')
    assert len(read_bytes("upload", data)) == len(SPECTRA)


def test_a_zip_member_without_a_name_is_no_fault():
    data = synthetic.zip_bytes({"XP_SAMPLED_COMBINED.csv": synthetic.sample_rows_csv(SPECTRA), "Ax": b""})
    assert len(read_bytes("upload", data.replace(b"Ax", b"\x00x"))) >= len(SPECTRA)


def test_a_table_of_stars_that_unpacks_without_end_is_refused(tmp_path):
    path = tmp_path / "stars.csv.gz"
    path.write_bytes(gzip.compress(b"source_id,ra\n" + b"1,2\n" * 10_000_000))
    with pytest.raises(errors.FileTooLargeError, match="more than 250 times"):
        read_star_table(path)
