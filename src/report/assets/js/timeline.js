/* Power, price and surplus over one shared range of time. */

const GUTTER = () => (innerWidth < 560 ? 44 : 54);
/** Steps as uPlot wants them: the last value stands until the end. */
const held = (values) => [...values, values[values.length - 1]];
const stepped = uPlot.paths.stepped({ align: 1 });
const faded = (name, alpha) => {
  const hex = colour(name).slice(1);
  const part = (i) => parseInt(hex.slice(i, i + 2), 16);
  return `rgba(${part(0)},${part(2)},${part(4)},${alpha})`;
};

function drawTimeline() {
  const node = section("operation", "Operation", "Click a slot, or use the arrow keys, to read why its watts went where they went. Drag to zoom, double-click to reset.");
  const grid = el("div", { class: "timeline" });
  const charts = el("div", { class: "charts" });
  const panel = el("aside", { id: "slot", "aria-label": "Decisions of the chosen slot" });
  grid.append(charts, panel);
  node.append(rangeControls(), grid);
  Panel.start(panel);
  guarded("power", () => powerChart(charts));
  guarded("price", () => priceChart(charts));
  if (RUN.surplus) guarded("surplus", () => surplusChart(charts));
  View.start();
  guarded("days", () => add(node, dayTable()));
}

/** One chart with its heading, live legend and description. */
function chart(holder, { id, title, height, series, data, scale, hooks, entries, summary, bands, unit, tools, ticks }) {
  const legend = el("ul", { class: "legend" });
  const values = entries.map((entry) => {
    const value = el("span", { class: "live" });
    legend.append(el("li", {}, el("i", { class: `key ${entry.key}`, "aria-hidden": "true" }), `${entry.label} `, value));
    return value;
  });
  const plot = el("div", { class: "plot", tabindex: 0, role: "group", "aria-label": `${title}. ${summary} Arrow keys choose a slot.` });
  const caption = el("figcaption", {}, el("h3", {}, title, el("span", { class: "unit" }, unit)), tools, legend);
  const figure = el("figure", { id, class: "time" }, caption, plot);
  holder.append(figure);
  const read = (index) => entries.forEach((entry, e) => { values[e].textContent = index == null ? "" : entry.read(index); });
  const chosen = () => (Panel.start_ == null ? null : stepAt(RUN.edges, Panel.start_));
  let held_ = null;
  const axis = {
    stroke: () => colour("muted"), font: "11px system-ui, sans-serif",
    grid: { stroke: () => colour("grid"), width: 1 }, ticks: { stroke: () => colour("grid"), width: 1, size: 4 },
  };
  const build = (width) => new uPlot({
    width, height, series: [{}, ...series], bands,
    padding: [8, 30, 0, 0],
    legend: { show: false },
    scales: { x: { time: false, min: View.min, max: View.max }, y: scale() },
    axes: [
      { ...axis, size: 26, gap: 3,
        splits: (u, _, min, max) => timeTicks(min, max, u.bbox.width / devicePixelRatio),
        values: (u, ticks) => ticks.map((t) => tickLabel(t, ticks)) },
      { ...axis, size: GUTTER(), gap: 4, splits: ticks, filter: (u, values) => values, space: 32,
        values: (u, ticks) => ticks.map((t) => (t == null ? "" : number(t, Math.abs(t) < 10 && t % 1 ? 1 : 0))) },
    ],
    cursor: {
      y: false, points: { show: false }, sync: { key: "time" },
      drag: { x: true, y: false, setScale: false },
      bind: { dblclick: () => () => { View.reset(); return null; } },
    },
    select: { show: true },
    hooks: {
      setCursor: [(u) => read(u.cursor.idx == null || u.cursor.left < 0 ? chosen() : Math.min(u.cursor.idx, RUN.steps - 1))],
      setSelect: [(u) => {
        // Synchronised charts report the same drag; only the dragged one acts.
        if (u.over !== held_ || u.select.width < 5) return;
        const min = u.posToVal(u.select.left, "x");
        const max = u.posToVal(u.select.left + u.select.width, "x");
        for (const other of View.charts) other.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        View.set(min, max);
      }],
      ...hooks,
      draw: [...(hooks.draw || []), drawChosen],
    },
  }, data, plot);
  const attach = (u) => {
    let pressed = 0;
    u.over.addEventListener("mousedown", (event) => { held_ = u.over; pressed = event.clientX; });
    u.over.addEventListener("click", (event) => {
      if (Math.abs(event.clientX - pressed) < 5) Panel.choose(u.posToVal(event.clientX - u.over.getBoundingClientRect().left, "x"));
    });
    u.over.addEventListener("wheel", (event) => {
      if (!event.shiftKey && !event.ctrlKey) return;
      event.preventDefault();
      if (event.ctrlKey) View.zoom(event.deltaY > 0 ? 1.25 : 0.8, u.posToVal(event.offsetX, "x"));
      else View.pan(Math.sign(event.deltaY || event.deltaX) * 0.1);
    }, { passive: false });
    View.charts.push(u);
    Panel.listeners.push(() => { u.redraw(false); read(chosen()); });
    return u;
  };
  plot.addEventListener("keydown", (event) => Panel.key(event));
  let u = null;
  const rebuild = () => {
    if (u) { View.charts.splice(View.charts.indexOf(u), 1); u.destroy(); }
    u = attach(build(Math.max(plot.clientWidth, 200)));
  };
  onWidth(plot, (width) => { if (u) u.setSize({ width, height }); else rebuild(); });
  redraws.push(() => u.redraw(false));
  return { rebuild };
}

