"""Trains the IIT model on a table that models/training/table.ts wrote, with real LightGBM.

Usage: train.py TABLE_DIR OUT_DIR NAME VERSION SEED

Writes into OUT_DIR: NAME.txt (the model), NAME.golden.json (reference rows), NAME.manifest.json.
Same table and seed, same bytes. No randomness but the seed's, one thread, deterministic histograms.
"""

import datetime
import hashlib
import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
from metrics import auc, rounded, summary
from table import NO_FACILITY_SHARE, PRIOR_EVENTS, SNAPSHOT_SHARE, STACKED_SHARE, Table, FORMATS

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
    "monotone_constraints_method": "basic",
}
REPRODUCIBLE = {"num_threads": 1, "deterministic": True, "force_row_wise": True, "verbosity": -1}
MIN_TREES, MAX_TREES = 100, 200
GOLDEN_ROWS = 256
# Below these a format counts as not validated.
LEAST_AUC, LEAST_RATIO = 0.65, 0.8
REASON_FEATURES = (
    "late_pickups_of_5",
    "late_days_mean_5",
    "prior_iit_episodes",
    "viral_load",
    "months_on_art",
    "age",
    "out_of_catchment",
)
REASON_EDGES = {
    "viral_load": [999, 9999],
    "months_on_art": [1, 3, 6, 12, 24, 60, 96],
    "age": [9, 14, 19, 24, 34, 49],
    "late_days_mean_5": [0, 1, 3, 7, 14],
}
EXPIRES_AFTER_DAYS, REVIEW_AFTER_DAYS = 365, 182
SMALL_CELL, SMALL_OUTCOMES = 100, 5
# Bins of drift: tenths, and the tails apart.
DRIFT_QUANTILES = (0.02, 0.05, *(i / 10 for i in range(1, 10)), 0.95, 0.98)
# Where people draw the line themselves, when they choose whom to send or read a result.
DRIFT_EDGES = {
    "age": [9, 14, 19, 24],
    "days_to_due": [-1, 7, 14, 28],
    "last_days_supply": [14, 45, 75, 105, 165],
    "viral_load": [49, 999],
    "months_on_art": [6, 12],
}
# What should agree within a row: a supply with the days that it was to last, and with what the patient usually gets.
DRIFT_CHECKS = {
    "supply_against_due_date": {"last_days_supply": 1, "days_to_due": -1, "days_since_last_refill": -1},
    "supply_against_usual": {"last_days_supply": 1, "avg_days_supply": -1},
}
CHECK_EDGES = {
    "supply_against_due_date": [-45, -14, -4, 3, 13, 44],
    "supply_against_usual": [-75, -45, -15, 15, 45, 75],
}
# What a list may be chosen by: a job of one such group is held against that group of the reference.
SELECTS = ("age", "gender", "months_on_art", "days_to_due", "last_days_supply", "dsd_model")
# Rows of the reference from each as-of date, and the least that a facility has for its own shares to count.
REFERENCE_ROWS, REFERENCE_FACILITY_ROWS = 800, 100
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
# Shares of the validation cohort, everybody in care, that come to lie in the tiers.
HIGH_SHARE, MEDIUM_SHARE = 0.05, 0.15


def dataset(table, x, y, columns, reference=None):
    names = [table.names[i] for i in columns]
    return lightgbm.Dataset(x[:, columns], y, feature_name=names, reference=reference, free_raw_data=False)


def fit(table, x, rows, columns, seed, trees):
    """A booster of so many trees on the given values of the given rows."""
    directions = [table.meta["directions"].get(table.names[i], 0) for i in columns]
    parameters = {**PARAMETERS, **REPRODUCIBLE, "seed": seed, "monotone_constraints": directions}
    return lightgbm.train(parameters, dataset(table, x, table.y[rows], columns), trees)


def know_facilities(table, seed):
    """Fills in how each facility did before, against what a model that knows of no facility expects."""
    columns = [i for i in table.model if i != table.facility_column]
    rows = table.split("train")
    blind = fit(table, table.x[rows], rows, columns, seed, MIN_TREES)
    expected = blind.predict(table.x[:, columns])
    table.fill_past_ratios(expected)
    return expected


