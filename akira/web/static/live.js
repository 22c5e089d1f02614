// Patches what changed on an open page: the server's own rendering of the same address is the only truth.
const seen = new Map();
const live = () => document.querySelectorAll("[data-live]");
live().forEach((part) => seen.set(part.id, part.innerHTML));

const AT_LEAST_MS = 400;
let lastRun = 0;
let waiting = null;
let running = false;

function mark(part) {
  part.classList.add("changed");
  setTimeout(() => part.classList.remove("changed"), 3000);
}

function replaceInside(part, fresh) {
  const open = new Set([...part.querySelectorAll("details[open][id]")].map((d) => d.id));
  part.innerHTML = fresh.innerHTML;
  part.querySelectorAll("details[id]").forEach((d) => { if (open.has(d.id)) d.open = true; });
}

function patch(fresh) {
  const touched = [];
  for (const part of live()) {
    const next = fresh.getElementById(part.id);
    if (!next) { if (part.tagName === "TR") part.classList.add("gone"); continue; }
    if (seen.get(part.id) === next.innerHTML) continue;
    if (part.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) continue;
    seen.set(part.id, next.innerHTML);
    for (const name of ["class", "data-version"]) if (next.hasAttribute(name)) part.setAttribute(name, next.getAttribute(name));
    part.toggleAttribute("data-over", next.hasAttribute("data-over"));
    replaceInside(part, next);
    mark(part);
    touched.push(part);
  }
  for (const field of document.querySelectorAll("input[name=if_version]")) {
    const next = fresh.querySelector("input[name=if_version]");
    if (next && !field.form.contains(document.activeElement)) field.value = next.value;
  }
  announce(fresh);
  touched.forEach((part) => part.dispatchEvent(new CustomEvent("patched", { bubbles: true })));
}

function announce(fresh) {
  const bar = document.getElementById("waiting");
  if (!bar) return;
  const fresh_rows = [...fresh.querySelectorAll("tr[data-live]")].filter((row) => !document.getElementById(row.id));
  bar.textContent = fresh_rows.length ? `${fresh_rows.length} new — press .` : "";
}

async function run() {
  waiting = null;
  if (running) { schedule(); return; }
  running = true;
  lastRun = performance.now();
  try {
    const answer = await fetch(location.href, { headers: { "X-Live": "1" } });
    if (answer.ok) patch(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } finally { running = false; }
}

function schedule() {
  if (waiting) return;
  waiting = setTimeout(run, Math.max(0, AT_LEAST_MS - (performance.now() - lastRun)));
}

const state = document.getElementById("live-state");
let stream = null;

// A browser keeps few connections to one host: a page that nobody sees gives its own back, and catches up when seen.
function listen() {
  stream = new EventSource(document.body.dataset.stream);
  stream.addEventListener("ticket", schedule);
  stream.onopen = () => { state.textContent = "live"; state.className = "good"; };
  stream.onerror = () => { state.textContent = "live updates lost, connecting again"; state.className = "late"; };
}

if (document.body.dataset.stream) {
  listen();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { stream.close(); state.textContent = "when you look"; state.className = "muted"; }
    else { listen(); schedule(); }
  });
  document.getElementById("waiting")?.addEventListener("click", () => location.reload());
}
