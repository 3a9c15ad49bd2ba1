"""Which variants the suites weigh: `pytest bench/ --benchmark-only --weighin-suite NAME`."""

from weighin import suite

MODELS = ("mnist_cnn", "lenet_300_100", "lenet5")
SPARSITIES = (0.5, 0.75, 0.875, 0.9375, 0.97)  # 2, 4, 8, 16 and 33 times fewer weights
QUICK = ("baseline", "prune(0.8)", "dynamic", "int8", "prune(0.8)+int8")

FULL = (
    *QUICK,
    "finetune",
    "channels(0.5)",
    "channels(0.5)+int8",
    "float16",
    "prune(0.8)+float16",
    "prune(0.8)+dynamic",
    "prune(0.9)",
    "prune(0.9)+int8",
    "cluster(16)+int8",
    "qat+int8",
)
COMPACT = ("compact(int8,scales=tensor)", "compact(dynamic,scales=tensor)")
ONE_SHOT = ("baseline", "float16", "dynamic", "int8", "prune(0.8)+int8")

suite("quick", profile="quick", models=MODELS, variants=QUICK)
suite("full", profile="full", models=(*MODELS, "fashion_cnn"), variants=FULL, seeds=3)

# The 2020 article's rows, and those that it lacks; then its sequel's, of 30 further epochs
ARTICLE = "prune(0.7,begin=0.4)"
EXPORTS = ("dynamic", "dynamic(scales=tensor)", "int8")  # of 2020 was one scale for a kernel
suite(
    "article",
    profile="full",
    models=("mnist_cnn",),
    variants=("baseline", *EXPORTS, ARTICLE, *(f"{ARTICLE}+{export}" for export in EXPORTS)),
    seeds=3,
)
suite(
    "article_schedules",
    profile="schedules",
    models=("mnist_cnn",),
    variants=("baseline", "prune(0.875,schedule=constant)", "prune(0.875)", "cluster(14)"),
    seeds=3,
)

