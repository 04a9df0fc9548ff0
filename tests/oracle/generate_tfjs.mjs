// Writes tfjs/*.safetensors: what TensorFlow.js' own layers (Keras semantics, float32, JavaScript CPU backend) compute.
// README.md explains the tensors and says where TensorFlow.js differs from Keras; such cases are not here.
import {mkdirSync, writeFileSync} from 'node:fs';
import * as tf from '@tensorflow/tfjs';

const folder = new URL('tfjs/', import.meta.url);
const count = {files: 0, bytes: 0};

// The safetensors container: 8-byte little-endian header length, JSON header, data.
function write(name, spelling, tensors) {
  const header = {__metadata__: {strata: spelling}}, parts = [];
  let end = 0;
  for (const [key, tensor] of Object.entries(tensors)) {
    const integer = tensor.dtype === 'int32', shape = tensor.shape.length ? tensor.shape : [1];
    // a cast tensor may still hold the integers it came from: convert
    const stored = Buffer.from((integer ? Int32Array : Float32Array).from(tensor.dataSync()).buffer);
    header[key] = {dtype: integer ? 'I32' : 'F32', shape, data_offsets: [end, end += stored.length]};
    parts.push(stored);
  }
  let text = JSON.stringify(header);
  text = text.padEnd(Math.ceil(text.length / 8) * 8);
  const length = Buffer.alloc(8);
  length.writeUInt32LE(text.length);
  const file = Buffer.concat([length, Buffer.from(text), ...parts]);
  writeFileSync(new URL(`${name}.safetensors`, folder), file);
  count.files += 1, count.bytes += file.length;
}

// A generator of its own for each case, seeded with its name (FNV-1a, then mulberry32).
class Random {
  constructor(name) {
    this.state = 2166136261;
    for (const c of name) this.state = Math.imul(this.state ^ c.charCodeAt(0), 16777619);
  }
  next() {
    let t = this.state = (this.state + 0x6D2B79F5) | 0;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  }
  fill(shape, value, type = 'float32') {
    const size = shape.reduce((a, b) => a * b, 1);
    return tf.tensor(Array.from({length: size}, value), shape, type);
  }
  uniform(shape, low, high) { return this.fill(shape, () => low + (high - low) * this.next()); }
  normal(shape, scale = 1, mean = 0) {
    return this.fill(shape, () => mean + scale * Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next()));
  }
  labels(shape, classes) { return this.fill(shape, () => Math.floor(classes * this.next()), 'int32'); }
  parameter(name, shape) {
    if (name.endsWith('kernel')) return this.normal(shape, 1 / Math.sqrt(shape.slice(0, -1).reduce((a, b) => a * b, 1)));
    if (name.endsWith('gamma')) return this.uniform(shape, 0.5, 1.5);
    return name.endsWith('moving_variance') ? this.uniform(shape, 0.5, 2) : this.normal(shape, 0.3);
  }
}

// Keras 3 calls the weight of DepthwiseConv2D `kernel`.
const keras3Name = (weight, layer) =>
    weight.originalName.split('/').pop().replace(layer.getClassName() === 'DepthwiseConv2D' ? 'depthwise_' : '', '');

// A model with random parameters; `weights` holds its variables under Keras' names.
function build(random, inputShape, layers, prefixed) {
  const model = tf.sequential({layers: [tf.layers.inputLayer({inputShape}), ...layers]}), weights = {}, seen = {};
  for (const layer of model.layers) {
    if (layer.weights.length === 0) continue;
    const kind = {Conv2D: 'conv2d', BatchNormalization: 'batch_normalization', Dense: 'dense'}[layer.getClassName()];
    const suffix = seen[kind] = (seen[kind] ?? -1) + 1;
    for (const weight of layer.weights) {
      const name = keras3Name(weight, layer);
      weight.write(random.parameter(name, weight.shape));
      weights[(prefixed ? `${kind}${suffix ? `_${suffix}` : ''}/` : '') + name] = weight;
    }
  }
  return {model, weights};
}

const values = (weights, prefix = '', suffix = '') =>
    Object.fromEntries(Object.entries(weights).map(([name, w]) => [prefix + name + suffix, w.read().clone()]));

