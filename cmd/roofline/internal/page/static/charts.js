// The charts, as SVG of straight lines and plain marks. Axes fit what is drawn; every mark has its numbers in a box.
import { el, svg, number, tick, rate, gib, seconds, percent, linear, log, shape, series } from "./draw.js";
import { l } from "./labels.js";
import { tell } from "./tip.js";

const text = (x, y, content, attributes = {}) => svg("text", { x, y, ...attributes }, content);

function frame(figure, height, label) {
  const width = Math.max(300, figure.clientWidth || 900);
  const root = svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label });
  figure.replaceChildren(root);
  return { root, width, narrow: width < 560 };
}

// key names what colours and marks stand for.
function key(figure, entries) {
  const item = ({ label, cls, mark, d }) => el("li", {}, svg("svg", { viewBox: "-7 -7 14 14", class: cls, "aria-hidden": true }, svg("path", { class: "fill", d: d ?? shape(mark ?? 1, 5) })), label);
  if (entries.length) figure.append(el("ul", { class: "key" }, entries.map(item)));
}

// bars draws one value per row: bar to what is expected, whisker over the band, notch at the floor.
// rows: { label, value, text, low, high, floor, mark, tip, actions }, metric: { title, higher, limit, tick, room }.
export function bars(figure, rows, metric) {
  const step = 34, top = 12, bottom = 42;
  const { root, width, narrow } = frame(figure, top + rows.length * step + bottom, metric.title);
  const left = narrow ? 112 : 168, right = narrow ? 16 : metric.room || 76;
  const most = Math.max(...rows.map((r) => Math.max(r.value || 0, r.high || 0)), metric.limit || 0) || 1;
  const x = linear([0, most * 1.02], [left, width - right]);
  const base = top + rows.length * step;
  for (const t of x.ticks) root.append(svg("line", { class: "grid", x1: x(t), x2: x(t), y1: top, y2: base }), text(x(t), base + 17, (metric.tick || tick)(t), { class: "tick", "text-anchor": "middle" }));
  root.append(text(left, base + 36, metric.title, { class: "title" }), text(width - right, base + 36, metric.higher ? `${l("higher")} →` : `← ${l("lower")}`, { class: "better", "text-anchor": "end" }));
  rows.forEach((r, i) => {
    const y = top + i * step, middle = y + step / 2;
    const name = r.label.length > (narrow ? 15 : 22) ? r.label.slice(0, narrow ? 14 : 21) + "…" : r.label;
    root.append(text(left - 10, middle + 4, name, { "text-anchor": "end" }));
    if (!Number.isFinite(r.value)) {
      root.append(text(left + 6, middle + 4, r.reason || "–", { class: "tick" }));
      return;
    }
    const g = svg("g", { class: `${series(r.mark ?? i)}${r.off ? " dim" : ""}` });
    g.append(svg("rect", { class: "fill", x: left, y: y + 7, width: Math.max(1, x(r.value) - left), height: step - 14, rx: 3 }));
    if (Number.isFinite(r.floor) && r.floor < r.value) g.append(svg("line", { class: "bound", x1: x(r.floor), x2: x(r.floor), y1: y + 7, y2: y + step - 7 }));
    if (Number.isFinite(r.low)) g.append(svg("path", { class: "band", fill: "none", d: `M${x(r.low)},${middle - 4}V${middle + 4}M${x(r.low)},${middle}H${x(r.high)}M${x(r.high)},${middle - 4}V${middle + 4}` }));
    root.append(g);
    if (!narrow) root.append(text(Math.max(x(r.value), x(r.high) || 0) + 8, middle + 4, r.text, { class: "value halo" }));
    tell(g, r.tip, r.actions);
  });
  if (metric.limit) limitLine(root, x(metric.limit), top, base, true);
}

function limitLine(root, at, from, to, vertical) {
  root.append(svg("line", vertical ? { class: "limit-line", x1: at, x2: at, y1: from, y2: to } : { class: "limit-line", y1: at, y2: at, x1: from, x2: to }));
}

