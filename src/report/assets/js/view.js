/* The range of time that all charts share. */

const View = {
  min: RUN.start,
  max: RUN.end,
  charts: [],
  listeners: [],
  set(min, max) {
    const span = Math.min(Math.max(max - min, 6 * (RUN.edges[1] - RUN.edges[0])), RUN.end - RUN.start);
    this.min = Math.min(Math.max(min, RUN.start), RUN.end - span);
    this.max = this.min + span;
    for (const u of this.charts) u.setScale("x", { min: this.min, max: this.max });
    for (const listener of this.listeners) guarded("range", listener);
    Hash.set("range", this.max - this.min < RUN.end - RUN.start ? `${Math.round(this.min)}-${Math.round(this.max)}` : null);
  },
  /** The range of the page's address: #range=FROM-TO in Unix seconds. */
  start() {
    const [min, max] = (Hash.get("range") || "").split("-").map(Number);
    if (max > min) this.set(min, max);
  },
  reset() { this.set(RUN.start, RUN.end); },
  pan(share) { const by = (this.max - this.min) * share; this.set(this.min + by, this.max + by); },
  zoom(factor, around) {
    const at = around == null ? (this.min + this.max) / 2 : around;
    this.set(at - (at - this.min) * factor, at + (this.max - at) * factor);
  },
  /** Moves the range just enough to hold a slot. */
  reveal(start, end) {
    if (start >= this.min && end <= this.max) return;
    const half = (this.max - this.min) / 2;
    this.set((start + end) / 2 - half, (start + end) / 2 + half);
  },
};

function rangeControls() {
  const text = el("output", { id: "range" });
  const show = () => { text.textContent = `${moment(View.min)} – ${moment(View.max)}`; };
  View.listeners.push(show);
  show();
  const button = (label, help, act) => el("button", { type: "button", title: help, "aria-label": help, onclick: act }, label);
  const span = (length) => () => {
    const at = Panel.start_ == null ? View.min : Math.floor((Panel.start_ + offsetAt(Panel.start_)) / DAY) * DAY - offsetAt(Panel.start_);
    View.set(at, at + length);
  };
  return el("div", { class: "controls", role: "toolbar", "aria-label": "Range of time" },
    el("div", { class: "group" },
      button("◀", "Earlier", () => View.pan(-0.5)),
      button("▶", "Later", () => View.pan(0.5)),
      button("−", "Zoom out", () => View.zoom(2)),
      button("+", "Zoom in", () => View.zoom(0.5, Panel.start_))),
    el("div", { class: "group" },
      RUN.end - RUN.start > DAY && button("Day", "One day, from the chosen slot's", span(DAY)),
      RUN.end - RUN.start > 7 * DAY && button("Week", "Seven days, from the chosen slot's", span(7 * DAY)),
      button("Reset", "Whole period", () => View.reset())),
    text);
}
