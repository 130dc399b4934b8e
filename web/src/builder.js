// The segment builder. What a form says after an answer of the server is what its fields have:
// htmx morphs mark-up, but what somebody chose or typed is no mark-up. The field in which one
// types is left alone. Then the keyboard goes on where the answer says (data-focus).
const fields = "input:not([type=hidden]), select, textarea";

function settle(field) {
  if (field.type === "checkbox") field.checked = field.defaultChecked;
  else if (field instanceof HTMLSelectElement) {
    const chosen = [...field.options].find((option) => option.defaultSelected);
    field.value = chosen ? chosen.value : (field.options[0]?.value ?? "");
  } else if (field !== document.activeElement && field.value !== field.defaultValue) {
    field.value = field.defaultValue;
  }
}

// Where one was; a field that is not asked for any more leaves its place to the next of its part.
let here = "";
document.addEventListener("htmx:before:swap", () => {
  here = document.activeElement?.id ?? "";
});

function stay() {
  if (!here.startsWith("p-") || document.getElementById(here)) return;
  const part = here.slice(0, here.lastIndexOf("-"));
  const next = ["value", "values", "op", "name", "kind"].map((field) => document.getElementById(`${part}-${field}`));
  next.find((element) => element)?.focus();
}

document.addEventListener("htmx:after:swap", () => {
  const builder = document.getElementById("builder");
  if (!builder?.hasAttribute("data-focus")) return;
  const { focus } = builder.dataset;
  builder.removeAttribute("data-focus");
  builder.querySelectorAll(fields).forEach(settle);
  if (focus) document.getElementById(focus)?.focus();
  else stay();
});

// What was asked about the tree as it was before is not waited for: the server stops working on it,
// and a late answer does not take the place of a newer one.
document.addEventListener("htmx:before:cleanup", (event) => {
  if (event.target.matches("#count, #sample")) event.target.dispatchEvent(new Event("htmx:abort"));
});

// What is not saved yet: the browser asks before it leaves a form that says something else than it
// did when it came. What is asked about the tree (#count) has the tree, however it is shown.
const form = document.querySelector("form[data-unsaved]");
if (form) guard(form);

function guard(form) {
  const said = (read) => JSON.stringify([
    document.getElementById("count")?.getAttribute("hx-vals"),
    read(form.elements.name),
    read(form.elements.description),
  ]);
  const before = said((field) => field.defaultValue);
  let isTyped = false;
  let isDone = false;
  form.addEventListener("input", (event) => {
    isTyped ||= !["name", "description"].includes(event.target.name);
  });
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.sourceElement === form) isTyped = false;
  });
  document.addEventListener("htmx:after:request", (event) => {
    if (event.detail.ctx.sourceElement === form && event.detail.ctx.hx.redirect) isDone = true;
  });
  document.addEventListener("click", (event) => {
    const opensAnother = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!opensAnother && event.target.closest?.("[data-leaves]")) isDone = true;
  });
  // Whoever comes back finds the page as it was left, and may go on with it.
  addEventListener("pageshow", () => { isDone = false; });
  addEventListener("beforeunload", (event) => {
    if (!isDone && (isTyped || said((field) => field.value) !== before)) event.preventDefault();
  });
}

// A menu closes when one goes elsewhere, or by Escape.
document.addEventListener("focusin", (event) => {
  document.querySelectorAll("details.menu[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
