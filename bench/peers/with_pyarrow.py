"""The script of someone who knows Arrow: its readers use all cores, and its columns become one matrix.

with_pyarrow.py [--stream] [--lleaves COMPILED] [--threads N] MODEL INPUT OUTPUT

INPUT and OUTPUT are CSV or, by their names, Parquet. With --lleaves the model is evaluated by lleaves, which has compiled it
before: that is not measured.
"""

import argparse

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pyarrow.parquet as parquet

import flights


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model")
    args.add_argument("input")
    args.add_argument("output")
    args.add_argument("--stream", action="store_true", help="a block of the file at a time")
    args.add_argument("--lleaves", help="what bench/peers/compile.py made of the model")
    args.add_argument("--threads", type=int, default=2)
    args = args.parse_args()

    pa.set_cpu_count(args.threads)
    pa.set_io_thread_count(args.threads)
    if args.lleaves:
        import lleaves

        trees = lleaves.Model(args.model)
        trees.compile(cache=args.lleaves, raw_score=True)
        features, levels = flights.described(args.model)

        def predict(rows):
            return 1 / (1 + np.exp(-trees.predict(rows, n_jobs=args.threads)))
    else:
        import lightgbm as lgb

        model = lgb.Booster(model_file=args.model)
        features, levels = model.feature_name(), flights.categories(model)

        def predict(rows):
            return model.predict(rows, num_threads=args.threads)

    levels = {name: pa.array(words) for name, words in levels.items()}

    # Types are given, so that nothing is guessed from the first block, and numbers come as LightGBM wants them.
    convert = csv.ConvertOptions(
        include_columns=["id", *features],
        column_types={name: pa.string() if name in levels else pa.float64() for name in features} | {"id": pa.int64()},
    )

    def matrix(rows):
        out = np.empty((rows.num_rows, len(features)))
        for i, name in enumerate(features):
            column = rows.column(name)
            if name in levels:  # the place in the model's list; null, so NaN, if it is not there
                column = pc.cast(pc.index_in(column, value_set=levels[name]), pa.float64())
            out[:, i] = column.to_numpy(zero_copy_only=False)
        return out

    def score(rows):
        return pa.table({"id": rows.column("id"), "prediction": predict(matrix(rows))})

    if args.input.endswith(".parquet"):
        parquet.write_table(score(parquet.read_table(args.input, columns=["id", *features])), args.output)
    elif args.stream:
        schema = pa.schema([("id", pa.int64()), ("prediction", pa.float64())])
        read = csv.ReadOptions(block_size=16 << 20)
        with csv.open_csv(args.input, read_options=read, convert_options=convert) as reader:
            with csv.CSVWriter(args.output, schema) as writer:
                for batch in reader:
                    writer.write_table(score(batch))
    else:
        csv.write_csv(score(csv.read_csv(args.input, convert_options=convert)), args.output)


if __name__ == "__main__":
    main()