// axes draws both axes; x and y: { scale, title, better, tick }.
function axes(root, x, y, box) {
  const { left, right, top, bottom } = box;
  for (const t of y.scale.ticks) root.append(svg("line", { class: "grid", x1: left, x2: right, y1: y.scale(t), y2: y.scale(t) }), text(left - 8, y.scale(t) + 4, (y.tick || tick)(t), { class: "tick", "text-anchor": "end" }));
  for (const t of x.scale.ticks) root.append(svg("line", { class: "grid", x1: x.scale(t), x2: x.scale(t), y1: top, y2: bottom }), text(x.scale(t), bottom + 17, (x.tick || tick)(t), { class: "tick", "text-anchor": "middle" }));
  root.append(svg("path", { class: "axis", fill: "none", d: `M${left},${top}V${bottom}H${right}` }));
  root.append(text((left + right) / 2, bottom + 38, x.title, { class: "title", "text-anchor": "middle" }), text(left - 48, top - 10, y.title, { class: "title" }));
  if (x.better) root.append(text(right, bottom + 38, x.better > 0 ? `${l("better")} →` : `← ${l("better")}`, { class: "better", "text-anchor": x.better > 0 ? "end" : "end" }));
  if (y.better) root.append(text(right, top - 10, y.better > 0 ? `↑ ${l("better")}` : `↓ ${l("better")}`, { class: "better", "text-anchor": "end" }));
}

const span = (values, pad = 1.15) => {
  const known = values.filter((v) => v > 0 && Number.isFinite(v));
  return [Math.min(...known) / pad, Math.max(...known) * pad];
};

// curves draws a line of points per series, straight from point to point.
// lines: { label, mark, points: [{ x, y, tip, actions, off }], off: beaten, not joined }.
export function curves(figure, lines, x, y, limit) {
  const { root, width, narrow } = frame(figure, narrow0(figure) ? 360 : 430, `${y.title} / ${x.title}`);
  const box = { left: 62, right: width - (narrow ? 14 : 30), top: 34, bottom: (narrow ? 360 : 430) - 50 };
  const all = lines.flatMap((s) => s.points);
  if (!all.length) return figure.replaceChildren();
  const make = (axis, values, range) => (axis.log ? log(span(values), range) : linear([0, Math.max(...values, axis === x ? limit || 0 : 0) * 1.06], range));
  x.scale = make(x, all.map((p) => p.x), [box.left, box.right]);
  y.scale = make(y, all.map((p) => p.y), [box.bottom, box.top]);
  axes(root, x, y, box);
  if (limit) {
    const at = x.scale(limit), low = x.better > 0;
    if (at > box.left && at < box.right) {
      root.append(svg("rect", { class: "limit", x: low ? box.left : at, y: box.top, width: low ? at - box.left : box.right - at, height: box.bottom - box.top }));
      limitLine(root, at, box.top, box.bottom, true);
      root.append(text(at + (low ? -6 : 6), box.bottom - 8, l("need_"), { class: "limit-text", "text-anchor": low ? "end" : "start" }));
    }
  }
  for (const s of lines) {
    const g = svg("g", { class: series(s.mark) });
    g.append(svg("path", { class: "line stroke", d: s.points.filter((p) => !p.off).map((p, i) => `${i ? "L" : "M"}${x.scale(p.x).toFixed(1)},${y.scale(p.y).toFixed(1)}`).join("") }));
    s.points.forEach((p) => {
      const dot = svg("path", { class: p.off ? "fill dim" : "fill", d: shape(s.mark, 4.6), transform: `translate(${x.scale(p.x).toFixed(1)},${y.scale(p.y).toFixed(1)})` });
      g.append(dot);
      tell(dot, p.tip, p.actions);
    });
    root.append(g);
  }
  key(figure, lines.map((s) => ({ label: s.label, cls: series(s.mark), mark: s.mark })));
}

const narrow0 = (figure) => (figure.clientWidth || 900) < 560;

