// The controls, in the order of a buyer's thoughts: need, model, load, hardware, price.
import { el, number, whole, gib } from "./draw.js";
import { l } from "./labels.js";
import { state, set, start, devices, owned } from "./state.js";
import { known, learnDevices, remember } from "./known.js";
import { path, send, Problem } from "./api.js";

const $ = (id) => document.getElementById(id);

const powers = (from, to) => Array.from({ length: Math.log2(to / from) + 1 }, (_, i) => from * 2 ** i);

// A slider steps through values; the first may stand for "as the tool sees fit".
const sliders = {
  users: { values: ["", ...powers(1, 4096)], text: (v) => (v === "" ? l("usersAuto") : whole(v)) },
  isl: { values: powers(128, 131072), text: size },
  osl: { values: powers(16, 32768), text: size },
  batch: { values: ["", ...powers(1, 4096)], text: (v) => (v === "" ? l("batchAuto") : whole(v)) },
  utilization: { values: Array.from({ length: 20 }, (_, i) => (i + 1) / 20), text: (v) => `${Math.round(v * 100)} %` },
};

function size(n) {
  return n >= 1024 && n % 1024 === 0 ? `${n / 1024}k` : String(n);
}

const numbers = { speed: "speed", ttft: "ttft", latency: "latency", target: "target", budget: "budget", usd: "usd" };
const choices = { dtype: "dtype", kv: "kv", count: "count", runtime: "runtime", price: "price" };

const presets = [
  ["p_8b", {}],
  ["p_70b", { model: "llama-3.1-70b", devices: "h100-sxm,h200-sxm,mi300x,a100-sxm-80gb,b200-sxm", count: "8" }],
  ["p_rag", { isl: "8192" }],
  ["p_moe", { model: "deepseek-v3", dtype: "fp8", devices: "h200-sxm,mi300x,b200-sxm", count: "8" }],
  ["p_resnet", { model: "resnet50", devices: "l4,rtx-4090,rtx-a5000,t4,jetson-agx-orin-64gb,i7-12700h" }],
  ["p_vit", { model: "vit-b-16", devices: "h100-sxm,a100-sxm-80gb,l40s,l4,mi300x" }],
];

export function build() {
  for (const [id, s] of Object.entries(sliders)) {
    Object.assign($(id), { min: 0, max: s.values.length - 1, step: 1 });
    $(id).addEventListener("input", () => set({ [id]: String(s.values[$(id).value]) }));
  }
  for (const [id, field] of Object.entries(numbers)) $(id).addEventListener("input", () => {
    const text = $(id).value.trim().replace(",", ".");
    const good = text === "" || (Number.isFinite(+text) && +text > 0);
    $(id).setAttribute("aria-invalid", String(!good));
    if (good) set({ [field]: text });
  });
  for (const [id, field] of Object.entries(choices)) $(id).addEventListener("change", async () => {
    if (id === "price") state.price = $(id).value, await learnDevices();
    set({ [field]: $(id).value });
  });
  $("model").addEventListener("change", () => set({ model: $("model").value }, true));
  for (const id of ["search", "filter-vendor", "filter-memory", "filter-priced"]) $(id).addEventListener("input", listDevices);
  $("reset").addEventListener("click", () => set({ ...start, lang: state.lang, tab: state.tab }, true));
  $("calibrated").addEventListener("click", () => set({ calibration: "" }));
  $("controls").addEventListener("submit", (e) => e.preventDefault());
  $("workloads").replaceChildren(...[["1k/1k", 1024, 1024], ["8k/1k", 8192, 1024], ["1k/8k", 1024, 8192]].map(([name, isl, osl]) => el("button", { type: "button", "data-lengths": `${isl}/${osl}`, onclick: () => set({ isl: String(isl), osl: String(osl) }) }, name)));
  own();
  files();
}

