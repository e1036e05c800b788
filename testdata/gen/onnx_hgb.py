"""Makes the hgb_* files of testdata/onnx: HistGradientBoosting of scikit-learn, as skl2onnx converts it.

    pip install -r requirements-onnx-hgb.txt
    python onnx_models.py    (with requirements-onnx.txt)
    python onnx_hgb.py
"""

import json

from onnx_cases import FOLDER, NUMBERS, TEXT, Cases, rows

import numpy as np
import sklearn
from skl2onnx import to_onnx
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor


def main():
    train, test = rows()
    x = train[NUMBERS].to_numpy(np.float32)
    late, delay = train["late"].to_numpy(int), train["arr_delay"].to_numpy(float)
    three = np.digitize(delay, [-10, 15])
    cases = Cases(f"onnxruntime 1.32.0, skl2onnx 1.20.0, scikit-learn {sklearn.__version__}")

    def add(name, about, estimator, y, **more):
        options = None if hasattr(estimator, "loss") and "Regressor" in type(estimator).__name__ else {"zipmap": False}
        model = to_onnx(estimator.fit(x, y), x[:1], options=options)
        opsets = sorted({(o.domain, o.version) for o in model.opset_import})
        model.graph.name = "trees"
        del model.opset_import[:]
        for domain, version in opsets:
            o = model.opset_import.add()
            o.domain, o.version = domain, version
        cases.add(name, about, model, test, "rows.csv", names=NUMBERS, text=TEXT, **more)

    small = dict(max_iter=20, max_leaf_nodes=12, random_state=0)
    add("hgb_binary", "HistGradientBoosting with missing values", HistGradientBoostingClassifier(**small), late)
    add("hgb_multiclass", "three classes", HistGradientBoostingClassifier(**small), three)
    add("hgb_regression", "squared error", HistGradientBoostingRegressor(**small), delay)
    add("hgb_poisson", "skl2onnx leaves the exp out", HistGradientBoostingRegressor(loss="poisson", **small), np.maximum(delay, 0))
    others = [c for c in json.loads((FOLDER / "cases.json").read_text()) if not c["name"].startswith("hgb_")]
    cases.write(keep=others)


if __name__ == "__main__":
    main()
