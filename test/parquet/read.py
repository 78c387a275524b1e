"""Reads a Parquet file of results by pandas, pyarrow and DuckDB; says what each found, as JSON."""

import json
import sys

import duckdb
import pandas
import pyarrow.parquet

path = sys.argv[1]


def plain(rows):
    return [
        {
            name: None if cell is None or cell != cell else str(cell)[:10] if name == "due_date" else cell
            for name, cell in row.items()
        }
        for row in rows
    ]


file = pyarrow.parquet.ParquetFile(path)
relation = duckdb.connect().execute(f"SELECT * FROM read_parquet('{path}')")
names = [column[0] for column in relation.description]
json.dump(
    {
        "pandas": plain(pandas.read_parquet(path).astype(object).to_dict("records")),
        "pyarrow": plain(file.read().to_pylist()),
        "duckdb": plain(dict(zip(names, row)) for row in relation.fetchall()),
        "types": {field.name: str(field.type) for field in file.schema_arrow},
        "row_groups": file.num_row_groups,
        "metadata": {key.decode(): text.decode() for key, text in file.metadata.metadata.items()},
    },
    sys.stdout,
)
