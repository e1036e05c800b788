"""Regenerates the v3_* files of testdata/flights: models as LightGBM wrote them before version 4.

    pip install -r testdata/gen/requirements-v3.txt    (in an environment of its own)
    python testdata/gen/flights_v3.py

Needs rows.csv, which flights.py writes, and checks that the old pandas sees the same rows.
"""

import data
import models
from flights import ALL, FEW, MIXED, RF, bucket, delay, late
from models import Model

MODELS = [
    Model("v3_numeric", "late arrivals from numbers", ALL, late, {"objective": "binary"}),
    Model("v3_lightgbm", "late arrivals from numbers and texts", MIXED, late, {"objective": "binary"}),
    Model("v3_multiclass", "four kinds of arrival, softmax", FEW, bucket,
          {"objective": "multiclass", "num_class": 4}, 10, leaf_rows=1000),
    Model("v3_rf", "random forest, binary", FEW, late, {"objective": "binary", **RF}, 20),
    Model("v3_linear", "linear leaves, regression, numbers with gaps", FEW, delay,
          {"objective": "regression", "linear_tree": True, "linear_lambda": 0.1}, 10),
]


def main():
    table = data.load()
    rows = data.held_out(table)
    data.check_csv(rows)
    index = []
    for model in MODELS:
        print(model.name, flush=True)
        index.append(models.finish(model, rows, models.train(model, table)))
    models.write_index(data.OUT / "models_v3.json", index)


if __name__ == "__main__":
    main()