function layer(name, spelling, shape, made, {batch = 2, gradients = true, inputs} = {}) {
  const random = new Random(name), {model, weights} = build(random, shape, [].concat(made), false);
  const input = inputs ? inputs(random, [batch, ...shape]) : random.normal([batch, ...shape]);
  const tensors = {input, ...values(weights), output: model.predict(input)};
  if (gradients) {
    const x = tf.variable(input), upstream = random.normal(tensors.output.shape);
    const trainable = Object.entries(weights).filter(([, w]) => w.trainable);
    let training;
    const {grads} = tf.variableGrads(() => {
      training = tf.keep(model.apply(x, {training: true}));
      return training.mul(upstream).sum();
    }, [x, ...trainable.map(([, w]) => w.read())]);
    const moving = Object.fromEntries(Object.entries(weights).filter(([, w]) => !w.trainable));
    if (Object.keys(moving).length) Object.assign(tensors, {output_training: training}, values(moving, '', '_after'));
    tensors.output_gradient = upstream;
    tensors.input_gradient = grads[x.name];
    for (const [key, w] of trainable) tensors[`${key}_gradient`] = grads[w.read().name];
  }
  write(name, spelling, tensors);
}

function layers() {
  const {conv2d, depthwiseConv2d, dense, flatten, batchNormalization, maxPooling2d, averagePooling2d} = tf.layers;
  const below = (random, shape) => random.normal(shape, 1, -3);  // a zero wrongly taken from the padding would win
  const forward = {gradients: false};  // where its gradient is missing or wrong (README.md)
  layer('conv2d_valid', 'Conv2D<8, 3>', [7, 5, 3], conv2d({filters: 8, kernelSize: 3}));
  layer('conv2d_same', 'Conv2D<7, Kernel{3, 5}, Same>', [7, 5, 3],
        conv2d({filters: 7, kernelSize: [3, 5], padding: 'same'}));
  layer('conv2d_same_strides_2_odd', 'Conv2D<8, 3, Same, Strides{2}>', [7, 5, 3],
        conv2d({filters: 8, kernelSize: 3, padding: 'same', strides: 2}));
  layer('conv2d_same_strides_2_even', 'Conv2D<8, 3, Same, Strides{2}>', [8, 6, 3],
        conv2d({filters: 8, kernelSize: 3, padding: 'same', strides: 2}));
  layer('conv2d_kernel_4x4_same', 'Conv2D<6, 4, Same>', [7, 6, 3], conv2d({filters: 6, kernelSize: 4, padding: 'same'}));
  layer('conv2d_1x1_strides_2', 'Conv2D<11, 1, Strides{2}, NoBias>', [5, 4, 7], conv2d({filters: 11, kernelSize: 1, strides: 2, useBias: false}));
  layer('conv2d_dilation_2', 'Conv2D<6, 3, Dilation{2}>', [9, 7, 3], conv2d({filters: 6, kernelSize: 3, dilationRate: 2}), forward);
  layer('conv2d_dilation_2_same', 'Conv2D<6, 3, Same, Dilation{2}>', [7, 6, 3],
        conv2d({filters: 6, kernelSize: 3, dilationRate: 2, padding: 'same'}), forward);
  layer('depthwise_conv2d', 'DepthwiseConv2D<3, depth multiplier 2, Same, Strides{2}>', [7, 6, 3],
        depthwiseConv2d({kernelSize: 3, depthMultiplier: 2, padding: 'same', strides: 2}));
  layer('separable_conv2d', 'SeparableConv2D<6, 3, Same>', [7, 5, 4],
        tf.layers.separableConv2d({filters: 6, kernelSize: 3, padding: 'same'}));
  layer('conv2d_transpose_same', 'Conv2DTranspose<6, 3, Same, Strides{2}>', [4, 5, 3],
        tf.layers.conv2dTranspose({filters: 6, kernelSize: 3, padding: 'same', strides: 2}));
  layer('dense', 'Dense<7>', [13], dense({units: 7}), {batch: 3});
  layer('flatten_dense', 'Flatten, Dense<7>', [3, 4, 5], [flatten(), dense({units: 7})], {batch: 3});
  layer('batch_normalization', 'BatchNorm', [5, 4, 6], batchNormalization(), {batch: 3});
  layer('batch_normalization_flat', 'BatchNorm', [11], batchNormalization(), {batch: 5});
  layer('batch_normalization_momentum', 'BatchNormWith<Momentum{0.9}, Epsilon{1e-5}>', [5, 4, 16],
        batchNormalization({momentum: 0.9, epsilon: 1e-5}), {batch: 3});
  for (const [name, spelling, pooling] of [['max', 'MaxPooling2D', maxPooling2d], ['average', 'AveragePooling2D', averagePooling2d]]) {
    const same = {inputs: below, gradients: name === 'max'};
    layer(`${name}_pooling2d`, `${spelling}<>`, [7, 6, 5], pooling({}), {inputs: below});
    layer(`${name}_pooling2d_3_strides_2_same_odd`, `${spelling}<3, Strides{2}, Same>`, [7, 5, 3],
          pooling({poolSize: 3, strides: 2, padding: 'same'}), same);
    layer(`${name}_pooling2d_3_strides_2_same_even`, `${spelling}<3, Strides{2}, Same>`, [8, 6, 8],
          pooling({poolSize: 3, strides: 2, padding: 'same'}), same);
  }
  layer('global_average_pooling2d', 'GlobalAveragePooling2D', [5, 3, 6], tf.layers.globalAveragePooling2d({}));
  layer('global_max_pooling2d', 'GlobalMaxPooling2D', [5, 3, 6], tf.layers.globalMaxPooling2d({}));
  layer('zero_padding2d', 'ZeroPadding2D ((top 1, bottom 2), (left 0, right 3))', [4, 3, 5],
        tf.layers.zeroPadding2d({padding: [[1, 2], [0, 3]]}));
  layer('up_sampling2d', 'UpSampling2D<2>', [3, 4, 5], tf.layers.upSampling2d({}), forward);
  layer('rescaling', 'Rescaling<1 / 127.5, -1>', [4, 3, 5], tf.layers.rescaling({scale: 1 / 127.5, offset: -1}),
        {inputs: (random, shape) => random.uniform(shape, 0, 255)});
  layer('layer_normalization', 'LayerNormalization (axis -1, epsilon 1e-3)', [3, 4, 6], tf.layers.layerNormalization());
}

