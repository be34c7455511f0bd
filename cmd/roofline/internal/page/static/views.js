// The questions a page answers, each a verb of the command line: what is asked, and how the answer is drawn.
import { el, number, tick, whole, seconds, percent, gib } from "./draw.js";
import { bars, changes, curves, stacks, rooflines, gauge, runs } from "./charts.js";
import { table } from "./table.js";
import { l } from "./labels.js";
import { state, set, devices, owned } from "./state.js";
import { ask } from "./api.js";
import { known } from "./known.js";
import { calibrate } from "./controls.js";

// Parameters that several verbs take.
const model = () => ({ model: state.model, catalog: owned(), calibration: state.calibration });
const where = () => ({ device: state.devices || "all", count: state.count, runtime: state.runtime });
const paid = () => ({ price: state.price === "on-demand" ? "" : state.price, "usd-per-hour": state.usd, utilization: state.utilization === "1" ? "" : state.utilization });
const formats = () => ({ dtype: state.dtype, "kv-dtype": known.kind === "language" ? state.kv : "" });
const lengths = () => (known.kind === "language" ? { isl: state.isl === "1024" ? "" : state.isl, osl: state.osl === "1024" ? "" : state.osl } : {});
const loads = () => (known.kind === "language" ? { concurrency: state.users } : { batch: state.batch });
const limits = () => {
  const slo = [];
  if (known.kind !== "language") return state.latency ? { slo: `latency=${state.latency}ms` } : {};
  if (state.ttft) slo.push(`ttft=${state.ttft}s`);
  if (+state.speed > 0) slo.push(`tpot=${+(1000 / state.speed).toPrecision(6)}ms`);
  return slo.length ? { slo: slo.join(",") } : {};
};

// groups puts the estimates of one device together, in the order of the rows.
function groups(estimates) {
  const out = [];
  for (const e of estimates) {
    const last = out.at(-1);
    if (last && last.id === e.device && last.count === e.count) last.results.push(e);
    else out.push({ id: e.device, count: e.count, results: [e] });
  }
  for (const g of out) {
    g.name = (g.count > 1 ? `${g.count} × ` : "") + known.short(g.id);
    g.first = g.results[0];
    g.last = g.results.at(-1);
    g.reason = g.first.unavailable || (g.results.some((e) => e.memory?.fits === false) ? l("doesNotFit") : "");
  }
  return out;
}

const per = (e) => e?.cost?.per?.[0]?.value;
const million = (e) => (e?.cost?.per?.[0]?.unit || "").replace("USD/M ", "");
const band = (b, factor = 1) => b && { value: b.expected * factor, low: b.low * factor, high: b.high * factor, floor: b.bound * factor };

// around is a rate with the band of the time it follows from.
const around = (value, b) => b && { value, low: (value * b.expected) / b.high, high: (value * b.expected) / b.low };

// metrics are what devices are compared by: label, unit, which way is better, and the value of a group with its band.
const metrics = {
  costPer: { unit: (g) => `$ / M ${million(g.last) || ""}`, of: (g) => (per(g.last) > 0 ? { value: per(g.last), low: (per(g.last) * g.last.latency_s.low) / g.last.latency_s.expected, high: (per(g.last) * g.last.latency_s.high) / g.last.latency_s.expected } : {}), missing: "noPrice", text: (v) => "$" + number(v) },
  throughput: { unit: (g) => g.last.throughput?.unit, higher: true, of: (g) => around(g.last.throughput?.value, g.last.latency_s) },
  perDevice: { unit: (g) => g.last.throughput?.unit, higher: true, of: (g) => around(g.last.throughput?.per_device, g.last.latency_s) },
  speed: { unit: () => "tok/s", higher: true, kind: "language", limit: () => +state.speed, of: (g) => around(g.last.decode?.tokens_per_s_per_user, g.last.decode?.tpot_s) },
  alone: { unit: () => "tok/s", higher: true, kind: "language", limit: () => +state.speed, of: (g) => around(g.first.decode?.tokens_per_s_per_user, g.first.decode?.tpot_s) },
  ttft: { unit: () => "ms", kind: "language", limit: () => state.ttft * 1e3, of: (g) => band(g.first.prefill?.ttft_s, 1e3) },
  tpot: { unit: () => "ms", kind: "language", of: (g) => band(g.first.decode?.tpot_s, 1e3) },
  latencyOne: { unit: () => "ms", kind: "graph", limit: () => +state.latency, of: (g) => band(g.first.latency_s, 1e3) },
  memoryUse: { unit: () => "", of: (g) => ({ value: g.last.memory?.ratio }), text: percent },
};

