"""LightGBM's own predictor of files, which is what `lightgbm task=predict` runs, called by its C interface: the packages for
Python do not bring the program along. No package is imported, so that as little as possible is counted beside it.

with_lightgbm.py [--threads N] MODEL INPUT OUTPUT

INPUT is CSV with a header that is not quoted and the model's features alone, because it takes no texts. OUTPUT gets
predictions alone.
"""

import argparse
import ctypes
import importlib.util
import os


def main():
    args = argparse.ArgumentParser()
    args.add_argument("model")
    args.add_argument("input")
    args.add_argument("output")
    args.add_argument("--threads", type=int, default=2)
    args = args.parse_args()

    package = importlib.util.find_spec("lightgbm").submodule_search_locations[0]
    lib = ctypes.CDLL(os.path.join(package, "lib", "lib_lightgbm.so"))
    lib.LGBM_GetLastError.restype = ctypes.c_char_p

    def call(function, *arguments):
        if function(*arguments) != 0:
            raise RuntimeError(lib.LGBM_GetLastError().decode())

    booster, rounds = ctypes.c_void_p(), ctypes.c_int()
    call(lib.LGBM_BoosterCreateFromModelfile, args.model.encode(), ctypes.byref(rounds), ctypes.byref(booster))
    header, normal, first, all_of_them = 1, 0, 0, -1
    parameters = f"num_threads={args.threads} verbosity=-1".encode()
    call(lib.LGBM_BoosterPredictForFile, booster, args.input.encode(), header, normal, first, all_of_them, parameters, args.output.encode())


if __name__ == "__main__":
    main()
