"use strict";
// Head, overview, tables, versions and environment. Every word from the results goes through `element`, whose
// children become text, so that nothing in them is ever read as HTML.

const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** A name that may be broken where its words end. */
function breakable(name) {
  return name.split(/(?<=[+,/])/).flatMap((word, at) => (at ? [element("wbr"), word] : [word]));
}

const severalFiles = data.files.length > 1;
const fileOf = (section) => data.files[section.file].name;
const titleOf = (section) => `${section.model} on ${section.dataset}`;

// -- head and overview ----------------------------------------------------------------------------

function listed(names, noun) {
  if (names.length > 4) return `${names.length} ${noun}`;
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

function definitions(pairs) {
  return pairs.flatMap(([label, ...texts]) => [
    element("dt", {}, label),
    element("dd", {}, ...texts.map((each) => (each instanceof Node ? each : element("div", {}, each)))),
  ]);
}

function showHead() {
  const { models, datasets, machines, tensorflow, dates, counts } = data.head;
  const title = `${listed(models, "models")} on ${listed(datasets, "data sets")}`;
  byId("title").textContent = title;
  document.title = `weighin: ${title}`;
  const rows = Object.entries(counts).map(([name, n]) =>
    name === "measured" ? `${n} measured` : tag(`${n} ${name}`, name),
  );
  const files = data.files.length > 1 ? `${data.files.length} results files` : data.files[0].name;
  byId("facts").append(
    ...definitions([
      ["Machine", ...(machines.length ? machines : ["not said"])],
      ["Measured", `${dates.join(" to ") || "not said"}, ${files}`],
      ["TensorFlow", tensorflow.join(", ") || "not said"],
      ["Rows", element("div", {}, ...rows.flatMap((row) => [row, " "]))],
    ]),
  );
}

function tag(words, kind) {
  return element("span", { class: `tag ${kind}` }, words);
}

function bestCell(section, best) {
  const row = section.rows[best.row];
  if (!row) return element("td", { class: "best muted" }, best.text);
  const place = element("span", { class: "muted" }, ` ${row.place}`);
  return element("td", { class: "best" }, `${best.text} `, element("b", {}, ...breakable(row.variant)), place);
}

function showOverview() {
  byId("not-worse").textContent = data.head.not_worse;
  const headers = ["model", "data set", "smallest, not found worse", "fastest, not found worse", "rows"];
  if (severalFiles) headers.push("file");
  const lines = data.sections.map((section, at) =>
    element("tr", {},
      element("th", { scope: "row" }, element("a", { href: `#s${at}` }, section.model)),
      element("td", {}, section.dataset),
      bestCell(section, section.smallest),
      bestCell(section, section.fastest),
      element("td", {}, String(section.rows.length)),
      ...(severalFiles ? [element("td", { class: "muted" }, ...breakable(fileOf(section)))] : []),
    ),
  );
  const head = headers.map((each) => element("th", { class: "plain", scope: "col" }, each));
  document.querySelector("#overview .scroll").append(
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...lines)),
  );
}

// -- tables ---------------------------------------------------------------------------------------

const lines = []; // {element, section, row, text}: every row of every table, for the filter

function marks(numbers, section, at) {
  return numbers.flatMap((number) => [
    " ",
    element("a", { class: "note", href: `#s${at}-n${number}`, title: section.notes[number - 1] }, `[${number}]`),
  ]);
}