// actions of a mark: what can be done with the device it stands for.
const actions = (g) => [[l("onlyThis"), () => set({ devices: known.short(g.id) })], [l("pin"), () => set({ reference: g.id })]];

const facts = (g) => (g.last.decode ? [
  [l("ttft"), seconds(g.first.prefill?.ttft_s.expected)], [l("tpot"), seconds(g.first.decode?.tpot_s.expected)],
  [l("floor"), seconds(g.first.decode?.tpot_s.bound)], [l("users"), whole(g.last.workload.concurrency)],
  [l("speed"), `${number(g.last.decode.tokens_per_s_per_user)} tok/s`], [l("throughput"), `${number(g.last.throughput.value)} tok/s`],
] : [[l("latencyOne"), seconds(g.first.latency_s?.expected)], [l("floor"), seconds(g.first.latency_s?.bound)], [l("batch"), whole(g.last.workload?.batch)], [l("throughput"), `${number(g.last.throughput?.value)} ${g.last.throughput?.unit}`]])
  .concat([[l("costPer"), per(g.last) ? `$${number(per(g.last))} / M ${million(g.last)}` : "–"], [l("memoryUse"), percent(g.last.memory?.ratio)], [l("dtype"), g.last.workload?.dtype], [l("runtime"), g.last.runtime], [l("limit"), g.last.bound_by ? l(`by-${g.last.bound_by}`) : "–"]]);

const most = 8;

// drawn returns the groups a chart shows: eight until more are asked for.
function drawn(all, tools) {
  if (all.length > most)
    tools.append(el("button", { type: "button", onclick: () => set({ all: state.all ? "" : "1" }) }, state.all ? l("drawEight") : l("drawAll", { n: all.length })));
  return state.all ? all : all.slice(0, most);
}

function select(label, value, choices, change) {
  const s = el("select", { "aria-label": label, onchange: () => change(s.value) }, choices.map(([v, text]) => el("option", { value: v, selected: v === value }, text)));
  return el("label", {}, label, s);
}

const compared = (column) => /^(TTFT|TPOT|tok\/s|\$\/M|.*\/s|time)/.test(column.title);

function rowsAbout(all) {
  return (i) => {
    const g = all[i];
    return { id: g?.id, off: Boolean(g?.reason), reason: g?.reason, dtype: g?.last.workload?.dtype, reference: g && g.id === state.reference };
  };
}

const compare = {
  id: "compare",
  ask: () => ["estimate", { ...model(), ...where(), ...formats(), ...lengths(), ...loads(), ...limits(), ...paid() }],
  draw(view, page) {
    const all = groups(view.answer.estimates);
    const usable = Object.entries(metrics).filter(([, m]) => !m.kind || m.kind === known.kind);
    const name = usable.some(([k]) => k === state.metric) ? state.metric : "costPer";
    page.tools.append(select(l("show"), name, usable.map(([k]) => [k, l(k)]), (metric) => set({ metric })));
    const metric = metrics[name];
    const shown = drawn(all, page.tools);
    const like = shown.find((g) => !g.reason) || shown[0];
    if (shown.length)
      bars(page.chart, shown.map((g, i) => {
        const v = g.reason ? {} : metric.of(g) || {};
        return { label: g.name, mark: i, ...v, text: (metric.text || number)(v.value), reason: g.reason || l(metric.missing || "–"), tip: () => ({ title: g.name, rows: facts(g) }), actions: actions(g) };
      }), { title: [l(name), like && metric.unit(like)].filter(Boolean).join(", "), higher: metric.higher, limit: metric.limit?.(), tick: name === "costPer" ? (v) => "$" + tick(v) : metric.text });
    const one = view.tables[0]?.rows.length === all.length;
    view.tables.forEach((t, i) => page.tables.append(i ? table(t) : table(t, one ? rowsAbout(all) : undefined, { pin: one ? (reference) => set({ reference }) : null, filter: one ? page.filter : null, compare: compared })));
    page.facts(summary(all));
  },
};

