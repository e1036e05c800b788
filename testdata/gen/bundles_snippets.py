"""Runs the Python of docs/bundles.md, "Expected outputs from Python", with small models of every kind that a snippet is for,
and holds what it wrote against glulam with `glulam check`. Writes nothing to testdata.

    python testdata/gen/bundles_snippets.py [GLULAM]

GLULAM is the program; without it `go build` makes one. Exit code 1 if a snippet fails, or does not come out equal; and if a
snippet of the page has no model here, or the other way round.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import catboost
import lightgbm as lgb
import numpy as np
import pandas as pd
import xgboost as xgb
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor,
                              HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest,
                              RandomForestClassifier, RandomForestRegressor)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

warnings.filterwarnings("ignore")

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "bundles.md"
N = 80
LIST = "for column in []:"  # what somebody has to fill in


def table():
    """Rows with gaps (a), whole numbers (n), years (year) and texts (t), and labels of every kind that the models need."""
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(rng.normal(size=(N, 3)), columns=list("abc"))
    rows["n"] = rng.integers(0, 5, N)
    rows["year"] = rng.integers(2019, 2024, N)
    rows["t"] = rng.choice(["red", "green", "blue"], N)
    score = rows.a + rows.b + (rows.t == "red") + rows.year - 2021 + rng.normal(size=N) * 0.3
    rows.loc[::7, "a"] = np.nan
    two = (score > 0).astype(int)
    three = np.digitize(score, [-1, 1])
    return rows, score, two, three, np.c_[score, rows.b * 2]


ROWS, SCORE, TWO, THREE, PAIR = table()
NUMBERS = ["a", "b", "c", "n"]  # all numbers, with gaps
FULL = ["b", "c", "n"]  # numbers without gaps
MIXED = ["a", "t", "year", "b"]  # with categories, texts and numbers


class Case:
    """A model file, and what glulam needs to hear about it."""

    def __init__(self, file, columns, outputs, args=(), categories=(), model=None, rows=None, swap=None):
        self.file, self.columns, self.outputs, self.args = file, columns, outputs, list(args)
        self.model, self.rows = model, rows
        # What somebody has to change in the snippet.
        self.swap = (LIST, f"for column in {list(categories)!r}:") if categories else swap


def categorical(columns=("t", "year")):
    x = ROWS[MIXED].copy()
    for c in columns:
        x[c] = x[c].astype("category")
    return x


BOTH = {"margin": 1, "prediction": 1}


def lightgbm_models():
    plain = {"num_leaves": 5, "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}
    for params, y, width in (({"objective": "binary"}, TWO, 1), ({"objective": "regression"}, SCORE, 1),
                             ({"objective": "poisson"}, TWO, 1), ({"objective": "multiclass", "num_class": 3}, THREE, 3)):
        lgb.train(plain | params, lgb.Dataset(ROWS[NUMBERS], y), 5).save_model("model.txt")
        yield params["objective"], Case("model.txt", NUMBERS, {"margin": width, "prediction": width})
    lgb.train(plain | {"objective": "binary"}, lgb.Dataset(categorical(), TWO), 5).save_model("model.txt")
    yield "categories", Case("model.txt", MIXED, BOTH, categories=["t", "year"])


def xgboost_models():
    for params, y, width, given in (({"objective": "binary:logistic"}, TWO, 1, 1), ({"objective": "reg:squarederror"}, SCORE, 1, 1),
                                    ({"objective": "multi:softprob", "num_class": 3}, THREE, 3, 3),
                                    ({"objective": "multi:softmax", "num_class": 3}, THREE, 3, 1), ({}, PAIR, 2, 2)):
        xgb.train({"max_depth": 3} | params, xgb.DMatrix(ROWS[NUMBERS], y), 5).save_model("model.json")
        yield params.get("objective", "two targets"), Case("model.json", NUMBERS, {"margin": width, "prediction": given})
    train, held = xgb.DMatrix(ROWS[NUMBERS][:60], SCORE[:60]), xgb.DMatrix(ROWS[NUMBERS][60:], SCORE[60:])
    booster = xgb.train({"max_depth": 5, "eta": 1}, train, 50, [(held, "held")], early_stopping_rounds=5, verbose_eval=False)
    booster.save_model("model.json")
    yield "early stopping", Case("model.json", NUMBERS, BOTH, ["--trees", "all"])
    x = xgb.DMatrix(categorical(), TWO, enable_categorical=True)
    xgb.train({"max_depth": 3, "objective": "binary:logistic"}, x, 5).save_model("model.json")
    yield "categories", Case("model.json", MIXED, BOTH, categories=["t", "year"])


def xgboost_codes():
    folder = ROOT / "testdata" / "xgboost"
    rows = pd.read_csv(folder / "rows.csv", float_precision="round_trip")
    for name in ("v17_category_onehot.ubj", "v21_category_partition.json"):
        if name.endswith(".json"):
            shutil.copy(folder / name, "model.json")
        else:
            xgb.Booster(model_file=str(folder / name)).save_model("model.json")
        yield name, Case("model.json", list(rows.columns), BOTH, rows=rows)


def xgboost_classifiers():
    for name, y, width in (("two classes", TWO, 1), ("three classes", THREE, 3)):
        xgb.XGBClassifier(n_estimators=5, max_depth=3).fit(ROWS[NUMBERS], y).save_model("model.json")
        yield name, Case("model.json", NUMBERS, {"margin": width, "prediction": width})
    model = xgb.XGBClassifier(n_estimators=50, learning_rate=1, early_stopping_rounds=3)
    model.fit(ROWS[NUMBERS][:60], TWO[:60], eval_set=[(ROWS[NUMBERS][60:], TWO[60:])], verbose=False)
    model.save_model("model.json")
    yield "early stopping", Case("model.json", NUMBERS, BOTH, ["--trees", "best"])


def xgboost_regressors():
    for name, params, y, width in (("squared error", {}, SCORE, 1), ("poisson", {"objective": "count:poisson"}, TWO, 1),
                                   ("two targets", {}, PAIR, 2)):
        xgb.XGBRegressor(n_estimators=5, max_depth=3, **params).fit(ROWS[NUMBERS], y).save_model("model.json")
        yield name, Case("model.json", NUMBERS, {"margin": width, "prediction": width})
    xgb.XGBRanker(n_estimators=5, max_depth=3).fit(ROWS[NUMBERS], TWO, group=[N // 2, N // 2]).save_model("model.json")
    yield "ranker", Case("model.json", NUMBERS, BOTH, swap=("XGBRegressor", "XGBRanker"))


CATBOOST = {"iterations": 5, "depth": 3, "verbose": False, "thread_count": 1, "allow_writing_files": False, "one_hot_max_size": 10}


def catboost_classifiers():
    for name, x, y, width in (("two classes", NUMBERS, TWO, 1), ("three classes", NUMBERS, THREE, 3), ("categories", MIXED, TWO, 1)):
        categories = [c for c in ("t", "year") if c in x]
        catboost.CatBoostClassifier(**CATBOOST).fit(ROWS[x], y, cat_features=categories).save_model("model.cbm")
        yield name, Case("model.cbm", x, {"margin": width, "prediction": width})


def catboost_regressors():
    for loss, y, width in (("RMSE", SCORE, 1), ("Poisson", TWO, 1), ("MultiRMSE", PAIR, 2), ("MultiQuantile:alpha=0.1,0.9", SCORE, 2)):
        catboost.CatBoostRegressor(loss_function=loss, **CATBOOST).fit(ROWS[NUMBERS], y).save_model("model.cbm")
        yield loss, Case("model.cbm", NUMBERS, {"margin": width, "prediction": width})


def exported(model, columns, outputs):
    sys.path.insert(0, os.getcwd())
    sys.modules.pop("export", None)
    from export import export
    export(model, "model.exported.json")
    return Case("model.exported.json", columns, outputs, model=model)


def sklearn_boosting():
    for name, y, width in (("two classes", TWO, 1), ("three classes", THREE, 3)):
        outputs = {"margin": width, "prediction": width}
        yield f"hist, {name}", exported(HistGradientBoostingClassifier(max_iter=5).fit(ROWS[NUMBERS], y), NUMBERS, outputs)
        yield f"gradient, {name}", exported(GradientBoostingClassifier(n_estimators=5).fit(ROWS[FULL], y), FULL, outputs)
    model = make_pipeline(ColumnTransformer([("t", OrdinalEncoder(), ["t"])], remainder="passthrough"), HistGradientBoostingClassifier(max_iter=5))
    yield "pipeline", exported(model.fit(ROWS[MIXED], TWO), MIXED, BOTH)


def sklearn_forests():
    for name, y, width in (("two classes", TWO, 2), ("three classes", THREE, 3)):
        for estimator in (RandomForestClassifier(5), ExtraTreesClassifier(5), DecisionTreeClassifier()):
            yield f"{type(estimator).__name__}, {name}", exported(estimator.fit(ROWS[FULL], y), FULL, {"prediction": width})


def sklearn_regressors():
    for estimator in (HistGradientBoostingRegressor(max_iter=5), GradientBoostingRegressor(n_estimators=5), RandomForestRegressor(5), DecisionTreeRegressor()):
        yield type(estimator).__name__, exported(estimator.fit(ROWS[FULL], SCORE), FULL, {"prediction": 1})
    yield "two targets", exported(RandomForestRegressor(5).fit(ROWS[FULL], PAIR), FULL, {"prediction": 2})


def sklearn_isolation():
    yield "IsolationForest", exported(IsolationForest(n_estimators=5).fit(ROWS[FULL]), FULL, {"prediction": 1})


def onnx_models():
    from onnxmltools.convert import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType as Float, StringTensorType as String

    x = ROWS[FULL].to_numpy("float32")
    names = ["--features", ",".join(FULL)]

    def saved(graph, columns, width, args=()):
        Path("model.onnx").write_bytes(graph.SerializeToString())
        return Case("model.onnx", columns, {"prediction": width}, args)

    for name, y, width in (("two classes", TWO, 2), ("three classes", THREE, 3)):
        for zipmap in (True, False):
            for model in (RandomForestClassifier(5), GradientBoostingClassifier(n_estimators=5)):
                model.fit(x, y)
                yield (f"{type(model).__name__}, {name}, {'with' if zipmap else 'without'} ZipMap",
                       saved(to_onnx(model, x[:1], options={id(model): {"zipmap": zipmap}}), FULL, width, names))
    words = np.array(["no", "yes"])[TWO]
    yield "labels of text, with ZipMap", saved(to_onnx(RandomForestClassifier(5).fit(x, words), x[:1]), FULL, 2, names)
    yield "regressor", saved(to_onnx(RandomForestRegressor(5).fit(x, SCORE), x[:1]), FULL, 1, names)
    model = lgb.LGBMClassifier(n_estimators=5, verbose=-1).fit(x, TWO)
    graph = convert_lightgbm(model, initial_types=[("input", FloatTensorType([None, len(FULL)]))], zipmap=True)
    yield "LightGBM's classifier with ZipMap", saved(graph, FULL, 2, names)
    columns = ["b", "c", "t"]
    model = make_pipeline(ColumnTransformer([("s", StandardScaler(), ["b", "c"]), ("t", OneHotEncoder(sparse_output=False), ["t"])]), RandomForestRegressor(5))
    model.fit(ROWS[columns].astype({"b": "float32", "c": "float32"}), SCORE)
    yield "an input for each column", saved(to_onnx(model, initial_types=[("b", Float([None, 1])), ("c", Float([None, 1])), ("t", String([None, 1]))]), columns, 1)


# By the words that stand before a snippet.
SNIPPETS = {
    "LightGBM, every objective.": lightgbm_models,
    "XGBoost, every objective.": xgboost_models,
    "A file of XGBoost before 3.1": xgboost_codes,
    "`XGBClassifier` predicts": xgboost_classifiers,
    "and so do `XGBRegressor`": xgboost_regressors,
    "CatBoost, a classifier": catboost_classifiers,
    "and a regressor": catboost_regressors,
    "scikit-learn. `model` is": sklearn_boosting,
    "A forest or a tree of classes": sklearn_forests,
    "A regressor of any kind": sklearn_regressors,
    "An IsolationForest": sklearn_isolation,
    "ONNX Runtime, with one thread": onnx_models,
}


def snippets():
    """The first snippet, and all others by the key in SNIPPETS."""
    section = PAGE.read_text().split("## Expected outputs from Python\n", 1)[1].split("\n## ", 1)[0]
    pieces = re.split(r"```python\n(.*?)```\n", section, flags=re.S)
    found = {}
    for text, code in zip(pieces[2::2], pieces[3::2]):
        text = text.strip().split("\n\n")[-1]
        keys = [k for k in SNIPPETS if text.startswith(k)]
        if len(keys) != 1 or keys[0] in found:
            sys.exit(f"{PAGE}: no models for the snippet after: {text}")
        found[keys[0]] = code
    if missing := SNIPPETS.keys() - found.keys():
        sys.exit(f"{PAGE}: no snippet after: {', '.join(missing)}")
    return pieces[1], found


def run(glulam, first, code, case):
    """Runs one snippet in the current folder; gives what is wrong with it, or the largest distance in ulps."""
    rows = ROWS[case.columns] if case.rows is None else case.rows
    rows.to_csv("rows.csv", index=False)
    Path("expected.csv").unlink(missing_ok=True)
    if case.swap:
        if code.count(case.swap[0]) != 1:
            return f"there is no {case.swap[0]} to change", 0
        code = code.replace(*case.swap)
    try:
        exec(first + code, {"model": case.model})  # noqa: S102
    except Exception as e:  # whatever it is, it is the snippet's
        return f"{type(e).__name__}: {e}", 0
    r = subprocess.run([glulam, "check", case.file, "--rows", "rows.csv", "--expected", "expected.csv", "--json", *case.args],
                       capture_output=True, text=True)
    if r.returncode:
        return (r.stderr or r.stdout).strip(), 0
    report = json.loads(r.stdout)
    compared = {o["output"]: o["values"] for o in report["engines"][0]["outputs"]}
    want = {k: w * len(rows) for k, w in case.outputs.items()}
    if compared != want or not report["expected"]:
        return f"compared {compared}, not {want}", 0
    return "", max(o["max_ulps"] for e in report["engines"] for o in e.get("outputs", []))


def main():
    first, found = snippets()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 1:
            glulam = str(Path(sys.argv[1]).resolve())
        else:
            glulam = folder + "/glulam"
            subprocess.run(["go", "build", "-o", glulam, "./cmd/glulam"], cwd=ROOT, check=True)
        os.chdir(folder)
        Path("export.py").write_text(subprocess.run([glulam, "export-sklearn"], capture_output=True, text=True, check=True).stdout)
        for key, models in SNIPPETS.items():
            with contextlib.closing(models()) as cases:
                for name, case in cases:
                    problem, ulps = run(glulam, first, found[key], case)
                    failed += bool(problem)
                    print(f"{'FAILED' if problem else 'equal ':6} {ulps} ulps  {key.rstrip('.')}: {name}{': ' + problem if problem else ''}", flush=True)
        os.chdir(ROOT)
    if failed:
        sys.exit(f"{failed} failed")


if __name__ == "__main__":
    main()