// sync writes the state into the controls, except into the one that is being used.
export function sync() {
  document.body.className = `kind-${known.kind}`;
  $("calibrated").hidden = !state.calibration;
  for (const [id, s] of Object.entries(sliders)) {
    const wanted = state[id];
    let at = s.values.findIndex((v) => String(v) === wanted);
    if (at < 0) at = s.values.reduce((best, v, i) => (Math.abs(v - wanted) < Math.abs(s.values[best] - wanted) ? i : best), 0);
    if ($(id) !== document.activeElement || +$(id).value !== at) $(id).value = at;
    const text = s.text(wanted === "" ? "" : +wanted);
    document.querySelector(`output[for=${id}]`).textContent = text;
    $(id).setAttribute("aria-valuetext", text);
  }
  for (const [id, field] of Object.entries(numbers)) if ($(id) !== document.activeElement) $(id).value = state[field];
  option($("dtype"), state.dtype, [["", l("auto")], ...(known.kind === "language" ? ["bf16", "fp8", "fp4", "int8", "int4_g128"] : ["fp32", "tf32", "bf16", "fp16", "fp8", "int8"]).map((f) => [f, f])]);
  option($("kv"), state.kv, [["", l("auto")], ["bf16", "bf16"], ["fp8", "fp8"]]);
  option($("count"), state.count, [["", known.kind === "language" ? l("countAuto") : "1"], ...["1", "2", "4", "8", "16", "32", "64"].map((n) => [n, n])]);
  option($("runtime"), state.runtime, [["", l("auto")], ...known.runtimes.filter((r) => r.serves === "both" || r.serves === known.kind).map((r) => [r.id, r.name])]);
  option($("price"), state.price, ["on-demand", "spot", "reserved-1y", "reserved-3y", "purchase"].map((p) => [p, l(p)]));
  $("target-unit").textContent = known.kind === "language" ? "tok/s" : "/s";
  for (const b of $("workloads").children) b.setAttribute("aria-pressed", String(b.dataset.lengths === `${state.isl}/${state.osl}`));
  listModels();
  listDevices();
  $("presets").replaceChildren(...presets.map(([key, changes]) => {
    const wanted = { ...start, ...changes };
    const on = ["model", "devices", "isl", "osl", "count", "dtype"].every((f) => state[f] === wanted[f]);
    return el("button", { type: "button", "aria-pressed": String(on), onclick: () => set({ ...wanted, lang: state.lang, tab: state.tab === "fit" && kindless(changes) ? "compare" : state.tab }, true) }, l(key));
  }));
}

const kindless = (changes) => known.models.find((m) => m.name === (changes.model ?? start.model))?.task !== "language model";

function option(select, value, list) {
  if (value && !list.some(([v]) => v === value)) list = [...list, [value, value]];
  const wanted = JSON.stringify([value, list]);
  if (select.dataset.list === wanted) return;
  select.dataset.list = wanted;
  select.replaceChildren(...list.map(([v, text]) => el("option", { value: v, selected: v === value }, text)));
}

function listModels() {
  const models = known.models.map((m) => [m.name, m.task]);
  const files = known.uploads.filter((u) => u.kind === "model").map((u) => [`upload:${u.handle}`, u.name]);
  const wanted = JSON.stringify([state.model, files, document.documentElement.lang]);
  if ($("model").dataset.list === wanted) return;
  $("model").dataset.list = wanted;
  const group = (label, list) => (list.length ? el("optgroup", { label: l(label) }, list.map(([v, text]) => el("option", { value: v, selected: v === state.model }, text))) : "");
  $("model").replaceChildren(group("yourFiles", files), group("languageModels", models.filter(([, t]) => t === "language model").map(([n]) => [n, n])), group("graphs", models.filter(([, t]) => t !== "language model").map(([n]) => [n, n])));
}

