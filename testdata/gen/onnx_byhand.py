"""Models by hand, of what the operators can say and converters do not."""

from onnx_cases import FOLDER, session, write_rows

import itertools

import numpy as np
import onnx
import pandas as pd
from onnx import TensorProto, helper

LIBRARY = "onnxruntime 1.32.0, onnx 1.23.2"
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
NAMES = ["a", "b"]


def model(op, attributes, features=2, kind=TensorProto.FLOAT, version=3, out=TensorProto.FLOAT, before=(), constants=()):
    names = ["label", "scores"] if op == "TreeEnsembleClassifier" else ["scores"]
    taken = before[-1].output[0] if before else "X"
    node = helper.make_node(op, [taken], names, name="trees", domain="ai.onnx.ml", **attributes)
    kinds = [TensorProto.INT64, out] if len(names) == 2 else [out]
    if "classlabels_strings" in attributes:
        kinds[0] = TensorProto.STRING
    graph = helper.make_graph(
        [*before, node], "by hand", [helper.make_tensor_value_info("X", kind, [None, features])],
        [helper.make_tensor_value_info(n, k, None) for n, k in zip(names, kinds)], list(constants))
    return helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", version)])


def stumps(questions, prefix="target", ids=None, weights=None, double=False, **more):
    """A tree of one node for each (mode, feature, threshold, missing goes to yes)."""
    n = len(questions)
    ids = ids or [[0]] * n
    values, modes, features, missing = [], [], [], []
    for mode, feature, threshold, track in questions:
        values += [threshold, 0.0, 0.0]
        modes += [mode, "LEAF", "LEAF"]
        features += [feature, 0, 0]
        missing += [track, 0, 0]
    at = dict(nodes_treeids=[t for t in range(n) for _ in range(3)], nodes_nodeids=[0, 1, 2] * n, nodes_modes=modes, nodes_featureids=features,
              nodes_truenodeids=[1, 0, 0] * n, nodes_falsenodeids=[2, 0, 0] * n, nodes_missing_value_tracks_true=missing)
    targets = [(t, leaf, k) for t in range(n) for leaf in (1, 2) for k in ids[t]]
    if weights is None:
        weights = [0.1 * 3.0 ** (i % 7) * (-1) ** i for i in range(len(targets))]
    at[f"{prefix}_treeids"] = [t for t, _, _ in targets]
    at[f"{prefix}_nodeids"] = [leaf for _, leaf, _ in targets]
    at[f"{prefix}_ids"] = [k for _, _, k in targets]
    if double:
        at["nodes_values_as_tensor"] = helper.make_tensor("values", TensorProto.DOUBLE, [len(values)], values)
        at[f"{prefix}_weights_as_tensor"] = helper.make_tensor("weights", TensorProto.DOUBLE, [len(weights)], weights)
    else:
        at["nodes_values"], at[f"{prefix}_weights"] = values, weights
    return {**at, **more}


def questions():
    return [(mode, i % 2, t, track) for i, (mode, t, track) in enumerate(itertools.product(MODES, [0.0, 1.5, 0.1], [0, 1]))]


def v5(kind=TensorProto.FLOAT, modes=(0,), splits=(0.5,), features=(0,), yes=((0, 1),), no=((1, 1),), weights=(1.0, 2.0), targets=(0, 0), roots=(0,), members=None, **more):
    """A TreeEnsemble; a child is (number, whether it is a leaf)."""
    at = dict(n_targets=1, tree_roots=list(roots), nodes_featureids=list(features), nodes_truenodeids=[c for c, _ in yes], nodes_trueleafs=[leaf for _, leaf in yes],
              nodes_falsenodeids=[c for c, _ in no], nodes_falseleafs=[leaf for _, leaf in no], leaf_targetids=list(targets),
              nodes_modes=helper.make_tensor("modes", TensorProto.UINT8, [len(modes)], list(modes)),
              nodes_splits=helper.make_tensor("splits", kind, [len(splits)], list(splits)),
              leaf_weights=helper.make_tensor("weights", kind, [len(weights)], list(weights)))
    if members is not None:
        at["membership_values"] = helper.make_tensor("members", kind, [len(members)], members)
    return {**at, **more}


