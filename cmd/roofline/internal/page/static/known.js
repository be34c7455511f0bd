// What the server knows: models and devices, asked for once, again when the catalog has a device more.
import { ask, file } from "./api.js";
import { state, owned } from "./state.js";

export const known = {
  kind: "language", // of the model that is chosen
  models: [],
  uploads: [], // { handle, name, kind, task }
  list: [], // devices, each with its short name
  runtimes: [],

  device: (id) => known.list.find((d) => d.id === id || d.short === id),
  short: (id) => known.device(id)?.short ?? id,
};

export async function learn() {
  const [models, runtimes] = await Promise.all([ask("models", {}), ask("catalog", { runtimes: true })]);
  known.models = models.answer.models;
  known.runtimes = runtimes.answer.runtimes;
  await learnDevices();
}

export async function learnDevices() {
  const view = await ask("catalog", { catalog: owned(), price: state.price === "on-demand" ? "" : state.price });
  known.list = view.answer.devices.map((d, i) => ({ ...d, short: view.tables[0].rows[i][0].text.replace(/[ *?]+$/, "") }));
}

// recall asks for an upload a link names, and what kind of model it is.
export async function recall(handle) {
  const there = known.uploads.find((u) => u.handle === handle);
  return there ?? remember(await file(handle));
}

export async function remember(upload) {
  if (upload.kind === "model") {
    const view = await ask("model", { model: `upload:${upload.handle}` });
    upload.task = view.answer.details.ops ? "graph" : "language model";
  }
  known.uploads = [...known.uploads.filter((u) => u.handle !== upload.handle), upload];
  return upload;
}

// choose finds out what kind of model is asked about.
export function kindOf(model) {
  const handle = model.startsWith("upload:") ? model.slice(7) : null;
  const task = handle ? known.uploads.find((u) => u.handle === handle)?.task : known.models.find((m) => m.name === model || m.other_names?.includes(model))?.task;
  return task === undefined || task === "language model" ? "language" : "graph";
}
