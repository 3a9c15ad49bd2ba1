"""Sessions answer as the file says: batched or one by one, float or quantized."""

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from helpers import flatbuffer, needing
from helpers.commands import answer

from weighin import registry
from weighin.core import WeighinError
from weighin.measure.cold_start import cold_starts
from weighin.packages import missing
from weighin.runtimes import _litert
from weighin.runtimes.keras import KerasGPU
from weighin.runtimes.litert import BATCH
from weighin.targets import machine

VARIANTS = ("baseline", "prune(0.5)", "dynamic", "int8", "prune(0.5)+int8")
ROUNDING = 1e-5  # sums of a batch are rounded otherwise than those of one image
INT8_STEP = 1 / 256  # the scale of a softmax's int8 scores

KERAS = """
import json, sys
from pathlib import Path
import numpy as np
from weighin import registry
from weighin.core import WeighinError

images = np.load(sys.argv[1])

def only(outputs):
    (scores,) = outputs.values()
    return scores.tolist()

answers, refusals, kept = [], [], []
from weighin.frameworks import sessions
first_opening = sessions._TracedFile.open

def opening(self):
    kept.append(self)
    return first_opening(self)

sessions._TracedFile.open = opening
for path, name in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
    session = registry.runtimes["keras-cpu"].open(Path(path), 1)
    call = session.inference({name: images[7:8]})
    call()
    answers.append([only(session.predict({name: images})), only(session.predict({name: images})),
                    only(session.predict({name: images[:1]})), only(session.answer())])
    session.close()
for runtime, threads in (("keras-cpu", 2), ("keras-gpu", 1)):
    try:
        registry.runtimes[runtime].open(Path(sys.argv[2]), threads)
    except WeighinError as error:
        refusals.append(str(error))
# the CPU in a GPU's place, and XLA on the CPU: told what the first file answers
from weighin.frameworks import process
from weighin.runtimes import keras
process.gpu_count = lambda: 1
instead = keras.KerasGPU(0)
instead.device = "/CPU:0"
others = []
for runtime in (instead, registry.runtimes["keras-jit"]):
    for _ in range(2):
        session = runtime.open(Path(sys.argv[2]), 1)
        call = session.inference({sys.argv[3]: images[7:8]})
        call()
        others.append([only(session.predict({sys.argv[3]: images})), only(session.answer())])
        session.close()
tf32 = process.tensorflow().config.experimental.tensor_float_32_execution_enabled()
compiled = [made._first._jit_compile for made in kept]
print(json.dumps([answers, refusals, [others, tf32, compiled]]))
"""


@pytest.fixture
def open_file():
    """Open .tflite files with LiteRT; all are closed in the end."""
    sessions = []

    def open_one(path, threads=1):
        sessions.append(registry.runtimes["litert"].open(path, threads))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()


def inputs(data, start=0, stop=None):
    """Images as the tiny models take them: 6×6 and one channel."""
    (images,) = data.inputs(start, stop).values()
    return images[..., np.newaxis]


def only(artifact):
    """The scores that the Keras model gave when the file was built."""
    (scores,) = artifact.outputs().values()
    return scores


def predict(session, images):
    """The scores of images, by a session with one input and one output."""
    (scores,) = session.predict({"x": images}).values()
    return scores


def answer_to(session):
    """The scores of the last call."""
    (scores,) = session.answer().values()
    return scores


def _one_by_one(session, images):
    answers = []
    for index in range(len(images)):
        session.inference({"x": images[index : index + 1]})()
        answers.append(answer_to(session))
    return np.concatenate(answers)


@pytest.fixture
def interpreters(monkeypatch):
    """Interpreters that are opened from now on, and the images that each was given."""
    opened = []

    class Watched(_litert._Interpreter):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.given = []
            opened.append(self)

        def set(self, inputs):
            self.given += inputs.values()
            super().set(inputs)

    monkeypatch.setattr(_litert, "_Interpreter", Watched)
    return opened


