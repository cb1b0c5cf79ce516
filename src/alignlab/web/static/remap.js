// The page of keys: each field takes one key; the choice stays in this browser.

import { keep, kept } from "./keys.js";

const form = document.getElementById("remap");
const on = document.getElementById("keys-on");
const fields = [...form.querySelectorAll("[data-of]")];
const clash = document.getElementById("clash");

function show() {
  const state = kept();
  on.checked = !state.off;
  for (const field of fields) {
    field.value = state.keys[field.dataset.of] ?? field.dataset.standard;
    field.disabled = state.off;
  }
}

// Two actions need two keys where they can stand on one page.
function clashing() {
  for (const [place, field] of fields.entries()) {
    const other = fields.slice(0, place).find((each) => each.value === field.value
      && (!each.dataset.page || !field.dataset.page || each.dataset.page === field.dataset.page));
    if (other) return [other, field];
  }
  return null;
}

function words(field) {
  return form.querySelector(`label[for="${field.id}"]`).textContent;
}

function save() {
  const found = clashing();
  for (const field of fields) field.ariaInvalid = String(found?.includes(field) ?? false);
  if (found) {
    clash.textContent = `${found[0].value}: both “${words(found[0])}” and “${words(found[1])}”. `
      + "Nothing was changed: choose another key for one of them.";
    return;
  }
  const keys = {};
  for (const field of fields) {
    if (field.value !== field.dataset.standard) keys[field.dataset.of] = field.value;
  }
  const done = keep({ off: !on.checked, keys });
  clash.textContent = done ? "" : "This browser keeps nothing for this page: the keys stay as they are.";
  for (const field of fields) field.disabled = !on.checked;
}

for (const field of fields) {
  field.addEventListener("focus", () => field.select());
  field.addEventListener("input", () => {
    const typed = [...field.value.toLowerCase()].at(-1)?.trim();
    if (!typed) return;
    field.value = typed;
    field.select();
    save();
  });
  field.addEventListener("blur", () => {
    if (!field.value.trim()) show();
  });
}
on.addEventListener("change", save);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", (event) => {
  event.preventDefault();
  keep({ off: false, keys: {} });
  clash.textContent = "";
  show();
});

show();
