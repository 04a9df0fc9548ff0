// onnxruntime.mjs DIRECTORY THREADS MODULES: ONNX Runtime as a peer; the commands are those of server.hpp. MODULES is
// the folder node_modules that has it, DIRECTORY has the NETWORK-BATCH.onnx of pytorch.py.
//
// Calls from JavaScript copy the output into a new array, which is none of ONNX Runtime's doing. So a second session
// with its profiler on tells how much longer a call takes than the run inside it, and that is taken off every time.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { createRequire } from 'node:module';

const [directory, threads, modules] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), 'index.js'));
const { Tensor } = require('onnxruntime-common');
const { binding, initOrt } = require(path.resolve(modules, 'onnxruntime-node/dist/binding.js'));
initOrt();

const product = (shape) => shape.reduce((a, b) => a * b, 1);

/** Moves the axes of `data`: axis i of the result is axis order[i]. */
function transpose(data, shape, order) {
  const steps = shape.map((_, i) => product(shape.slice(i + 1)));
  const result = new Float32Array(data.length);
  const to = order.map((axis) => shape[axis]);
  const at = order.map(() => 0);
  for (let i = 0; i < data.length; ++i) {
    result[i] = data[order.reduce((sum, axis, k) => sum + at[k] * steps[axis], 0)];
    for (let k = at.length - 1; k >= 0 && ++at[k] === to[k]; --k) at[k] = 0;
  }
  return result;
}

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Microseconds of each of many calls: two to warm up, then `seconds` long and at least five. */
function timeCalls(seconds, call) {
  call();
  call();
  const times = [], begin = performance.now();
  while (times.length < 5 || performance.now() - begin < 1e3 * seconds) {
    const start = process.hrtime.bigint();
    call();
    times.push(Number(process.hrtime.bigint() - start) / 1e3);
  }
  return times;
}

class Inference {
  constructor(name, batch) {
    const { layers } = JSON.parse(fs.readFileSync(path.join(directory, `${name}.json`), 'utf8'));
    const shape = [batch, ...layers[0].shape];
    const bytes = fs.readFileSync(path.join(directory, `${name}.input`));
    const input = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 4 * product(shape)));
    const dims = (nhwc) => (nhwc.length === 4 ? [nhwc[0], nhwc[3], nhwc[1], nhwc[2]] : nhwc);
    this.shape = [batch, ...layers.at(-1).shape];
    this.result = new Float32Array(product(this.shape));
    this.feeds = { input: new Tensor('float32', transpose(input, shape, [0, 3, 1, 2]), dims(shape)) };
    this.fetches = { output: new Tensor('float32', this.result, dims(this.shape)) };  // written in place
    this.open = (options) => {
      const session = new binding.InferenceSession();
      session.loadModel(path.join(directory, `${name}-${batch}.onnx`), {
        executionMode: 'sequential', graphOptimizationLevel: 'all',
        intraOpNumThreads: Number(threads), interOpNumThreads: 1, ...options,
      });
      return session;
    };
    this.session = this.open({});
  }

  run(session = this.session) {
    session.run(this.feeds, this.fetches, {});
  }

  /** Microseconds of each of many runs. */
  time(seconds) {
    this.overhead ??= this.measureOverhead();
    return timeCalls(seconds, () => this.run()).map((time) => time - this.overhead);
  }

  measureOverhead() {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'onnxruntime-'));
    const session = this.open({ enableProfiling: true, profileFilePrefix: path.join(folder, 'profile') });
    const calls = timeCalls(0.2, () => this.run(session));
    session.endProfiling();
    const events = JSON.parse(fs.readFileSync(path.join(folder, fs.readdirSync(folder)[0]), 'utf8'));
    fs.rmSync(folder, { recursive: true });
    const runs = events.filter((event) => event.name === 'model_run').slice(-calls.length);
    return median(calls.map((time, i) => time - runs[i].dur));
  }

  output() {
    const [n, h, w, c] = this.shape;
    return this.shape.length === 4 ? transpose(this.result, [n, c, h, w], [0, 2, 3, 1]) : this.result;
  }
}

const runners = new Map();

function answer(command, name, batch, amount, file) {
  if (command === 'output') {
    const runner = new Inference(name, Number(batch));
    for (let i = 0; i < Number(amount); ++i) runner.run();
    fs.writeFileSync(file, Buffer.from(runner.output().buffer));
    return 'ok';
  }
  const key = `${name} ${batch}`;
  if (!runners.has(key)) runners.set(key, new Inference(name, Number(batch)));
  return runners.get(key).time(Number(amount)).join(' ');
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = answer(...line.split(' '));
  } catch (error) {
    reply = `error: ${String(error.message ?? error).replaceAll('\n', ' ')}`;
  }
  process.stdout.write(`${reply}\n`);
}
