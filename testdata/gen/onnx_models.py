"""Makes testdata/onnx but for the hgb_* files: models as the converters write them, models by hand for what converters do
not write, and what ONNX Runtime says of rows.

    pip install -r requirements-onnx.txt
    python onnx_models.py
    python onnx_hgb.py    (with requirements-onnx-hgb.txt)

The same bytes come out of every run.
"""

from onnx_cases import FOLDER, NUMBERS, TEXT, Cases, boundary_rows, rows, write_rows

import os
import tempfile

import catboost
import lightgbm
import numpy as np
import onnx
import onnxmltools
import pandas as pd
import xgboost
from onnx_byhand import add_by_hand
from onnxmltools.convert.common.data_types import FloatTensorType
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common.data_types import FloatTensorType as SklFloat
from skl2onnx.common.data_types import Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (ExtraTreesClassifier, GradientBoostingClassifier, GradientBoostingRegressor,
                              RandomForestClassifier, RandomForestRegressor)
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OneHotEncoder, OrdinalEncoder, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

SKLEARN = "onnxruntime 1.32.0, skl2onnx 1.20.0, scikit-learn 1.9.1"
LIGHTGBM = "onnxruntime 1.32.0, onnxmltools 1.16.0, lightgbm 4.7.0"
XGBOOST = "onnxruntime 1.32.0, onnxmltools 1.16.0, xgboost 3.2.0"
CATBOOST = "onnxruntime 1.32.0, catboost 1.2.10"


class Maker:
    def __init__(self):
        self.train, self.test = rows()
        self.cases = Cases("")
        self.x = self.train[NUMBERS].to_numpy(np.float32)
        self.full = np.nan_to_num(self.x, nan=-1.0)
        self.late = self.train["late"].to_numpy(int)
        self.delay = self.train["arr_delay"].to_numpy(float)
        self.three = np.digitize(self.delay, [-10, 15])
        write_rows("rows.csv", self.test)
        self.typical = [float(v) for v in np.nanmedian(self.test[NUMBERS].to_numpy(float), axis=0)]

    def add(self, name, about, library, model, boundary=False, **more):
        """Rows of flights, and with boundary also the rows around the model's thresholds."""
        normal(model)
        self.cases.library = library
        self.cases.add(name, about, model, self.test, "rows.csv", names=NUMBERS, text=TEXT, **more)
        if boundary:
            frame = boundary_rows(model, NUMBERS, self.typical)
            write_rows(f"{name}_boundary.csv", frame)
            self.cases.add(f"{name}_boundary", f"{about}: rows around its thresholds", model, frame, f"{name}_boundary.csv", names=NUMBERS, again=True, **more)
            os.replace(FOLDER / f"{name}_boundary.onnx", FOLDER / f"{name}.onnx")
            self.cases.list[-1]["model"] = f"{name}.onnx"


def normal(model):
    """Takes out what is new with every run."""
    del model.metadata_props[:]
    model.graph.name = "trees"
    if model.producer_name == "CatBoost":
        model.producer_version = "1.2.10"
    opsets = [(o.domain, o.version) for o in model.opset_import]
    del model.opset_import[:]
    for domain, version in sorted(opsets):
        model.opset_import.add(domain=domain, version=version)


