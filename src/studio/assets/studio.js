// What every page shares: the token, questions to the API, what happens on the server.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** Where the API of this page's project is. */
export const api = meta("agentv-api");

/** Where the pages of this project begin. */
export const base = meta("agentv-base");

/** Asks the API; throws what the server says is wrong (an object with `error`, `code`, `hint`, `at`). */
export async function ask(path, options = {}) {
  const response = await fetch(api + path, options);
  const answer = await response.json().catch(() => ({ error: `the server answered ${response.status}` }));
  if (!response.ok) throw Object.assign(new Error(answer.error), answer);
  return answer;
}

/** Changes something: sends `body` as JSON, with the token of this page. */
export function change(path, body, method = "POST") {
  const headers = { "Content-Type": "application/json", "X-Agentv-Token": meta("agentv-token") };
  return ask(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
}

/** Calls `handlers.runs({tip})` and `handlers.progress([…])` when something happens, and at the beginning. */
export function listen(handlers) {
  const source = new EventSource(`${api}/events`);
  for (const [name, handler] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handler(JSON.parse(event.data)));
  }
  return source;
}
