/* Why a slot was assigned as it was, and the dearest decisions. */

const SLOTS = guarded("slots", () => {
  const s = DATA.slots;
  if (!s) return null;
  const edges = unpackTimes(s.times);
  // Columns are unpacked when first read: most slots are never looked at.
  const lazy = (packed, factor) => {
    let values = null;
    return (index) => {
      values ||= factor ? scaled(packed, factor) : unpack(packed);
      return values[index];
    };
  };
  const charges = s.charges.map(([label, packed, peak]) => ({ label, peak, perMwh: lazy(packed, CENT) }));
  const prices = s.prices.map((packed) => lazy(packed, CENT));
  return {
    edges, charges, start: edges[0], end: edges[edges.length - 1], count: edges.length - 1,
    nodes: s.nodes.map(([label, index]) => ({ label, price: prices[index] })),
    lines: s.lines.map((line) => ({
      node: line.node, use: line.usage, label: line.label,
      watts: lazy(line.power, DATA.unit), reason: lazy(line.reason), runnerUp: lazy(line.runner_up), margin: lazy(line.margin, CENT),
      value: lazy(line.value, CENT), held: lazy(line.held, CENT),
    })),
  };
});

const Panel = {
  slot: -1,
  start_: null,
  end_: null,
  listeners: [],
  node: null,
  all: true,

  start(node) {
    this.node = node;
    // What a screen reader hears when another slot is chosen.
    this.status = el("p", { class: "hidden", role: "status" });
    node.after(this.status);
    this.all = !SLOTS || SLOTS.lines.length <= 16;
    const asked = Hash.get("slot");
    if (SLOTS && SLOTS.count) {
      const index = asked == null ? NaN : Number(asked);
      const dear = DATA.dearest.map((d) => stepAt(SLOTS.edges, d.start)).find((i) => i >= 0);
      this.at(Number.isInteger(index) && index >= 0 && index < SLOTS.count ? index : dear == null ? 0 : dear);
    } else {
      this.outside(RUN.start);
    }
    this.show();
  },

  at(slot) {
    this.slot = slot;
    this.start_ = SLOTS.edges[slot];
    this.end_ = SLOTS.edges[slot + 1];
  },
  outside(time) {
    const step = Math.max(stepAt(RUN.edges, time), 0);
    this.slot = -1;
    this.start_ = RUN.edges[step];
    this.end_ = RUN.edges[step + 1];
  },
  /** Chooses the slot that holds an instant. */
  choose(time, reveal) {
    const clipped = Math.min(Math.max(time, RUN.start), RUN.end - 1);
    const slot = SLOTS ? stepAt(SLOTS.edges, clipped) : -1;
    if (slot >= 0) { this.at(slot); Hash.set("slot", slot); } else this.outside(clipped);
    if (reveal) View.reveal(this.start_, this.end_);
    guarded("panel", () => this.show());
    for (const listener of this.listeners) guarded("chosen slot", listener);
  },
  move(steps) {
    if (steps > 0) {
      let time = this.end_;
      for (let n = 1; n < steps; n += 1) time += this.end_ - this.start_;
      if (time < RUN.end) this.choose(time, true);
    } else {
      const time = this.start_ - 1 - (this.end_ - this.start_) * (-steps - 1);
      if (time >= RUN.start) this.choose(time, true);
    }
  },
  key(event) {
    const perDay = Math.max(Math.round(DAY / (this.end_ - this.start_)), 1);
    const perHour = Math.max(Math.round(HOUR / (this.end_ - this.start_)), 1);
    const act = {
      ArrowLeft: () => this.move(event.shiftKey ? -perHour : -1),
      ArrowRight: () => this.move(event.shiftKey ? perHour : 1),
      PageUp: () => this.move(-perDay),
      PageDown: () => this.move(perDay),
      Home: () => this.choose(RUN.start, true),
      End: () => this.choose(RUN.end - 1, true),
      "+": () => View.zoom(0.5, this.start_),
      "-": () => View.zoom(2),
      Escape: () => View.reset(),
    }[event.key];
    if (!act || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  },

  show() {
    const step = stepAt(RUN.edges, this.start_);
    const button = (label, help, steps) =>
      el("button", { type: "button", title: help, "aria-label": help, onclick: () => this.move(steps) }, label);
    const focused = document.activeElement && this.node.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    const drawn = RUN.uses.reduce((sum, use) => sum + use.watts[step], 0);
    const fact = (name, value) => [el("dt", {}, name), el("dd", {}, value)];
    this.node.replaceChildren();
    add(this.node,
      el("div", { class: "slot-head" },
        el("h3", {}, this.slot >= 0 ? `${PLAN ? "Step" : "Slot"} ${number(this.slot, 0)}` : "Step", el("span", { class: "when" }, `${weekday(this.start_)}, ${clock(this.start_)}–${clock(this.end_)}`)),
        el("div", { class: "group" }, button("◀", "Previous slot", -1), button("▶", "Next slot", 1))),
      el("dl", { class: "slot-facts" },
        fact("Drawn", power(drawn)), fact("Limit", power(RUN.limit[step])),
        fact("Price", price(RUN.price[step])),
        RUN.surplus && fact("Surplus", power(RUN.surplus[step]))),
      this.slot >= 0 && this.events(),
      this.slot >= 0 ? this.decisions() : this.totals(step));
    this.node.dataset.slot = String(this.slot);
    this.status.textContent = `${moment(this.start_)}: ${RUN.uses.map((use) => `${use.label} ${power(use.watts[step])}`).join(", ")}, price ${price(RUN.price[step])}`;
    if (focused) this.node.querySelector(`[aria-label="${focused}"]`)?.focus();
  },

  totals(step) {
    const why = SLOTS
      ? `Single decisions were kept from ${moment(SLOTS.start)} to ${moment(SLOTS.end)}; outside, only the means of a step are known.`
      : "This report was written without single decisions.";
    return [
      el("ul", { class: "decisions" }, RUN.uses.map((use) => el("li", {}, el("div", { class: "what" },
        el("i", { class: `key ${use.id}` }), el("span", { class: "use" }, use.label), el("span", { class: "watts" }, power(use.watts[step])))))),
      el("p", { class: "note" }, why),
    ];
  },

  /** What was called or asked of the site in the slot. */
  events() {
    const now = DATA.slots.events.filter(([from, until]) => from <= this.slot && this.slot < until);
    return now.length > 0 && el("ul", { class: "slot-events" }, now.map(([, , text]) => el("li", {}, text)));
  },

  decisions() {
    const slot = this.slot;
    const live = SLOTS.lines.map((line) => ({ line, watts: line.watts(slot), node: SLOTS.nodes[line.node] }))
      .sort((a, b) => a.line.node - b.line.node);
    const zero = live.filter((row) => row.watts === 0).length;
    const shown = this.all ? live : live.filter((row) => row.watts !== 0);
    const list = el("ul", { class: "decisions" });
    const site = RUN.price[stepAt(RUN.edges, this.start_)];
    let node = null;
    for (const row of shown) {
      if (row.node !== node) {
        node = row.node;
        list.append(el("li", { class: "node" }, el("span", {}, node.label), node.price(slot) !== site && el("span", { class: "num" }, price(node.price(slot)))));
      }
      list.append(this.decision(row, slot));
    }
    if (!shown.length) list.append(el("li", { class: "zero" }, "Every line is at 0."));
    return [
      el("div", { class: "decisions-box", tabindex: 0, role: "region", "aria-label": "Decisions by node and use" }, list),
      zero > 0 && SLOTS.lines.length > 16 && el("p", { class: "control" }, el("label", {},
        el("input", { type: "checkbox", "aria-label": "Show lines at zero", checked: this.all, onchange: (e) => { this.all = e.target.checked; this.show(); } }),
        ` Show the ${plural(zero, "line")} at 0 ${POWER.unit}`)),
    ].filter(Boolean);
  },

  decision({ line, watts, node }, slot) {
    const reason = DATA.slots.reasons[line.reason(slot) - 1];
    const rival = DATA.slots.runners_up[line.runnerUp(slot) - 1];
    const margin = line.margin(slot);
    const [value, held, site] = [line.value(slot), line.held(slot), node.price(slot)];
    const words = {
      price: price(held ?? site), margin: price(margin), runner_up: rival || "nothing",
      power: power(watts), use: USES[line.use].toLowerCase(),
    };
    const text = reason ? reason[1].replace(/\{(\w+)\}/g, (all, name) => words[name] ?? all) : "No reason was recorded.";
    return el("li", { class: watts === 0 ? "zero" : null },
      el("div", { class: "what" },
        el("i", { class: `key ${line.use}`, "aria-hidden": "true" }),
        el("span", { class: "use" }, USES[line.use], line.label && el("span", { class: "pool" }, line.label)),
        el("span", { class: "watts" }, power(watts))),
      el("p", { class: "why" }, text, reason && reason[0] !== reason[1] && [" ", el("code", {}, reason[0])]),
      held != null && el("p", { class: "sums" }, `Its last watt earns ${number(value, 2)} against ${heldAgainst(held, site, slot)} ${PRICE_UNIT}.`),
      (rival || margin != null) && el("p", { class: "rival" },
        rival ? ["Runner-up ", el("b", {}, rival)] : "No runner-up",
        margin != null && [", margin ", el("span", { class: "num" }, price(margin))]));
  },
};

/** What power was held against: the site's price, each charge by name, and what limits and penalties add. */
function heldAgainst(held, site, slot) {
  const above = site == null ? 0 : held - site;
  // A plan holds it against the node's own price, limits included.
  if (PLAN || Math.abs(above) < 0.005) return `the price of ${number(held, 2)}`;
  if (above < 0) return `${number(held, 2)}, below the price of ${number(site, 2)}`;
  const parts = [`price ${number(site, 2)}`];
  let rest = above;
  for (const charge of SLOTS.charges) {
    const amount = charge.perMwh(slot);
    if (!amount) continue;
    rest -= amount;
    const chance = charge.peak ? ` (a ${number((100 * amount) / charge.peak, 1)} % chance of a coincident peak that costs ${number(charge.peak, 0)})` : "";
    parts.push(`${charge.label} ${number(amount, 2)}${chance}`);
  }
  // The price that was expected may differ from the one that came.
  if (Math.abs(rest) >= 0.005) parts.push(`limits, penalties and forecast error ${number(rest, 2)}`);
  return `${number(held, 2)}: ${parts.join(" + ")}`;
}

function drawDearest() {
  if (!DATA.dearest.length) return;
  const node = section("dearest", "Dearest decisions", "What cost most against its alternative, seen afterwards. Choose a time to see the slot.");
  const most = Math.max(...DATA.dearest.map((d) => d.cost), 1e-9);
  const rows = DATA.dearest.map((d, index) => el("li", {},
    el("span", { class: "rank", "aria-hidden": "true" }, index + 1),
    el("div", { class: "dear-cost" }, el("span", { class: "num" }, `${money(d.cost)} ${DATA.currency}`),
      el("i", { class: "meter", style: `width:${Math.max((d.cost / most) * 100, 1).toFixed(1)}%`, "aria-hidden": "true" })),
    el("div", { class: "dear-what" },
      el("p", {}, el("button", { type: "button", class: "link", onclick: () => {
        Panel.choose(d.start, true);
        document.getElementById("operation").scrollIntoView({ behavior: "smooth" });
      } }, moment(d.start)), el("span", { class: "dot" }, d.node), el("span", { class: "dot" }, `${d.usage}, ${power(d.watts)} at ${price(d.price)}`)),
      el("p", { class: "why" }, d.reason, d.alternative && [" ", el("b", {}, "Better:"), ` ${d.alternative}`]))));
  node.append(el("ol", { class: "dearest" }, rows));
}
