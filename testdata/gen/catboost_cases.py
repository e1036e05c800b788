"""Regenerates testdata/catboost: models of CatBoost and what CatBoost itself says about rows.

    pip install -r testdata/gen/requirements-catboost.txt
    python testdata/gen/catboost_cases.py

With requirements-catboost-old.txt it makes the old_* files. Same versions, same bytes, but for refused/text.cbm and
refused/embedding.cbm, in which CatBoost numbers things at random.

The rows and the training data are those of testdata/flights/rows.csv.
"""

import gzip
import json
from pathlib import Path

import catboost
import numpy as np
import pandas as pd
from catboost import CatBoost, CatBoostClassifier, CatBoostRegressor, Pool

import boundary as edges

HERE = Path(__file__).resolve().parent.parent
OUT = HERE / "catboost"
OLD = catboost.__version__ == "1.2"
ROWS = 600

NUMBERS = ["hour", "distance", "temp", "dewp", "humid", "wind_gust", "precip", "pressure", "plane_year", "seats"]
TEXTS = ["carrier", "origin", "dest", "engine", "month", "dow", "tailnum"]
FEW = ["hour", "distance", "temp", "wind_gust", "seats"]
BASE = {
    "random_seed": 7, "thread_count": 1, "verbose": False, "allow_writing_files": False, "iterations": 10, "depth": 4,
    "learning_rate": 0.2,
}


def table():
    t = pd.read_csv(HERE / "flights" / "rows.csv", dtype={name: str for name in TEXTS}, keep_default_na=False, float_precision="round_trip", na_values=[""])
    return t[t["late"].notna()].reset_index(drop=True)


