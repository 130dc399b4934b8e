// The forms of properties:
//   data-types     a choice of type, which shows the control for it: data-typed="types"
//   data-edits     Escape leaves it by its data-cancels; one with data-empties takes the form away
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-types]")) return;
  for (const control of event.target.form.querySelectorAll("[data-typed]")) {
    const fits = control.dataset.typed.split(" ").includes(event.target.value);
    control.hidden = control.disabled = !fits;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  event.target.closest("[data-edits]")?.querySelector("[data-cancels]")?.click();
});

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("[data-empties]")?.closest("#adding [data-edits]");
  if (!row) return;
  event.preventDefault();
  row.remove();
});
