"""Who wrote these words? Networks over word numbers: a GRU and a transformer."""

from typing import Any

from weighin import Recipe, model

WORDS, LENGTH = 400, 24  # numbers that words may have, and of a sequence
GRU = Recipe("authors", epochs=12, finetune_epochs=3, batch_size=64, learning_rate=2e-3)
TRANSFORMER = Recipe("authors", epochs=12, finetune_epochs=3, batch_size=64, learning_rate=2e-3)


@model(quick=GRU)
def authors_gru(keras: Any) -> Any:
    """GRU over embedded words: Carroll, Shakespeare or Milton? 19,235 parameters.

    Unrolled: converting its loop to integers ends TensorFlow's converter.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((LENGTH,), dtype="int32"),
            layers.Embedding(WORDS, 32),
            layers.Dropout(0.3),
            layers.GRU(32, unroll=True),
            layers.Dropout(0.3),
            layers.Dense(3, activation="softmax"),
        ]
    )


@model(quick=TRANSFORMER)
def authors_transformer(keras: Any) -> Any:
    """A small transformer: Carroll, Shakespeare or Milton? 22,979 parameters.

    Embedded words, one block of attention, their mean. The offset of the first normalization, one
    number for each place and feature, is what tells the places of words: a learned position,
    without a layer of one's own.
    """
    layers = keras.layers
    words = layers.Input((LENGTH,), dtype="int32")
    x = layers.Embedding(WORDS, 32)(words)
    x = layers.Dropout(0.3)(layers.LayerNormalization(axis=(1, 2))(x))
    attended = layers.MultiHeadAttention(num_heads=2, key_dim=16, dropout=0.1)(x, x)
    x = layers.LayerNormalization()(layers.Add()([x, attended]))
    dense = layers.Dense(32)(layers.Dense(64, activation="relu")(x))
    x = layers.LayerNormalization()(layers.Add()([x, layers.Dropout(0.3)(dense)]))
    x = layers.Dropout(0.3)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(words, layers.Dense(3, activation="softmax")(x))
