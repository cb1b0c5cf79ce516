// Which key does what: the page's own keys, unless this browser keeps others for them.

const STORE = "alignlab.keys";

export function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(STORE));
    return { off: Boolean(found?.off), keys: found?.keys ?? {} };
  } catch {
    return { off: false, keys: {} };
  }
}

export function keep(state) {
  try {
    localStorage.setItem(STORE, JSON.stringify(state));
    return true;
  } catch {
    return false;
  }
}

export function keyOf(element, state = kept()) {
  return state.keys[element.dataset.action] ?? element.dataset.key;
}

// Show every key as it is now, or none where keys are off.
export function label(root = document) {
  const state = kept();
  document.documentElement.classList.toggle("keys", !state.off);
  for (const element of root.querySelectorAll("[data-key]")) {
    const key = keyOf(element, state);
    const cap = element.querySelector("kbd")
      ?? root.querySelector(`label[for="${CSS.escape(element.id)}"] kbd`);
    if (cap) cap.textContent = key;
    const pressed = element.querySelector("input") ?? element;
    if (state.off) pressed.removeAttribute("aria-keyshortcuts");
    else pressed.setAttribute("aria-keyshortcuts", key);
  }
}
