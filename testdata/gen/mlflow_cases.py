"""MLflow model folders, as MLflow saves them, and what the libraries predict: testdata/mlflow.

Run by both versions of MLflow: the old one writes the folders v1_*, the new one all others. What is
another thing each time (identifiers, times) is replaced; pickles are left out, since nobody reads them.
"""

import re
import shutil
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")

import lightgbm as lgb
import mlflow
import mlflow.lightgbm
import mlflow.pyfunc
import mlflow.xgboost
import numpy as np
import pandas as pd
import xgboost as xgb
from mlflow.models.signature import infer_signature

DATA = Path(__file__).resolve().parent.parent
OUT = DATA / "mlflow"
OLD = mlflow.__version__.startswith("1.")
PREFIX = "v1_" if OLD else ""

NUMBERS = ["hour", "temp", "wind_gust", "distance", "dow"]
TRAIN = {"objective": "binary", "num_leaves": 7, "verbose": -1, "num_threads": 1, "seed": 1,
         "deterministic": True, "force_row_wise": True}


def rows():
    table = pd.read_csv(DATA / "flights" / "rows.csv", float_precision="round_trip")
    table = table[table.late.notna()]
    x = table[NUMBERS].astype("float64").copy()
    x["carrier"] = table["carrier"].astype(object)
    return x.reset_index(drop=True), table.late.astype("int64").reset_index(drop=True)


def steady(folder):
    """Makes a folder the same in every run."""
    path = folder / "MLmodel"
    text = path.read_text()
    text = re.sub(r"(?m)^(model_uuid|model_id): (?!null).*$", r"\1: 0123456789abcdef0123456789abcdef", text)
    text = re.sub(r"(?m)^(utc_time_created): .*$", r"\1: '2026-01-01 00:00:00.000000'", text)
    text = re.sub(r"(?m)^(model_size_bytes): .*$", r"\1: 1000", text)
    text = re.sub(r"(?m)(^    - [a-z][\w.]+\n)+", lambda m: "".join(sorted(m[0].splitlines(True))), text)
    path.write_text(text)
    for file in folder.rglob("*"):
        if file.suffix in (".pkl", ".skops"):
            file.write_text("left out\n")
        if file.name in ("conda.yaml", "python_env.yaml", "requirements.txt"):
            file.unlink()


def save(name, library, model, x, y, **more):
    folder = OUT / (PREFIX + name)
    shutil.rmtree(folder, ignore_errors=True)
    library.save_model(model, str(folder), signature=infer_signature(x, y), **more)
    steady(folder)
    return folder


def expected(name, **columns):
    """What a library gives for rows.csv."""
    table = pd.DataFrame({k: [repr(float(v)) for v in np.asarray(c).ravel()] for k, c in columns.items()})
    table.to_csv(OUT / f"{PREFIX}{name}.expected.csv", index=False)


def lightgbm_cases(x, y, head):
    train = x.assign(carrier=x.carrier.astype("category"))
    b = lgb.train(TRAIN, lgb.Dataset(train, y, free_raw_data=False), 10)
    if OLD:
        save("lightgbm", mlflow.lightgbm, b, x, y)
    else:
        save("lightgbm", mlflow.lightgbm, b, x, y, input_example=x.head(20))
    test = head.assign(carrier=head.carrier.astype("category"))
    expected("lightgbm", margin=b.predict(test, raw_score=True), prediction=b.predict(test))

    # LightGBM writes wind_gust for "wind gust"; the signature has the column's own name.
    spaced = x[NUMBERS].rename(columns={"wind_gust": "wind gust"})
    b = lgb.train(TRAIN, lgb.Dataset(spaced, y), 10)
    save("lightgbm_blank", mlflow.lightgbm, b, spaced, y)
    test = head[NUMBERS].rename(columns={"wind_gust": "wind gust"})
    expected("lightgbm_blank", margin=b.predict(test, raw_score=True), prediction=b.predict(test))

    # The columns of a matrix have no names in the model file; the signature has them.
    b = lgb.train(TRAIN, lgb.Dataset(x[NUMBERS].to_numpy(), y), 10)
    save("lightgbm_matrix", mlflow.lightgbm, b, x[NUMBERS], y)
    expected("lightgbm_matrix", margin=b.predict(head[NUMBERS].to_numpy(), raw_score=True))

    c = lgb.LGBMClassifier(n_estimators=3, num_leaves=4, verbose=-1).fit(x[NUMBERS], y)
    save("lightgbm_sklearn", mlflow.lightgbm, c, x[NUMBERS], y)


