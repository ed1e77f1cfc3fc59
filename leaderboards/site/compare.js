// Two models, cell by cell: differences in decades, with intervals by Student's t over seeds, and
// their mean, with one by the bootstrap of the boards.
"use strict";

const { places, tasks, groups, seeds, student, models } = JSON.parse(document.getElementById("data").textContent);
const DRAWS = 2000;
const SVG = "http://www.w3.org/2000/svg";

/** Uniform numbers on [0, 1) that are the same on every visit (mulberry32). */
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A quantile with linear interpolation. */
function quantile(sorted, share) {
  const place = share * (sorted.length - 1), below = Math.floor(place);
  return sorted[below] + (place - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
}

/** Squared standard error of a mean. */
function squaredError(values) {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1) / values.length;
}

/** 95 % of a difference over other seeds, paired or else Welch's; none where there is but one. */
function overSeeds({ a, b, lead, paired }) {
  const parts = paired ? [lead] : [a, b];
  if (parts.some((values) => values.length < 2)) return [null, null];
  const errors = parts.map(squaredError), whole = errors[0] + (errors[1] ?? 0);
  const least = errors.reduce((sum, error, i) => sum + error ** 2 / (parts[i].length - 1), 0);
  const freedom = paired ? lead.length - 1 : least ? Math.floor(whole ** 2 / least) : 1;
  const half = student[Math.min(freedom, student.length) - 1] * Math.sqrt(whole);
  return [mean(lead) - half, mean(lead) + half];
}

/** Differences of members of one seed, which learned from the same points; else from the mean. */
function leads(a, b, own, other) {
  const paired = own.flatMap((seed, member) => {
    const found = other.indexOf(seed);
    return found < 0 ? [] : [a[member] - b[found]];
  });
  return paired.length ? { paired: true, lead: paired } : { paired: false, lead: a.map((value) => value - mean(b)) };
}

/** The mean difference of a cell with its members drawn anew. */
function drawn({ lead }, random) {
  let sum = 0;
  for (let member = 0; member < lead.length; member++) sum += lead[Math.floor(random() * lead.length)];
  return sum / lead.length;
}

/** 95 % of the draws of a statistic. */
function interval(draw) {
  const random = generator(1);
  const values = Float64Array.from({ length: DRAWS }, () => draw(random)).sort();
  return [quantile(values, 0.025), quantile(values, 0.975)];
}

/** In lists by the first of the keys, each of them in lists by the next. */
function nest(pairs, [name, ...rest]) {
  if (!name) return pairs;
  const found = new Map();
  for (const pair of pairs) found.set(pair[name], [...(found.get(pair[name]) ?? []), pair]);
  return [...found.values()].map((some) => nest(some, rest));
}

/** Mean over cells, tasks of a group, groups of a family, families; `pick` chooses the groups. */
function overall(families, pick, value) {
  return mean(families.map((groups) => mean(groups.map((group) =>
    mean(pick(group, groups).map((task) => mean(task.map(value))))))));
}

function pairsOf(one, two) {
  return places.flatMap(([family, task, budget], place) => {
    const a = one.cells[place], b = two.cells[place];
    if (!a || !b) return [];
    const found = leads(a, b, seeds[one.seeds[place]], seeds[two.seeds[place]]);
    const pair = { family, task, budget, a, b, ...found, group: groups[place], difference: mean(found.lead) };
    [pair.low, pair.high] = overSeeds(pair);
    return [pair];
  });
}

const signed = (value) => (value < 0 ? "\u2212" : "+") + Math.abs(value).toFixed(2);
const bracketed = ({ low, high }) => low === null ? "" : `[${signed(low)}, ${signed(high)}]`;

