/* Payload, columns, formats, elements: what every other part uses. */
const DATA = JSON.parse(document.getElementById("payload").textContent);
const ROOT = document.documentElement;
/* A page is about a run, or about a plan. */
const PLAN = DATA.kind === "plan";
let errors = 0;

/** Runs one part of the page; a failure is counted and told, and the rest still draws. */
function guarded(name, part) {
  try {
    return part();
  } catch (error) {
    errors += 1;
    if (ROOT.dataset.ready) ROOT.dataset.errors = String(errors);
    console.error(name, error);
    return null;
  }
}
window.addEventListener("error", () => { errors += 1; ROOT.dataset.errors = String(errors); });

/* ---- columns: see src/html/column.rs ---- */

function unpack(packed) {
  if (packed == null) return null;
  const text = typeof packed === "string" ? packed : packed.v;
  const bytes = atob(text);
  const values = [];
  let value = 0;
  let at = 0;
  const varint = () => {
    let result = 0;
    let scale = 1;
    for (;;) {
      const byte = bytes.charCodeAt(at++);
      result += (byte & 127) * scale;
      if (byte < 128) return result;
      scale *= 128;
    }
  };
  while (at < bytes.length) {
    const token = varint();
    if (token === 0) {
      for (let more = varint(); more >= 0; more--) values.push(value);
    } else {
      value += token % 2 ? -(token + 1) / 2 : token / 2;
      values.push(value);
    }
  }
  if (typeof packed !== "string") {
    let index = 0;
    packed.present.forEach((length, run) => {
      if (run % 2) values.fill(null, index, index + length);
      index += length;
    });
  }
  return values;
}

const scaled = (packed, factor) => {
  const values = unpack(packed);
  return values && values.map((v) => (v == null ? null : v * factor));
};

/** Boundaries of steps: one more than there are steps. */
function unpackTimes(times) {
  const edges = [times.start];
  for (const length of unpack(times.lengths)) edges.push(edges[edges.length - 1] + length);
  return edges;
}

/** Index of the step that holds an instant, or -1. */
function stepAt(edges, time) {
  let low = 0;
  let high = edges.length - 1;
  if (!(time >= edges[0] && time < edges[high])) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle] <= time) low = middle; else high = middle;
  }
  return low;
}

/* ---- the run, unpacked ---- */

const USES = {
  hashing: "Hashing",
  inference: "Inference",
  training: "Training",
  overhead: "Overhead",
  nothing: "Nothing",
};
const CENT = 0.01;
const RUN = guarded("series", () => {
  const s = DATA.series;
  const band = (b, factor) => b && b.map((q) => scaled(q, factor));
  const edges = unpackTimes(s.times);
  const watts = (p) => scaled(p, DATA.unit);
  return {
    edges,
    steps: edges.length - 1,
    start: edges[0],
    end: edges[edges.length - 1],
    limit: watts(s.limit),
    uses: s.uses.map(([id, packed]) => ({ id, label: USES[id], watts: watts(packed) })),
    price: scaled(s.price, CENT),
    marginal: scaled(s.marginal, CENT),
    priceForecast: band(s.price_forecast, CENT),
    surplus: watts(s.surplus),
    surplusForecast: band(s.surplus_forecast, DATA.unit),
  };
});
const PEAK = RUN.limit.reduce((a, b) => Math.max(a, b), 1);
const POWER = PEAK >= 1e6 ? { unit: "MW", by: 1e6 } : { unit: "kW", by: 1e3 };
const DECIMALS = PEAK / POWER.by >= 500 ? 0 : PEAK / POWER.by >= 10 ? 1 : 2;
const PRICE_UNIT = `${DATA.currency}/MWh`;

/* ---- formats ---- */

const formats = new Map();
function number(value, decimals) {
  if (value == null || !Number.isFinite(value)) return "–";
  if (!formats.has(decimals)) {
    formats.set(decimals, new Intl.NumberFormat("en-US", {
      minimumFractionDigits: decimals, maximumFractionDigits: decimals,
    }));
  }
  const text = formats.get(decimals).format(value);
  return (/^-[0.,]*$/.test(text) ? text.slice(1) : text).replace("-", "\u2212");
}
const power = (watts) => (watts == null ? "–" : `${number(watts / POWER.by, DECIMALS)} ${POWER.unit}`);
const price = (value) => (value == null ? "–" : `${number(value, 2)} ${PRICE_UNIT}`);
const scaleOf = (value) => {
  const size = Math.abs(value);
  if (size >= 1e9) return [1e9, "bn"];
  if (size >= 1e6) return [1e6, "M"];
  if (size >= 1e4) return [1e3, "k"];
  return [1, ""];
};
/** Money, short: 1.23 M, −45.6 k, 812. */
function money(value, reference) {
  if (value == null || !Number.isFinite(value)) return "–";
  // With a reference, a group of amounts shares its scale and digits.
  const size = reference == null ? value : reference;
  const [by, unit] = scaleOf(size);
  const decimals = by === 1 ? 0 : Math.abs(size / by) >= 100 ? 1 : 2;
  return number(value / by, decimals) + (unit ? ` ${unit}` : "");
}
const signed = (value, text) => (value > 0 ? `+${text}` : text);
const plural = (count, one, many) => `${number(count, 0)} ${count === 1 ? one : many || one + "s"}`;
function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = minutes / 60;
  return hours < 72 ? `${number(hours, hours % 1 ? 1 : 0)} h` : `${number(hours / 24, hours % 24 ? 1 : 0)} days`;
}

