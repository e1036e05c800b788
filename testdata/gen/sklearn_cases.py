"""Regenerates testdata/sklearn: models as the exporter writes them, and what scikit-learn itself says about rows.

    pip install -r testdata/gen/requirements-sklearn.txt       (and once more with requirements-sklearn-v13.txt)
    python testdata/gen/sklearn_cases.py

Each version of scikit-learn makes its own cases, those of 1.3 with names from v13_ on, and leaves the others alone. Same
versions, same bytes.
"""

import csv
import gzip
import io
import json
import os
import re
import sys
import warnings
import zipfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import skops.io
import sklearn

import boundary as edges
import sklearn_models as models

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "testdata" / "sklearn"
sys.path.insert(0, str(ROOT / "model" / "sklearn"))

from export import export  # noqa: E402

PREFIX = "v13_" if sklearn.__version__.startswith("1.3.") else ""
warnings.simplefilter("ignore")


def flights():
    """The rows of testdata/flights, gaps as NaN: those to train on, and 250 others."""
    texts = {name: object for name in models.TEXTS}
    table = pd.read_csv(ROOT / "testdata/flights/rows.csv", dtype=texts, keep_default_na=False, na_values=[""],
                        float_precision="round_trip")
    for name in models.TEXTS:
        table[name] = table[name].astype(object).where(table[name].notna(), np.nan)
    table[models.NUMBERS] = table[models.NUMBERS].astype(np.float64)
    table = table[table["arr_delay"].notna()].reset_index(drop=True)
    train = table.iloc[:3500]
    train = train[~train["carrier"].isin(["YV", "HA", "F9"])]  # levels that rows to score have and models have not
    return train, table.iloc[3500:].iloc[::5].head(250)


# ---- Rows. -----------------------------------------------------------------------------------------------------------