function cell(kind, text, { href, sort } = {}) {
  const made = document.createElement(kind);
  if (kind === "th") made.scope = "row";
  if (sort !== undefined) { made.dataset.sort = sort; made.className = "n"; }
  const holder = href ? made.appendChild(document.createElement("a")) : made;
  if (href) holder.href = href;
  // Long names may break behind some signs; numbers stay in one line.
  for (const part of kind === "th" ? text.split(/(?<=[/_[=,])/) : [text]) {
    if (holder.hasChildNodes()) holder.append(document.createElement("wbr"));
    holder.append(part);
  }
  return made;
}

/** `16 000`, with a space at which no line breaks. */
const thousands = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u00a0");

function shape(svg, name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  svg.append(made);
  return made;
}

function barCell(pair, at, tip) {
  const made = document.createElement("td"), svg = document.createElementNS(SVG, "svg");
  made.className = "bar";
  for (const [name, value] of Object.entries({ width: "100%", height: 18, "aria-hidden": "true" })) svg.setAttribute(name, value);
  svg.dataset.tip = tip;
  shape(svg, "rect", { class: "hit", width: "100%", height: 18 });
  shape(svg, "line", { class: "origin", x1: at(0), x2: at(0), y1: 0, y2: 18 });
  shape(svg, "line", { class: "outer", x1: at(pair.low ?? pair.difference), x2: at(pair.high ?? pair.difference), y1: 9, y2: 9 });
  shape(svg, "circle", { cx: at(pair.difference), cy: 9, r: 3.5 });
  made.append(svg);
  return made;
}

const first = document.getElementById("one"), second = document.getElementById("two");
const table = document.getElementById("differences"), summary = document.getElementById("summary");

/** What stands in place of a comparison. */
function say(text) {
  summary.textContent = text;
  table.hidden = true;
  fill([]);
}

/** The rows of the table; the filter goes over them. */
function fill(rows) {
  table.tBodies[0].replaceChildren(...rows);
  document.querySelector('[data-filters="pairs"]').dispatchEvent(new Event("input"));
}

function show() {
  const one = models[first.value], two = models[second.value];
  if (!one || !two || one === two) { say(`Choose two models${one && one === two ? `: both are ${one.name}` : ""}.`); return; }
  const pairs = pairsOf(one, two);
  history.replaceState(null, "", `#${one.slug}/${two.slug}`);
  if (!pairs.length) { say(`${one.name} and ${two.name} have no cell in common.`); return; }
  table.hidden = false;
  const families = nest(pairs, ["family", "group", "task"]);
  const whole = overall(families, (group) => group, (pair) => pair.difference);
  const [low, high] = interval((random) => overall(
    families,
    (group, groups) => groups[Math.floor(random() * groups.length)],
    (pair) => drawn(pair, random),
  ));
  const better = pairs.filter((pair) => pair.low !== null && pair.low > 0).length, worse = pairs.filter((pair) => pair.high !== null && pair.high < 0).length;
  const left = places.length - pairs.length;
  summary.textContent = `${one.name} minus ${two.name}: ${signed(whole)} decades ${bracketed({ low, high })}. `
    + `Better on ${better} cells, worse on ${worse}, not told apart on ${pairs.length - better - worse}`
    + (left ? `; ${left} of ${places.length} cells lack one of the two.` : ".");
  const reach = 1.05 * Math.max(0.1, ...pairs.map((pair) => Math.max(Math.abs(pair.low ?? pair.difference), Math.abs(pair.high ?? pair.difference))));
  const at = (value) => `${(50 + 47 * value / reach).toFixed(2)}%`;
  table.caption.textContent = `${one.name} minus ${two.name}, decades; right of the line the first is better`;
  const axis = table.tHead.querySelector("svg");
  axis.replaceChildren();
  const step = [0.05, 0.1, 0.2, 0.5, 1, 2, 5].find((size) => reach / size < 2.5) ?? 5;
  for (let tick = -Math.floor(reach / step); tick <= reach / step; tick++) {
    shape(axis, "text", { x: at(tick * step), y: 12 }).textContent = Number((tick * step).toFixed(2)).toString().replace("-", "\u2212");
  }
  fill(pairs.map((pair) => {
    const row = document.createElement("tr"), anchor = `#${encodeURIComponent(`${pair.task}-${pair.budget}`)}`;
    const tip = `${pair.task} at ${pair.budget}: ${signed(pair.difference)} ${bracketed(pair)}`;
    row.append(
      cell("th", pair.task.replace(/@\d+$/, ""), { href: tasks[pair.task] }),
      cell("td", thousands(pair.budget), { sort: pair.budget }),
      cell("td", signed(pair.difference), { sort: pair.difference }),
      barCell(pair, at, tip),
      cell("td", bracketed(pair), { sort: pair.difference }),
      cell("td", mean(pair.a).toFixed(2), { sort: mean(pair.a), href: one.page + anchor }),
      cell("td", mean(pair.b).toFixed(2), { sort: mean(pair.b), href: two.page + anchor }),
      cell("td", pair.family),
    );
    return row;
  }));
  for (const heading of table.tHead.rows[0].cells) heading.removeAttribute("aria-sort");
}

/** The pair that the address names; what it leaves open is a usual one, what nobody has is said. */
function choose() {
  const named = location.hash.slice(1).split("/").filter(Boolean).map(written);
  const strange = named.filter((slug) => !models.some((model) => model.slug === slug));
  const [one, two] = [...named, ...usual(named)];
  first.value = models.findIndex((model) => model.slug === one);
  second.value = models.findIndex((model) => model.slug === two);
  show();
  if (strange.length) say(`No model here is called ${strange.join(" or ")}. Choose two models.`);
}

/** A part of an address as text; as it stands, if it is no encoding of any. */
function written(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

/** Of a form and the reference what is not named yet, then all other models. */
function usual(named) {
  const pair = ["kan", "mlp-silu"].flatMap((name) => models.filter((model) => model.name === name));
  const ahead = named.length ? pair.reverse() : pair.length > 1 ? pair : [];
  return [...ahead, ...models].map((model) => model.slug).filter((slug) => !named.includes(slug));
}

for (const select of [first, second]) {
  select.append(...models.map((model, number) => new Option(model.name, number)));
  select.addEventListener("change", show);
}
document.getElementById("swap").addEventListener("click", () => {
  [first.value, second.value] = [second.value, first.value];
  show();
});
document.getElementById("pair").hidden = false;
if (models.length) choose(); else summary.textContent = "There are no models to compare.";
window.addEventListener("hashchange", choose);