/** Marks the chosen slot in every chart. */
function drawChosen(u) {
  if (Panel.start_ == null) return;
  const { ctx, bbox } = u;
  const from = u.valToPos(Panel.start_, "x", true);
  const width = Math.max(u.valToPos(Panel.end_, "x", true) - from, 2 * devicePixelRatio);
  if (from + width < bbox.left || from > bbox.left + bbox.width) return;
  ctx.save();
  ctx.fillStyle = faded("ink", 0.22);
  ctx.fillRect(from, bbox.top, width, bbox.height);
  ctx.fillStyle = colour("ink");
  ctx.beginPath();
  ctx.moveTo(from + width / 2 - 5 * devicePixelRatio, bbox.top - 6 * devicePixelRatio);
  ctx.lineTo(from + width / 2 + 5 * devicePixelRatio, bbox.top - 6 * devicePixelRatio);
  ctx.lineTo(from + width / 2, bbox.top);
  ctx.fill();
  ctx.restore();
}

/** Legend of a forecast: its band, unless all its quantiles are one. */
function bandEntries(band, decimals) {
  if (!band) return [];
  const flat = band[0].every((low, i) => low === band[2][i]);
  const line = { key: "line-forecast", label: flat ? "Forecast" : "P50", read: (i) => number(band[1][i], decimals) };
  if (flat) return [line];
  return [{ key: "band", label: "Forecast P10–P90", read: (i) => `${number(band[0][i], decimals)}–${number(band[2][i], decimals)}` }, line];
}

const mean = (values) => {
  let sum = 0;
  let time = 0;
  values.forEach((v, i) => {
    if (v == null) return;
    const length = RUN.edges[i + 1] - RUN.edges[i];
    sum += v * length;
    time += length;
  });
  return time ? sum / time : null;
};