// summary is three facts a buyer asks first.
function summary(all) {
  const fit = all.filter((g) => !g.reason && g.last.throughput);
  const best = (value) => fit.filter((g) => Number.isFinite(value(g))).sort((a, b) => value(a) - value(b))[0];
  const out = [];
  const cheap = best((g) => per(g.last)), quick = best((g) => (known.kind === "language" ? g.first.decode?.tpot_s.expected : g.first.latency_s.expected));
  const busy = best((g) => -g.last.throughput.per_device), frugal = best((g) => g.last.power?.wh_per_unit);
  if (cheap) out.push([`$${number(per(cheap.last))} / M ${million(cheap.last)}`, `${l("cheapest")}: ${cheap.name}`]);
  if (quick) out.push(known.kind === "language" ? [`${number(quick.first.decode?.tokens_per_s_per_user)} tok/s`, `${l("fastest")}: ${quick.name}`] : [seconds(quick.first.latency_s.expected), `${l("quickest")}: ${quick.name}`]);
  if (busy) out.push([`${number(busy.last.throughput.per_device)} ${busy.last.throughput.unit}`, `${l("perDevice")}: ${busy.name}`]);
  if (frugal) out.push([`${number(frugal.last.power.wh_per_unit * 3600)} J / ${frugal.last.power.unit.replace(/s$/, "")}`, `${l("frugal")}: ${frugal.name}`]);
  return out;
}

const curve = {
  id: "curve",
  ask: () => ["estimate", { ...model(), ...where(), ...formats(), ...lengths(), ...limits(), ...paid(), ...(known.kind === "language" ? { concurrency: "1..1024*2" } : { batch: "1..256*2" }) }],
  draw(view, page) {
    const language = known.kind === "language";
    const names = language ? ["perDevice", "costPer", "throughput"] : ["throughput", "perDollar", "costPer"];
    const name = names.includes(state.metric) ? state.metric : names[0];
    page.tools.append(select(l("show"), name, names.map((k) => [k, l(k)]), (metric) => set({ metric })));
    const value = { perDevice: (e) => e.throughput?.per_device, throughput: (e) => e.throughput?.value, costPer: per, perDollar: (e) => e.throughput?.value / e.cost?.usd_per_hour }[name];
    const all = drawn(groups(view.answer.estimates).filter((g) => !g.first.unavailable), page.tools);
    const lines = all.map((g, i) => ({ label: g.name, mark: i, points: g.results.filter((e) => e.memory?.fits !== false && value(e) > 0).map((e) => ({
      x: language ? e.decode?.tokens_per_s_per_user : e.latency_s.expected * 1e3, y: value(e),
      tip: () => ({ title: g.name, rows: facts({ ...g, last: e, first: e }) }), actions: [...actions(g), language ? [l("users") + ` ${e.workload.concurrency}`, () => set({ users: String(e.workload.concurrency), tab: "compare" })] : [l("batch") + ` ${e.workload.batch}`, () => set({ batch: String(e.workload.batch), tab: "compare" })]],
    })).filter((p) => p.x > 0) })).filter((s) => s.points.length);
    const unit = all[0]?.last.throughput?.unit || "";
    const y = { title: [l(name), name === "costPer" ? `$ / M ${million(all[0]?.last)}` : name === "perDollar" ? `${unit} / ($/h)` : unit].join(", "), better: name === "costPer" ? -1 : 1, log: name === "costPer" };
    const x = language ? { title: `${l("interactivity")}, tok/s`, better: 1, log: false } : { title: `${l("latency")}, ms`, better: -1, log: true };
    curves(page.chart, lines, x, y, language ? +state.speed : +state.latency);
    view.tables.forEach((t) => page.tables.append(table(t)));
  },
};

