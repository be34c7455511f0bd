// Tables as the command prints them: sorted by a click on a header, filtered, and compared with a row that is pinned.
import { el, number } from "./draw.js";
import { l } from "./labels.js";

// table lays out a grid. about(i) says of row i what the numbers do not: { id, off, reason, dtype, reference, series };
// options: { caption, pin(id), filter, compare: titles of the columns that are compared }.
export function table(grid, about = () => ({}), options = {}) {
  const rows = grid.rows.map((cells, i) => ({ cells, i, ...about(i) }));
  const reference = rows.find((r) => r.reference);
  const body = el("tbody");
  const head = headers(grid, options, (column, descending) => {
    rows.sort((a, b) => order(a.cells[column], b.cells[column], descending));
    body.append(...rows.map((r) => r.element));
  });
  for (const r of rows) {
    r.element = row(grid, r, reference, options);
    body.append(r.element);
  }
  const foot = grid.footer ? el("tfoot", {}, el("tr", {}, options.pin ? el("td") : null, grid.footer.map((c, i) => cell(grid.columns[i], c)))) : null;
  const e = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": options.caption || "" }, el("table", {}, options.caption ? el("caption", {}, options.caption) : null, head, body, foot));
  if (!options.filter) return e;
  const filter = el("input", { type: "search", placeholder: l("filterRows"), "aria-label": l("filterRows"), class: "filter" });
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    const kept = [];
    for (const r of rows) {
      r.element.hidden = !words.every((w) => r.cells.some((c) => c.text.toLowerCase().includes(w)));
      if (!r.element.hidden && r.id) kept.push(r.id);
    }
    options.filter(kept.length < rows.length ? kept : null);
  });
  return el("div", {}, filter, e);
}

// order puts what is not known last, whichever way.
function order(a, b, descending) {
  if (a.value === undefined && b.value === undefined) return descending ? b.text.localeCompare(a.text) : a.text.localeCompare(b.text);
  if (a.value === undefined) return 1;
  if (b.value === undefined) return -1;
  return descending ? b.value - a.value : a.value - b.value;
}

function headers(grid, options, sort) {
  const lines = [];
  if (grid.columns.some((c) => c.group)) {
    const line = el("tr", {}, options.pin ? el("td") : null);
    for (let i = 0; i < grid.columns.length; ) {
      let n = 1;
      while (i + n < grid.columns.length && grid.columns[i + n].group === grid.columns[i].group) n++;
      line.append(el("th", { colspan: n, class: grid.columns[i].group ? "group" : "", scope: "colgroup" }, grid.columns[i].group || ""));
      i += n;
    }
    lines.push(line);
  }
  const heads = grid.columns.map((c, i) => {
    const th = el("th", { scope: "col", class: c.text ? "text" : "" });
    th.append(el("button", { type: "button", onclick: () => {
      const descending = th.getAttribute("aria-sort") === "ascending";
      for (const h of heads) h.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sort(i, descending);
    } }, c.title, c.unit ? el("small", {}, c.unit) : null));
    return th;
  });
  lines.push(el("tr", {}, options.pin ? el("th", {}, el("span", { class: "sr" }, l("pin"))) : null, heads));
  return el("thead", {}, lines);
}

function row(grid, r, reference, options) {
  const tr = el("tr", { class: [r.off && "off", r.reference && "reference"].filter(Boolean).join(" "), title: r.reason });
  if (options.pin)
    tr.append(el("td", {}, r.id ? el("button", { type: "button", class: "pin", title: l("pin"), "aria-label": `${l("pin")}: ${r.cells[0].text}`, "aria-pressed": String(Boolean(r.reference)), onclick: () => options.pin(r.reference ? "" : r.id) }, "⚑") : ""));
  r.cells.forEach((c, i) => {
    const td = cell(grid.columns[i], c);
    if (i === 0 && r.reason) td.append(el("small", {}, r.reason));
    if (reference && !r.reference && options.compare?.(grid.columns[i])) {
      const base = reference.cells[i].value;
      if (r.dtype !== reference.dtype) {
        if (i === grid.columns.findIndex((col) => options.compare(col))) td.append(el("small", {}, l("unlike", { a: r.dtype, b: reference.dtype })));
      } else if (base > 0 && c.value > 0) td.append(el("small", {}, `${number(c.value / base, 2)} ×`));
    }
    tr.append(td);
  });
  return tr;
}

function cell(column, c) {
  const text = c.text.trimStart();
  const cls = [column.text && "text", c.text.startsWith("  ") && "indent", column.text && text.length > 48 && "wide"].filter(Boolean).join(" ");
  return el("td", { class: cls || null }, text);
}
