"""Sends a file, follows the run, and prints the five whom to call first.

IIT_API_URL=... IIT_API_KEY=... python3 client/examples/night.py cohort.csv
Needs nothing but requests.
"""

import datetime
import os
import sys
import time

import requests

API = os.environ.get("IIT_API_URL", "http://127.0.0.1:8000")
RUNNING = {"receiving", "queued", "running"}
ATTEMPTS = 5

session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['IIT_API_KEY']}"


def ask(method, path, body=None, **options):
    """One answer of the service; what may pass is tried again. `body` makes the bytes anew for each attempt."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            sent = None if body is None else body()
            answer = session.request(method, API + path, data=sent, timeout=120, **options)
        except requests.ConnectionError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(2**attempt / 4)
            continue
        if answer.status_code in (429, 502, 503, 504) and attempt < ATTEMPTS:
            time.sleep(float(answer.headers.get("Retry-After", 2**attempt / 4)))
            continue
        if not answer.ok:
            problem = answer.json()
            sys.exit(f"{problem['detail']} ({problem['code']}, request {problem['request_id']})")
        return answer


def main(path):
    # The same name on the same day is the same run, however often this is started.
    key = f"nightly-{datetime.date.today().isoformat()}-py"
    job = ask(
        "POST",
        "/v1/jobs?name=nightly",
        body=lambda: open(path, "rb"),
        headers={"Idempotency-Key": key, "Content-Type": "application/octet-stream"},
    ).json()
    print("run", job["id"])
    while job["status"] in RUNNING:
        job = ask("GET", f"/v1/jobs/{job['id']}", headers={"Prefer": "wait=30"}).json()
    print(f"{job['status']}: {job['rows']['scored']} scored, {job['rows']['rejected']} refused")
    page = ask("GET", f"/v1/jobs/{job['id']}/results?order=risk&limit=5").json()
    for row in page["rows"]:
        reason = row["reasons"][0]["text"] if row["reasons"] else ""
        print(row["patient_id"], row["tier"], f"{row['risk']:.3f}", reason)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "cohort.csv")
