"""Trains the large model, 500 trees of 63 leaves, from the same flights as the models of testdata.

train.py OUTPUT
"""

import argparse
import os
import sys
from pathlib import Path

import lightgbm as lgb

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "testdata" / "gen"))

import data  # noqa: E402


def main():
    args = argparse.ArgumentParser()
    args.add_argument("output")
    args = args.parse_args()

    rows = data.training(data.load())
    inputs = rows[data.NUMBERS + data.TEXTS].astype({name: "category" for name in data.TEXTS})
    params = {
        "objective": "binary", "num_leaves": 63, "learning_rate": 0.05,
        "seed": 7, "deterministic": True, "force_row_wise": True, "verbosity": -1,
    }
    model = lgb.train(params, lgb.Dataset(inputs, rows["late"]), num_boost_round=500)
    part = args.output + ".part"
    model.save_model(part)
    os.replace(part, args.output)


if __name__ == "__main__":
    main()