def write_rows(rows, name):
    """A CSV file that gives the same bits back."""

    def cell(value):
        if isinstance(value, str):
            return value
        return "" if value != value else repr(float(value))

    with open(OUT / name, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(rows.columns)
        out.writerows([cell(v) for v in row] for row in rows.itertuples(index=False))


def read_rows(name):
    """The rows as a person would read them."""
    with open(OUT / name, newline="", encoding="utf-8") as file:
        head, *records = csv.reader(file)
    columns = {}
    for j, column in enumerate(head):
        cells = [record[j] for record in records]
        if column in models.TEXTS:
            columns[column] = pd.Series([c if c else np.nan for c in cells], dtype=object)
        else:
            columns[column] = np.array([float(c) if c else np.nan for c in cells])
    return pd.DataFrame(columns)


def around(t):
    """A threshold and what is next to it, in float64 and in float32."""
    with np.errstate(over="ignore"):
        low, high = np.float32(t), np.float32(t)
        below, above = np.nextafter(low, np.float32(-np.inf)), np.nextafter(high, np.float32(np.inf))
        values = [t, np.nextafter(t, -np.inf), np.nextafter(t, np.inf), low, below, above,
                  (np.float64(low) + np.float64(below)) / 2, (np.float64(high) + np.float64(above)) / 2]
    return [float(v) for v in values]


ODD = [np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1e-45, -1e-40, 3.4028235e38, 3.5e38, -1e300,
       -1.0, -0.5, 0.5, 3.7, 254.5, 255.0, 256.0, 300.0, 2.0**24, 2.0**24 + 1, 2.0**31, 2.0**31 + 7, 2.0**63]


def leading(document, tree, split, frame, columns):
    """A row of frame on its way to this split, as far as one gets there."""
    parents = {}
    order = [i for i, left in enumerate(tree["left"]) if left]
    rank = {node: k for k, node in enumerate(order)}
    for node in order:
        parents[tree["left"][node]] = (node, True)
        parents[tree["right"][rank[node]]] = (node, False)
    fits = np.ones(len(frame), dtype=bool)
    node = order[split]
    while node in parents:
        node, left = parents[node]
        at = document["features"][tree["feature"][rank[node]]]
        if at >= len(columns):
            continue  # what a step made
        values = frame[columns[at]].to_numpy()
        side = values <= float(tree["threshold"][rank[node]])
        narrower = fits & (side == left)
        fits = narrower if narrower.any() else fits
    return frame.iloc[int(np.flatnonzero(fits)[0])]


def boundary_rows(documents, frame, columns):
    """Rows made to be difficult, a few for a spread of the splits of each model whose features are columns."""
    rows = []
    random = np.random.Generator(np.random.PCG64(7))
    for name, document in documents.items():
        inputs = [c["name"] or columns[i] for i, c in enumerate(document["columns"])]
        picked = [(tree, k) for tree in document["trees"] for k in range(len(tree["feature"]))
                  if document["features"][tree["feature"][k]] < len(inputs) and float(tree["threshold"][k]) - float(tree["threshold"][k]) == 0]
        if not picked:
            continue
        for tree, k in [picked[i] for i in sorted(set(np.linspace(0, len(picked) - 1, 4).astype(int)))]:
            row = leading(document, tree, k, frame, inputs)
            column = inputs[document["features"][tree["feature"][k]]]
            for value in around(float(tree["threshold"][k])):
                rows.append({**row[columns], column: value})
    for i, value in enumerate(ODD):
        for column in columns:
            rows.append({**frame.iloc[int(random.integers(len(frame)))][columns], column: value})
    return pd.DataFrame(rows, columns=columns)


def odd_rows(frame, columns):
    """Real rows with one cell changed to what few people test with."""
    rows = []
    random = np.random.Generator(np.random.PCG64(8))
    for column in columns:
        values = ["", "AA", "nobody's", "MISSING", "missing", " AA", "Zürich"] if column in models.TEXTS else ODD
        for value in values:
            row = frame.iloc[int(random.integers(len(frame)))][columns]
            rows.append({**row, column: np.nan if value == "" else value})
    return pd.DataFrame(rows, columns=columns)


# ---- What the library says. ------------------------------------------------------------------------------------------


def expected(model, x):
    """margin, prediction and leaves of rows: arrays of one row each; None where the library has none."""
    estimator = model
    inner = x
    if hasattr(model, "steps"):
        estimator, inner = model.steps[-1][1], model[:-1].transform(x)
    name = type(estimator).__name__
    if name == "IsolationForest":
        leaf = np.stack([t.apply(np.asarray(inner, dtype=np.float32)[:, f], check_input=False)
                         for t, f in zip(estimator.estimators_, estimator.estimators_features_)], axis=1)
        if estimator._max_features == estimator.n_features_in_:
            leaf = np.stack([t.apply(np.asarray(inner, dtype=np.float32), check_input=False) for t in estimator.estimators_], axis=1)
        return None, model.decision_function(x), leaf
    leaf = None
    if hasattr(estimator, "apply"):
        leaf = np.asarray(estimator.apply(inner)).reshape(len(x), -1).astype(np.int32)
    boosted = "Boosting" in name
    if not hasattr(estimator, "predict_proba"):
        prediction = model.predict(x)
        margin = estimator._raw_predict(inner) if name.startswith("Hist") else prediction
        return margin, prediction, leaf
    prediction = model.predict_proba(x)
    if not boosted:
        return prediction, prediction, leaf
    margin = model.decision_function(x)
    return margin, prediction[:, 1] if margin.ndim == 1 else prediction, leaf


def refused(model, x):
    """The rows that the library raises an error for, found by halving."""
    bad, todo = [], [(0, len(x))]
    while todo:
        first, last = todo.pop()
        try:
            expected(model, x[first:last])
        except ValueError:
            if last - first == 1:
                bad.append(first)
            else:
                todo += [(first, (first + last) // 2), ((first + last) // 2, last)]
    return sorted(bad)


def write_array(name, array, kind):
    with open(OUT / name, "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
            out.write(np.ascontiguousarray(array, dtype=kind).tobytes())


def golden(case, model, document, frame):
    """Adds what the library says about the rows to a case."""
    columns = list(case.columns)
    x = frame[columns] if case.pandas else frame[columns].to_numpy()
    if case.categories:
        x = models.as_categories(x)
    bad = refused(model, x)
    good = np.setdiff1d(np.arange(len(x)), bad)
    margin, prediction, leaf = expected(model, x.iloc[good] if case.pandas else x[good])
    entry = {"name": PREFIX + case.name, "about": case.about, "library": f"scikit-learn {sklearn.__version__}",
             "model": PREFIX + case.name + ".json", "rows": PREFIX + case.rows}
    texts = [c for c in frame.columns if c in models.TEXTS]
    if texts:
        entry["text"] = texts
    if not document["columns"][0]["name"]:
        entry["features"] = columns
    for what, array, kind in (("margin", margin, "<f8"), ("prediction", prediction, "<f8"), ("leaf", leaf, "<i4")):
        if array is None:
            continue
        array = np.asarray(array).reshape(len(good), -1)
        full = np.zeros((len(x), array.shape[1]), dtype=array.dtype)
        full[good] = array
        name = f"{PREFIX}{case.name}.{what}.gz"
        write_array(name, full, kind)
        entry[what] = {"file": name, "width": array.shape[1]}

    def ask(f):
        f = f.reindex(columns=columns)
        f = models.as_categories(f) if case.categories else f
        margin, prediction, _ = expected(model, f if case.pandas else f.to_numpy())
        return prediction if margin is None else margin

    entry["boundary"] = edges.of(OUT / f"{entry['name']}.digest", OUT / entry["model"], OUT / entry["rows"], ask, margin is None,
                                 text=texts, features=entry.get("features"))
    if case.ulps and "prediction" in entry:
        entry["prediction"]["ulps"] = case.ulps
    if bad:
        entry["refused"] = bad
    if case.without:
        entry["without"] = case.without
    return entry


# ---- The same models as files of skops. -------------------------------------------------------------------------------

SKOPS = set("""
    hist_binary_text hist_codes hist_codes_names hist_gamma hist_one_leaf gradient_binary forest_weights forest_two_outputs
    extra_trees_binary extra_tree_regression tree_binary tree_regression tree_two_outputs tree_one_leaf tree_best_first
    tree_one_feature isolation_features isolation_one_row pipeline_all pipeline_imputers pipeline_one_hot_rare
    pipeline_ordinal_error pipeline_hist pipeline_isolation pipeline_scalers pipeline_indicators
""".split())
if not PREFIX:
    SKOPS |= {"hist_pandas", "hist_texts", "hist_10_classes", "gradient_10_classes", "gradient_huber", "pipeline_twice"}
STORED = {"tree_one_leaf"}  # as skops.io.dump does it by itself; the others are deflated


def write_skops(model, name):
    """What skops.io.dump writes, with numbers that count up in the place of addresses in memory, and a fixed time."""
    buffer = io.BytesIO()
    skops.io.dump(model, buffer)
    numbers = {}

    def number(match):
        return match[1] + str(numbers.setdefault(match[2], len(numbers) + 1))

    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(OUT / f"{PREFIX}{name}.skops", "w") as new:
        schema = old.read("schema.json").decode()
        schema = re.sub(r'("__id__": |"file": ")(\d+)', number, schema)
        members = {numbers[member[:-4]]: old.read(member) for member in old.namelist() if member.endswith(".npy")}
        files = [(f"{n}.npy", members[n]) for n in sorted(members)] + [("schema.json", schema.encode())]
        for member, data in files:
            info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            method = zipfile.ZIP_STORED if name in STORED else zipfile.ZIP_DEFLATED
            new.writestr(info, data, compress_type=method, compresslevel=9)


def main():
    OUT.mkdir(exist_ok=True)
    train, test = flights()
    fitted, documents = {}, {}
    for case in models.cases():
        fitted[case.name] = case.fit(train)
        text = io.StringIO()
        export(fitted[case.name], text)
        documents[case.name] = json.loads(text.getvalue())
        (OUT / f"{PREFIX}{case.name}.json").write_text(text.getvalue(), encoding="utf-8", newline="\n")

    direct = {c.name: documents[c.name] for c in models.cases() if c.rows == "numbers.csv"}
    numbers = pd.concat([test[models.NUMBERS], boundary_rows(direct, train[models.NUMBERS], models.NUMBERS)])
    write_rows(numbers, PREFIX + "numbers.csv")
    write_rows(test[models.NUMBERS].head(200), PREFIX + "few.csv")
    columns = models.MIXED
    write_rows(pd.concat([test[columns], odd_rows(test[columns], columns)]), PREFIX + "mixed.csv")

    index = OUT / "cases.json"
    entries = json.loads(index.read_text(encoding="utf-8")) if index.exists() else []
    entries = [e for e in entries if e["name"].startswith("v13_") != bool(PREFIX)]
    for case in models.cases():
        entries.append(golden(case, fitted[case.name], documents[case.name], read_rows(PREFIX + case.rows)))
        print(entries[-1]["name"], len(entries[-1].get("refused", [])))
        if case.name in SKOPS:
            write_skops(fitted[case.name], case.name)
            entries.append({**entries[-1], "name": entries[-1]["name"] + "_skops", "about": "a file of skops: " + case.about,
                            "model": f"{PREFIX}{case.name}.skops"})
    entries.sort(key=lambda e: (e["name"].startswith("v13_"), e["name"]))
    lines = ",\n".join(json.dumps(e) for e in entries)
    index.write_text("[" + lines + "]\n", encoding="utf-8", newline="\n")
    named = {"cases.json", "README.md"} | {e[what] if isinstance(e[what], str) else e[what]["file"]
                                           for e in entries for what in ("model", "rows", "margin", "prediction", "leaf", "boundary") if what in e}
    for old in OUT.iterdir():
        if old.name not in named:
            old.unlink()


if __name__ == "__main__":
    main()
