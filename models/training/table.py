"""The training table that models/training/table.ts wrote, and what different inputs leave out of it."""

import json

import numpy as np

FORMATS = ("records", "stacked", "snapshot")
# Of the training rows: half are full, the others as line lists leave them; apart from that, some without a facility.
STACKED_SHARE, SNAPSHOT_SHARE, NO_FACILITY_SHARE = 0.3, 0.2, 0.2
# Events that a facility's past must have for its own rate to count as much as everybody's.
PRIOR_EVENTS = 4.0


class Table:
    """Rows whose outcome is known; `x` holds every feature, `model` the places of the model's own, in its order."""

    def __init__(self, directory):
        self.meta = json.loads((directory / "table.json").read_text())
        data = np.fromfile(directory / "table.f64", dtype="<f8").reshape(-1, len(self.meta["columns"]))
        column = {name: i for i, name in enumerate(self.meta["columns"])}
        cut_off = np.array([f["cut_off"] for f in self.meta["facilities"]])
        # Only patients whose whole window lies well before their facility's data cut-off have a known outcome.
        self.known_after = self.meta["window_days"] + self.meta["settling_days"]
        whole = data[:, column["as_of"]] + self.known_after <= cut_off[data[:, column["facility"]].astype(int)]
        data = data[whole]
        self.names = [f["name"] for f in self.meta["features"]]
        self.model = [self.names.index(name) for name in self.meta["model_features"]]
        self.model_names = self.meta["model_features"]
        self.x = np.ascontiguousarray(data[:, : len(self.names)])
        self.y = data[:, column["label"]]
        self.at_risk = data[:, column["at_risk"]] == 1
        self.as_of = data[:, column["as_of"]]
        self.facility = data[:, column["facility"]].astype(int)
        self.patient = data[:, column["patient"]].astype(int)
        # What came before the training period has no facility's past yet.
        self.known_past = np.isin(self.as_of, [d["day"] for name in self.meta["splits"] if name != "before"
                                               for d in self.meta["splits"][name]])
        self.facility_patients = np.array([f["patients"] for f in self.meta["facilities"]])
        self.facility_ids = [f["id"] for f in self.meta["facilities"]]
        self.facility_column = self.names.index(self.meta["facility_feature"])

    def split(self, name):
        return np.isin(self.as_of, [d["day"] for d in self.meta["splits"][name]])

    def feature(self, name, rows):
        return self.x[rows, self.names.index(name)]

    def unseen_by(self, line_lists):
        """Places of the features that come from no source but the given kinds: `never`, `stacked`."""
        return [i for i, name in enumerate(self.names) if self.meta["line_list"][name] in line_lists]

    def as_format(self, x, form):
        """A copy of rows as records, stacked snapshots or one snapshot show them."""
        seen = x.copy()
        if form != "records":
            seen[:, self.unseen_by(("never",) if form == "stacked" else ("never", "stacked"))] = np.nan
        return seen

    def masked(self, rows, seed):
        """The rows with what the formats leave out taken out of some, at random by the seed alone."""
        x = self.x[rows].copy()
        random = np.random.Generator(np.random.PCG64(seed))
        draw = random.random(len(x))
        stacked = draw < STACKED_SHARE + SNAPSHOT_SHARE
        snapshot = draw < SNAPSHOT_SHARE
        x[np.ix_(np.flatnonzero(stacked), self.unseen_by(("never",)))] = np.nan
        x[np.ix_(np.flatnonzero(snapshot), self.unseen_by(("stacked",)))] = np.nan
        x[random.random(len(x)) < NO_FACILITY_SHARE, self.facility_column] = np.nan
        return x

    def past_ratios(self, expected, day):
        """By facility: interruptions among those at risk in windows that were over and settled by `day`, over those
        expected of such patients anywhere, shrunk towards 1 by `PRIOR_EVENTS`. NaN for all where nothing was over."""
        past = self.at_risk & (self.as_of + self.known_after <= day)
        sites = len(self.facility_ids)
        observed = np.bincount(self.facility[past], self.y[past], sites)
        wanted = np.bincount(self.facility[past], expected[past], sites)
        if wanted.sum() == 0:
            return np.full(sites, np.nan)
        # Over all facilities the ratio is 1: they are held against each other, not against the level of a period.
        wanted *= observed.sum() / wanted.sum()
        return np.round((observed + PRIOR_EVENTS) / (wanted + PRIOR_EVENTS), 2)

    def fill_past_ratios(self, expected):
        """Writes to each row what was known of its facility on its as-of date."""
        for day in np.unique(self.as_of):
            rows = self.as_of == day
            self.x[rows, self.facility_column] = self.past_ratios(expected, day)[self.facility[rows]]
