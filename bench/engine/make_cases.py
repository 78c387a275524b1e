"""Cases of the kinds that walking, ranking and wide rows find hard: make_cases.py OUTPUT_DIR.

Each folder holds model.txt, case.json, rows.f64 and raw.f64, little-endian, as bench:engine:compare reads them.
"""

import json
import pathlib
import sys

import lightgbm
import numpy

ROWS = 4000
out = pathlib.Path(sys.argv[1])
random = numpy.random.default_rng(7)


def write(name: str, note: str, booster: lightgbm.Booster, rows: numpy.ndarray) -> None:
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    booster.save_model(str(folder / "model.txt"))
    rows.astype("<f8").tofile(folder / "rows.f64")
    raw = booster.predict(rows, raw_score=True, num_threads=1)
    raw.astype("<f8").tofile(folder / "raw.f64")
    facts = {"name": name, "note": note, "rows": len(rows), "features": rows.shape[1], "outputs": 1}
    facts["trees"] = booster.num_trees()
    facts["lightgbm"] = lightgbm.__version__
    (folder / "case.json").write_text(json.dumps(facts) + "\n")


def train(rows, target, categorical="auto", rounds=100, **parameters) -> lightgbm.Booster:
    settings = {"objective": "binary", "verbose": -1, "seed": 7, "num_threads": 1, **parameters}
    data = lightgbm.Dataset(rows, target, categorical_feature=categorical, params=settings)
    return lightgbm.train(settings, data, num_boost_round=rounds)


def numbers(count: int, features: int) -> numpy.ndarray:
    rows = random.normal(size=(count, features))
    rows[random.random(rows.shape) < 0.05] = numpy.nan
    return rows


rows = numbers(12000, 20)
score = numpy.nan_to_num(rows[:, 0]) + numpy.nan_to_num(rows[:, 1] * rows[:, 2])
target = (score + random.normal(size=len(rows)) > 0).astype(float)

linear = train(rows, target, linear_tree=True, num_leaves=31)
write("linear_100x31", "linear trees", linear, rows[:ROWS])

large = train(rows, target, num_leaves=2000, min_data_in_leaf=2, rounds=40)
write("leaves_2000_x40", "trees of up to 2,000 leaves", large, rows[:ROWS])

middle = train(rows, target, num_leaves=600, min_data_in_leaf=5, rounds=60)
write("leaves_600_x60", "trees of up to 600 leaves", middle, rows[:ROWS])

many = rows[:, :12].copy()
many[:, 0] = random.integers(0, 4464, len(rows))
many[:, 1] = random.integers(0, 900, len(rows))
effect = random.normal(size=4464)[many[:, 0].astype(int)] + random.normal(size=900)[many[:, 1].astype(int)]
target = (effect + random.normal(size=len(rows)) > 0).astype(float)
categories = train(many, target, categorical=[0, 1], num_leaves=31, min_data_per_group=5, cat_smooth=1, max_cat_threshold=512)
write("categories_4464", "thousands of categories", categories, many[:ROWS])

classes = train(rows, random.integers(0, 5, len(rows)), objective="multiclass", num_class=5, num_leaves=15, rounds=40)
folder = out / "multiclass_5"
folder.mkdir(parents=True, exist_ok=True)
classes.save_model(str(folder / "model.txt"))
rows[:ROWS].astype("<f8").tofile(folder / "rows.f64")
classes.predict(rows[:ROWS], raw_score=True, num_threads=1).astype("<f8").tofile(folder / "raw.f64")
facts = {"name": "multiclass_5", "note": "five outputs", "rows": ROWS, "features": 20, "outputs": 5}
(folder / "case.json").write_text(json.dumps({**facts, "trees": classes.num_trees()}) + "\n")