const parts = [["weights", "weights_bytes", "weights"], ["kvPart", "kv_cache_bytes", "kv"], ["activations", "activation_bytes", "activations"], ["reserved", "reserved_bytes", "reserved"]];

// stacks draws what fills the memory of a device, against what it has. rows: { label, memory, tip, note }.
export function stacks(figure, rows) {
  const step = 36, top = 10, bottom = 40;
  const { root, width, narrow } = frame(figure, top + rows.length * step + bottom, l("memoryUse"));
  const left = narrow ? 136 : 190, right = narrow ? 14 : 110;
  const most = Math.max(...rows.map((r) => Math.max(r.memory.total_bytes, r.memory.capacity_bytes || 0)));
  const x = linear([0, (most / 2 ** 30) * 1.02], [left, width - right]);
  const base = top + rows.length * step;
  for (const t of x.ticks) root.append(svg("line", { class: "grid", x1: x(t), x2: x(t), y1: top, y2: base }), text(x(t), base + 17, tick(t), { class: "tick", "text-anchor": "middle" }));
  root.append(text(left, base + 35, `${l("memoryUse")}, GiB`, { class: "title" }));
  rows.forEach((r, i) => {
    const y = top + i * step, m = r.memory;
    root.append(text(left - 10, y + step / 2 + 4, r.label, { "text-anchor": "end" }));
    const g = svg("g");
    let at = 0;
    for (const [, field, name] of parts) {
      const size = (m[field] || 0) / 2 ** 30;
      if (size > 0) g.append(svg("rect", { class: `fill part-${name}`, x: x(at), y: y + 7, width: Math.max(0.5, x(at + size) - x(at) - 0.8), height: step - 14 }));
      at += size;
    }
    root.append(g);
    if (m.capacity_bytes) root.append(svg("line", { class: "capacity", x1: x(m.capacity_bytes / 2 ** 30), x2: x(m.capacity_bytes / 2 ** 30), y1: y + 2, y2: y + step - 2 }));
    if (!narrow) root.append(text(Math.max(x(at), x((m.capacity_bytes || 0) / 2 ** 30)) + 8, y + step / 2 + 4, r.note, { class: `value halo${r.fits === false ? " limit-text" : ""}` }));
    tell(g, r.tip ?? (() => ({ title: r.label, rows: [...parts.map(([k, f]) => [l(k), m[f] ? gib(m[f]) : undefined]), [l("capacity"), m.capacity_bytes ? gib(m.capacity_bytes) : "–"]] })), r.actions);
  });
  key(figure, [...parts.map(([label, , name]) => ({ label: l(label), cls: `part-${name}` }))]);
}

