"""Writes the cases of this folder with real LightGBM: python make.py (pip install -r requirements.txt).

A case holds a model and LightGBM's answers for rows that are chosen to be awkward: on a threshold, one ulp
beside it, zeros of both signs, subnormals, infinities, NaN, unseen, negative, fractional and huge categories.
Same versions, same bytes.
"""

import json
import pathlib

import lightgbm
import numpy

HERE = pathlib.Path(__file__).parent
ROWS = 128
CONTRIB_ROWS = 24
FEATURES = 8
# Columns that are category numbers in every data set.
CATEGORICAL = [5, 6]

BASE = {"verbosity": -1, "num_threads": 1, "seed": 7, "deterministic": True, "force_row_wise": True}


def training_rows(rng, count, missing=0.08):
    rows = numpy.empty((count, FEATURES))
    rows[:, 0] = rng.normal(40, 15, count)
    rows[:, 1] = rng.poisson(3, count)
    rows[:, 2] = rng.lognormal(2, 2, count)
    rows[:, 3] = rng.integers(0, 2, count)
    rows[:, 4] = rng.normal(0, 1e-3, count)
    rows[:, 5] = rng.integers(0, 6, count)
    rows[:, 6] = rng.integers(0, 90, count) * 3
    rows[:, 7] = rng.normal(0, 1, count) * rng.integers(0, 2, count)
    if missing:
        rows[rng.random(rows.shape) < missing] = numpy.nan
    return rows


def signal(rng, rows):
    seen = numpy.nan_to_num(rows, nan=-1.0)
    return (
        0.03 * (seen[:, 0] - 40)
        + 0.3 * seen[:, 3] * seen[:, 1]
        - 0.2 * numpy.log1p(numpy.abs(seen[:, 2]))
        + numpy.isin(seen[:, 5], [1, 4])
        + 0.6 * (seen[:, 6] % 7 < 3)
        + seen[:, 7]
        + 200 * seen[:, 4]
        + rng.normal(0, 0.7, len(rows))
    )


def thresholds_by_feature(booster):
    found = {feature: [] for feature in range(FEATURES)}

    def walk(node):
        if "split_feature" in node:
            if node["decision_type"] == "<=":
                found[node["split_feature"]].append(float(node["threshold"]))
            walk(node["left_child"])
            walk(node["right_child"])

    for tree in booster.dump_model()["tree_info"]:
        walk(tree["tree_structure"])
    return found