def v5_stumps(questions, **more):
    n = len(questions)
    weights = [0.1 * 3.0 ** (i % 7) * (-1) ** i for i in range(2 * n)]
    return v5(modes=[q[0] for q in questions], features=[q[1] for q in questions], splits=[q[2] for q in questions],
              yes=[(2 * i, 1) for i in range(n)], no=[(2 * i + 1, 1) for i in range(n)], weights=weights, targets=[0] * (2 * n), roots=range(n), **more)


VALUES = [0.0, 1.0, 2.0, 3.0, 4.0, 0.5, -1.0, 7.0, 30.0, 31.0, 33.0, 1.5]


def random_trees(r, prefix, ids, depth=5, chains=False, spread=1.0):
    """A few trees of all modes; with chains, mostly BRANCH_EQ in a row with one child for all. ids are the targets."""
    at = {k: [] for k in ("treeids", "nodeids", "modes", "featureids", "truenodeids", "falsenodeids", "values", "missing_value_tracks_true")}
    weights = []

    def grow(nodes, tree, left):
        i = len(nodes)
        nodes.append(None)
        if left == 0 or r.random() < 0.15:
            nodes[i] = ("LEAF", 0, 0.0, 0, 0, 0)
            weights.extend((tree, i, k, float(np.float32(r.normal() * spread))) for k in ids)
            return i
        mode = str(r.choice(["BRANCH_EQ", "BRANCH_EQ", "BRANCH_LEQ"] if chains else MODES))
        feature = 1 if chains else int(r.integers(2))
        chain = [i]
        if chains and mode == "BRANCH_EQ":
            for _ in range(int(r.integers(0, 4))):
                chain.append(len(nodes))
                nodes.append(None)
        no = grow(nodes, tree, left - 1)
        yes = grow(nodes, tree, left - 1)
        for c, after in zip(chain, [*chain[1:], no]):
            nodes[c] = (mode, feature, float(r.choice(VALUES)), yes, after, int(r.random() < 0.3))
        return i

    for tree in range(int(r.integers(2, 7))):
        nodes = []
        grow(nodes, tree, int(r.integers(1, depth + 1)))
        for i, (mode, feature, value, yes, no, missing) in enumerate(nodes):
            for list_, v in zip(at.values(), (tree, i, mode, feature, yes, no, value, missing)):
                list_.append(v)
    out = {f"nodes_{k}": v for k, v in at.items()}
    for name, i in (("treeids", 0), ("nodeids", 1), ("ids", 2), ("weights", 3)):
        out[f"{prefix}_{name}"] = [w[i] for w in weights]
    return out


def add_random(cases):
    r = np.random.default_rng(1)
    pool = [*VALUES, np.nan, np.inf, -np.inf, -0.0, 2.5, 0.1]
    frame = pd.DataFrame(r.choice(pool, size=(400, 2)), columns=NAMES)
    write_rows("random.csv", frame)
    made = {
        "random_sum": model("TreeEnsembleRegressor", random_trees(r, "target", [0]) | dict(n_targets=1, base_values=[0.1])),
        "random_mean": model("TreeEnsembleRegressor", random_trees(r, "target", [0, 1, 2]) | dict(n_targets=3, aggregate_function="AVERAGE", base_values=[0.1, 0.2, 0.3])),
        "random_chains": model("TreeEnsembleRegressor", random_trees(r, "target", [0], chains=True) | dict(n_targets=1)),
        "random_chains_double": model("TreeEnsembleRegressor", random_trees(r, "target", [0, 1], chains=True) | dict(n_targets=2), kind=TensorProto.DOUBLE),
        "random_classes": model("TreeEnsembleClassifier", random_trees(r, "class", [0, 1, 2], depth=7) | dict(classlabels_strings=["x", "y", "z"], post_transform="SOFTMAX")),
        "random_pair": model("TreeEnsembleClassifier", random_trees(r, "class", [0], depth=7) | dict(classlabels_int64s=[0, 1], base_values=[-0.3], post_transform="LOGISTIC")),
        "random_pair_chains": model("TreeEnsembleClassifier", random_trees(r, "class", [0], chains=True) | dict(classlabels_int64s=[0, 1])),
    }
    for name, m in made.items():
        cases.add(name, "random trees of all modes, missing values in all ways", m, frame, "random.csv", names=NAMES, margin="double" not in name, without=["leaves"])


