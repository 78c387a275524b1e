"""Makes the models and samples of test/tables: tables that have nothing to do with patients, invented here.

Usage: make.py OUT_DIR. Needs lightgbm and pandas-free numpy alone. Same seed, same bytes.
"""

import sys
from pathlib import Path

import lightgbm
import numpy as np

ROWS = 1500
BASE = {"num_leaves": 7, "learning_rate": 0.15, "min_data_in_leaf": 20, "verbosity": -1, "num_threads": 1,
        "deterministic": True, "force_row_wise": True, "seed": 3}
TREES = 12


def write(out, name, header, rows, x, y, names, parameters, categorical=(), group=None):
    data = lightgbm.Dataset(x, y, feature_name=names, categorical_feature=list(categorical), group=group)
    booster = lightgbm.train({**BASE, **parameters}, data, TREES)
    (out / f"{name}.txt").write_text(booster.model_to_string(), newline="\n")
    lines = [",".join(header)] + [",".join(row) for row in rows]
    (out / f"{name}.csv").write_text("\n".join(lines) + "\n", newline="\n")


def cell(value, digits=2):
    return "" if np.isnan(value) else f"{value:.{digits}f}".rstrip("0").rstrip(".")


def loans(out, random):
    amount = np.round(np.exp(random.normal(8, 0.8, ROWS)))
    income = np.round(np.exp(random.normal(7.5, 0.5, ROWS)))
    months = random.choice([6, 12, 24, 36], ROWS)
    purpose = random.integers(0, 4, ROWS)
    earlier = random.poisson(0.4, ROWS)
    income[random.random(ROWS) < 0.1] = np.nan
    odds = -2.2 + 0.9 * (np.log(amount / np.where(np.isnan(income), 1800, income)) - 0.5) + 0.6 * earlier + 0.4 * (purpose == 2)
    y = random.random(ROWS) < 1 / (1 + np.exp(-odds))
    names = ["amount", "income", "months", "purpose", "earlier_defaults"]
    x = np.column_stack([amount, income, months, purpose, earlier]).astype(float)
    rows = [[f"L{i}", f"B{i % 5}", *(cell(v) for v in x[i])] for i in range(ROWS)]
    write(out, "loans", ["loan_id", "branch", *names], rows, x, y, names, {"objective": "binary"}, ["purpose"])


def rentals(out, random):
    hour = random.integers(0, 24, ROWS)
    warmth = np.round(random.normal(14, 8, ROWS), 1)
    rain = np.round(np.maximum(0, random.normal(-1, 2, ROWS)), 1)
    weekend = (random.random(ROWS) < 0.28).astype(float)
    y = np.maximum(0, 40 + 25 * np.sin((hour - 7) / 24 * 6.3) + 3 * warmth - 12 * rain + 15 * weekend + random.normal(0, 9, ROWS))
    names = ["hour", "temperature", "rain_mm", "is_weekend"]
    x = np.column_stack([hour, warmth, rain, weekend])
    rows = [[f"2026-{i:05d}", f"S{i % 7}", *(cell(v) for v in x[i])] for i in range(ROWS)]
    write(out, "rentals", ["slot", "station", *names], rows, x, y, names, {"objective": "regression"})


def crops(out, random):
    kind = random.integers(0, 3, ROWS)
    height = np.round(random.normal(np.array([30, 80, 160])[kind], 18), 1)
    width = np.round(random.normal(np.array([3.0, 1.2, 6.0])[kind], 0.8), 2)
    names = ["height_cm", "leaf_cm"]
    x = np.column_stack([height, width])
    rows = [[f"P{i}", *(cell(v) for v in x[i])] for i in range(ROWS)]
    write(out, "crops", ["plot", *names], rows, x, kind, names, {"objective": "multiclass", "num_class": 3})


def hits(out, random):
    words = random.integers(0, 6, ROWS)
    age = np.round(random.exponential(40, ROWS))
    y = np.minimum(4, np.maximum(0, np.round(words - age / 60 + random.normal(0, 0.7, ROWS)))).astype(int)
    names = ["shared_words", "age_days"]
    x = np.column_stack([words, age]).astype(float)
    rows = [[f"H{i}", f"Q{i // 10}", *(cell(v) for v in x[i])] for i in range(ROWS)]
    group = [10] * (ROWS // 10)
    write(out, "hits", ["hit", "query", *names], rows, x, y, names, {"objective": "lambdarank"}, group=group)


def main():
    out = Path(sys.argv[1])
    random = np.random.Generator(np.random.PCG64(11))
    for make in (loans, rentals, crops, hits):
        make(out, random)


if __name__ == "__main__":
    main()