def train(table, columns, seed):
    """The booster and its number of trees: the best on the later validation period, between 100 and 200."""
    directions = [table.meta["directions"].get(table.names[i], 0) for i in columns]
    parameters = {**PARAMETERS, **REPRODUCIBLE, "seed": seed, "monotone_constraints": directions}
    rows, check = table.split("train"), table.split("validation")
    training = dataset(table, table.masked(rows, seed), table.y[rows], columns)
    validation = dataset(table, table.masked(check, seed + 1), table.y[check], columns, training)
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


def edges_of(values, fixed=()):
    """Edges halfway between the values beside the quantiles, so that no rounding moves a value over one; the fixed ones as
    they are."""
    known = values[~np.isnan(values)]
    distinct = np.unique(known)
    if len(distinct) < 2:
        return []
    middles = (distinct[1:] + distinct[:-1]) / 2
    nearest = {float(middles[np.argmin(np.abs(middles - q))]) for q in np.quantile(known, DRIFT_QUANTILES)}
    # A fixed edge takes the place of those that part nearly the same values.
    kept = [e for e in nearest if all(abs(share_between(known, e, f)) > 0.015 for f in fixed)]
    return sorted({*kept, *(float(f) for f in fixed)})


def share_between(known, low, high):
    return (known <= high).mean() - (known <= low).mean()


def bins_of(values, edges):
    """By value its bin, the missing in the one after the last."""
    return np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))


def spread(bins, count, facility):
    """By bin the variance of its share between facilities, what sampling makes of it taken off."""
    sizes = np.bincount(facility)
    large = np.flatnonzero(sizes >= REFERENCE_FACILITY_ROWS)
    if len(large) < 2:
        return [0.0] * count
    table = np.zeros((len(sizes), count))
    np.add.at(table, (facility, bins), 1)
    shares = table[large] / sizes[large, None]
    mean = shares.mean(axis=0)
    noise = (shares * (1 - shares) / sizes[large, None]).mean(axis=0)
    return [rounded(max(0.0, v), 8) for v in ((shares - mean) ** 2).mean(axis=0) - noise]


def scores_by_format(table, booster, trees, x):
    """Risks as each kind of input gives them, with what is known of the facility and without."""
    found = {}
    for form in FORMATS:
        seen = table.as_format(x, form)
        found[f"score:{form}"] = booster.predict(seen[:, table.model], num_iteration=trees)
        seen[:, table.facility_column] = np.nan
        found[f"score:{form}:no_facility"] = booster.predict(seen[:, table.model], num_iteration=trees)
    return found


def by_date(bins, count, days):
    """By bin the variance of its share from date to date, what sampling makes of it taken off: a programme's patients grow
    older, and seasons come and go."""
    shares, noise = [], []
    for day in np.unique(days):
        of_day = bins[days == day]
        share = np.bincount(of_day, minlength=count) / len(of_day)
        shares.append(share)
        noise.append(share * (1 - share) / len(of_day))
    shares = np.array(shares)
    return [rounded(max(0.0, v), 8) for v in shares.var(axis=0) - np.mean(noise, axis=0)]


def checked(table, name, rows):
    """Values of a feature, or of a sum of features that is a check."""
    if name not in DRIFT_CHECKS:
        return table.feature(name, rows)
    return sum(sign * table.feature(feature, rows) for feature, sign in DRIFT_CHECKS[name].items())


