"""Recomputes the figures of the model card, scikit-learn beside our own measures.

Usage: report.py WORK MODEL_PREFIX OUT quick|ablation

WORK holds the tables training, records, snapshot and stacked and states.json, all by models/training/report.ts.
"""

import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
from baselines import TERMS, logistic, overdue_first, points, terms
from metrics import auc, average_precision, capacity, recalibration, rounded
from sklearn.metrics import average_precision_score, roc_auc_score
from table import Table
from train import cells, know_facilities, train

RESAMPLES = 400
DECISION_AT = (0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3)
TOP = 50
LEAST_ROWS_A_FACILITY = 100
LEAST_EXPECTED = 20
SMALL_CELL, SMALL_OUTCOMES = 100, 5


def figures(y, p, scale=True):
    """Ours and scikit-learn's must agree: a report that contradicts itself is none."""
    area, precision = auc(y, p), average_precision(y, p)
    assert abs(area - roc_auc_score(y, p)) < 1e-9 and abs(precision - average_precision_score(y, p)) < 1e-9
    found = {
        "n": len(y),
        "positives": int(y.sum()),
        "auc": rounded(area, 4),
        "auc_scikit_learn": rounded(roc_auc_score(y, p), 4),
        "pr_auc": rounded(precision, 4),
        "top_tenth_catches": capacity(y, p, (0.1,))[0]["caught"],
    }
    if scale:
        slope = recalibration(y, p)[1]
        found |= {"observed_expected": rounded(y.sum() / p.sum(), 4), "slope": rounded(slope, 3)}
    return found


def weighted_auc(order, ties, y, weight):
    """AUC with a weight a row; `order` sorts by risk, `ties` numbers the groups of equal risk along it."""
    w, hit = weight[order], y[order]
    negative = np.bincount(ties, w * (1 - hit))
    positive = np.bincount(ties, w * hit)
    below = np.concatenate(([0.0], np.cumsum(negative)[:-1]))
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))


def interval(y, p, cluster, seed=1):
    """95 % interval of the AUC by drawing clusters with replacement."""
    order = np.argsort(p, kind="stable")
    ties = np.cumsum(np.concatenate(([0], p[order][1:] != p[order][:-1])))
    _, number = np.unique(cluster, return_inverse=True)
    clusters = number.max() + 1
    random = np.random.Generator(np.random.PCG64(seed))
    drawn = []
    for _ in range(RESAMPLES):
        times = np.bincount(random.integers(0, clusters, clusters), minlength=clusters)
        drawn.append(weighted_auc(order, ties, y, times[number].astype(float)))
    return [rounded(q, 3) for q in np.quantile(drawn, (0.025, 0.975))]


def decision_curve(y, risks):
    """Net benefit a patient by the risk from which one would call: hits less calls in vain, weighed by that risk."""
    rows = []
    for at in DECISION_AT:
        odds = at / (1 - at)
        benefit = lambda called: rounded((y[called].sum() - (1 - y[called]).sum() * odds) / len(y), 5)
        rows.append({
            "threshold": at,
            **{name: benefit(p >= at) for name, p in risks.items()},
            "call_all": benefit(np.ones(len(y), dtype=bool)),
        })
    return rows


def top_of_facilities(table, rows, scores):
    """Share of interruptions among the first 50 of each facility's list on one date."""
    day = table.as_of[rows].max()
    today = table.as_of[rows] == day
    y, facility = table.y[rows][today], table.facility[rows][today]
    sites = [i for i in np.unique(facility) if (facility == i).sum() >= LEAST_ROWS_A_FACILITY]
    found = {"facilities": len(sites), "base_rate": rounded(y[np.isin(facility, sites)].mean(), 4)}
    for name, score in scores.items():
        s = score[today]
        hits = [y[facility == i][np.argsort(-s[facility == i], kind="stable")[:TOP]].mean() for i in sites]
        found[name] = rounded(np.mean(hits), 4)
    return found


def facility_spread(facility, y, p):
    """Observed over expected by facility, where at least 20 interruptions are expected."""
    observed, expected = np.bincount(facility, y), np.bincount(facility, p)
    enough = expected >= LEAST_EXPECTED
    ratios = observed[enough] / expected[enough]
    if len(ratios) < 2:
        return {"facilities": int(enough.sum()), "p10": None, "p50": None, "p90": None}
    p10, p50, p90 = (rounded(q, 3) for q in np.quantile(ratios, (0.1, 0.5, 0.9)))
    return {"facilities": int(enough.sum()), "p10": p10, "p50": p50, "p90": p90}


def by_group(groups, y, p, tiers):
    rows = []
    for dimension, group, inside in groups:
        n, positives = int(inside.sum()), int(y[inside].sum())
        if n < SMALL_CELL or positives < SMALL_OUTCOMES:
            continue
        high, medium = inside & (p >= tiers["high"]), inside & (p >= tiers["medium"])
        share = lambda a, b: rounded(a / b, 4) if b else None
        rows.append({
            "dimension": dimension,
            "group": group,
            "n": n,
            "positives": positives,
            "sensitivity_high": share(y[high].sum(), positives),
            "ppv_high": share(y[high].sum(), high.sum()),
            "sensitivity_medium": share(y[medium].sum(), positives),
            "ppv_medium": share(y[medium].sum(), medium.sum()),
        })
    return rows