RESNET = (*FULL, *(f"prune(0.6,scope=global)+{export}" for export in COMPACT))
suite("cifar10", profile="full", models=("resnet8",), variants=RESNET)
suite("cifar10_test1k", profile="test1k", models=("resnet8",), variants=RESNET)
suite(
    "keywords",
    profile="full",
    models=("ds_cnn", "kws_ds_cnn"),
    variants={
        "ds_cnn": (*QUICK, "float16", "prune(0.5)", "prune(0.5)+int8"),
        "kws_ds_cnn": ("baseline", "float16", "dynamic", "int8"),  # nothing to train it on
    },
)
suite(
    "mobilenet",
    profile="full",
    models=(
        *("mobilenet_v1_025_96", "mobilenet_v1_050_96", "mobilenet_v1_100_96"),
        *("mobilenet_v1_025_224", "mobilenet_v1_050_224", "mobilenet_v1_100_224"),
    ),
    variants=(*ONE_SHOT, "channels(0.5)", "channels(0.5)+int8"),
)
suite(
    "applications",
    profile="full",
    models=(
        *("Xception", "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152"),
        *("ResNet50V2", "ResNet101V2", "ResNet152V2", "InceptionV3", "InceptionResNetV2"),
        *("MobileNet", "MobileNetV2", "DenseNet121", "DenseNet169", "DenseNet201"),
        *("NASNetMobile", "NASNetLarge", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2"),
        *("EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6"),
        "EfficientNetB7",
    ),
    variants=ONE_SHOT,
)

# Every task, on data made of what is embedded; the last two where their recordings are at hand
SPOKEN = ("sound_cnn", "ad_autoencoder")
TASKS = (
    *("rows_lstm", "rows_gru", "two_digits_cnn", "unet", "digit_detector"),
    *("digit_autoencoder", "left_out_autoencoder", "same_digit_cnn", "diabetes_mlp"),
    *("breast_cancer_mlp", "authors_gru", "authors_transformer", "super_resolution"),
    *("strip_reader", *SPOKEN),
)
suite(
    "tasks",
    profile="quick",
    models=TASKS,
    variants=("baseline", "finetune", "prune(0.8)", "dynamic", "int8", "prune(0.8)+int8"),
    optional=SPOKEN,
)

# On every engine there is: python -m bench.ladder FOLDER all_engines all_engines_full …
ENGINES = ("baseline", "float16", "dynamic", "int8", "onnx_int8", "onnx_dynamic")
suite(
    "all_engines",
    profile="quick",
    models=(*MODELS, "mobilenet_v1_025_96", *TASKS),
    variants=ENGINES,
    optional=SPOKEN,
)
suite("all_engines_test1k", profile="test1k", models=("resnet8",), variants=ENGINES)
suite("all_engines_full", profile="full", models=("ds_cnn", "kws_ds_cnn"), variants=ENGINES)

# What bench/gpu.sh weighs beside the CPU: the embedded digits, and two of random weights and noise
suite(
    "gpu",
    profile="quick",
    models=("mnist_cnn", "mobilenet_v1_100_224", "ResNet50"),
    variants=("baseline", "float16"),
)

suite(
    "curve",
    profile="quick",
    models=MODELS,
    variants=(
        "baseline",
        *(f"prune({sparsity})" for sparsity in SPARSITIES),
        *(f"prune({sparsity},scope=global)" for sparsity in SPARSITIES),
        *(f"prune({sparsity},criterion=random)" for sparsity in SPARSITIES),
        *(f"prune({sparsity})+int8" for sparsity in SPARSITIES),
    ),
    seeds=3,
)

# The converter's own quantization beside litert-quantizer's recipes: size, quality, speed
RECIPES = (
    *("baseline", "dynamic", "litert(dynamic_wi8_afp32)", "int8", "litert(static_wi8_ai8)"),
    *("int16x8", "litert(static_wi8_ai16)", "int4", "litert(dynamic_wi4_afp32)"),
    *("litert(dynamic_wi4_afp32,algorithm=octav)", "litert(weight_only_wi4_afp32)"),
    *("litert(static_wi8_ai8,algorithm=octav)", "litert(dynamic_wi4b32_afp32)"),
)
suite("litert_quick", profile="quick", models=MODELS, variants=RECIPES)
suite(
    "litert_full",
    profile="full",
    models=(*MODELS, "fashion_cnn", "resnet8", "ds_cnn", "kws_ds_cnn", "mobilenet_v1_025_96"),
    variants=RECIPES,
    optional=("resnet8", "ds_cnn", "kws_ds_cnn"),
)

# As small as a file gets without being worse than its dense start: `weighin record RESULTS`
SMALLEST = (
    "reorder(int8,scales=tensor)",
    "reorder(int4,scales=tensor)",
    "reorder(int4,bias_bits=6,fit=outputs,scales=tensor,smallest=0)",
)
DENSE = (  # pairs of inputs that are pruned together lie in one byte of int4
    "prune(0.965,begin=0.5,ramp=0.6,scope=recipe)+cluster(16)",
    "prune(0.95,begin=0.5,block=2x1,ramp=0.6,scope=recipe)+cluster(16)",
)
CONVOLUTIONAL = (
    "channels(0.5)+prune(0.93,ramp=0.6,scope=global)",
    "channels(0.5)+prune(0.93,ramp=0.6,scope=global)+cluster(16)",
)
suite(
    "record",
    profile="record",
    models=MODELS,
    variants={
        "lenet_300_100": ("baseline", *(f"{steps}+{end}" for steps in DENSE for end in SMALLEST)),
        "lenet5": ("baseline", *(f"{steps}+{end}" for steps in CONVOLUTIONAL for end in SMALLEST)),
        "mnist_cnn": (
            "baseline",
            *(f"{steps}+{end}" for steps in CONVOLUTIONAL for end in SMALLEST),
        ),
    },
)
