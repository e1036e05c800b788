"""Regenerates testdata/xgboost: models as XGBoost saves them, and what XGBoost itself says about rows.

    pip install -r testdata/gen/requirements-xgboost.txt       (and once more with -v21 and with -v17)
    python testdata/gen/xgboost_cases.py

Each version of XGBoost makes its own cases, those of 1.7 with names from v17_ on, those of 2.1 from v21_ on, and leaves the
others alone. Each model is saved and loaded again before it predicts. Same versions, same bytes.
"""

import csv
import gzip
import json
import os
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import pandas as pd
import xgboost as xgb

import boundary as edges

ROOT = Path(__file__).resolve().parent.parent.parent
OUT = ROOT / "testdata" / "xgboost"
VERSION = tuple(int(n) for n in xgb.__version__.split("."))
PREFIX = "v17_" if VERSION < (2,) else "v21_" if VERSION < (3,) else ""
NEWEST = PREFIX == ""
warnings.simplefilter("ignore")
xgb.set_config(verbosity=0)

NUMBERS = ["month", "dow", "hour", "sched_arr_time", "distance", "temp", "wind_gust", "precip", "pressure", "plane_year"]
TEXTS = ["carrier", "origin"]
CODES = ["carrier_code", "month_code"]  # 16 and 12 categories: numbers whose order means nothing
BASE = {"seed": 7, "nthread": 1, "tree_method": "hist", "max_depth": 4 if NEWEST else 3, "eta": 0.3}


def flights():
    """The rows of testdata/flights, gaps as NaN: those to train on, and 160 others."""
    table = pd.read_csv(ROOT / "testdata/flights/rows.csv", dtype={name: object for name in TEXTS},
                        float_precision="round_trip")
    table = table[table["arr_delay"].notna()].reset_index(drop=True)
    table["carrier_code"] = table["carrier"].map({c: i for i, c in enumerate(sorted(table["carrier"].unique()))})
    table["month_code"] = (table["day"] * 5) % 12  # the data has few months
    columns = NUMBERS + CODES
    table[columns] = table[columns].astype(np.float64)
    return table.iloc[:3000].reset_index(drop=True), table.iloc[3000:].iloc[::11].head(160).reset_index(drop=True)


TRAIN, ROWS = flights()
LABELS = {
    "late": (TRAIN["arr_delay"] > 0).to_numpy(np.float64),
    "delay": TRAIN["arr_delay"].to_numpy(np.float64),
    "positive": (TRAIN["arr_delay"] - TRAIN["arr_delay"].min() + 1).to_numpy(np.float64),
    "class": np.clip(np.digitize(TRAIN["arr_delay"], [-15, 0, 20]), 0, 3).astype(np.float64),
}
LABELS["two"] = np.stack([TRAIN["arr_delay"] / 60, TRAIN["distance"] / 1000], axis=1)
LABELS["three"] = np.stack([TRAIN["arr_delay"] > d for d in (-10, 0, 30)], axis=1).astype(np.float64)


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


