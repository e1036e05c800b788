"""Apache Beam's own way in Python: RunInference, with a handler for LightGBM as one writes it after the documentation.

with_beam.py [--runner fn|prism] [--workers N] [--threads N] [--frames] MODEL INPUT OUTPUT

OUTPUT is a folder; INPUT is CSV or, by its name, Parquet, and so is what is written. By default an element is a row, which is what ReadFromText gives. With --frames it is a pandas
DataFrame of many rows, which is what an expert does about the cost of an element.
"""

import argparse
import csv
import io
import logging
import os
import sys

import apache_beam as beam
import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
from apache_beam.ml.inference.base import KeyedModelHandler, ModelHandler, PredictionResult, RunInference
from apache_beam.options.pipeline_options import PipelineOptions

import flights

FRAME = 10_000  # rows


class Rows(ModelHandler):
    """Predicts rows, each an array of features, a batch of them at once."""

    def __init__(self, path, threads):
        self.path, self.threads = path, threads

    def load_model(self):
        return lgb.Booster(model_file=self.path)

    def run_inference(self, batch, model, inference_args=None):
        predictions = model.predict(np.stack(batch), num_threads=self.threads)
        return [PredictionResult(row, value) for row, value in zip(batch, predictions)]

    # As Beam's own handlers for scikit-learn and XGBoost have it: the default pickles every batch for a metric.
    def get_num_bytes(self, batch):
        return sum(sys.getsizeof(row) for row in batch)

    def batch_elements_kwargs(self):
        return {"min_batch_size": 1000, "max_batch_size": 10_000}


class Parse(beam.DoFn):
    """A line of text -> (id, features)."""

    def __init__(self, header, features, levels):
        self.id = header.index("id")
        self.numbers = [header.index(name) for name in features if name not in levels]
        self.texts = [(header.index(name), {w: float(i) for i, w in enumerate(levels[name])}) for name in levels]
        assert features == [name for name in features if name not in levels] + list(levels)

    def process(self, line):
        cells = next(csv.reader((line,)))
        nan = float("nan")
        values = [float(cells[i]) if cells[i] else nan for i in self.numbers]
        values += [codes.get(cells[i], nan) for i, codes in self.texts]
        yield cells[self.id], np.array(values)


class Values(beam.DoFn):
    """A row of Parquet, which Beam gives as a dict -> (id, features)."""

    def __init__(self, features, levels):
        self.features = features
        self.codes = {name: {w: float(i) for i, w in enumerate(levels[name])} for name in levels}

    def process(self, row):
        nan = float("nan")
        values = [nan if row[f] is None else self.codes[f].get(row[f], nan) if f in self.codes else row[f] for f in self.features]
        yield row["id"], np.array(values, float)


class Frames(ModelHandler):
    """Predicts DataFrames."""

    def __init__(self, path, threads):
        self.path, self.threads = path, threads

    def load_model(self):
        return lgb.Booster(model_file=self.path)

    def run_inference(self, batch, model, inference_args=None):
        features = model.feature_name()
        for frame in batch:
            predictions = model.predict(frame[features], num_threads=self.threads)
            yield PredictionResult(None, pd.DataFrame({"id": frame["id"], "prediction": predictions}))

    def get_num_bytes(self, batch):
        return sum(int(frame.memory_usage().sum()) for frame in batch)

    def batch_elements_kwargs(self):
        return {"min_batch_size": 1, "max_batch_size": 1}


class ReadFrames(beam.DoFn):
    """The path of a CSV file -> its DataFrames."""

    def __init__(self, columns, levels):
        self.columns, self.levels = columns, levels

    def process(self, path):
        types = {name: pd.CategoricalDtype(levels) for name, levels in self.levels.items()}
        with pd.read_csv(path, usecols=self.columns, dtype=types, chunksize=FRAME) as chunks:
            yield from chunks


def row(pair):
    return f"{pair[0]},{float(pair[1].inference)!r}"


def text(result):
    out = io.StringIO()
    result.inference.to_csv(out, index=False, header=False)
    return out.getvalue().rstrip("\n")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model")
    args.add_argument("input")
    args.add_argument("output")
    args.add_argument("--runner", choices=("fn", "prism"), default="fn")
    args.add_argument("--prism", help="the prism binary")
    args.add_argument("--workers", type=int, default=1, help="processes of Beam's FnApiRunner")
    args.add_argument("--threads", type=int, default=2, help="of LightGBM, in each process")
    args.add_argument("--frames", action="store_true")
    args = args.parse_args()

    options = []
    if args.runner == "prism":
        from apache_beam.runners.portability.prism_runner import PrismRunner

        runner = PrismRunner()
        options = [f"--prism_location={args.prism}", "--environment_type=LOOPBACK"]
    else:
        from apache_beam.runners.portability.fn_api_runner import FnApiRunner

        runner = FnApiRunner()
        options = [f"--direct_num_workers={args.workers}"]
        if args.workers > 1:
            options += ["--direct_running_mode=multi_processing"]

    model = lgb.Booster(model_file=args.model)
    features, levels = model.feature_name(), flights.categories(model)
    from_parquet = args.input.endswith(".parquet")
    if not from_parquet:
        with open(args.input, newline="") as file:
            header = next(csv.reader(file))
    output = os.path.join(args.output, "part")

    logging.getLogger().setLevel(logging.ERROR)
    with beam.Pipeline(runner=runner, options=PipelineOptions(options)) as p:
        if from_parquet:
            schema = pa.schema([("id", pa.int64()), ("prediction", pa.float64())])
            _ = (
                p
                | beam.io.ReadFromParquet(args.input, columns=["id", *features])
                | beam.ParDo(Values(features, levels))
                | RunInference(KeyedModelHandler(Rows(args.model, args.threads)))
                | beam.Map(lambda pair: {"id": pair[0], "prediction": float(pair[1].inference)})
                | beam.io.WriteToParquet(output, schema, file_name_suffix=".parquet")
            )
            return
        if args.frames:
            lines = (
                p
                | beam.Create([args.input])
                | beam.ParDo(ReadFrames(["id", *features], levels))
                | RunInference(Frames(args.model, args.threads))
                | beam.Map(text)
            )
        else:
            lines = (
                p
                | beam.io.ReadFromText(args.input, skip_header_lines=1)
                | beam.ParDo(Parse(header, features, levels))
                | RunInference(KeyedModelHandler(Rows(args.model, args.threads)))
                | beam.Map(row)
            )
        lines | beam.io.WriteToText(output, file_name_suffix=".csv", header="id,prediction")


if __name__ == "__main__":
    main()
