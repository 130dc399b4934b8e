// What pages need beside htmx. Everything hangs on attributes of the mark-up:
//   data-opens="id"   opens the dialog with this id      data-closes    closes the dialog it is in
//   data-theme-switch changes between light and dark     data-nav-switch shows the navigation
//   data-copy="text"  copies the text
import "htmx.org";
import "./person.js";
import "./live.js";
import "./builder.js";
import "./refusal.js";

const root = document.documentElement;

const actions = {
  opens: (element) => document.getElementById(element.dataset.opens)?.showModal(),
  closes: (element) => element.closest("dialog")?.close(),
  themeSwitch: () => {
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = theme;
    localStorage.setItem("mien-theme", theme);
  },
  navSwitch: (element) => {
    const isOpen = document.body.classList.toggle("nav-open");
    element.setAttribute("aria-expanded", String(isOpen));
  },
  copy: async (element) => {
    // Browsers lend the clipboard to pages on TLS alone; elsewhere a selection is copied.
    if (navigator.clipboard) await navigator.clipboard.writeText(element.dataset.copy);
    else copySelected(element.dataset.copy);
    element.classList.add("is-copied");
    setTimeout(() => element.classList.remove("is-copied"), 1500);
  },
};

function copySelected(text) {
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

document.addEventListener("click", (event) => {
  for (const [name, act] of Object.entries(actions)) {
    const attribute = `data-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const element = event.target.closest?.(`[${attribute}]`);
    if (element) act(element);
  }
});

// A press on what lies around a dialog closes it, as Escape does.
document.addEventListener("pointerdown", (event) => {
  if (event.target instanceof HTMLDialogElement) event.target.close();
});
