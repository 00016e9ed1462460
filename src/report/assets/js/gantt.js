/* Jobs over the same range of time as the charts. */

const OUTCOMES = { on_time: "on time", late: "late", open: PLAN ? "going on after it" : "still open", missed: "unmet", rejected: "rejected" };

/** Whether the run had more jobs than the page carries. */
const cutJobs = () => DATA.jobs_total > DATA.jobs.length;

function drawJobs() {
  if (!DATA.jobs.length) return;
  const count = (outcome) => DATA.jobs_by_outcome[outcome] || 0;
  const cut = cutJobs();
  const ends = ["on_time", "late", "missed", "rejected", "open"].filter(count).map((o) => `${number(count(o), 0)} ${OUTCOMES[o]}`).join(", ");
  const node = section("jobs", "Jobs", [PLAN ? `${plural(DATA.jobs_total, "job")} open, by what this plan comes to: ${ends}.` : `${plural(DATA.jobs_total, "job")} released in the run: ${ends}.`,
    DATA.jobs_beyond > 0 && `${plural(DATA.jobs_beyond, "job")} of the scenario ${DATA.jobs_beyond === 1 ? "is" : "are"} released after it.`,
    cut && `Drawn here are ${number(DATA.jobs.length, 0)} of them, those that went wrong or used most energy first; the counts are of all.`,
  ].filter(Boolean).join(" "));
  const orders = {
    energy: ["largest by energy", (job) => -job.energy],
    wrong: ["late, unmet and rejected first", (job) => ["missed", "late", "rejected", "open", "on_time"].indexOf(job.outcome) * 1e15 - job.energy],
    wait: ["longest wait first", (job) => -((job.runs.length ? job.runs[0][0] : RUN.end) - job.release)],
  };
  let limit = 20;
  const select = el("select", { id: "job-order", onchange: () => again() },
    Object.entries(orders).map(([value, [label]]) => el("option", { value }, label)));
  const more = el("button", { type: "button", onclick: () => { limit = limit > 20 ? 20 : Infinity; again(); } });
  const note = el("p", { class: "note" });
  const holder = el("div", { class: "gantt" });
  const key = (name, label) => el("li", {}, el("i", { class: `key ${name}`, "aria-hidden": "true" }), label);
  node.append(
    el("div", { class: "controls" }, el("label", { for: "job-order" }, "Show "), select, more,
      el("ul", { class: "legend" }, ["training", "inference"].filter((use) => DATA.jobs.some((job) => job.usage === use)).map((use) => key(use, USES[use])),
        key("wait", "waiting or suspended"), key("deadline", "deadline"))),
    holder, note);
  const draw = (width) => {
    const chosen = [...DATA.jobs].sort((a, b) => orders[select.value][1](a) - orders[select.value][1](b));
    const visible = chosen.filter((job) => {
      const last = Math.max(job.release, job.deadline || 0, ...job.runs.map((run) => run[1]));
      return last >= View.min && job.release <= View.max;
    });
    const rows = visible.slice(0, limit).sort((a, b) => a.release - b.release || (a.id < b.id ? -1 : 1));
    more.hidden = visible.length <= 20;
    more.textContent = limit > 20 ? "Fewer rows" : cut ? `Draw all ${number(visible.length, 0)} carried here` : `Draw all ${number(visible.length, 0)}`;
    note.textContent = rows.length < visible.length
      ? `${plural(rows.length, "job")} of ${number(visible.length, 0)}${cut ? " carried here" : ""} in this range are drawn, in order of release.` : "";
    holder.replaceChildren(ganttSvg(rows, width));
  };
  const again = onWidth(holder, draw);
  View.listeners.push(again);
  redraws.push(again);
  node.append(jobTable());
}