function figureCell(cell, section, at) {
  if (cell.status) {
    const kind = cell.status.split(" ")[0];
    return element("td", {}, tag(cell.text, kind), ...marks(cell.notes, section, at));
  }
  const parts = [element("span", { class: "value" }, cell.text ?? "")];
  const ends = cell.ends?.match(/±[^[]*[^[ ]|\[.*/g) ?? []; // each whole, a break between them at most
  parts.push(...ends.flatMap((each) => [" ", element("span", { class: "ends" }, each)]));
  if (cell.verdict) parts.push(" ", tag(cell.verdict, cell.tone ?? ""));
  return element("td", { class: "number" }, ...parts);
}

function line(row, section, at) {
  const made = element("tr", row.aside ? { class: "aside" } : {},
    element("th", { scope: "row", class: row.variant.length > 24 ? "long" : undefined }, ...breakable(row.variant)),
    element("td", {}, row.place),
    ...section.columns.map((column) => figureCell(row.cells[column], section, at)),
    element("td", {}, ...marks(row.why, section, at)),
  );
  const notes = [...row.why, ...row.cells.flatMap((cell) => cell.notes ?? [])];
  const reasons = notes.map((number) => section.notes[number - 1]);
  const words = [titleOf(section), fileOf(section), made.textContent, ...reasons];
  lines.push({ element: made, section: at, row, text: words.join(" ").toLowerCase() });
  return made;
}

// What a table's columns are called and sorted by, and whether the first press puts the highest first.
const NAMES = [
  { header: "variant", key: (row) => row.variant },
  { header: "runtime", key: (row) => row.place },
];
const FIGURES = data.columns.map((column, at) => ({
  header: column.header, key: (row) => row.cells[at].value, falls: !column.lower && column.metric !== "file_bytes",
}));

/** Order of two keys; what has none stands last whichever way is asked for. */
function compare(one, other, sign) {
  if (one === undefined || other === undefined) return (one === undefined) - (other === undefined);
  return sign * (typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true }));
}

function sortBy(column, heading, body, section) {
  const [first, second] = column.falls ? ["descending", "ascending"] : ["ascending", "descending"];
  const next = { [first]: second, [second]: "none" }[heading.ariaSort] ?? first; // third: as it was
  for (const other of heading.parentElement.querySelectorAll("[aria-sort]")) other.ariaSort = "none";
  heading.ariaSort = next;
  const ranked = section.rows.map((row, at) => ({ row, element: section.elements[at] }));
  if (next !== "none") {
    const sign = next === "ascending" ? 1 : -1;
    ranked.sort((a, b) => compare(column.key(a.row), column.key(b.row), sign));
  }
  body.append(...ranked.map((each) => each.element));
}

/** The task's other figures, for who asks. */
function furtherElement({ further, ...section }) {
  if (!further.headers) return [];
  const heads = ["variant", "runtime", ...further.headers];
  const head = heads.map((each) => element("th", { class: "plain", scope: "col" }, each));
  const body = further.rows.map(([variant, ...cells]) => element("tr", {},
    element("th", { scope: "row" }, ...breakable(variant)), ...cells.map((each) => element("td", {}, each))));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
  const label = `Further figures of ${titleOf(section)}`;
  const scroll = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);
  return [element("details", { class: "further" }, element("summary", {}, "Further figures"), scroll)];
}

function sectionElement(section, at) {
  section.elements = section.rows.map((row) => line(row, section, at));
  const body = element("tbody", {}, ...section.elements);
  const headings = [...NAMES, ...section.columns.map((at) => FIGURES[at])].map((column) => {
    const press = () => sortBy(column, heading, body, section);
    const button = element("button", { type: "button", onclick: press }, column.header);
    const heading = element("th", { scope: "col", "aria-sort": "none" }, button);
    return heading;
  });
  headings.push(element("th", { class: "plain", scope: "col" }, "why"));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...headings)), body);
  const title = element("h3", {}, titleOf(section));
  if (severalFiles) title.append(" ", element("span", { class: "muted" }, fileOf(section)));
  const heading = element("div", { class: "heading" }, title);
  const plot = data.plots.findIndex((each) => each.section === at);
  if (plot >= 0) {
    const show = () => document.dispatchEvent(new CustomEvent("plot", { detail: plot }));
    heading.append(element("a", { href: "#plots", onclick: show }, "show in plot"));
  }
  return element("section", { class: "model", id: `s${at}` },
    heading,
    element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": titleOf(section) }, table),
    ...furtherElement(section),
    ...layersElements(section),
    element("ol", { class: "notes" }, ...section.notes.map((note, n) =>
      element("li", { id: `s${at}-n${n + 1}` }, element("b", {}, `[${n + 1}]`), note))),
    element("div", { class: "small lines" }, ...section.lines.map((each) => element("p", {}, each))),
  );
}

// -- filter ---------------------------------------------------------------------------------------

function fill(select, texts, values = texts) {
  select.append(...texts.map((text, at) => element("option", { value: values[at] }, text)));
  return select;
}

