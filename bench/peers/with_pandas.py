"""The script that most people would write: pandas reads, LightGBM predicts, pandas writes.

with_pandas.py [--chunk ROWS] [--all-columns] [--threads N] MODEL INPUT OUTPUT

INPUT and OUTPUT are CSV or, by their names, Parquet.
"""

import argparse

import lightgbm as lgb
import pandas as pd

import flights


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model")
    args.add_argument("input")
    args.add_argument("output")
    args.add_argument("--chunk", type=int, help="read, predict and write so many rows at a time")
    args.add_argument("--all-columns", action="store_true", help="write all columns of the input, not only id")
    args.add_argument("--threads", type=int, default=2)
    args = args.parse_args()

    model = lgb.Booster(model_file=args.model)
    features = model.feature_name()

    # Reading texts as categories of the model's own list is what LightGBM turns them into anyway; done here, no column
    # of strings is ever made. Columns that nobody asked for are not read.
    types = {name: pd.CategoricalDtype(levels) for name, levels in flights.categories(model).items()}
    if args.all_columns:
        types = {}  # the words are wanted back as they were, also those that the model does not know
    columns = None if args.all_columns else ["id", *features]

    def frames():
        if args.input.endswith(".parquet"):
            rows = pd.read_parquet(args.input, columns=columns)
            levels = flights.categories(model)
            yield rows.assign(**{name: pd.Categorical(rows[name], levels[name]) for name in types})
        elif args.chunk:
            with pd.read_csv(args.input, usecols=columns, dtype=types, chunksize=args.chunk) as chunks:
                yield from chunks
        else:
            yield pd.read_csv(args.input, usecols=columns, dtype=types)

    def inputs(frame):
        rows = frame[features]
        if args.all_columns:
            levels = flights.categories(model)
            rows = rows.assign(**{name: pd.Categorical(rows[name], levels[name]) for name in levels})
        return rows

    for i, frame in enumerate(frames()):
        predictions = model.predict(inputs(frame), num_threads=args.threads)
        if args.all_columns:
            frame["prediction"] = predictions
        else:
            frame = pd.DataFrame({"id": frame["id"], "prediction": predictions})
        if args.output.endswith(".parquet"):
            frame.to_parquet(args.output, index=False)
            continue
        frame.to_csv(args.output, index=False, mode="a" if i else "w", header=not i)


if __name__ == "__main__":
    main()