def drift(table, booster, trees, rows, risk, seed):
    """Histograms of the test period; how much facilities and dates differ; counts of every season; and rows of them, as bins
    alone, so that a job can be held against patients like its own without anybody's values being handed on."""
    names = [name for name in table.meta["drift_features"] if name in table.model_names]
    edges = {name: edges_of(table.feature(name, rows), DRIFT_EDGES.get(name, ())) for name in names}
    names += DRIFT_CHECKS
    edges.update({name: [float(e) for e in values] for name, values in CHECK_EDGES.items()})
    edges["score"] = [float(e) for e in np.unique(np.round(np.quantile(risk, DRIFT_QUANTILES), 6))]
    bins = {name: bins_of(checked(table, name, rows), edges[name]) for name in names}
    bins["score"] = bins_of(risk, edges["score"])
    histograms = {}
    for name, values in bins.items():
        counts = [int(c) for c in np.bincount(values, minlength=len(edges[name]) + 2)]
        histograms[name] = {"edges": edges[name], "counts": counts[:-1], "missing": counts[-1]}
    score = histograms.pop("score")
    score["means"] = [rounded(risk[bins["score"] == i].mean(), 6) for i in range(len(edges["score"]) + 1)]

    past = table.known_past
    days = table.as_of[past]
    columns = {name: bins_of(checked(table, name, past), edges[name]) for name in names}
    for name, values in scores_by_format(table, booster, trees, table.x[past]).items():
        columns[name] = bins_of(values, edges["score"])
    size = {name: len(edges.get(name, edges["score"])) + 2 for name in columns}
    months = (np.datetime64("1970-01-01") + days.astype(int)).astype("datetime64[M]").astype(int) % 12 + 1
    seasons = [
        {
            "month": int(months[days == day][0]),
            "rows": int((days == day).sum()),
            "counts": {
                name: [int(c) for c in np.bincount(values[days == day], minlength=size[name])]
                for name, values in columns.items()
            },
        }
        for day in np.unique(days)
    ]
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = np.sort(np.concatenate([
        random.choice(of_day, size=min(REFERENCE_ROWS, len(of_day)), replace=False)
        for of_day in (np.flatnonzero(days == day) for day in np.unique(days))
    ]))
    trend = {name: by_date(values, size[name], days) for name, values in columns.items() if ":" not in name}
    trend["score"] = by_date(columns["score:records"], size["score:records"], days)
    return {
        "features": histograms,
        "score": score,
        "checks": DRIFT_CHECKS,
        "selects": [name for name in SELECTS if name in names],
        "spread": {name: spread(values, len(edges[name]) + 2, table.facility[rows]) for name, values in bins.items()},
        "trend": trend,
        "reference": {
            "columns": ["month", *columns],
            "rows": ["".join(DIGITS[b] for b in row) for row in zip(months[chosen], *(c[chosen] for c in columns.values()))],
            "seasons": seasons,
        },
    }


