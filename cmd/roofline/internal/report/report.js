"use strict";
// Tables sort by a click on a header, what is not known last; long ones have a box to filter rows by words.
for (const box of document.querySelectorAll(".table")) {
  const body = box.querySelector("tbody"), heads = [...box.querySelectorAll("thead tr:last-child th")];
  if (body.rows.length < 2 || box.querySelector("td.indented")) continue;
  heads.forEach((th, column) => {
    const sort = () => {
      const descending = th.getAttribute("aria-sort") === "ascending";
      for (const h of heads) h.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", descending ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.v;
      body.append(...[...body.rows].sort((a, b) => {
        const x = key(a), y = key(b);
        if (x === undefined && y === undefined) return (descending ? -1 : 1) * a.cells[column].textContent.localeCompare(b.cells[column].textContent);
        if (x === undefined) return 1;
        if (y === undefined) return -1;
        return descending ? y - x : x - y;
      }));
    };
    th.setAttribute("role", "button");
    th.tabIndex = 0;
    th.addEventListener("click", sort);
    th.addEventListener("keydown", (e) => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), sort()));
  });
  if (!box.hasAttribute("data-filter")) continue;
  const input = document.createElement("input");
  input.type = "search";
  input.placeholder = "Filter rows";
  input.setAttribute("aria-label", "Filter rows");
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const row of body.rows) row.hidden = !words.every((w) => row.textContent.toLowerCase().includes(w));
  });
  box.before(input);
}
