"""Rows a second of LightGBM's own predictor on one case, one thread: lightgbm_rate.py CASE_DIR score|explain."""

import json
import os
import pathlib
import statistics
import sys
import time

try:
    import lightgbm
    import numpy
except ImportError as missing:
    sys.exit(f"{missing.name} is not installed: pip install lightgbm==4.7.0 numpy, or set PYTHON")

SCORE_ROUNDS = 5
ROUND_SECONDS = 0.4

folder, mode = pathlib.Path(sys.argv[1]), sys.argv[2]
case = json.loads((folder / "case.json").read_text())
booster = lightgbm.Booster(model_file=str(folder / "model.txt"))
rows = numpy.fromfile(folder / case.get("rows_file", "rows.f64")).reshape(case["rows"], case["features"])
if mode == "explain":
    rows = rows[:1000]
kind = {"raw_score": True} if mode == "score" else {"pred_contrib": True}


def predict() -> None:
    booster.predict(rows, num_threads=1, **kind)


predict()
started = time.perf_counter()
predict()
passes = max(1, round(ROUND_SECONDS / (time.perf_counter() - started)))
rates = []
for _ in range(SCORE_ROUNDS if mode == "score" else 3):
    started = time.perf_counter()
    for _ in range(passes):
        predict()
    rates.append(len(rows) * passes / (time.perf_counter() - started))
print(
    json.dumps(
        {
            "case": case["name"],
            "rows_per_second": round(statistics.median(rates)),
            "mode": mode,
            "lightgbm": lightgbm.__version__,
            "python": sys.version.split()[0],
            "pid": os.getpid(),
        }
    )
)
