// Requests to the server: a verb of the command line and its flags.
import { l } from "./labels.js";

// Problem is an error with what to do about it.
export class Problem extends Error {}

export function path(verb, parameters, form) {
  const q = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...parameters, form }))
    for (const v of [value].flat()) if (v !== "" && v !== undefined && v !== null && v !== false) q.append(name, v === true ? "1" : v);
  return `api/v1/${verb}?${q}`;
}

const kept = new Map();

// ask returns the answer of a verb for the page. The same question is asked once.
export async function ask(verb, parameters) {
  const address = path(verb, parameters, "page");
  if (kept.has(address)) return kept.get(address);
  const answer = await fetched(address);
  kept.set(address, answer);
  if (kept.size > 24) kept.delete(kept.keys().next().value);
  return answer;
}

export async function fetched(address, options) {
  let reply;
  try {
    reply = await fetch(address, options);
  } catch {
    throw new Problem(l("offline"));
  }
  if (reply.ok) return reply.json();
  let error;
  try {
    ({ error } = await reply.json());
  } catch {
    error = { message: `${reply.status} ${reply.statusText}` };
  }
  throw new Problem(error.hint ? `${error.message}\n${error.hint}` : error.message);
}

// Of these files the beginning says all that is read.
const heads = { gguf: 32 << 20 };

// send hands a file over, which is read in memory and not stored.
export function send(file) {
  const head = heads[file.name.split(".").pop().toLowerCase()];
  const body = head && file.size > head ? file.slice(0, head) : file;
  const q = new URLSearchParams({ name: file.name });
  if (body !== file) q.set("size", file.size);
  return fetched(`api/v1/files?${q}`, { method: "POST", body, headers: { "Content-Type": "application/octet-stream" } });
}

export const file = (handle) => fetched(`api/v1/files/${encodeURIComponent(handle)}`);
