"""Writes a fitted scikit-learn model as JSON that glulam scores without Python. It needs nothing but scikit-learn.

    python export.py model.pkl > model.json         a file of pickle or joblib (one that you trust: reading it runs it)

    from export import export
    export(model, "model.json")

A model is a tree estimator, or a Pipeline that ends in one. What glulam could not compute exactly is refused here, with
the reason. Nothing is sent anywhere. `glulam export-sklearn` prints this file.
"""

import copy
import json
import math
import sys
import warnings

import numpy as np
import sklearn

VERSION = 1  # of the document; see model/sklearn/doc.go

TREES = {
    "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor",
}
FORESTS = {
    "RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
}
GRADIENT = {"GradientBoostingClassifier", "GradientBoostingRegressor"}
HIST = {"HistGradientBoostingClassifier", "HistGradientBoostingRegressor"}
ESTIMATORS = TREES | FORESTS | GRADIENT | HIST | {"IsolationForest"}

MISSING = object()  # a text that is not there
UNSEEN = "\0 a text that nobody has seen"


class Refused(Exception):
    """The model does something that glulam does not compute, and what."""


def export(model, file):
    """Writes a fitted model to a file: a path, or something that can be written text to. Raises Refused if it cannot."""
    document = Document(model)
    if hasattr(file, "write"):
        document.write(file)
        return
    with open(file, "w", encoding="utf-8", newline="\n") as out:
        document.write(out)


def kind(thing):
    """The name of the class, if it is scikit-learn's own: a subclass may do anything."""
    cls = type(thing)
    if cls.__module__.split(".")[0] != "sklearn":
        return f"{cls.__module__}.{cls.__qualname__}"
    return cls.__name__


def missing(value):
    """Whether a value is None, NaN or pandas' NA: in a text column they are one."""
    return value is None or type(value).__name__ == "NAType" or isinstance(value, (float, np.floating)) and value != value


# ---- The steps before the trees. -------------------------------------------------------------------------------------


class Column:
    """A column on its way: of numbers (`at` is its number in the graph), or of texts (`source` is the input that they
    come from, and `says` what has become of a text since). What comes in is either, until something looks at it."""

    def __init__(self, at=None, source=None, says=None):
        self.at, self.source, self.says = at, source, says or (lambda text: text)


