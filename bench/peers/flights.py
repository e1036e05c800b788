"""What someone who scores flights knows about the table: how its columns are to be read."""

# Columns of text. LightGBM's model file keeps their categories, in the order of its features.
TEXTS = ("carrier", "origin", "dest", "manufacturer", "engine")


def categories(booster):
    """The categories of each text feature of the model, by name."""
    texts = [name for name in booster.feature_name() if name in TEXTS]
    return dict(zip(texts, booster.pandas_categorical or [], strict=True))