def add_sklearn(m):
    x, plain = m.full, {"zipmap": False}

    def add(name, about, estimator, y, options=plain, sample=None, **more):
        model = to_onnx(estimator.fit(x, y), x[:1] if sample is None else sample, options=options)
        m.add(name, about, SKLEARN, model, **more)

    forest = dict(n_estimators=12, max_depth=6, random_state=0)
    add("tree_binary", "one tree", DecisionTreeClassifier(max_depth=5, random_state=0), m.late)
    add("tree_deep", "one tree of depth 25", DecisionTreeRegressor(random_state=0, min_samples_leaf=2, splitter="random"), m.delay, options=None)
    add("forest_binary", "class probabilities: x and 1-x", RandomForestClassifier(**forest), m.late, boundary=True)
    add("forest_zipmap", "the same with ZipMap, and labels of text", RandomForestClassifier(**forest), np.array(["on time", "late"])[m.late], options=None)
    add("forest_multiclass", "vector leaves, labels of text", RandomForestClassifier(**forest), np.array(["early", "on time", "late"])[m.three])
    add("forest_regression", "a sum of means", RandomForestRegressor(**forest), m.delay, options=None, boundary=True)
    add("forest_targets", "two targets", RandomForestRegressor(**forest), np.c_[m.delay, m.late], options=None)
    add("forest_double", "float64 features", RandomForestClassifier(**forest), m.late, sample=x[:1].astype(np.float64), margin=False, boundary=True)
    add("extra_binary", "ExtraTrees", ExtraTreesClassifier(**forest), m.late)
    boost = dict(n_estimators=20, max_depth=3, random_state=0)
    add("boost_binary", "GradientBoosting with a base value", GradientBoostingClassifier(**boost), m.late)
    add("boost_multiclass", "softmax", GradientBoostingClassifier(**boost), m.three)
    add("boost_regression", "GradientBoosting", GradientBoostingRegressor(**boost), m.delay, options=None)
    model = convert_sklearn(GradientBoostingRegressor(**boost).fit(x[:, :1], m.delay), initial_types=[("hour", SklFloat([None, 1]))])
    normal(model)
    m.cases.library = SKLEARN
    m.cases.add("one_feature", "one feature", model, m.test, "rows.csv", text=TEXT)
    # Each distance has three times the value of the next smaller one: the best split always takes the largest away.
    steep = 3.0 ** m.train["distance"].rank(method="dense").clip(upper=60).to_numpy()
    add("tree_deeper", "one tree that is more than 30 splits deep", DecisionTreeRegressor(random_state=0), steep, options=None)
    add("boost_5000", "5,000 trees", GradientBoostingRegressor(n_estimators=5000, max_depth=1, learning_rate=0.05, random_state=0), m.delay, options=None)
    add("boost_many", "2,000 trees", GradientBoostingRegressor(n_estimators=2000, max_depth=1, random_state=0), m.delay, options=None)


