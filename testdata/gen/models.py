"""What both generators share: features, training, goldens, boundary rows and the index of models."""

import json
from dataclasses import dataclass, field
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

import boundary as edges
import data
import golden

# Same bits on every run of the same machine: one thread, one order, fixed seeds.
BASE = {
    "seed": 7, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1,
    "num_leaves": 15, "learning_rate": 0.1,
}


@dataclass(frozen=True)
class Feature:
    """One input of a model and the column of rows.* that feeds it.

    kind: number    the column as float64
          category  a pandas category: LightGBM sees its place in the stored list of levels
          ordered   an ordered pandas category: its place in the list too, but split like a number
          code      a categorical feature without a list: the column itself is the code
    """

    name: str
    column: str
    kind: str = "number"


def numbers(*columns):
    return [Feature(column, column) for column in columns]


def categories(*columns, kind="category"):
    return [Feature(column, column, kind) for column in columns]


@dataclass(frozen=True)
class Model:
    name: str
    about: str
    features: list
    target: Any  # function of the table: labels
    params: dict = field(default_factory=dict)
    rounds: int = 30
    rows: int = 40000  # training rows, sampled; 0 for all of them
    numpy: bool = False  # train on a bare matrix: LightGBM makes up the names
    group: tuple = ()  # columns that make a query, for ranking
    stop: int = 0  # early stopping rounds
    start: str = ""  # a model to continue from
    leaf_rows: int = data.ROWS
    boundary: bool = False
    refused: bool = False  # by glulam


def levels(column):
    """The levels of a column, sorted; `size` has its own order."""
    values = column[column.notna()].unique().tolist()
    return [s for s in data.SIZES if s in values] if column.name == "size" else sorted(values)


def frame(table, features):
    """The model's input as a pandas user holds it. Levels are those of the table itself:
    lining them up with the training levels is LightGBM's job."""
    out = {}
    for f in features:
        column = table[f.column]
        if f.kind in ("category", "ordered"):
            if f.column in ("month", "day", "flight"):
                column = column.astype("int64")  # no gaps: whole numbers, as pandas reads them
            column = pd.Categorical(column, levels(column), ordered=f.kind == "ordered")
        else:
            column = column.to_numpy("float64")
        out[f.name] = column
    return pd.DataFrame(out)


def matrix(table, features, lists):
    """The same input as LightGBM sees it: float64, categories replaced by their place in the list."""
    lists = iter(lists or [])
    out = np.empty((len(table), len(features)))
    for i, f in enumerate(features):
        if f.kind in ("category", "ordered"):
            place = {level: j for j, level in enumerate(next(lists))}
            out[:, i] = [place.get(value, np.nan) for value in table[f.column].tolist()]
        else:
            out[:, i] = table[f.column].to_numpy("float64")
    assert next(lists, None) is None
    return out


def train(model, table):
    """Train and return what a user's `save_model` would write, as a path."""
    path = data.OUT / f"{model.name}.txt"
    rows = data.training(table)
    if model.group:
        rows = rows.sort_values(list(model.group) + ["id"])
        first = rows["day"] <= 7
        rows = rows[first]
    elif model.rows:
        keep = np.random.Generator(np.random.PCG64(data.SEED)).choice(len(rows), model.rows, replace=False)
        rows = rows.iloc[np.sort(keep)]

    x, extra = frame(rows, model.features), {}
    if any(f.kind == "code" for f in model.features):
        extra["categorical_feature"] = [i for i, f in enumerate(model.features) if f.kind in ("category", "code")]
    if model.numpy:
        x = x.to_numpy("float64")
    if model.group:
        key = rows[list(model.group)].apply(tuple, axis=1)
        extra["group"] = [len(g) for _, g in key.groupby(key, sort=False)]

    params = {**BASE, **model.params}
    y = model.target(rows).to_numpy("float64")
    keep = {}
    if model.stop:
        half = len(x) // 2
        whole = lgb.Dataset(x.iloc[:half], y[:half], params=params, **extra)
        keep["valid_sets"] = [whole.create_valid(x.iloc[half:], y[half:])]
        keep["callbacks"] = [lgb.early_stopping(model.stop, verbose=False)]
    else:
        whole = lgb.Dataset(x, y, params=params, **extra)
    if model.start:
        keep["init_model"] = str(data.OUT / f"{model.start}.txt")
    booster = lgb.train(params, whole, model.rounds, **keep)
    if model.stop:
        assert 0 < booster.best_iteration < model.rounds - model.stop
    booster.save_model(str(path))
    return path


