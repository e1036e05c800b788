"""Bundles whose golden outputs LightGBM wrote, some calibrated by scikit-learn: testdata/bundle."""

import io
import json
import shutil
import sys
import tarfile
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import lightgbm as lgb
import numpy as np
import pandas as pd
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

DATA = Path(__file__).resolve().parent.parent
OUT = DATA / "bundle"
ROWS = 400


def table():
    rows = pd.read_csv(DATA / "flights" / "rows.csv", float_precision="round_trip")
    return rows[rows.late.notna()].reset_index(drop=True)


def features(rows):
    """The columns of category_ordered.txt, as pandas has them."""
    x = rows[["hour", "size", "temp", "carrier"]].copy()
    x["size"] = x["size"].astype(pd.CategoricalDtype(["small", "medium", "large"], ordered=True))
    x["carrier"] = x["carrier"].astype("category")
    return x


def write(name, manifest, model, rows, expected):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "glulam.yaml").write_text(manifest)
    shutil.copy(DATA / "flights" / model, folder / model)
    rows.to_csv(folder / "rows.csv", index=False, lineterminator="\n")
    pd.DataFrame({k: [repr(v) for v in np.asarray(c).tolist()] for k, c in expected.items()}).to_csv(
        folder / "expected.csv", index=False, lineterminator="\n")


MANIFEST = """\
glulam: 1
name: late
version: "3"
model: category_ordered.txt
{more}golden:
  rows: rows.csv
  expected: expected.csv
provenance:
  library: lightgbm {version}
  data: New York, October to December 2013
"""


def pack(folder, path):
    """An archive of the folder as somebody else's tar makes it: another order, a folder at the top."""
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT, compresslevel=9) as tar:
        for file in sorted(folder.iterdir(), reverse=True):
            info = tarfile.TarInfo(f"./{folder.name}/{file.name}"[2:])
            info.size, info.mtime = file.stat().st_size, 1_700_000_000
            tar.addfile(info, io.BytesIO(file.read_bytes()))
    data = bytearray(path.read_bytes())
    data[4:8] = bytes(4)  # the time in gzip's header
    path.write_bytes(data)


def main():
    OUT.mkdir(exist_ok=True)
    rows = table()
    b = lgb.Booster(model_file=str(DATA / "flights" / "category_ordered.txt"))
    x = features(rows)
    margin, p = b.predict(x, raw_score=True), b.predict(x)
    head = rows[["id", "hour", "size", "temp", "carrier"]].head(ROWS)
    leaves = b.predict(x.head(ROWS), pred_leaf=True)
    version = lgb.__version__

    write("late", MANIFEST.format(more="rename: {temp: temperature}\noutputs: [prediction, class]\nthreshold: 0.25\n", version=version),
          "category_ordered.txt", head.rename(columns={"temp": "temperature"}),
          {"margin": margin[:ROWS], "prediction": p[:ROWS], "class": (p[:ROWS] > 0.25).astype(int),
           **{f"leaf_{i}": leaves[:, i] for i in range(leaves.shape[1])}})
    pack(OUT / "late", OUT / "late.tar.gz")

    platt = _SigmoidCalibration().fit(margin, rows.late)
    write("platt", MANIFEST.format(more=f"calibration: {{method: platt, a: {float(platt.a_)!r}, b: {float(platt.b_)!r}}}\n", version=version),
          "category_ordered.txt", head, {"margin": margin[:ROWS], "prediction": platt.predict(margin)[:ROWS]})

    iso = IsotonicRegression(out_of_bounds="clip").fit(p[1000:], rows.late[1000:])
    more = f"calibration:\n  method: isotonic\n  x: {json.dumps(iso.X_thresholds_.tolist())}\n  y: {json.dumps(iso.y_thresholds_.tolist())}\n"
    write("isotonic", MANIFEST.format(more=more, version=version),
          "category_ordered.txt", head, {"margin": margin[:ROWS], "prediction": iso.predict(p)[:ROWS]})


if __name__ == "__main__":
    sys.exit(main())
