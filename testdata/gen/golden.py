"""The golden container: what LightGBM said, in a form that any language reads in a few lines.

gzip of, all little-endian:

    magic        4 bytes "GLGD"
    version      uint32, 1
    rows         uint32  n
    outputs      uint32  K, values per row
    trees        uint32  T, all trees (iterations x K)
    leaf rows    uint32  L, how many of the first rows have leaf indices (0..n)
    features     uint32  F, columns of the matrix, 0 when the rows are those of rows.*
    flags        uint32  bit 0: predictions are stored; clear: they equal the margins bit for bit
    matrix       float64 [n*F], row-major
    margins      float64 [n*K], row-major
    predictions  float64 [n*K], row-major, if bit 0 of flags is set
    leaves       uint16  [L*T], row-major
"""

import gzip
import struct

import numpy as np

HEADER = struct.Struct("<4s7I")


def write(path, margins, predictions, leaves, trees, matrix=None):
    n, k = margins.shape
    stored = margins.tobytes() != predictions.tobytes()
    parts = [] if matrix is None else [matrix.astype("<f8").tobytes()]
    parts.append(margins.astype("<f8").tobytes())
    if stored:
        parts.append(predictions.astype("<f8").tobytes())
    assert leaves.size == 0 or (leaves.min() >= 0 and leaves.max() < 65536)
    parts.append(leaves.astype("<u2").tobytes())
    features = 0 if matrix is None else matrix.shape[1]
    head = HEADER.pack(b"GLGD", 1, n, k, trees, len(leaves), features, int(stored))
    with open(path, "wb") as file:
        # No name and no time, so that the same numbers give the same bytes.
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as out:
            out.write(head + b"".join(parts))


def read(path):
    raw = gzip.decompress(path.read_bytes())
    magic, version, n, k, trees, leaf_rows, features, flags = HEADER.unpack_from(raw)
    assert magic == b"GLGD" and version == 1
    at = HEADER.size

    def take(kind, *shape):
        nonlocal at
        array = np.frombuffer(raw, kind, int(np.prod(shape)), at).reshape(shape)
        at += array.nbytes
        return array

    matrix = take("<f8", n, features) if features else None
    margins = take("<f8", n, k)
    predictions = take("<f8", n, k) if flags & 1 else margins
    leaves = take("<u2", leaf_rows, trees)
    assert at == len(raw)
    return matrix, margins, predictions, leaves