class Graph:
    """Inputs, and steps that make new columns of older ones: the vocabulary of glulam's package model/prep."""

    def __init__(self, names, count):
        self.names = names
        self.texts = [None] * count  # of each input: its texts, as a dict for their order
        self.numeric = [False] * count
        self.steps = []
        self.sparse = False  # what the last transformer gives is a sparse matrix

    def inputs(self):
        return [Column(source=i) for i in range(len(self.texts))]

    def label(self, source):
        return repr(self.names[source]) if self.names else f"number {source}"

    def step(self, op, at, **more):
        self.steps.append({"op": op, "from": at, **more})
        return len(self.texts) + len(self.steps) - 1

    def number(self, column):
        """The place of a column of numbers."""
        if column.at is None:
            if self.texts[column.source] is not None:
                raise Refused(f"column {self.label(column.source)} is used both as text and as numbers")
            self.numeric[column.source] = True
            column = Column(at=column.source)
        return column.at

    def text(self, column, texts):
        """Makes a column one of texts, some of which are these."""
        if column.at is not None or self.numeric[column.source]:
            raise Refused("a column of numbers is used as text" if column.at is not None else
                          f"column {self.label(column.source)} is used both as numbers and as text")
        known = self.texts[column.source]
        if known is None:
            known = self.texts[column.source] = {}
        known.update(dict.fromkeys(texts))

    def lookup(self, column, table, unknown, absent, refuse, infinite):
        """A column of table[value]. unknown and absent are for other values and for missing ones; None: such a row is
        refused. infinite tells whether an infinite number is refused though other unknown ones are not."""
        keys = [key for key in table]
        if all(isinstance(key, str) for key in keys) and (keys or column.at is None):
            self.text(column, keys)
            at = column.source

            def value(text):
                text = column.says(text)
                return absent if text is MISSING else table.get(text, unknown)

            step = {"encode": value}
            may_lack = value(MISSING) is None
            may_refuse = True  # some text may; finish looks which
        else:
            at = self.number(column)
            pairs = sorted((float(key), value) for key, value in table.items())
            step = {"keys": [key for key, _ in pairs], "table": [value for _, value in pairs],
                    "a": math.nan if absent is None else absent, "b": math.nan if unknown is None else unknown}
            may_lack, may_refuse = absent is None, unknown is None
            if infinite and not may_refuse:
                at = self.step("refuse_inf", at, refuse="an infinite number")
        if may_lack:
            at = self.step("refuse_nan", at, refuse="a missing value" + refuse)
        if may_refuse:
            step["refuse"] = "not one of the categories" + refuse
        return self.step("lookup", at, **step)

    def finish(self):
        """Fills in the tables of texts, all of which are known now."""
        for step in self.steps:
            value = step.pop("encode", None)
            if value is None:
                continue
            source = step["from"]
            while source >= len(self.texts):
                source = self.steps[source - len(self.texts)]["from"]
            values = [value(text) for text in self.texts[source]]
            other, absent = value(UNSEEN), value(MISSING)
            step["table"] = [math.nan if v is None else v for v in values]
            step["a"], step["b"] = (math.nan if v is None else v for v in (absent, other))
            if None not in values and other is not None:
                del step["refuse"]


def raises(call, *args):
    """Whether the library raises a ValueError: asked, rather than known."""
    try:
        with quiet():
            call(*args)
    except ValueError:
        return True
    return False


class quiet(warnings.catch_warnings):
    """No warnings about feature names and overflows in here."""

    def __enter__(self):
        super().__enter__()
        warnings.simplefilter("ignore")


def minds(call, row, i, value):
    """Whether `call` raises on a value in column i of a row that it takes otherwise."""
    odd = row.copy()
    odd[0, i] = value
    return raises(call, odd)


def checked(graph, at, call, row, i, why):
    """Refuses what `call` raises on in column i of a row."""
    if raises(call, row):
        raise Refused(f"{why} raises an error for an ordinary row")
    for value, op, text in ((math.nan, "refuse_nan", "a missing value"), (math.inf, "refuse_inf", "an infinite number")):
        if minds(call, row, i, value):
            at = graph.step(op, at, refuse=text + f", which {why} does not take")
    return at


def checked_text(graph, column, call, row, i, why):
    """The same for a column of texts, in which a value may be missing."""
    if raises(call, row):
        raise Refused(f"{why} raises an error for an ordinary row")
    if column.says(MISSING) is MISSING and minds(call, row, i, math.nan):
        graph.step("refuse_nan", column.source, refuse=f"a missing value, which {why} does not take")


def transform(graph, transformer, columns):
    """The columns that a fitted transformer makes of these."""
    name = transformer if isinstance(transformer, str) else kind(transformer)
    if transformer is None or name == "passthrough":
        return columns
    if name == "drop":
        return []
    if graph.sparse and name != "Pipeline":
        raise Refused(f"{name} behind a transformer that gives a sparse matrix, which it treats differently: "
                      "set sparse_output=False, or sparse_threshold=0")
    if name not in TRANSFORMERS:
        raise Refused(f"the transformer {name} is not among those that glulam knows: " + ", ".join(sorted(TRANSFORMERS)))
    width = getattr(transformer, "n_features_in_", len(columns))
    if width != len(columns):
        raise Refused(f"{name} takes {width} columns and gets {len(columns)}")
    return TRANSFORMERS[name](graph, transformer, columns)


def pipeline(graph, transformer, columns):
    for _, step in transformer.steps:
        columns = transform(graph, step, columns)
    return columns


