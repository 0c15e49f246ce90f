// The search box: completions of its last word, and what is wrong with what was typed.

import { ask } from "./studio.js";

/** Milliseconds after the last key before the server is asked. */
const PAUSE = 120;

export function searchBox(input, list, problems) {
  let [chosen, asked, timer] = [-1, 0, null];
  const items = () => [...list.children];

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-autocomplete", "list");
  close();

  function close() {
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function choose(at) {
    const all = items();
    chosen = (at + all.length) % all.length;
    all.forEach((item, index) => item.setAttribute("aria-selected", String(index === chosen)));
    all[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", all[chosen].id);
  }

  function take(word) {
    const caret = input.selectionStart;
    const [before, after] = [input.value.slice(0, caret), input.value.slice(caret)];
    const start = lastWord(before);
    const space = word.endsWith(":") || after.startsWith(" ") ? "" : " ";
    input.value = before.slice(0, start) + word + space + after;
    const end = start + word.length + space.length;
    input.setSelectionRange(end, end);
    close();
    if (word.endsWith(":")) look();
  }

  async function look() {
    const number = ++asked;
    const before = input.value.slice(0, input.selectionStart);
    const [words, whole] = await Promise.all([
      ask(`/query?q=${encodeURIComponent(before)}`),
      ask(`/query?q=${encodeURIComponent(input.value)}`),
    ]).catch(() => [null, null]);
    if (number !== asked || !words || document.activeElement !== input) return;
    show(words.completions);
    mark(whole.problem, before.length < input.value.length);
  }

  function show(words) {
    const items = words.slice(0, 50).map((word, index) => {
      const item = document.createElement("li");
      Object.assign(item, { id: `completion-${index}`, textContent: word });
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      // A click would take the focus away first.
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(word); });
      return item;
    });
    list.replaceChildren(...items);
    chosen = -1;
    list.hidden = items.length === 0;
    input.setAttribute("aria-expanded", String(items.length > 0));
  }

  // A word that is being typed is not wrong yet: what is marked stands before it.
  function mark(problem, inside) {
    const wrong = problem && (inside || (problem.at?.start ?? 0) < lastWord(input.value));
    input.setAttribute("aria-invalid", String(Boolean(wrong)));
    if (!wrong) return problems.replaceChildren();
    const box = document.createElement("div");
    box.className = "problem";
    box.append(problem.error);
    if (problem.at) {
      const pre = document.createElement("pre");
      const width = Math.max(1, problem.at.end - problem.at.start);
      pre.textContent = `${input.value}\n${" ".repeat(problem.at.start)}${"^".repeat(width)}`;
      box.append(pre);
    }
    if (problem.hint) {
      const hint = document.createElement("div");
      hint.className = "dim";
      hint.textContent = problem.hint;
      box.append(hint);
    }
    problems.replaceChildren(box);
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (list.hidden) input.blur();
      else close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) look();
      else choose(chosen + (event.key === "ArrowDown" ? 1 : chosen < 0 ? 0 : -1));
    } else if ((event.key === "Enter" || event.key === "Tab") && !list.hidden && chosen >= 0) {
      take(items()[chosen].textContent);
    } else {
      return;
    }
    event.preventDefault();
  });
}

/** Where the last word begins: after the last white space or bracket outside of quotes. */
function lastWord(text) {
  let [start, quoted] = [0, false];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (!quoted && /[\s(]/.test(text[at])) start = at + 1;
  }
  return start;
}
