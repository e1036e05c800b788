"""Makes the same few columns of expect.json as other writers than Arrow's have them.

    python gen_others.py     (polars 2.1.0, duckdb 2.0.0, fastparquet 2026.9.0)
"""
import json
import math

import duckdb
import fastparquet
import pandas as pd
import polars as pl

with open("expect.json") as f:
    expect = json.load(f)
f64 = [float.fromhex(v) if v != "NaN" else None for v in expect["numbers"]["f64"]]
df = pd.DataFrame({
    "id": pd.array([int(v) for v in expect["ids"]], dtype="int64"),
    "f64": pd.array([math.nan if v is None else v for v in f64], dtype="float64"),
    "u16": pd.array([int(float.fromhex(v)) for v in expect["numbers"]["u16"]], dtype="uint16"),
    "bool": pd.array([None if v == "NaN" else v == "0x1.0000000000000p+0" for v in expect["numbers"]["bool"]], dtype="boolean"),
    "s": expect["texts"]["s"],
})
pl.from_pandas(df, nan_to_null=True).write_parquet("polars.parquet", row_group_size=40)
duckdb.sql("copy (select * from df) to 'duckdb.parquet' (format parquet, parquet_version v2, compression zstd)")
fastparquet.write("fastparquet.parquet", df, row_group_offsets=40, compression="SNAPPY", stats=False)