def column_transformer(graph, transformer, columns):
    if transformer.transformer_weights:
        raise Refused("ColumnTransformer with transformer_weights")
    out = []
    for name, step, _ in transformer.transformers_:
        picked = [columns[i] for i in np.atleast_1d(transformer._transformer_to_input_indices[name])]
        if picked:
            out += transform(graph, step, picked)
            graph.sparse = False
    graph.sparse = bool(transformer.sparse_output_)
    return out


def function(graph, transformer, columns):
    inner = getattr(transformer.func, "func", None)  # HistGradientBoosting wraps a check that lets everything pass
    harmless = getattr(inner, "__name__", "") == "check_array" and not transformer.func.keywords.get("ensure_all_finite", True)
    harmless = harmless or getattr(inner, "__name__", "") == "check_array" and transformer.func.keywords.get("force_all_finite") is False
    if transformer.func is not None and not harmless:
        raise Refused("FunctionTransformer: what its function does is not known outside Python")
    if not transformer.validate:
        return columns
    row = np.zeros((1, len(columns)))
    return [Column(at=checked(graph, graph.number(c), transformer.transform, row, i, "FunctionTransformer")) for i, c in enumerate(columns)]


def scaler(steps):
    """A transformer that does the same operation to each column; steps gives it: pairs of an operation and an array."""

    def apply(graph, transformer, columns):
        out = []
        operations = [(op, values) for op, values in steps(transformer) if values is not None]
        row = np.zeros((1, len(columns)))
        for i, column in enumerate(columns):
            at = checked(graph, graph.number(column), transformer.transform, row, i, kind(transformer))
            for op, values in operations:
                at = graph.step(op, at, a=float(np.asarray(values, dtype=np.float64)[i]))
            out.append(Column(at=at))
        return out

    return apply


def standard(t):
    return ("subtract", t.mean_ if t.with_mean else None), ("divide", t.scale_ if t.with_std else None)


def min_max(t):
    if t.clip:
        raise Refused("MinMaxScaler with clip=True")
    return ("multiply", t.scale_), ("add", t.min_)


def max_abs(t):
    if getattr(t, "clip", False):
        raise Refused("MaxAbsScaler with clip=True")
    return (("divide", t.scale_),)


def robust(t):
    return ("subtract", t.center_ if t.with_centering else None), ("divide", t.scale_ if t.with_scaling else None)


def imputer(graph, transformer, columns):
    statistics = transformer.statistics_
    absent = transformer.missing_values
    width = len(columns)
    keep = [i for i in range(width) if transformer.keep_empty_features or not missing(statistics[i])]
    if any(isinstance(s, str) for s in statistics):
        fills = [statistics[i] for i in keep]
    else:
        empty = np.full((1, width), math.nan if missing(absent) else absent, dtype=np.float64)
        with quiet():
            filled = dense(transformer.transform(empty))[0]
        if transformer.strategy == "constant" and len(filled) - indicators(transformer) == width:
            keep = list(range(width))
        if len(filled) != len(keep) + indicators(transformer):
            raise Refused("SimpleImputer: which columns it drops is not clear")
        fills = [float(v) for v in filled[:len(keep)]]
    out = [impute(graph, transformer, columns[i], fill) for i, fill in zip(keep, fills)]
    texts = any(isinstance(s, str) for s in statistics)
    for i in sorted(set(range(width)) - set(keep)):
        column = columns[i]
        text = texts and column.at is None and not graph.numeric[column.source]
        if not text or isinstance(absent, str):
            taken(graph, transformer, column, text)
    if transformer.indicator_ is not None:
        out += indicator(graph, transformer.indicator_, columns)
    return out


def indicators(transformer):
    return 0 if transformer.indicator_ is None else len(transformer.indicator_.features_)


