// Measures how long ONNX Runtime takes for graphs on this CPU, and what the CPU sustains.
//
//   npm install onnxruntime-node@1.20.1
//   node onnxruntime.mjs --threads 1 [--seconds 10] model.onnx[,input=1x3x224x224] … > measured.json
//
// Each line of the output is a JSON object. For each graph: the minimum and the median of many runs after a warm-up. On a
// machine that does other work, too, the minimum is the better measure of the hardware, and the spread between the two
// says how busy it was. Graphs whose weights were stripped get a weights.bin of small random normals (integers: zeros).
// Without graphs it measures a large matrix product and an operation that only reads and writes, which a catalog file takes as peak and bandwidth.
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ort from 'onnxruntime-node';

const args = process.argv.slice(2);
const option = (name, otherwise) => {
  const i = args.indexOf(name);
  return i < 0 ? otherwise : Number(args.splice(i, 2)[1]);
};
const threads = option('--threads', 1);
const seconds = option('--seconds', 10);
const session = { intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential', graphOptimizationLevel: 'all' };

// fields walks one message of the protobuf wire format.
function* fields(b) {
  let at = 0;
  const varint = () => {
    let v = 0n, shift = 0n, c;
    do { c = b[at++]; v |= BigInt(c & 127) << shift; shift += 7n; } while (c & 128);
    return Number(v);
  };
  while (at < b.length) {
    const tag = varint(), wire = tag & 7;
    if (wire === 0) yield [tag >> 3, varint()];
    else if (wire === 2) { const n = varint(); yield [tag >> 3, b.subarray(at, at + n)]; at += n; }
    else { yield [tag >> 3, null]; at += wire === 5 ? 4 : 8; }
  }
}

// externals lists the tensors of a model that lie in another file.
function externals(model) {
  const found = [];
  const walk = (b, path) => {
    for (const [field, value] of fields(b)) {
      if (!(value instanceof Uint8Array)) continue;
      // model.graph, graph.node, graph.initializer, node.attribute, attribute.t, attribute.g
      const next = { model: { 7: 'graph' }, graph: { 1: 'node', 5: 'tensor' }, node: { 5: 'attribute' }, attribute: { 5: 'tensor', 6: 'graph' } }[path]?.[field];
      if (next === 'tensor') {
        const t = { type: 0 };
        for (const [f, v] of fields(value)) {
          if (f === 2) t.type = v;
          if (f === 13) {
            const [key, text] = [...fields(v)].map(([, x]) => new TextDecoder().decode(x));
            t[key] = text;
          }
        }
        if (t.location) found.push({ location: t.location, float: t.type === 1, offset: Number(t.offset ?? 0), length: Number(t.length) });
      } else if (next) walk(value, next);
    }
  };
  walk(model, 'model');
  return found;
}

// fill writes the weights a stripped model lacks.
function fill(file) {
  const tensors = externals(readFileSync(file));
  for (const location of new Set(tensors.map((t) => t.location))) {
    const path = join(dirname(file), location.replace(/^.*[/\\]/, ''));
    if (existsSync(path)) continue;
    const out = openSync(path, 'w');
    for (const t of tensors.filter((x) => x.location === location)) {
      const data = t.float ? new Float32Array(t.length / 4) : new Uint8Array(t.length);
      if (t.float) for (let i = 0; i < data.length; i++) data[i] = 0.02 * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
      writeSync(out, new Uint8Array(data.buffer), 0, t.length, t.offset);
    }
    closeSync(out);
  }
}

// measure runs something for so many seconds and returns the times in ms.
async function measure(run) {
  for (let i = 0; i < 3; i++) await run();
  const times = [], end = performance.now() + 1000 * seconds;
  while (performance.now() < end || times.length < 10) {
    const begin = performance.now();
    await run();
    times.push(performance.now() - begin);
  }
  times.sort((a, b) => a - b);
  return { min_ms: times[0], median_ms: times[times.length >> 1], runs: times.length };
}

const tensor = (type, dims) => {
  const n = dims.reduce((a, b) => a * b, 1);
  return type === 'int64' ? new ort.Tensor('int64', new BigInt64Array(n).fill(1n), dims) : new ort.Tensor('float32', new Float32Array(n).fill(0.5), dims);
};

const report = (o) => console.log(JSON.stringify({ ...o, threads, onnxruntime: ort.env.versions?.common }));

// The smallest models that show the peak and the bandwidth, written by hand: a chain of single operations.
function chain(op, inputs, output, length) {
  const varint = (n) => { const out = []; do { out.push((n & 127) | (n > 127 ? 128 : 0)); n = Math.floor(n / 128); } while (n); return out; };
  const bytes = (field, b) => [...varint(field << 3 | 2), ...varint(b.length), ...b], text = (field, s) => bytes(field, [...new TextEncoder().encode(s)]);
  const int = (field, n) => [...varint(field << 3), ...varint(n)];
  const value = (field, name, dims) => bytes(field, [...text(1, name), ...bytes(2, bytes(1, [...int(1, 1), ...bytes(2, dims.flatMap((d) => bytes(1, int(1, d))))]))]);
  const node = (i) => bytes(1, [...(i ? text(1, `y${i}`) : inputs.flatMap((_, k) => text(1, `x${k}`))), ...text(2, `y${i + 1}`), ...text(4, op)]);
  const nodes = Array.from({ length }, (_, i) => node(i)).flat();
  const graph = [...nodes, ...text(2, op), ...inputs.flatMap((dims, i) => value(11, `x${i}`, dims)), ...value(12, `y${length}`, output)];
  return new Uint8Array([...int(1, 8), ...bytes(7, graph), ...bytes(8, [...text(1, ''), ...int(2, 13)])]);
}

if (args.length === 0) {
  const [m, k, n] = [1024, 4096, 4096];
  const s = await ort.InferenceSession.create(chain('MatMul', [[m, k], [k, n]], [m, n], 1), session);
  const product = { x0: tensor('float32', [m, k]), x1: tensor('float32', [k, n]) };
  const t = await measure(() => s.run(product));
  report({ what: 'matrix product', ...t, gflop_per_s: (2 * m * k * n) / t.min_ms / 1e6 });
  // Passing tensors in and out takes longer than the operation: the difference of a long and a short chain does not.
  const size = 1 << 25, short = 2, long = 12, times = [];
  for (const length of [short, long]) {
    const c = await ort.InferenceSession.create(chain('Abs', [[size]], [size], length), session);
    const feeds = { x0: tensor('float32', [size]) };
    times.push((await measure(() => c.run(feeds))).min_ms);
  }
  report({ what: 'copy', ms: (times[1] - times[0]) / (long - short), gb_per_s: (8 * size * (long - short)) / (times[1] - times[0]) / 1e6 });
}
for (const arg of args) {
  const [file, ...shapes] = arg.split(',');
  fill(file);
  const s = await ort.InferenceSession.create(file, session);
  const feeds = {};
  for (const shape of shapes) {
    const [, name, dims] = shape.match(/^(.*)=([\dx]+)$/);
    feeds[name] = tensor(/ids|mask/.test(name) ? 'int64' : 'float32', dims.split('x').map(Number));
  }
  report({ model: file.replace(/^.*\/|\.onnx$/g, ''), ...(await measure(() => s.run(feeds))) });
}
