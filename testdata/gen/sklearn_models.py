"""The models of testdata/sklearn: what is trained, on what, and why."""

from dataclasses import dataclass, field
from typing import Any, Callable

import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier, ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor,
    HistGradientBoostingClassifier, HistGradientBoostingRegressor, IsolationForest, RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer, MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

OLD = sklearn.__version__.startswith("1.3.")

NUMBERS = ["month", "hour", "distance", "temp", "wind_gust", "precip", "seats", "dow"]
TEXTS = ["carrier", "origin", "dest", "manufacturer", "engine"]
MIXED = NUMBERS + TEXTS


@dataclass
class Case:
    name: str
    about: str
    model: Any
    target: Callable
    columns: list = field(default_factory=lambda: NUMBERS)
    pandas: bool = True
    gaps: bool = True  # train on rows with missing numbers, too; else they are 0
    rows: str = "numbers.csv"
    ulps: int = 0
    categories: bool = False  # texts are pandas columns of dtype category
    without: list = None
    few: int = 0  # train on so many rows only

    def fit(self, train):
        t = train.head(self.few) if self.few else train
        x = t[self.columns]
        if not self.gaps:
            x = x.fillna({c: 0.0 for c in self.columns if c in NUMBERS})
        if self.categories:
            x = as_categories(x)
        return self.model.fit(x if self.pandas else x.to_numpy(), self.target(t).to_numpy())


def as_categories(x):
    return x.astype({c: "category" for c in x.columns if c in TEXTS})


# Targets.

def late(t):
    return (t["arr_delay"] > 15).astype(int)


def late_text(t):
    return late(t).map({0: "on time", 1: "late"}).astype(object)


def delay(t):
    return t["arr_delay"].astype(float)


def lost(t):
    return t["arr_delay"].clip(lower=0).astype(float)


def positive(t):
    return t["arr_delay"].clip(lower=0).astype(float) + 1.5


def bucket(t):
    return t["arr_delay"].apply(lambda d: int(np.digitize(d, [-10, 15, 60])))


def month_bucket(t):
    return t["arr_delay"].apply(lambda d: int(np.digitize(d, [-25, -18, -12, -6, 0, 6, 15, 30, 60])))


def two(t):
    return t[["arr_delay", "distance"]].astype(float)


def same(t):
    return t["arr_delay"] * 0 + 3.25


def steep(t):
    """Each split takes one row away: the deepest tree there is."""
    return np.power(3.0, t["distance"].rank(method="first") % 60)


def both_ways(t):
    """Half of the distances below the mean and half above, each farther from it than the last: every split takes one away."""
    rank = t["distance"].rank(method="dense") - 1
    middle = (rank.max() + 1) / 2
    size = np.power(1.5, (rank - middle + 0.5).abs())
    return np.where(rank < middle, -size, size) / t.groupby("distance")["distance"].transform("count")


def nothing(t):
    return t["month"]  # IsolationForest looks at no target


HISTC, HISTR = HistGradientBoostingClassifier, HistGradientBoostingRegressor
SMALL = dict(max_iter=12, max_leaf_nodes=12, random_state=1, early_stopping=False)
GB = dict(n_estimators=12, max_depth=3, random_state=1)
RF = dict(n_estimators=7, max_depth=6, random_state=1)