def taken(graph, transformer, column, text):
    """A column of texts or of numbers as SimpleImputer takes it: what it refuses, it refuses in columns that it drops, too."""
    absent, width = transformer.missing_values, len(transformer.statistics_)
    if not text:
        at = checked(graph, graph.number(column), transformer.transform, np.zeros((1, width)), 0, "SimpleImputer")
        return Column(at=at)
    graph.text(column, [absent] if isinstance(absent, str) else [])
    if isinstance(absent, str):
        row = np.full((1, width), UNSEEN, dtype=object)
        checked_text(graph, column, transformer.transform, row, 0, "SimpleImputer")
    return column


def impute(graph, transformer, column, fill):
    absent = transformer.missing_values
    if isinstance(absent, str) and not isinstance(fill, str):
        raise Refused(f"SimpleImputer: the text {absent!r} stands for what is missing in a column of numbers")
    column = taken(graph, transformer, column, isinstance(fill, str))
    if isinstance(fill, str):
        before = column.says

        def says(text):
            text = before(text)
            gone = text is MISSING if missing(absent) else text == absent
            return fill if gone else text

        return Column(source=column.source, says=says)
    if missing(absent):
        return Column(at=graph.step("fill_nan", column.at, a=float(fill)))
    return Column(at=graph.step("replace", column.at, a=float(absent), b=float(fill)))


def missing_indicator(graph, transformer, columns):
    """A MissingIndicator by itself, which looks at what comes in; that of an imputer does not."""
    absent, call = transformer.missing_values, transformer.transform
    for column in columns if isinstance(absent, str) else []:
        if column.at is None and not graph.numeric[column.source]:
            graph.text(column, [absent])
    texts = [column.at is None and graph.texts[column.source] is not None for column in columns]
    ordinary = 1.0 if not missing(absent) and absent == 0 else 0.0
    row = np.array([[UNSEEN if text else ordinary for text in texts]], dtype=object if any(texts) else np.float64)
    taken = []
    for i, (column, text) in enumerate(zip(columns, texts)):
        if text:
            checked_text(graph, column, call, row, i, "MissingIndicator")
        else:
            column = Column(at=checked(graph, graph.number(column), call, row, i, "MissingIndicator"))
        if not missing(absent) and minds(call, row, i, absent):  # in a column that lacked nothing in training
            if text:
                graph.lookup(column, {absent: None}, 0.0, 0.0, "", False)
            else:
                graph.step("lookup", column.at, keys=[float(absent)], table=[math.nan], a=0.0, b=0.0)
            graph.steps[-1]["refuse"] = "a missing value, which MissingIndicator does not take here"
        taken.append(column)
    graph.sparse = graph.sparse or transformer.sparse is True
    return indicator(graph, transformer, taken)


def indicator(graph, transformer, columns):
    out = []
    for i in transformer.features_:
        column, absent = columns[i], transformer.missing_values
        if column.at is None and graph.texts[column.source] is not None:
            gone = {absent: 1.0} if isinstance(absent, str) else {}
            out.append(Column(at=graph.lookup(column, gone, 0.0, 0.0 if gone else 1.0, "", False)))
        elif missing(absent):
            out.append(Column(at=graph.step("is_nan", graph.number(column))))
        else:
            out.append(Column(at=graph.step("equals", graph.number(column), a=float(absent))))
    return out


def dense(array):
    """A result of a transformer as a plain float64 array."""
    if hasattr(array, "toarray"):
        array = array.toarray()
    return np.asarray(array, dtype=np.float64)


