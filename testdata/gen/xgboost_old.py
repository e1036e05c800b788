"""Makes the v10_* to v16_* cases of testdata/xgboost: models that XGBoost 1.0 to 1.6 saved, and what the newest one says.

The old versions run on Python 3.8, each in an environment of its own, and save their models; then the newest one, in that
of xgboost_cases.py, loads these very files and predicts.

    for v in 1.0.2 1.1.1 1.2.1 1.3.3 1.4.2 1.5.2 1.6.2; do
        python3.8 -m venv "$DIR/$v"
        "$DIR/$v/bin/pip" install -r testdata/gen/requirements-xgboost-v1.txt
        "$DIR/$v/bin/pip" install --no-deps xgboost==$v
        "$DIR/$v/bin/python" testdata/gen/xgboost_old.py save "$DIR"
    done
    python testdata/gen/xgboost_old.py expect "$DIR"

What the old versions themselves say goes to DIR; the cases only tell how far off it is. Same versions, same bytes.
"""

import csv
import gzip
import json
import os
import sys
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import xgboost as xgb

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "testdata" / "xgboost"
NUMBERS = ["month", "dow", "hour", "sched_arr_time", "distance", "temp", "wind_gust", "precip", "pressure", "plane_year"]
CODES = ["carrier_code", "month_code"]
BASE = {"seed": 7, "nthread": 1, "tree_method": "hist", "max_depth": 3, "eta": 0.3, "verbosity": 0}
VERSIONS = ("1.0.2", "1.1.1", "1.2.1", "1.3.3", "1.4.2", "1.5.2", "1.6.2")
warnings.simplefilter("ignore")


def prefix(version):
    return "v" + "".join(version.split(".")[:2]) + "_"


def read(path):
    """A table as {column: floats}, with NaN for gaps; texts stay texts."""
    with open(path, newline="", encoding="utf-8") as file:
        records = list(csv.reader(file))

    def column(cells):
        try:
            return np.array([float(c) if c else np.nan for c in cells])
        except ValueError:
            return np.array(cells)

    return {name: column([r[i] for r in records[1:]]) for i, name in enumerate(records[0])}


def matrix(table, columns):
    return np.stack([table[c] for c in columns], axis=1)


def flights():
    """The rows that xgboost_cases.py trains on."""
    table = read(ROOT / "testdata/flights/rows.csv")
    known = ~np.isnan(table["arr_delay"])
    table = {name: values[known] for name, values in table.items()}
    codes = {c: i for i, c in enumerate(sorted(set(table["carrier"])))}
    table["carrier_code"] = np.array([float(codes[c]) for c in table["carrier"]])
    table["month_code"] = (table["day"] * 5) % 12
    return {name: values[:3000] for name, values in table.items()}


# ---- The old version trains and saves. -------------------------------------------------------------------------------


def save(work):
    version = tuple(int(n) for n in xgb.__version__.split(".")[:2])
    folder = work / ("own" + xgb.__version__)
    folder.mkdir(exist_ok=True)
    for old in [*OUT.glob(prefix(xgb.__version__) + "*"), *folder.iterdir()]:
        old.unlink()
    table, rows = flights(), read(OUT / "rows.csv")
    delay = table["arr_delay"]
    late, kind = (delay > 0).astype(float), np.digitize(delay, [-15, 0, 20]).astype(float)
    positive = delay - delay.min() + 1
    cases = []

    def keep(name, about, booster, columns=NUMBERS, unknown=False, file=None, **more):
        """unknown: rows with categories that the model does not know."""
        file = file or prefix(xgb.__version__) + name + ".json"
        if booster is not None:
            booster.save_model(str(OUT / file))
        booster = xgb.Booster({"nthread": 1})
        booster.load_model(str(OUT / file))
        values = odd_rows(columns) if unknown else matrix(rows, columns)
        if "types" in more:
            data = xgb.DMatrix(values, feature_types=more["types"], feature_names=columns, enable_categorical=True)
        else:
            data = xgb.DMatrix(values, feature_names=columns)
        np.save(folder / (name + ".npy"), booster.predict(data, output_margin=True).reshape(len(values), -1))
        cases.append(dict(name=name, about=about, file=file, columns=columns, unknown=unknown, **more))

    def train(label, params, rounds=6, columns=NUMBERS, types=None, **more):
        kinds = {"feature_types": types, "enable_categorical": True} if types else {}
        data = xgb.DMatrix(matrix(table, columns), label, feature_names=columns, **kinds)
        return xgb.train({**BASE, **params}, data, rounds, **more)

    keep("logistic", "binary:logistic with a base score", train(late, {"objective": "binary:logistic", "base_score": 0.3}))
    keep("softprob", "multi:softprob", train(kind, {"objective": "multi:softprob", "num_class": 4, "max_depth": 2}, 4))
    keep("squared", "reg:squarederror", train(delay, {"objective": "reg:squarederror"}))
    keep("poisson", "count:poisson", train(positive, {"objective": "count:poisson", "max_depth": 2}))
    keep("logitraw", "binary:logitraw; until 1.2 its base score was a probability, today it is a margin",
         train(late, {"objective": "binary:logitraw", "base_score": 0.3, "max_depth": 2}))
    dart = {"booster": "dart", "rate_drop": 0.3, "one_drop": 1, "max_depth": 2}
    keep("dart", "weights of trees", train(delay, {**dart, "objective": "reg:squarederror"}, 10))
    linear = {"booster": "gblinear", "updater": "coord_descent", "objective": "binary:logistic", "base_score": 0.3}
    keep("linear", "gblinear; of files from before 1.5 the base score, a probability, is taken for a margin today", train(late, linear))
    forest = {"num_parallel_tree": 3, "subsample": 0.7, "max_depth": 1}
    keep("forest", "rounds of three trees for each of four classes",
         train(kind, {**forest, "objective": "multi:softmax", "num_class": 4}, 2))
    words = np.array(["early", "fine", "late", "lost"])[kind.astype(int)]
    if version < (1, 6):  # later ones know numbers only
        for name, label in (("labels", words), ("labels_two", np.where(late > 0, 30.0, 7.0))):
            model = xgb.XGBClassifier(n_estimators=2, max_depth=2, random_state=7, n_jobs=1)
            model.fit(matrix(table, NUMBERS[:4]), label)
            file = prefix(xgb.__version__) + name + ".json"
            model.save_model(str(OUT / file))
            keep(name, "XGBClassifier with labels of its own", None, NUMBERS[:4], file=file, nameless=True)
    else:
        columns, types = NUMBERS[:2] + CODES, ["float"] * 2 + ["c"] * 2
        booster = train(delay, {"objective": "reg:squarederror", "tree_method": "approx", "max_cat_to_onehot": 1}, 6, columns, types)
        keep("category", "categorical splits, and categories that the model does not know: 1.6 alone sent them on the default way",
             booster, columns, unknown=True, types=types)
    (folder / "cases.json").write_text(json.dumps(cases))