def add_pipelines(m):
    def add(name, about, steps, y, initial, frame, text=(), options=None, **more):
        train, test = frame(m.train), frame(m.test)
        pipeline = Pipeline(steps).fit(train, y)
        model = convert_sklearn(pipeline, initial_types=initial, options=options)
        normal(model)
        m.cases.library = SKLEARN
        write_rows(f"{name}.csv", test)
        m.cases.add(name, about, model, test, f"{name}.csv", text=text, **more)

    forest = RandomForestClassifier(n_estimators=10, max_depth=6, random_state=0)
    plain = {"zipmap": False}
    one = lambda *names: [(n, SklFloat([None, 1])) for n in names]

    model = to_onnx(make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), forest).fit(m.x, m.late), m.x[:1], options=plain)
    m.add("pipeline_scaler", "Imputer and Scaler", SKLEARN, model, boundary=True)
    model = to_onnx(make_pipeline(SimpleImputer(), MinMaxScaler(), RandomForestRegressor(5, max_depth=5, random_state=0)).fit(m.x, m.delay), m.x[:1])
    m.add("pipeline_minmax", "Imputer, Mul and Add", SKLEARN, model)
    full = m.full.astype(np.float64)
    model = to_onnx(make_pipeline(StandardScaler(), forest).fit(full, m.late), full[:1], options=plain)
    m.add("pipeline_double", "Sub and Div of float64", SKLEARN, model, margin=False)

    def mixed(frame):
        out = frame[["temp", "wind_gust", "carrier", "origin", "hour", "distance"]].copy()
        out["carrier"] = out["carrier"].astype(object)
        out["origin"] = out["origin"].astype(object)
        return out.reset_index(drop=True)

    columns = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["temp", "wind_gust"]),
        ("carrier", OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
        ("origin", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["origin"]),
        ("rest", "passthrough", ["hour"]),
        ("robust", RobustScaler(), ["distance"]),
        ("largest", MaxAbsScaler(), ["hour"])])
    initial = one("temp", "wind_gust") + [(n, StringTensorType([None, 1])) for n in TEXT] + [("hour", Int64TensorType([None, 1]))] + one("distance")

    def unseen(frame):
        out = mixed(frame)
        if len(out) < 1000:  # the rows that are asked about
            out.loc[::7, "carrier"] = "??"
            out.loc[3::11, "origin"] = "Paris, \u0394"
            out["origin"] = out["origin"].str.replace(", ", " ")
            out.loc[5::13, "carrier"] = None
        return out

    add("columns", "ColumnTransformer: texts, an integer, unseen and missing texts", [("c", columns), ("m", forest)], m.late, initial, unseen, TEXT, {RandomForestClassifier: plain})
    add("columns_zipmap", "the same with GradientBoosting and ZipMap", [("c", columns), ("m", GradientBoostingClassifier(n_estimators=10, random_state=0))],
        np.array(["no", "yes"])[m.late], initial, mixed, TEXT)
    strict = ColumnTransformer([("carrier", OneHotEncoder(), ["carrier"]), ("rest", "passthrough", ["distance"])])

    def refused(frame):
        out = mixed(frame)[["carrier", "distance"]]
        if len(out) < 1000:
            out = out[out["carrier"].isin(set(m.train["carrier"]))].reset_index(drop=True)
            out.loc[[4, 90], "carrier"] = "??"
        return out

    add("columns_strict", "an unseen text is an error", [("c", strict), ("m", forest)], m.three, [("carrier", StringTensorType([None, 1]))] + one("distance"),
        refused, ["carrier"], {RandomForestClassifier: plain}, refused=[4, 90])
    integers = ColumnTransformer([
        ("hour", OneHotEncoder(handle_unknown="ignore"), ["hour", "engines"]),
        ("month", OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), ["dow"]),
        ("rest", StandardScaler(), ["day", "distance"])])

    def numbers(frame):
        source = m.train if len(frame) > 1000 else pd.read_csv(FOLDER.parent / "flights" / "rows.csv").dropna(subset=["arr_delay"]).iloc[2500:3200]
        out = source[["hour", "engines", "dow", "day", "distance"]].reset_index(drop=True).fillna(2.0)
        if len(frame) < 1000:
            out["engines"] = out["engines"].astype(float)
            out.loc[::9, "engines"] = 2.75
            out.loc[1::9, "engines"] = -0.5
            out.loc[2::9, "hour"] = 99
        return out

    add("columns_integers", "one-hot and ordinal integers, a float that is cut to an integer", [("c", integers), ("m", forest)], m.late,
        [("hour", Int64TensorType([None, 1]))] + one("engines") + [("dow", Int64TensorType([None, 1])), ("day", Int64TensorType([None, 1]))] + one("distance"),
        numbers, (), {RandomForestClassifier: plain})


