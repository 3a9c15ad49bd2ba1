"use strict";
// The Pareto plot and the curves, by Plotly. Names never reach Plotly, which reads some HTML in
// text: legend and hover are elements of the page's own.

const SVG = "http://www.w3.org/2000/svg";
const PATHS = { // of the legend's shapes, in a box from -1 to 1
  circle: "M-.8 0a.8.8 0 1 0 1.6 0a.8.8 0 1 0-1.6 0",
  square: "M-.75-.75H.75V.75H-.75Z",
  "triangle-up": "M0-.9L.9.7H-.9Z",
  diamond: "M0-1L1 0L0 1L-1 0Z",
  "triangle-down": "M0 .9L.9-.7H-.9Z",
  cross: "M-.3-.9H.3V-.3H.9V.3H.3V.9H-.3V.3H-.9V-.3H-.3Z",
  x: "M-.9-.5L-.5-.9L0-.4L.5-.9L.9-.5L.4 0L.9 .5L.5 .9L0 .4L-.5 .9L-.9 .5L-.4 0Z",
  star: "M0-1L.26-.32L1-.32L.42.12L.62.85L0 .42L-.62.85L-.42.12L-1-.32L-.26-.32Z",
};
const AXES = {
  smaller: { title: "× smaller after gzip -9", suffix: "×" },
  gzip_bytes: { title: "size after gzip -9", suffix: "B", format: "~s" },
  speedup: { title: "× faster than the baseline", suffix: "×" },
  latency: { title: "latency", suffix: "s", format: "~s" },
};
const CHOICES = { // to which the plot's own figure of quality is added
  x: ["smaller", "gzip_bytes", "speedup", "latency"],
  y: ["speedup", "latency"],
  size: ["speedup", "latency", "smaller", "gzip_bytes"],
};
const COLUMN = Object.fromEntries(data.columns.map((column, at) => [column.metric, { ...column, at }]));
const headerOf = (metric) => COLUMN[metric]?.header ?? metric;
const hidden = new Set(); // names of families that the legend has switched off
let plot; // the one of data.plots that is shown

const quality = () => plot.quality.metric;
const axisOf = (metric) => (metric === quality() ? { ...plot.quality, linear: true } : AXES[metric]);

const rowsOf = () => data.sections[plot.section].rows;

/** Where a row stands by a metric; the baseline is 1 by a ratio to itself. */
function valueOf(row, metric) {
  const column = COLUMN[metric];
  if (!column) return undefined;
  return column.compares && AXES[metric] && row.variant === "baseline" ? 1 : row.cells[column.at].value;
}

function barsOf(row, metric) {
  return row.cells[COLUMN[metric]?.at]?.bars ?? [0, 0];
}

