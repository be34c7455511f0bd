// What was asked, and the address that says so: only what differs from the start, under short keys.
const fields = {
  model: ["m", "llama-3.1-8b"], devices: ["d", "h200-sxm,h100-sxm,mi300x,a100-sxm-80gb,l40s,l4"], tab: ["t", "compare"],
  speed: ["s", ""], ttft: ["f", ""], latency: ["l", ""], target: ["g", ""], budget: ["w", ""],
  dtype: ["q", ""], kv: ["k", ""],
  users: ["u", ""], isl: ["i", "1024"], osl: ["o", "1024"], batch: ["b", ""], context: ["x", "8192"],
  count: ["n", ""], runtime: ["r", ""], own: ["c", ""],
  price: ["p", "on-demand"], usd: ["h", ""], utilization: ["z", "1"],
  metric: ["y", ""], all: ["a", ""], reference: ["ref", ""], device: ["dev", ""], phase: ["ph", "decode"], step: ["st", "1"],
  tier: ["ti", "30"], scope: ["sc", "all"], setBandwidth: ["wb", ""], setMemory: ["wm", ""], setPeak: ["wp", ""],
  calibration: ["cal", ""], results: ["mf", ""],
  quantity: ["mq", "tpot"], measured: ["mv", ""], at: ["mu", "1"],
  lang: ["lang", ""],
};

export const start = Object.fromEntries(Object.entries(fields).map(([name, [, value]]) => [name, value]));
export const state = { ...start };

const listeners = [];
export const onChange = (f) => listeners.push(f);

// set changes what is asked.
export function set(changes, push = false) {
  Object.assign(state, changes);
  const address = url();
  if (push) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  for (const f of listeners) f(changes);
}

// url is the address of the question.
export function url() {
  const q = new URLSearchParams();
  for (const [name, [key, value]] of Object.entries(fields)) if (state[name] !== value) q.set(key, state[name]);
  const text = q.toString().replace(/%2C/g, ",").replace(/%3A/g, ":");
  return location.pathname + (text ? "?" + text : "");
}

// read takes the question from the address.
export function read() {
  const q = new URLSearchParams(location.search);
  for (const [name, [key, value]] of Object.entries(fields)) state[name] = (q.get(key) ?? value).slice(0, 2000);
}

export const devices = () => (state.devices ? state.devices.split(",") : []);
export const owned = () => (state.own ? state.own.split(",") : []);
