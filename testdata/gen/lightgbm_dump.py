"""Regenerates testdata/lightgbm-dump: dumps (Booster.dump_model) of models of testdata/flights, and what LightGBM says.

    pip install -r testdata/gen/requirements.txt
    python testdata/gen/lightgbm_dump.py

With requirements-v3.txt it makes the old_* files. Same versions, same bytes. Most dumps are of a model's first rounds, to keep them small.
"""

import csv
import gzip
import json
from pathlib import Path

import lightgbm as lgb
import numpy as np

import boundary as edges

HERE = Path(__file__).resolve().parent.parent
OUT = HERE / "lightgbm-dump"
ROWS = 500
OLD = lgb.__version__.startswith("3.")

TEXTS = ["carrier", "tailnum", "origin", "dest", "manufacturer", "engine", "size"]

# Model, rounds, about.
MODELS = [
    ("numeric", 10, "binary, numbers with gaps"),
    ("multiclass", 4, "softmax"),
    ("multiclassova", 2, "one against all, a sigmoid of 1.5"),
    ("lightgbm", 8, "texts with sets of categories"),
    ("category_onehot", 10, "one level against the others"),
    ("category_int", 10, "categories of whole numbers"),
    ("category_ordered", 10, "an ordered category"),
    ("codes", 6, "codes as categories, without a list"),
    ("linear", 5, "linear leaves"),
    ("linear_category", 8, "linear leaves below categorical splits"),
    ("linear_multiclass", 3, "linear leaves, and a class that does not split"),
    ("rf", 10, "a binary random forest"),
    ("rf_regression", 10, "a random forest"),
    ("dart", 10, "DART"),
    ("one_leaf", 5, "no split at all"),
    ("zero_as_missing", 10, "zero is missing"),
    ("no_missing", 10, "use_missing=false"),
    ("regression_sqrt", 10, "signed squares"),
    ("poisson", 10, "exp"),
    ("sigmoid", 10, "a sigmoid of 2"),
    ("cross_entropy_lambda", 10, "log1p(exp)"),
    ("lambdarank", 10, "ranking"),
    ("quantile", 3, "the ninth decile"),
    ("gamma", 3, "exp"),
    ("tweedie", 3, "exp"),
    ("one_tree", 1, "one tree"),
    ("one_feature", 4, "one feature"),
    ("deep", 2, "trees that are more than 30 splits deep"),
    ("many_trees", 5000, "5,000 trees of one split"),
    ("custom", 10, "an objective written in Python"),
    ("odd_names", 10, "names with =, letters of the world"),
    ("unnamed", 5, "made-up names"),
    ("v3_lightgbm", 6, "a file of version v3"),
]
OLD_MODELS = [
    ("v3_numeric", 5, "binary, numbers with gaps"),
    ("v3_lightgbm", 5, "texts with sets of categories"),
    ("v3_multiclass", 2, "softmax"),
    ("v3_linear", 5, "linear leaves"),
    ("v3_rf", 5, "a binary random forest"),
]


def pack(name, array, kind):
    raw = np.ascontiguousarray(array, dtype=kind).tobytes()
    with open(OUT / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as z:
        z.write(raw)
    return {"file": name, "width": 1 if array.ndim == 1 else array.shape[1]}


def codes(booster, features, cells):
    """The rows as LightGBM sees them: cells(name, column) gives a feature's texts or numbers, None or NaN where missing."""
    lists = iter(booster.pandas_categorical or [])
    columns = []
    for f in features:
        values = cells(f["name"], f["column"])
        if f["kind"] in ("category", "ordered"):
            levels = next(lists)
            if not isinstance(levels[0], str):
                values = [np.nan if v is None else float(v) for v in values]
            place = {v: i for i, v in enumerate(levels)}
            values = [place.get(v, np.nan) for v in values]
        columns.append(np.array(values, np.float64))
    return np.stack(columns, axis=1)


def main():
    OUT.mkdir(exist_ok=True)
    with open(HERE / "flights" / "rows.csv", newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    table = [table[i] for i in np.linspace(0, len(table) - 1, ROWS).astype(int)]
    index = {}
    for name in ("models.json", "models_v3.json"):
        for m in json.loads((HERE / "flights" / name).read_text(encoding="utf-8"))["models"]:
            index[m["name"]] = m

    columns = {}  # what the rows files hold: the columns under their own names, and odd ones
    cases, asked = [], {}
    for name, rounds, about in OLD_MODELS if OLD else MODELS:
        m = index[name]
        booster = lgb.Booster(model_file=str(HERE / "flights" / m["file"]))
        x = codes(booster, m["features"], lambda name, column: [row[column] or None for row in table])
        for f in m["features"]:
            columns[f["name"] if not f["name"].startswith("Column_") else f["column"]] = [row[f["column"]] for row in table]
        name = ("old_" if OLD else "") + name
        model = f"{name}.json"
        with open(OUT / model, "w", encoding="utf-8") as file:
            json.dump(booster.dump_model(num_iteration=rounds), file, separators=(",", ":") if rounds > 1000 else None)
        case = {"name": name, "about": about, "library": f"lightgbm {lgb.__version__}", "model": model, "rows": "old_rows.csv" if OLD else "rows.csv", "text": TEXTS}
        if m["features"][0]["name"].startswith("Column_"):
            case["features"] = [f["column"] for f in m["features"]]
        margin = booster.predict(x, raw_score=True, num_iteration=rounds)
        case["margin"] = pack(f"{name}.margin.gz", margin, "<f8")
        prediction = booster.predict(x, num_iteration=rounds)
        case["prediction"] = {**pack(f"{name}.prediction.gz", prediction, "<f8"), "ulps": 1 if name == "cross_entropy_lambda" else 0}
        if rounds <= 1000:
            case["leaf"] = pack(f"{name}.leaf.gz", booster.predict(x, pred_leaf=True, num_iteration=rounds), "<i4")
        asked[case["name"]] = booster, m["features"], rounds
        cases.append(case)

    with open(OUT / ("old_rows.csv" if OLD else "rows.csv"), "w", newline="", encoding="utf-8") as file:
        w = csv.writer(file, lineterminator="\n")
        names = [n for n in columns if n not in TEXTS] + [n for n in TEXTS if n in columns]
        w.writerow(names)
        w.writerows(zip(*(columns[n] for n in names)))
    for case in cases:
        case["text"] = [n for n in TEXTS if n in columns]
        booster, features, rounds = asked[case["name"]]
        case["boundary"] = edges.of(
            OUT / f"{case['name']}.digest", OUT / case["model"], OUT / case["rows"],
            lambda f: booster.predict(codes(booster, features, lambda name, column: f[name if name in f else column]), raw_score=True, num_iteration=rounds),
            text=case["text"], features=case.get("features"))
    path = OUT / "cases.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    cases += [c for c in kept if c["name"].startswith("old_") != OLD]
    cases.sort(key=lambda c: c["name"].startswith("old_"))
    path.write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n", encoding="utf-8")


main()
