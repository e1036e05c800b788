"""Boundary rows: for every threshold of a model, rows next to it, and special values. internal/golden/boundary makes them.

    entry["boundary"] = boundary.of(model, rows, ask, text=[...], features=[...])

asks the library about the rows of a saved model and keeps a digest of each 64 rows' numbers, in MODEL's folder. The rows
themselves are not kept: the tests make them again. Needs Go.
"""

import atexit
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent.parent
BLOCK = 64


@functools.cache
def command():
    """The command boundaryrows, built."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    path = os.path.join(folder, "boundaryrows")
    subprocess.run(["go", "build", "-o", path, "./internal/golden/boundary/boundaryrows"], cwd=ROOT, check=True)
    return path


def run(**request):
    """The head that the command prints, and the rows: a float64 each, texts by their place, NaN where missing."""
    out = subprocess.run([command()], input=json.dumps(request).encode(), stdout=subprocess.PIPE, cwd=ROOT, check=True).stdout
    line, _, raw = out.partition(b"\n")
    head = json.loads(line)
    return head, np.frombuffer(raw, "<f8").reshape(head["rows"], len(head["columns"]))


def rows(model, csv, text=(), features=(), trees="", finite=False):
    """The rows of a model file, with the options of its case, made from those of a CSV file: the head, and a frame."""
    head, values = run(model=str(model), rows=str(csv), text=list(text), features=list(features or ()), trees=trees, finite=finite)
    frame = {}
    for i, column in enumerate(head["columns"]):
        if column["texts"] is None:
            frame[column["name"]] = values[:, i].copy()
            continue
        texts = np.array([*column["texts"], np.nan], dtype=object)
        place = np.where(np.isnan(values[:, i]), len(texts) - 1, values[:, i]).astype(int)
        frame[column["name"]] = pd.Series(texts[place], dtype=object)
    return head, pd.DataFrame(frame)


def matrix(model, base, features=()):
    """The rows of a model as its trees see them, made from such rows: the head, and an array."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(np.ascontiguousarray(base, "<f8").tobytes())
        file.flush()
        return run(model=str(model), matrix=file.name, features=list(features or ()))


def digest(values):
    """As Digests of internal/golden/boundary."""
    bits = np.ascontiguousarray(values, "<f8").view("<u8").copy()
    bits[np.isnan(values)] = 0x7FF8000000000000
    return hashlib.sha256(bits.tobytes()).digest()[:8]


def write(path, head, values):
    """Writes the file of digests: that of the rows, then those of the blocks. What a case says of it."""
    values = np.ascontiguousarray(np.asarray(values).reshape(head["rows"], -1), "<f8")
    parts = [int(head["digest"], 16).to_bytes(8, "little")]
    parts += [digest(values[i:i + BLOCK]) for i in range(0, len(values), BLOCK)]
    Path(path).write_bytes(b"".join(parts))
    if folder := os.environ.get("BOUNDARY_NUMBERS"):  # to look at what differs
        np.save(os.path.join(folder, Path(path).name), values)
    return {"file": Path(path).name, "rows": head["rows"]}


def of(path, model, csv, ask, prediction=False, **options):
    """Writes the digests of a case to path. ask gives the library's margins (predictions, if it has no margins) of a frame."""
    head, frame = rows(model, csv, **options)
    entry = write(path, head, ask(frame))
    if prediction:
        entry["of"] = "prediction"
    if options.get("finite"):
        entry["finite"] = True
    return entry
