"""Which variants the suites weigh: `pytest bench/ --benchmark-only --weighin-suite NAME`."""

from weighin import suite

MODELS = ("mnist_cnn", "lenet_300_100", "lenet5")
SPARSITIES = (0.5, 0.75, 0.875, 0.9375, 0.97)  # 2, 4, 8, 16 and 33 times fewer weights
QUICK = ("baseline", "prune(0.8)", "dynamic", "int8", "prune(0.8)+int8")

suite("quick", profile="quick", models=MODELS, variants=QUICK)

suite(
    "full",
    profile="full",
    models=MODELS,
    variants=(
        *QUICK,
        "finetune",
        "channels(0.5)",
        "channels(0.5)+int8",
        "float16",
        "prune(0.8)+dynamic",
        "prune(0.8)+float16",
        "prune(0.9)",
        "prune(0.9)+int8",
        "prune(0.8,schedule=constant)",
        "prune(0.7,begin=0.4)",
        "prune(0.7,begin=0.4)+dynamic",
    ),
)

suite(
    "curve",
    profile="quick",
    models=MODELS,
    variants=(
        "baseline",
        *(f"prune({sparsity})" for sparsity in SPARSITIES),
        *(f"prune({sparsity})+int8" for sparsity in SPARSITIES),
    ),
    seeds=3,
)