@pytest.mark.parametrize(("most", "wanted"), [(10**9, BATCH), (3 * 6 * 6 * 4, 3), (1, 1)])
def test_batches_of_large_images_are_small(
    shop, tiny_data, open_file, monkeypatch, interpreters, most, wanted
):
    """What a batch takes is bounded, and at least one image goes in."""
    monkeypatch.setattr(_litert, "BATCH_BYTES", most)
    session = open_file(shop.artifact().path)
    predict(session, inputs(tiny_data.train)[:8])  # what a file is tried by comes first
    for interpreter in interpreters:
        interpreter.given.clear()
    predict(session, inputs(tiny_data.train))
    sizes = [len(images) for interpreter in interpreters for images in interpreter.given]

    assert wanted == max(sizes)
    assert len(tiny_data.train) == sum(sizes)


def test_interpreters_are_opened_once(shop, tiny_data, open_file, monkeypatch, interpreters):
    """One for single inferences and at most one per core, however often batches are answered."""
    monkeypatch.setattr(machine, "usable_cores", lambda: 3)
    session = open_file(shop.artifact().path)
    first, *again = (predict(session, inputs(tiny_data.train)) for _ in range(5))

    assert len(interpreters) <= 1 + 3
    assert all(np.array_equal(first, scores) for scores in again)


def test_a_batch_that_fails_is_told(shop, tiny_data, open_file, monkeypatch, interpreters):
    """By its own error, whichever thread met it; the session answers on."""
    session = open_file(shop.artifact().path)
    wanted = predict(session, inputs(tiny_data.test))
    with pytest.raises(
        WeighinError, match=r"takes inputs of \[1, 6, 6, 1\] as '\w+', not \[\d+, 6, 6\]"
    ):
        predict(session, inputs(tiny_data.test)[..., 0])

    np.testing.assert_array_equal(predict(session, inputs(tiny_data.test)), wanted)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("count", [1, 2, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 7])
def test_batches_are_answered_as_images_one_by_one(shop, tiny_data, open_file, variant, count):
    """Whatever the number of images, each is answered as it is alone, and in its place."""
    session = open_file(shop.artifact(variant, model="tiny_cnn").path)
    images = np.resize(inputs(tiny_data.train), (count, 6, 6, 1))
    alone = _one_by_one(session, images)
    scores = predict(session, images)
    tolerance = INT8_STEP * 1.001 if "int8" in variant else ROUNDING

    assert (count, 3) == scores.shape
    assert np.float32 == scores.dtype
    assert np.abs(alone - scores).max() <= tolerance