def add_lightgbm(m):
    initial = [("input", FloatTensorType([None, len(NUMBERS)]))]
    small = dict(n_estimators=20, num_leaves=12, verbose=-1, n_jobs=1, deterministic=True, random_state=0)

    def add(name, about, model, y, x=m.x, zipmap=False, boundary=False, without=(), **fit):
        converted = onnxmltools.convert_lightgbm(model.fit(x, y, **fit), initial_types=initial, zipmap=zipmap)
        m.add(name, about, LIGHTGBM, converted, boundary=boundary, without=without)

    add("lightgbm_binary", "missing values", lightgbm.LGBMClassifier(**small), m.late, boundary=True)
    add("lightgbm_zipmap", "the same with ZipMap", lightgbm.LGBMClassifier(**small), m.late, zipmap=True)
    add("lightgbm_multiclass", "softmax", lightgbm.LGBMClassifier(**small), m.three)
    add("lightgbm_regression", "squared error", lightgbm.LGBMRegressor(**small), m.delay)
    add("lightgbm_one_against_all", "a sigmoid for each class", lightgbm.LGBMClassifier(objective="multiclassova", **small), m.three)
    add("lightgbm_quantile", "the ninth decile", lightgbm.LGBMRegressor(objective="quantile", alpha=0.9, **small), m.delay)
    for objective in ("gamma", "tweedie"):
        add(f"lightgbm_{objective}", "Exp after the trees", lightgbm.LGBMRegressor(objective=objective, **small), np.maximum(m.delay, 0) + 1)
    add("lightgbm_ranking", "lambdarank", lightgbm.LGBMRanker(**small), m.three, group=[25] * 100)
    add("lightgbm_dart", "DART", lightgbm.LGBMClassifier(boosting_type="dart", **small), m.late)
    add("lightgbm_poisson", "Exp after the trees", lightgbm.LGBMRegressor(objective="poisson", **small), np.maximum(m.delay, 0))
    hours = m.x.copy()
    hours[::17, 0] = np.nan
    add("lightgbm_categorical", "categorical splits: chains of BRANCH_EQ", lightgbm.LGBMRegressor(min_data_per_group=5, cat_smooth=1, max_cat_to_onehot=1, **small), m.delay, x=hours,
        categorical_feature=[0], boundary=True)


def add_xgboost(m):
    initial = [("input", FloatTensorType([None, len(NUMBERS)]))]
    small = dict(n_estimators=20, max_depth=4, n_jobs=1, random_state=0)

    def add(name, about, model, y, **more):
        m.add(name, about, XGBOOST, onnxmltools.convert_xgboost(model.fit(m.x, y), initial_types=initial), **more)

    add("xgboost_binary", "missing values and BRANCH_LT", xgboost.XGBClassifier(**small), m.late, boundary=True)
    add("xgboost_multiclass", "softmax", xgboost.XGBClassifier(**small), m.three)
    add("xgboost_regression", "a base value", xgboost.XGBRegressor(**small), m.delay)
    add("xgboost_poisson", "Exp and Mul after the trees", xgboost.XGBRegressor(objective="count:poisson", **small), np.maximum(m.delay, 0))
    add("xgboost_quantile", "the ninth decile", xgboost.XGBRegressor(objective="reg:quantileerror", quantile_alpha=0.9, **small), m.delay)
    add("xgboost_gamma", "Exp and Mul after the trees", xgboost.XGBRegressor(objective="reg:gamma", **small), np.maximum(m.delay, 0) + 1)
    add("xgboost_survival", "onnxmltools leaves the exp out", xgboost.XGBRegressor(objective="survival:cox", **small), np.maximum(m.delay, 0) + 1)
    add("xgboost_forest", "a random forest", xgboost.XGBRFClassifier(**small), m.late)


def add_catboost(m):
    small = dict(iterations=20, depth=4, verbose=0, allow_writing_files=False, thread_count=1, random_seed=0)

    def add(name, about, model, y, **more):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "m.onnx")
            model.fit(m.x, y).save_model(path, format="onnx")
            m.add(name, about, CATBOOST, onnx.load(path), **more)

    add("catboost_binary", "scores -x and x", catboost.CatBoostClassifier(**small), m.late, boundary=True)
    add("catboost_multiclass", "vector leaves, labels of text", catboost.CatBoostClassifier(**small), np.array(["early", "on time", "late"])[m.three])
    add("catboost_regression", "a base value", catboost.CatBoostRegressor(**small), m.delay)
    add("catboost_poisson", "CatBoost leaves the exp out", catboost.CatBoostRegressor(loss_function="Poisson", **small), np.maximum(m.delay, 0))


def main():
    FOLDER.mkdir(exist_ok=True)
    m = Maker()
    add_sklearn(m)
    add_pipelines(m)
    add_lightgbm(m)
    add_xgboost(m)
    add_catboost(m)
    add_by_hand(m.cases)
    m.cases.write()


if __name__ == "__main__":
    main()
