"""Regenerates testdata/flights: rows, models and what LightGBM itself says about them.

    pip install -r testdata/gen/requirements.txt
    python testdata/gen/flights.py [model ...]

Same versions, same bytes. With names, only those models are made anew (the index needs all of them).
"""

import sys

import numpy as np
import pandas as pd

import data
import models
from models import Feature, Model, categories, numbers

# The columns most models get by on: whole numbers, fractions, zeros and gaps.
FEW = numbers(
    "month", "hour", "sched_arr_time", "distance", "flight", "temp", "dewp", "humid", "wind_dir",
    "wind_speed", "wind_gust", "precip", "pressure", "visib", "plane_year", "seats", "dow",
)
ALL = numbers(*data.NUMBERS)
MIXED = ALL + categories(*data.TEXTS)


# Targets.

def late(t):
    return t["late"]


def delay(t):
    return t["arr_delay"]


def lost(t):
    return t["arr_delay"].clip(lower=0)


def air_time(t):
    return t["air_time"]


def chance(t):
    return ((t["arr_delay"] + 60) / 180).clip(0, 1)


def bucket(t):
    """0 early, 1 on time, 2 late, 3 very late."""
    return pd.Series(np.digitize(t["arr_delay"], [-10, 15, 60]), t.index)


def bucket_with_few(t):
    """0 and 1, and a third class that almost never happens: more than eight hours late."""
    return pd.Series(np.digitize(t["arr_delay"], [15, 480]), t.index)


def bucket_with_hole(t):
    """Four classes of which one never happens."""
    return bucket(t).replace({2: 3})


def steep(t):
    """Each distance has three times the value of the next smaller one: the best split always takes the largest away."""
    return 3.0 ** t["distance"].rank(method="dense").clip(upper=60)


# Objectives of our own, as a user would write them.

def logistic(scores, dataset):
    p = 1 / (1 + np.exp(-scores))
    return p - dataset.get_label(), p * (1 - p)


def softmax3(scores, dataset):
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return p - np.eye(3)[dataset.get_label().astype(int)], 2 * p * (1 - p)


def bucket3(t):
    return bucket(t).clip(upper=2)


RF = {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "feature_fraction": 0.7}
RANK = {"label_gain": [0, 1, 3, 7]}

