"""The script of someone who likes polars: it reads and writes with all cores, LightGBM predicts.

with_polars.py [--threads N] MODEL INPUT OUTPUT

INPUT and OUTPUT are CSV or, by their names, Parquet.
"""

import argparse
import os


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model")
    args.add_argument("input")
    args.add_argument("output")
    args.add_argument("--threads", type=int, default=2)
    args = args.parse_args()

    os.environ["POLARS_MAX_THREADS"] = str(args.threads)
    import lightgbm as lgb
    import polars as pl

    import flights

    model = lgb.Booster(model_file=args.model)
    features, levels = model.feature_name(), flights.categories(model)
    columns = ["id", *features]
    if args.input.endswith(".parquet"):
        rows = pl.read_parquet(args.input, columns=columns)
    else:  # types are given: what the first rows look like is not what the others are
        types = {name: pl.String if name in levels else pl.Float64 for name in features} | {"id": pl.Int64}
        rows = pl.read_csv(args.input, columns=columns, schema_overrides=types)

    def number(name):
        if name in levels:  # the place in the model's list; null if it is not there
            codes = {word: float(i) for i, word in enumerate(levels[name])}
            column = pl.col(name).replace_strict(codes, default=None, return_dtype=pl.Float64)
        else:
            column = pl.col(name).cast(pl.Float64)
        return column.fill_null(float("nan"))

    # LightGBM copies a matrix of columns to one of rows by itself.
    predictions = model.predict(rows.select(number(name) for name in features).to_numpy(), num_threads=args.threads)
    out = pl.DataFrame({"id": rows["id"], "prediction": predictions})
    if args.output.endswith(".parquet"):
        out.write_parquet(args.output)
    else:
        out.write_csv(args.output)


if __name__ == "__main__":
    main()
