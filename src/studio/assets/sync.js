// The button that syncs, and what it did.

import { change } from "./studio.js";

const byId = (id) => document.getElementById(id);
const button = byId("sync");
const done = byId("done");

function say(words, bad = false) {
  const line = document.createElement("p");
  line.textContent = words;
  if (bad) line.className = "problem";
  done.append(line);
}

const runs = ({ new: fresh, changed }) =>
  [fresh && `${fresh} ${fresh === 1 ? "run" : "runs"}`, changed && `changes to ${changed} ${changed === 1 ? "run" : "runs"}`].filter(Boolean).join(" and ");

function size(bytes) {
  if (!bytes) return "";
  const units = ["bytes", "KiB", "MiB", "GiB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `, about ${(bytes / 1024 ** step).toFixed(step ? 1 : 0)} ${units[step]}`;
}

async function sync(body) {
  button.disabled = true;
  done.replaceChildren();
  say("Syncing…");
  try {
    const { synced, remote } = await change("/remote/sync", body);
    done.replaceChildren();
    const [came, went] = [runs(synced.received), runs(synced.sent)];
    if (came) say(`Received ${came}${size(synced.received_bytes)} from ${remote}.`);
    if (went) say(synced.inbox ? `Sent ${went} into an inbox of ${remote}; the next sync of anyone takes them in.` : `Sent ${went}${size(synced.sent_bytes)} to ${remote}.`);
    if (synced.merged) say(`Merged ${synced.merged} that both sides had changed.`);
    for (const line of synced.left) say(`Left alone: ${line}`);
    if (!came && !went) say("Nothing new: both have the same runs.");
  } catch (err) {
    done.replaceChildren();
    if (err.code === "not_agreed" && !body.first_push) return agree(err);
    say([err.message, err.hint].filter(Boolean).join(": "), true);
  } finally {
    button.disabled = false;
  }
}

function agree(err) {
  const dialog = byId("agree");
  byId("plan").textContent = `${err.message}.`;
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => (dialog.returnValue === "yes" ? sync({ first_push: true }) : say("Nothing was pushed.")), { once: true });
  dialog.showModal();
}

if (button) {
  button.hidden = false;
  button.addEventListener("click", () => sync({}));
}