function activations() {
  const large = [10, 20, 50, 80].flatMap(v => [v, -v]);
  const inputs = (random, shape) => {  // ordinary and large values, none near a kink
    let i = 0;
    const away = x => [0, 6].reduce((v, kink) => Math.abs(v - kink) < 0.05 ? kink + 0.125 : v, x);
    const source = random.normal(shape, 3).dataSync();
    return random.fill(shape, () => i < large.length ? large[i++] : away(source[i++]));
  };
  for (const [name, spelling, made] of [
    ...[['sigmoid', 'Sigmoid'], ['relu', 'ReLU'], ['relu6', 'ReLU6'], ['elu', 'ELU<1.0>'], ['selu', 'SELU'], ['gelu', 'GELU'],
        ['gelu_new', 'GELU (tanh approximation)'], ['swish', 'SiLU'], ['tanh', 'Tanh'], ['softplus', 'Softplus'], ['softsign', 'Softsign'],
        ['mish', 'Mish'], ['softmax', 'Softmax'], ['logSoftmax', 'LogSoftmax']]
        .map(([activation, spelling]) => [activation, spelling, tf.layers.activation({activation})]),
    ['leaky_relu', 'LeakyReLU<0.3>', tf.layers.leakyReLU({})], ['p_relu', 'PReLU (one alpha per element)', tf.layers.prelu()],
  ])
    layer(`activation_${{logSoftmax: 'log_softmax', gelu_new: 'gelu_tanh', swish: 'silu'}[name] ?? name}`, spelling, [3, 5, 7], made, {inputs});
}