function listDevices() {
  const chosen = devices();
  $("chosen").replaceChildren(...(chosen.length ? chosen : ["all"]).map((d) => el("button", { type: "button", "aria-label": `${d} ×`, onclick: () => set({ devices: chosen.filter((c) => c !== d).join(",") || start.devices }) }, d)));
  option($("filter-vendor"), $("filter-vendor").value, [["", l("anyVendor")], ...[...new Set(known.list.map((d) => d.vendor))].sort().map((v) => [v, v])]);
  option($("filter-memory"), $("filter-memory").value, [["", l("anyMemory")], ...["16", "24", "40", "80", "140", "180"].map((n) => [n, `≥ ${n} GB`])]);
  const words = $("search").value.toLowerCase().split(/\s+/), vendor = $("filter-vendor").value, memory = +$("filter-memory").value * 0.98e9, priced = $("filter-priced").checked;
  const found = known.list.filter((d) => words.every((w) => `${d.short} ${d.id} ${d.name} ${d.architecture}`.toLowerCase().includes(w)) && (!vendor || d.vendor === vendor) && (d.memory_bytes || 0) >= memory && (!priced || d.usd_per_device_hour || d.usd_per_device));
  const top = $("devices").scrollTop, focused = document.activeElement?.dataset?.device;
  $("devices").replaceChildren(...(found.length ? found.map((d) => {
    const box = el("input", { type: "checkbox", "data-device": d.short });
    box.checked = chosen.includes(d.short) || state.devices === "all";
    box.addEventListener("change", () => set({ devices: box.checked ? [...chosen.filter((c) => c !== "all"), d.short].join(",") : chosen.filter((c) => c !== d.short).join(",") || start.devices }));
    const price = d.usd_per_device_hour ? ` · $${number(d.usd_per_device_hour)}/h` : d.usd_per_device ? ` · $${number(d.usd_per_device)}` : "";
    return el("label", { title: d.name }, box, d.short, el("small", {}, `${d.memory_bytes ? gib(d.memory_bytes) : "–"}${price}`));
  }) : [el("p", {}, l("noDevice"))]));
  $("devices").scrollTop = top;
  if (focused) $("devices").querySelector(`[data-device="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// take hands a file to the server and asks about it.
export async function take(given) {
  say(l("reading", { name: given.name }));
  try {
    const upload = await remember(await send(given));
    if (upload.kind === "model") set({ model: `upload:${upload.handle}` }, true);
    else if (upload.kind === "measurement") set({ results: upload.handle, tab: "check" }, true);
    else if (upload.kind === "calibration") set({ calibration: upload.handle }, true);
    else await addOwn(upload);
    say("");
  } catch (e) {
    say(e instanceof Problem ? e.message : String(e));
  }
}

// calibrate solves for what a measurement says of the machine, and lets all answers rest on it.
export async function calibrate(parameters) {
  const reply = await fetch(path("calibrate", parameters, "toml"));
  if (!reply.ok) return say(await reply.text());
  const upload = await remember(await send(new File([await reply.text()], "my-calibration.toml")));
  set({ calibration: upload.handle }, true);
}

async function addOwn(upload) {
  const before = new Set(known.list.map((d) => d.id));
  state.own = [...owned(), upload.handle].join(",");
  await learnDevices();
  const added = known.list.filter((d) => !before.has(d.id)).map((d) => d.short);
  set({ own: state.own, devices: [...devices().filter((d) => d !== "all"), ...added].join(",") }, true);
}

export function say(text) {
  $("problem").textContent = text;
  $("problem").hidden = !text;
}

function files() {
  $("file").addEventListener("change", () => {
    if ($("file").files[0]) take($("file").files[0]);
    $("file").value = "";
  });
  $("open").addEventListener("keydown", (e) => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), $("file").click()));
  let depth = 0;
  addEventListener("dragenter", (e) => e.dataTransfer?.types.includes("Files") && (depth++, ($("drop").hidden = false)));
  addEventListener("dragleave", () => depth > 0 && --depth === 0 && ($("drop").hidden = true));
  addEventListener("dragover", (e) => e.preventDefault());
  addEventListener("drop", (e) => {
    e.preventDefault();
    depth = 0;
    $("drop").hidden = true;
    if (e.dataTransfer.files[0]) take(e.dataTransfer.files[0]);
  });
}

// own is a device that somebody has only the datasheet of: the template of one like it, with six values replaced.
function own() {
  const dialog = $("own"), fields = { memory: 1e9, bandwidth: 1e12, bf16: 1e12, fp8: 1e12 };
  const like = () => {
    const d = known.device($("own-like").value);
    if (!d) return;
    $("own-memory").value = d.memory_bytes ? +(d.memory_bytes / fields.memory).toPrecision(4) : "";
    $("own-bandwidth").value = +(d.bandwidth_bytes_per_s / fields.bandwidth).toPrecision(4);
    for (const f of ["bf16", "fp8"]) $(`own-${f}`).value = d.dense_peak_flops[f] ? +(d.dense_peak_flops[f] / fields[f]).toPrecision(5) : "";
    $("own-power").value = d.tdp_w ?? "";
    $("own-price").value = d.usd_per_device_hour ?? "";
  };
  $("own-open").addEventListener("click", () => {
    const first = devices()[0];
    $("own-like").replaceChildren(...known.list.map((d) => el("option", { value: d.short, selected: d.short === first }, d.short)));
    $("own-problem").textContent = "";
    like();
    dialog.showModal();
  });
  $("own-like").addEventListener("change", like);
  $("own-cancel").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", async (e) => {
    e.preventDefault();
    try {
      const name = $("own-name").value;
      const reply = await fetch(`api/v1/template?${new URLSearchParams({ id: name, like: $("own-like").value, form: "table" })}`);
      if (!reply.ok) throw new Problem(await reply.text());
      const toml = filled(await reply.text(), name, (f) => Number.parseFloat($(`own-${f}`).value.replace(",", ".")));
      const upload = await remember(await send(new File([toml], `${name}.toml`)));
      await addOwn(upload);
      dialog.close();
    } catch (problem) {
      $("own-problem").textContent = problem.message;
    }
  });
}

// filled replaces the values of a template by those of a form.
function filled(toml, name, value) {
  const lines = { "memory.capacity": ["memory", (v) => `"${v} GB"`], "memory.bandwidth": ["bandwidth", (v) => `"${v} TB/s"`], "matrix.bf16": ["bf16", (v) => `"${v} TFLOP/s"`], "matrix.fp16": ["bf16", (v) => `"${v} TFLOP/s"`], "matrix.fp8": ["fp8", (v) => `"${v} TFLOP/s"`], "power.tdp": ["power", (v) => `"${v} W"`] };
  const drop = /^(# )?(memory\.nominal|purchase\.)/;
  const out = toml.split("\n").filter((line) => !drop.test(line)).map((line) => {
    if (/^source = /.test(line)) return 'source = "datasheet"';
    const key = /^(?:# )?([\w.-]+) = /.exec(line)?.[1];
    if (!lines[key]) return line;
    const v = value(lines[key][0]);
    return v > 0 ? `${key} = ${lines[key][1](v)}` : `# ${key} = not known`;
  });
  const price = value("price");
  if (price > 0) out.push("", "[[instance]]", `id = "${name}"`, `devices = { ${name} = 1 }`, `on-demand = "${price} USD/h"`, `date = ${new Date().toISOString().slice(0, 10)}`, 'source = "given"');
  return out.join("\n") + "\n";
}
