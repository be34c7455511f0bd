// The box with all numbers of a mark: it follows the pointer, a click pins it, Esc closes it.
import { el } from "./draw.js";
import { l } from "./labels.js";

const box = document.getElementById("tip");
let pinned = null;

function put(x, y) {
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = x + 16 + width > innerWidth ? Math.max(8, x - width - 16) : x + 16;
  const top = Math.max(8, Math.min(y + 12, innerHeight - height - 8));
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

function write(content, actions) {
  const list = el("dl", {}, content.rows.filter(([, v]) => v !== undefined && v !== "–").flatMap(([k, v]) => [el("dt", {}, k), el("dd", {}, v)]));
  box.replaceChildren(el("b", {}, content.title), list);
  if (actions.length)
    box.append(el("div", { class: "buttons" }, actions.map(([label, f]) => el("button", { type: "button", onclick: () => (close(), f()) }, label)),
      el("button", { type: "button", onclick: close }, l("close"))));
}

export function close() {
  pinned?.classList.remove("pinned");
  pinned = null;
  box.hidden = true;
  box.classList.remove("pinned");
}

// tell gives a mark its box: content() returns { title, rows: [[label, value]] }, actions are [label, function].
export function tell(mark, content, actions = []) {
  mark.classList.add("mark");
  mark.setAttribute("tabindex", "0");
  const c = content();
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", `${c.title}: ${c.rows.filter(([, v]) => v && v !== "–").map(([k, v]) => `${k} ${v}`).join(", ")}`);
  const show = (x, y) => {
    if (pinned) return;
    write(c, []);
    put(x, y);
  };
  const pin = (x, y) => {
    close();
    write(c, actions);
    box.classList.add("pinned");
    mark.classList.add("pinned");
    pinned = mark;
    put(x, y);
  };
  const middle = () => {
    const r = mark.getBoundingClientRect();
    return [r.x + r.width / 2, r.y + r.height / 2];
  };
  mark.addEventListener("pointermove", (e) => show(e.clientX, e.clientY));
  mark.addEventListener("pointerleave", () => pinned || close());
  mark.addEventListener("focus", () => mark.matches(":focus-visible") && show(...middle()));
  mark.addEventListener("blur", () => pinned || close());
  mark.addEventListener("click", (e) => {
    e.stopPropagation();
    pin(e.clientX, e.clientY);
  });
  mark.addEventListener("keydown", (e) => {
    if (e.key === "Enter" || e.key === " ") {
      e.preventDefault();
      pin(...middle());
      box.querySelector("button")?.focus();
    }
  });
  return mark;
}

addEventListener("keydown", (e) => {
  if (e.key !== "Escape" || box.hidden) return;
  const back = pinned;
  close();
  back?.focus();
});
addEventListener("click", (e) => pinned && !box.contains(e.target) && close());
addEventListener("scroll", () => pinned || close(), { passive: true });