MODELS = [
    # The three that documentation and examples use.
    Model("lightgbm", "late arrivals from numbers and texts", MIXED, late,
          {"objective": "binary", "num_leaves": 31}, 100, rows=0, boundary=True),
    Model("numeric", "late arrivals from numbers", ALL, late,
          {"objective": "binary", "num_leaves": 31}, 100, rows=0, boundary=True),
    Model("multiclass", "four kinds of arrival, softmax", FEW, bucket,
          {"objective": "multiclass", "num_class": 4}, 20, leaf_rows=1000),

    # Objectives.
    Model("multiclassova", "four kinds of arrival, one against all", FEW, bucket,
          {"objective": "multiclassova", "num_class": 4, "sigmoid": 1.5}, 10, leaf_rows=1000),
    Model("multiclass_hole", "one of four classes never happens", FEW, bucket_with_hole,
          {"objective": "multiclass", "num_class": 4}, 5, leaf_rows=1000),
    Model("regression", "arrival delay, L2", FEW, delay, {"objective": "regression"}),
    Model("regression_sqrt", "arrival delay, L2 of signed roots", FEW, delay,
          {"objective": "regression", "reg_sqrt": True}),
    Model("regression_l1", "arrival delay, L1", FEW, delay, {"objective": "regression_l1"}, 20),
    Model("huber", "arrival delay, Huber", FEW, delay, {"objective": "huber", "alpha": 20}, 20),
    Model("fair", "arrival delay, Fair", FEW, delay, {"objective": "fair", "fair_c": 20}, 20),
    Model("quantile", "arrival delay, ninth decile", FEW, delay, {"objective": "quantile", "alpha": 0.9}, 20),
    Model("mape", "arrival delay, MAPE", FEW, delay, {"objective": "mape"}, 20),
    Model("poisson", "minutes lost, Poisson", FEW, lost, {"objective": "poisson"}, 20),
    Model("gamma", "time in the air, gamma", FEW, air_time, {"objective": "gamma"}, 20),
    Model("tweedie", "minutes lost, Tweedie", FEW, lost, {"objective": "tweedie", "tweedie_variance_power": 1.3}, 20),
    Model("cross_entropy", "a probability", FEW, chance, {"objective": "cross_entropy"}, 20),
    Model("cross_entropy_lambda", "a probability, the other link", FEW, chance,
          {"objective": "cross_entropy_lambda"}, 20),
    Model("sigmoid", "binary with sigmoid=2", FEW, late, {"objective": "binary", "sigmoid": 2.0}, 20),
    Model("lambdarank", "which flights of a day are late", FEW, bucket, {"objective": "lambdarank", **RANK}, 20,
          group=("month", "day", "origin")),
    Model("rank_xendcg", "which flights of a day are late", FEW, bucket, {"objective": "rank_xendcg", **RANK}, 20,
          group=("month", "day", "origin")),
    Model("custom", "an objective written in Python", FEW, late, {"objective": logistic}, 20),
    Model("custom_multi", "an objective written in Python, three outputs", FEW, bucket3,
          {"objective": softmax3, "num_class": 3}, 8, leaf_rows=1000),

    # Ways to boost.
    Model("rf", "random forest, binary", FEW, late, {"objective": "binary", **RF}),
    Model("rf_regression", "random forest, regression", FEW, delay, {"objective": "regression", **RF}, 20),
    Model("rf_multiclass", "random forest, four classes", FEW, bucket,
          {"objective": "multiclass", "num_class": 4, **RF}, 10, leaf_rows=1000),
    Model("dart", "DART", FEW, late, {"objective": "binary", "boosting": "dart", "drop_rate": 0.3}),
    Model("goss", "GOSS", FEW, late, {"objective": "binary", "data_sample_strategy": "goss"}),
    Model("extra_trees", "thresholds drawn at random", FEW, late, {"objective": "binary", "extra_trees": True}),
    Model("early_stopped", "stopped early: the file ends at the best iteration", FEW, late,
          {"objective": "binary", "learning_rate": 0.5}, 200, stop=5),
    Model("continued", "ten more trees on top of goss.txt", FEW, late, {"objective": "binary"}, 10, start="goss"),

    # Linear leaves.
    Model("linear", "linear leaves, regression, numbers with gaps", FEW, delay,
          {"objective": "regression", "linear_tree": True, "linear_lambda": 0.1}, 20, boundary=True),
    Model("linear_binary", "linear leaves, binary", FEW, late,
          {"objective": "binary", "linear_tree": True, "linear_lambda": 0.1}, 20),
    Model("linear_category", "linear leaves below categorical splits", numbers("hour", "distance", "temp", "wind_gust")
          + categories("carrier", "dest"), delay,
          {"objective": "regression", "linear_tree": True, "linear_lambda": 0.1}, 20, boundary=True),
    Model("linear_one_leaf", "linear leaves, but no split", FEW, delay,
          {"objective": "regression", "linear_tree": True, "min_data_in_leaf": 1000000}, 5),

    Model("linear_multiclass", "linear leaves, and a class whose trees do not split", FEW, bucket_with_few,
          {"objective": "multiclassova", "num_class": 3, "linear_tree": True, "linear_lambda": 0.1,
           "min_sum_hessian_in_leaf": 20}, 6),

    # Missing values.
    Model("zero_as_missing", "zero is missing", FEW, late, {"objective": "binary", "zero_as_missing": True},
          boundary=True),
    Model("no_missing", "use_missing=false", FEW, late, {"objective": "binary", "use_missing": False}, boundary=True),

    # Categories.
    Model("category_high", "thousands of levels, of text and of numbers",
          categories("tailnum", "dest") + [Feature("flight", "flight", "category")], late,
          {"objective": "binary", "max_cat_threshold": 256, "min_data_per_group": 20, "cat_smooth": 2.0},
          20, rows=0, boundary=True),
    Model("category_onehot", "one level against the others", categories("carrier", "origin", "dest", "engine"), late,
          {"objective": "binary", "max_cat_to_onehot": 200}, 20),
    Model("category_int", "pandas categories of whole numbers", categories("month", "day") + numbers("hour", "temp"), late,
          {"objective": "binary"}, 20),
    Model("category_float", "a pandas category of floats, because of gaps",
          categories("plane_year") + numbers("hour", "temp"), late, {"objective": "binary"}, 20),
    Model("category_bool", "a pandas category of booleans", categories("weekend") + numbers("hour", "temp"), late,
          {"objective": "binary"}, 20),
    Model("category_ordered", "an ordered pandas category next to a plain one",
          numbers("hour") + categories("size", kind="ordered") + numbers("temp") + categories("carrier"), late,
          {"objective": "binary"}, 20),
    Model("codes", "categorical_feature by number on a bare matrix: no list of levels",
          numbers("hour", "temp", "precip") + categories("month", "day", "dow", "engines", "flight", kind="code"),
          late, {"objective": "binary"}, 20, numpy=True, boundary=True),
    Model("category_mixed", "two lists of levels and two categorical features, but not the same two",
          categories("size") + categories("carrier", kind="ordered") + numbers("hour") + categories("dow", kind="code"),
          late, {"objective": "binary"}, 20, boundary=True, refused=True),

    # Shapes and names.
    Model("one_tree", "one tree", FEW, late, {"objective": "binary"}, 1),
    Model("one_leaf", "no split at all", FEW, late, {"objective": "binary", "min_data_in_leaf": 1000000}, 5),
    Model("one_feature", "one feature", numbers("hour"), late, {"objective": "binary"}, 20),
    Model("unnamed", "made-up names: Column_0 and so on", FEW, late, {"objective": "binary"}, 20, numpy=True),
    Model("odd_names", "names with =, blanks and letters of the world",
          [Feature("hour=local", "hour"), Feature("=", "temp"), Feature("wind gust", "wind_gust"),
           Feature("größe_出発", "seats"), Feature("Tree=0", "distance"), Feature("a=b=c", "dow")],
          late, {"objective": "binary"}, 20),
    Model("deep", "trees that are more than 30 splits deep", numbers("distance", "hour", "temp"), steep,
          {"objective": "regression", "num_leaves": 100, "min_data_in_leaf": 1, "min_sum_hessian_in_leaf": 0, "max_bin": 1024,
           "min_data_in_bin": 1, "boost_from_average": False}, 2, rows=0),
    Model("many_trees", "5,000 trees of one split", FEW, delay,
          {"objective": "regression", "num_leaves": 2, "learning_rate": 0.02}, 5000, rows=4000, leaf_rows=20),
    Model("many_thresholds", "few trees, hundreds of leaves, fine bins", FEW, delay,
          {"objective": "regression", "num_leaves": 400, "max_bin": 65535, "min_data_in_bin": 1,
           "min_data_in_leaf": 5}, 5, rows=0),
]


def main(names):
    data.OUT.mkdir(exist_ok=True)
    table = data.load()
    rows = data.held_out(table)
    if not names:
        data.write_csv(rows, data.OUT / "rows.csv")
        data.write_jsonl(rows, data.OUT / "rows.jsonl")
        data.write_parquet(rows, data.OUT / "rows.parquet")
    data.check_files(rows)

    index = []
    for model in MODELS:
        if names and model.name not in names:
            continue
        print(model.name, flush=True)
        index.append(models.finish(model, rows, models.train(model, table)))
        if not names or set(names) == {m.name for m in MODELS}:
            models.write_index(data.OUT / "models.json", index)


if __name__ == "__main__":
    main(sys.argv[1:])