/** The families to draw, each with its rows that have all figures asked for; the baseline first. */
function families(...metrics) {
  const text = colours().text;
  const all = plot.families.map((family) => ({ ...family, rows: family.points.map((at) => rowsOf()[at]) }));
  if (plot.baseline !== null) {
    all.unshift({ name: "baseline", colour: text, shape: "star", rows: [rowsOf()[plot.baseline]] });
  }
  return all.filter((family) => !hidden.has(family.name)).map((family) => ({
    ...family,
    rows: family.rows.filter((row) => metrics.every((metric) => valueOf(row, metric) !== undefined)),
  }));
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const names = ["text", "muted", "surface", "grid", "front", "line"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function axis(metric, values) {
  const { title, suffix, format, linear } = axisOf(metric);
  const { grid, line } = colours();
  const span = Math.max(...values) / Math.min(...values);
  const look = {
    title: { text: title, standoff: 8 }, ticksuffix: suffix, gridcolor: grid, linecolor: line,
    zeroline: false, automargin: true, ...(format && { tickformat: format }),
  };
  if (linear || !(span > 1.8)) return look;
  const steps = span < 5 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : span < 400 ? [1, 2, 5] : [1];
  const decades = Array.from({ length: 30 }, (_, n) => 10 ** (n - 15)); // femtoseconds to petabytes
  const tickvals = decades.flatMap((decade) => steps.map((step) => Number((step * decade).toPrecision(3))));
  const written = format ? withPrefix : String;
  return { ...look, type: "log", tickvals, ticktext: tickvals.map((value) => written(value) + suffix) };
}

const PREFIXES = { 9: "G", 6: "M", 3: "k", "-3": "m", "-6": "µ", "-9": "n" };

/** `20 µ` of 0.00002. */
function withPrefix(value) {
  const power = Math.max(-9, Math.min(9, 3 * Math.floor(Math.log10(value * 1.0001) / 3)));
  return `${Number((value / 10 ** power).toPrecision(3))} ${PREFIXES[power] ?? ""}`;
}

function errors(rows, metric, colour, factor) {
  const bars = rows.map((row) => barsOf(row, metric));
  const [arrayminus, array] = [0, 1].map((side) => bars.map((bar) => bar[side] * factor));
  return { type: "data", symmetric: false, array, arrayminus, color: colour, thickness: 1, width: 3 };
}

function trace(family, x, y, marker, mode) {
  const [over, up] = [axisOf(x).factor ?? 1, axisOf(y).factor ?? 1];
  return {
    x: family.rows.map((row) => valueOf(row, x) * over),
    y: family.rows.map((row) => valueOf(row, y) * up),
    error_x: errors(family.rows, x, family.colour, over),
    error_y: errors(family.rows, y, family.colour, up),
    customdata: family.rows.map((row) => rowsOf().indexOf(row)),
    mode, hoverinfo: "none", marker: { color: family.colour, symbol: family.shape, ...marker },
    line: { color: family.colour, width: 1.5 },
  };
}

/** The Pareto front, in steps: between two points nothing better was measured than the worse one. */
function frontTrace(x, y) {
  const [over, up] = [axisOf(x).factor ?? 1, axisOf(y).factor ?? 1];
  const at = (plot.fronts[`${x} ${y}`] ?? []).map((row) => rowsOf()[row]);
  const points = at.map((row) => [valueOf(row, x) * over, valueOf(row, y) * up]).sort((a, b) => a[0] - b[0]);
  return {
    x: points.map((point) => point[0]), y: points.map((point) => point[1]), mode: "lines+markers", hoverinfo: "skip",
    marker: { symbol: "circle", size: 20, color: colours().front },
    line: { shape: COLUMN[x].lower ? "hv" : "vh", color: colours().front, width: 5 }, opacity: 0.7,
  };
}

const NOT_MEASURED = {
  text: "not measured", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5,
};

function draw(id, traces, x, y, label, shapes = []) {
  const { text, surface, muted } = colours();
  const drawn = traces.slice(1);
  const layout = {
    xaxis: axis(x, drawn.flatMap((each) => each.x)), yaxis: axis(y, drawn.flatMap((each) => each.y)), shapes,
    margin: { l: 12, r: 18, t: 18, b: 12 }, paper_bgcolor: surface, plot_bgcolor: surface, showlegend: false,
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: muted }, hovermode: "closest",
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom", // a finger scrolls the page
    modebar: { bgcolor: "transparent", color: muted, activecolor: text },
    annotations: drawn.some((each) => each.x.length) ? [] : [NOT_MEASURED],
  };
  const box = byId(id);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", label);
  const modeBarButtons = [["toImage", "zoom2d", "pan2d", "resetScale2d"]]; // none that leads elsewhere
  Plotly.react(box, traces, layout, { displaylogo: false, responsive: true, modeBarButtons });
  box.removeAllListeners("plotly_hover");
  box.on("plotly_hover", ({ points, event }) => showTip(rowsOf()[points[0].customdata], event));
  box.removeAllListeners("plotly_unhover");
  box.on("plotly_unhover", () => { byId("tip").hidden = true; });
}

// -- hover and legend -----------------------------------------------------------------------------

function showTip(row, event) {
  const figures = data.columns.flatMap((column, at) => {
    const cell = row.cells[at];
    if (!cell.text) return [];
    const words = [`${cell.text}${cell.ends ?? ""}`, cell.verdict].filter(Boolean).join(" ");
    return [element("dt", {}, column.header), element("dd", {}, words)];
  });
  placeTip(event, element("b", {}, ...breakable(row.variant)), element("dl", {}, ...figures));
}

/** What is pointed at, in words beside the mouse. */
function placeTip(event, ...parts) {
  const tip = byId("tip");
  tip.replaceChildren(...parts);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const [x, y] = [event.clientX, event.clientY];
  const left = x + 14 + width > innerWidth ? x - width - 14 : x + 14; // on the side with room
  const within = (at, length, whole) => Math.max(8, Math.min(at, whole - length - 8));
  tip.style.left = `${within(left, width, innerWidth)}px`;
  tip.style.top = `${within(y + 14, height, innerHeight)}px`;
}

function glyph(shape, colour) {
  const made = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  made.setAttribute("viewBox", "-1 -1 2 2");
  path.setAttribute("d", PATHS[shape]);
  path.setAttribute("fill", colour);
  made.append(path);
  return made;
}

function showLegend() {
  const entries = plot.families.map(({ name, shape, colour }) => [name, shape, colour]);
  if (plot.baseline !== null) entries.unshift(["baseline", "star", "currentColor"]);
  document.querySelector(".legend").replaceChildren(...entries.map(([name, shape, colour]) => {
    const press = () => {
      hidden.delete(name) || hidden.add(name);
      button.ariaPressed = !hidden.has(name);
      drawAll();
    };
    const attributes = { type: "button", "aria-pressed": !hidden.has(name), onclick: press };
    const button = element("button", attributes, glyph(shape, colour), name);
    return element("li", {}, button);
  }));
}

// -- the two kinds of plot ------------------------------------------------------------------------

/** Marker sizes in pixels by a metric, in steps of equal ratios; what has no figure is small and hollow. */
function markers(rows, metric, range, shape, surface) {
  if (shape === "star") return { size: 15, line: { color: surface, width: 1 } }; // the baseline
  if (!metric) return { size: 11, line: { color: surface, width: 1 } };
  const values = rows.map((row) => valueOf(row, metric));
  const share = (value) => (range[1] > range[0] ? Math.log(value / range[0]) / Math.log(range[1] / range[0]) : 0.5);
  return {
    size: values.map((value) => (value === undefined ? 9 : 9 + 17 * share(value))),
    symbol: values.map((value) => (value === undefined ? `${shape}-open` : shape)),
    opacity: 0.85, line: { color: surface, width: 1 },
  };
}

function drawPareto() {
  const [x, y, size] = ["x", "y", "size"].map((id) => byId(id).value);
  const seen = new Set(); // where two families cross, a variant is drawn once
  const isNew = (row) => !seen.has(row) && seen.add(row);
  const own = families(x, y).map((family) => ({ ...family, rows: family.rows.filter(isNew) }));
  const rows = own.filter((family) => family.name !== "baseline").flatMap((family) => family.rows);
  const sized = size ? rows.filter((row) => valueOf(row, size) !== undefined) : [];
  sized.sort((a, b) => valueOf(a, size) - valueOf(b, size));
  const [least, most] = [sized[0], sized.at(-1)];
  const range = least && [valueOf(least, size), valueOf(most, size)];
  const { surface } = colours();
  const traces = own.map((family) => {
    const marker = markers(family.rows, range && size, range, family.shape, surface);
    return trace(family, x, y, marker, "markers");
  });
  const label = `${byId("which").selectedOptions[0].text}: ${headerOf(y)} against ${headerOf(x)}`;
  draw("pareto", [frontTrace(x, y), ...traces], x, y, label);
  const words = (row) => row.cells[COLUMN[size].at].text;
  let legend = size ? ` Marker size: ${headerOf(size)}` : "";
  if (range) legend += `, from ${words(least)} to ${words(most)}; hollow: not measured.`;
  else if (size) legend += " is not measured here.";
  const front = plot.fronts[`${x} ${y}`] ? "" : " These two axes measure the same, so there is no front.";
  byId("pareto-caption").textContent = `${plot.caption[0]} Grey: Pareto front of the two axes.${front}${legend}`;
}

function drawCurves() {
  const several = plot.families.some((family) => family.points.length > 1);
  document.querySelector(".pair").hidden = !several;
  byId("curve-caption").textContent = several
    ? plot.caption.join(" ")
    : "No two variants here differ in one number only, so there is no curve. " +
      "weighin sweep weighs several operating points.";
  if (!several) return;
  const [{ text, surface }, y] = [colours(), quality()];
  for (const x of ["smaller", "speedup"]) {
    const own = families(x, y).filter((family) => family.name !== "baseline");
    const marker = { size: 9, line: { color: surface, width: 1 } };
    const traces = own.map((family) => trace(family, x, y, marker, "lines+markers"));
    const label = `Curves: ${headerOf(y)} against ${headerOf(x)}`;
    draw(`curve-${x}`, [frontTrace(x, y), ...traces], x, y, label, baselineShapes(text));
  }
}

/** The baseline's own figure as a dashed line, in a band of its interval. */
function baselineShapes(colour) {
  const row = plot.baseline === null ? undefined : rowsOf()[plot.baseline];
  const value = row && valueOf(row, quality());
  if (value === undefined) return [];
  const [[below, above], { factor }] = [barsOf(row, quality()), plot.quality];
  const across = (low, high) => (
    { xref: "paper", x0: 0, x1: 1, y0: low * factor, y1: high * factor, layer: "below" }
  );
  const band = { type: "rect", fillcolor: colour, opacity: 0.08, line: { width: 0 } };
  const dashes = { type: "line", line: { color: colour, width: 1.2, dash: "dash" } };
  return [
    { ...across(value - below, value + above), ...band },
    { ...across(value, value), ...dashes },
  ];
}

function drawAll() {
  drawPareto();
  drawCurves();
  if (!performance.getEntriesByName("plots").length) performance.mark("plots");
}

/** The plot's own figure of quality among the choices, in place of another task's. */
function offerQuality() {
  for (const id of ["y", "size"]) {
    const option = byId(id).querySelector("[data-quality]");
    [option.value, option.textContent] = [quality(), headerOf(quality())];
  }
}

/** Where nobody measured how good answers are, speed is what stands against size. */
function chooseHeight() {
  const select = byId("y");
  const isMeasured = rowsOf().some((row) => row.place === plot.place && valueOf(row, quality()) !== undefined);
  if (!isMeasured && select.value === quality()) [select.value, select.dataset.instead] = ["speedup", "quality"];
  else if (isMeasured && select.dataset.instead) [select.value, select.dataset.instead] = [quality(), ""];
}

function choose(at) {
  startPlotly();
  plot = data.plots[at];
  byId("which").value = at;
  hidden.clear();
  offerQuality();
  chooseHeight();
  showLegend();
  drawAll();
}

function startPlots() {
  byId("plots").hidden = !data.plots.length;
  if (!data.plots.length) return;
  const names = data.plots.map(({ section, place }) => {
    const own = data.sections[section];
    return `${titleOf(own)}, ${place}${severalFiles ? ` · ${fileOf(own)}` : ""}`;
  });
  fill(byId("which"), names, names.map((_, at) => at));
  byId("which").addEventListener("change", (event) => choose(event.target.value));
  for (const [id, metrics] of Object.entries(CHOICES)) {
    fill(byId(id), metrics.map(headerOf), metrics).addEventListener("change", drawPareto);
  }
  byId("y").prepend(element("option", { "data-quality": "", selected: "" }));
  byId("size").append(element("option", { "data-quality": "" }));
  fill(byId("size"), ["all the same"], [""]);
  document.addEventListener("plot", (event) => choose(event.detail));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll());
  document.querySelector("#plots form").addEventListener("submit", (event) => event.preventDefault());
  // Plotly takes its time to start, so that waits until the plots are near the window and the page
  // has been painted
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => plot ?? choose(0)));
  }, { rootMargin: "300px" });
  observer.observe(byId("plots"));
}

function startPlotly() {
  if (!window.Plotly) document.head.append(element("script", {}, byId("plotly").textContent));
}

startPlots();