// rooflines draws the layers under the roof of a device, both axes logarithmic, a dot's area the share of the time.
export function rooflines(figure, layers, device, peak) {
  const height = narrow0(figure) ? 380 : 460;
  const { root, width, narrow } = frame(figure, height, l("performance"));
  const box = { left: 66, right: width - (narrow ? 14 : 24), top: 34, bottom: height - 50 };
  const dots = layers.filter((d) => d.intensity > 0 && d.time_s > 0 && d.flops > 0).map((d) => ({ ...d, rate: d.flops / d.time_s }));
  if (!dots.length || !device) return figure.replaceChildren();
  const ridge = peak.value / device.bandwidth_bytes_per_s;
  const xs = span([...dots.map((d) => d.intensity), ridge], 2.2), ys = span([...dots.map((d) => d.rate), peak.value], 2);
  const x = { scale: log(xs, [box.left, box.right]), title: l("intensity") };
  const y = { scale: log(ys, [box.bottom, box.top]), title: l("performance"), tick: rate };
  axes(root, x, y, box);
  const start = Math.max(xs[0], ys[0] / device.bandwidth_bytes_per_s);
  const roof = (i) => Math.min(peak.value, i * device.bandwidth_bytes_per_s);
  root.append(svg("path", { class: "roof", d: `M${x.scale(start)},${y.scale(roof(start))}L${x.scale(ridge)},${y.scale(peak.value)}H${box.right}` }));
  root.append(text(box.right - 4, y.scale(peak.value) - 7, `${rate(peak.value)}FLOP/s ${peak.format}`, { class: "roof-text", "text-anchor": "end" }));
  const mid = Math.sqrt(start * ridge);
  const angle = (Math.atan2(y.scale(roof(mid * 1.1)) - y.scale(roof(mid)), x.scale(mid * 1.1) - x.scale(mid)) * 180) / Math.PI;
  root.append(text(0, 0, `${rate(device.bandwidth_bytes_per_s)}B/s`, { class: "roof-text", "text-anchor": "middle", transform: `translate(${x.scale(mid) - 8},${y.scale(roof(mid)) - 8}) rotate(${angle.toFixed(1)})` }));
  const bounds = new Set();
  for (const d of [...dots].sort((a, b) => b.time_s - a.time_s)) {
    bounds.add(d.bound_by);
    const dot = svg("circle", { class: `fill by-${d.bound_by}`, "fill-opacity": 0.72, cx: x.scale(d.intensity).toFixed(1), cy: y.scale(d.rate).toFixed(1), r: Math.max(3.2, Math.sqrt(d.share) * (narrow ? 26 : 38)).toFixed(1) });
    root.append(dot);
    tell(dot, () => ({ title: d.name, rows: [["", d.kind], ["×", tick(d.count)], [l("intensity"), number(d.intensity)], [l("performance"), `${rate(d.rate)}FLOP/s`], ["", seconds(d.time_s)], [l("share_"), percent(d.share)], [l("limit"), l(`by-${d.bound_by}`)]] }));
  }
  const labelled = [...dots].sort((a, b) => b.time_s - a.time_s).slice(0, narrow ? 2 : 5);
  const taken = [];
  for (const d of labelled) {
    const px = x.scale(d.intensity), r = Math.max(3.2, Math.sqrt(d.share) * (narrow ? 26 : 38));
    const py = y.scale(d.rate) + r + 14;
    if (py > box.bottom - 2 || taken.some(([a, b]) => Math.abs(a - px) < 110 && Math.abs(b - py) < 30)) continue;
    taken.push([px, py]);
    root.append(text(px, py, d.name.split("/").pop().slice(0, 22), { class: "halo", "text-anchor": "middle" }));
  }
  key(figure, [...bounds].sort().map((b) => ({ label: l(`by-${b}`), cls: `by-${b}`, mark: 0 })));
  figure.querySelector(".key").append(el("li", {}, l("area")));
}

// gauge draws one measured value against floor and band. band: { bound, low, expected, high }.
export function gauge(figure, band, measured, title) {
  const { root, width } = frame(figure, 130, title);
  const left = 24, right = width - 24;
  const x = log(span([band.bound, band.high, measured].filter((v) => v > 0), 1.25), [left, right]);
  for (const t of x.ticks) root.append(svg("line", { class: "grid", x1: x(t), x2: x(t), y1: 34, y2: 86 }), text(x(t), 104, seconds(t), { class: "tick", "text-anchor": "middle" }));
  root.append(svg("rect", { class: "limit", x: left, y: 34, width: Math.max(0, x(band.bound) - left), height: 52 }));
  root.append(svg("line", { class: "limit-line", x1: x(band.bound), x2: x(band.bound), y1: 30, y2: 90 }), text(x(band.bound), 24, l("floor"), { class: "limit-text", "text-anchor": "middle" }));
  const g = svg("g", { class: "s0" }, svg("rect", { class: "soft-fill", x: x(band.low), y: 40, width: x(band.high) - x(band.low), height: 40 }),
    svg("line", { class: "stroke", "stroke-width": 3, x1: x(band.expected), x2: x(band.expected), y1: 40, y2: 80 }));
  root.append(g, text(x(band.expected), 24, l("expected"), { "text-anchor": "middle", class: "halo" }));
  if (measured > 0) {
    const m = svg("path", { class: "fill", d: cross, transform: `translate(${x(measured)},60)` });
    root.append(svg("g", { class: "s1" }, m), text(x(measured), 122, l("measured"), { "text-anchor": "middle", class: "value halo" }));
  }
}