def thresholds(booster, most):
    """A spread of (feature, threshold) of the model's numerical splits."""
    found = set()
    for tree in json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]:
        for left, f, t, kind in zip(tree["left_children"], tree["split_indices"], tree["split_conditions"], tree["split_type"]):
            if left != -1 and not kind:
                found.add((f, np.float32(t)))
    found = sorted(found)
    return found[:: max(1, len(found) // most)]


def boundary_rows(booster, columns, codes=()):
    """Rows that differ from real ones in one value, which is at or next to a threshold, or special."""
    real, out = ROWS[columns].to_numpy(np.float64), []
    inf32, inf = np.float32(np.inf), np.inf

    def add(feature, values):
        for value in values:
            row = real[len(out) % len(real)].copy()
            row[feature] = value
            out.append(row)

    for f, t in thresholds(booster, 16):
        d = np.float64(t)
        half = (d + np.float64(np.nextafter(t, -inf32))) / 2  # rounds to t or to its neighbour
        add(f, [d, np.nextafter(t, inf32), np.nextafter(t, -inf32), np.nextafter(d, inf), np.nextafter(d, -inf),
                half, np.nextafter(half, inf), np.nextafter(half, -inf)])
    for f, column in enumerate(columns):
        add(f, [np.nan, 0.0, -0.0, 5e-324, -5e-324, 1.4e-45, -1.4e-45, 1e-40, -0.5, 3e38, -3e38])
        if column in codes:
            add(f, [0, 1, 5, 6.5, 6.999, 11, 15, 31, 32, 33, 63, 64, 1000, 16777215, 16777216, 16777217, 3e9, -1, -1.5, -2,
                 -3e9])
    return pd.DataFrame(np.array(out), columns=columns)


# ---- Cases. ----------------------------------------------------------------------------------------------------------

CASES = []


def write_array(name, values, kind):
    with open(OUT / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
        out.write(np.ascontiguousarray(values, kind).tobytes())


def train(label, params, rounds=8, columns=NUMBERS, named=True, types=None, frame=None, **extra):
    data = TRAIN[columns] if frame is None else frame
    if not named:
        data = data.to_numpy()
    more = {"feature_types": types, "enable_categorical": True} if types else {}
    if frame is not None:
        more["enable_categorical"] = True
    d = xgb.DMatrix(data, LABELS[label] if isinstance(label, str) else label, **more)
    if "group" in extra:
        d.set_group(extra.pop("group"))
    if "bounds" in extra:
        low, high = extra.pop("bounds")
        d.set_float_info("label_lower_bound", low)
        d.set_float_info("label_upper_bound", high)
    return xgb.train({**BASE, **params}, d, rounds, **extra)


def case(name, about, booster, rows="rows.csv", table=None, columns=NUMBERS, types=None, kind="json", leaf=True, margin=True,
         range_=None, saved=None, **options):
    """Saves the model, unless it was saved for another case, loads it again and writes what it says."""
    name = PREFIX + name
    file = f"{PREFIX}{saved or name.removeprefix(PREFIX)}.{kind}"
    if not saved:
        booster.save_model(OUT / file)
    booster = xgb.Booster({"nthread": 1}, model_file=OUT / file)
    table = ROWS[columns] if table is None else table
    if options.get("features"):
        table = table.to_numpy()
    more = {"feature_types": types, "enable_categorical": True} if types else {}
    if options.get("text"):
        more["enable_categorical"] = True
    data = xgb.DMatrix(table, **more)
    entry = {"name": name, "about": about, "library": f"xgboost {xgb.__version__}", "model": file, "rows": rows, **options}
    n, span = len(table), {"iteration_range": range_} if range_ else {}

    def expected(what, values, kind, **more):
        values = np.asarray(values).reshape(n, -1)
        entry[what] = {"file": f"{name}.{what}.gz", "width": values.shape[1], **more}
        write_array(entry[what]["file"], values, kind)

    if margin:
        expected("margin", booster.predict(data, output_margin=True, **span), "<f8")
    if not options.get("raw"):
        expected("prediction", booster.predict(data, **span), "<f8", ulps=0, float32=True)
    if leaf:
        expected("leaf", booster.predict(data, pred_leaf=True, **span), "<i4")

    def ask(frame):
        frame = frame[list(columns if options.get("features") else table.columns)]
        for c in () if options.get("features") else table.columns:
            if isinstance(table[c].dtype, pd.CategoricalDtype):
                frame[c] = pd.Categorical(frame[c], table[c].cat.categories)
        frame = frame.to_numpy() if options.get("features") else frame
        return booster.predict(xgb.DMatrix(frame, **more), output_margin=True, **span)

    if not saved:
        known = {k: v for k, v in options.items() if k in ("text", "features", "trees")}
        entry["boundary"] = edges.of(OUT / f"{name}.digest", OUT / file, OUT / rows, ask, finite=True, **known)
    CASES.append(entry)
    return booster


def boundary(saved, booster, columns=NUMBERS, types=None, codes=(), **options):
    """The same model once more, with rows that are difficult."""
    table = boundary_rows(booster, columns, codes)
    rows = f"{PREFIX}{saved}_boundary.csv"
    write_rows(table, rows)
    case(saved + "_boundary", "rows next to thresholds, and special ones", booster, rows, table, columns, types,
         saved=saved, **options)


def objectives():
    simple = [
        ("binary_logistic", "late", "binary:logistic", {}), ("binary_logitraw", "late", "binary:logitraw", {}),
        ("binary_hinge", "late", "binary:hinge", {}), ("reg_logistic", "late", "reg:logistic", {}),
        ("softprob", "class", "multi:softprob", {"num_class": 4}), ("softmax", "class", "multi:softmax", {"num_class": 4}),
        ("squarederror", "delay", "reg:squarederror", {}), ("squaredlogerror", "positive", "reg:squaredlogerror",
             {"base_score": 20}),
        ("absoluteerror", "delay", "reg:absoluteerror", {}), ("pseudohubererror", "delay", "reg:pseudohubererror", {}),
        ("poisson", "positive", "count:poisson", {}), ("gamma", "positive", "reg:gamma", {}), ("tweedie", "positive",
             "reg:tweedie", {}),
        ("cox", "positive", "survival:cox", {}),
    ]
    for i, (name, label, objective, params) in enumerate(simple):
        booster = train(label, {"objective": objective, **params}, 5 if "num_class" in params else 8)
        case(name, objective, booster, kind="json" if i % 2 == 0 else "ubj")
        if name in ("binary_logistic", "softprob"):
            case(name + "_twin", objective + ", the same model in the other format", booster, kind="ubj")
            boundary(name, booster)
    bounds = LABELS["positive"], np.where(LABELS["late"] > 0, np.inf, LABELS["positive"])
    case("aft", "survival:aft, censored on the right",
         train("positive", {"objective": "survival:aft", "aft_loss_distribution": "normal"}, bounds=bounds))
    group = [50] * (len(TRAIN) // 50)
    for objective in ("rank:ndcg", "rank:pairwise", "rank:map"):
        label = LABELS["class"] if objective == "rank:ndcg" else LABELS["late"]
        case(objective.replace("rank:", "rank_"), objective, train(label, {"objective": objective}, 8, group=group))
    if VERSION >= (2,):
        case("quantile", "reg:quantileerror, one", train("delay", {"objective": "reg:quantileerror", "quantile_alpha": 0.3}))
        booster = train("delay", {"objective": "reg:quantileerror", "quantile_alpha": np.array([0.1, 0.5, 0.9])}, 10)
        case("quantiles", "reg:quantileerror, three: since 3.4 their predictions are the sorted margins", booster)
    if NEWEST:
        case("expectile", "reg:expectileerror, one", train("delay", {"objective": "reg:expectileerror",
             "expectile_alpha": 0.7}))
        several = {"objective": "reg:expectileerror", "expectile_alpha": np.array([0.1, 0.5, 0.9])}
        case("expectiles", "reg:expectileerror, three: each adds the softplus of its margin to the one before",
             train("delay", several, 6), kind="ubj")
        case("expectiles_equal", "reg:expectileerror, three, from one base score by hand",
             train("delay", {**several, "base_score": 3}, 4))
        case("vector_expectiles", "reg:expectileerror, three, in trees of vector leaves",
             train("delay", {**several, "multi_strategy": "multi_output_tree"}, 4))


def boosters():
    dart = {"booster": "dart", "rate_drop": 0.3, "one_drop": 1, "skip_drop": 0.1}
    case("dart", "weights of trees", train("delay", {**dart, "objective": "reg:squarederror"}, 20))
    case("dart_softprob", "weights of trees, several classes", train("class", {**dart, "objective": "multi:softprob",
         "num_class": 4}, 8), kind="ubj")
    linear = {"booster": "gblinear", "updater": "coord_descent", "tree_method": "auto", "max_depth": 0, "eta": 0.5}
    case("linear", "gblinear", train("late", {**linear, "objective": "binary:logistic"}), leaf=False, without=["leaves"])
    case("linear_softprob", "gblinear, several classes", train("class", {**linear, "objective": "multi:softprob",
         "num_class": 4}), leaf=False, kind="ubj", without=["leaves"])
    if VERSION >= (2,):
        booster = train("two", {**linear, "objective": "reg:squarederror", "base_score": 0.25})
        case("linear_targets", "gblinear, two targets: the first base score is that of each", booster, leaf=False,
             without=["leaves"])
    forest = {"num_parallel_tree": 5, "subsample": 0.7, "colsample_bynode": 0.7, "eta": 1}
    case("forest", "a random forest", train("late", {**forest, "objective": "binary:logistic"}, 1))
    case("boosted_forest", "rounds of five trees for each of four classes; the first two rounds",
         train("class", {**forest, "objective": "multi:softprob", "num_class": 4, "eta": 0.3, "max_depth": 2}, 3),
              kind="ubj", trees="0:2", range_=(0, 2))
    booster = case("targets", "two targets, a tree for each", train("two", {"objective": "reg:squarederror"}, 6))
    case("labels", "three labels, a tree for each", train("three", {"objective": "binary:logistic"}, 6), kind="ubj")
    if VERSION >= (2,):
        vector = {"multi_strategy": "multi_output_tree"}
        case("vector", "trees of vector leaves", train("two", {**vector, "objective": "reg:squarederror"}, 8))
        booster = train("three", {**vector, "objective": "binary:logistic"}, 8)
        case("vector_labels", "trees of vector leaves, sigmoid", booster, kind="ubj")
        boundary("vector_labels", booster, kind="ubj")
        case("vector_one_leaf", "trees of one vector leaf", train("two", {**vector, "objective": "reg:squarederror",
             "gamma": 1e9}, 3))
    if VERSION >= (3, 4):
        case("vector_dart", "vector leaves with weights",
             train("two", {**vector, "rate_drop": 0.3, "one_drop": 1, "objective": "reg:squarederror"}, 8), kind="ubj")


def categories():
    columns, types = NUMBERS[:4] + CODES, ["float"] * 4 + ["c"] * 2
    for name, params in (("onehot", {"max_cat_to_onehot": 100}), ("partition", {"max_cat_to_onehot": 1,
         "max_cat_threshold": 8})):
        booster = train("delay", {"objective": "reg:squarederror", **params}, 10, columns, types=types)
        kind = "ubj" if name == "onehot" else "json"
        case("category_" + name, "categorical splits by " + name, booster, columns=columns, types=types, kind=kind)
        boundary("category_" + name, booster, columns, types, CODES, kind=kind)
    if VERSION < (3, 1):
        return
    frame, rows = TRAIN[NUMBERS[:3]].copy(), ROWS[NUMBERS[:3]].copy()
    for name in TEXTS:
        levels = sorted(TRAIN[name].unique())[::-1]
        frame[name] = pd.Categorical(TRAIN[name], levels)
        rows[name] = ROWS[name].where(ROWS.index % 17 != 3, np.nan)
    days = [30, 4, 7, 19, -5, 2]
    frame["day"] = pd.Categorical(TRAIN["day"].map(lambda d: days[d % 6]), days)
    rows["day"] = ROWS["day"].map(lambda d: days[d % 6])
    booster = train("late", {"objective": "binary:logistic", "max_cat_to_onehot": 4}, 10, frame=frame)
    unseen = rows.head(3).copy()
    unseen["carrier"] = ["XX", "", "aa"]
    unseen.loc[1, "carrier"], unseen["day"] = frame["carrier"].iloc[0], [30, 31, 4]
    text_rows = pd.concat([rows, unseen], ignore_index=True)
    text_rows.loc[len(rows):, "origin"] = "JFK"
    write_rows(text_rows, "text_rows.csv")
    refused, levels = [], {c: list(frame[c].cat.categories) for c in TEXTS + ["day"]}
    for i in range(len(rows), len(text_rows)):
        row = text_rows.iloc[[i]].copy()
        for c in levels:
            row[c] = pd.Categorical(row[c])
        try:
            booster.predict(xgb.DMatrix(row, enable_categorical=True))
        except xgb.core.XGBoostError as e:
            assert "category" in str(e), e
            refused.append(i)
    assert refused == [len(rows), len(rows) + 1, len(rows) + 2], refused
    table = text_rows.copy()
    for c in levels:  # refused rows are made missing, to have some number
        table[c] = pd.Categorical(text_rows[c], levels[c])
    for kind in ("json", "ubj"):
        case("text_" + kind, "text and number categories that the model knows (cats); XGBoost raises for others", booster,
             "text_rows.csv",
             table, kind=kind, text=TEXTS, refused=refused)


def shapes():
    square = {"objective": "reg:squarederror"}
    case("one_leaf", "trees of one leaf", train("delay", {**square, "gamma": 1e12}, 3))
    case("one_tree", "one tree", train("delay", square, 1), kind="ubj")
    case("no_trees", "no tree at all", train("delay", {**square, "base_score": 0.7}, 0), leaf=False)
    if NEWEST:
        case("no_rounds", "no tree and no base score by hand: every sum is 0.5, whatever the objective",
             train("late", {"objective": "binary:logistic"}, 0), leaf=False)
    case("one_feature", "one feature", train("delay", square, 5, ["distance"]), columns=["distance"])
    place = np.searchsorted(np.unique(TRAIN["sched_arr_time"]), TRAIN["sched_arr_time"])
    steep = np.exp2(place - place.max() + 40.0)  # each split takes off the largest
    booster = train(steep, {**square, "max_depth": 30, "min_child_weight": 0, "lambda": 0, "eta": 1, "max_bin": 1024,
         "base_score": 0}, 1)
    assert max(line.count("\t") for line in booster.get_dump()[0].split("\n")) == 30
    case("deep", "a tree of depth 30", booster, kind="ubj")
    case("base_score", "base_score set by hand", train("late", {"objective": "binary:logistic", "base_score": 0.123}),
         kind="ubj")
    case("base_score_low", "base_score next to 0", train("positive", {"objective": "count:poisson", "base_score": 1e-6}, 5))
    case("pruned", "the exact method with pruning: nodes that are deleted",
         train("delay", {**square, "tree_method": "exact", "gamma": 300000, "max_depth": 5}, 6))
    case("unnamed", "no feature names", train("delay", square, 5, named=False), features=NUMBERS)
    known = np.arange(len(TRAIN)) % 2 == 0
    d = [xgb.DMatrix(TRAIN[NUMBERS][k], LABELS["late"][k]) for k in (known, ~known)]
    booster = xgb.train({**BASE, "objective": "binary:logistic", "eta": 0.6}, d[0], 30, evals=[(d[1], "held_out")],
                        early_stopping_rounds=4, verbose_eval=False)
    assert 0 < booster.best_iteration < booster.num_boosted_rounds() - 1
    case("stopped_best", "early stopping, the best rounds", booster, trees="best", range_=(0, booster.best_iteration + 1))
    case("stopped_all", "early stopping, all rounds", booster, kind="ubj", trees="all")
    if NEWEST:
        case("many_trees", "5,000 trees", train("delay", {**square, "max_depth": 1, "eta": 0.01}, 5000, ["hour"]),
             columns=["hour"])


def main():
    OUT.mkdir(exist_ok=True)
    for old in OUT.iterdir():
        mine = old.name.startswith(PREFIX) if PREFIX else not old.name.startswith(("v1", "v2"))  # 1.0 to 1.6: xgboost_old.py
        if mine and old.name != "cases.json":
            old.unlink()
    write_rows(ROWS[NUMBERS + CODES], "rows.csv")
    objectives()
    boosters()
    categories()
    shapes()
    index = OUT / "cases.json"
    others = json.loads(index.read_text()) if index.exists() else []
    others = [c for c in others if not c["library"].endswith(" " + xgb.__version__)]
    lines = [json.dumps(c) for c in sorted(CASES + others, key=lambda c: c["name"])]
    index.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