def probe(encoder, i, pick):
    """What an encoder makes of each category of column i, of a missing and of an unknown value: pairs of a table and
    the latter two; None where it raises. pick takes what belongs to column i out of a row."""
    base = np.empty((1, len(encoder.categories_)), dtype=object)
    numbers = all(c.dtype.kind in "iufb" for c in encoder.categories_)
    for j, categories in enumerate(encoder.categories_):
        base[0, j] = categories[0]

    def ask(value):
        row = base.copy()
        row[0, i] = value
        return pick(dense(encoder.transform(row.astype(np.float64) if numbers else row))[0])

    def maybe(value):
        try:
            with quiet():
                return ask(value)
        except ValueError:
            return None

    values, gone = [], []
    for value in encoder.categories_[i].tolist():
        (gone if missing(value) else values).append(value)
    if len(gone) > 1:
        raise Refused("an encoder tells None from NaN, which rows of a file cannot")
    texts = bool(values) and all(isinstance(v, str) for v in values)
    if not texts and not all(isinstance(v, (bool, int, float)) and float(v) == v for v in values):
        raise Refused(f"an encoder has categories that are not all texts, or all numbers: {values[:5]}")
    rows = np.repeat(base, len(values), axis=0)
    rows[:, i] = values
    with quiet():
        known = dense(encoder.transform(rows.astype(np.float64) if numbers else rows)) if values else np.empty((0, 0))
    table = {(v if texts else float(v)): pick(row) for v, row in zip(values, known)}
    unknown = maybe(UNSEEN if texts else max(table, default=0.0) + 1.0)
    absent = maybe(gone[0] if gone else math.nan)
    infinite = not texts and (not numbers or maybe(math.inf) is None)  # a data frame's columns are checked one by one
    return table, unknown, absent, infinite


def ordinal(graph, encoder, columns):
    out = []
    for i, column in enumerate(columns):
        table, unknown, absent, infinite = probe(encoder, i, lambda row: float(row[i]))
        out.append(Column(at=graph.lookup(column, table, unknown, absent, " of OrdinalEncoder", infinite)))
    return out


def one_hot(graph, encoder, columns):
    starts = np.cumsum([0, *encoder._n_features_outs])
    out = []
    for i, column in enumerate(columns):
        first, last = int(starts[i]), int(starts[i + 1])

        def hot(row):
            """The place of the one, or -1."""
            places = np.flatnonzero(row[first:last])
            if len(places) > 1 or len(places) == 1 and row[first + places[0]] != 1:
                raise Refused("OneHotEncoder gives something that is not a one among zeros")
            return float(places[0]) if len(places) else -1.0

        table, unknown, absent, infinite = probe(encoder, i, hot)
        at = graph.lookup(column, table, unknown, absent, " of OneHotEncoder", infinite)
        out += [Column(at=graph.step("equals", at, a=float(k))) for k in range(last - first)]
    graph.sparse = bool(encoder.sparse_output)
    return out


TRANSFORMERS = {
    "Pipeline": pipeline,
    "ColumnTransformer": column_transformer,
    "FunctionTransformer": function,
    "StandardScaler": scaler(standard),
    "MinMaxScaler": scaler(min_max),
    "MaxAbsScaler": scaler(max_abs),
    "RobustScaler": scaler(robust),
    "SimpleImputer": imputer,
    "MissingIndicator": missing_indicator,
    "OrdinalEncoder": ordinal,
    "OneHotEncoder": one_hot,
}


# ---- The trees. ------------------------------------------------------------------------------------------------------


def plain_tree(tree, values, features=None):
    """A sklearn.tree Tree. values holds a row of output for each node; features maps its features to the model's."""
    nodes = tree.__getstate__()["nodes"]
    split = nodes["left_child"] >= 0
    feature = nodes["feature"][split]
    out = {
        "left": np.where(split, nodes["left_child"], 0).tolist(),
        "right": nodes["right_child"][split].tolist(),
        "feature": (feature if features is None else np.asarray(features)[feature]).tolist(),
        "threshold": nodes["threshold"][split].tolist(),
    }
    if "missing_go_to_left" in nodes.dtype.names:
        out["missing"] = nodes["missing_go_to_left"][split].astype(int).tolist()
    out["value"] = np.asarray(values, dtype=np.float64).reshape(len(nodes), -1)[~split].ravel().tolist()
    return out