function filter() {
  const words = byId("words").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [model, runtime, status, file] = ["model", "runtime", "status", "file"].map((id) => byId(id).value);
  const shown = new Map();
  for (const each of lines) {
    const section = data.sections[each.section];
    const fits =
      words.every((word) => each.text.includes(word)) &&
      (!model || section.model === model) &&
      (!runtime || each.row.place === runtime) &&
      (!file || section.file === Number(file)) &&
      (!status || (status === "measured" ? !each.row.statuses.length : each.row.statuses.includes(status)));
    each.element.hidden = !fits;
    shown.set(each.section, (shown.get(each.section) ?? 0) + fits);
  }
  let total = 0;
  for (const [at, count] of shown) {
    byId(`s${at}`).hidden = !count;
    total += count;
  }
  byId("count").textContent = `${total} of ${lines.length} rows`;
}

function clearFilter() {
  byId("filter").reset();
  filter();
}

function showTables() {
  byId("sections").append(...data.sections.map(sectionElement));
  fill(byId("model"), data.head.models);
  fill(byId("runtime"), [...new Set(lines.map((each) => each.row.place))]);
  fill(byId("status"), Object.keys(data.head.counts));
  fill(byId("file"), data.files.map((file) => file.name), data.files.map((_, at) => at));
  byId("file").parentElement.hidden = !severalFiles;
  const form = byId("filter");
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("clear").addEventListener("click", clearFilter);
  // what a link leads to is shown, filtered out or not
  window.addEventListener("hashchange", () => {
    if (/^#s\d/.test(location.hash) && byId(location.hash.slice(1))?.closest("[hidden]")) {
      clearFilter();
      byId(location.hash.slice(1)).scrollIntoView();
    }
  });
  filter();
}

// -- runtimes, versions and files ---------------------------------------------------------------------------

const KINDS = {
  works: "works", degraded: "bad", fails: "failed", failed: "failed", skipped: "skipped", "not measured": "not",
  same: "muted", "no evidence": "muted", "not compared": "muted",
  larger: "bad", slower: "bad", worse: "bad", smaller: "good", faster: "good", better: "good", quickest: "good",
};
const VERDICTS = new RegExp(`\\b(${Object.keys(KINDS).join("|")})\\b`);

/** A cell of the version matrix or of engines, its verdict marked. */
function verdictCell(text) {
  const words = text.split(VERDICTS).filter(Boolean);
  return element("td", {}, ...words.map((word) => {
    if (KINDS[word] === "muted") return element("span", { class: "muted" }, word);
    return KINDS[word] ? tag(word, KINDS[word]) : word;
  }));
}

function versionTable({ title, headers, rows }) {
  const first = headers.indexOf("runtime") + 1; // names stand before, and are no verdicts
  const cell = (text, at) => {
    if (at >= first) return verdictCell(text);
    return at ? element("td", {}, ...breakable(text)) : element("th", { scope: "row" }, ...breakable(text));
  };
  const head = headers.map((each) => element("th", { class: "plain", scope: "col" }, each));
  const body = rows.map((row) => element("tr", {}, ...row.map(cell)));
  const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title }, table);
}

/** Tables under a heading of their own, which is not there without them. */
function showOwn(id, tables) {
  if (!tables.length) return;
  byId(id).hidden = document.querySelector(`nav [href='#${id}']`).hidden = false;
  for (const each of tables) {
    const notes = element("div", { class: "small lines" }, ...each.lines.map((line) => element("p", {}, line)));
    const parts = [...(each.headers.length ? [versionTable(each)] : []), notes];
    // techniques at once; every single figure for who asks
    const made = each.headers[0] === "model"
      ? element("details", {}, element("summary", {}, each.title), ...parts)
      : element("div", {}, element("h3", {}, each.title), ...parts);
    byId(id).append(made);
  }
}

function showFiles() {
  byId("files").append(...data.files.map((file) =>
    element("div", { class: "file" },
      element("h3", {}, file.name, element("span", { class: "muted" }, ` ${file.records} records`)),
      element("dl", {}, ...definitions(file.facts)),
    )));
}

showHead();
showOverview();
showTables();
showOwn("engines", data.engines);
showOwn("versions", data.versions);
showFiles();
performance.mark("tables");