const fit = {
  id: "fit",
  kind: "language",
  ask: () => ["fit", { ...model(), ...where(), ...formats(), context: state.context === "8192" ? "" : state.context }],
  draw(view, page) {
    const choices = [2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144, 1048576].map((n) => [String(n), `${n / 1024}k`]);
    page.tools.append(select(l("context"), state.context, choices, (context) => set({ context })));
    const layouts = view.answer.layouts || [];
    // Of each device the fewest that hold a user are drawn, or the most that were tried.
    const best = new Map();
    for (const f of layouts) if (!best.has(f.device) || best.get(f.device).fits === false) best.set(f.device, f);
    const shown = drawn([...best.values()], page.tools);
    const note = (f) => (f.fits === false ? l("short", { n: gib(f.short_bytes) }) : f.users ? l("nUsers", { n: whole(Math.floor(f.users)) }) : "");
    if (shown.length) stacks(page.chart, shown.map((f) => ({ memory: f.memory, fits: f.fits, label: `${f.count} × ${known.short(f.device)}`, note: note(f) })));
    view.tables.forEach((t) => page.tables.append(table(t, (i) => ({ id: layouts[i]?.device, off: layouts[i]?.fits === false }), { filter: page.filter })));
  },
};

const target = () => state.target || "1000";

const recommend = {
  id: "recommend",
  ask: () => ["recommend", { ...model(), device: state.scope === "all" ? "" : state.devices, count: state.count, runtime: state.runtime, ...formats(), ...lengths(), ...limits(), ...paid(),
    target: target() + (known.kind === "language" ? "tok/s" : "img/s"), budget: state.budget && `${state.budget}USD/month` }],
  draw(view, page) {
    const input = el("input", { id: "goal", inputmode: "decimal", value: target(), "aria-label": l("needTarget") });
    input.addEventListener("input", () => +input.value > 0 && set({ target: input.value.trim() }));
    page.tools.append(el("label", {}, l("needTarget"), input, known.kind === "language" ? "tok/s" : "img/s"));
    page.tools.append(select(l("among"), state.scope, [["all", l("allDevices")], ["chosen", l("chosenDevices")]], (scope) => set({ scope })));
    const options = view.answer.options.slice(0, most);
    if (options.length)
      bars(page.chart, options.map((o, i) => {
        const e = o.estimate, name = `${e.count} × ${known.short(e.device)}`;
        return { label: name, mark: i, value: o.usd_per_month, text: `$${whole(o.usd_per_month)}`, tip: () => ({ title: name, rows: [[l("monthly"), `$${whole(o.usd_per_month)}`], [l("replicas"), `${e.replicas} × TP${e.plan.tp}`], [l("headroom"), percent(o.use)], ...facts({ first: e, last: e })] }), actions: [[l("onlyThis"), () => set({ devices: known.short(e.device), count: String(e.count), users: String(e.workload.concurrency || ""), tab: "compare" })]] };
      }), { title: `${l("monthly")}, $`, tick: (v) => "$" + tick(v), limit: +state.budget || undefined });
    view.tables.forEach((t, i) => page.tables.append(table(t, i ? undefined : (r) => ({ id: options[r]?.estimate.device }))));
  },
};

const better = (metric) => (metric.better === "higher" ? 1 : -1);

const frontier = {
  id: "frontier",
  ask: () => ["frontier", { ...model(), ...where(), ...formats(), ...lengths(), ...limits(), ...paid() }],
  draw(view, page) {
    const { by, points } = view.answer;
    if (!points?.length) return;
    const lines = new Map();
    for (const p of points) {
      if (!lines.has(p.estimate.device)) lines.set(p.estimate.device, { label: known.short(p.estimate.device), mark: lines.size, points: [] });
      const e = p.estimate, g = { id: e.device, first: e, last: e }, name = `${e.count} × ${known.short(e.device)} TP${e.plan.tp}`;
      lines.get(e.device).points.push({ x: p.values[0], y: p.values[1], off: p.status !== "frontier", tip: () => ({ title: name, rows: facts(g) }), actions: actions(g) });
    }
    for (const line of lines.values()) line.points.sort((a, b) => a.x - b.x);
    const axis = (m) => ({ title: m.name === "latency" ? l("by_latency") : `${l(`by_${m.name}`)}, ${m.unit.replace("USD/", "$/")}`, better: better(m), log: m.name === "cost" || m.name === "latency", tick: m.name === "latency" ? seconds : undefined });
    curves(page.chart, [...lines.values()].slice(0, state.all ? undefined : most), axis(by[0]), axis(by[1]), known.kind === "language" ? +state.speed : state.latency / 1e3);
    view.tables.forEach((t) => page.tables.append(table(t)));
  },
};