def xgboost_cases(x, y, head):
    x, test = x[NUMBERS], xgb.DMatrix(head[NUMBERS])
    b = xgb.train({"objective": "binary:logistic", "max_depth": 3, "nthread": 1}, xgb.DMatrix(x, y), 10)
    save("xgboost", mlflow.xgboost, b, x, y)
    if OLD:  # this is XGBoost's old binary format, which is refused
        return
    expected("xgboost", margin=b.predict(test, output_margin=True), prediction=b.predict(test))
    save("xgboost_json", mlflow.xgboost, b, x, y, model_format="json")
    expected("xgboost_json", margin=b.predict(test, output_margin=True), prediction=b.predict(test))

    # Early stopping: the wrapper predicts with the best rounds.
    c = xgb.XGBClassifier(n_estimators=60, learning_rate=1.0, max_depth=4, n_jobs=1, early_stopping_rounds=5)
    c.fit(x[:3000], y[:3000], eval_set=[(x[3000:], y[3000:])], verbose=False)
    save("xgboost_sklearn", mlflow.xgboost, c, x, y)
    expected("xgboost_sklearn", margin=c.predict(head[NUMBERS], output_margin=True), prediction=c.predict_proba(head[NUMBERS])[:, 1])


def other_cases(x, y, head):
    import catboost
    import mlflow.catboost
    import mlflow.onnx
    import mlflow.sklearn
    import onnxruntime
    from skl2onnx import to_onnx
    from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

    x, test = x[NUMBERS], head[NUMBERS]
    c = catboost.CatBoostClassifier(iterations=10, depth=3, verbose=0, allow_writing_files=False, random_seed=1, thread_count=1)
    c.fit(x, y)
    for key, value in {"model_guid": "0-0-0-0", "train_finish_time": "2026-01-01T00:00:00Z"}.items():
        c.get_metadata()[key] = value
    save("catboost", mlflow.catboost, c, x, y)
    expected("catboost", margin=c.predict(test, prediction_type="RawFormulaVal"), prediction=c.predict_proba(test)[:, 1])

    f = RandomForestRegressor(n_estimators=3, max_depth=3, random_state=1).fit(x.fillna(0).to_numpy("float32"), y)
    o = to_onnx(f, x.head(1).fillna(0).to_numpy("float32"), target_opset={"": 18, "ai.onnx.ml": 3})
    save("onnx", mlflow.onnx, o, x, y)
    session = onnxruntime.InferenceSession(o.SerializeToString())
    expected("onnx", prediction=session.run(None, {"X": test.fillna(0).to_numpy("float32")})[0])

    s = HistGradientBoostingRegressor(max_iter=2).fit(x, y)
    save("sklearn", mlflow.sklearn, s, x, y, serialization_format="pickle")

    class Model(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [1] * len(model_input)

    folder = OUT / "pyfunc"
    shutil.rmtree(folder, ignore_errors=True)
    mlflow.pyfunc.save_model(str(folder), python_model=Model())
    steady(folder)


def main():
    OUT.mkdir(exist_ok=True)
    x, y = rows()
    head = x.head(300)
    if not OLD:
        head.to_csv(OUT / "rows.csv", index=False)
        head.fillna(0).to_csv(OUT / "rows_whole.csv", index=False)
    lightgbm_cases(x, y, head)
    xgboost_cases(x, y, head)
    if not OLD:
        other_cases(x, y, head)


if __name__ == "__main__":
    sys.exit(main())
