// The live view: rows come from the server as they are to be shown, newest first. What a stream tells first may be
// older than what the page has: each row stands at its time.
// A paused view keeps as many as it would show, and no more.
const SHOWN = 200;

const list = document.querySelector("[data-live]");
if (list) watch(list);

function watch(list) {
  const state = document.querySelector("[data-live-state]");
  const pause = document.querySelector("[data-live-pause]");
  const empty = document.querySelector("[data-live-empty]");
  let held = [];
  let isPaused = false;

  const say = (text) => { if (state.textContent !== text) state.textContent = text; };
  const tell = () => say(isPaused ? `Paused: ${held.length} new${held.length === SHOWN ? " or more" : ""}.` : "Live: what arrives appears by itself.");

  const at = (row) => row.querySelector("time")?.dateTime ?? "";

  function show(rows) {
    for (const row of rows.reverse()) {
      const { key } = row.dataset;
      if (key && list.querySelector(`[data-key="${key}"]`)) continue;
      list.insertBefore(row, [...list.children].find((each) => at(each) <= at(row)) ?? null);
    }
    while (list.children.length > SHOWN) list.lastElementChild.remove();
    empty.hidden = list.children.length > 0;
  }

  function take(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    const rows = [...template.content.querySelectorAll("li")];
    if (!isPaused) return show(rows);
    const known = new Set(held.map((row) => row.dataset.key));
    held = [...rows.filter((row) => !known.has(row.dataset.key)), ...held].slice(0, SHOWN);
    tell();
  }

  const source = new EventSource(list.dataset.live);
  source.addEventListener("open", tell);
  source.addEventListener("arrived", (event) => take(event.data));
  source.addEventListener("ended", (event) => {
    source.close();
    pause.hidden = true;
    say(event.data);
  });
  source.addEventListener("error", () => {
    say(source.readyState === EventSource.CLOSED ? "The view has ended; refresh the page." : "Connecting again…");
  });
  addEventListener("pagehide", () => source.close());

  pause.hidden = false;
  document.querySelector("[data-live-refresh]").hidden = true;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.setAttribute("aria-pressed", String(isPaused));
    pause.textContent = isPaused ? "Go on" : "Pause";
    if (!isPaused) { show(held); held = []; }
    tell();
  });
}
