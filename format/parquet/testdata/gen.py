"""Makes the Parquet files of this folder, as another implementation than arrow-go writes them.

    python gen.py            (pyarrow 25.0.1)

Each file has the same 97 rows. expect.json says what is in them.
"""
import datetime as dt
import decimal
import json
import math
import random

import pyarrow as pa
import pyarrow.parquet as pq

N = 97
rng = random.Random(7)


def sometimes(v, i, every=7):
    return None if i % every == 3 else v


def columns():
    ids = [2**63 - 1 - i for i in range(N)]
    ids[5] = -(2**63)
    u64 = [2**64 - 1 - i for i in range(N)]
    f64 = [rng.uniform(-1e6, 1e6) for _ in range(N)]
    f64[4], f64[5], f64[6] = math.inf, -math.inf, math.nan
    words = ["", "ja", "näin", "漢字", "a,b\"c\n", "x" * 40]
    c = {}
    c["id"] = pa.array(ids, pa.int64())
    c["u64"] = pa.array([sometimes(v, i) for i, v in enumerate(u64)], pa.uint64())
    c["i8"] = pa.array([sometimes(i % 256 - 128, i) for i in range(N)], pa.int8())
    c["u8"] = pa.array([i * 2 for i in range(N)], pa.uint8())
    c["i16"] = pa.array([sometimes(-30000 + i, i) for i in range(N)], pa.int16())
    c["u16"] = pa.array([65535 - i for i in range(N)], pa.uint16())
    c["i32"] = pa.array([sometimes(-(2**31) + i, i) for i in range(N)], pa.int32())
    c["u32"] = pa.array([2**32 - 1 - i for i in range(N)], pa.uint32())
    c["f16"] = pa.array([sometimes(v, i) for i, v in enumerate([2.0**-24, -1.5, 65504.0, math.inf] * 25)][:N], pa.float16())
    c["f32"] = pa.array([sometimes(i / 10, i) for i in range(N)], pa.float32())
    c["f64"] = pa.array([sometimes(v, i, 11) for i, v in enumerate(f64)], pa.float64())
    c["bool"] = pa.array([sometimes(i % 3 == 0, i) for i in range(N)], pa.bool_())
    c["d9"] = pa.array([sometimes(decimal.Decimal(i * 7 - 100).scaleb(-2), i) for i in range(N)], pa.decimal128(9, 2))
    c["d38"] = pa.array([decimal.Decimal(10**37 + i).scaleb(-10) * (-1) ** i for i in range(N)], pa.decimal128(38, 10))
    c["d76"] = pa.array([sometimes(decimal.Decimal(-(10**70) - i).scaleb(-30), i) for i in range(N)], pa.decimal256(76, 30))
    c["s"] = pa.array([sometimes(words[i % len(words)], i, 5) for i in range(N)], pa.string())
    c["ls"] = pa.array([words[i % len(words)] for i in range(N)], pa.large_string())
    c["bin"] = pa.array([sometimes(bytes([i, 255, 0]), i) for i in range(N)], pa.binary())
    c["fsb"] = pa.array([sometimes(bytes([i] * 5), i) for i in range(N)], pa.binary(5))
    c["dict"] = pa.array([sometimes(words[i * i % len(words)], i) for i in range(N)], pa.string()).dictionary_encode()
    c["dict8"] = c["dict"].cast(pa.dictionary(pa.int8(), pa.string()))
    day = dt.date(1969, 12, 1)
    c["date"] = pa.array([sometimes(day + dt.timedelta(days=i), i) for i in range(N)], pa.date32())
    c["t_ms"] = pa.array([i * 1000 for i in range(N)], pa.time32("ms"))
    c["t_us"] = pa.array([sometimes(i * 1000001, i) for i in range(N)], pa.time64("us"))
    c["ts_ms"] = pa.array([sometimes(1700000000000 + i, i) for i in range(N)], pa.timestamp("ms"))
    c["ts_us"] = pa.array([1700000000000000 + i for i in range(N)], pa.timestamp("us", "Europe/Berlin"))
    c["ts_ns"] = pa.array([-i for i in range(N)], pa.timestamp("ns", "UTC"))
    c["dur"] = pa.array([sometimes(i * 10**9, i) for i in range(N)], pa.duration("us"))
    c["none"] = pa.array([None] * N, pa.null())
    c["constant"] = pa.array([42.0] * N, pa.float64())
    c["empty"] = pa.array([None] * N, pa.float64())
    c["list"] = pa.array([sometimes([j for j in range(i % 4)] + [None], i) for i in range(N)], pa.list_(pa.int32()))
    c["struct"] = pa.array(
        [sometimes({"x": sometimes(i / 4, i, 9), "in": {"s": words[i % 3], "n": i}}, i) for i in range(N)],
        pa.struct([("x", pa.float64()), ("in", pa.struct([("s", pa.string()), ("n", pa.int64())]))]))
    c["map"] = pa.array([sometimes([(words[j], j) for j in range(1, i % 3 + 1)], i) for i in range(N)], pa.map_(pa.string(), pa.int64()))
    c["with.dot"] = pa.array([float(i) for i in range(N)], pa.float64())
    return c