def odd_rows(columns):
    """Rows with categories that are unknown, negative, fractional, large or missing."""
    values = matrix(read(OUT / "rows.csv"), columns)[:60]
    odd = [-1, -2, -1.5, -0.5, 6.5, 12, 15, 16, 31, 32, 33, 63, 64, 1e6, 16777215, 16777216, 2e7, np.nan]
    for i, value in enumerate(odd):
        values[i, -1], values[i + len(odd), -2] = value, value
    return values


# ---- The newest version loads and predicts. --------------------------------------------------------------------------


def expect(work):
    global edges
    import boundary as edges  # needs pandas, and Go

    index = OUT / "cases.json"
    others = [c for c in json.loads(index.read_text()) if not c["name"].startswith(tuple(map(prefix, VERSIONS)))]
    cases = []
    for version in VERSIONS:
        folder = work / ("own" + version)
        for c in json.loads((folder / "cases.json").read_text()):
            cases.append(expected(version, c, np.load(folder / (c["name"] + ".npy"))))
    lines = [json.dumps(c) for c in sorted(cases + others, key=lambda c: c["name"])]
    index.write_text("[\n" + ",\n".join(lines) + "\n]\n")


def expected(version, c, own):
    """The entry of a case, with its arrays written."""
    name, columns = prefix(version) + c["name"], c["columns"]
    booster = xgb.Booster({"nthread": 1}, model_file=OUT / c["file"])
    entry = {"name": name, "about": c["about"], "library": f"xgboost {xgb.__version__} (a file of {version})",
             "model": c["file"], "rows": "rows.csv"}
    if c["unknown"]:
        values, entry["rows"] = odd_rows(columns), name + ".csv"
        with open(OUT / entry["rows"], "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(columns)
            out.writerows([["" if v != v else repr(float(v)) for v in row] for row in values])
    else:
        values = matrix(read(OUT / "rows.csv"), columns)
    more = {"feature_types": c["types"], "enable_categorical": True} if "types" in c else {}
    if booster.feature_names is None:
        entry["features"] = columns
    elif booster.feature_names != columns:
        raise AssertionError(booster.feature_names)
    else:
        more["feature_names"] = columns
    data = xgb.DMatrix(values, **more)

    def array(what, values, kind, **more):
        values = np.asarray(values).reshape(len(own), -1)
        entry[what] = {"file": f"{name}.{what}.gz", "width": values.shape[1], **more}
        with open(OUT / entry[what]["file"], "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
            out.write(np.ascontiguousarray(values, kind).tobytes())

    margin = booster.predict(data, output_margin=True).reshape(len(own), -1)
    off = np.abs(margin.astype(float) - own)
    entry["about"] += f"; {version}'s own margins are these" if not off.any() else (
        f"; {version}'s own margins differ in {int((off > 0).sum())} of {off.size}, by {off.max():.2g} at most")
    array("margin", margin, "<f8")

    def ask(frame):
        return booster.predict(xgb.DMatrix(frame[columns].to_numpy(), **more), output_margin=True)

    known = {k: v for k, v in entry.items() if k == "features"}
    entry["boundary"] = edges.of(OUT / f"{name}.digest", OUT / c["file"], OUT / entry["rows"], ask, finite=True, **known)
    array("prediction", booster.predict(data), "<f8", ulps=0, float32=True)
    if c["name"] == "linear":
        entry["without"] = ["leaves"]
    else:
        array("leaf", booster.predict(data, pred_leaf=True), "<i4")
    print(name, entry["about"])
    return entry


if __name__ == "__main__":
    {"save": save, "expect": expect}[sys.argv[1]](Path(sys.argv[2]))
