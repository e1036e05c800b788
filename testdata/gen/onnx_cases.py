"""What the scripts that make testdata/onnx share: rows, and what ONNX Runtime says of them."""

import copy
import gzip
import json
import os
import pathlib
import sys

# The converters go through sets of strings.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})

import numpy as np
import onnx
import onnxruntime
import pandas as pd

import boundary as edges

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "onnx"
FLIGHTS = FOLDER.parent / "flights" / "rows.csv"
NUMBERS = ["hour", "distance", "temp", "wind_gust", "pressure", "seats"]
TEXT = ["carrier", "origin"]
TREES = ("TreeEnsembleRegressor", "TreeEnsembleClassifier", "TreeEnsemble")


def rows():
    """The rows that models are trained on, and those that they are asked about."""
    frame = pd.read_csv(FLIGHTS).dropna(subset=["arr_delay"])
    train, test = frame.iloc[:2500], frame.iloc[2500:3200]
    return train.reset_index(drop=True), test[NUMBERS + TEXT].reset_index(drop=True)


def write_rows(name, frame):
    def cell(v):
        if isinstance(v, str):
            return v
        if v is None or (isinstance(v, float) and np.isnan(v)):
            return ""
        return repr(float(v))

    lines = [",".join(frame.columns)]
    lines += [",".join(cell(v) for v in row) for row in frame.itertuples(index=False)]
    (FOLDER / name).write_text("\n".join(lines) + "\n")


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more threads sum trees up in parts, which rounds otherwise
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def feed(model, frame):
    """The inputs of a model, from columns: one tensor of all numbers, or a column each."""
    kinds = {1: np.float32, 11: np.float64, 7: np.int64, 6: np.int32}
    given = {i.name: i.type.tensor_type for i in model.graph.input}
    if len(given) == 1 and next(iter(given)) not in frame.columns:
        (name, tensor), = given.items()
        width = tensor.shape.dim[1].dim_value
        return {name: frame.iloc[:, :width].to_numpy(np.float64).astype(kinds[tensor.elem_type])}
    out = {}
    for name, tensor in given.items():
        column = frame[[name]]
        out[name] = column.to_numpy(object) if tensor.elem_type == 8 else column.to_numpy().astype(kinds[tensor.elem_type])
    return out


def table(value):
    """A tensor, or what ZipMap makes of it, as float64s."""
    if isinstance(value, list):
        value = np.array([list(row.values()) for row in value])
    value = np.asarray(value, np.float64)
    return value.reshape(len(value), -1)


def predictions(model, frame):
    """The scores are the last output; the one before them, of classifiers, is the label."""
    return table(session(model).run(None, feed(model, frame))[-1])


def margins(model, frame):
    """What the trees sum up to: the ensemble's output, when it is told to transform nothing."""
    model = copy.deepcopy(model)
    node, = [n for n in model.graph.node if n.op_type in TREES]
    for a in node.attribute:
        if a.name == "post_transform":
            if a.type == onnx.AttributeProto.STRING:
                a.s = b"NONE"
            else:
                a.i = 0
    name = node.output[-1]
    if name not in [o.name for o in model.graph.output]:
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    values = table(session(model).run([name], feed(model, frame))[0])
    ids = [set(a.ints) for a in node.attribute if a.name == "class_ids"]
    if ids == [{0}]:
        values = values[:, 1:]  # -x and x, or 1-x and x
    return values


