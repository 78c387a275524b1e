"""Measures of a risk model, in numpy alone so that their bytes do not move with a library's version."""

import numpy as np

SMALLEST = 1e-15


def auc(y, p):
    """Area under the ROC curve, ties counted half; None where one class is absent."""
    positives = int(y.sum())
    negatives = len(y) - positives
    if positives == 0 or negatives == 0:
        return None
    order = np.argsort(p, kind="stable")
    ranked = p[order]
    first = np.concatenate(([True], ranked[1:] != ranked[:-1]))
    start = np.flatnonzero(first)
    end = np.append(start[1:], len(p))
    rank = np.empty(len(p))
    rank[order] = np.repeat((start + 1 + end) / 2, end - start)
    return float((rank[y == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(y, p):
    """Area under the precision-recall curve as the sum of precision times gain in recall."""
    positives = int(y.sum())
    if positives == 0:
        return None
    order = np.argsort(-p, kind="stable")
    hits = y[order]
    ranked = p[order]
    last = np.append(ranked[1:] != ranked[:-1], True)
    true = np.cumsum(hits)[last]
    called = np.flatnonzero(last) + 1
    gain = np.diff(np.concatenate(([0], true)))
    return float((gain * true / called).sum() / positives)


def logit(p):
    q = np.clip(p, SMALLEST, 1 - SMALLEST)
    return np.log(q / (1 - q))


def recalibration(y, p):
    """Intercept and slope of outcome ~ logit(risk), by Newton's method; 0 and 1 are perfect."""
    if y.sum() in (0, len(y)):
        return None, None
    x = logit(p)
    a, b = 0.0, 1.0
    for _ in range(50):
        q = 1 / (1 + np.exp(-(a + b * x)))
        w = q * (1 - q)
        g = np.array([(y - q).sum(), ((y - q) * x).sum()])
        h = np.array([[w.sum(), (w * x).sum()], [(w * x).sum(), (w * x * x).sum()]])
        if abs(np.linalg.det(h)) < 1e-12:
            return None, None
        step = np.linalg.solve(h, g)
        a, b = a + step[0], b + step[1]
        if np.abs(step).max() < 1e-10:
            break
    return a, b


def rounded(value, digits=6):
    return None if value is None else round(float(value), digits)


def capacity(y, p, shares=(0.05, 0.1, 0.2)):
    """What calling the riskiest few catches, and how many of the calls hit."""
    order = np.argsort(-p, kind="stable")
    rows = []
    for share in shares:
        called = y[order[: int(np.ceil(len(y) * share))]]
        caught = called.sum() / y.sum() if y.sum() else None
        hits = called.mean() if len(called) else 0
        rows.append({"share": share, "caught": rounded(caught, 4), "positive_predictive_value": rounded(hits, 4)})
    return rows


def summary(y, p, bins=10):
    """The figures of the manifest for one set of rows."""
    n = len(y)
    q = np.clip(p, SMALLEST, 1 - SMALLEST)
    order = np.argsort(p, kind="stable")
    calibration = [
        {"n": len(part), "mean_predicted": rounded(p[part].mean()), "observed": rounded(y[part].mean())}
        for part in np.array_split(order, bins)
        if len(part) > 0
    ]
    intercept, slope = recalibration(y, p)
    return {
        "n": n,
        "positives": int(y.sum()),
        "base_rate": rounded(y.mean()) if n else 0,
        "auc": rounded(auc(y, p)),
        "pr_auc": rounded(average_precision(y, p)),
        "brier": rounded(((p - y) ** 2).mean()),
        "log_loss": rounded(-(y * np.log(q) + (1 - y) * np.log(1 - q)).mean()),
        "calibration": calibration,
        "calibration_intercept": rounded(intercept, 4),
        "calibration_slope": rounded(slope, 4),
        "capacity": capacity(y, p),
    }
