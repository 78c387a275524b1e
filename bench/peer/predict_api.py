"""The usual way to serve a LightGBM model: FastAPI, a pydantic model of the row, LightGBM's own scorer.

Nothing is audited and nobody is asked for a key. uvloop, httptools and orjson are used where they are installed;
one worker, no access log, one LightGBM thread: the fastest setting on one core.

    MODEL=… MANIFEST=… uvicorn predict_api:app --port … --no-access-log
"""

import json
import os

import lightgbm as lgb
import numpy as np
from fastapi import FastAPI
from fastapi.responses import Response
from pydantic import Field, create_model

try:
    from orjson import dumps
except ImportError:

    def dumps(value):
        return json.dumps(value).encode()


with open(os.environ["MANIFEST"], encoding="utf-8") as file:
    manifest = json.load(file)
features = [feature["name"] for feature in manifest["features"]]
medium, high = manifest["tiers"]["medium"], manifest["tiers"]["high"]
booster = lgb.Booster(model_file=os.environ["MODEL"])

Patient = create_model(
    "Patient",
    patient_id=(str, Field(min_length=1, max_length=64)),
    facility_id=(str | None, None),
    **{
        feature["name"]: (float | None, Field(None, ge=feature["min"], le=feature["max"]))
        for feature in manifest["features"]
    },
)

app = FastAPI()


def answer(patient, reasons):
    row = np.array([[getattr(patient, name) for name in features]], dtype=np.float64)
    risk = float(booster.predict(row, num_threads=1)[0])
    out = {
        "patient_id": patient.patient_id,
        "risk": risk,
        "tier": "high" if risk >= high else "medium" if risk >= medium else "low",
    }
    if reasons > 0:
        contributions = booster.predict(row, pred_contrib=True, num_threads=1)[0][:-1]
        top = np.argsort(-np.abs(contributions))[:reasons]
        out["reasons"] = [
            {
                "feature": features[i],
                "value": getattr(patient, features[i]),
                "contribution": float(contributions[i]),
            }
            for i in map(int, top)
        ]
    return Response(dumps(out), media_type="application/json")


@app.post("/predict")
async def predict(patient: Patient, explain: int = 0):
    return answer(patient, explain)