def awkward_rows(rng, booster):
    rows = training_rows(rng, ROWS)
    thresholds = thresholds_by_feature(booster)
    odd = [0.0, -0.0, 1e-35, -1e-35, 2e-35, -2e-35, 5e-324, -5e-324, numpy.inf, -numpy.inf, numpy.nan, 1e300, -1e300]
    odd_categories = [-1, -0.5, 0.5, 2.999, 4, 1e9, 3e9, -3e9, 1e300, numpy.nan, numpy.inf, -numpy.inf, 700, 269.5]
    for row in range(ROWS // 4, ROWS):
        for feature in range(FEATURES):
            pick = rng.random()
            if feature in CATEGORICAL:
                if pick < 0.4:
                    rows[row, feature] = odd_categories[rng.integers(len(odd_categories))]
            elif pick < 0.5 and thresholds[feature]:
                value = thresholds[feature][rng.integers(len(thresholds[feature]))]
                rows[row, feature] = [value, numpy.nextafter(value, -numpy.inf), numpy.nextafter(value, numpy.inf)][
                    rng.integers(3)
                ]
            elif pick < 0.8:
                rows[row, feature] = odd[rng.integers(len(odd))]
    return rows


def write(name, note, params, label, rounds=15, count=1500, missing=0.08, slices=(), categories=False, group=False):
    rng = numpy.random.default_rng(sum(map(ord, name)))
    rows = training_rows(rng, count, missing)
    data = lightgbm.Dataset(
        rows,
        label(rng, signal(rng, rows)),
        params=BASE | params,
        categorical_feature=CATEGORICAL if categories else [],
        group=[50] * (count // 50) if group else None,
    )
    trained = lightgbm.train(BASE | params, data, rounds)
    # As a reader of the file sees it: the text carries fewer digits than memory in places.
    booster = lightgbm.Booster(model_str=trained.model_to_string())
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    booster.save_model(folder / "model.txt")
    rows = awkward_rows(rng, booster)
    outputs = params.get("num_class", 1)
    save = lambda file, array, kind: numpy.ascontiguousarray(array, dtype=kind).tofile(folder / file)
    save("rows.f64", rows, "<f8")
    save("raw.f64", booster.predict(rows, raw_score=True), "<f8")
    save("pred.f64", booster.predict(rows), "<f8")
    save("leaf.i32", booster.predict(rows, pred_leaf=True), "<i4")
    for start, number in slices:
        found = booster.predict(rows, raw_score=True, start_iteration=start, num_iteration=number)
        save(f"raw_{start}_{number}.f64", found, "<f8")
    linear = params.get("linear_tree", False)
    if not linear:
        save("contrib.f64", booster.predict(rows[:CONTRIB_ROWS], pred_contrib=True), "<f8")
    case = {
        "name": name,
        "note": note,
        "rows": ROWS,
        "features": FEATURES,
        "outputs": outputs,
        "trees": booster.num_trees(),
        "contrib_rows": 0 if linear else CONTRIB_ROWS,
        "slices": [list(one) for one in slices],
        "lightgbm": lightgbm.__version__,
    }
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")


def binary(rng, score):
    return (score > numpy.median(score)).astype(float)


def classes(count):
    return lambda rng, score: numpy.digitize(score, numpy.quantile(score, numpy.arange(1, count) / count))


def plain(rng, score):
    return score


def positive(rng, score):
    return numpy.exp(score / 3) + 0.01


def unit(rng, score):
    return 1 / (1 + numpy.exp(-score))


def main():
    write("binary_nan", "missing type NaN, both default directions, slices", {"objective": "binary", "sigmoid": 1.7}, binary,
          rounds=25, slices=[(0, 1), (5, 9), (20, 0)])
    write("binary_zero_missing", "zero_as_missing", {"objective": "binary", "zero_as_missing": True}, binary)
    write("binary_no_missing", "use_missing=false", {"objective": "binary", "use_missing": False}, binary)
    write("categorical", "one-hot and many-vs-many sets", {"objective": "binary", "min_data_per_group": 5, "cat_smooth": 1},
          binary, categories=True)
    write("multiclass_3", "softmax over three outputs", {"objective": "multiclass", "num_class": 3, "num_leaves": 12}, classes(3),
          rounds=8, slices=[(2, 3)])
    write("one_vs_all", "multiclassova", {"objective": "multiclassova", "num_class": 3, "num_leaves": 8, "sigmoid": 0.9}, classes(3), rounds=6)
    write("random_forest", "average_output",
          {"objective": "binary", "boosting": "rf", "bagging_fraction": 0.6, "bagging_freq": 1, "num_leaves": 15}, binary)
    write("linear_tree", "linear models at the leaves", {"objective": "regression", "linear_tree": True, "num_leaves": 10}, plain)
    write("wide_ranks", "hundreds of thresholds a feature, trees of 300 leaves: 16-bit ranks and leaf numbers",
          {"objective": "regression", "max_bin": 1023, "num_leaves": 300, "min_data_in_leaf": 2}, plain, rounds=6, count=3000)
    write("poisson", "exp transform, dart", {"objective": "poisson", "boosting": "dart", "num_leaves": 12}, positive, rounds=10)
    write("cross_entropy_lambda", "log1p(exp) transform", {"objective": "cross_entropy_lambda", "num_leaves": 12}, unit, rounds=8)
    write("square_root", "reg_sqrt: the sign-keeping square", {"objective": "regression", "reg_sqrt": True, "num_leaves": 12}, plain, rounds=8)
    write("lambdarank", "ranking, no transform", {"objective": "lambdarank", "num_leaves": 10}, classes(4), rounds=8, group=True)
    write("stump", "constant trees beside stumps", {"objective": "binary", "num_leaves": 2, "min_gain_to_split": 40}, binary, rounds=12)


main()
