/* Masthead, figures and tables. */

function drawMasthead() {
  const themes = ["auto", "light", "dark"];
  const button = el("button", { type: "button", class: "quiet", id: "theme" });
  const show = () => { button.textContent = `Theme: ${Theme.chosen}`; };
  button.addEventListener("click", () => {
    Theme.choose(themes[(themes.indexOf(Theme.chosen) + 1) % themes.length]);
    show();
  });
  show();
  const zone = ZONE === "UTC" ? "UTC" : `${ZONE} time`;
  document.getElementById("masthead").append(
    el("div", { class: "titles" },
      el("h1", {}, DATA.title),
      el("p", { class: "sub" },
        [DATA.site, `${fullDay(RUN.start)} – ${fullDay(RUN.end - 1)}`, zone, `${PLAN ? "engine" : "policy"} ${DATA.policy}`]
          .filter(Boolean).map((text) => el("span", {}, text)))),
    button);
}

function drawSummary() {
  const node = section("summary", "Summary");
  if (DATA.description) node.append(el("p", { class: "prose" }, DATA.description));
  node.append(el("dl", { class: "figures" }, DATA.figures.map((figure) => el("div", {},
    el("dt", {}, figure.label),
    el("dd", { class: "value" }, number(figure.value, figure.decimals),
      figure.unit && el("span", { class: "unit" }, figure.unit)),
    figure.note && el("dd", { class: "note" }, figure.note)))));
  if (DATA.policies.rows.length) {
    add(node, el("h3", {}, "Policies on the same inputs"), table(DATA.policies, "Policies"));
  }
}

/** A table in its own scrolling box. */
function table(data, name) {
  const textual = data.columns.map((_, c) => data.rows.every((row) => typeof row[c] !== "number" && row[c]?.mean == null));
  const align = (c) => (textual[c] ? "text" : "num");
  const units = data.columns.some((column) => column.unit);
  const head = el("tr", {}, data.columns.map((column, c) => el("th", { scope: "col", class: align(c), title: column.help },
    column.label, units && el("span", { class: "unit" }, column.unit || "\u00a0"))));
  const body = data.rows.map((row, r) => el("tr", { class: r === data.highlight ? "main" : null },
    row.map((cell, c) => {
      const shown = (value) => number(value, data.columns[c].decimals);
      const range = cell?.mean != null;
      const text = typeof cell === "number" ? shown(cell) : cell == null ? "–"
        : range ? `${shown(cell.least)} to ${shown(cell.most)}` : cell;
      const title = range ? `mean ${shown(cell.mean)}` : null;
      return el(c ? "td" : "th", { class: align(c), scope: c ? null : "row", title }, text);
    })));
  return [
    el("div", { class: data.rows.length > 40 ? "scroll long" : "scroll", tabindex: 0, role: "region", "aria-label": `${name}, table` },
      el("table", { class: "data" }, el("caption", { class: "hidden" }, name), el("thead", {}, head), el("tbody", {}, body))),
    data.note && el("p", { class: "note" }, data.note),
  ];
}

function drawTables() {
  const parts = [
    ["variants", "Variants", DATA.variants],
    ["promises", "Promises", DATA.promises],
    ["regions", "Regions", DATA.regions],
    ["tariff", "Tariff lines", DATA.tariff],
    ["pools", "Pools", DATA.pools],
    ["incidents", "Incidents", DATA.incidents],
  ];
  for (const [id, title, data] of parts) {
    if (data && data.rows.length) add(section(id, title), table(data, title));
  }
}

/** Sections that are a table: what a plan says beside its powers. */
function drawSections() {
  for (const { id, title, lead, table: data } of DATA.sections) {
    const node = section(id, title, lead);
    if (data.rows.length) add(node, table(data, title));
  }
}

function drawRun() {
  const node = section("run", PLAN ? "About this plan" : "Run");
  if (DATA.notes.length) node.append(el("ul", { class: "prose" }, DATA.notes.map((text) => el("li", {}, text))));
  node.append(el("dl", { class: "facts" }, DATA.facts.map((fact) =>
    el("div", {}, el("dt", {}, fact.label), el("dd", {}, fact.value)))));
  document.getElementById("imprint").append("Self-contained report: it loads nothing from the network.");
}

/* The theme: what the system prefers, or what the reader chose, or #theme=dark. */
const Theme = {
  chosen: "auto",
  start() {
    let kept = null;
    try { kept = localStorage.getItem("swingload-theme"); } catch { /* storage may be forbidden */ }
    this.apply(Hash.get("theme") || kept || "auto");
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  },
  apply(theme) {
    this.chosen = theme === "light" || theme === "dark" ? theme : "auto";
    if (this.chosen === "auto") delete ROOT.dataset.theme; else ROOT.dataset.theme = this.chosen;
  },
  choose(theme) {
    this.apply(theme);
    try { localStorage.setItem("swingload-theme", this.chosen); } catch { /* as above */ }
    this.redraw();
  },
  redraw() { for (const draw of redraws) guarded("theme", draw); },
};

/* Links into the page: #slot=123&range=FROM-TO&theme=dark. */
const Hash = {
  read: () => new URLSearchParams(location.hash.slice(1)),
  get(name) { return this.read().get(name); },
  set(name, value) {
    const all = location.hash.includes("=") ? this.read() : new URLSearchParams();
    if (value == null) all.delete(name); else all.set(name, value);
    try { history.replaceState(null, "", `#${all}`); } catch { /* not everywhere allowed from a file */ }
  },
};
