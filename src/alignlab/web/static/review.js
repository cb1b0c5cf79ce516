// The work at the keyboard: keys, the question how sure one is, visible time, focus, and words for
// those who listen. Without this file every page still works by pointer and Tab.

import { keyOf, kept, label } from "./keys.js";

// A key pressed sooner than this after a case appeared was meant for the one before.
const SETTLE_MS = 200;

let shownAt = performance.now();
let visibleSince = document.visibilityState === "visible" ? performance.now() : null;
let visibleMs = 0;
let pending = null;

const work = () => document.getElementById("work");

function say(words) {
  const live = document.getElementById("live");
  // The same words twice are read out twice only if they were gone in between.
  live.textContent = "";
  setTimeout(() => { live.textContent = words; }, 50);
}

// ---- visible time

function visible() {
  return Math.round(visibleMs + (visibleSince === null ? 0 : performance.now() - visibleSince));
}

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") visibleSince = performance.now();
  else if (visibleSince !== null) {
    visibleMs += performance.now() - visibleSince;
    visibleSince = null;
  }
});

function restart() {
  shownAt = performance.now();
  visibleMs = 0;
  visibleSince = document.visibilityState === "visible" ? shownAt : null;
  pending = null;
  setTimeout(() => work()?.setAttribute("data-ready", ""), SETTLE_MS);
}

// ---- keys

function typing(element) {
  if (element.isContentEditable) return true;
  if (element instanceof HTMLInputElement) {
    return !["radio", "checkbox", "button", "submit", "range"].includes(element.type);
  }
  return element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;
}

function shown(element) {
  return !element.disabled && element.getClientRects().length > 0;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) {
    event.target.blur();
    document.getElementById("case-title")?.focus({ preventScroll: true });
    return;
  }
  if (event.defaultPrevented || event.repeat || event.isComposing) return;
  if (event.key === "Enter") return entered(event);
  if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
  const state = kept();
  if (state.off || event.key.length !== 1) return;
  const key = event.key.toLowerCase();
  const found = [...document.querySelectorAll("[data-key]")]
    .find((each) => keyOf(each, state) === key && shown(each));
  if (!found) return;
  event.preventDefault();
  if (performance.now() - shownAt < SETTLE_MS) return;
  if (typing(found)) found.focus();
  else if (found.querySelector("input[type=radio]")) sure(found.querySelector("input"));
  else found.click();
});

function entered(event) {
  const radio = event.target instanceof HTMLInputElement && event.target.name === "confidence";
  const finished = typing(event.target) && (event.ctrlKey || event.metaKey);
  if ((radio || finished) && pending) {
    event.preventDefault();
    pending.form.requestSubmit(pending);
  }
}

// ---- how sure: asked once a decision is pressed; the same again leaves it open

document.addEventListener("submit", (event) => {
  const form = event.target;
  const time = form.elements.namedItem("visible_ms");
  if (time) time.value = String(visible());
  const asked = form.querySelector("[data-sure]");
  const pressed = event.submitter;
  if (!asked || !pressed?.hasAttribute("data-ask")) return;
  if (form.querySelector("input[name=confidence]:checked") || pressed === pending) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  pending?.removeAttribute("aria-pressed");
  pending = pressed;
  pressed.setAttribute("aria-pressed", "true");
  asked.classList.add("asked");
  const words = pressed.querySelector(".label").firstChild.textContent.trim();
  const again = kept().off ? "Press it again" : `Press ${keyOf(pressed)} again`;
  asked.querySelector("[data-hint]").textContent = `${again} to leave this open.`;
  say(`${words}. How sure are you? ${again} to leave this open.`);
}, true);

function sure(input) {
  input.checked = true;
  if (pending) pending.form.requestSubmit(pending);
}

// Arrow keys move through the levels and click them too: only a pointer's click has a count.
document.addEventListener("click", (event) => {
  if (event.detail > 0 && event.target instanceof HTMLInputElement
      && event.target.name === "confidence") sure(event.target);
});

// ---- a case comes

// What is sent is the button of this very submission: htmx goes by the one that had the focus last.
document.addEventListener("htmx:configRequest", (event) => {
  const { parameters, elt, triggeringEvent } = event.detail;
  const pressed = triggeringEvent?.submitter;
  if (!(elt instanceof HTMLFormElement) || !pressed) return;
  for (const each of elt.elements) if (each.type === "submit") delete parameters[each.name];
  if (pressed.name) parameters[pressed.name] = pressed.value;
  event.detail.path = pressed.getAttribute("formaction") ?? elt.getAttribute("action");
});

document.addEventListener("htmx:afterSwap", (event) => {
  label();
  if (event.detail.target.id === "advice") {
    document.getElementById("advice-title").focus();
    say("Here is what counted.");
  }
  if (event.detail.target.id === "notice") event.detail.target.scrollIntoView({ block: "nearest" });
  if (event.detail.target.id !== "work") return;
  restart();
  window.scrollTo(0, 0);
  document.getElementById("case-title")?.focus({ preventScroll: true });
  say(work()?.dataset.say ?? "");
});

for (const fault of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(fault, (event) => {
    // Who only waits has nothing to lose, and looks again.
    if (event.detail.requestConfig?.verb === "get") return;
    const words = document.getElementById("unreachable").content.cloneNode(true);
    const notice = document.getElementById("notice");
    notice?.replaceChildren(words);
    notice?.scrollIntoView({ block: "nearest" });
  });
}

// ---- nothing waits: look again, while somebody looks at the page

setInterval(() => {
  const told = document.getElementById("notice")?.firstElementChild;
  if (work()?.hasAttribute("data-poll") && document.visibilityState === "visible" && !told) {
    htmx.ajax("GET", "/work", { target: "#work", swap: "outerHTML" }).catch(() => {});
  }
}, 5000);

label();
restart();
