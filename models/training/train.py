"""Trains the IIT model on a table that models/training/table.ts wrote, with real LightGBM.

Usage: train.py TABLE_DIR OUT_DIR NAME VERSION SEED

Writes into OUT_DIR: NAME.txt (the model), NAME.golden.json (reference rows), NAME.manifest.json.
Same table and seed, same bytes. No randomness but the seed's, one thread, deterministic histograms.
"""

import hashlib
import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
from metrics import auc, rounded, summary

NOT_A_DIAGNOSIS = "Prioritises supportive contact. Not a diagnosis; never a reason to delay, reduce or refuse ART."
INTENDED_USE = (
    "Ranks patients in care on antiretroviral therapy by the risk of interruption in treatment (no pickup or "
    "clinical contact by 28 days after the due date) within 90 days, so that health workers can offer "
    "supportive contact first to those likeliest to need it."
)
OBJECTIVE = "binary"
PARAMETERS = {
    "objective": OBJECTIVE,
    "num_leaves": 31,
    "learning_rate": 0.055,
    "min_data_in_leaf": 300,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 255,
}
REPRODUCIBLE = {"num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1}
MIN_TREES, MAX_TREES = 100, 200
GOLDEN_ROWS = 256
SMALL_CELL, SMALL_OUTCOMES = 100, 5
DRIFT_BINS = 10
# Shares of the validation cohort, everybody in care, that come to lie in the tiers.
HIGH_SHARE, MEDIUM_SHARE = 0.05, 0.15


class Table:
    def __init__(self, directory):
        self.meta = json.loads((directory / "table.json").read_text())
        data = np.fromfile(directory / "table.f64", dtype="<f8").reshape(-1, len(self.meta["columns"]))
        column = {name: i for i, name in enumerate(self.meta["columns"])}
        cut_off = np.array([f["cut_off"] for f in self.meta["facilities"]])
        # Only patients whose whole window lies well before their facility's data cut-off have a known outcome.
        known_after = self.meta["window_days"] + self.meta["settling_days"]
        whole = data[:, column["as_of"]] + known_after <= cut_off[data[:, column["facility"]].astype(int)]
        data = data[whole]
        self.names = [f["name"] for f in self.meta["features"]]
        self.x = np.ascontiguousarray(data[:, : len(self.names)])
        self.y = data[:, column["label"]]
        self.at_risk = data[:, column["at_risk"]] == 1
        self.as_of = data[:, column["as_of"]]
        self.facility = data[:, column["facility"]].astype(int)
        self.facility_patients = np.array([f["patients"] for f in self.meta["facilities"]])

    def split(self, name):
        return np.isin(self.as_of, [d["day"] for d in self.meta["splits"][name]])

    def feature(self, name, rows):
        return self.x[rows, self.names.index(name)]


def train(table, seed):
    """The booster and its number of trees: the best on the later validation period, between 100 and 200."""
    parameters = {**PARAMETERS, **REPRODUCIBLE, "seed": seed}
    fit, check = table.split("train"), table.split("validation")
    training = lightgbm.Dataset(table.x[fit], table.y[fit], feature_name=table.names, free_raw_data=False)
    validation = lightgbm.Dataset(table.x[check], table.y[check], reference=training, free_raw_data=False)
    losses = {}
    booster = lightgbm.train(
        {**parameters, "metric": "binary_logloss"},
        training,
        MAX_TREES,
        valid_sets=[validation],
        valid_names=["validation"],
        callbacks=[lightgbm.record_evaluation(losses)],
    )
    best = int(np.argmin(losses["validation"]["binary_logloss"])) + 1
    return booster, min(MAX_TREES, max(MIN_TREES, best))


def thresholds_by_feature(booster, trees):
    found = {}
    for tree in booster.dump_model(num_iteration=trees)["tree_info"]:
        stack = [tree["tree_structure"]]
        while stack:
            node = stack.pop()
            if "split_feature" in node:
                found.setdefault(node["split_feature"], set()).add(node["threshold"])
                stack += [node["left_child"], node["right_child"]]
    return found


def histogram(values, candidates):
    """Bins near the deciles, with edges among the model's own thresholds: scoring has those ranks already."""
    known = values[~np.isnan(values)]
    edges = []
    if len(known) and len(candidates):
        choices = np.array(sorted(candidates))
        for q in np.quantile(known, np.arange(1, DRIFT_BINS) / DRIFT_BINS):
            edge = float(choices[np.argmin(np.abs(choices - q))])
            if edge not in edges:
                edges.append(edge)
        edges.sort()
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return {"edges": edges, "counts": [int(c) for c in counts], "missing": int(np.isnan(values).sum())}


def drift(table, booster, trees, rows, risk):
    used = thresholds_by_feature(booster, trees)
    features = {}
    for name in table.meta["drift_features"]:
        values = table.feature(name, rows)
        candidates = used.get(table.names.index(name))
        if not candidates:
            # Not split on: halfway between neighbouring values.
            distinct = np.unique(values[~np.isnan(values)])
            candidates = ((distinct[1:] + distinct[:-1]) / 2).tolist()
        features[name] = histogram(values, candidates)
    deciles = np.unique(np.round(np.quantile(risk, np.arange(1, DRIFT_BINS) / DRIFT_BINS), 6))
    return {"features": features, "score": histogram(risk, deciles.tolist())}


def subgroups(table, rows, risk, high):
    """Test-period at-risk rows by who they are; small cells say nothing but their name."""
    age = table.feature("age", rows)
    months = table.feature("months_on_art", rows)
    sex = table.feature("gender", rows)
    size = table.facility_patients[table.facility[rows]]
    y = table.y[rows]
    cells = [
        ("sex", "female", sex == 0),
        ("sex", "male", sex == 1),
        ("age", "under 15", age < 15),
        ("age", "15–19", (age >= 15) & (age < 20)),
        ("age", "20–24", (age >= 20) & (age < 25)),
        ("age", "25–49", (age >= 25) & (age < 50)),
        ("age", "50 and over", age >= 50),
        ("age", "not recorded", np.isnan(age)),
        ("facility size", "under 250 patients", size < 250),
        ("facility size", "250–999 patients", (size >= 250) & (size < 1000)),
        ("facility size", "1,000 patients and over", size >= 1000),
        ("time on ART", "under 6 months", months < 6),
        ("time on ART", "6–11 months", (months >= 6) & (months < 12)),
        ("time on ART", "1–4 years", (months >= 12) & (months < 60)),
        ("time on ART", "5 years and over", months >= 60),
        ("time on ART", "not recorded", np.isnan(months)),
    ]
    table_rows = []
    for dimension, group, inside in cells:
        n, positives = int(inside.sum()), int(y[inside].sum())
        small = n < SMALL_CELL or positives < SMALL_OUTCOMES
        figures = {
            "n": n,
            "positives": positives,
            "base_rate": rounded(y[inside].mean(), 4),
            "mean_predicted": rounded(risk[inside].mean(), 4),
            "auc": rounded(auc(y[inside], risk[inside]), 4),
            "high_share": rounded((risk[inside] >= high).mean(), 4),
        } if not small else dict.fromkeys(["n", "positives", "base_rate", "mean_predicted", "auc", "high_share"])
        table_rows.append({"dimension": dimension, "group": group, **figures})
    return table_rows


def golden(table, booster, trees, rows, seed):
    """Reference rows: ordinary ones of the test period, the last sixty with values taken out."""
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = random.choice(np.flatnonzero(rows), size=min(GOLDEN_ROWS, int(rows.sum())), replace=False)
    values = table.x[np.sort(chosen)].copy()
    for i in range(len(values) - 60, len(values)):
        values[i, random.random(values.shape[1]) < random.random()] = np.nan
    values[-1, :] = np.nan
    raw = booster.predict(values, raw_score=True, num_iteration=trees)
    risk = booster.predict(values, num_iteration=trees)
    return [
        {"values": [None if np.isnan(v) else float(v) for v in row], "raw": float(r), "risk": float(p)}
        for row, r, p in zip(values, raw, risk)
    ]


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    table_directory, out, name, version, seed = Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:5], int(sys.argv[5])
    table = Table(table_directory)
    booster, trees = train(table, seed)
    model = out / f"{name}.txt"
    model.write_text(booster.model_to_string(num_iteration=trees), newline="\n")
    risk = booster.predict(table.x, num_iteration=trees)

    validation, test = table.split("validation"), table.split("test")
    high = round(float(np.quantile(risk[validation], 1 - HIGH_SHARE)), 3)
    medium = round(float(np.quantile(risk[validation], 1 - MEDIUM_SHARE)), 3)
    metrics = {}
    for split in ("train", "validation", "test"):
        rows = table.split(split)
        some = rows & table.at_risk
        metrics[split] = {
            "as_of": sorted(d["date"] for d in table.meta["splits"][split]),
            "everybody": summary(table.y[rows], risk[rows]),
            "at_risk": summary(table.y[some], risk[some]),
        }
    test_at_risk = test & table.at_risk
    reference = out / f"{name}.golden.json"
    rows = golden(table, booster, trees, test, seed)
    body = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    head = json.dumps({"model_sha256": sha256(model), "features": table.names}, separators=(",", ":"))
    reference.write_text(f'{head[:-1]},"rows":[\n{body}\n]}}\n', newline="\n")

    manifest = {
        "schema_version": 1,
        "name": name,
        "version": version,
        "sha256": sha256(model),
        "file": model.name,
        "lightgbm_version": lightgbm.__version__,
        "objective": OBJECTIVE,
        "synthetic": table.meta["synthetic"],
        "trained_at": table.meta["end"],
        "training": {
            "seed": seed,
            "source": table.meta["source"],
            "rows": int(table.split("train").sum()),
            "patients": table.meta["patients"],
            "trees": trees,
            "num_leaves": PARAMETERS["num_leaves"],
            "window_days": table.meta["window_days"],
            "grace_days": table.meta["grace_days"],
            "parameters": PARAMETERS,
        },
        "features": table.meta["features"],
        "tiers": {"medium": medium, "high": high},
        "base_rate": metrics["test"]["everybody"]["base_rate"],
        "metrics": metrics,
        "subgroups": subgroups(table, test_at_risk, risk[test_at_risk], high),
        "subgroup_minimum": SMALL_CELL,
        "drift": drift(table, booster, trees, test, risk[test]),
        "intended_use": INTENDED_USE,
        "not_a_diagnosis": NOT_A_DIAGNOSIS,
        "golden": {"file": reference.name, "rows": len(rows), "sha256": sha256(reference)},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (out / f"{name}.manifest.json").write_text(text + "\n", newline="\n")


if __name__ == "__main__":
    main()