def boosting():
    yield Case("hist_binary", "log_loss, missing values", HISTC(**SMALL), late)
    yield Case("hist_binary_text", "classes are texts; numpy", HISTC(**SMALL), late_text, pandas=False)
    yield Case("hist_multiclass", "four classes", HISTC(**SMALL), bucket)
    yield Case("hist_10_classes", "ten classes", HISTC(**{**SMALL, "max_iter": 3}), month_bucket)
    yield Case("hist_squared", "squared_error", HISTR(**SMALL), delay)
    yield Case("hist_absolute", "absolute_error", HISTR(loss="absolute_error", **SMALL), delay)
    yield Case("hist_poisson", "poisson", HISTR(loss="poisson", **SMALL), lost)
    yield Case("hist_gamma", "gamma", HISTR(loss="gamma", **SMALL), positive)
    yield Case("hist_quantile", "quantile", HISTR(loss="quantile", quantile=0.8, **SMALL), delay, pandas=False)
    yield Case("hist_stopped", "stopped early", HISTC(max_iter=50, max_leaf_nodes=8, random_state=1, early_stopping=True, n_iter_no_change=3), late)
    yield Case("hist_codes", "categories that are numbers", HISTR(categorical_features=[0, 1, 7], **SMALL), delay, pandas=False)
    yield Case("hist_codes_names", "categories that are numbers, by name", HISTC(categorical_features=["month", "dow"], **SMALL), late)
    yield Case("hist_one_feature", "a single feature", HISTR(**SMALL), delay, columns=["temp"])
    yield Case("hist_one_leaf", "trees of one leaf", HISTR(**{**SMALL, "max_iter": 3}), same)
    yield Case("hist_one_tree", "a single tree", HISTC(**{**SMALL, "max_iter": 1}), late)
    yield Case("hist_deep", "18 splits deep", HISTR(max_iter=1, max_leaf_nodes=None, max_depth=30, min_samples_leaf=1, early_stopping=False), steep, few=120)
    yield Case("hist_many", "1,000 small trees", HISTR(max_iter=1000, max_leaf_nodes=3, learning_rate=0.05, early_stopping=False), delay, few=400)
    yield Case("hist_deeper", "more than 30 splits deep", HISTR(max_iter=1, max_leaf_nodes=None, max_depth=40, min_samples_leaf=1, early_stopping=False), both_ways,
               columns=["distance", "hour"], few=400, rows="few.csv")
    if not OLD:
        yield Case("gradient_many", "5,000 trees of one split", GradientBoostingRegressor(n_estimators=5000, max_depth=1, learning_rate=0.05, random_state=1), delay,
                   columns=["hour", "distance", "temp"], gaps=False, few=400, rows="few.csv")
    yield Case("gradient_binary", "log_loss", GradientBoostingClassifier(**GB), late, gaps=False)
    yield Case("gradient_exponential", "exponential", GradientBoostingClassifier(loss="exponential", **GB), late_text, gaps=False)
    yield Case("gradient_multiclass", "four classes", GradientBoostingClassifier(**GB), bucket, gaps=False, ulps=6 if OLD else 0)
    yield Case("gradient_10_classes", "ten classes: numpy adds eight at a time", GradientBoostingClassifier(**{**GB, "n_estimators": 3}), month_bucket, gaps=False, ulps=8 if OLD else 2)
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        yield Case("gradient_" + loss.split("_")[0], loss, GradientBoostingRegressor(loss=loss, **GB), delay, gaps=False)
    yield Case("gradient_zero", "init zero", GradientBoostingClassifier(init="zero", **GB), late, gaps=False)
    yield Case("gradient_constant", "init a constant", GradientBoostingRegressor(init=DummyRegressor(strategy="constant", constant=0.1), **GB), delay, gaps=False)
    yield Case("gradient_subsample", "another learning rate", GradientBoostingRegressor(learning_rate=0.37, subsample=0.5, **GB), delay, gaps=False, pandas=False)


def forests():
    yield Case("forest_binary", "probabilities of two classes", RandomForestClassifier(**RF), late, gaps=False)
    yield Case("forest_missing", "missing values" + (", which this version refuses" if OLD else ""), RandomForestClassifier(**RF), late_text, gaps=not OLD)
    yield Case("forest_weights", "class_weight, entropy", RandomForestClassifier(class_weight="balanced", criterion="entropy", **RF), bucket, gaps=False, pandas=False)
    yield Case("forest_regression", "squared_error", RandomForestRegressor(**RF), delay, gaps=False)
    yield Case("forest_poisson", "poisson", RandomForestRegressor(criterion="poisson", **RF), lost, gaps=False)
    yield Case("forest_two_outputs", "two targets", RandomForestRegressor(**RF), two, gaps=False)
    yield Case("extra_trees_binary", "probabilities of two classes", ExtraTreesClassifier(**RF), late, gaps=False)
    yield Case("extra_trees_regression", "missing values" if not OLD else "", ExtraTreesRegressor(**RF), delay, gaps=not OLD)
    yield Case("tree_binary", "missing values", DecisionTreeClassifier(max_depth=7, random_state=1), late)
    yield Case("tree_regression", "missing values", DecisionTreeRegressor(max_depth=7, random_state=1), delay)
    yield Case("tree_random", "splitter random" + (", which refuses missing values" if OLD else ""), DecisionTreeRegressor(max_depth=7, splitter="random", random_state=1), delay, gaps=not OLD)
    yield Case("tree_two_outputs", "two targets", DecisionTreeRegressor(max_depth=5, random_state=1), two, gaps=False)
    yield Case("tree_deep", "depth 30", DecisionTreeRegressor(max_depth=30, random_state=1), steep, gaps=False, few=120)
    yield Case("tree_one_leaf", "a tree of one leaf", DecisionTreeRegressor(random_state=1), same, gaps=False)
    yield Case("tree_one_feature", "a single feature", DecisionTreeClassifier(max_depth=4, random_state=1), late, columns=["distance"], gaps=False)
    yield Case("tree_best_first", "grown best first: children stand anywhere", DecisionTreeClassifier(max_leaf_nodes=20, random_state=1), bucket, gaps=False)
    yield Case("extra_tree_classes", "one random tree", ExtraTreeClassifier(max_depth=5, random_state=1), bucket, gaps=False)
    yield Case("extra_tree_regression", "one random tree", ExtraTreeRegressor(max_depth=5, random_state=1), delay, gaps=False)
    yield Case("isolation", "decision_function", IsolationForest(n_estimators=10, random_state=1), nothing, gaps=not OLD)
    yield Case("isolation_features", "contamination, half of the features a tree", IsolationForest(n_estimators=10, max_samples=50, max_features=0.5, contamination=0.1, random_state=1), nothing, gaps=False, pandas=False)
    yield Case("isolation_one_row", "trees of one row", IsolationForest(n_estimators=3, max_samples=1, random_state=1), nothing, gaps=False)


