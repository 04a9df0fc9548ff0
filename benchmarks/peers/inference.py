"""inference.py DIRECTORY THREADS RUNTIME: a runtime of PyPI as a peer; the commands are those of server.hpp. All read
the model that Strata wrote as ONNX, or what their own converter made of it (convert.py)."""
import pathlib
import sys

import numpy as np

from peer import channels_first, read_input, serve


class Runtime:
    """A network and its input, ready to run. Images have their channels first, inside and in what the files hold."""

    def __init__(self, directory, threads, name, batch):
        self.images = read_input(directory, name, batch)
        self.input = channels_first(self.images)
        self.open(directory / f"{name}-{batch}", threads)

    def output(self):
        """Channels last, as Strata has it."""
        result = self.result()
        return result.transpose(0, 2, 3, 1) if result.ndim == 4 else result


class OpenVino(Runtime):
    options = {"INFERENCE_PRECISION_HINT": "f32"}

    def open(self, model, threads):
        import openvino
        compiled = openvino.Core().compile_model(
            f"{model}.onnx", "CPU", {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", **self.options})
        self.precision = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        self.request = compiled.create_infer_request()
        self.request.set_input_tensor(openvino.Tensor(self.input, shared_memory=True))

    def run(self):
        self.request.infer()

    def result(self):
        return self.request.get_output_tensor().data


class OpenVinoDefault(OpenVino):
    options = {}

    def open(self, model, threads):
        super().open(model, threads)
        if self.precision == "f32":
            raise RuntimeError("computes in float32 on this processor unless it is asked for less")


class OnnxRuntime(Runtime):
    def open(self, model, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(f"{model}.onnx", options, providers=["CPUExecutionProvider"])
        self.binding = self.session.io_binding()
        self.binding.bind_cpu_input(self.session.get_inputs()[0].name, self.input)
        self.binding.bind_output(self.session.get_outputs()[0].name)

    def run(self):
        self.session.run_with_iobinding(self.binding)

    def result(self):
        return self.binding.copy_outputs_to_cpu()[0]


class Ncnn(Runtime):
    """Has no batches: one sample after another."""

    def open(self, model, threads):
        import ncnn
        self.net = ncnn.Net()
        options = self.net.opt
        options.num_threads = threads
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = options.use_bf16_packed = False
        self.allocators = ncnn.UnlockedPoolAllocator(), ncnn.PoolAllocator()
        options.blob_allocator, options.workspace_allocator = self.allocators
        if self.net.load_param(f"{model}.ncnn.param") or self.net.load_model(f"{model}.ncnn.bin"):
            raise RuntimeError("cannot load what pnnx wrote")
        self.samples = [ncnn.Mat(sample).clone() for sample in self.input]

    def infer(self, sample):
        extractor = self.net.create_extractor()
        extractor.input("in0", sample)
        return extractor.extract("out0")[1]

    def run(self):
        self.results = [self.infer(sample) for sample in self.samples]

    def result(self):
        return np.stack([np.array(result) for result in self.results])


class Mnn(Runtime):
    def open(self, model, threads):
        import MNN
        self.interpreter = MNN.Interpreter(f"{model}.mnn")
        self.session = self.interpreter.createSession(
            {"backend": "CPU", "numThread": threads, "precision": "high"})
        self.own_input = self.interpreter.getSessionInput(self.session)
        self.own_output = self.interpreter.getSessionOutput(self.session)
        tensor, layout = MNN.Tensor, MNN.Tensor_DimensionType_Caffe
        self.host_input = tensor(self.input.shape, MNN.Halide_Type_Float, self.input, layout)
        self.host_output = tensor(self.own_output.getShape(), MNN.Halide_Type_Float, layout)

    def run(self):
        self.own_input.copyFrom(self.host_input)  # a run overwrites it
        self.interpreter.runSession(self.session)

    def result(self):
        self.own_output.copyToHostTensor(self.host_output)
        return self.host_output.getNumpyData().copy()


class LiteRt(Runtime):
    def open(self, model, threads):
        from ai_edge_litert.interpreter import Interpreter
        self.interpreter = Interpreter(f"{model}.tflite", num_threads=threads)
        self.interpreter.allocate_tensors()
        self.interpreter.set_tensor(self.interpreter.get_input_details()[0]["index"], self.images)

    def run(self):
        self.interpreter.invoke()

    def output(self):
        return self.interpreter.get_tensor(self.interpreter.get_output_details()[0]["index"])


class PyTorch(Runtime):
    compiled = False

    def open(self, model, threads):
        import torch
        import torch._inductor.config

        from onnx_module import OnnxModule
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.network = OnnxModule(f"{model}.onnx").eval().to(memory_format=torch.channels_last)
        self.tensor = torch.from_numpy(self.input).to(memory_format=torch.channels_last)
        if self.compiled:
            torch._inductor.config.freezing = True
            self.network = torch.compile(self.network, fullgraph=True, dynamic=False)

    def run(self):
        self.answer = self.network(self.tensor)

    def result(self):
        return self.answer.numpy()


class PyTorchCompiled(PyTorch):
    compiled = True


RUNTIMES = {"openvino": OpenVino, "openvino-default": OpenVinoDefault, "onnxruntime": OnnxRuntime, "ncnn": Ncnn,
            "mnn": Mnn, "litert": LiteRt, "pytorch": PyTorch, "pytorch-compiled": PyTorchCompiled}

if __name__ == "__main__":
    directory, threads, runtime = pathlib.Path(sys.argv[1]), int(sys.argv[2]), RUNTIMES[sys.argv[3]]
    serve(lambda name, batch: runtime(directory, threads, name, batch))
