"""Compiles a LightGBM model to machine code, which takes minutes for a large one.

compile.py lleaves|tl2cgen MODEL OUTPUT
compile.py --name lleaves|tl2cgen MODEL      # prints the name for what would be made: it changes with model and version
"""

import argparse
import hashlib
import os
import subprocess
import sys
import time
from importlib.metadata import version


def name(compiler, model):
    with open(model, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{digest[:16]}-{compiler}-{version(compiler)}.{'o' if compiler == 'lleaves' else 'so'}"


def lleaves(model, part):
    import lleaves

    # Raw scores: what the objective makes of them is one line of numpy. Its own defaults are kept else.
    lleaves.Model(model).compile(cache=part, raw_score=True)


def tl2cgen(model, part):
    import tl2cgen
    import treelite

    trees = treelite.frontend.load_lightgbm_model(model)
    tl2cgen.export_lib(trees, toolchain="gcc", libpath=part, params={"parallel_comp": 16}, nthread=1, verbose=False)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("compiler", choices=("lleaves", "tl2cgen"))
    args.add_argument("model")
    args.add_argument("output", nargs="?")
    args.add_argument("--name", action="store_true")
    args = args.parse_args()
    if args.name:
        print(name(args.compiler, args.model))
        return
    print(f"{args.compiler} compiles {args.model}: ten minutes for 500 trees, seconds for 100", file=sys.stderr, flush=True)
    begin = time.monotonic()
    os.makedirs(os.path.dirname(args.output), exist_ok=True)
    stem, end = os.path.splitext(args.output)
    part = f"{stem}.part{end}"
    {"lleaves": lleaves, "tl2cgen": tl2cgen}[args.compiler](args.model, part)
    if args.compiler == "lleaves":  # a library, too, for calls from C; without a linker there are none
        subprocess.run(["cc", "-shared", "-o", stem + ".so", part, "-lm"], check=False)
    os.replace(part, args.output)
    print(f"{args.compiler} took {time.monotonic() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
