"""Writes one cohort by pandas, pyarrow and DuckDB, and as CSV, into the folder that is named. SYNTHETIC."""

import csv
import datetime
import pathlib
import sys

import duckdb
import pandas
import pyarrow
import pyarrow.parquet

ROWS = 5_000
FOLDER = pathlib.Path(sys.argv[1])
FIRST_DAY = datetime.date(2026, 1, 1)


def value(row, every, given):
    """Some are missing, in every column at rows of its own."""
    return None if row % every == 0 else given


IDS = [f"SYN-{row:05}-é" for row in range(ROWS)]
FACILITIES = [value(row, 11, f"FAC-{row % 7}") for row in range(ROWS)]
DAYS = [value(row, 13, FIRST_DAY + datetime.timedelta(days=row % 500)) for row in range(ROWS)]
AGES = [value(row, 17, row % 90) for row in range(ROWS)]
LATENESS = [value(row, 19, row / 7 - 100) for row in range(ROWS)]
SEXES = [value(row, 23, "Male" if row % 3 == 0 else "Female") for row in range(ROWS)]
LOADS = [value(row, 29, row % 2 == 0) for row in range(ROWS)]
NAMES = ["patient_id", "facility_id", "due_date", "age", "lateness", "sex", "has_vl"]
COLUMNS = [IDS, FACILITIES, DAYS, AGES, LATENESS, SEXES, LOADS]

with open(FOLDER / "cohort.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(NAMES)
    for cells in zip(*COLUMNS):
        writer.writerow(["" if cell is None else repr(cell) if isinstance(cell, float) else cell for cell in cells])

# pandas: days as timestamps without a zone, integers with gaps as doubles, repeated texts as categories, an index of its own.
frame = pandas.DataFrame(dict(zip(NAMES, COLUMNS)))
frame["due_date"] = pandas.to_datetime(frame["due_date"])
frame["age"] = frame["age"].astype("float64")
for name in ("facility_id", "sex"):
    frame[name] = frame[name].astype("category")
frame.index = [f"row {row}" for row in range(ROWS)]
frame.to_parquet(FOLDER / "pandas.parquet")

# pyarrow: small integers, dates, dictionaries, zstd, several row groups; and the other page format.
table = pyarrow.table(
    {
        "patient_id": IDS,
        "facility_id": pyarrow.array(FACILITIES).dictionary_encode(),
        "due_date": pyarrow.array(DAYS, pyarrow.date32()),
        "age": pyarrow.array(AGES, pyarrow.int8()),
        "lateness": pyarrow.array(LATENESS, pyarrow.float64()),
        "sex": pyarrow.array(SEXES),
        "has_vl": pyarrow.array(LOADS),
    }
)
pyarrow.parquet.write_table(table, FOLDER / "pyarrow.parquet", compression="zstd", row_group_size=900)
pyarrow.parquet.write_table(
    table,
    FOLDER / "pyarrow-v2.parquet",
    compression="gzip",
    data_page_version="2.0",
    data_page_size=2_000,
    use_dictionary=["facility_id"],
    column_encoding={"lateness": "BYTE_STREAM_SPLIT", "age": "DELTA_BINARY_PACKED", "patient_id": "DELTA_BYTE_ARRAY"},
)
listed = table.set_column(3, "age", pyarrow.array([[1]] * ROWS))
pyarrow.parquet.write_table(listed, FOLDER / "list.parquet")

# DuckDB: its own types of everything, and its encryption.
base = duckdb.connect()
base.register("cohort", table)
TYPED = "SELECT * REPLACE (due_date::TIMESTAMP AS due_date, age::DECIMAL(9, 2) AS age) FROM cohort"
base.execute(f"COPY ({TYPED}) TO '{FOLDER}/duckdb.parquet' (FORMAT parquet)")
# Its own build has a generator of random numbers that is fit for tests alone, and says so.
base.execute("SET force_mbedtls_unsafe = 'true'")
base.execute("PRAGMA add_parquet_key('key', '0123456789abcdef')")
base.execute(f"COPY cohort TO '{FOLDER}/encrypted.parquet' (FORMAT parquet, ENCRYPTION_CONFIG {{footer_key: 'key'}})")
