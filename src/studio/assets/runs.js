// The list of runs: endless scroll, keys, selection, what is new. The page works without it, too.

import { base, change, listen } from "./studio.js";
import { Scroller } from "./scroll.js";
import { searchBox } from "./search.js";
import { ago, runningNow } from "./now.js";

const byId = (id) => document.getElementById(id);
const body = byId("rows");
const more = byId("more");
const params = new URLSearchParams(location.search);

searchBox(byId("q"), byId("completions"), byId("problem"));
byId("group").addEventListener("change", () => byId("search").submit());

/** The runs that are selected, in the order in which they were. */
const picked = new Set((params.get("sel") ?? "").split(",").filter(Boolean));
/** The number of the row that keys are about; -1 before the first key. */
let current = -1;

/** Asks for the rows that the page's query and order give. */
async function fetchPiece(cursor, limit) {
  const asked = new URLSearchParams({ limit });
  for (const name of ["q", "sort"]) if (params.get(name)) asked.set(name, params.get(name));
  if (cursor) asked.set("cursor", cursor);
  const response = await fetch(`${base}/rows?${asked}`);
  const html = await response.text();
  if (!response.ok) throw new Error(JSON.parse(html).error);
  return { html, next: response.headers.get("agentv-next"), total: Number(response.headers.get("agentv-total")) };
}

let list = null;
if (body) {
  const link = more.querySelector("a");
  const next = link ? new URL(link.href).searchParams.get("cursor") : null;
  more.hidden = true;
  list = new Scroller(body, { next, fetchPiece, drawn, told: (total) => { byId("total").textContent = total; body.parentElement.setAttribute("aria-rowcount", total); } });
  list.failed = (err) => { more.hidden = false; more.textContent = `The next runs can't be read: ${err.message}`; };
  body.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-id]");
    if (!row) return;
    if (event.target.closest(".pick")) pick(row.dataset.id, event.target.type === "checkbox" ? event.target.checked : !picked.has(row.dataset.id));
    go(list.indexOf(row.dataset.id), false);
  });
  body.addEventListener("dblclick", (event) => { const row = event.target.closest("tr[data-id]"); if (row) open(row.dataset.id); });
  restore(params.get("at"));
  told();
}

/** A row came into the document. */
function drawn(row, index) {
  const box = row.querySelector(".pick input");
  if (box) box.checked = picked.has(row.dataset.id);
  row.setAttribute("aria-selected", String(picked.has(row.dataset.id)));
  row.classList.toggle("current", index === current);
  const time = row.querySelector("time");
  if (time) {
    time.title = time.dateTime;
    time.textContent = ago(time.dateTime);
  }
}

function redraw() {
  list.shown.forEach((row, index) => drawn(row, index));
}

/** The address says all that the page shows. */
function keep() {
  const set = (name, value) => (value ? params.set(name, value) : params.delete(name));
  set("sel", [...picked].join(","));
  set("at", current >= 0 ? list.idAt(current) : "");
  const words = params.toString();
  history.replaceState(null, "", words ? `?${words}` : location.pathname);
}

/** Goes to the run that the address names, if it is not too far away. */
async function restore(id) {
  if (!id) return;
  for (let pieces = 0; list.indexOf(id) < 0 && pieces < 100; pieces++) if (!(await list.more())) break;
  const index = list.indexOf(id);
  if (index >= 0) go(index);
}

function go(index, reveal = true) {
  if (index < 0 || index >= list.count) return;
  current = index;
  if (reveal) list.reveal(index);
  redraw();
  keep();
}

function pick(id, on) {
  if (on) picked.add(id);
  else picked.delete(id);
  redraw();
  keep();
  told();
}

function told(words = "") {
  byId("picked").hidden = picked.size === 0;
  byId("count").textContent = picked.size === 1 ? "1 run selected" : `${picked.size} runs selected`;
  byId("compare").disabled = picked.size !== 2;
  byId("said").textContent = words;
}

const open = (id) => { location.href = `${base}/runs/${id}`; };