class Fresh:
    """Patients whom the model never saw; their facilities' past as the training table knows it."""

    def __init__(self, directory, training, booster):
        table = Table(directory)
        place = {i: at for at, i in enumerate(training.facility_ids)}
        for day in np.unique(table.as_of):
            rows = table.as_of == day
            known = training.ratios[day]
            ratio = np.array([known[place[i]] if i in place else np.nan for i in table.facility_ids])
            table.x[rows, table.facility_column] = ratio[table.facility[rows]]
        self.table = table
        self.risk = booster.predict(table.x[:, table.model])

    def at_risk(self):
        rows = self.table.at_risk
        return self.table.y[rows], self.risk[rows]


def ablation(table, seed):
    """AUC among the at-risk of the test period when each feature is left out in turn, on records and on one snapshot."""
    test = table.split("test") & table.at_risk
    y, x = table.y[test], table.x[test]

    def areas(columns):
        booster, trees = train(table, columns, seed)
        return [
            auc(y, booster.predict(table.as_format(x, form)[:, columns], num_iteration=trees))
            for form in ("records", "snapshot")
        ]

    whole = areas(table.model)
    rows = []
    for left_out in table.model:
        records, snapshot = areas([i for i in table.model if i != left_out])
        rows.append({
            "feature": table.names[left_out],
            "records": rounded(records - whole[0], 4),
            "snapshot": rounded(snapshot - whole[1], 4),
        })
        print(f"without {table.names[left_out]}: {records:.4f}, {snapshot:.4f}", file=sys.stderr, flush=True)
    return rows


def main():
    work, prefix, out, kind = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    manifest = json.loads(Path(f"{prefix}.manifest.json").read_text())
    seed, tiers = manifest["training"]["seed"], manifest["tiers"]
    booster = lightgbm.Booster(model_file=f"{prefix}.txt")
    table = Table(work / "training")
    expected = know_facilities(table, seed)
    table.ratios = {day: table.past_ratios(expected, day) for day in np.unique(table.as_of)}
    test, training = table.split("test") & table.at_risk, table.split("train") & table.at_risk
    y = table.y[test]
    risk = booster.predict(table.x[test][:, table.model])

    everything, trees = train(table, list(range(len(table.names))), seed)
    risk_all = everything.predict(table.x[test], num_iteration=trees)
    risk_logistic = logistic(table, training).predict_proba(terms(table, test))[:, 1]
    without_facility = table.x[test][:, table.model].copy()
    without_facility[:, table.model.index(table.facility_column)] = np.nan
    risk_blind = booster.predict(without_facility)
    contenders = {
        "model": risk,
        "model_without_facility_effect": risk_blind,
        "all_features": risk_all,
        "logistic": risk_logistic,
        "points": points(table, test),
        "overdue_first": overdue_first(table, test),
    }
    scales = {"points": False, "overdue_first": False}
    early = table.feature("days_to_due", test) >= 0
    fresh = {form: Fresh(work / form, table, booster) for form in ("records", "stacked", "snapshot")}
    fresh_y, fresh_risk = fresh["records"].at_risk()
    fresh_rows = fresh["records"].table.at_risk
    fresh_table = fresh["records"].table
    states = json.loads((work / "states.json").read_text())
    facility_states = np.array([states.get(i, "") for i in fresh_table.facility_ids])[fresh_table.facility[fresh_rows]]
    groups = cells(fresh_table, fresh_rows) + [
        ("state", s, facility_states == s) for s in sorted(set(facility_states)) if s
    ]
    facilities = {
        "with_effect": facility_spread(table.facility[test], y, risk),
        "without_effect": facility_spread(table.facility[test], y, risk_blind),
        "new_patients": facility_spread(fresh_table.facility[fresh_rows], fresh_y, fresh_risk),
    }
    formats = {form: figures(*one.at_risk()) for form, one in fresh.items()}
    not_yet = {name: figures(y[early], p[early], scales.get(name, True)) for name, p in contenders.items()}
    at_risk = {name: figures(y, p, scales.get(name, True)) for name, p in contenders.items()}
    line = {
        "auc_at_risk": at_risk["model"]["auc"],
        "auc_at_risk_all_features": at_risk["all_features"]["auc"],
        "auc_at_risk_logistic": at_risk["logistic"]["auc"],
        "auc_at_risk_points": at_risk["points"]["auc"],
        "auc_not_yet_overdue": not_yet["model"]["auc"],
        "auc_records": formats["records"]["auc"],
        "oe_records": formats["records"]["observed_expected"],
        "auc_snapshot": formats["snapshot"]["auc"],
        "oe_snapshot": formats["snapshot"]["observed_expected"],
        "auc_stacked": formats["stacked"]["auc"],
        "oe_stacked": formats["stacked"]["observed_expected"],
        "oe_facility_p10": facilities["with_effect"]["p10"],
        "oe_facility_p90": facilities["with_effect"]["p90"],
        "features": len(table.model),
    }
    report = {
        "sha256": manifest["sha256"],
        "line": line,
        "logistic_terms": TERMS,
        "at_risk": at_risk,
        "not_yet_overdue": not_yet,
        "intervals": {
            "by_patient": interval(y, risk, table.patient[test]),
            "by_facility": interval(y, risk, table.facility[test]),
        },
        "decision_curve": decision_curve(y, {"model": risk, "logistic": risk_logistic}),
        "top_50": top_of_facilities(table, test, contenders),
        "groups": by_group(groups, fresh_y, fresh_risk, tiers),
        "formats": formats,
        "facilities": facilities,
        "ablation": ablation(table, seed) if kind == "ablation" else None,
    }
    out.write_text(json.dumps(report, ensure_ascii=False))


if __name__ == "__main__":
    main()
