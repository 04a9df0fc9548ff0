"""zoo_configs.py PROGRAM: real Keras builds what PROGRAM prints, and counts the same parameters."""
import json
import math
import os
import subprocess
import sys

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", KERAS_BACKEND="tensorflow")
import keras


def count(variables):
    return sum(math.prod(variable.shape) for variable in variables)


lines = subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout.splitlines()
different = []
for line in lines:
    trainable, state, config = line.split(" ", 2)
    keras.backend.clear_session()
    model = keras.saving.deserialize_keras_object(json.loads(config))
    counts = count(model.trainable_weights), count(model.non_trainable_weights)
    print(f"{model.name:<16} {len(model.layers):4} layers {counts[0]:12,} {counts[1]:9,}", flush=True)
    if counts != (int(trainable), int(state)):
        different.append(f"{model.name}: expected {trainable} and {state}")
print("different:", *different) if different or not lines else print(f"{len(lines)} networks, all as Keras counts them")
sys.exit(bool(different) or not lines)
