"""What others have published of the models here; apart from their files.

A change in a model's file builds all its artifacts anew, one in this file none.
"""

from weighin import Anchor, published

DEEP_COMPRESSION = "Deep Compression (Han, Mao, Dally 2015)"
CODED = "4-byte weights ÷ coded weights and indices, not a loadable file"

published(
    "mnist_cnn",
    Anchor("MachineCurve 2020", 8.58, "dense .h5 zipped ÷ pruned and quantized .tflite zipped"),
)
published("lenet_300_100", Anchor(DEEP_COMPRESSION, 40, CODED))
published("lenet5", Anchor(DEEP_COMPRESSION, 39, CODED))