GAPPY = ["temp", "wind_gust", "seats", "precip"]
WHOLE = ["distance", "hour"]


def pipelines():
    mixed = dict(columns=MIXED, rows="mixed.csv")
    yield Case("pipeline_all", "imputers with indicators, scaler, one-hot, ordinal, passthrough, drop", make_pipeline(ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), GAPPY),
        ("texts", make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"), OneHotEncoder(handle_unknown="ignore")), ["carrier", "origin"]),
        ("codes", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), ["engine", "manufacturer"]),
        ("as_is", "passthrough", ["distance"]),
        ("not", "drop", ["dest", "dow"]),
    ], remainder="passthrough", sparse_threshold=0), RandomForestClassifier(**RF)), late_text, **mixed)
    yield Case("pipeline_scaled", "StandardScaler alone, numpy", make_pipeline(StandardScaler(), GradientBoostingRegressor(**GB)), delay,
               columns=WHOLE + ["month"], pandas=False, rows="numbers.csv")
    yield Case("pipeline_scalers", "scalers without mean or scale, min-max, max-abs, robust", make_pipeline(ColumnTransformer([
        ("a", StandardScaler(with_mean=False), ["distance"]), ("b", StandardScaler(with_std=False), ["hour", "temp"]),
        ("c", MinMaxScaler((-1, 2)), ["wind_gust"]), ("d", MaxAbsScaler(), ["seats"]), ("e", RobustScaler(), ["precip", "month"]),
    ], sparse_threshold=0), HISTR(**SMALL)), delay, **mixed)
    yield Case("pipeline_imputers", "mean, most frequent, constant, another mark for missing", make_pipeline(ColumnTransformer([
        ("a", SimpleImputer(strategy="mean"), ["temp", "wind_gust"]), ("b", SimpleImputer(strategy="most_frequent"), ["seats"]),
        ("c", SimpleImputer(strategy="constant", fill_value=-7.5), ["precip"]), ("d", SimpleImputer(missing_values=0.0, strategy="mean", add_indicator=True), ["hour", "dow"]),
        ("e", MissingIndicator(features="all"), ["temp", "distance"]), ("f", FunctionTransformer(), ["distance"]),
    ]), ExtraTreesRegressor(**RF)), delay, **mixed)
    yield Case("pipeline_indicators", "indicators and imputers raise errors for columns that they do not give", make_pipeline(ColumnTransformer([
        ("all", MissingIndicator(features="all"), ["temp", "seats"]), ("new", MissingIndicator(), ["wind_gust", "distance"]),
        ("mark", MissingIndicator(missing_values=256.0), ["dow", "hour"]), ("gone", SimpleImputer(missing_values=10.0), ["month", "hour"]),
        ("texts", make_pipeline(SimpleImputer(missing_values="MISSING", strategy="constant", fill_value="none"), OneHotEncoder(handle_unknown="ignore")), ["carrier"]),
        ("checked", FunctionTransformer(validate=True), ["precip"]),
    ], sparse_threshold=0), HISTR(**SMALL)), delay, few=400, **mixed)
    yield Case("pipeline_one_hot_error", "OneHotEncoder refuses what it does not know", make_pipeline(ColumnTransformer([
        ("texts", OneHotEncoder(drop="first"), ["carrier", "engine"]), ("numbers", OneHotEncoder(drop="if_binary"), ["dow"]),
    ], remainder="drop"), GradientBoostingClassifier(**GB)), late, **mixed)
    yield Case("pipeline_one_hot_rare", "OneHotEncoder with rare categories together", make_pipeline(ColumnTransformer([
        ("texts", OneHotEncoder(min_frequency=60, handle_unknown="infrequent_if_exist", sparse_output=False), ["carrier", "dest"]),
        ("most", OneHotEncoder(max_categories=3, handle_unknown="infrequent_if_exist"), ["manufacturer", "month"]),
    ], remainder="drop"), RandomForestRegressor(**RF)), delay, **mixed)
    yield Case("pipeline_ordinal_error", "OrdinalEncoder refuses what it does not know", make_pipeline(ColumnTransformer([
        ("texts", OrdinalEncoder(), ["carrier", "origin"]), ("gaps", OrdinalEncoder(encoded_missing_value=-3), ["engine"]),
    ], remainder="passthrough"), HISTR(**SMALL)), delay, columns=["temp", "month", "carrier", "origin", "engine"], rows="mixed.csv")
    yield Case("pipeline_ordinal_rare", "OrdinalEncoder with rare categories together", make_pipeline(ColumnTransformer([
        ("texts", OrdinalEncoder(min_frequency=80, handle_unknown="use_encoded_value", unknown_value=np.nan), ["carrier", "dest", "engine"]),
        ("numbers", OrdinalEncoder(max_categories=4, handle_unknown="use_encoded_value", unknown_value=-5, encoded_missing_value=99), ["month", "seats"]),
    ], sparse_threshold=0), HISTC(**SMALL)), bucket, **mixed)
    yield Case("pipeline_twice", "encoders after encoders; a text column used twice", Pipeline([
        ("first", ColumnTransformer([("a", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["carrier", "origin"]),
                                     ("b", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")), ["carrier", "engine"]),
                                     ("c", "passthrough", ["distance"])], sparse_threshold=0)),
        ("second", ColumnTransformer([("a", OneHotEncoder(handle_unknown="ignore"), [0, 1]), ("b", StandardScaler(), slice(2, None))])),
        ("not", None), ("model", GradientBoostingClassifier(**GB)),
    ]), late, **mixed)
    yield Case("pipeline_hist", "codes of an encoder as categories", Pipeline([
        ("before", ColumnTransformer([("texts", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan), ["carrier", "engine"])], remainder="passthrough")),
        ("model", HISTC(categorical_features=[0, 1], **SMALL)),
    ]), late, columns=["temp", "distance", "carrier", "engine"], rows="mixed.csv")
    yield Case("pipeline_names", "columns with names on the way", Pipeline([
        ("before", ColumnTransformer([("texts", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["origin"]), ("more", StandardScaler(), GAPPY)],
                                     verbose_feature_names_out=False).set_output(transform="pandas")),
        ("model", HISTR(**SMALL)),
    ]), delay, **mixed)
    yield Case("pipeline_isolation", "IsolationForest behind encoders", make_pipeline(ColumnTransformer([
        ("texts", OneHotEncoder(handle_unknown="ignore"), ["carrier"]), ("more", SimpleImputer(), GAPPY)]), IsolationForest(n_estimators=5, random_state=1)), nothing, **mixed)
    if not OLD:
        some = ["temp", "carrier", "distance", "origin", "engine"]
        yield Case("hist_pandas", "columns of dtype category", HISTC(**SMALL), late, columns=some, rows="mixed.csv", categories=True)
        yield Case("hist_texts", "texts as categories", HISTR(categorical_features=["carrier", "origin", "engine"], **SMALL), delay, columns=some, rows="mixed.csv")
        yield Case("hist_pandas_multiclass", "columns of dtype category, four classes", HISTC(**SMALL), bucket, columns=some, rows="mixed.csv", categories=True)


def cases():
    return [*boosting(), *forests(), *pipelines()]
