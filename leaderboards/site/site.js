// Tables that sort and filter, and tooltips. Without it, all that the pages say is there.
"use strict";

/** Headings become buttons; numbers come largest first, texts from A; what is absent stays last. */
function sortable(table) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    if (!heading.dataset.kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const number = heading.dataset.kind === "number";
      const now = heading.getAttribute("aria-sort");
      const first = number && button.textContent !== "rank" ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = now === first ? other : first;
      headings.forEach((one) => one.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const body = table.tBodies[0];
      const keyed = [...body.rows].map((row) => [key(row.cells[column], number), row]);
      keyed.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null);
        return sign * (typeof a === "number" && typeof b === "number" ? a - b : compareTexts(a, b));
      });
      body.append(...keyed.map(([, row]) => row));
    });
  });
}

const { compare: compareTexts } = new Intl.Collator("en", { numeric: true });

/** What a cell is sorted by: its data, or its text; null where there is neither. */
function key(cell, number) {
  if (!number) return cell.textContent.trim() || null;
  const given = cell.dataset.sort;
  if (given === undefined) return null;
  return given !== "" && Number.isFinite(Number(given)) ? Number(given) : given;
}

/** Rows of a group of tables that hold all words, anywhere. */
function filter(input) {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = [...document.querySelectorAll(`table[data-group="${input.dataset.filters}"] > tbody > tr`)];
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase().replace(/(\d)\u00a0(?=\d)/g, "$1");
    row.hidden = !words.every((word) => text.includes(word));
    shown += !row.hidden;
  }
  const count = document.querySelector(`[data-count="${input.dataset.filters}"]`);
  count.textContent = `${shown} of ${rows.length} rows`;
}

/** One tooltip for all figures: it follows pointer and touch, and Escape puts it away. */
function tooltips() {
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  document.body.append(tip);
  document.addEventListener("pointermove", (event) => {
    const mark = event.target instanceof Element && event.target.closest("[data-tip]");
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.dataset.tip;
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${window.scrollX + Math.max(4, Math.min(event.clientX + 12, room))}px`;
    const above = event.clientY - tip.offsetHeight - 10;
    tip.style.top = `${window.scrollY + (above > 0 ? above : event.clientY + 18)}px`;
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  document.documentElement.addEventListener("pointerleave", () => { tip.hidden = true; });
}

document.querySelectorAll("table.sortable").forEach(sortable);
document.querySelectorAll("input[data-filters]").forEach((input) => {
  input.closest(".filter").hidden = false;
  input.addEventListener("input", () => filter(input));
  filter(input);
});
tooltips();
