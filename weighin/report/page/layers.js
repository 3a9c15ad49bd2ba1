"use strict";
// Layers of files that `weighin layers` has looked at, below the table of these files; each folded. Its figure is
// drawn when it is unfolded. Names never reach Plotly: an operator is its number there.

/** The tables and figures of one model's files. */
function layersElements({ layers }) {
  return layers.map((analysis) => {
    const head = analysis.headers.map((each) => element("th", { class: "plain", scope: "col" }, each));
    const body = analysis.rows.map(([place, name, ...cells]) => element("tr", {},
      element("th", { scope: "row" }, `${place} `, ...breakable(name)), ...cells.map((each) => element("td", {}, each))));
    head.splice(0, 2, element("th", { class: "plain", scope: "col" }, "layer"));
    const table = element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...body));
    const box = element("div", { class: "plot layers-plot" });
    return element("details", { class: "layers", ontoggle: ({ target }) => target.open && drawLayers(box, analysis) },
      element("summary", {}, analysis.title),
      box,
      element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": analysis.title }, table),
      element("div", { class: "small lines" }, ...analysis.lines.map((each) => element("p", {}, each))),
    );
  });
}

const OWN = "#d55e00", OUTPUT = "#0072b2", TIME = "#009e73"; // Okabe and Ito 2008

/** SQNR of each operator above its share of the time, along the depth of the file. */
function drawLayers(box, { title, points }) {
  startPlotly();
  const { text, surface, muted, grid, line } = colours();
  const timed = points.some((each) => each.share !== null);
  const x = points.map((each) => each.place);
  const common = { x, customdata: points.map((_, at) => at), hoverinfo: "none" };
  const dots = (key, name, color, symbol) => (
    { ...common, y: points.map((each) => each[key]), name, mode: "markers", marker: { color, symbol, size: 9 } }
  );
  const traces = [
    dots("own", "its own, on the same inputs", OWN, "square"),
    dots("output", "with all before it", OUTPUT, "circle"),
  ];
  if (timed) {
    const y = points.map((each) => each.share);
    traces.push({ ...common, y, name: "share of the time", type: "bar", yaxis: "y2", marker: { color: TIME } });
  }
  const axis = { gridcolor: grid, linecolor: line, zeroline: false, automargin: true };
  const layout = {
    xaxis: { ...axis, title: { text: "operator", standoff: 8 }, anchor: timed ? "y2" : "y", tickformat: "d" },
    yaxis: { ...axis, title: { text: "SQNR, higher is better" }, ticksuffix: " dB", domain: [timed ? 0.42 : 0, 1] },
    ...(timed && { yaxis2: { ...axis, title: { text: "time" }, ticksuffix: " %", domain: [0, 0.34], rangemode: "tozero" } }),
    margin: { l: 12, r: 18, t: 18, b: 12 }, paper_bgcolor: surface, plot_bgcolor: surface,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom" }, showlegend: true,
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: muted }, hovermode: "closest",
    dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom", // a finger scrolls the page
    modebar: { bgcolor: "transparent", color: muted, activecolor: text },
  };
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `Error${timed ? " and time" : ""} along the depth: ${title}`);
  const modeBarButtons = [["toImage", "zoom2d", "pan2d", "resetScale2d"]]; // none that leads elsewhere
  Plotly.react(box, traces, layout, { displaylogo: false, responsive: true, modeBarButtons });
  box.removeAllListeners("plotly_hover");
  box.on("plotly_hover", (hover) => showLayerTip(points[hover.points[0].customdata], hover.event));
  box.removeAllListeners("plotly_unhover");
  box.on("plotly_unhover", () => { byId("tip").hidden = true; });
}

function showLayerTip({ place, name, own, output, share }, event) {
  const figures = [
    ["own SQNR", own === null ? "" : `${own.toFixed(1)} dB`],
    ["output SQNR", output === null ? "" : `${output.toFixed(1)} dB`],
    ["time", share === null ? "" : `${share.toFixed(1)} %`],
  ];
  const shown = figures.filter(([, words]) => words);
  const parts = shown.flatMap(([label, words]) => [element("dt", {}, label), element("dd", {}, words)]);
  placeTip(event, element("b", {}, `${place} `, ...breakable(name)), element("dl", {}, ...parts));
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const each of document.querySelectorAll("details.layers[open]")) each.dispatchEvent(new Event("toggle"));
});