const scorecard = {
  id: "scorecard",
  kind: "language",
  ask: () => ["frontier", { ...model(), ...where(), ...formats(), ...lengths(), ...(state.ttft ? { slo: `ttft=${state.ttft}s` } : {}), ...paid(), tiers: state.speed || "30,50,75,100" }],
  draw(view, page) {
    const tiers = [...new Set(view.answer.tiers.map((t) => String(t.tokens_per_s_per_user)))];
    const tier = tiers.includes(state.tier) ? state.tier : tiers[0];
    if (tiers.length > 1) page.tools.append(select(l("atSpeed"), tier, tiers.map((t) => [t, `≥ ${t} tok/s`]), (chosen) => set({ tier: chosen })));
    const all = drawn(view.answer.tiers.filter((t) => String(t.tokens_per_s_per_user) === tier), page.tools);
    const name = (t) => (t.estimate?.count > 1 ? `${t.estimate.count} × ` : "") + known.short(t.device);
    bars(page.chart, all.map((t, i) => ({ label: name(t), mark: i, value: t.usd_per_million, text: t.estimate ? `$${number(t.usd_per_million)} · ${l("nUsers", { n: whole(t.estimate.workload.concurrency) })}` : "", reason: l("tooSlow"), tip: () => ({ title: name(t), rows: t.estimate ? facts({ first: t.estimate, last: t.estimate }) : [] }) })), { title: `${l("costPer")}, ≥ ${tier} tok/s`, tick: (v) => "$" + tick(v), room: 150 });
    page.facts(all.filter((t) => t.estimate).sort((a, b) => b.estimate.workload.concurrency - a.estimate.workload.concurrency).slice(0, 4).map((t) => [l("nUsers", { n: whole(t.estimate.workload.concurrency) }), `${name(t)}, ≥ ${tier} tok/s`]));
    view.tables.forEach((t) => page.tables.append(table(t, undefined, { filter: () => {} })));
  },
};

const peakFormat = (device) => ["bf16", "fp16", "fp32"].find((f) => (known.kind === "language" ? f !== "fp16" || !device?.dense_peak_flops.bf16 : true) && device?.dense_peak_flops[f]);

const whatif = {
  id: "whatif",
  ask: () => {
    const device = known.device(oneDevice());
    const sets = [[state.setBandwidth, "memory.bandwidth", "TB/s"], [state.setMemory, "memory.capacity", "GB"], [state.setPeak, `matrix.${peakFormat(device)}`, "TFLOP/s"]]
      .filter(([v]) => v).map(([v, field, unit]) => `${field}=${/^[\d.]+$/.test(v) ? v + unit : v}`);
    return ["whatif", { ...model(), device: oneDevice(), count: state.count, runtime: state.runtime, ...formats(), ...lengths(), ...loads(), ...paid(), ...(sets.length ? { set: sets } : { sensitivity: true }) }];
  },
  draw(view, page) {
    const device = known.device(oneDevice());
    page.tools.append(select(l("device"), oneDevice(), devices().map((d) => [d, d]), (chosen) => set({ device: chosen, setBandwidth: "", setMemory: "", setPeak: "" })));
    const field = (name, label, now, unit) => {
      const input = el("input", { id: name, inputmode: "decimal", value: state[name], placeholder: now ? tick(now) : "–", "aria-label": `${label}, ${unit}` });
      input.addEventListener("input", () => (input.value.trim() === "" || /^\*?[\d.]+$/.test(input.value.trim())) && set({ [name]: input.value.trim() }));
      page.tools.append(el("label", {}, label, input, unit));
    };
    const peak = peakFormat(device);
    field("setBandwidth", l("setBandwidth"), device?.bandwidth_bytes_per_s / 1e12, "TB/s");
    field("setMemory", l("setMemory"), device?.memory_bytes / 1e9, "GB");
    if (peak) field("setPeak", l("setPeak", { f: peak }), device.dense_peak_flops[peak] / 1e12, "TFLOP/s");
    const grid = view.tables[0];
    const given = view.answer.set?.length > 0;
    // The last column that is a change in percent is the one under load.
    const column = given ? grid.columns.findLastIndex((c) => c.title === "change") : grid.columns.findLastIndex((c) => /throughput|TPOT|latency/.test(c.title));
    const better = (label) => (given ? (/tok\/s|throughput|users/.test(label) ? 1 : /TTFT|TPOT|end to end|cost|latency/.test(label) ? -1 : 0) : /throughput/.test(grid.columns[column]?.title) ? 1 : -1);
    const amount = (cell) => cell?.value ?? Number.parseFloat((cell?.text || "").split("|").pop().replace("−", "-"));
    const rows = grid.rows.map((cells) => Object.assign(cells, { change: amount(cells[column]) })).filter((r) => Number.isFinite(r.change)).map((r) => ({ label: r[0].text.trim(), value: r.change, text: `${r[column].text} %`, good: better(r[0].text) && r.change ? r.change * better(r[0].text) > 0 : undefined, tip: () => ({ title: r[0].text, rows: grid.columns.slice(1).map((c, i) => [[c.group, c.title].filter(Boolean).join(": "), r[i + 1].text]) }) }));
    if (column > 0 && rows.length) changes(page.chart, rows, given ? `${l("changed")}, ${grid.columns[column].group || ""}` : `${l("onePercent")}: ${grid.columns[column].title}`);
    view.tables.forEach((t) => page.tables.append(table(t)));
  },
};

