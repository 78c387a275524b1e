"""The script that a data team would write instead: pandas reads the cohort, LightGBM scores it, psycopg copies
predictions and audit rows into two tables with the indexes that such rows need, which it makes. No reasons, no input hashes, no exactly-once, no upload.

    python bench/peer/pipeline.py COHORT.csv MODEL.txt postgresql://…   → one JSON line
"""

import datetime
import json
import sys
import time
import uuid

import lightgbm
import numpy
import pandas
import psycopg

TIER_CUT_OFFS = (0.123, 0.240)
TABLES = """
CREATE TABLE peer_predictions (
  period date NOT NULL, job_id uuid NOT NULL, row_no integer NOT NULL, tenant_id smallint NOT NULL, chunk_no integer NOT NULL,
  patient_id text NOT NULL, facility_id text, due_date date, raw_score double precision NOT NULL, risk double precision NOT NULL,
  tier smallint NOT NULL, PRIMARY KEY (period, job_id, row_no));
CREATE INDEX ON peer_predictions (job_id, risk DESC, row_no);
CREATE TABLE peer_audit_log (
  period date NOT NULL, job_id uuid NOT NULL, row_no integer NOT NULL, tenant_id smallint NOT NULL, chunk_no integer NOT NULL,
  recorded_at timestamptz NOT NULL, source text NOT NULL, api_key_id uuid NOT NULL, actor text NOT NULL,
  patient_id text NOT NULL, model_version text NOT NULL, model_sha256 bytea NOT NULL, raw_score double precision NOT NULL,
  risk double precision NOT NULL, tier smallint NOT NULL, input_hash bytea NOT NULL, PRIMARY KEY (period, job_id, row_no));
CREATE INDEX ON peer_audit_log (patient_id, tenant_id);
"""


def main(cohort: str, model_file: str, url: str) -> None:
    started = time.monotonic()
    booster = lightgbm.Booster(model_file=model_file)
    frame = pandas.read_csv(cohort, dtype={"patient_id": str, "facility_id": str, "due_date": str}, comment="#")
    features = frame[booster.feature_name()].to_numpy(dtype=numpy.float64)
    read = time.monotonic()
    raw = booster.predict(features, raw_score=True, num_threads=2)
    risk = 1.0 / (1.0 + numpy.exp(-raw))
    tier = numpy.digitize(risk, TIER_CUT_OFFS)
    scored = time.monotonic()
    period = datetime.date.today().replace(day=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    job, key = uuid.uuid4(), uuid.uuid4()
    sha256 = bytes(32)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES)
    made = time.monotonic() - scored
    started, read, scored = started + made, read + made, scored + made
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy(
            "COPY peer_predictions (period, job_id, row_no, tenant_id, chunk_no, patient_id, facility_id, due_date,"
            " raw_score, risk, tier) FROM STDIN (FORMAT binary)"
        ) as copy:
            copy.set_types(
                ["date", "uuid", "int4", "int2", "int4", "text", "text", "date", "float8", "float8", "int2"]
            )
            for row, values in enumerate(
                zip(frame["patient_id"], frame["facility_id"], frame["due_date"], raw, risk, tier), 1
            ):
                patient, facility, due, row_raw, row_risk, row_tier = values
                copy.write_row(
                    (period, job, row, 1, 0, patient, facility, datetime.date.fromisoformat(due),
                     float(row_raw), float(row_risk), int(row_tier))
                )
        with cursor.copy(
            "COPY peer_audit_log (period, job_id, row_no, tenant_id, chunk_no, recorded_at, source, api_key_id, actor,"
            " patient_id, model_version, model_sha256, raw_score, risk, tier, input_hash)"
            " FROM STDIN (FORMAT binary)"
        ) as copy:
            copy.set_types(
                ["date", "uuid", "int4", "int2", "int4", "timestamptz", "text", "uuid", "text", "text", "text",
                 "bytea", "float8", "float8", "int2", "bytea"]
            )
            for row, values in enumerate(zip(frame["patient_id"], raw, risk, tier), 1):
                patient, row_raw, row_risk, row_tier = values
                copy.write_row(
                    (period, job, row, 1, 0, now, "job", key, "peer", patient, "peer", sha256,
                     float(row_raw), float(row_risk), int(row_tier), sha256)
                )
    ended = time.monotonic()
    print(
        json.dumps(
            {
                "rows": len(frame),
                "seconds": round(ended - started, 3),
                "read_seconds": round(read - started, 3),
                "score_seconds": round(scored - read, 3),
                "copy_seconds": round(ended - scored, 3),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