function powerChart(holder) {
  const edges = RUN.edges;
  const by = POWER.by;
  const sums = [];
  RUN.uses.forEach((use, u) => sums.push(use.watts.map((w, i) => w / by + (u ? sums[u - 1][i] : 0))));
  const drawn = sums.length ? sums[sums.length - 1] : RUN.limit.map(() => 0);
  const top = Math.max(PEAK / by, drawn.reduce((a, b) => Math.max(a, b), 0)) * 1.08;
  // Tallest sum first, so that each lower one paints over it.
  const stack = RUN.uses.map((use, u) => ({
    paths: stepped, points: { show: false }, width: 0,
    fill: () => colour(use.id), stroke: () => colour(use.id), sum: held(sums[u]),
  })).reverse();
  const limit = { paths: stepped, points: { show: false }, width: 1.5, stroke: () => colour("limit") };
  const names = RUN.uses.map((use) => `${use.label} averages ${power(mean(use.watts))}`).join(", ");
  chart(holder, {
    id: "power", title: "Power by use", unit: POWER.unit, height: 290,
    series: [...stack.map(({ sum, ...s }) => s), limit],
    data: [edges, ...stack.map((s) => s.sum), held(RUN.limit.map((w) => w / by))],
    scale: () => ({ range: () => [0, top] }),
    summary: `${names}; the limit peaks at ${power(PEAK)}.`,
    entries: [
      ...RUN.uses.map((use) => ({ key: use.id, label: use.label, read: (i) => power(use.watts[i]) })),
      { key: "line-limit", label: "Limit", read: (i) => power(RUN.limit[i]) },
      { key: "nothing", label: "Nothing", read: (i) => power(Math.max(RUN.limit[i] - drawn[i] * by, 0)) },
    ],
    hooks: { draw: [drawWindow] },
  });
}

/** A bar on the floor of the power chart: where single decisions were kept. */
function drawWindow(u) {
  if (!SLOTS || (SLOTS.start <= RUN.start && SLOTS.end >= RUN.end)) return;
  const { ctx, bbox } = u;
  const clip = (t) => Math.min(Math.max(u.valToPos(t, "x", true), bbox.left), bbox.left + bbox.width);
  ctx.save();
  ctx.fillStyle = colour("ink");
  ctx.fillRect(clip(SLOTS.start), bbox.top + bbox.height - 3 * devicePixelRatio, clip(SLOTS.end) - clip(SLOTS.start), 3 * devicePixelRatio);
  ctx.restore();
}

function bandSeries(band, key) {
  if (!band) return { series: [], data: [], bands: undefined, entries: [] };
  const line = (width) => ({ paths: stepped, points: { show: false }, width, stroke: () => colour(key), dash: [3, 3] });
  return {
    series: [line(0), line(0), line(1)],
    data: [held(band[2]), held(band[0]), held(band[1])],
    bands: [{ series: [1, 2], fill: () => faded(key, 0.22) }],
  };
}

