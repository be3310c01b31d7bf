"""What a page brings along besides its content: style sheet, script, and the rule that nothing is fetched."""

from __future__ import annotations

# The browser itself refuses every request: what the page needs is in it.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)

STYLE = """
:root { color-scheme: light; --ink: #1f2430; --soft: #5a6272; --line: #e1e4ea; --mark: #fff4d6 }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0 auto; max-width: 1160px; padding: 28px 24px 60px; background: #fff; color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .7rem }
h2 { font-size: 1.2rem; margin: 2.4rem 0 .7rem; padding-top: .9rem; border-top: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 0 0 .4rem }
h3 small { color: var(--soft); font-weight: 400 }
p { margin: 0 0 .7rem }
.kicker { color: var(--soft); font-size: .8rem; letter-spacing: .06em; margin-bottom: .2rem }
.lead { font-size: 1.1rem; max-width: 62em; margin-bottom: .5rem }
.facts, .caption, figcaption { color: var(--soft); font-size: .86rem }
.note { background: var(--mark); padding: .4rem .7rem; border-radius: 4px; font-size: .9rem }
.chip { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .45em;
  print-color-adjust: exact }
.legend { position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; gap: 6px; padding: 8px 0;
  background: #fff }
button { font: inherit; font-size: .86rem; color: inherit; background: #f5f6f8; cursor: pointer;
  border: 1px solid var(--line); border-radius: 999px; padding: 3px 12px }
.legend button[aria-pressed=false] { opacity: .4; text-decoration: line-through }
.scroll { overflow-x: auto; margin-bottom: .9rem }
.tall { max-height: 34rem; overflow-y: auto }
.tall thead th { position: sticky; top: 0; background: #fff }
.sortable td:first-child { position: sticky; left: 0; background: #fff; text-align: left; padding-left: 0 }
.sorts { border: 0; border-radius: 4px; background: none; padding: 0; font-weight: 600; color: var(--soft) }
th[aria-sort] .sorts::after { content: " \\2191" }
th[aria-sort=descending] .sorts::after { content: " \\2193" }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .42rem .7rem; border-bottom: 1px solid var(--line); white-space: nowrap }
thead th { color: var(--soft); font-weight: 600; font-size: .82rem; vertical-align: bottom;
  white-space: normal }
th:first-child { text-align: left; padding-left: 0; position: sticky; left: 0; background: #fff }
th.text, td.text { text-align: left; white-space: normal; min-width: 18em }
table.config { font-family: ui-monospace, Consolas, monospace }
table.config td, table.config th { text-align: left; font-size: .84rem; padding: .22rem .8rem .22rem 0 }
table.config td { overflow-wrap: anywhere }
tr.differs td, tr.differs th, tr.differs th:first-child { background: var(--mark); print-color-adjust: exact }
figure { margin: 0; min-width: 0 }
figcaption { margin-top: .2rem }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 26px }
.cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 22px }
.block { margin-bottom: 1.6rem; break-inside: avoid }
.strip { display: grid; grid-template-columns: repeat(4, 1fr); gap: 14px }
.strip img, .strip svg { display: block; width: 100%; height: auto }
.strip img { image-rendering: pixelated; border: 1px solid var(--line) }
.strip figcaption { text-align: center }
.lamps { display: flex; flex-wrap: wrap; gap: 6px }
.lamp { font-size: .82rem; padding: 2px 10px 2px 8px; border-radius: 999px; border: 1px solid var(--line);
  white-space: nowrap; print-color-adjust: exact }
.lamp::before { content: "●"; margin-right: .4em; color: #b4b8c0 }
.lamp.fine::before { color: #2e9e5b }
.lamp.mild::before { color: #e8a200 }
.lamp.severe::before { color: #cf2f2f }
.lamp.mild, .lamp.severe { font-weight: 600 }
.lamp.unknown { color: var(--soft) }
.cells figure > img, .cells figure > svg { display: block; max-width: 100%; height: auto;
  image-rendering: pixelated }
.verdict { border-left: 4px solid #e8a200; background: #fafafb; padding: .5rem .9rem; margin: 0 0 .8rem;
  break-inside: avoid; print-color-adjust: exact }
.verdict.severe { border-color: #cf2f2f }
.verdict p { margin: .2rem 0 0; max-width: 62em }
.verdict a { color: inherit }
.verdict small { color: var(--soft) }
details { margin-top: .6rem }
summary { cursor: pointer; color: var(--soft); font-size: .9rem; margin-bottom: .4rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f6f8; padding: .7rem .9rem; margin: 0;
  border-radius: 6px; font: .86rem/1.5 ui-monospace, Consolas, monospace; flex: 1 }
.copy { display: flex; gap: 10px; align-items: flex-start }
dl { display: grid; grid-template-columns: 11em 1fr; gap: .5rem 1.2rem; margin: 0; font-size: .92rem }
.cells + dl { margin-top: 1.4rem }
dt { font-weight: 600 }
dd { margin: 0; max-width: 60em }
@media screen and (max-width: 760px) {
  body { padding: 18px 14px 40px }
  h1 { font-size: 1.35rem }
  .lead { font-size: 1rem }
  .pair { grid-template-columns: minmax(0, 1fr) }
  .strip { grid-template-columns: repeat(2, 1fr) }
  dl { grid-template-columns: 1fr; gap: .1rem }
  dd { margin-bottom: .6rem }
}
@media print {
  body { max-width: none; padding: 0; font-size: 13px }
  .copies, summary { display: none }
  .legend { position: static }
  .scroll { overflow: visible }
  th, td { white-space: normal; padding: .3rem .4rem; font-size: .75rem }
  th.text, td.text { min-width: 0 }
  table.config td, table.config th { font-size: .7rem }
  .cells { grid-template-columns: repeat(3, minmax(0, 1fr)) }
  figure, tr, dd { break-inside: avoid }
  h2, h3, .caption, dt { break-after: avoid }
}
"""