const oneDevice = () => (devices().includes(state.device) ? state.device : devices()[0] || "h100-sxm");

const layers = {
  id: "layers",
  ask: () => {
    const load = known.kind === "language" ? { phase: state.phase === "decode" ? "" : state.phase, batch: state.step === "1" ? "" : state.step, context: state.phase === "prefill" ? state.isl : String(+state.isl + Math.round(state.osl / 2)) } : { batch: state.step === "1" ? "" : state.step };
    return ["layers", { ...model(), device: oneDevice(), count: state.count, runtime: state.runtime, ...formats(), ...load, sort: "time" }];
  },
  draw(view, page) {
    page.tools.append(select(l("device"), oneDevice(), devices().map((d) => [d, d]), (device) => set({ device })));
    if (known.kind === "language") page.tools.append(select(l("phase"), state.phase, ["decode", "prefill"].map((p) => [p, l(p)]), (phase) => set({ phase })));
    page.tools.append(select(l("batchSize"), state.step, ["1", "2", "4", "8", "16", "32", "64", "128", "256"].map((n) => [n, n]), (step) => set({ step })));
    const device = known.device(view.answer.device);
    const format = ["fp8", "bf16", "fp16", "int8", "fp32"].find((f) => (state.dtype || (known.kind === "language" ? "bf16" : "fp16")).startsWith(f) && device?.dense_peak_flops[f]) || ["bf16", "fp16", "fp32"].find((f) => device?.dense_peak_flops[f]);
    if (format) rooflines(page.chart, view.answer.layers, device, { format, value: device.dense_peak_flops[format] });
    view.tables.forEach((t) => page.tables.append(table(t, undefined, { filter: () => {} })));
  },
};

const cost = {
  id: "cost",
  ask: () => ["estimate", { ...model(), ...where(), ...formats(), ...lengths(), ...loads(), ...limits(), ...paid(), explain: true }],
  draw(view, page) {
    const all = drawn(groups(view.answer.estimates), page.tools).filter((g) => g.last.cost);
    if (all.length)
      bars(page.chart, all.map((g, i) => ({ label: g.name, mark: i, value: g.last.cost.usd_per_hour, text: `$${number(g.last.cost.usd_per_hour)}/h`, tip: () => ({ title: g.name, rows: g.last.cost.components.map((c) => [c.name, c.missing ? "–" : `$${number(c.usd_per_hour)}/h`]).concat(g.last.cost.per.map((p) => [p.unit, number(p.value)])) }), actions: actions(g) })), { title: `${l("cost")}, $/h`, tick: (v) => "$" + tick(v) });
    view.tables.slice(1).forEach((t) => page.tables.append(table(t)));
  },
};

// measuredIn are the parameters of a calibration with the file that was dropped.
const measuredIn = () => ({ model: state.model, catalog: owned(), device: oneDevice(), count: state.count, runtime: state.runtime, ...formats(), from: state.results });