@pytest.mark.parametrize("variant", ["baseline", "prune(0.5)"])
@pytest.mark.parametrize("model", ["tiny", "tiny_cnn"])
def test_float_files_answer_as_the_keras_model(shop, tiny_data, open_file, model, variant):
    """The scores are those that Keras gave when the file was built."""
    artifact = shop.artifact(variant, model=model)
    wanted = only(artifact)

    scores = predict(open_file(artifact.path), inputs(tiny_data.test, 0, len(wanted)))

    assert len(tiny_data.test) == len(wanted)
    np.testing.assert_allclose(scores, wanted, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_runtime_without_delegate_answers_like_the_one_with_it(shop, tiny_data, variant):
    """LiteRT's own kernels give the same scores but for rounding, and nothing is delegated."""
    path = shop.artifact(variant, model="tiny_cnn").path
    images = inputs(tiny_data.test, 0, BATCH + 3)
    with_it, without = (
        registry.runtimes[name].open(path, 1) for name in ("litert", "litert-builtin")
    )
    scores = predict(without, images)
    tolerance = INT8_STEP * 3.001 if "int8" in variant or variant == "dynamic" else ROUNDING

    taken, total = without.delegated
    assert 0 == taken < total
    assert with_it.delegated[0] > 0
    assert tuple(range(total)) == without.left_out
    assert np.abs(scores - predict(with_it, images)).max() <= tolerance
    np.testing.assert_allclose(_one_by_one(without, images), scores, rtol=0, atol=tolerance)


def test_the_runtime_without_delegate_starts_in_a_process_of_its_own(shop, tiny_data):
    """A cold start by its name answers, and so does the call that costs next to nothing."""
    path, image = shop.artifact().path, inputs(tiny_data.test, 0, 1)
    session = registry.runtimes["litert-builtin"].open(path, 1)

    (started,) = cold_starts("litert-builtin", path, 1, {"x": image})

    np.testing.assert_allclose(started.answer, predict(session, image)[0], rtol=0, atol=ROUNDING)
    registry.runtimes["litert-builtin"].call_overhead()()


@pytest.mark.parametrize("variant", VARIANTS)
def test_scores_differ_from_image_to_image(shop, tiny_data, open_file, variant):
    """The answers depend on the images: no session answers from an old input."""
    scores = predict(open_file(shop.artifact(variant).path), inputs(tiny_data.test))

    assert {0, 1, 2} == set(scores.argmax(axis=1).tolist())


@pytest.mark.parametrize("variant", VARIANTS)
def test_asking_twice_gives_the_same(shop, tiny_data, open_file, variant):
    """A session keeps nothing of one question for the next."""
    session = open_file(shop.artifact(variant, model="tiny_cnn").path)
    images = inputs(tiny_data.test)
    first = predict(session, images)
    session.inference({"x": images[3:4]})()
    predict(session, images[::-1])

    np.testing.assert_array_equal(predict(session, images), first)


def test_an_inference_can_be_repeated(shop, tiny_data, open_file):
    """The call that is timed answers the same image every time, batches in between or not."""
    session = open_file(shop.artifact().path)
    images = inputs(tiny_data.test)
    call = session.inference({"x": images[5:6]})
    call()
    first = answer_to(session).copy()
    predict(session, images)
    call()

    np.testing.assert_array_equal(answer_to(session), first)


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_no_answer(shop, tiny_data, open_file, threads):
    """More threads answer alike."""
    path = shop.artifact(model="tiny_cnn").path
    images = inputs(tiny_data.test)
    wanted = predict(open_file(path, 1), images)

    np.testing.assert_allclose(
        predict(open_file(path, threads), images), wanted, rtol=0, atol=ROUNDING
    )


@pytest.mark.parametrize("variant", ["int8", "prune(0.5)+int8"])
def test_int8_images_and_scores_are_scaled_as_the_file_says(shop, tiny_data, open_file, variant):
    """A session quantizes its input and restores its output by the file's own scales."""
    path = shop.artifact(variant, model="tiny_cnn").path
    native = Interpreter(model_path=str(path))
    native.allocate_tensors()
    (into,), (out,) = native.get_input_details(), native.get_output_details()
    (in_scale, in_zero), (out_scale, out_zero) = (
        (float(held["scales"][0]), int(held["zero_points"][0]))
        for held in (into["quantization_parameters"], out["quantization_parameters"])
    )
    wanted = []
    for image in inputs(tiny_data.test, 0, 20):
        steps = [round(float(value) / in_scale) + in_zero for value in image.reshape(-1)]
        stored = [min(127, max(-128, step)) for step in steps]
        native.set_tensor(into["index"], np.array(stored, np.int8).reshape(1, 6, 6, 1))
        native.invoke()
        raw = native.get_tensor(out["index"])[0]
        wanted.append([(int(value) - out_zero) * out_scale for value in raw])

    scores = _one_by_one(open_file(path), inputs(tiny_data.test, 0, 20))

    assert np.int8 == into["dtype"] == out["dtype"]
    np.testing.assert_allclose(scores, wanted, rtol=1e-6, atol=1e-7)


def test_values_beyond_the_scale_are_clipped(shop, open_file):
    """Inputs too bright or too dark for int8 are taken as the brightest and darkest there are."""
    session = open_file(shop.artifact("int8").path)
    extremes = np.full((2, 6, 6, 1), 1, np.float32)
    extremes[1] = 0
    beyond = np.full((2, 6, 6, 1), 1000, np.float32)
    beyond[1] = -1000

    np.testing.assert_array_equal(predict(session, beyond), predict(session, extremes))


def test_a_file_of_an_open_batch_answers_alike(shop, tiny_data, open_file, tmp_path):
    """Whether the batch dimension is fixed at 1 or left open, many images are answered."""
    whole = shop.artifact().path.read_bytes()
    tensor = schema.Model.GetRootAs(whole, 0).Subgraphs(0).Tensors(0)
    assert tensor.ShapeSignatureLength() == 0  # a fixed one has none
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(whole, 0))
    model.subgraphs[0].tensors[0].shapeSignature = [-1, 6, 6, 1]
    builder = flatbuffers.Builder(len(whole))
    builder.Finish(model.Pack(builder), b"TFL3")
    (tmp_path / "open.tflite").write_bytes(bytes(builder.Output()))
    images = inputs(tiny_data.test, 0, 7)

    np.testing.assert_allclose(
        predict(open_file(tmp_path / "open.tflite"), images),
        predict(open_file(shop.artifact().path), images),
        rtol=0,
        atol=ROUNDING,
    )