def hist_tree(predictor):
    nodes = predictor.nodes
    split = nodes["is_leaf"] == 0
    inner = nodes[split]
    out = {
        "left": np.where(split, nodes["left"], 0).tolist(),
        "right": inner["right"].tolist(),
        "feature": inner["feature_idx"].tolist(),
        "threshold": inner["num_threshold"].tolist(),
        "missing": inner["missing_go_to_left"].astype(int).tolist(),
    }
    categorical = inner["is_categorical"] != 0
    if categorical.any():
        out["threshold"] = np.where(categorical, 0.0, inner["num_threshold"]).tolist()
        out["set"] = np.where(categorical, inner["bitset_idx"].astype(np.int64), -1).tolist()
        out["sets"] = np.asarray(predictor.raw_left_cat_bitsets).tolist()
    out["value"] = nodes["value"][~split].astype(np.float64).tolist()
    return out


class Leaves:
    """Stands in for a tree and says what all of its nodes hold, so that the library's own formula is applied to it."""

    def __init__(self, tree):
        self.tree = tree

    def predict(self, _):
        values = self.tree.value.copy()
        return values.reshape(len(values), values.shape[2]) if self.tree.n_outputs == 1 else values


def node_values(estimator):
    """predict_proba or predict of each node of a tree estimator."""
    stand_in = copy.copy(estimator)
    stand_in.tree_ = Leaves(estimator.tree_)
    row = np.zeros((1, estimator.n_features_in_), dtype=np.float32)
    call = stand_in.predict_proba if hasattr(estimator, "predict_proba") else stand_in.predict
    return call(row, check_input=False)


# ---- The document. ---------------------------------------------------------------------------------------------------