def parse_trees(text):
    """The trees of a model file as dictionaries of text, one per `Tree=` block."""
    body = text.split("\nend of trees", 1)[0]
    return [
        dict(line.split("=", 1) for line in block.splitlines()[1:] if "=" in line)
        for block in ("\n" + body).split("\nTree=")[1:]
    ]


def array(tree, key, kind):
    return np.array([kind(v) for v in tree.get(key, "").split()], kind)


def leaf_values(tree, leaf, x):
    """What one tree adds to each row, given the leaf that the row falls into."""
    out = array(tree, "leaf_value", float)[leaf]
    if tree.get("is_linear") != "1":
        return out
    counts = array(tree, "num_features", int)
    ends = np.cumsum(counts)
    features, weights = array(tree, "leaf_features", int), array(tree, "leaf_coeff", float)
    constants = array(tree, "leaf_const", float)
    x = np.where(np.abs(x) <= TINY, 0.0, x)
    for at, end in enumerate(ends):
        used = slice(end - counts[at], end)
        for row in np.flatnonzero(leaf == at):
            values = x[row, features[used]]
            if not np.isnan(values).any():  # a gap: the plain leaf value stands in
                out[row] = constants[at]
                for weight, value in zip(weights[used], values):
                    out[row] += weight * value
    return out


def sums(trees, leaves, outputs, x):
    """Margins by hand: leaves added up in file order."""
    total = np.zeros((len(leaves), outputs))
    for i, tree in enumerate(trees):
        total[:, i % outputs] += leaf_values(tree, leaves[:, i], x)
    return total


def same(a, b):
    return a.astype("<f8").tobytes() == b.astype("<f8").tobytes()


def ask(booster, x, outputs):
    """Margins, predictions and leaves that LightGBM gives for x."""
    n = len(x)
    margins = booster.predict(x, raw_score=True, num_threads=1).reshape(n, outputs)
    predictions = booster.predict(x, num_threads=1).reshape(n, outputs)
    leaves = booster.predict(x, pred_leaf=True, num_threads=1).reshape(n, -1).astype("int64")
    return margins, predictions, leaves