def write_array(name, values):
    with open(FOLDER / name, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
        out.write(np.ascontiguousarray(values, "<f8").tobytes())


def classes(model, frame):
    """The label of each row by its place in the list of labels, as one text of digits. Cases that have it: classifiers."""
    node, = [n for n in model.graph.node if n.op_type in TREES]
    known = [list(a.ints) + [s.decode() for s in a.strings] for a in node.attribute if a.name.startswith("classlabels")]
    if not known or len(model.graph.output) < 2:
        return None
    return "".join(str(known[0].index(v)) if v in known[0] else "?" for v in session(model).run(None, feed(model, frame))[0].tolist())


class Cases:
    """The list in cases.json."""

    def __init__(self, library):
        self.library = library
        self.path = FOLDER / "cases.json"
        self.list = []
        self.classes = {}

    def add(self, name, about, model, frame, rows, ulps=0, margin=True, names=None, text=(), wide=False, without=(), refused=(), again=False):
        """names: what --features has to say; wide: predictions are float64; refused: rows that have no input of the type; again: the
        model is that of another case."""
        onnx.save(model, FOLDER / f"{name}.onnx")
        scored = frame.drop(index=list(refused))
        kept = [i for i in range(len(frame)) if i not in set(refused)]

        def spread(values):
            out = np.full((len(frame), values.shape[1]), np.nan)
            out[kept] = values
            return out

        case = {"name": name, "about": about, "library": self.library, "model": f"{name}.onnx", "rows": rows}
        if text:
            case["text"] = list(text)
        if names:
            case["features"] = list(names)
        if margin:
            values = spread(margins(model, scored))
            write_array(f"{name}.margin.gz", values)
            case["margin"] = {"file": f"{name}.margin.gz", "width": values.shape[1]}
        values = spread(predictions(model, scored))
        write_array(f"{name}.prediction.gz", values)
        case["prediction"] = {"file": f"{name}.prediction.gz", "width": values.shape[1], "ulps": ulps, "float32": not wide}
        self.classes[name] = classes(model, scored)

        def ask(f):
            for t in set(text) & set(f.columns):
                f[t] = f[t].where(f[t].notna(), None)
            return margins(model, f) if margin else predictions(model, f)

        if not again:
            case["boundary"] = edges.of(FOLDER / f"{name}.digest", FOLDER / f"{name}.onnx", FOLDER / rows, ask, not margin, text=text, features=names)
        if refused:
            case["refused"] = list(refused)
        if without:
            case["without"] = list(without)
        self.list.append(case)

    def write(self, keep=()):
        """keep: other scripts' cases."""
        text = json.dumps(list(keep) + self.list, indent=1)
        self.path.write_text(text + "\n")
        path = FOLDER / "classes.json"
        kept = json.loads(path.read_text()) if keep else {}
        found = {name: c for name, c in {**kept, **self.classes}.items() if c}
        path.write_text(json.dumps(found, indent=1) + "\n")


def boundary_rows(model, columns, typical, most=50):
    """Rows in which a feature is a threshold of the model, or next to it, or a special number."""
    node, = [n for n in model.graph.node if n.op_type in TREES]
    lists = {}
    for a in node.attribute:
        value = onnx.helper.get_attribute_value(a)
        lists[a.name] = onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value
    values = lists.get("nodes_values", lists.get("nodes_values_as_tensor", lists.get("nodes_splits")))
    modes = lists["nodes_modes"]
    seen = sorted({(f, float(v)) for f, v, m in zip(lists["nodes_featureids"], values, modes) if m != b"LEAF"})
    seen = seen[:: max(1, len(seen) // most)]
    out = []
    for feature, t in seen:
        single = np.float32(t)
        for v in (t, np.nextafter(single, np.float32(-np.inf)), np.nextafter(single, np.float32(np.inf)),
                  np.nextafter(t, -np.inf), np.nextafter(t, np.inf), t + 0.25):
            out.append((feature, float(v)))
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-45, -1e-45, 1e-310, 1e300, -1e300, 2.0**24, 2.0**24 + 1, -1.0, 0.5]
    out += [(f, v) for f in sorted({f for f, _ in seen}) for v in special]
    frame = pd.DataFrame([typical] * len(out), columns=columns, dtype=float)
    for i, (feature, v) in enumerate(out):
        frame.iat[i, feature] = v
    return frame
