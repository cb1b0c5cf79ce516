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

  // On a narrow screen the plot shrinks and labels get less room.
  const narrowestPlot = 150;
  function fitted(value, width, labelRoom) {
    if (Array.isArray(value)) return value.map((each) => fitted(each, width, labelRoom));
    if (value === null || typeof value !== "object") return value;
    const copy = {};
    for (const [key, each] of Object.entries(value)) {
      if (key === "values") copy[key] = each;
      else if (key === "width" && typeof each === "number") copy[key] = width;
      else if (key === "minExtent" || key === "maxExtent") copy[key] = Math.min(each, labelRoom);
      else copy[key] = fitted(each, width, labelRoom);
    }
    return copy;
  }

  // There, names that begin alike would be cut to the same text: they go over several lines.
  const letter = 6.6;
  const lineHeight = 13;
  const mostLines = 4;

  function chunks(word, letters) {
    const parts = [];
    for (let at = 0; at < word.length; at += letters) parts.push(word.slice(at, at + letters));
    return parts;
  }

  function linesOf(name, letters) {
    const lines = [];
    for (const word of name.split(" ").flatMap((each) => chunks(each, letters))) {
      const joined = `${lines.at(-1)} ${word}`;
      if (lines.length && joined.length <= letters) lines[lines.length - 1] = joined;
      else lines.push(word);
    }
    return lines.length > mostLines ? [...lines.slice(0, 2), "…", lines.at(-1)] : lines;
  }

  function wrapNames(panel, letters) {
    const places = [panel, ...(panel.layer ?? [])]
      .map((each) => each.encoding?.y)
      .filter((y) => y?.type === "nominal");
    if (!places.length) return;
    const field = places[0].field.replace(/\\(.)/g, "$1");
    const names = panel.data.values.map((row) => String(row[field]));
    const lines = Object.fromEntries(names.map((name) => [name, linesOf(name, letters)]));
    const most = Math.max(1, ...Object.values(lines).map((each) => each.length));
    if (most === 1) return;
    // A label hangs from its first line: all get as many lines, and are moved up by half of them.
    for (const each of Object.values(lines)) {
      each.unshift(...Array(Math.floor((most - each.length) / 2)).fill("\u00a0"));
    }
    const wrapped = {
      labelExpr: `${JSON.stringify(lines)}[datum.label]`,
      labelLineHeight: lineHeight,
      labelOffset: (-lineHeight * (most - 1)) / 2,
    };
    for (const y of places) y.axis = { ...y.axis, ...wrapped };
    panel.height = { step: Math.max(26, lineHeight * most + 9) };
  }

  function wrapTitles(panel, letters) {
    for (const each of [panel, ...(panel.layer ?? [])]) {
      const x = each.encoding?.x;
      if (typeof x?.title === "string" && x.title.length > letters) {
        x.title = linesOf(x.title, letters);
      }
    }
  }

  const themeText = document.getElementById("theme");
  const config = themeText && JSON.parse(themeText.textContent);

  const plotWidth = (spec) => spec.width ?? spec.vconcat[0].width;

  function embed(host, spec, width, room) {
    const labelRoom = width < plotWidth(spec) ? Math.max(90, 0.36 * room) : Infinity;
    const themed = { config, ...fitted(spec, width, labelRoom) };
    const panels = themed.vconcat ?? [themed];
    for (const panel of panels) wrapTitles(panel, Math.floor(width / letter));
    if (labelRoom < Infinity) {
      for (const panel of panels) wrapNames(panel, Math.floor(labelRoom / letter));
      const axis = { ...config.axis, labelLimit: labelRoom };
      themed.config = { ...config, axis, legend: { ...config.legend, columns: 1 } };
    }
    return window.vegaEmbed(host, themed, {
      mode: "vega-lite",
      ast: true,
      renderer: "svg",
      actions: false,
      defaultStyle: false,
      tooltip: showTip,
    });
  }

  async function enliven(figure) {
    const drawing = figure.querySelector(".drawing");
    const spec = JSON.parse(figure.querySelector("script.spec").textContent);
    const host = document.createElement("div");
    // The drawing is one image with a label; its numbers are in the table below.
    host.setAttribute("aria-hidden", "true");
    const room = drawing.clientWidth;
    const still = Number(drawing.querySelector("svg").getAttribute("width"));
    const natural = plotWidth(spec);
    try {
      let width = Math.max(narrowestPlot, natural + Math.min(0, room - still));
      let made = await embed(host, spec, width, room);
      if (width < natural) {
        // Its labels have become shorter: give the plot the room that is left.
        const drawn = Number(host.querySelector("svg").getAttribute("width"));
        width = Math.max(narrowestPlot, Math.min(natural, Math.floor(width + room - drawn)));
        made.finalize();
        made = await embed(host, spec, width, room);
      }
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
    for (const area of document.querySelectorAll(".scroll")) {
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
    for (const each of document.querySelectorAll(".printed:not([open])")) {
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
