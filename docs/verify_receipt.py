"""Checks a receipt of the IIT service offline; needs Python 3.9 or later and nothing else.

    python3 verify_receipt.py RECEIPT.json VERIFIER_KEY

VERIFIER_KEY is the text `name+id+base64` that the operator publishes (npm run audit:checkpoint prints it). Exits with 0
when the row stands in the log that the key has signed, and says so; with 1 and the reason when it does not.
"""
import base64
import datetime
import hashlib
import json
import math
import struct
import sys
import uuid


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def text(value):
    data = value.encode("utf-8")
    return struct.pack(">I", len(data)) + data


def leaf(data):
    """RFC 6962: leaves and nodes are told apart by their first byte."""
    return sha256(b"\x00", data)


def root_of(hash_, index, size, path):
    """The root that a leaf and the hashes beside its way up give."""
    path = [bytes.fromhex(step) for step in path]
    while size > 1:
        if index ^ 1 < size:
            beside = path.pop(0)
            hash_ = sha256(b"\x01", beside, hash_) if index & 1 else sha256(b"\x01", hash_, beside)
        index, size = index >> 1, (size + 1) >> 1
    if path:
        raise ValueError("a path is longer than its tree is high")
    return hash_


def row_hash(row):
    raw = row["raw_score"]
    if row["risk_is_logistic"] and not (abs(raw) <= 700 and abs(row["risk"] - 1 / (1 + math.exp(-raw))) < 1e-12):
        raise ValueError("the risk is not that of the raw score")
    due = row["due_date"]
    days = -(2**31) if due is None else (datetime.date.fromisoformat(due) - datetime.date(1970, 1, 1)).days
    parts = [bytes.fromhex(row["salt"]), struct.pack(">Id", row["number"], raw)]
    parts.append(b"\x00" if row["risk_is_logistic"] else struct.pack(">Bd", 1, row["risk"]))
    parts += [struct.pack(">Bi", row["tier"], days), text(row["patient_id"])]
    parts.append(b"\x00" if row["facility_id"] is None else b"\x01" + text(row["facility_id"]))
    parts.append(struct.pack(">B", len(row["reasons"])))
    for reason in row["reasons"]:
        value = float("nan") if reason["value"] is None else reason["value"]
        parts.append(struct.pack(">Hfd", reason["feature"], reason["contribution"], value))
    parts.append(struct.pack(">B", len(row["identifiers"])))
    for name, value in row["identifiers"].items():
        parts += [text(name), text(value)]
    return leaf(b"".join(parts))


def chunk_hash(chunk, row_root):
    return leaf(
        text("iit-chunk/2")
        + uuid.UUID(chunk["job_id"]).bytes
        + struct.pack(">IH", chunk["number"], chunk["tenant"])
        + text(chunk["period"])
        + struct.pack(">IIIq", chunk["first_row"], chunk["last_row"], chunk["rows"], int(chunk["recorded_at_micros"]))
        + uuid.UUID(chunk["api_key_id"]).bytes
        + text(chunk["actor"])
        + text(chunk["model_version"])
        + bytes.fromhex(chunk["model_sha256"])
        + row_root
        + bytes.fromhex(chunk["input_root"])
    )


# Ed25519 (RFC 8032, sections 5.1.4 and 5.1.7), checking only; points are (X, Y, Z, T).
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
I = pow(2, (P - 1) // 4, P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def same(p, q):
    return (p[0] * q[2] - q[0] * p[2]) % P == 0 and (p[1] * q[2] - q[1] * p[2]) % P == 0


def times(n, point):
    total = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def point_of(data):
    number = int.from_bytes(data, "little")
    y, sign = number & (2**255 - 1), number >> 255
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * I % P
    if y >= P or (x * x - xx) % P or (x == 0 and sign):
        raise ValueError("not a point of the curve")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed_by(key, message, signature):
    s = int.from_bytes(signature[32:], "little")
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    return s < Q and same(times(s, BASE), add(point_of(signature[:32]), times(k, point_of(key))))


def open_checkpoint(note, verifier_key):
    """C2SP signed-note and tlog-checkpoint: the size and the root that the key has signed."""
    name, key_id, encoded = verifier_key.split("+", 2)
    key = base64.b64decode(encoded)
    if key[:1] != b"\x01" or len(key) != 33 or sha256(name.encode(), b"\n", key)[:4].hex() != key_id:
        raise ValueError("the verifier key is not an Ed25519 key with its own id")
    body, _, lines = note.rpartition("\n\n")
    body += "\n"
    for line in lines.splitlines():
        dash, signer, encoded = line.split(" ")
        signature = base64.b64decode(encoded)
        if (dash, signer, signature[:4].hex(), len(signature)) != ("\u2014", name, key_id, 68):
            continue
        if signed_by(key[1:], body.encode("utf-8"), signature[4:]):
            _, size, root = body.split("\n")[:3]
            return int(size), base64.b64decode(root)
    raise ValueError("the checkpoint has no valid signature of " + name)


def verify(receipt, verifier_key):
    if receipt["type"] != "iit-receipt/1":
        raise ValueError("a receipt of another kind")
    row, chunk, log = receipt["row"], receipt["chunk"], receipt["log"]
    if not 0 <= row["place"] < chunk["rows"]:
        raise ValueError("the row's place is not within its chunk")
    size, root = open_checkpoint(log["checkpoint"], verifier_key)
    row_root = root_of(row_hash(row), row["place"], chunk["rows"], row["path"])
    ref = chunk["job_id"] + "/" + str(chunk["number"])
    entry = leaf(text("batch") + text(ref) + chunk_hash(chunk, row_root))
    if not 0 <= log["entry"] < size or root_of(entry, log["entry"], size, log["path"]) != root:
        raise ValueError("the row does not stand in the log that was signed")
    return size


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            found = json.load(file)
        entries = verify(found, sys.argv[2])
    except (ValueError, KeyError, IndexError, TypeError, struct.error, OSError) as error:
        sys.exit("does not hold: " + str(error))
    row, chunk = found["row"], found["chunk"]
    seconds = int(chunk["recorded_at_micros"]) / 1e6
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="seconds")
    print(
        "holds: row %d of job %s, patient %s, risk %.4f, tier %s, by %s with model %s at %s; entry %d of a log of %d"
        % (row["number"], chunk["job_id"], row["patient_id"], row["risk"], ("low", "medium", "high")[row["tier"]],
           chunk["actor"], chunk["model_version"], when, found["log"]["entry"], entries)
    )