def write_rows(path, frame, texts):
    """CSV with floats as Python prints them; a gap is an empty cell."""
    def cell(value, text):
        if text:
            return "" if value is None or value != value else str(value)
        return "" if value != value else repr(float(value))
    lines = [",".join(frame.columns)]
    for row in frame.itertuples(index=False):
        cells = [cell(v, name in texts) for name, v in zip(frame.columns, row)]
        lines.append(",".join('"' + c + '"' if set(c) & set(',"\n') else c for c in cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def pack(name, array, kind):
    raw = np.ascontiguousarray(array, dtype=kind).tobytes()
    with open(OUT / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as z:
        z.write(raw)
    return {"file": name, "width": 1 if array.ndim == 1 else array.shape[1]}


def borders(model):
    """The borders of each numeric feature, by name."""
    return {model.feature_names_[i]: b for i, b in model.get_borders().items()}


def boundary(model, frame, numbers, most=12):
    """Rows in which a feature is on, and next to, a spread of the model's borders, and other odd values."""
    rows = []
    base = frame.iloc[:40]
    odd = [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-45, -1e-45, 1e-38, 3.4028234663852886e38,
           -3.4028234663852886e38, 3.4028235677973366e38, 1e300, -1e300]
    for name in numbers:
        found = sorted(set(borders(model).get(name, [])))
        spread = found if len(found) <= most else [found[i * (len(found) - 1) // (most - 1)] for i in range(most)]
        values = list(odd)
        for b in spread:
            with np.errstate(over="ignore"):  # next to the largest float32 is infinity
                up, down = (float(np.nextafter(np.float32(b), np.float32(s * np.inf))) for s in (1, -1))
            # Half way to the next float32 is where rounding turns.
            values += [b, up, down, float(np.nextafter(b, np.inf)), float(np.nextafter(b, -np.inf)), (b + up) / 2, (b + down) / 2]
        for i, v in enumerate(values):
            row = base.iloc[len(rows) % len(base)].copy()
            row[name] = v
            rows.append(row)
    return pd.DataFrame(rows, columns=frame.columns).reset_index(drop=True)


def steady(model):
    """Takes away what differs from run to run."""
    meta = model.get_metadata()
    meta["model_guid"], meta["train_finish_time"] = "0-0-0-0", "2000-01-01T00:00:00Z"
    return model


cases = []


def add(name, about, model, rows, columns, texts=(), formats=("cbm",), predict=None, leaf=True, raw=False, trees="",
        features=None, start=0, end=0, every=None, file=""):
    """Saves a trained model (as file, if that is another case's) and what it says of rows (a file's stem and its frame)."""
    stem, frame = rows
    name = ("old_" if OLD else "") + name
    steady(model)
    x = frame[columns] if features is None else frame[columns].to_numpy()
    good = frame[list(texts)].notna().all(axis=1).to_numpy() if len(texts) else np.ones(len(frame), bool)
    refused = np.flatnonzero(~good)
    for i in refused[:5]:  # CatBoost itself refuses these
        try:
            model.predict(x.iloc[[i]])
        except Exception:
            continue
        raise AssertionError(f"{name}: row {i} is not refused")

    def spread(values, kind):
        values = np.asarray(values)
        out = np.zeros((len(frame),) + values.shape[1:], kind)
        out[good] = values
        return out

    part = x if len(refused) == 0 else x[good]
    span = {"ntree_start": start, "ntree_end": end}
    margin = spread(model.predict(part, prediction_type="RawFormulaVal", **span), "<f8")
    for kind in formats:
        case = name if len(formats) == 1 else f"{name}_{kind}"
        path = OUT / f"{file or name}.{kind}"
        model.save_model(str(path), format=kind)
        loaded = CatBoost().load_model(str(path), format=kind)
        if kind == "cbm":
            again = spread(loaded.predict(part, prediction_type="RawFormulaVal", **span), "<f8")
            assert again.tobytes() == margin.tobytes(), name
        entry = {"name": case, "about": about, "library": f"catboost {catboost.__version__}", "model": path.name,
                 "rows": f"{stem}.csv", "text": every if every is not None else TEXTS}
        if not entry["text"]:
            del entry["text"]
        if features is not None:
            entry["features"] = features
        if trees:
            entry["trees"] = trees
        if raw:
            entry["raw"] = True
        # The JSON has the trained model's numbers, but CatBoost reads some of them wrongly in the last bit: what the
        # trained model says is right for both files.
        entry["margin"] = pack(f"{name}.margin.gz", margin, "<f8")
        if predict is not None:
            entry["prediction"] = pack(f"{name}.prediction.gz", spread(predict(model, part, span), "<f8"), "<f8")
        if leaf:
            # A file's own order of leaves: that of non-symmetric trees in JSON is another.
            entry["leaf"] = pack(f"{name}.{kind}.leaf.gz", spread(loaded.calc_leaf_indexes(part, **span), "<i4"), "<i4")
        if not file or trees:
            def ask(f):
                f = f.reindex(columns=columns)
                return model.predict(f if features is None else f.to_numpy(), prediction_type="RawFormulaVal", **span)

            entry["boundary"] = edges.of(OUT / f"{case}.digest", path, OUT / entry["rows"], ask, text=entry.get("text", ()), features=features, trees=trees)
        if len(refused):
            entry["refused"] = [int(i) for i in refused]
        cases.append(entry)


def probability(model, x, span):
    return model.predict_proba(x, **span)[:, 1]


def probabilities(model, x, span):
    return model.predict_proba(x, **span)


def default(model, x, span):
    return model.predict(x, **span)


def main():
    OUT.mkdir(exist_ok=True)
    t = table()
    y, delay = t["late"].astype(int), t["arr_delay"].astype(float)
    bucket = np.digitize(delay, [-10, 15, 60])
    lost = delay.clip(lower=0)
    held = t.iloc[np.linspace(0, len(t) - 1, ROWS).astype(int)][NUMBERS + TEXTS].reset_index(drop=True)
    rows = ("rows", held)
    write_rows(OUT / "rows.csv", held, TEXTS)
    both = ("cbm", "json")

    def make(kind, columns, target, texts=(), rows_of=t, **params):
        x = rows_of[columns]
        keep = x[list(texts)].notna().all(axis=1) if len(texts) else np.ones(len(x), bool)
        return kind(**{**BASE, **params}).fit(x[keep], np.asarray(target)[keep], cat_features=list(texts) or None)

    binary = make(CatBoostClassifier, NUMBERS, y, iterations=40, depth=5)
    add("binary", "late arrivals from numbers, gaps below all borders", binary, rows, NUMBERS, formats=both, predict=probability)
    highs = make(CatBoostClassifier, NUMBERS, y, nan_mode="Max")
    add("nan_max", "gaps above all borders", highs, rows, NUMBERS, formats=both, predict=probability)
    some = ["carrier", "origin", "month", "dow"]
    onehot = make(CatBoostClassifier, FEW + some, y, some, one_hot_max_size=255, iterations=30)
    add("onehot", "numbers, and categories one against the others", onehot, rows, FEW + some, some, formats=both, predict=probability)
    gaps = ["carrier", "engine", "dest"]
    add("onehot_gaps", "a category that is missing in some rows", make(CatBoostRegressor, FEW + gaps, delay, gaps, one_hot_max_size=255, iterations=30),
        rows, FEW + gaps, gaps, formats=both, predict=default)
    classes = make(CatBoostClassifier, FEW, bucket, loss_function="MultiClass")
    add("multiclass", "four kinds of arrival", classes, rows, FEW, formats=both, predict=probabilities)
    add("lossguide", "non-symmetric trees, best leaf first", make(CatBoostRegressor, NUMBERS, delay, grow_policy="Lossguide", max_leaves=24, depth=16, iterations=6),
        rows, NUMBERS, formats=both, predict=default)
    add("depthwise_onehot", "non-symmetric trees with categories", make(CatBoostClassifier, FEW + some, y, some, grow_policy="Depthwise", depth=5, one_hot_max_size=255, iterations=10),
        rows, FEW + some, some, formats=both, predict=probability)
    add("depthwise_multiclass", "non-symmetric trees, vector leaves", make(CatBoostClassifier, FEW, bucket, loss_function="MultiClass", grow_policy="Depthwise", iterations=10),
        rows, FEW, formats=both, predict=probabilities)
    add("poisson", "minutes lost", make(CatBoostRegressor, FEW, lost, loss_function="Poisson"), rows, FEW, predict=default)
    if OLD:
        return finish()

    edge = ("boundary", boundary(binary, held, NUMBERS))
    write_rows(OUT / "boundary.csv", edge[1], TEXTS)
    add("binary_boundary", "on and beside borders, odd numbers", binary, edge, NUMBERS, formats=both, predict=probability, leaf=False, file="binary")
    high = ("boundary_max", boundary(highs, held, NUMBERS, most=8))
    write_rows(OUT / "boundary_max.csv", high[1], TEXTS)
    add("nan_max_boundary", "the same for gaps above all borders", highs, high, NUMBERS, formats=both, predict=probability, leaf=False, file="nan_max")
    odd = pd.DataFrame([held.iloc[i % 40] for i in range(60)], columns=held.columns).reset_index(drop=True)
    strange = ["ZZ", "-1", "1.5", "01", " 1", "1.00", "nan", "NaN", "None", "16777216", "16777217", "-2147483648", "9223372036854775807",
               "x" * 40, "x" * 80, "é", "日本", "a,b", "UA ", "ua"]
    for i in range(60):
        odd.loc[i, some[i % 4]] = strange[i // 3]
    write_rows(OUT / "categories.csv", odd, TEXTS)
    add("onehot_strange", "categories that were never seen, and such that look like others", onehot, ("categories", odd), FEW + some, some, formats=both, predict=probability, file="onehot")

    for loss, target in [
        ("MAE", delay), ("MAPE", delay), ("Quantile:alpha=0.9", delay),
        ("Huber:delta=20", delay), ("LogCosh", delay), ("Lq:q=3", delay),
        ("Expectile:alpha=0.3", delay), ("LogLinQuantile:alpha=0.5", lost + 1),
        ("Tweedie:variance_power=1.3", lost), ("MultiQuantile:alpha=0.1,0.5,0.9", delay),
        ("MultiRMSE", np.c_[delay, lost]), ("RMSEWithUncertainty", delay),
        ("Cox", np.where(y == 1, lost + 1, -(lost + 1))),
        ("SurvivalAft:dist=Normal", np.c_[lost + 1, np.where(y == 1, -1, lost + 2)]),
    ]:
        name = loss.split(":")[0].lower()
        add(name, loss, make(CatBoostRegressor, FEW, target, loss_function=loss), rows, FEW, predict=default)
    add("multiclass_ova", "each kind of arrival against the others", make(CatBoostClassifier, FEW, bucket, loss_function="MultiClassOneVsAll"),
        rows, FEW, formats=both, predict=probabilities)
    words = np.array(["early", "on time", "late", "very late"])[bucket]
    add("labels", "classes with names", make(CatBoostClassifier, FEW, words, loss_function="MultiClass"), rows, FEW, predict=probabilities)
    add("multilabel", "two labels at once", make(CatBoostClassifier, FEW, np.c_[y, (delay > 60).astype(int)], loss_function="MultiLogloss"),
        rows, FEW, predict=probabilities)
    add("cross_entropy", "a probability", make(CatBoostClassifier, FEW, ((delay + 60) / 180).clip(0, 1), loss_function="CrossEntropy"), rows, FEW, predict=probability)
    threshold = make(CatBoostClassifier, FEW, y)
    threshold.set_probability_threshold(0.3)
    add("threshold", "a probability threshold of its own", threshold, rows, FEW, predict=probability)
    group = (t["month"].astype(int) * 40 + t["day"].astype(int)).to_numpy()
    order = np.argsort(group, kind="stable")
    for loss in ["YetiRank", "PairLogit", "QueryRMSE", "QuerySoftMax"]:
        pool = Pool(t[FEW].iloc[order], bucket[order], group_id=group[order])
        add(loss.lower(), loss, CatBoost({**BASE, "loss_function": loss}).fit(pool), rows, FEW, predict=default)

    scaled = make(CatBoostRegressor, FEW, delay)
    scaled.set_scale_and_bias(0.3, 1.7)
    add("scaled", "a scale and a bias", scaled, rows, FEW, formats=both, predict=default)
    add("scaled_range", "rounds 3 to 8 of it: without the bias", scaled, rows, FEW, predict=default, file="scaled", trees="3:9", start=3, end=9)
    add("scaled_first", "rounds 0 to 4 of it", scaled, rows, FEW, predict=default, file="scaled", trees="0:5", start=0, end=5)
    many = make(CatBoostClassifier, FEW, bucket, loss_function="MultiClass")
    many.set_scale_and_bias(1.5, [0.1, 0.2, 0.3, -0.7])
    add("scaled_multiclass", "a scale and a bias for each class", many, rows, FEW, formats=both, predict=probabilities)

    wide = make(CatBoostRegressor, NUMBERS, lost, loss_function="Poisson", iterations=30)
    wide.set_scale_and_bias(101.3, -203.7)
    add("poisson_wide", "exponents from about -300 to 300", wide, rows, NUMBERS, predict=default)
    for k in (3, 6):
        edges = np.quantile(delay, np.arange(1, k) / k)
        wide = make(CatBoostClassifier, FEW, np.digitize(delay, edges), loss_function="MultiClass")
        add(f"multiclass_{k}", f"{k} classes", wide, rows, FEW, predict=probabilities)
        wide.set_scale_and_bias(1000.5, [0.0] * k)
        add(f"multiclass_{k}_wide", f"{k} classes, probabilities down to 0", wide, rows, FEW, predict=probabilities)

    add("one_leaf", "no split at all", make(CatBoostRegressor, FEW, delay, grow_policy="Depthwise", min_data_in_leaf=10**6, iterations=5),
        rows, FEW, formats=both, predict=default)
    add("one_tree", "one tree", make(CatBoostClassifier, FEW, y, iterations=1), rows, FEW, formats=both, predict=probability)
    add("one_feature", "one feature", make(CatBoostClassifier, ["hour"], y), rows, ["hour"], formats=both, predict=probability)
    unnamed = CatBoostClassifier(**BASE).fit(t[FEW].to_numpy(), y)
    write_rows(OUT / "few.csv", held[FEW], [])
    add("unnamed", "trained on a bare matrix", unnamed, ("few", held[FEW]), FEW, formats=both, predict=probability, features=FEW, every=[])
    add("ignored", "features that were ignored", make(CatBoostClassifier, FEW, y, ignored_features=[1, 4]), rows, FEW, predict=probability)
    dropped = make(CatBoostClassifier, FEW, y, ignored_features=[0, 2])
    dropped.drop_unused_features()
    add("dropped", "features that the file does not list", dropped, rows, FEW, formats=both, predict=probability)
    add("deep", "oblivious trees of depth 11 (CatBoost's limit is 16: 65,536 leaves)", make(CatBoostRegressor, NUMBERS, delay, depth=11, iterations=2), rows, NUMBERS, predict=default)
    add("chain", "the best leaf first: up to 13 splits deep", make(CatBoostRegressor, ["hour", "temp"], delay, grow_policy="Lossguide", depth=32, max_leaves=32,
        min_data_in_leaf=1, iterations=3, l2_leaf_reg=0), rows, ["hour", "temp"], formats=both, predict=default)
    # Each distance has three times the value of the next smaller one: the best split always takes the largest away.
    steep = 3.0 ** t["distance"].rank(method="dense").clip(upper=60)
    add("lossguide_deep", "trees that are 38 splits deep: only Lossguide grows such", make(CatBoostRegressor, ["distance", "hour"], steep, grow_policy="Lossguide",
        depth=60, max_leaves=60, min_data_in_leaf=1, iterations=2, l2_leaf_reg=0, border_count=1000, boost_from_average=False, random_strength=0,
        bootstrap_type="No"), rows, ["distance", "hour"], formats=both, predict=default)
    add("many_trees", "5,000 trees", make(CatBoostRegressor, FEW, delay, depth=2, iterations=5000, learning_rate=0.01, metric_period=5000), rows, FEW, predict=default, leaf=False)
    add("many_borders", "65,535 borders a feature at most", make(CatBoostRegressor, NUMBERS, delay, border_count=65535, iterations=150, depth=5), rows, NUMBERS, predict=default, leaf=False)
    add("ordered", "ordered boosting", make(CatBoostClassifier, FEW, y, boosting_type="Ordered"), rows, FEW, predict=probability)
    more = steady(make(CatBoostClassifier, NUMBERS, (delay > 0).astype(int), iterations=10))
    add("summed", "a sum of two models", catboost.sum_models([binary, more], [0.7, 0.2]), rows, NUMBERS, formats=both)

    class Square:
        def calc_ders_range(self, approxes, targets, weights):
            return [(targets[i] - approxes[i], -1.0) for i in range(len(targets))]
    custom = CatBoost({**BASE, "loss_function": Square(), "eval_metric": "RMSE", "iterations": 5}).fit(t[FEW], delay)
    add("custom", "an objective written in Python: margins only", custom, rows, FEW, raw=True)
    write_hashes()
    write_refused(t, y)
    finish()


def write_hashes():
    """CatBoost's own hashes of texts of all lengths."""
    texts = ["", "é", "日本語テキスト", "0", "-1", "16777217"] + [("abcdefghij" * 30)[:n] for n in range(1, 260)] + ["\x00\xff\x80" * n for n in range(1, 30)]
    pool = Pool(pd.DataFrame({"a": texts, "b": np.arange(len(texts)) % 7}), np.arange(len(texts)) % 2, cat_features=["a"])
    model = CatBoostClassifier(**{**BASE, "iterations": 1}).fit(pool)
    path = OUT / "hashes.json"
    model.save_model(str(path), format="json", pool=pool)
    known = json.loads(path.read_text())["features_info"]["cat_features_hash"]
    assert len(known) == len(set(texts))
    path.write_text(json.dumps(sorted(known, key=lambda e: (len(e["value"]), e["value"])), indent=0) + "\n")


def write_refused(t, y):
    """Models that are refused: each for what its name says."""
    folder = OUT / "refused"
    folder.mkdir(exist_ok=True)

    def save(model, name, kind="cbm"):
        steady(model).save_model(str(folder / f"{name}.{kind}"), format=kind)
    x = t[["hour", "carrier", "dest"]].copy()
    params = {**BASE, "iterations": 5, "depth": 3}
    statistics = CatBoostClassifier(**params).fit(x, y, cat_features=["carrier", "dest"])
    save(statistics, "statistics")
    save(statistics, "statistics", "json")
    x["text"] = x["carrier"] + " flies to " + x["dest"]
    save(CatBoostClassifier(**params).fit(x[["hour", "text"]], y, text_features=["text"]), "text")
    x["embedding"] = [list(v) for v in t[["temp", "humid"]].fillna(0).to_numpy()]
    save(CatBoostClassifier(**params).fit(x[["hour", "embedding"]], y, embedding_features=["embedding"]), "embedding")
    save(CatBoostClassifier(**params, loss_function="MultiClass", class_names=[0, 1, 2]).fit(x[["hour"]], y), "absent_class")


def finish():
    path = OUT / "cases.json"
    old = json.loads(path.read_text()) if path.exists() else []
    kept = [c for c in old if c["name"].startswith("old_") != OLD]
    every = cases + kept if not OLD else kept + cases
    path.write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in every) + "\n]\n", encoding="utf-8")


main()
