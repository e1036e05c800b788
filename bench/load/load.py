"""How long a large XGBoost model takes to load: glulam and XGBoost, side by side, one core each.

    python3 -m venv .cache/bench/load/venv
    .cache/bench/load/venv/bin/pip install -r testdata/gen/requirements-xgboost.txt
    .cache/bench/load/venv/bin/python bench/load/load.py [--megabytes 200] [--rounds 5]

The first run makes the model, in .cache/bench/load: 200 trees of depth 7 that XGBoost trains, over and over until the JSON
file has the size, loaded and saved by XGBoost itself as JSON and as UBJSON. Each load is a process of its own, bound to one
core; in each round every reader has its turn. The time is that from before the file is opened to when the model is there,
without starting the process and importing. Memory is the kernel's peak of the process; what it was before loading is
also told (XGBoost's is mostly Python's). Needs Go and Linux.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / ".cache" / "bench" / "load"

# The one that loads. It prints the same line as glulam's.
XGBOOST = """
import json, sys, time
import xgboost

def peak():
    with open("/proc/self/status") as file:
        return 1024 * next((int(line.split()[1]) for line in file if line.startswith("VmHWM")), 0)

before = peak()
start = time.perf_counter()
booster = xgboost.Booster({"nthread": 1}, model_file=sys.argv[1])
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "trees": booster.num_boosted_rounds(), "before": before, "peak": peak()}))
"""


def make(megabytes):
    """The two files of about this size."""
    files = {kind: WORK / f"model{megabytes}.{kind}" for kind in ("json", "ubj")}
    if all(f.exists() for f in files.values()):
        return files
    import numpy as np
    import xgboost as xgb

    print(f"making {megabytes} MB of model in {WORK}", file=sys.stderr)
    random = np.random.Generator(np.random.PCG64(1))
    x = random.standard_normal((20000, 100), np.float32)
    y = x[:, :10].sum(axis=1) + random.standard_normal(20000)
    params = {"max_depth": 7, "eta": 0.05, "nthread": os.cpu_count(), "tree_method": "hist", "seed": 1}
    booster = xgb.train(params, xgb.DMatrix(x, y), 200)
    whole = json.loads(booster.save_raw("json"))
    model = whole["learner"]["gradient_booster"]["model"]
    trees = [json.dumps(t, separators=(",", ":")) for t in model["trees"]]
    wanted = megabytes * 1_000_000 * len(trees) // sum(map(len, trees))
    model["trees"] = ["TREES"]
    model["tree_info"] = [0] * wanted
    model["iteration_indptr"] = list(range(wanted + 1))
    model["gbtree_model_param"]["num_trees"] = str(wanted)
    text = json.dumps(whole)
    head, tail = text.split('"TREES"')
    raw = WORK / "raw.json"
    with open(raw, "w", encoding="utf-8") as file:
        file.write(head)
        for i in range(wanted):
            tree = trees[i % len(trees)]
            assert tree.count(f'"id":{i % len(trees)},') == 1
            file.write("," * (i > 0) + tree.replace(f'"id":{i % len(trees)},', f'"id":{i},'))
        file.write(tail)
    booster = xgb.Booster(model_file=raw)
    raw.unlink()
    for file in files.values():
        booster.save_model(file)
    return files


def measure(command):
    """What the command's line says."""
    core = {min(os.sched_getaffinity(0))}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"},
                             preexec_fn=lambda: os.sched_setaffinity(0, core))
    line = child.stdout.read()
    if child.wait():
        raise SystemExit(f"{' '.join(map(str, command[:2]))} failed")
    return json.loads(line)


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--megabytes", type=int, default=200, help="size of the JSON file")
    args.add_argument("--rounds", type=int, default=5, help="how often each reader loads each file")
    args = args.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", WORK / "glulam", "./bench/load"], cwd=ROOT, check=True)
    files = make(args.megabytes)
    readers = {
        "glulam, Parse": [WORK / "glulam", "parse"],
        "glulam, Load": [WORK / "glulam", "load"],
        "XGBoost": [sys.executable, "-c", XGBOOST],
    }
    runs = {(kind, name): [] for kind in files for name in readers}
    for n in range(args.rounds):
        for kind, file in files.items():
            file.read_bytes()  # from now on it is in the page cache, for all
            names = list(readers)
            for name in names[n % len(names):] + names[: n % len(names)]:
                runs[kind, name].append(measure([*readers[name], file]))
    report(files, readers, runs)


def report(files, readers, runs):
    import xgboost

    print(f"XGBoost {xgboost.__version__}, one core, {len(next(iter(runs.values())))} rounds; seconds: least, median\n")
    print("| file | MB | trees | reader | s | s | MB/s | peak MB | peak / file |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kind, file in files.items():
        size = file.stat().st_size
        trees = {run["trees"] for name in readers for run in runs[kind, name]}
        assert len(trees) == 1, trees
        for name in readers:
            all_ = runs[kind, name]
            seconds = [run["seconds"] for run in all_]
            peak = max(run["peak"] for run in all_)
            before = f" (before loading {all_[0]['before'] / 1e6:.0f})"
            print(f"| {kind} | {size / 1e6:.0f} | {min(trees)} | {name} | {min(seconds):.2f} | {statistics.median(seconds):.2f} | "
                  f"{size / 1e6 / statistics.median(seconds):.0f} | {peak / 1e6:.0f}{before} | {peak / size:.1f} |")


if __name__ == "__main__":
    main()
