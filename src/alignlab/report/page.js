"use strict";
(() => {
  const wordsFor = (value) => (typeof value === "object" ? value : { "": value });

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);

  function showTip(_, event, __, value) {
    tip.hidden = value == null || value === "";
    if (tip.hidden) return;
    tip.replaceChildren();
    for (const [name, text] of Object.entries(wordsFor(value))) {
      for (const part of [name, text]) {
        const span = document.createElement("span");
        span.textContent = part;
        tip.append(span);
      }
    }
    const room = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, window.innerWidth - room.width - 8);
    const below = event.clientY + 16;
    const fits = below + room.height < window.innerHeight;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${fits ? below : Math.max(8, event.clientY - room.height - 12)}px`;
  }

  const narrowest = 150;
  const resized = (spec, change) =>
    spec.vconcat
      ? { ...spec, vconcat: spec.vconcat.map((each) => resized(each, change)) }
      : { ...spec, width: Math.max(narrowest, spec.width + change) };

  const themeText = document.getElementById("theme");
  const config = themeText && JSON.parse(themeText.textContent);

  async function enliven(figure) {
    const drawing = figure.querySelector(".drawing");
    const still = drawing.querySelector("svg");
    const spec = JSON.parse(figure.querySelector("script.spec").textContent);
    const room = drawing.clientWidth - Number(still.getAttribute("width"));
    const host = document.createElement("div");
    try {
      const made = await window.vegaEmbed(host, { config, ...resized(spec, Math.min(0, room)) }, {
        mode: "vega-lite",
        ast: true,
        renderer: "svg",
        actions: false,
        defaultStyle: false,
        tooltip: showTip,
      });
      drawing.replaceChildren(host);
      drawing.classList.add("live");
      figure.view = made.view;
    } catch (error) {
      console.warn("This chart stays a still drawing:", error);
    }
    noteScrolling();
  }

  // Only what scrolls needs the keyboard.
  function noteScrolling() {
    for (const area of document.querySelectorAll(".scroll, pre")) {
      if (area.scrollWidth > area.clientWidth) area.tabIndex = 0;
      else area.removeAttribute("tabindex");
    }
  }

  // A link into a folded part opens it.
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.closest("details:not([open])");
    if (!folded) return;
    folded.open = true;
    target.scrollIntoView();
  }

  const opened = [];
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details:not([open])")) {
      each.open = true;
      opened.push(each);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const each of opened.splice(0)) each.open = false;
  });
  window.addEventListener("hashchange", reveal);
  window.addEventListener("resize", noteScrolling);
  document.addEventListener("toggle", noteScrolling, true);

  if (window.vegaEmbed && config) {
    const near = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue;
          near.unobserve(target);
          enliven(target);
        }
      },
      { rootMargin: "300px" },
    );
    for (const figure of document.querySelectorAll("figure")) near.observe(figure);
  }
  noteScrolling();
  reveal();
})();