def cells(table, rows):
    """Groups of rows by who they are: dimension, group, which rows."""
    age = table.feature("age", rows)
    months = table.feature("months_on_art", rows)
    sex = table.feature("gender", rows)
    size = table.facility_patients[table.facility[rows]]
    return [
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


def subgroups(table, rows, risk, high):
    """Test-period at-risk rows by who they are; small cells say nothing but their name."""
    y = table.y[rows]
    table_rows = []
    for dimension, group, inside in cells(table, rows):
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


def reason_effects(table, booster, trees, rows):
    """By feature that a reason may rest on: mean effect on the log-odds of values among the at-risk, against their
    mean. Bins are the values themselves where there are few, else tenths."""
    values = table.x[rows][:, table.model]
    effects = booster.predict(values, num_iteration=trees, pred_contrib=True)[:, :-1]
    found = {}
    for name in REASON_FEATURES:
        if name not in table.model_names:
            continue
        at = table.model_names.index(name)
        known = ~np.isnan(values[:, at])
        value, effect = values[known, at], effects[known, at]
        if name in REASON_EDGES:
            edges = np.array(REASON_EDGES[name])
        else:
            distinct = np.unique(value)
            edges = distinct[:-1] if len(distinct) <= 12 else np.unique(np.quantile(value, np.arange(1, 10) / 10))
        bins = np.searchsorted(edges, value, side="left")
        used = [i for i in range(len(edges) + 1) if (bins == i).sum() >= SMALL_CELL]
        mean = effect.mean()
        by_bin = [effect[bins == i].mean() - mean for i in used]
        found[name] = {
            "edges": [float(edges[i]) for i in used[:-1]],
            "effects": [rounded(e, 4) for e in by_bin],
        }
    return found


def formats(table, booster, trees, rows):
    """How the model does on test rows as each kind of input shows them. One whose patients it cannot rank, or whose
    risks are a quarter off, was not validated: its risks are shown with a warning."""
    y = table.y[rows]
    found = []
    for form in FORMATS:
        x = table.as_format(table.x[rows], form)[:, table.model]
        if table.meta["format"] != "records" and form == "records":
            continue
        risk = booster.predict(x, num_iteration=trees)
        area, ratio = auc(y, risk), y.sum() / risk.sum()
        found.append({
            "format": form,
            "n": len(y),
            "auc": rounded(area, 4),
            "observed_expected": rounded(ratio, 3),
            "validated": bool(area is not None and area >= LEAST_AUC and LEAST_RATIO <= ratio <= 1 / LEAST_RATIO),
        })
    return found


def facility_effect(table, expected):
    """What is known of each facility at the end of the data: what the service looks up."""
    end = datetime.date.fromisoformat(table.meta["end"])
    day = (end - datetime.date(1970, 1, 1)).days
    ratios = table.past_ratios(expected, day)
    return {
        "feature": table.names[table.facility_column],
        "prior_events": PRIOR_EVENTS,
        "as_of": table.meta["end"],
        "ratios": {i: float(r) for i, r in sorted(zip(table.facility_ids, ratios)) if i and not np.isnan(r)},
    }


def governance(end):
    """Who stands for the model and until when; dates follow from the data's last day, so that bytes do too."""
    end = datetime.date.fromisoformat(end)
    later = lambda days: (end + datetime.timedelta(days=days)).isoformat()
    return {
        "approver": None,
        "approved_on": None,
        "expires": later(EXPIRES_AFTER_DAYS),
        "thresholds_review": later(REVIEW_AFTER_DAYS),
    }


def golden(table, booster, trees, rows, seed):
    """Reference rows: ordinary ones of the test period, the last sixty with values taken out."""
    random = np.random.Generator(np.random.PCG64(seed))
    chosen = random.choice(np.flatnonzero(rows), size=min(GOLDEN_ROWS, int(rows.sum())), replace=False)
    values = table.x[np.sort(chosen)][:, table.model]
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
    expected = know_facilities(table, seed)
    booster, trees = train(table, table.model, seed)
    model = out / f"{name}.txt"
    model.write_text(booster.model_to_string(num_iteration=trees), newline="\n")
    risk = booster.predict(table.x[:, table.model], num_iteration=trees)

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
    head = json.dumps({"model_sha256": sha256(model), "features": table.model_names}, separators=(",", ":"))
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
            "directions": {name: table.meta["directions"].get(name, 0) for name in table.model_names},
            "masking": {"stacked": STACKED_SHARE, "snapshot": SNAPSHOT_SHARE, "no_facility": NO_FACILITY_SHARE},
        },
        "features": [{**table.meta["features"][i], "index": at} for at, i in enumerate(table.model)],
        "facility_effect": facility_effect(table, expected),
        "formats": formats(table, booster, trees, test_at_risk),
        "reason_effects": reason_effects(table, booster, trees, test_at_risk),
        "governance": governance(table.meta["end"]),
        "tiers": {"medium": medium, "high": high},
        "base_rate": metrics["test"]["everybody"]["base_rate"],
        "metrics": metrics,
        "subgroups": subgroups(table, test_at_risk, risk[test_at_risk], high),
        "subgroup_minimum": SMALL_CELL,
        "drift": drift(table, booster, trees, test, risk[test], seed),
        "intended_use": INTENDED_USE,
        "not_a_diagnosis": NOT_A_DIAGNOSIS,
        "golden": {"file": reference.name, "rows": len(rows), "sha256": sha256(reference)},
    }
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (out / f"{name}.manifest.json").write_text(text + "\n", newline="\n")


if __name__ == "__main__":
    main()