SCRIPT = """
"use strict";
const plots = [];
// Without a pointer that hovers there is no place for a tool bar, and a drag must scroll the page, not zoom.
const touch = matchMedia("(hover: none)").matches;
const tools = { responsive: true, displaylogo: false, displayModeBar: touch ? false : "hover",
  modeBarButtons: [["toImage", "zoom2d", "resetScale2d"]] };
for (const source of document.querySelectorAll("script[data-figure]")) {
  const figure = JSON.parse(source.textContent), place = document.getElementById(source.dataset.figure);
  if (touch) figure.layout.dragmode = false;
  Plotly.newPlot(place, figure.data, figure.layout, tools);
  plots.push(place);
}
for (const button of document.querySelectorAll("[data-recipe]")) {
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(shown));
    for (const place of plots) {
      const traces = [...place.data.keys()].filter(k => place.data[k].legendgroup === button.dataset.recipe);
      if (traces.length) Plotly.restyle(place, { visible: shown }, traces);
    }
  });
}
// Numbers sort by size ("3.07 ± 0.02" by its mean), words by their letters; what is missing comes last.
for (const button of document.querySelectorAll(".sorts")) {
  button.addEventListener("click", () => {
    const head = button.parentElement, at = head.cellIndex, body = head.closest("table").tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const read = row => row.cells[at].textContent;
    const number = row => parseFloat(read(row).replaceAll(",", ""));
    const compare = (a, b) => {
      const x = number(a), y = number(b);
      if (isNaN(x) && isNaN(y)) return read(a).localeCompare(read(b)) * (down ? -1 : 1);
      return isNaN(x) - isNaN(y) || (x - y) * (down ? -1 : 1);
    };
    body.append(...[...body.rows].sort(compare));
  });
}
for (const button of document.querySelectorAll(".copies")) {
  button.addEventListener("click", async () => {
    const text = button.previousElementSibling;
    try { await navigator.clipboard.writeText(text.textContent); button.textContent = "copied"; }
    catch { getSelection().selectAllChildren(text); button.textContent = "selected"; }
  });
}
// Paper has another width than the window, and printing does not wait for a lazy resize.
matchMedia("print").addEventListener("change", paper => {
  for (const place of plots) {
    Plotly.relayout(place, { width: paper.matches ? place.clientWidth : null, autosize: !paper.matches });
  }
});
"""
