// The page: state in the address, a question to the server whenever it changes, the answer drawn.
import { el } from "./draw.js";
import { l, speak, translate } from "./labels.js";
import { state, set, read, onChange, url } from "./state.js";
import { ask, path, Problem } from "./api.js";
import { known, learn, learnDevices, recall, kindOf } from "./known.js";
import { build, sync, say, take } from "./controls.js";
import { reported, views } from "./views.js";
import { close } from "./tip.js";

const $ = (id) => document.getElementById(id);

const usable = () => views.filter((v) => !v.kind || v.kind === known.kind);
const current = () => usable().find((v) => v.id === state.tab) ?? usable()[0];

// refresh asks and draws. While an answer is on its way further changes wait, and only the last of them is asked for.
let busy = false, again = false;
async function refresh() {
  known.kind = kindOf(state.model);
  sync();
  tabs();
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  do {
    again = false;
    await once();
  } while (again);
  busy = false;
}

async function once() {
  const view = current();
  const late = setTimeout(() => $("result").classList.add("stale"), 150);
  $("result").setAttribute("aria-busy", "true");
  try {
    const [verb, parameters] = view.ask();
    const answer = await ask(verb, parameters);
    if (again) return;
    draw(view, answer, verb, parameters);
    say("");
  } catch (e) {
    if (!(e instanceof Problem)) throw e;
    say(e.message);
  } finally {
    clearTimeout(late);
    $("result").classList.remove("stale");
    $("result").setAttribute("aria-busy", "false");
  }
}

let last = null;

function draw(view, answer, verb, parameters) {
  last = [view, answer, verb, parameters];
  close();
  const sameView = $("view").dataset.view === view.id;
  const focused = sameView ? document.activeElement : null;
  const place = focused && $("tools").contains(focused) ? [...$("tools").querySelectorAll("input,select,button")].indexOf(focused) : -1;
  const caret = place >= 0 && focused.selectionStart;
  $("view").dataset.view = view.id;
  $("tools").replaceChildren();
  $("chart").replaceChildren();
  $("tables").replaceChildren();
  $("facts").replaceChildren();
  write($("sentence"), answer.sentence);
  write($("assumed"), answer.assumed ?? "");
  let rows = null;
  const page = {
    tools: $("tools"), chart: $("chart"), tables: $("tables"),
    say: (text) => write($("sentence"), text),
    facts: (list) => $("facts").replaceChildren(...list.map(([value, label]) => el("div", { class: "fact" }, el("b", {}, value), el("span", {}, label)))),
    filter: (ids) => {
      rows = ids;
      offer(answer, verb, rows ? { ...parameters, device: rows.map(known.short).join(",") } : parameters);
    },
  };
  view.draw(answer, page);
  if (place >= 0) {
    const back = $("tools").querySelectorAll("input,select,button")[place];
    back?.focus();
    if (typeof caret === "number") back?.setSelectionRange?.(caret, caret);
  }
  $("chart").setAttribute("aria-describedby", "tables");
  $("warnings").replaceChildren(...answer.warnings.map((w) => el("li", {}, `! ${w}`)));
  $("notes").replaceChildren(...answer.notes.map(note));
  offer(answer, verb, parameters);
}

// note writes a line below the tables: some have a label, some are laid out by hand.
function note(text) {
  const labelled = /^(\S[^\n]{0,15}?) {2,}(\S[^]*)$/.exec(text);
  if (labelled) return el("li", {}, el("b", {}, labelled[1]), " " + labelled[2].replace(/\s+/g, " "));
  return el("li", {}, text.includes("\n") ? el("pre", {}, text) : text);
}

// write changes a text only if it is another, so that it is not read out again.
function write(e, text) {
  if (e.textContent !== text) e.textContent = text ?? "";
}

// offer shows the command and links its output in every form.
function offer(answer, verb, parameters) {
  const words = answer.command.map(quoted);
  const device = words.indexOf("--device");
  if (device >= 0 && parameters.device) words[device + 1] = quoted(parameters.device);
  $("command").firstElementChild.textContent = words.join(" ");
  const sent = el("a", { href: path("report", reported(), "html"), download: "roofline.html", "data-form": "report" }, l("report"), el("i", {}, ".html"));
  const own = known.uploads.filter((u) => state.own.includes(u.handle) || state.calibration === u.handle).map((u) => el("a", { href: `api/v1/files/${u.handle}/content`, download: u.name }, u.name, el("i", {}, ".toml")));
  $("download-list").replaceChildren(sent, ...own, ...["json", "csv", "markdown", "table", ...(answer.picture ? ["svg", "png"] : [])].map((form) => {
    const ending = { json: "json", csv: "csv", markdown: "md", table: "txt" }[form] ?? form;
    return el("a", { href: path(verb, parameters, form), download: `roofline-${verb}.${ending}`, "data-form": form }, l(`f_${form}`), el("i", {}, `.${ending}`));
  }));
}

// quoted makes a word safe for a shell.
const quoted = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

function tabs() {
  const chosen = current();
  $("tabs").replaceChildren(...usable().map((v) => el("button", { type: "button", role: "tab", id: `tab-${v.id}`, "aria-selected": String(v === chosen), "aria-controls": "view", tabindex: v === chosen ? "0" : "-1", onclick: () => set({ tab: v.id }, true) }, l(v.id))));
}

$("tabs").addEventListener("keydown", (e) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
  if (!step) return;
  const all = usable(), next = all[(all.indexOf(current()) + step + all.length) % all.length];
  set({ tab: next.id });
  $(`tab-${next.id}`).focus();
});

async function copy(button, text) {
  const said = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard without a secure context
    const box = el("textarea", { class: "sr" });
    document.body.append(box);
    box.value = text;
    box.select();
    document.execCommand("copy");
    box.remove();
  }
  button.textContent = l("copied");
  setTimeout(() => (button.textContent = said), 1500);
}

$("copy").addEventListener("click", () => copy($("copy"), $("command").firstElementChild.textContent));
$("share").addEventListener("click", () => copy($("share"), new URL(url(), location).href));
$("lang").addEventListener("change", () => set({ lang: $("lang").value === (navigator.language.startsWith("ko") ? "ko" : "en") ? "" : $("lang").value }));
$("theme").addEventListener("change", () => {
  localStorage.setItem("theme", $("theme").value);
  colours();
});
addEventListener("click", (e) => $("downloads").contains(e.target) || ($("downloads").open = false));
addEventListener("popstate", async () => {
  read();
  await learnDevices();
  language();
  refresh();
});
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return;
  width = innerWidth;
  if (last) draw(...last);
});

function colours() {
  const theme = localStorage.getItem("theme") ?? "";
  $("theme").value = theme;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

function language() {
  const wanted = state.lang || (navigator.language.startsWith("ko") ? "ko" : "en");
  speak(wanted);
  $("lang").value = wanted;
  translate();
}

onChange((changes) => {
  if ("lang" in changes) language();
  refresh();
});

colours();
read();
language();
build();
if (matchMedia("(max-width: 60rem)").matches) $("question").open = false;
try {
  await learn();
  for (const handle of [state.model.startsWith("upload:") ? state.model.slice(7) : null, ...(state.own ? state.own.split(",") : []), state.calibration, state.results].filter(Boolean)) await recall(handle);
  await refresh();
} catch (e) {
  if (!(e instanceof Problem)) throw e;
  say(state.model.startsWith("upload:") || state.own || state.calibration || state.results ? l("gone") : e.message);
  await refresh();
}
document.documentElement.dataset.ready = "yes";