def _reshaping(folder):
    """A file whose reshape names a batch of one, so that it cannot be resized."""
    weights = np.random.default_rng(0).normal(size=(3, 36)).astype(np.float32)
    graph = flatbuffer.Graph()
    image = graph.tensor("image", (1, 6, 6, 1), "float32")
    shape = graph.tensor("shape", (2,), "int32", np.array([1, 36], np.int32))
    flat = graph.tensor("flat", (1, 36), "float32")
    kernel = graph.tensor("kernel", weights.shape, "float32", weights)
    scores = graph.tensor("scores", (1, 3), "float32")
    graph.operator("RESHAPE", [image, shape], [flat])
    graph.operator("FULLY_CONNECTED", [flat, kernel], [scores], schema.FullyConnectedOptionsT())
    graph.graph.inputs, graph.graph.outputs = [image], [scores]
    path = folder / "reshaping.tflite"
    path.write_bytes(graph.packed())
    return path, weights


def test_a_file_that_cannot_be_resized_is_answered_one_by_one(
    tiny_data, open_file, tmp_path, interpreters, capfd
):
    """By several interpreters side by side, and nothing of the attempt reaches the screen."""
    path, weights = _reshaping(tmp_path)
    images = inputs(tiny_data.train)
    session = open_file(path)

    for _ in range(2):
        np.testing.assert_allclose(
            predict(session, images), images.reshape(-1, 36) @ weights.T, rtol=0, atol=1e-4
        )
    answered = [len(given) for interpreter in interpreters for given in interpreter.given]
    assert answered.count(1) >= 2 * len(images)
    assert sum(size > 1 for size in answered) == 1  # it is tried once
    assert "ERROR" not in capfd.readouterr().err


def test_a_batch_that_answers_otherwise_is_not_trusted(
    shop, tiny_data, open_file, monkeypatch, interpreters
):
    """A resized file whose answers differ from single ones in one image is answered one by one."""
    honest = _litert._Interpreter.answer

    def mixing(interpreter, inputs):
        outputs = honest(interpreter, inputs)
        return {name: np.roll(scores, -1, axis=0) for name, scores in outputs.items()}

    monkeypatch.setattr(_litert._Interpreter, "answer", mixing)
    session = open_file(shop.artifact().path)
    images = inputs(tiny_data.test)

    np.testing.assert_array_equal(predict(session, images), _one_by_one(session, images))