def add_integers(cases):
    """Integers made of floats, before the trees or in Python. A float that fits into none is refused: what comes out of it depends on the processor."""
    below = float(np.nextafter(2.0**63, 0))
    values = [0.0, -0.0, 0.5, -0.5, 2.75, -2.75, 3.0, 1e10, 2.0**31 - 1, 2.0**31, -(2.0**31), -(2.0**31) - 1, below, 2.0**63, -(2.0**63), float(np.nextafter(-(2.0**63), -np.inf)),
              1e30, -1e30, 1e300, np.inf, -np.inf, np.nan]
    frame = pd.DataFrame([(v, 1.0) for v in values] + [(1.0, v) for v in values], columns=NAMES)
    write_rows("integers.csv", frame)
    trees = stumps([("BRANCH_LEQ", i % 2, t, 0) for i, t in enumerate([0.0, 0.0, 2.0, 2.0, 3e9, 3e9, -3e9, -3e9])], n_targets=1)
    kinds = {"int64": TensorProto.INT64, "int32": TensorProto.INT32, "float": TensorProto.FLOAT, "double": TensorProto.DOUBLE}

    def add(name, about, kind, to, most, whole):
        given = frame.to_numpy(np.float32 if kind == "float" else np.float64)
        fits = [all(-most <= v < most and (not whole or v == int(v)) for v in row) for row in given]
        casts = [helper.make_node("Cast", [a], [b], to=t) for a, b, t in zip("XI", "IZ", to)]
        made = model("TreeEnsembleRegressor", trees, kind=kinds[kind], before=casts)
        cases.add(name, about, made, frame, "integers.csv", names=NAMES, refused=[i for i, fit in enumerate(fits) if not fit])

    for kind in ("float", "double"):
        add(f"cast_{kind}", f"{kind} to int64 and back", kind, [TensorProto.INT64, TensorProto.FLOAT], 2.0**63, False)
    for kind, most in (("int32", 2.0**31), ("int64", 2.0**63)):
        add(f"from_{kind}", f"{kind} to float", kind, [TensorProto.INT64, TensorProto.FLOAT], most, True)


def write_hummingbird():
    """Two trees as hummingbird-ml 0.4.12 makes operators of tensors of them (GEMMTreeImpl.forward, as torch.onnx writes it), which glulam refuses.

    A tree asks a <= 0.5 (yes: leaf 0), then b <= 1.5 (yes: leaf 1, no: leaf 2). A leaf is reached if the answers, 1 for each yes and
    -1 for each no on its way, add up to its number of yeses."""
    questions = np.array([[1, 0], [0, 1]] * 2, np.float32)
    leaves = np.array([[[1, 0], [-1, 1], [-1, -1]]] * 2, np.float32)
    values = np.array([[[1.0, 2.0, 4.0]], [[0.5, 0.25, 0.125]]], np.float32)
    shapes = {"first": [2, 2, -1], "flat": [6, -1], "second": [2, 3, -1], "third": [2, 1, -1], "trees": [0]}
    constants = {"questions": questions, "thresholds": np.array([[0.5], [1.5]] * 2, np.float32), "leaves": leaves,
                 "yeses": np.array([[1], [1], [0]] * 2, np.float32), "values": values, **{k: np.array(v, np.int64) for k, v in shapes.items()}}
    node, single = helper.make_node, TensorProto.FLOAT
    nodes = [node("Transpose", ["X"], ["t"], perm=[1, 0]), node("MatMul", ["questions", "t"], ["asked"]), node("LessOrEqual", ["asked", "thresholds"], ["yes"]),
             node("Reshape", ["yes", "first"], ["a"]), node("Cast", ["a"], ["b"], to=single), node("MatMul", ["leaves", "b"], ["c"]),
             node("Reshape", ["c", "flat"], ["d"]), node("Equal", ["d", "yeses"], ["e"]), node("Reshape", ["e", "second"], ["f"]), node("Cast", ["f"], ["g"], to=single),
             node("MatMul", ["values", "g"], ["h"]), node("Reshape", ["h", "third"], ["i"]), node("ReduceSum", ["i", "trees"], ["j"], keepdims=0), node("Transpose", ["j"], ["variable"], perm=[1, 0])]
    graph = helper.make_graph(nodes, "main_graph", [helper.make_tensor_value_info("X", single, [None, 2])], [helper.make_tensor_value_info("variable", single, [None, 1])],
                              [onnx.numpy_helper.from_array(v, k) for k, v in constants.items()])
    made = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)], producer_name="pytorch")
    got = session(made).run(None, {"X": np.array([[0, 9], [1, 1], [1, 2]], np.float32)})[0]
    assert got.tolist() == [[1.5], [2.25], [4.125]]
    onnx.save(made, FOLDER / "hummingbird.onnx")