def finish(model, rows, path):
    """Load the file back, write its goldens, and describe it for the index."""
    booster = lgb.Booster(model_file=str(path))
    lists = booster.pandas_categorical
    text = path.read_text(encoding="utf-8")
    trees = parse_trees(text)
    outputs = booster.num_model_per_iteration()
    assert len(trees) == booster.num_trees()

    codes = matrix(rows, model.features, lists)
    x = frame(rows, model.features) if lists else codes
    margins, predictions, leaves = ask(booster, x, outputs)

    # Codes fed as numbers give the same bits as texts fed through pandas.
    booster.pandas_categorical = None
    assert all(same(a, b) for a, b in zip(ask(booster, codes, outputs), (margins, predictions, leaves)))

    # The margins are the plain sum of the leaves in file order, or is it their average?
    header, parameters = text.split("\nTree=", 1)[0], text.rpartition("\nparameters:")[2]
    averaged = "\naverage_output\n" in header
    total = sums(trees, leaves, outputs, codes)
    how = "sum"
    if not same(total, margins):
        how = "average"
        assert averaged and same(total / (len(trees) // outputs), margins), model.name

    golden.write(path.with_suffix(".golden.gz"), margins, predictions, leaves[:model.leaf_rows], len(trees))
    _, got, gotp, gotl = golden.read(path.with_suffix(".golden.gz"))
    assert same(got, margins) and same(gotp, predictions) and (gotl == leaves[:model.leaf_rows]).all()

    head = dict(line.split("=", 1) for line in header.splitlines() if "=" in line)
    listed = iter(lists or [])
    inputs = []
    for f, name in zip(model.features, booster.feature_name()):
        entry = {"name": name, "column": f.column, "kind": f.kind}
        if f.kind in ("category", "ordered"):
            entry["categories"] = len(next(listed))
        inputs.append(entry)
    entry = {
        "name": model.name,
        "about": model.about,
        "file": path.name,
        "golden": f"{model.name}.golden.gz",
        "lightgbm": lgb.__version__,
        "version": head["version"],
        "objective": head.get("objective", ""),
        "outputs": outputs,
        "trees": len(trees),
        "average_output": averaged,
        "raw_score": how,
        "linear": any(tree.get("is_linear") == "1" for tree in trees),
        "predictions_are_margins": same(margins, predictions),
        "leaf_rows": min(model.leaf_rows, len(rows)),
        "num_features": len(inputs),
        "features": inputs,
    }
    if model.boundary:
        entry["boundary"] = f"{model.name}.boundary.gz"
        x = boundary(model, trees, codes, leaves, lists)
        answers = ask(booster, x, outputs)
        golden.write(data.OUT / entry["boundary"], *answers, len(trees), x)
    if not model.refused:
        head, x = edges.matrix(path, codes)
        answers = booster.predict(x, raw_score=True, num_threads=1)
        entry["digest"] = edges.write(data.OUT / f"{model.name}.digest", head, answers)["file"]
    assert "/" not in parameters, "a path in the parameters"
    return entry


TINY = float(np.float32(1e-35))  # what LightGBM calls zero
SPECIAL = [
    np.nan, 0.0, -0.0, np.inf, -np.inf, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-36, -1e-36,
    1e-35, -1e-35, TINY, -TINY, np.nextafter(TINY, 1), -np.nextafter(TINY, 1), 1e-34, -1e-34,
    1.7976931348623157e308, -1.7976931348623157e308, -1.0, 1.0,
]
SPECIAL_CODES = [
    np.nan, 0.0, -0.0, np.inf, -np.inf, 5e-324, -1e-36, -0.5, -0.9999999999999999, -1.0, -1.5, -2.0,
    0.5, 0.9999999999999999, 1.5, 2147483646.0, 2147483647.0, 2147483647.5, 2147483648.0,
    2147483649.0, 4294967296.0, 4294967297.0, 4294967298.0, -2147483648.0, -2147483649.0,
    -4294967295.0, 9223372036854775808.0, 18446744073709551617.0, 1e300, -1e300,
]
CAP = 3500


def under(tree, node):
    """The leaves below a node."""
    if node < 0:
        return [~node]
    return under(tree, tree["left"][node]) + under(tree, tree["right"][node])


def boundary(model, trees, codes, leaves, lists):
    """Hostile rows: a real row that reaches a split, with that split's feature set to a value at,
    just below or just above the threshold, or to one of the values that are easy to get wrong."""
    rng = np.random.Generator(np.random.PCG64(data.SEED))
    nodes = [[] for _ in model.features]  # per feature: (rows that get there, threshold or None)
    for t, raw in enumerate(trees):
        tree = {"left": array(raw, "left_child", int), "right": array(raw, "right_child", int)}
        split, kind = array(raw, "split_feature", int), array(raw, "decision_type", int)
        threshold = array(raw, "threshold", float)
        for node in range(len(split)):
            reach = np.flatnonzero(np.isin(leaves[:, t], under(tree, node)))
            value = None if kind[node] & 1 else threshold[node]
            nodes[split[node]].append((reach, value))

    out = []

    def add(feature, reach, value):
        row = codes[rng.choice(reach) if len(reach) else rng.integers(len(codes))].copy()
        row[feature] = value
        out.append(row)

    anywhere = np.arange(len(codes))
    for i, f in enumerate(model.features):
        splits = nodes[i] or [(anywhere, None)]
        if f.kind in ("category", "code"):
            top = int(np.nanmax(codes[:, i]))
            known = list(range(top + 4)) if top < 64 else rng.integers(0, top + 4, 64).tolist()
            special = SPECIAL_CODES + [float(v) for v in known] + [top + 0.5, top + 1000.0]
        else:
            special = SPECIAL
        for value in special:
            add(i, splits[rng.integers(len(splits))][0], value)

    # One node per distinct threshold, in random order, until the cap.
    points = {}
    for i, splits in enumerate(nodes):
        for reach, value in splits:
            if value is not None and (i, value) not in points:
                points[i, value] = reach
    points = [(i, value, reach) for (i, value), reach in points.items()]
    used = 0
    for j in rng.permutation(len(points)):
        i, value, reach = points[j]
        if len(out) + 3 > CAP:
            break
        row = rng.choice(reach, 1) if len(reach) else anywhere[:1]
        for v in (np.nextafter(value, -np.inf), value, np.nextafter(value, np.inf)):
            add(i, row, v)
        used += 1
    print(f"  boundary: {len(out)} rows, {used} of {len(points)} thresholds")
    return np.array(out)


def write_index(path, entries):
    index = {"rows": data.ROWS, "models": entries}
    path.write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
