/* The page from top to bottom. */
Theme.start();
guarded("masthead", drawMasthead);
guarded("summary", drawSummary);
guarded("money", drawMoney);
if (RUN.steps > 0) guarded("operation", drawTimeline);
guarded("sections", drawSections);
guarded("jobs", drawJobs);
guarded("dearest", drawDearest);
guarded("histogram", drawHistogram);
guarded("tables", drawTables);
guarded("run", drawRun);

window.addEventListener("hashchange", () => {
  const slot = Hash.get("slot");
  if (SLOTS && slot != null && SLOTS.edges[+slot] != null && +slot < SLOTS.count && +slot !== Panel.slot) {
    Panel.choose(SLOTS.edges[+slot], true);
  }
});

// Charts draw in a microtask; a task later everything stands.
setTimeout(() => {
  ROOT.dataset.errors = String(errors);
  ROOT.dataset.ready = "1";
}, 0);