def add_by_hand(cases):
    write_hummingbird()
    cases.library = LIBRARY
    add_random(cases)
    add_integers(cases)
    specials = [0.0, -0.0, 1.5, 0.1, float(np.float32(0.1)), -0.5, 0.5, 1.0, 2.0, 2.5, 3.0, 4.0, 29.5, 30.0, 31.0, 32.0, 40.0, 40.5, np.nan, np.inf, -np.inf,
                1e-45, -1e-45, 1e-310, 1e300, float(np.nextafter(np.float32(1.5), np.float32(2))), float(np.nextafter(1.5, 2)), float(np.nextafter(0.1, 0)), 2.0**24, 2.0**31, 2.0**40]
    frame = pd.DataFrame([(a, b) for a in specials for b in specials[::2]], columns=NAMES)
    write_rows("byhand.csv", frame)

    def add(name, about, made, **more):
        cases.add(name, about, made, frame, "byhand.csv", names=NAMES, **more)

    regressor, classifier = "TreeEnsembleRegressor", "TreeEnsembleClassifier"
    ask = questions()
    leq = [(m, f, t, k) for m, f, t, k in ask if m not in ("BRANCH_EQ", "BRANCH_NEQ")]
    add("modes", "every mode, with and without missing values to yes", model(regressor, stumps(ask, n_targets=1, base_values=[0.7])), without=["leaves"])
    add("average", "the mean of trees, and a base value", model(regressor, stumps(leq, n_targets=1, aggregate_function="AVERAGE", base_values=[0.3])))
    add("minimum", "MIN of one tree", model(regressor, stumps(leq[:1], n_targets=1, aggregate_function="MIN", base_values=[0.3])))
    small = [0.03 * (i % 5) for i in range(2 * len(leq))]
    add("probit", "PROBIT of one target", model(regressor, stumps(leq, n_targets=1, weights=small, post_transform="PROBIT")))
    add("ignored_logistic", "ONNX Runtime transforms a single target with PROBIT only", model(regressor, stumps(leq, n_targets=1, post_transform="LOGISTIC")))
    both = [[0, 1]] * len(leq)
    for post in ("LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
        add(f"targets_{post.lower()}", f"two targets, {post}", model(regressor, stumps(leq, n_targets=2, ids=both, post_transform=post, base_values=[0.1, -0.2])))
    labels = dict(classlabels_int64s=[10, 20])
    for post in ("NONE", "LOGISTIC", "SOFTMAX"):
        add(f"pair_mixed_{post.lower()}", f"two classes, weights of both signs of the first, {post}", model(classifier, stumps(leq, "class", post_transform=post, **labels)))
        add(f"pair_positive_{post.lower()}", f"two classes, weights of one sign of the first, {post}", model(classifier, stumps(leq, "class", weights=small, post_transform=post, **labels)))
        add(f"second_{post.lower()}", f"two classes, weights of the second only, {post}", model(classifier, stumps(leq, "class", ids=[[1]] * len(leq), post_transform=post, **labels)))
    add("pair_base", "two classes and one base value", model(classifier, stumps(leq, "class", base_values=[0.25], post_transform="LOGISTIC", **labels)))
    add("both", "two classes, weights of both", model(classifier, stumps(leq, "class", ids=both, post_transform="SOFTMAX", **labels)))
    add("sparse", "three classes, some without a weight", model(classifier, stumps(leq, "class", ids=[[i % 3] for i in range(len(leq))], classlabels_strings=["x", "y", "z"], post_transform="SOFTMAX")))
    add("double", "float64 thresholds and weights", model(regressor, stumps(leq, n_targets=1, double=True), kind=TensorProto.DOUBLE), margin=False)
    add("double_float", "float32 thresholds for float64 features", model(regressor, stumps(leq, n_targets=1), kind=TensorProto.DOUBLE), margin=False)
    one_leaf = dict(nodes_treeids=[0], nodes_nodeids=[0], nodes_modes=["LEAF"], nodes_featureids=[0], nodes_truenodeids=[0], nodes_falsenodeids=[0], nodes_values=[0.0],
                    target_treeids=[0], target_nodeids=[0], target_ids=[0], target_weights=[0.1], n_targets=1, base_values=[0.2])
    add("one_leaf", "a tree that is a leaf", model(regressor, one_leaf))
    chain = dict(nodes_treeids=[0] * 9, nodes_nodeids=list(range(9)), nodes_modes=["BRANCH_EQ"] * 3 + ["BRANCH_LEQ"] + ["LEAF"] * 3 + ["BRANCH_EQ", "LEAF"],
                 nodes_featureids=[0, 0, 0, 1, 0, 0, 0, 1, 0], nodes_truenodeids=[3, 3, 3, 4, 0, 0, 0, 6, 0], nodes_falsenodeids=[1, 2, 7, 5, 0, 0, 0, 8, 0],
                 nodes_values=[1.5, -0.5, 30.0, 0.5, 0.0, 0.0, 0.0, 2.0, 0.0], nodes_missing_value_tracks_true=[0, 1, 0, 0, 0, 0, 0, 0, 0],
                 target_treeids=[0] * 4, target_nodeids=[4, 5, 6, 8], target_ids=[0] * 4, target_weights=[1.0, 2.0, 3.0, 4.0], n_targets=1)
    add("chain", "a set as a chain of BRANCH_EQ with one child for all", model(regressor, chain), without=["leaves"])

    node = "TreeEnsemble"
    numbered = [(MODES.index(m), f, t, k) for m, f, t, k in ask]
    add("v5_modes", "TreeEnsemble: every mode", model(node, v5_stumps(numbered, nodes_missing_value_tracks_true=[q[3] for q in numbered]), version=5), without=["leaves"])
    add("v5_double", "TreeEnsemble of float64", model(node, v5_stumps([q for q in numbered if q[0] < 4], kind=TensorProto.DOUBLE), kind=TensorProto.DOUBLE, out=TensorProto.DOUBLE, version=5), wide=True)
    add("v5_mean", "TreeEnsemble: AVERAGE", model(node, v5_stumps([q for q in numbered if q[0] < 4], aggregate_function=0), version=5))
    nan = float("nan")
    sets = [[1, 3, 4], [0, 2], [1.5, 2], [31, 2], [32, 2, 40], [1], list(range(33)), [40, 100, 0]]
    members = [v for s in sets for v in [*s, nan]]
    add("v5_members", "TreeEnsemble: small sets are compared exactly, large ones without the fraction",
        model(node, v5_stumps([(6, i % 2, 0.0, 0) for i in range(2 * len(sets))], members=members * 2, nodes_missing_value_tracks_true=[i // len(sets) for i in range(2 * len(sets))]), version=5), without=["leaves"])
    for number in range(5):
        add(f"v5_post_{number}", f"TreeEnsemble: post transform {number} of two targets",
            model(node, v5(modes=[0, 1], splits=[0.5, 1.5], features=[0, 1], yes=[(0, 1), (2, 1)], no=[(1, 1), (3, 1)], weights=[0.25, 0.7, 0.3, 0.6], targets=[0, 1, 0, 1], roots=[0, 1],
                           n_targets=2, post_transform=number), version=5))
    add("v5_one_leaf", "TreeEnsemble: a tree that is a leaf, after one that is not",
        model(node, v5(modes=[0, 0], splits=[0.5, 0.0], features=[0, 0], yes=[(0, 1), (2, 1)], no=[(1, 1), (2, 1)], weights=[1.0, 2.0, 4.0], targets=[0, 0, 0], roots=[0, 1]), version=5))
