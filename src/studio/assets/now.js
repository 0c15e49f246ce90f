// What depends on the moment: how long ago something was, and the evals that are running.

const UNITS = [["year", 31_557_600], ["month", 2_629_800], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "narrow" });

/** `5 min. ago` of a time in RFC 3339. */
export function ago(time) {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  if (Number.isNaN(seconds)) return time;
  for (const [unit, size] of UNITS) if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  return seconds <= 0 ? "just now" : "soon";
}

/** Shows what is running in `place`: an entry stays where it is while it advances. */
export function runningNow(place, evals) {
  place.hidden = evals.length === 0;
  const known = new Map([...place.children].map((entry) => [entry.dataset.path, entry]));
  const entries = evals.map((run) => {
    const entry = known.get(run.path) ?? Object.assign(document.createElement("p"), { className: "eval" });
    entry.dataset.path = run.path;
    const dot = document.createElement("span");
    dot.className = "dot";
    const { test_count: done, passed, errors } = run.counts;
    const name = [run.experiment ?? run.path, ...run.targets].join(" · ");
    const counts = `${done} done, ${passed} passed${errors ? `, ${errors} errors` : ""}`;
    entry.replaceChildren(dot, `${name}: running, ${counts} (${run.missing})`);
    return entry;
  });
  place.replaceChildren(...entries);
}
