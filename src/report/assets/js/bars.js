/* Hand-drawn SVG: waterfalls, values of policies, histogram. */

/** Nice bounds and ticks for an axis of money or counts. */
function niceTicks(low, high, count) {
  const span = high - low || 1;
  const rough = span / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * magnitude).find((s) => s >= rough);
  const ticks = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-9; t += step) ticks.push(Math.abs(t) < step * 1e-9 ? 0 : t);
  return ticks;
}

/** A tick with as many digits as its neighbours need to differ. */
function tickMoney(value, ticks, reference) {
  if (value === 0) return "0";
  const [by, unit] = scaleOf(reference);
  const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) / by : 1;
  const decimals = [0, 1, 2, 3].find((d) => Math.abs(step * 10 ** d - Math.round(step * 10 ** d)) < 1e-6) ?? 3;
  return number(value / by, decimals) + (unit ? ` ${unit}` : "");
}

/** Canvas measures text; SVG neither measures nor wraps it. */
const ruler = document.createElement("canvas").getContext("2d");
function textWidth(text, size) {
  ruler.font = `${size || 12}px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}
function elided(text, width, size) {
  if (textWidth(text, size) <= width) return text;
  let kept = text;
  while (kept.length > 1 && textWidth(`${kept}…`, size) > width) kept = kept.slice(0, -1);
  return `${kept.trimEnd()}…`;
}

/**
 * Horizontal waterfall: one row per bar, label left, amount right of the bar.
 * Rows rather than columns, so that labels stay readable at any width.
 */
function waterfall(box, data, name) {
  let standing = 0;
  const rows = data.bars.map((bar) => {
    const from = bar.kind === "total" ? 0 : standing;
    const to = bar.kind === "total" ? bar.amount : standing + bar.amount;
    if (bar.kind !== "missed") standing = to;
    return { ...bar, from, to };
  });
  // When all changes are small against the level, zero is far away: cut the
  // axis and say so, or nothing could be seen.
  const levels = rows.flatMap((row) => (row.kind === "total" ? [row.to] : [row.from, row.to]));
  const min = Math.min(...levels);
  const max = Math.max(...levels);
  const cut = min > 0 && (max - min) < min;
  const pad = (max - min) * 0.08;
  const low = cut ? min - pad * 3 : Math.min(0, min);
  const high = cut ? max : Math.max(0, max);
  const largest = Math.max(...rows.map((row) => (row.kind === "total" ? 0 : Math.abs(row.amount))));
  bars(box, rows, {
    name, low, high: high + (high === 0 ? pad : 0), cut,
    amount: (row) => (row.kind === "total" ? money(row.amount) : signed(row.amount, money(row.amount, largest))),
    shape: (row) => (row.kind === "total" ? "total" : row.kind === "missed" ? "missed" : row.amount >= 0 ? "up" : "down"),
    connect: true,
  });
}

function bars(box, rows, options) {
  const holder = el("div", { class: "bars" });
  box.append(holder);
  const describe = rows.map((row) => `${row.label}: ${options.amount(row)} ${options.unit || DATA.currency}`).join("; ");
  const draw = (width) => {
    const narrow = width < 340;
    const height = narrow ? 40 : 26;
    const labelWidth = narrow ? 0 : Math.min(Math.max(...rows.map((row) => textWidth(row.label, 12))) + 14, width * 0.44);
    const amountWidth = Math.max(...rows.map((row) => textWidth(options.amount(row), 12))) + 12;
    const left = labelWidth + (options.low < 0 ? amountWidth : 0);
    const right = width - amountWidth;
    const x = (value) => left + ((value - options.low) / (options.high - options.low || 1)) * (right - left);
    const total = rows.length * height + 24;
    const ticks = niceTicks(options.low, options.high, Math.max(3, Math.floor((right - left) / 60)));
    const reference = Math.max(Math.abs(options.low), Math.abs(options.high));
    const marked = options.marks || [];
    const clear = (t) => marked.every((mark) => Math.abs(x(mark.at) - x(t)) > 48);
    const axis = ticks.filter((t) => x(t) >= left && x(t) <= right + 1).map((t) => [
      svg("line", { class: t === 0 ? "zero" : "grid", x1: x(t), x2: x(t), y1: 0, y2: rows.length * height + 4 }),
      clear(t) && svg("text", { class: "tick", x: x(t), y: total - 6, "text-anchor": "middle" },
        tickMoney(t, ticks, reference)),
    ]);
    const shapes = rows.map((row, index) => {
      const top = index * height + (narrow ? 17 : 4);
      const thick = narrow ? 17 : 18;
      const start = Math.max(left - (options.cut ? 0 : 1e9), x(Math.max(Math.min(row.from, row.to), options.cut ? options.low : -Infinity)));
      const stop = x(Math.max(row.from, row.to));
      const middle = top + thick / 2 + 4;
      const next = rows[index + 1];
      const level = row.kind === "missed" ? row.from : row.to;
      const negative = row.to < row.from && !options.connect;
      // An amount steps over a mark that would cross it.
      const wide = textWidth(options.amount(row), 12);
      const crossed = marked.map((mark) => x(mark.at)).filter((at) => at > stop - 3 && at < stop + wide + 12);
      const beside = Math.max(stop, ...crossed) + 6;
      return svg("g", {},
        svg("title", {}, `${row.label}: ${options.amount(row)} ${options.unit || DATA.currency}${row.help ? `. ${row.help}` : ""}`),
        svg("rect", { class: "hit", x: 0, y: index * height, width, height }),
        narrow
          ? svg("text", { class: "label", x: 0, y: top - 4 }, elided(row.label, width, 12))
          : svg("text", { class: row.main ? "label main" : "label", x: 0, y: middle }, elided(row.label, labelWidth - 10, 12)),
        svg("rect", { class: `bar ${options.shape(row)}`, x: start, y: top, width: Math.max(stop - start, 1.5), height: thick }),
        options.connect && next && next.kind !== "total"
          && svg("line", { class: "link", x1: x(level), x2: x(level), y1: top + thick, y2: top + height }),
        svg("text", { class: "amount", x: negative ? start - 6 : beside, y: middle, "text-anchor": negative ? "end" : "start" }, options.amount(row)));
    });
    const marks = marked.map((mark) => svg("g", {},
      svg("text", { class: "tick strong", x: x(mark.at), y: total - 6, "text-anchor": "middle" }, mark.label),
      svg("line", { class: "bound", x1: x(mark.at), x2: x(mark.at), y1: 0, y2: rows.length * height + 4 })));
    holder.replaceChildren(svg("svg", { width, height: total, role: "img", "aria-label": `${options.name}. ${describe}` }, axis, marks, shapes));
  };
  const again = onWidth(holder, draw);
  redraws.push(again);
  if (options.cut) holder.after(el("p", { class: "note" }, "The axis does not start at zero."));
  return holder;
}

function drawMoney() {
  if (!DATA.levers && !DATA.money) return;
  const node = section("money", "Money", `All amounts in ${DATA.currency} over the period.`);
  const pair = el("div", { class: "pair" });
  node.append(pair);
  const figure = (title, note) => {
    const body = el("div");
    pair.append(el("figure", {}, el("figcaption", {}, el("h3", {}, title)), body, note && el("p", { class: "note" }, note)));
    return body;
  };
  if (DATA.levers && DATA.levers.bars.length) {
    waterfall(figure(`By lever: ${DATA.policy}`, DATA.levers.note), DATA.levers, "Money by lever");
  }
  if (!DATA.money) return;
  guarded("values of policies", () => policyValues(figure));
  guarded("parts of policies", () => policyParts(figure));
}

/** Value against the baseline; absolute values differ by too little to be seen. */
function policyValues(figure) {
  const { rows, baseline, bound } = DATA.money;
  const base = rows.find((row) => row.policy === baseline);
  if (!base) return;
  const shown = rows.filter((row) => row !== base).map((row) => ({
    label: row.policy, main: row.policy === DATA.policy, from: 0, to: row.value - base.value, value: row.value,
    help: `Value ${money(row.value)} ${DATA.currency}`,
  }));
  if (!shown.length) return;
  const best = bound == null ? null : bound - base.value;
  const levels = shown.map((row) => row.to).concat(best == null ? [] : [best], [0]);
  const largest = Math.max(...levels.map(Math.abs));
  const note = [
    `${baseline} earns ${money(base.value)} ${DATA.currency}.`,
    best != null && `The dashed line is the proven bound, ${signed(best, money(best))} above it: no policy can pass it.`,
  ].filter(Boolean).join(" ");
  bars(figure(`By policy: value against ${baseline}`, note), shown, {
    name: `Value of each policy against ${baseline}`,
    low: Math.min(...levels), high: Math.max(...levels),
    amount: (row) => signed(row.to, money(row.to, largest)),
    shape: (row) => (row.main ? "main" : row.to < 0 ? "other below" : "other"),
    marks: best == null ? [] : [{ at: best, label: "bound" }],
  });
}

/** What the value of one chosen policy is made of. */
function policyParts(figure) {
  const { rows, parts } = DATA.money;
  if (!parts.length) return;
  const chart = figure("From revenue to value");
  const select = el("select", { id: "parts-policy", onchange: () => show() },
    rows.map((row) => el("option", { selected: row.policy === DATA.policy }, row.policy)));
  add(chart.previousElementSibling, el("label", { for: "parts-policy", class: "hidden" }, "Policy"), select);
  const show = () => {
    chart.replaceChildren();
    const row = rows[select.selectedIndex];
    const steps = row.parts.map((amount, index) => ({ label: parts[index], kind: "change", amount, help: "" }))
      .filter((bar) => bar.amount !== 0);
    waterfall(chart, { bars: [...steps, { label: "Value", kind: "total", amount: row.value, help: "" }] }, `Parts of ${row.policy}`);
  };
  show();
}

function drawHistogram() {
  const data = DATA.curtailed_runs;
  if (!data || !data.bins.length) return;
  const node = section("curtailment", "Curtailed runs", data.label);
  const body = el("div");
  node.append(el("figure", {}, body, data.note && el("p", { class: "note" }, data.note)));
  const most = Math.max(...data.bins.map((bin) => bin.count), 1);
  const holder = el("div", { class: "bars" });
  body.append(holder);
  const draw = (width) => {
    const height = 150;
    const step = width / data.bins.length;
    const y = (count) => 20 + (height - 20) * (1 - count / most);
    const every = Math.ceil((Math.max(...data.bins.map((bin) => textWidth(bin.label, 11))) + 8) / step);
    holder.replaceChildren(svg("svg", {
      width, height: height + 24, role: "img",
      "aria-label": `${data.label}. ${data.bins.map((bin) => `${bin.label}: ${bin.count}`).join("; ")}`,
    },
    data.bins.map((bin, index) => svg("g", {},
      svg("title", {}, `${bin.label}: ${number(bin.count, 0)}`),
      svg("rect", { class: "hit", x: index * step, y: 0, width: step, height }),
      svg("rect", { class: "bar total", x: index * step + 2, y: y(bin.count), width: Math.max(step - 4, 1), height: Math.max(height - y(bin.count), bin.count ? 1 : 0) }),
      step > 26 && svg("text", { class: "amount", x: (index + 0.5) * step, y: y(bin.count) - 5, "text-anchor": "middle" }, number(bin.count, 0)),
      index % every === 0 && svg("text", { class: "tick", x: (index + 0.5) * step, y: height + 16, "text-anchor": "middle" }, bin.label))),
    svg("line", { class: "zero", x1: 0, x2: width, y1: height, y2: height })));
  };
  redraws.push(onWidth(holder, draw));
}