@pytest.mark.parametrize("content", [None, b"", b"not a model" * 99, "half"])
def test_litert_refuses_what_is_no_model(shop, tmp_path, open_file, content):
    """A missing, empty, foreign or cut-off file is a `WeighinError` that names it."""
    path = tmp_path / "wrecked.tflite"
    if content == "half":
        whole = shop.artifact().path.read_bytes()
        content = whole[: len(whole) // 2]
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(WeighinError, match=r"wrecked\.tflite"):
        open_file(path)


@pytest.fixture(scope="module")
def keras_run(shop, tiny_data, tmp_path_factory, child_environment):
    """What a process with TensorFlow says: answers of two files, and two refusals."""
    images = tmp_path_factory.mktemp("images") / "images.npy"
    np.save(images, inputs(tiny_data.test))
    words = []
    for variant in ("baseline", "prune(0.5)"):
        artifact = shop.artifact(variant, "h5")
        words += [str(artifact.path), *(port.name for port in artifact.signature.inputs)]
    return answer(
        KERAS,
        str(images),
        *words,
        environment=child_environment | {"CUDA_VISIBLE_DEVICES": ""},
    )


def test_keras_on_the_cpu_answers_as_the_artifact_says(shop, keras_run):
    """A stored Keras model answers as the model did when it was stored."""
    answers, *_ = keras_run
    for variant, answered in zip(("baseline", "prune(0.5)"), answers, strict=True):
        wanted = only(shop.artifact(variant, "h5"))
        first, second, single, inferred = map(np.array, answered)

        np.testing.assert_allclose(first, wanted, rtol=0, atol=ROUNDING)
        np.testing.assert_array_equal(second, first)
        np.testing.assert_allclose(single, wanted[:1], rtol=0, atol=ROUNDING)
        np.testing.assert_allclose(inferred, wanted[7:8], rtol=0, atol=ROUNDING)


def test_a_second_number_of_threads_is_refused(keras_run):
    """TensorFlow fixes its threads once: the message says what to do for another number."""
    _, (threads, _), _ = keras_run

    assert "now 1" in threads
    assert "--weighin-threads 2" in threads


def test_a_gpu_that_tensorflow_does_not_see_is_refused(keras_run):
    """Where there is no GPU to be had, opening says how TensorFlow is made to see one."""
    _, (_, gpu), _ = keras_run

    assert "tensorflow[and-cuda]" in gpu


def test_keras_on_a_gpu_and_by_xla_answers_alike(shop, keras_run):
    """With the CPU in the GPU's place; each twice, for openings share what they are made of."""
    _, _, (others, tf32, compiled) = keras_run
    wanted = only(shop.artifact("baseline", "h5"))

    assert len(others) == 4
    for predicted, inferred in others:
        np.testing.assert_allclose(np.array(predicted), wanted, rtol=0, atol=ROUNDING)
        np.testing.assert_allclose(np.array(inferred), wanted[7:8], rtol=0, atol=ROUNDING)
    assert tf32 is False  # floats of a GPU are floats
    assert compiled == [None, None, None, None, True, True]  # two files, and each twice


@needing.tensorflow
def test_keras_gpu_reports_a_reason_where_there_is_no_gpu(monkeypatch, tmp_path):
    """A GPU is available only if the driver lists it, and as many as it lists."""
    monkeypatch.setattr(machine, "GPU_FOLDER", tmp_path / "gpus")
    before = KerasGPU(0).available()
    (tmp_path / "gpus" / "0000:3b:00.0").mkdir(parents=True)

    assert "no NVIDIA GPU here" in before
    assert str(tmp_path / "gpus") in before
    assert KerasGPU(0).available() is None
    assert "no NVIDIA GPU" in KerasGPU(1).available()


def test_runtimes_are_available_here():
    """What the project depends on is found: LiteRT always, Keras on the CPU with TensorFlow."""
    reasons = {name: registry.runtimes[name].available() for name in ("litert", "keras-cpu")}

    assert {"litert": None, "keras-cpu": missing("tensorflow")} == reasons
