// Two pictures enlarged together: what is in the middle of the one is in the middle of the other.

class ImagePair extends HTMLElement {
  connectedCallback() {
    this.panes = [...this.querySelectorAll("[data-pane]")];
    this.slide = this.querySelector("[data-slide]");
    this.count = this.querySelector("[data-count]");
    this.slide.addEventListener("input", () => this.zoom());
    const step = Number(this.slide.step);
    for (const [name, by] of [["zoom-in", step], ["zoom-out", -step]]) {
      this.querySelector(`[data-do=${name}]`).addEventListener("click", () => {
        this.slide.value = String(Number(this.slide.value) + by);
        this.zoom();
      });
    }
    this.places = new WeakMap();
    for (const pane of this.panes) {
      pane.addEventListener("scroll", () => this.follow(pane), { passive: true });
    }
  }

  zoom() {
    const [middle] = this.panes.map(middleOf);
    const factor = Number(this.slide.value);
    for (const pane of this.panes) {
      // As high as it was, so that the page does not grow with the picture.
      pane.style.height ||= `${pane.clientHeight}px`;
      pane.querySelector("img").style.width = `${factor * 100}%`;
      pane.classList.toggle("enlarged", factor > 1);
      // What scrolls must be reached by keyboard; what does not must not stand in the way.
      if (factor > 1) pane.tabIndex = 0;
      else {
        pane.removeAttribute("tabindex");
        pane.style.height = "";
      }
      this.move(pane, middle);
    }
    const words = `${factor} ×`;
    this.count.textContent = words;
    this.slide.setAttribute("aria-valuetext", `${factor} times`);
  }

  follow(pane) {
    const place = `${pane.scrollLeft} ${pane.scrollTop}`;
    // A pane that was moved from here must not move the others in turn.
    if (this.places.get(pane) === place) return;
    this.places.set(pane, place);
    const middle = middleOf(pane);
    for (const other of this.panes) if (other !== pane) this.move(other, middle);
  }

  move(pane, [across, down]) {
    pane.scrollLeft = across * pane.scrollWidth - pane.clientWidth / 2;
    pane.scrollTop = down * pane.scrollHeight - pane.clientHeight / 2;
    this.places.set(pane, `${pane.scrollLeft} ${pane.scrollTop}`);
  }
}

function middleOf(pane) {
  return [
    (pane.scrollLeft + pane.clientWidth / 2) / pane.scrollWidth,
    (pane.scrollTop + pane.clientHeight / 2) / pane.scrollHeight,
  ];
}

customElements.define("image-pair", ImagePair);