class Document:
    def __init__(self, model):
        estimator, before = model, []
        while kind(estimator) == "Pipeline":
            before += [step for _, step in estimator.steps[:-1] if step is not None and not isinstance(step, str)]
            estimator = estimator.steps[-1][1]
        name = kind(estimator)
        if name not in ESTIMATORS:
            hint = ": export its best_estimator_" if hasattr(estimator, "best_estimator_") else ""
            raise Refused(f"the estimator {name} is not among those that glulam knows ({', '.join(sorted(ESTIMATORS))}){hint}")
        if not any(hasattr(estimator, a) for a in ("tree_", "estimators_", "_predictors")):
            raise Refused("the model is not fitted")
        self.estimator, self.name = estimator, name
        if name in HIST:
            self.hist()
        elif name in GRADIENT:
            self.gradient()
        elif name == "IsolationForest":
            self.isolation()
        else:
            self.forest()
        self.columns(before)

    # Each of these sets: head (members of the document), trees (a generator).

    def forest(self):
        e = self.estimator
        members = [e] if self.name in TREES else list(e.estimators_)
        classifier = hasattr(e, "classes_")
        if classifier and e.n_outputs_ != 1:
            raise Refused("a classifier of more than one output")
        outputs = int(e.n_classes_) if classifier else int(e.n_outputs_)
        self.head = {"objective": e.criterion, "task": "multiclass" if classifier else "regression", "outputs": outputs,
                     "rounds": len(members), "vector": outputs > 1, "average": self.name in FORESTS, "link": {"kind": "identity"},
                     "input": "float32"}
        self.classes()
        self.trees = (plain_tree(m.tree_, node_values(m)) for m in members)

    def gradient(self):
        e = self.estimator
        rounds, outputs = e.estimators_.shape
        start = e.init_
        if not (isinstance(start, str) and start == "zero" or kind(start) == "DummyRegressor" or
                kind(start) == "DummyClassifier" and start.strategy in ("prior", "most_frequent", "constant")):
            raise Refused(f"GradientBoosting that starts from init={kind(start)}, which is a model of its own")
        with quiet():
            base = e._raw_predict_init(np.zeros((1, e.n_features_in_), dtype=np.float32))[0]
        losses = {"log_loss": {"kind": "sigmoid", "scale": 1.0} if outputs == 1 else {"kind": "softmax"},
                  "exponential": {"kind": "sigmoid", "scale": 2.0}}
        losses.update(dict.fromkeys(("squared_error", "absolute_error", "huber", "quantile"), {"kind": "identity"}))
        if e.loss not in losses:
            raise Refused(f"GradientBoosting with loss={e.loss!r}")
        task = "regression" if self.name.endswith("Regressor") else "binary" if outputs == 1 else "multiclass"
        self.head = {"objective": e.loss, "task": task, "outputs": outputs, "rounds": rounds, "base": floats(base),
                     "link": losses[e.loss], "input": "float32"}
        self.classes()
        self.trees = (plain_tree(m.tree_, e.learning_rate * m.tree_.value) for stage in e.estimators_ for m in stage)

    def hist(self):
        e = self.estimator
        outputs = e.n_trees_per_iteration_
        links = {"IdentityLink": {"kind": "identity"}, "LogLink": {"kind": "exp"},
                 "LogitLink": {"kind": "sigmoid", "scale": 1.0}, "MultinomialLogit": {"kind": "softmax"}}
        if kind(e._loss.link) not in links or not isinstance(e.loss, str):
            raise Refused(f"HistGradientBoosting with loss={e.loss!r}")
        base = np.ravel(e._baseline_prediction)
        if base.dtype != np.float64 or len(base) != outputs:
            raise Refused(f"HistGradientBoosting whose baseline is {base.dtype}[{len(base)}]")
        task = "regression" if self.name.endswith("Regressor") else "binary" if outputs == 1 else "multiclass"
        self.head = {"objective": e.loss, "task": task, "outputs": outputs, "rounds": len(e._predictors),
                     "base": floats(base), "link": links[kind(e._loss.link)], "input": "float64"}
        self.classes()
        known, places = e._bin_mapper.make_known_categories_bitsets()
        self.categorical = np.zeros(len(e._bin_mapper.is_categorical_), dtype=bool)
        self.categorical[:] = e._bin_mapper.is_categorical_ != 0
        if self.categorical.any():
            self.head["known"] = [np.asarray(known[places[i]]).tolist() if c else [] for i, c in enumerate(self.categorical)]
        self.trees = (hist_tree(p) for stage in e._predictors for p in stage)

    def isolation(self):
        e = self.estimator
        from sklearn.ensemble._iforest import _average_path_length

        divisor = len(e.estimators_) * float(_average_path_length([e._max_samples])[0])
        self.head = {"objective": "isolation", "task": "regression", "outputs": 1, "rounds": len(e.estimators_),
                     "link": {"kind": "isolation", "scale": divisor, "offset": float(e.offset_)}, "input": "float32"}
        some = e._max_features != e.n_features_in_
        self.trees = (
            plain_tree(m.tree_, e._decision_path_lengths[i] + e._average_path_length_per_tree[i] - 1.0,
                       e.estimators_features_[i] if some else None)
            for i, m in enumerate(e.estimators_))

    def classes(self):
        labels = getattr(self.estimator, "classes_", None)
        if labels is None:
            return
        if len(labels) < 2:
            raise Refused("a classifier of a single class")
        self.head["classes"] = [str(label) for label in labels.tolist()]

    def columns(self, before):
        """The way of a row to the trees."""
        first = before[0] if before else self.estimator
        names = getattr(first, "feature_names_in_", None)
        count = getattr(first, "n_features_in_", None)
        if count is None:
            raise Refused(f"{kind(first)} does not say how many columns it takes")
        graph = Graph(None if names is None else [str(n) for n in names], int(count))
        columns = graph.inputs()
        for step in before:
            columns = transform(graph, step, columns)
        e = self.estimator
        if len(columns) != e.n_features_in_:
            raise Refused(f"{self.name} takes {e.n_features_in_} features and gets {len(columns)}")
        inner = getattr(e, "_preprocessor", None)
        if inner is not None:
            columns = transform(graph, inner, columns)
        if self.name in HIST:
            at = [graph.number(c) for c in columns]
            if inner is None:  # up to 1.3 the trees look at a category through a cast to uint8
                at = [graph.step("byte", a) if c else a for a, c in zip(at, self.categorical)]
        else:
            at = [graph.number(c) for c in columns]
            self.check_floats(len(at), graph.sparse)
        graph.finish()
        self.lay_out(graph, at)

    def check_floats(self, width, sparse):
        """Notes what the estimator raises on: values are rounded to float32 before it looks, and a sparse matrix may not
        lack any."""
        from scipy.sparse import csr_matrix

        e, row = self.estimator, np.zeros((1, width))
        predict = e.score_samples if self.name == "IsolationForest" else e.predict
        call = (lambda x: predict(csr_matrix(x))) if sparse else predict
        if raises(call, row):
            raise Refused(f"{self.name} raises an error for a row of zeros")
        self.head["refuses"] = []
        for value, what in ((math.nan, "missing"), (1e39, "infinite")):
            row[0, 0] = value
            if raises(call, row):
                self.head["refuses"].append(what)

    def lay_out(self, graph, at):
        """Puts inputs, steps and features into the document. Inputs that nothing looks at are left out, if they have
        names: then nobody has to supply them."""
        count = len(graph.texts)
        used = {step["from"] for step in graph.steps} | set(at)
        keep = [i for i in range(count) if i in used or graph.names is None]
        if not keep:
            raise Refused("no column that comes in is used")
        moved = {old: new for new, old in enumerate(keep)}
        place = lambda c: moved[c] if c < count else c - count + len(keep)
        self.head["columns"] = []
        for i in keep:
            column = {"name": graph.names[i] if graph.names else ""}
            if graph.texts[i] is not None:
                column["texts"] = list(graph.texts[i])
            self.head["columns"].append(column)
        self.head["steps"] = [{**step, "from": place(step["from"])} for step in graph.steps]
        self.head["features"] = [place(a) for a in at]

    def write(self, out):
        head = {"format": "glulam-sklearn", "version": VERSION, "sklearn": sklearn.__version__, "estimator": self.name, **self.head}
        text = json.dumps(plain(head), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        out.write(text[:-1] + ',"trees":[')
        for i, tree in enumerate(self.trees):
            text = json.dumps(plain(tree), allow_nan=False, separators=(",", ":"))
            out.write(("," if i else "") + "\n" + text)
        out.write("\n]}\n")


def floats(array):
    return np.asarray(array, dtype=np.float64).tolist()


def plain(thing):
    """The same for JSON, which has no infinities and no NaN: they become texts."""
    if isinstance(thing, dict):
        return {key: plain(value) for key, value in thing.items()}
    if isinstance(thing, list):
        if thing and isinstance(thing[0], float):
            return thing if all(map(math.isfinite, thing)) else [plain(v) for v in thing]
        return [plain(v) for v in thing] if thing and not isinstance(thing[0], (int, str)) else thing
    if isinstance(thing, float) and not math.isfinite(thing):
        return "nan" if thing != thing else "inf" if thing > 0 else "-inf"
    return thing


def main(args):
    if len(args) != 1 or args[0].startswith("-"):
        print("usage: python export.py model.pkl > model.json", file=sys.stderr)
        return 2
    import joblib

    try:
        model = joblib.load(args[0])
    except Exception as error:  # a pickle may raise whatever it likes
        print(f"export.py: {args[0]}: not a model that joblib or pickle can load here: {error!r}", file=sys.stderr)
        return 1
    try:
        document = Document(model)
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        document.write(sys.stdout)
    except Refused as reason:
        print(f"export.py: {args[0]}: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