def number(v):
    if v is None or isinstance(v, float) and math.isnan(v):
        return "NaN"
    if isinstance(v, decimal.Decimal):
        v = float(str(v))
    return float(v).hex() if not isinstance(v, bool) else float(v).hex()


table = pa.table(columns())
numbers = ["id", "u64", "i8", "u8", "i16", "u16", "i32", "u32", "f16", "f32", "f64", "bool", "d9", "d38", "d76", "constant", "empty", "with.dot"]
texts = ["s", "ls", "dict", "dict8"]
expect = {
    "rows": N,
    "numbers": {k: [number(v) for v in table[k].to_pylist()] for k in numbers},
    "texts": {k: table[k].to_pylist() for k in texts},
    "ids": [str(v) for v in table["id"].to_pylist()],
    "types": {f.name: str(f.type) for f in table.schema},
}
expect["numbers"]["struct.x"] = [number(v and v["x"]) for v in table["struct"].to_pylist()]
expect["numbers"]["struct.in.n"] = [number(v and v["in"]["n"]) for v in table["struct"].to_pylist()]
expect["texts"]["struct.in.s"] = [v and v["in"]["s"] for v in table["struct"].to_pylist()]
with open("expect.json", "w") as f:
    json.dump(expect, f, ensure_ascii=False, separators=(",", ":"))
    f.write("\n")

pq.write_table(table, "snappy.parquet", row_group_size=40, compression="snappy", write_page_checksum=True)
pq.write_table(table, "zstd_v2.parquet", row_group_size=35, compression="zstd", data_page_version="2.0", data_page_size=200, write_batch_size=16)
pq.write_table(table, "gzip_int.parquet", compression="gzip", store_decimal_as_integer=True, use_dictionary=False, write_page_checksum=True)
pq.write_table(table, "plain.parquet", row_group_size=50, compression="none", use_dictionary=False, data_page_size=100, write_batch_size=10, write_page_checksum=True)
pq.write_table(table, "brotli_v2.parquet", row_group_size=33, compression="brotli", data_page_version="2.0", write_page_checksum=True, store_schema=False)
encodings = {"id": "DELTA_BINARY_PACKED", "i32": "DELTA_BINARY_PACKED", "s": "DELTA_BYTE_ARRAY", "ls": "DELTA_LENGTH_BYTE_ARRAY",
             "f32": "BYTE_STREAM_SPLIT", "f64": "BYTE_STREAM_SPLIT", "bool": "RLE"}
pq.write_table(table, "lz4_delta.parquet", row_group_size=60, compression="lz4", use_dictionary=False, column_encoding=encodings, write_page_checksum=True)
pq.write_table(table.select(["id", "fsb"]), "refused.parquet", use_dictionary=False, column_encoding={"fsb": "DELTA_BYTE_ARRAY"})
pq.write_table(table.select(["id", "ts_ns", "s"]), "int96.parquet", use_deprecated_int96_timestamps=True)
pq.write_table(table.slice(0, 0), "norows.parquet")
