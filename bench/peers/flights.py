"""What someone who scores flights knows about the table: how its columns are to be read."""

import json

# Columns of text. LightGBM's model file keeps their categories, in the order of its features.
TEXTS = ("carrier", "origin", "dest", "manufacturer", "engine")


def categories(booster):
    """The categories of each text feature of the model, by name."""
    texts = [name for name in booster.feature_name() if name in TEXTS]
    return dict(zip(texts, booster.pandas_categorical or [], strict=True))


def described(path):
    """Features and categories of a model file, without LightGBM."""
    with open(path) as file:
        lines = file.read().splitlines()
    features = next(line.split("=", 1)[1].split() for line in lines if line.startswith("feature_names="))
    levels = next((line.split(":", 1)[1] for line in reversed(lines) if line.startswith("pandas_categorical:")), "null")
    texts = [name for name in features if name in TEXTS]
    return features, dict(zip(texts, json.loads(levels) or [], strict=True))
