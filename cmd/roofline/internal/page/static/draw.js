// Small things that everything is built from: elements, numbers, scales.
export function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}
function fill(e, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) e.addEventListener(name.slice(2), value);
    else e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children.flat().filter((c) => c !== undefined && c !== null));
  return e;
}

// number prints three significant digits: 4,049, 83.2, 0.0541.
export function number(v, digits = 3) {
  if (!Number.isFinite(v)) return "–";
  if (v === 0) return "0";
  const size = Math.abs(v);
  if (size >= 10 ** (digits - 1)) return Math.round(v).toLocaleString("en-US");
  if (size < 1e-4) return v.toExponential(digits - 1);
  return v.toPrecision(digits);
}

// whole prints a count, tick the value of a grid line, without digits that say nothing.
export const whole = (n) => Math.round(n).toLocaleString("en-US");
export const tick = (v) => (Math.abs(v) >= 1e3 ? whole(v) : String(+v.toPrecision(3)));

const prefixes = [[1e15, "P"], [1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""]];

// rate prints a tick of a wide scale: 2 T, 500 G.
export function rate(v) {
  const [factor, symbol] = prefixes.find(([f]) => v >= f * 0.9999) ?? [1, ""];
  return `${+(v / factor).toPrecision(3)}${symbol && " " + symbol}`;
}

export const gib = (bytes) => `${number(bytes / 2 ** 30)} GiB`;

// seconds prints a time in the unit that suits it.
export function seconds(s) {
  if (!Number.isFinite(s)) return "–";
  if (s >= 1) return `${number(s)} s`;
  if (s >= 1e-3) return `${number(s * 1e3)} ms`;
  return `${number(s * 1e6)} µs`;
}

export const percent = (share) => (Number.isFinite(share) ? (share > 0 && share < 0.01 ? "<1 %" : `${Math.round(share * 100)} %`) : "–");

// linear and log are scales from values to pixels, with ticks.
export function linear(domain, range) {
  const [a, b] = domain;
  const f = (v) => range[0] + ((v - a) / (b - a || 1)) * (range[1] - range[0]);
  const raw = (b - a) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw * 0.999);
  f.ticks = [];
  for (let t = Math.ceil(a / step) * step; t <= b * 1.0001; t += step) f.ticks.push(+t.toPrecision(12));
  return f;
}
export function log(domain, range) {
  const a = Math.log10(domain[0]), b = Math.log10(domain[1]);
  const f = (v) => range[0] + ((Math.log10(v) - a) / (b - a || 1)) * (range[1] - range[0]);
  const steps = b - a > 4 ? [1] : b - a > 1.6 ? [1, 3] : [1, 2, 5];
  f.ticks = [];
  for (let e = Math.floor(a); e <= b; e++)
    for (const s of steps) {
      const t = s * 10 ** e;
      if (t >= domain[0] * 0.999 && t <= domain[1] * 1.001) f.ticks.push(t);
    }
  return f;
}

const shapes = [
  (r) => `M0,${-r}A${r},${r} 0 1 1 0,${r}A${r},${r} 0 1 1 0,${-r}Z`,
  (r) => `M${-r},${-r}H${r}V${r}H${-r}Z`,
  (r) => `M0,${-1.3 * r}L${1.2 * r},${r}H${-1.2 * r}Z`,
  (r) => `M0,${-1.4 * r}L${1.4 * r},0L0,${1.4 * r}L${-1.4 * r},0Z`,
  (r) => `M0,${1.3 * r}L${1.2 * r},${-r}H${-1.2 * r}Z`,
  (r) => `M${-r},${-r / 2.6}H${-r / 2.6}V${-r}H${r / 2.6}V${-r / 2.6}H${r}V${r / 2.6}H${r / 2.6}V${r}H${-r / 2.6}V${r / 2.6}H${-r}Z`,
];

// shape is the mark of the i-th series: its form tells it apart in print, its colour on a screen.
export const shape = (i, r) => shapes[i % shapes.length](r);
export const series = (i) => `s${i % 8}`;
