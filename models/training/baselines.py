"""What a model has to beat: rules that need no model, and a logistic model of a few concepts."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TERMS = 14


def overdue_first(table, rows):
    """Whoever is overdue first, the longest first; then those usually late."""
    overdue = np.maximum(0, -table.feature("days_to_due", rows))
    return np.nan_to_num(overdue) * 1000 + np.nan_to_num(table.feature("late_days_mean_5", rows))


def points(table, rows):
    """A rule of thumb that fits on a card."""
    value = lambda name: table.feature(name, rows)
    overdue = -value("days_to_due")
    age = value("age")
    return (
        4.0 * (overdue > 14)
        + 2.0 * ((overdue > 0) & (overdue <= 14))
        + 3.0 * (value("prior_iit_episodes") > 0)
        + 2.0 * (value("late_pickups_of_5") >= 3)
        + 2.0 * (value("months_on_art") < 6)
        + 1.0 * (value("viral_load") >= 1000)
        + 1.0 * (value("last_days_supply") <= 30)
        + 1.0 * ((age >= 15) & (age < 25))
    )


def terms(table, rows):
    """Due date, lateness, interruptions, time on ART and supply in 14 terms; what is missing counts as its mean or as no."""
    value = lambda name: table.feature(name, rows)
    known = lambda values: np.where(np.isnan(values), np.nanmean(values), values)
    due, months, age = known(value("days_to_due")), known(value("months_on_art")), value("age")
    episodes = np.nan_to_num(value("prior_iit_episodes"))
    x = [
        np.clip(-due, 0, 28),
        due < -7,
        due < -14,
        np.clip(due, 0, 90),
        known(value("late_pickups_of_5")),
        np.log1p(known(value("late_days_mean_5"))),
        episodes > 0,
        np.minimum(episodes, 3),
        np.log1p(months),
        months < 6,
        value("last_days_supply") <= 30,
        value("last_days_supply") >= 180,
        value("viral_load") >= 1000,
        (age >= 15) & (age < 25),
    ]
    assert len(x) == TERMS
    return np.column_stack([np.asarray(column, dtype=float) for column in x])


def logistic(table, rows):
    """Fitted on the given rows."""
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    fitted.fit(terms(table, rows), table.y[rows])
    return fitted