function zeroLine(u) {
  const { ctx, bbox, scales } = u;
  if (!(scales.y.min < 0 && scales.y.max > 0)) return;
  const y = Math.round(u.valToPos(0, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = colour("muted");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

function priceChart(holder) {
  const band = RUN.priceForecast;
  const drawn = bandSeries(band, "forecast");
  const marginal = RUN.marginal;
  const sizes = RUN.price.concat(marginal || []).filter((p) => p != null).map(Math.abs).sort((a, b) => a - b);
  if (!sizes.length) return;
  // One spike of thousands would press all else flat: arcsinh keeps both readable.
  const usual = sizes[Math.floor(sizes.length * 0.95)] || 1;
  let compressed = sizes[sizes.length - 1] > 6 * usual;
  const tool = el("button", { type: "button", class: "quiet" });
  const label = () => { tool.textContent = compressed ? "Scale: compressed" : "Scale: linear"; };
  tool.title = "Compressed: arcsinh, linear near zero, logarithmic for spikes of either sign";
  label();
  const softness = Math.max(usual / 4, 1);
  const { rebuild } = chart(holder, {
    id: "price", title: "Energy price", unit: PRICE_UNIT, height: 170, tools: tool,
    series: [...drawn.series,
      marginal && { paths: stepped, points: { show: false }, width: 1.4, stroke: () => colour("forecast") },
      { paths: stepped, points: { show: false }, width: 1.4, stroke: () => colour("price") }].filter(Boolean),
    data: [RUN.edges, ...drawn.data, marginal && held(marginal), held(RUN.price)].filter(Boolean),
    bands: drawn.bands,
    scale: () => (compressed
      ? { distr: 4, asinh: softness, range: (u, low, high) => [low < 0 ? low * 1.1 : 0, Math.max(high, 1) * 1.15] }
      : { range: (u, low, high) => [low < 0 ? low - (high - low) * 0.06 : 0, Math.max(high + (high - low) * 0.06, 1)] }),
    summary: `Mean ${price(mean(RUN.price))}, from ${price(RUN.price.reduce((a, b) => (b == null ? a : Math.min(a, b)), Infinity))} to ${price(RUN.price.reduce((a, b) => (b == null ? a : Math.max(a, b)), -Infinity))}.`,
    entries: [
      { key: "line-price", label: "Price", read: (i) => number(RUN.price[i], 2) },
      ...(marginal ? [{ key: "line-marginal", label: "Marginal value at the root", read: (i) => number(marginal[i], 2) }] : []),
      ...bandEntries(band, 0),
    ],
    hooks: { draw: [zeroLine] },
    ticks: (u, _, low, high) => (compressed
      ? spikeTicks(u, low, high)
      : niceTicks(low, high, Math.max(2, Math.floor(u.bbox.height / devicePixelRatio / 32)))),
  });
  tool.addEventListener("click", () => { compressed = !compressed; label(); guarded("price scale", rebuild); });
}

/** Round prices, no two closer than a line of text on the compressed scale. */
function spikeTicks(u, low, high) {
  const ticks = [0];
  for (const sign of [1, -1]) {
    let last = u.valToPos(0, "y");
    for (let size = 1; size <= 1e6; size *= 10) {
      for (const digit of [1, 2, 5]) {
        const value = sign * digit * size;
        if (value < low || value > high) continue;
        const at = u.valToPos(value, "y");
        if (Math.abs(at - last) < 22) continue;
        ticks.push(value);
        last = at;
      }
    }
  }
  return ticks.sort((a, b) => a - b);
}

function surplusChart(holder) {
  const by = POWER.by;
  const inUnits = (values) => values.map((w) => (w == null ? null : w / by));
  const band = RUN.surplusForecast && RUN.surplusForecast.map(inUnits);
  const drawn = bandSeries(band, "forecast");
  chart(holder, {
    id: "surplus", title: "Surplus", unit: POWER.unit, height: 140,
    series: [...drawn.series, { paths: stepped, points: { show: false }, width: 1.4, stroke: () => colour("surplus") }],
    data: [RUN.edges, ...drawn.data, held(inUnits(RUN.surplus))],
    bands: drawn.bands,
    scale: () => ({ range: (u, low, high) => [0, Math.max(high, 0.1) * 1.08] }),
    summary: `Mean ${power(mean(RUN.surplus))}.`,
    entries: [
      { key: "line-surplus", label: "Surplus", read: (i) => power(RUN.surplus[i]) },
      ...bandEntries(band, DECIMALS),
    ],
    hooks: {},
  });
}

/** The charts as text: energy per day and use, with prices. */
function dayTable() {
  const days = new Map();
  for (let i = 0; i < RUN.steps; i += 1) {
    const key = fullDay(RUN.edges[i]);
    if (!days.has(key)) days.set(key, { energy: RUN.uses.map(() => 0), sum: 0, time: 0, low: Infinity, high: -Infinity });
    const d = days.get(key);
    const length = RUN.edges[i + 1] - RUN.edges[i];
    RUN.uses.forEach((use, u) => { d.energy[u] += (use.watts[i] * length) / 3600 / 1e6; });
    if (RUN.price[i] != null) {
      d.sum += RUN.price[i] * length;
      d.time += length;
      d.low = Math.min(d.low, RUN.price[i]);
      d.high = Math.max(d.high, RUN.price[i]);
    }
  }
  const column = (label, unit, decimals) => ({ label, unit, decimals, help: "" });
  const data = {
    columns: [column("Day", "", 0), ...RUN.uses.map((use) => column(use.label, "MWh", PEAK >= 1e7 ? 0 : 2)),
      column("Mean price", PRICE_UNIT, 2), column("Lowest", PRICE_UNIT, 2), column("Highest", PRICE_UNIT, 2)],
    rows: [...days].map(([name, d]) => [name, ...d.energy, d.time ? d.sum / d.time : null, d.time ? d.low : null, d.time ? d.high : null]),
    highlight: null, note: "",
  };
  return el("details", {}, el("summary", {}, `The charts as a table, by day (${days.size})`), table(data, "Energy by day"));
}
