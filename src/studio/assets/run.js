// Changing what people say about a run: tags, note, deleting and restoring. The page is made anew by the server after each.

import { change } from "./studio.js";

const byId = (id) => document.getElementById(id);
const run = `/runs/${byId("run").dataset.id}`;
const said = byId("said");

async function does(path, body, method) {
  said.hidden = true;
  const buttons = document.querySelectorAll("main button");
  for (const button of buttons) button.disabled = true;
  try {
    await change(run + path, body, method);
    location.reload();
  } catch (err) {
    said.textContent = [err.message, err.hint].filter(Boolean).join(": ");
    said.className = "problem";
    said.hidden = false;
    for (const button of buttons) button.disabled = false;
  }
}

const show = (...elements) => elements.forEach((element) => element && (element.hidden = false));

show(byId("tag"), byId("noting"), byId("restore"), byId("delete"), ...document.querySelectorAll(".untag"));

byId("tag")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const words = event.target.elements.tags.value.split(/[\s,]+/).filter(Boolean);
  const remove = words.filter((word) => word.startsWith("-")).map((word) => word.slice(1));
  const add = words.filter((word) => !word.startsWith("-")).map((word) => word.replace(/^\+/, ""));
  if (words.length) does("/tags", { add, remove });
});

byId("tags").addEventListener("click", (event) => {
  const tag = event.target.dataset.tag;
  if (tag !== undefined) does("/tags", { remove: [tag] });
});

byId("note")?.addEventListener("submit", (event) => {
  event.preventDefault();
  does("/note", { note: event.target.elements.note.value.trim() || null });
});

byId("restore")?.addEventListener("click", () => does("/restore"));

byId("delete")?.addEventListener("click", () => {
  const sure = byId("sure");
  sure.returnValue = "no";
  sure.addEventListener("close", () => sure.returnValue === "yes" && does("", undefined, "DELETE"), { once: true });
  sure.showModal();
});