function checkFile(view, page) {
  page.tools.append(select(l("device"), oneDevice(), devices().map((d) => [d, d]), (device) => set({ device })));
  page.tools.append(el("button", { type: "button", class: "primary", id: "calibrate", onclick: () => calibrate(measuredIn()) }, l("calibrate")));
  page.tools.append(el("button", { type: "button", onclick: () => set({ results: "" }) }, l("forget")));
  runs(page.chart, view.answer.runs);
  view.tables.forEach((t) => page.tables.append(table(t)));
}

const check = {
  id: "check",
  ask: () => (state.results ? ["calibrate", measuredIn()] : ["estimate", { ...model(), device: oneDevice(), count: state.count, runtime: state.runtime, ...formats(), ...lengths(), ...(known.kind === "language" ? { concurrency: state.at } : { batch: state.at }), ...paid() }]),
  draw(view, page) {
    if (state.results) return checkFile(view, page);
    const language = known.kind === "language";
    const quantities = language ? ["tpot", "ttft", "throughput"] : ["latency", "throughput"];
    const quantity = quantities.includes(state.quantity) ? state.quantity : quantities[0];
    page.tools.append(select(l("device"), oneDevice(), devices().map((d) => [d, d]), (device) => set({ device })));
    page.tools.append(select(l("quantity"), quantity, quantities.map((q) => [q, l(`q_${q}`)]), (q) => set({ quantity: q })));
    const input = el("input", { id: "measured", inputmode: "decimal", value: state.measured, "aria-label": l("measured") });
    input.addEventListener("input", () => set({ measured: input.value.trim() }));
    page.tools.append(el("label", {}, l("measured"), input, quantity === "throughput" ? (language ? "tok/s" : view.answer.estimates[0]?.throughput?.unit) : "ms"));
    page.tools.append(select(language ? l("users") : l("batch"), state.at, ["1", "2", "4", "8", "16", "32", "64", "128", "256"].map((n) => [n, n]), (at) => set({ at })));
    const e = view.answer.estimates[0];
    if (!e?.latency_s) return;
    const rated = quantity === "throughput";
    const b = { tpot: e.decode?.tpot_s, ttft: e.prefill?.ttft_s, latency: e.latency_s, throughput: e.latency_s }[quantity];
    const value = Number.parseFloat(state.measured.replace(",", "."));
    // A rate is judged by the time it stands for: band and floor are of times.
    const time = rated ? (e.latency_s.expected * e.throughput.value) / value : value / 1e3;
    const say = rated ? (t) => `${number((e.latency_s.expected * e.throughput.value) / t)} ${e.throughput.unit}` : seconds;
    const words = { v: say(time), d: known.short(e.device), low: say(rated ? b.high : b.low), high: say(rated ? b.low : b.high), e: say(b.expected), bound: say(b.bound), x: number(time / b.expected, 2) };
    const judged = !(value > 0) ? null : time < b.bound ? ["tooFast", "bad"] : time < b.low ? ["faster", ""] : time <= b.high ? ["plausible", "good"] : ["slower", "bad"];
    page.say(judged ? l(judged[0], words) : l("giveMeasured"));
    if (value > 0 && !rated && judged[0] !== "tooFast")
      page.tools.append(el("button", { type: "button", id: "calibrate", onclick: () => calibrate({ model: state.model, catalog: owned(), device: oneDevice(), count: state.count, runtime: state.runtime, ...formats(), [quantity]: `${value}ms`, ...(language ? { isl: state.isl, osl: state.osl, concurrency: state.at } : { batch: state.at }) }) }, l("calibrate")));
    gauge(page.chart, b, value > 0 ? time : NaN, l(`q_${quantity}`));
    view.tables.forEach((t) => page.tables.append(table(t)));
  },
};

export const views = [compare, recommend, frontier, scorecard, curve, fit, layers, cost, whatif, check];

// reported are the parameters of a report on what is asked.
export const reported = () => ({ ...model(), ...where(), ...formats(), ...lengths(), ...limits(), ...paid(), target: state.target && state.target + (known.kind === "language" ? "tok/s" : "img/s"), budget: state.budget && `${state.budget}USD/month` });