/** Compares two runs, the older one first; one alone with the run before it. */
function compare() {
  const ids = [...picked];
  const here = current >= 0 ? list.idAt(current) : null;
  if (ids.length < 2 && here && !picked.has(here)) ids.push(here);
  if (ids.length === 1) location.href = `${base}/runs/${ids[0]}/against`;
  else if (ids.length === 2) {
    const [a, b] = ids.map((id) => [list.indexOf(id), id]).sort((a, b) => b[0] - a[0]);
    location.href = `${base}/compare?base=${a[1]}&run=${b[1]}`;
  } else if (ids.length > 2) told("two runs can be compared, not more");
}

byId("compare").addEventListener("click", compare);
byId("clear").addEventListener("click", clear);
byId("tag").addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = byId("tag").elements.tags.value.split(/[\s,]+/).filter(Boolean);
  const bare = (word) => word.replace(/^[+-]/, "");
  const remove = words.filter((word) => word.startsWith("-")).map(bare);
  const add = words.filter((word) => !word.startsWith("-")).map(bare);
  if (words.length === 0) return told("name a tag: +baseline adds it, -flaky takes it away");
  try {
    const { runs } = await change("/tags", { runs: [...picked], add, remove });
    const changed = runs.filter((run) => run.changed).length;
    byId("tag").reset();
    await renew();
    told(`${changed} changed`);
  } catch (err) {
    told([err.message, err.hint].filter(Boolean).join(": "));
  }
});

function clear() {
  picked.clear();
  redraw();
  keep();
  told();
}

const keys = {
  j: () => (current + 1 < list.count ? go(current + 1) : list.more().then((came) => came && go(current + 1))),
  k: () => go(Math.max(0, current - 1)),
  g: () => go(0),
  G: async () => {
    while (await list.more());
    go(list.count - 1);
  },
  Enter: () => current >= 0 && open(list.idAt(current)),
  x: () => current >= 0 && pick(list.idAt(current), !picked.has(list.idAt(current))),
  c: compare,
  t: () => picked.size && byId("tag").elements.tags.focus(),
  Escape: clear,
};

const help = () => byId("keys").showModal();
byId("help").hidden = false;
byId("help").addEventListener("click", help);

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  // What had the focus in a dialog keeps it until the next frame after the dialog was closed: such a key is for the list.
  const inField = /^(INPUT|SELECT|TEXTAREA|BUTTON|A)$/.test(event.target.tagName) && !(event.target.type === "checkbox" && event.key !== " ")
    && !byId("keys").contains(event.target);
  if (inField) {
    if (event.key === "Escape" && event.target.id !== "q") event.target.blur();
    return;
  }
  if (event.key === "/") byId("q").select();
  else if (event.key === "?") help();
  else if (list && keys[event.key]) keys[event.key]();
  else return;
  event.preventDefault();
});

/** Asks for the first rows again. What is in sight stays in sight. */
async function renew() {
  const here = current >= 0 ? list.idAt(current) : null;
  const { html, next, total } = await fetchPiece(null, Math.min(1000, Math.max(50, list.count)));
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const [left, top] = [scrollX, scrollY];
  list.reset([...holder.content.querySelectorAll("tr")], next);
  byId("total").textContent = total;
  current = here ? list.indexOf(here) : -1;
  redraw();
  scrollTo(left, top);
}

const news = byId("news");
let shown = news.dataset.tip;
news.addEventListener("click", async (event) => {
  if (!list) return;
  event.preventDefault();
  news.hidden = true;
  await renew();
  scrollTo(0, 0);
});

listen({
  runs: ({ tip }) => {
    if ((tip ?? "") === shown) return;
    shown = tip ?? "";
    // Who looks at the newest runs sees them come; whoever is further down is not moved.
    if (list && scrollY < 40 && picked.size === 0 && list.count <= 1000) renew().catch(() => { news.hidden = false; });
    else news.hidden = false;
  },
  progress: (evals) => runningNow(byId("running"), evals),
});
