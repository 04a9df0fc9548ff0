"""convert.py DIRECTORY NAME BATCH pnnx|MNN|tensorflow: a model in the format of a peer, by the peer's own converter."""
import os
import pathlib
import subprocess
import sys


def pnnx(directory, name, batch):
    """NAME-BATCH.ncnn.param and .bin, of one sample: ncnn has no batches."""
    from pnnx import EXEC_PATH
    model = directory / f"{name}-{batch}"
    subprocess.run([EXEC_PATH, directory / f"{name}-1.onnx", "fp16=0", f"ncnnparam={model}.ncnn.param",
                    f"ncnnbin={model}.ncnn.bin"], check=True, cwd=directory)


def MNN(directory, name, batch):
    """NAME-BATCH.mnn. By the native converter: the script around it reports to its makers."""
    import _tools
    model = directory / f"{name}-{batch}"
    _tools.mnnconvert(["mnnconvert", "-f", "ONNX", "--modelFile", f"{model}.onnx", "--MNNModel", f"{model}.mnn"])


def tensorflow(directory, name, batch):
    """NAME-BATCH.tflite"""
    os.environ |= {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""}
    import keras
    import tensorflow
    network = keras.models.load_model(directory / f"{name}.keras")
    fixed = keras.models.clone_model(network, keras.Input(batch_shape=(batch, *network.input_shape[1:])))
    fixed.set_weights(network.get_weights())
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(fixed)
    (directory / f"{name}-{batch}.tflite").write_bytes(converter.convert())


if __name__ == "__main__":
    directory, name, batch, converter = sys.argv[1:]
    {"pnnx": pnnx, "MNN": MNN, "tensorflow": tensorflow}[converter](pathlib.Path(directory), name, int(batch))