/* ---- civil time of the site ---- */

const ZONE = (() => {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: DATA.time_zone || "UTC" });
    return DATA.time_zone || "UTC";
  } catch {
    return "UTC";
  }
})();
const zoneParts = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
  hour: "numeric", minute: "numeric", second: "numeric",
});
const offsets = new Map();
/** Seconds that the site's clock is ahead of UTC. Offsets change on quarter hours. */
function offsetAt(time) {
  if (ZONE === "UTC") return 0;
  const key = Math.floor(time / 900);
  if (!offsets.has(key)) {
    const p = {};
    for (const { type, value } of zoneParts.formatToParts(key * 9e5)) p[type] = +value;
    offsets.set(key, Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) / 1000 - key * 900);
  }
  return offsets.get(key);
}
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const civil = (time) => new Date((time + offsetAt(time)) * 1000);
const two = (n) => String(n).padStart(2, "0");
const clock = (time) => { const d = civil(time); return `${two(d.getUTCHours())}:${two(d.getUTCMinutes())}`; };
const day = (time) => { const d = civil(time); return `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}`; };
const weekday = (time) => `${DAYS[civil(time).getUTCDay()]} ${day(time)}`;
const fullDay = (time) => `${day(time)} ${civil(time).getUTCFullYear()}`;
const moment = (time) => `${weekday(time)} ${clock(time)}`;

const HOUR = 3600;
const DAY = 86400;
const TICKS = [300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY];
/** Ticks on round local times, the same for every chart. */
function timeTicks(min, max, width) {
  const wanted = ((max - min) / Math.max(width, 1)) * 74;
  const ticks = [];
  const step = TICKS.find((t) => t >= wanted);
  if (step == null) {
    const months = Math.max(1, Math.ceil(wanted / (30 * DAY)));
    const d = civil(min);
    for (let m = 0; m < 400; m += 1) {
      const month = d.getUTCMonth() + m;
      if ((d.getUTCFullYear() * 12 + month) % months) continue;
      const local = Date.UTC(d.getUTCFullYear(), month, 1) / 1000;
      const t = local - offsetAt(local);
      if (t > max) break;
      if (t >= min) ticks.push(t);
    }
    return ticks;
  }
  // Days of 23 and 25 hours: count in local time, then go back to UTC.
  for (let local = Math.ceil((min + offsetAt(min)) / step) * step; ; local += step) {
    const t = local - offsetAt(local - offsetAt(min));
    if (t > max) break;
    if (t >= min) ticks.push(t);
  }
  return ticks;
}
function tickLabel(time, ticks) {
  const gap = ticks.length > 1 ? ticks[1] - ticks[0] : HOUR;
  if (gap >= 27 * DAY) {
    const d = civil(time);
    return `${MONTHS[d.getUTCMonth()]} ${d.getUTCFullYear()}`;
  }
  return gap >= 23 * HOUR || clock(time) === "00:00" ? day(time) : clock(time);
}

/* ---- elements ---- */

function fillIn(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat(3)) {
    if (child != null && child !== false) node.append(child);
  }
  return node;
}
/** An HTML element. Strings become text, never markup. */
const el = (tag, attributes, ...children) => fillIn(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) =>
  fillIn(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
/** Adds children, lists of them included, to an element. */
const add = (node, ...children) => fillIn(node, {}, children);

/** Colour of a CSS variable under the current theme. */
const colour = (name) => getComputedStyle(ROOT).getPropertyValue(`--${name}`).trim();

/** A section with its heading and an entry in the contents. */
function section(id, title, lead) {
  const node = el("section", { id, "aria-labelledby": `${id}-title` },
    el("div", { class: "head" }, el("h2", { id: `${id}-title` }, title), lead && el("p", { class: "lead" }, lead)));
  document.getElementById("report").append(node);
  document.getElementById("contents").append(el("a", { href: `#${id}` }, title));
  return node;
}

/** Calls back with the width of a box now and whenever it changes. */
function onWidth(box, draw) {
  let last = 0;
  const measure = () => {
    const width = Math.floor(box.clientWidth);
    if (width > 0 && width !== last) { last = width; draw(width); }
  };
  new ResizeObserver(() => guarded("resize", measure)).observe(box);
  measure();
  return () => { last = 0; measure(); };
}

/** Redraws after a change of theme. */
const redraws = [];