function ganttSvg(rows, width) {
  const narrow = width < 560;
  const height = narrow ? 34 : 21;
  const left = narrow ? 0 : Math.min(Math.max(...rows.map((job) => textWidth(job.id, 12)), 60) + 12, 220);
  const right = width - 18;
  const x = (t) => left + ((Math.min(Math.max(t, View.min), View.max) - View.min) / (View.max - View.min)) * (right - left);
  const total = rows.length * height;
  const ticks = timeTicks(View.min, View.max, right - left);
  const within = (a, b) => b > View.min && a < View.max;
  const axis = ticks.map((t) => [
    svg("line", { class: "grid", x1: x(t), x2: x(t), y1: 0, y2: total + 4 }),
    svg("text", { class: "tick", x: x(t), y: total + 18, "text-anchor": "middle" }, tickLabel(t, ticks)),
  ]);
  const lanes = rows.map((job, index) => {
    const top = index * height + (narrow ? 18 : 4);
    const thick = narrow ? 12 : 13;
    const middle = top + thick / 2;
    const last = job.runs.length ? job.runs[job.runs.length - 1][1] : Math.min(job.deadline || RUN.end, RUN.end);
    const bad = job.outcome !== "on_time" && job.outcome !== "open";
    const words = jobWords(job);
    const end = Math.max(x(last), job.deadline ? x(Math.min(job.deadline, View.max)) : 0);
    const tag = bad ? OUTCOMES[job.outcome] : "";
    const label = elided(job.id, narrow ? width - 80 : left - 10, 12);
    // On a narrow page the name stands above its bar, kept inside the page.
    const tagWidth = tag ? textWidth(tag, 11) + 8 : 0;
    const beside = Math.max(0, Math.min(x(job.release), right - tagWidth - textWidth(label, 12)));
    const room = end + 6 + textWidth(tag, 11) < right;
    return svg("g", {},
      svg("title", {}, words),
      svg("rect", { class: "hit", x: 0, y: index * height, width, height }),
      svg("text", { class: "label", x: narrow ? beside : 0, y: narrow ? top - 5 : middle + 4 }, label),
      within(job.release, last) && svg("line", { class: "wait", x1: x(job.release), x2: x(last), y1: middle, y2: middle }),
      job.runs.filter(([a, b]) => within(a, b)).map(([a, b]) =>
        svg("rect", { class: `run ${job.usage}`, x: x(a), y: top, width: Math.max(x(b) - x(a), 1.5), height: thick })),
      job.deadline && job.deadline >= View.min && job.deadline <= View.max
        && svg("line", { class: bad ? "deadline bad" : "deadline", x1: x(job.deadline), x2: x(job.deadline), y1: top - 2, y2: top + thick + 2 }),
      tag && svg("text", narrow
        ? { class: "tag", x: right, y: top - 5, "text-anchor": "end" }
        : { class: "tag", x: room ? end + 6 : x(Math.max(job.release, View.min)) - 6, y: middle + 4, "text-anchor": room ? "start" : "end" }, tag));
  });
  const outcome = Object.keys(OUTCOMES).map((o) => [rows.filter((job) => job.outcome === o).length, OUTCOMES[o]])
    .filter(([n]) => n).map(([n, text]) => `${n} ${text}`).join(", ");
  return svg("svg", { width, height: total + 24, role: "img", "aria-label": `${rows.length} jobs: ${outcome}. The table below lists them.` }, axis, lanes);
}

function jobWords(job) {
  const runs = job.runs.length;
  const gpus = runs ? Math.max(...job.runs.map((run) => run[2])) : 0;
  return [
    `${job.id}, ${job.class}: ${OUTCOMES[job.outcome]}`,
    `released ${moment(job.release)}${job.deadline ? `, due ${moment(job.deadline)}` : ""}`,
    runs ? `${plural(runs, "run")} of up to ${plural(gpus, "GPU")}, ${number(job.energy / 1e6, 2)} MWh` : "never ran",
    `value ${money(job.value)} ${DATA.currency}`, job.note,
  ].filter(Boolean).join("\n");
}

function jobTable() {
  const column = (label, unit, decimals) => ({ label, unit: unit || "", decimals: decimals || 0, help: "" });
  const data = {
    columns: [column("Job"), column("Tenant or class"), column("Released"), column("Started"), column("Ended"), column("Deadline"),
      column("Runs"), column("GPUs"), column("Energy", "MWh", 2), column("Value", DATA.currency), column("Outcome"), column("Remark")],
    rows: DATA.jobs.map((job) => {
      const runs = job.runs.length;
      return [job.id, job.class, moment(job.release), runs ? moment(job.runs[0][0]) : null, runs ? moment(job.runs[runs - 1][1]) : null,
        job.deadline ? moment(job.deadline) : null, runs, runs ? Math.max(...job.runs.map((run) => run[2])) : null,
        job.energy / 1e6, job.value, OUTCOMES[job.outcome], job.note || null];
    }),
    highlight: null, note: "",
  };
  const details = el("details", {}, el("summary", {}, `The jobs${cutJobs() ? " drawn here" : ""} as a table (${number(data.rows.length, 0)})`));
  // Hundreds of rows are built only for those who open them.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) guarded("job table", () => add(details, table(data, "Jobs")));
  });
  return details;
}
