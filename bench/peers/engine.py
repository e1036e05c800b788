"""A library that scores, for as long as it is asked to: bench/engine starts one process for each library and number of
threads, so that imports and loading are never measured.

engine.py LIBRARY THREADS

Commands are lines of JSON on standard input, each answered with a line of JSON on standard output; an answer with "error"
says what went wrong, and the process goes on.

{"do": "load", "model": PATH, "rows": PATH, "compiled": PATH, "single": PATH}   compiled and single may be missing
    -> {"ways": [...], "gives": "margin" or "prediction"}      ways: "python", and "c" for single rows from C
{"do": "run", "way": "python", "batch": 256, "seconds": 0.1}
    -> {"ns": 123.4}      nanoseconds a row of one pass, which is at least one call
{"do": "scores", "way": "python", "output": PATH}
    -> {}                 PATH gets a double for each row, from C for the first 2,048
"""

import ctypes
import json
import sys
import time
import traceback

import numpy as np

LIGHTGBM, LLEAVES, TL2CGEN, XGBOOST = range(4)  # of single.c


def lightgbm(model, compiled, threads):
    import lightgbm as lgb

    booster = lgb.Booster(model_file=model)
    c = None
    if threads == 1:
        handle, lib = ctypes.c_void_p(), lgb.basic._LIB
        failed = lib.LGBM_BoosterPredictForMatSingleRowFastInit(
            booster._handle, 1, 0, -1, 1, ctypes.c_int32(booster.num_feature()), b"num_threads=1", ctypes.byref(handle)
        )
        if not failed:
            c = (LIGHTGBM, lib.LGBM_BoosterPredictForMatSingleRowFast, handle)
    return lambda x, x32: booster.predict(x, raw_score=True, num_threads=threads), c, booster


def lleaves(model, compiled, threads):
    import lleaves

    trees = lleaves.Model(model)
    trees.compile(cache=compiled, raw_score=True)
    c = None
    if threads == 1:
        try:
            lib = ctypes.CDLL(compiled.removesuffix(".o") + ".so")
            c = (LLEAVES, lib.forest_root, None)
        except OSError:
            pass
    return lambda x, x32: trees.predict(x, n_jobs=threads), c, trees


def treelite(model, compiled, threads):
    import treelite

    trees = treelite.frontend.load_lightgbm_model(model)
    return lambda x, x32: treelite.gtil.predict(trees, x, nthread=threads, pred_margin=True), None, trees


def tl2cgen(model, compiled, threads):
    import tl2cgen

    predictor = tl2cgen.Predictor(compiled, nthread=threads)
    c = (TL2CGEN, ctypes.CDLL(compiled).predict, None) if threads == 1 else None
    return lambda x, x32: predictor.predict(tl2cgen.DMatrix(x, dtype="float64"), pred_margin=True), c, predictor


def onnxruntime(model, compiled, threads):
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    probabilities = session.get_outputs()[-1].name
    return lambda x, x32: session.run([probabilities], {"x": x32})[0], None, session


def xgboost(model, compiled, threads):
    import xgboost as xgb

    booster = xgb.Booster(model_file=model)
    booster.set_param({"nthread": threads})
    c = (XGBOOST, xgb.core._LIB.XGBoosterPredictFromDense, booster.handle) if threads == 1 else None
    return lambda x, x32: booster.inplace_predict(x32, predict_type="margin"), c, booster


def catboost(model, compiled, threads):
    from catboost import CatBoostClassifier

    trees = CatBoostClassifier().load_model(model)
    return lambda x, x32: trees.predict(x32, prediction_type="RawFormulaVal", thread_count=threads), None, trees


def sklearn(model, compiled, threads):
    import joblib

    trees = joblib.load(model)
    if hasattr(trees, "n_jobs"):  # a random forest
        trees.n_jobs = threads
        return lambda x, x32: trees.predict_proba(x32), None, trees
    return lambda x, x32: trees.decision_function(x), None, trees


LIBRARIES = {f.__name__: f for f in (lightgbm, lleaves, treelite, tl2cgen, onnxruntime, xgboost, catboost, sklearn)}
PROBABILITIES = ("onnxruntime",)


class Peer:
    def __init__(self, library, threads):
        self.library, self.threads, self.at = library, threads, 0

    def load(self, model, rows, compiled=None, single=None):
        self.predict = self.c = self.kept = None  # what was loaded before goes first
        shape = np.fromfile(rows, "<u8", 2)
        self.rows = np.fromfile(rows, "<f8", offset=16).reshape(shape.astype(int))
        self.rows32 = self.rows.astype(np.float32)
        self.chunks = {}
        self.predict, self.c, self.kept = LIBRARIES[self.library](model, compiled, self.threads)
        if not single:
            self.c = None
        if self.c:
            self.single = ctypes.CDLL(single).single
            self.single.restype = ctypes.c_double
        prediction = self.library in PROBABILITIES or hasattr(self.kept, "n_jobs") and self.library == "sklearn"
        return {"ways": ["python"] + ["c"] * bool(self.c), "gives": "prediction" if prediction else "margin"}

    def call(self, seconds, out=None):
        """One row after the other, from C."""
        kind, function, handle = self.c
        ns = self.single(
            kind, ctypes.cast(function, ctypes.c_void_p), handle, self.rows.ctypes.data_as(ctypes.c_void_p),
            self.rows32.ctypes.data_as(ctypes.c_void_p), ctypes.c_long(len(self.rows) if out is None else len(out)), self.rows.shape[1],
            ctypes.c_double(seconds), out if out is None else out.ctypes.data_as(ctypes.c_void_p),
        )
        if ns < 0:
            raise RuntimeError(f"the C interface of {self.library} failed")
        return ns

    def run(self, way, batch, seconds):
        if way == "c":
            return {"ns": self.call(seconds)}
        if batch not in self.chunks:
            starts = range(0, len(self.rows) - batch + 1, batch)
            self.chunks[batch] = [(self.rows[i : i + batch], self.rows32[i : i + batch]) for i in starts]
        chunks, predict, at, calls = self.chunks[batch], self.predict, self.at, 0
        begin = time.perf_counter()
        while True:
            predict(*chunks[at % len(chunks)])
            at, calls = at + 1, calls + 1
            took = time.perf_counter() - begin
            if took >= seconds:
                break
        self.at = at
        return {"ns": 1e9 * took / calls / batch}

    def scores(self, way, output):
        if way == "c":
            out = np.empty(min(len(self.rows), 2048))
            self.call(0, out)
        else:
            batch = 8192
            parts = [np.asarray(self.predict(self.rows[i : i + batch], self.rows32[i : i + batch]), np.float64)
                     for i in range(0, len(self.rows), batch)]
            # Of several numbers the last is that of the class 1.
            out = np.concatenate([p.reshape(min(batch, len(self.rows) - i * batch), -1)[:, -1] for i, p in enumerate(parts)])
        out.astype("<f8").tofile(output)
        return {}


def main():
    peer = Peer(sys.argv[1], int(sys.argv[2]))
    answers, sys.stdout = sys.stdout, sys.stderr  # libraries print
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(peer, {"load": "load", "run": "run", "scores": "scores"}[command.pop("do")])(**command)
        except Exception as e:
            traceback.print_exc()
            answer = {"error": f"{type(e).__name__}: {e}"[:300]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