function losses() {
  const oneHot = labels => tf.oneHot(labels, 10).toFloat(), {losses, metrics} = tf;
  for (const [name, spelling, predictions, targets, loss] of [
    ['sparse_categorical_crossentropy_logits', 'SparseCategoricalCrossentropy{.from_logits = true}',
     r => r.normal([6, 10], 3), r => r.labels([6], 10), (t, y) => losses.softmaxCrossEntropy(oneHot(t), y)],
    ['categorical_crossentropy_logits_smoothing', 'CategoricalCrossentropy{.from_logits = true, .label_smoothing = 0.1}',
     r => r.normal([6, 10], 3), r => oneHot(r.labels([6], 10)), (t, y) => losses.softmaxCrossEntropy(t, y, 1, 0.1)],
    ['categorical_crossentropy_probabilities', 'CategoricalCrossentropy{}', r => r.normal([6, 10], 1.5).softmax(), r => oneHot(r.labels([6], 10)),
     (t, y) => metrics.categoricalCrossentropy(t, y).mean()],
    ['binary_crossentropy_logits', 'BinaryCrossentropy{.from_logits = true}', r => r.normal([6, 10], 3), r => r.labels([6, 10], 2).toFloat(),
     (t, y) => losses.sigmoidCrossEntropy(t, y)],
    ['binary_crossentropy_probabilities', 'BinaryCrossentropy{}', r => r.uniform([7, 1], 0.02, 0.98), r => r.labels([7, 1], 2).toFloat(),
     (t, y) => metrics.binaryCrossentropy(t, y).mean()],
    ['mean_squared_error', 'MeanSquaredError{}', r => r.normal([3, 5]), r => r.normal([3, 5]), (t, y) => metrics.meanSquaredError(t, y).mean()],
  ]) {
    const random = new Random(name), y = predictions(random), t = targets(random), {value, grad} = tf.valueAndGrad(y => loss(t, y))(y);
    write(`loss_${name}`, spelling, {predictions: y, targets: t, loss: value, gradient: grad});
  }
}

async function networks() {
  const {conv2d, dense, flatten, batchNormalization, maxPooling2d, averagePooling2d, activation} = tf.layers;
  {
    const random = new Random('predict'), {model, weights} = build(random, [13, 11, 3], [
      conv2d({filters: 8, kernelSize: 3, padding: 'same', strides: 2}), batchNormalization(), activation({activation: 'relu'}),
      maxPooling2d({poolSize: 3, strides: 2, padding: 'same'}), conv2d({filters: 12, kernelSize: 3, padding: 'same', dilationRate: 2}),
      activation({activation: 'selu'}), averagePooling2d({padding: 'same'}), flatten(), dense({units: 5}), activation({activation: 'softmax'})], true);
    const input = random.normal([3, 13, 11, 3]);
    write('network_predict', 'Sequential<Input<13, 11, 3>, Conv2D<8, 3, Same, Strides{2}>, BatchNorm, ReLU, MaxPooling2D<3, Strides{2}, Same>, ' +
        'Conv2D<12, 3, Same, Dilation{2}>, SELU, AveragePooling2D<2, Same>, Flatten, Dense<5>, Softmax>',
          {input, ...values(weights), output: model.predict(input)});
  }
  for (const [name, spelling, optimizer] of [
    ['train_sgd_momentum', 'SGD{.learning_rate = 0.05f, .momentum = 0.9f}', tf.train.momentum(0.05, 0.9)],
    // TensorFlow.js adds epsilon to the corrected root, Keras to the uncorrected one: with 1e-10 the place does not matter
    ['train_adam', 'Adam{.epsilon = 1e-10f}', tf.train.adam(0.001, 0.9, 0.999, 1e-10)],
  ]) {
    const random = new Random('training'), {model, weights} = build(random, [9, 7, 3], [
      conv2d({filters: 8, kernelSize: 3, padding: 'same', strides: 2, useBias: false}), batchNormalization(), activation({activation: 'relu'}),
      maxPooling2d({padding: 'same'}), flatten(), dense({units: 5, activation: 'softmax'})], true);
    const inputs = random.normal([3, 6, 9, 7, 3]), targets = random.labels([3, 6], 5);
    const losses = [], tensors = values(weights, 'initial/');
    model.compile({optimizer, loss: 'sparseCategoricalCrossentropy'});
    for (let step = 0; step < 3; ++step) {
      const [x, t] = [inputs, targets].map(all => all.gather(step));
      losses.push(await model.trainOnBatch(x, t.toFloat().expandDims(1)));
      Object.assign(tensors, values(weights, `step${step + 1}/`));
    }
    write(name, 'Sequential<Input<9, 7, 3>, Conv2D<8, 3, Same, Strides{2}, NoBias>, BatchNorm, ReLU, MaxPooling2D<2, Same>, ' +
        `Flatten, Dense<5, activation<Softmax>>>, SparseCategoricalCrossentropy{}, ${spelling}`, 
          {inputs, targets, losses: tf.tensor(losses), output: model.predict(inputs.gather(0)), ...tensors});
  }
}

await tf.setBackend('cpu');
mkdirSync(folder, {recursive: true});
layers(), activations(), losses(), await networks();
console.log(`${count.files} fixtures, ${count.bytes.toLocaleString('en')} bytes`);
