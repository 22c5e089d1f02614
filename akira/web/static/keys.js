// Keys are declared in the page: data-key on a link, button, field or summary; data-row-key acts on the row under the cursor.
const rows = () => [...document.querySelectorAll("tr[data-href]:not(.gone)")];
let prefix = "";
let prefixTimer = null;

const current = () => document.querySelector("tr.cursor");

function moveTo(row) {
  current()?.classList.remove("cursor");
  if (!row) return;
  row.classList.add("cursor");
  row.setAttribute("aria-selected", "true");
  row.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(current());
  moveTo(all[Math.min(Math.max(at + by, 0), all.length - 1)]);
}

function openDetails(element) {
  for (let d = element.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
}

function use(element) {
  openDetails(element.tagName === "SUMMARY" ? element.parentElement.parentElement : element);
  if (element.tagName === "SUMMARY") {
    element.parentElement.open = true;
    const field = element.parentElement.querySelector("textarea, input:not([type=hidden]), select, button");
    (field || element).focus();
    element.scrollIntoView({ block: "start" });
  } else if (element.matches("input, textarea, select")) {
    element.focus();
  } else {
    element.click();
  }
}

function onRow(key) {
  const row = current();
  const button = document.querySelector(`[data-row-key="${key}"]`);
  if (!row || !button) return false;
  if (button.dataset.rowAnchor) {
    location.href = `${row.dataset.href}#${button.dataset.rowAnchor}`;
  } else {
    button.form.action = button.dataset.rowAction.replace("{href}", row.dataset.href);
    button.form.submit();
  }
  return true;
}

function help() {
  const dialog = document.getElementById("help");
  if (!dialog) return;
  const list = dialog.querySelector("tbody");
  list.replaceChildren();
  const known = [["j k", "move in a list"], ["Enter", "open the row"], [".", "show what is new"], ["Esc", "leave a field"]];
  document.querySelectorAll("[data-key], [data-row-key]").forEach((element) => {
    known.push([element.dataset.key || element.dataset.rowKey, element.dataset.does || element.textContent.trim()]);
  });
  for (const [key, does] of known) {
    const row = list.insertRow();
    const cell = row.insertCell();
    const kbd = document.createElement("kbd");
    kbd.textContent = key;
    cell.append(kbd);
    row.insertCell().textContent = does;
  }
  dialog.showModal();
}

function press(key) {
  if (key === "?") return help(), true;
  if (key === "j") return step(1), true;
  if (key === "k") return step(-1), true;
  if (key === ".") return location.reload(), true;
  if (key === "Enter" && current()) return (location.href = current().dataset.href), true;
  const element = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (element) return use(element), true;
  return onRow(key);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.matches("input, textarea, select, [contenteditable]");
  if (event.key === "Escape" && typing) { event.target.blur(); return; }
  if (typing || document.querySelector("dialog[open]")) return;
  if (event.key === "Enter" && event.target.matches("a, button, summary")) return;
  if (prefix) {
    const chord = `${prefix} ${event.key}`;
    prefix = "";
    clearTimeout(prefixTimer);
    if (press(chord)) event.preventDefault();
    return;
  }
  if (event.key === "g") {
    prefix = "g";
    prefixTimer = setTimeout(() => { prefix = ""; }, 1500);
    return;
  }
  if (press(event.key)) event.preventDefault();
});

function fromHash() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target && target.tagName === "DETAILS") use(target.querySelector("summary"));
}
fromHash();
window.addEventListener("hashchange", fromHash);
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (row && !event.target.closest("a, button, input, label")) location.href = row.dataset.href;
});
document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", (event) => {
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  setTimeout(() => delete form.dataset.sent, 2000);
}));
document.getElementById("theme")?.addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  document.cookie = `akira_theme=${next}; path=/; max-age=31536000; samesite=lax`;
});
