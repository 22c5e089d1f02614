// Times in the reader's own zone with UTC on hover, and the countdown of what is owed.
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n) => String(n).padStart(2, "0");

function local(element) {
  const at = new Date(Number(element.dataset.ms));
  element.title = element.title || `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
  const today = new Date();
  const day = at.toDateString() === today.toDateString() ? "" : `${at.getDate()} ${MONTHS[at.getMonth()]} `;
  element.textContent = at.getFullYear() === today.getFullYear() ? `${day}${clock}` : `${day}${at.getFullYear()}`;
}

function countdown(element) {
  const left = Math.round((Number(element.dataset.dueMs) - Date.now()) / 1000);
  const far = Math.abs(left);
  const words = far >= 3600 ? `${Math.floor(far / 3600)} h ${two(Math.floor(far / 60) % 60)} min` : `${Math.floor(far / 60)}:${two(far % 60)}`;
  const next = left >= 0 ? `due in ${words}` : `late by ${words}`;
  if (element.textContent !== next) element.textContent = next;
  element.classList.toggle("late", left < 0);
}

function within(root) {
  root.querySelectorAll("time[data-ms]").forEach(local);
  root.querySelectorAll("[data-due-ms]").forEach(countdown);
}

within(document);
document.addEventListener("patched", (event) => within(event.target));
setInterval(() => document.querySelectorAll("[data-due-ms]").forEach(countdown), 1000);
