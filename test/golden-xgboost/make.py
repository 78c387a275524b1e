"""Writes the reference cases of this folder with real XGBoost: /usr/bin/python3 test/golden-xgboost/make.py (python3-xgboost).

Each folder: model.json or model.ubj, case.json, and little-endian arrays without headers: rows.f64, raw.f32 (margins),
pred.f32, leaf.i32 (node numbers), contrib.f32.
"""

import json
import pathlib
import shutil

import numpy
import xgboost

HERE = pathlib.Path(__file__).parent
ROWS = 48
random = numpy.random.default_rng(11)


def table(count: int, features: int, missing: float = 0.0) -> numpy.ndarray:
    rows = random.normal(size=(count, features))
    rows[random.random(rows.shape) < missing] = numpy.nan
    return rows


def awkward(booster: xgboost.Booster, rows: numpy.ndarray, categorical: int) -> numpy.ndarray:
    """Most values on a condition of the model, one single beside it, or half-way between two singles."""
    conditions: dict[int, list[float]] = {}
    for tree in json.loads(booster.save_raw("json"))["learner"]["gradient_booster"].get("model", {}).get("trees", []):
        for left, feature, condition in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"]):
            if left != -1:
                conditions.setdefault(feature, []).append(condition)
    for row in range(ROWS // 4, len(rows)):
        for feature in range(categorical, rows.shape[1]):
            pick = random.random()
            if pick < 0.1:
                rows[row, feature] = random.choice([0.0, -0.0, numpy.nan, 1e-45, -1e-45, 3e-46, -3e-46, 1e-36, 1e30])
            elif pick < 0.8 and feature in conditions:
                at = numpy.float32(random.choice(conditions[feature]))
                below = numpy.nextafter(at, numpy.float32(-numpy.inf))
                half = (float(at) + float(below)) / 2
                choices = [float(at), float(below), half, numpy.nextafter(half, -numpy.inf), numpy.nextafter(half, numpy.inf)]
                rows[row, feature] = random.choice(choices)
    return rows


def write(name, parameters, target, features=6, rounds=12, missing=0.1, binary=False, categorical=0, group=None, base=None):
    count = len(target)
    rows = table(count, features, missing)
    rows[:, categorical] += numpy.nan_to_num(target) * 0.8
    for feature in range(categorical):
        rows[:, feature] = random.integers(0, 5 + 40 * feature, count)
        rows[random.random(count) < missing, feature] = numpy.nan
    types = ["c"] * categorical + ["float"] * (features - categorical) if categorical else None
    data = xgboost.DMatrix(rows, target, feature_types=types, enable_categorical=categorical > 0)
    if group is not None:
        data.set_group(group)
    settings = {"nthread": 1, "seed": 5, "max_depth": 4, "tree_method": "hist" if categorical else "exact", **parameters}
    if base is not None:
        settings["base_score"] = base
    booster = xgboost.train(settings, data, rounds)
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    booster.save_model(str(folder / ("model.ubj" if binary else "model.json")))
    asked = rows[:ROWS].copy()
    for feature in range(categorical):
        asked[: ROWS // 2, feature] = random.choice([0, 1, 2, 3, 30, 44, 60, 1000, numpy.nan], ROWS // 2)
    asked = awkward(booster, asked, categorical)
    test = xgboost.DMatrix(asked, feature_types=types, enable_categorical=categorical > 0)
    margin = booster.predict(test, output_margin=True)
    outputs = margin.shape[1] if margin.ndim > 1 else 1
    asked.astype("<f8").tofile(folder / "rows.f64")
    margin.astype("<f4").tofile(folder / "raw.f32")
    if parameters["objective"] != "multi:softmax":
        booster.predict(test).astype("<f4").tofile(folder / "pred.f32")
    booster.predict(test, pred_leaf=True).astype("<i4").tofile(folder / "leaf.i32")
    contributions = booster.predict(test, pred_contribs=True)[:12]
    contributions.astype("<f4").tofile(folder / "contrib.f32")
    facts = {"name": name, "rows": ROWS, "features": features, "outputs": outputs, "xgboost": xgboost.__version__}
    facts["binary"] = binary
    (folder / "case.json").write_text(json.dumps(facts) + "\n")


N = 1500
noise = random.normal(size=N)
yes = (noise > 0).astype(float)
positive = numpy.exp(noise)
counts = random.poisson(2, N).astype(float)
classes = random.integers(0, 4, N).astype(float)
survival = positive * numpy.where(random.random(N) < 0.2, -1, 1)

write("binary_logistic", {"objective": "binary:logistic"}, yes)
write("binary_ubj", {"objective": "binary:logistic"}, yes, binary=True)
write("binary_base_score", {"objective": "binary:logistic"}, yes, base=0.137)
write("binary_logitraw", {"objective": "binary:logitraw"}, yes, base=0.3)
write("binary_hinge", {"objective": "binary:hinge"}, yes)
write("no_missing", {"objective": "binary:logistic"}, yes, missing=0)
write("reg_squarederror", {"objective": "reg:squarederror"}, noise)
write("reg_base_score", {"objective": "reg:squarederror"}, noise, base=-7.25)
write("reg_logistic", {"objective": "reg:logistic"}, random.random(N))
write("count_poisson", {"objective": "count:poisson"}, counts, base=1.7)
write("reg_gamma", {"objective": "reg:gamma"}, positive, binary=True)
write("reg_tweedie", {"objective": "reg:tweedie"}, counts)
write("survival_cox", {"objective": "survival:cox"}, survival)
write("multi_softprob", {"objective": "multi:softprob", "num_class": 4}, classes, rounds=6)
write("multi_softmax_parallel", {"objective": "multi:softmax", "num_class": 4, "num_parallel_tree": 3, "subsample": 0.7}, classes, rounds=2)
write("rank_pairwise", {"objective": "rank:pairwise"}, random.integers(0, 3, N).astype(float), group=[15] * 100)
write("dart", {"objective": "binary:logistic", "booster": "dart", "rate_drop": 0.4}, yes, rounds=15)
write("dart_multi_ubj", {"objective": "multi:softprob", "num_class": 3, "booster": "dart", "rate_drop": 0.4}, classes % 3, rounds=6, binary=True)
write("categorical", {"objective": "binary:logistic", "max_cat_to_onehot": 1}, yes, categorical=2)
write("categorical_one_hot", {"objective": "reg:squarederror", "max_cat_to_onehot": 100}, noise, categorical=2)
write("deep", {"objective": "reg:squarederror", "max_depth": 14, "min_child_weight": 0.1}, noise, rounds=4)
write("random_forest", {"objective": "binary:logistic", "num_parallel_tree": 12, "subsample": 0.6, "eta": 1}, yes, rounds=1)