// changes draws signed bars around zero: by how many percent something gets better or worse. rows: { label, value, text, good }.
export function changes(figure, rows, title) {
  const step = 32, top = 10, bottom = 42;
  const { root, width, narrow } = frame(figure, top + rows.length * step + bottom, title);
  const left = narrow ? 120 : 190, right = width - (narrow ? 40 : 70);
  const most = Math.max(...rows.map((r) => Math.abs(r.value || 0)), 0.01) * 1.1;
  const x = linear([-most, most], [left, right]);
  const base = top + rows.length * step;
  for (const t of x.ticks) root.append(svg("line", { class: t === 0 ? "axis" : "grid", x1: x(t), x2: x(t), y1: top, y2: base }), text(x(t), base + 17, `${t > 0 ? "+" : ""}${tick(t)} %`, { class: "tick", "text-anchor": "middle" }));
  root.append(text(left, base + 36, title, { class: "title" }));
  rows.forEach((r, i) => {
    const middle = top + i * step + step / 2;
    root.append(text(left - 10, middle + 4, r.label, { "text-anchor": "end" }));
    const at = x(r.value || 0);
    const bar = svg("rect", { class: `fill ${r.good === undefined ? "by-overhead" : r.good ? "change-good" : "change-bad"}`, x: Math.min(at, x(0)), y: middle - 10, width: Math.max(1, Math.abs(at - x(0))), height: 20, rx: 2 });
    root.append(bar, text(r.value < 0 ? at - 6 : at + 6, middle + 4, r.text, { class: "value halo", "text-anchor": r.value < 0 ? "end" : "start" }));
    tell(bar, r.tip);
  });
}

const cross = "M-6,-4L-4,-6L0,-2L4,-6L6,-4L2,0L6,4L4,6L0,2L-4,6L-6,4L-2,0Z";

// runs draws what a benchmark measured beside what was expected of it, before and after a calibration, times on one
// logarithmic axis. list: { name, measured_s, bound_s, before_s, after_s, unused }.
export function runs(figure, list) {
  const step = 40, top = 12, bottom = 42;
  const { root, width, narrow } = frame(figure, top + list.length * step + bottom, l("measured"));
  const left = narrow ? 16 : 250, right = width - 20;
  const x = log(span(list.flatMap((r) => [r.measured_s, r.bound_s, r.before_s, r.after_s]), 1.3), [left, right]);
  const base = top + list.length * step;
  for (const t of x.ticks) root.append(svg("line", { class: "grid", x1: x(t), x2: x(t), y1: top, y2: base }), text(x(t), base + 17, seconds(t), { class: "tick", "text-anchor": "middle" }));
  list.forEach((r, i) => {
    const middle = top + i * step + step / 2 + (narrow ? 6 : 0);
    root.append(narrow ? text(left, middle - 14, r.name) : text(left - 10, middle + 4, r.name, { "text-anchor": "end" }));
    const g = svg("g", { class: r.unused ? "dim" : "" });
    const mark = (cls, d, at) => at > 0 && g.append(svg("g", { class: cls }, svg("path", { class: "fill", d, transform: `translate(${x(at)},${middle})` })));
    if (r.bound_s > 0) g.append(svg("line", { class: "limit-line", x1: x(r.bound_s), x2: x(r.bound_s), y1: middle - 12, y2: middle + 12 }));
    mark("s0", shape(0, 5), r.before_s);
    mark("s2", shape(3, 5), r.after_s);
    mark("s1", cross, r.measured_s);
    root.append(g);
    tell(g, () => ({ title: r.name, rows: [[l("measured"), seconds(r.measured_s)], [l("before"), seconds(r.before_s)], [l("after"), seconds(r.after_s)], [l("floor"), seconds(r.bound_s)], [l("notUsed"), r.unused]] }));
  });
  key(figure, [{ label: l("measured"), cls: "s1", d: cross }, { label: l("before"), cls: "s0", mark: 0 }, { label: l("after"), cls: "s2", mark: 3 }]);
}
