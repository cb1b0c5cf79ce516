// Behaviours played together. What moves is in the page: for each named part of a drawing, one
// attribute's value at each step. This file sets them, and knows nothing of what is drawn.

const AT_ONCE = "alignlab.play-at-once";
const SPEED = "alignlab.speed";
const SETTABLE = new Set(["transform", "visibility", "stroke-dasharray"]);
const CALM_STEPS = 2;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function recall(name) {
  try { return localStorage.getItem(name); } catch { return null; }
}

function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* It holds for this case only. */ }
}

class Side {
  constructor(section) {
    const scene = JSON.parse(section.dataset.scene);
    this.words = scene.words;
    this.seen = section.querySelector("[data-seen]");
    this.name = section.querySelector("h2")?.textContent ?? "";
    this.rows = section.querySelectorAll("tbody tr");
    this.details = section.querySelector("details");
    this.scroll = section.querySelector("details .scroll");
    this.details.addEventListener("toggle", () => this.find());
    const parts = new Map([...section.querySelectorAll("[data-part]")]
      .map((each) => [each.dataset.part, each]));
    this.moves = scene.moves
      .filter(([part, attribute]) => parts.has(part)
        && (attribute === "text" || SETTABLE.has(attribute)))
      .map(([part, attribute, values]) => [parts.get(part), attribute, values]);
  }

  show(step) {
    const at = Math.min(step, this.words.length - 1);
    for (const [part, attribute, values] of this.moves) {
      if (attribute === "text") part.textContent = values[at];
      else part.setAttribute(attribute, values[at]);
    }
    this.seen.textContent = this.words[at];
    this.rows[this.at]?.removeAttribute("aria-current");
    this.rows[at]?.setAttribute("aria-current", "step");
    this.at = at;
    this.find();
  }

  // The row of the moment is kept in sight, unless somebody reads another.
  find() {
    if (!this.details.open || this.details.contains(document.activeElement)) return;
    this.scroll.scrollTop = this.rows[this.at].offsetTop - this.scroll.clientHeight / 2;
  }

  said() {
    return this.name ? `${this.name}: ${this.words[this.at]}` : this.words[this.at];
  }
}

class TrajectoryPlayer extends HTMLElement {
  connectedCallback() {
    this.sides = [...this.querySelectorAll("[data-scene]")].map((each) => new Side(each));
    this.last = Number(this.dataset.last);
    this.slide = this.querySelector("[data-slide]");
    this.count = this.querySelector("[data-count]");
    this.speed = this.querySelector("[data-speed]");
    this.said = this.querySelector("[data-said]");
    this.button = this.querySelector("[data-do=play] .label");
    const kept = recall(SPEED);
    if ([...this.speed.options].some((each) => each.value === kept)) this.speed.value = kept;
    const atOnce = this.querySelector("[data-at-once]");
    atOnce.checked = recall(AT_ONCE) === "yes";
    atOnce.addEventListener("change", () => remember(AT_ONCE, atOnce.checked ? "yes" : "no"));
    this.speed.addEventListener("change", () => {
      remember(SPEED, this.speed.value);
      this.begin();
    });
    this.slide.addEventListener("pointerdown", () => this.pause());
    this.slide.addEventListener("input", () => {
      this.pause();
      this.show(Number(this.slide.value));
    });
    for (const [name, act] of Object.entries({
      "step-back": () => this.step(-1),
      "step-on": () => this.step(1),
      "play": () => (this.playing ? this.pause({ speak: true }) : this.play()),
    })) this.querySelector(`[data-do=${name}]`).addEventListener("click", act);
    this.show(0);

    if (atOnce.checked && !calm.matches) this.play();
  }

  disconnectedCallback() {
    this.pause();
  }

  show(step) {
    this.at = Math.min(Math.max(step, 0), this.last);
    for (const side of this.sides) side.show(this.at);
    const words = `${this.at} of ${this.last}`;
    this.slide.value = String(this.at);
    this.slide.setAttribute("aria-valuetext", `Step ${words}`);
    this.count.textContent = words;
  }

  step(by) {
    this.pause();
    this.show(this.at + by);
    this.speak();
  }

  play() {
    if (this.at === this.last) this.show(0);
    this.playing = true;
    this.button.textContent = "Pause";
    this.said.textContent = "";
    this.begin();
  }

  // Count from here: a change of speed must not make what was played jump.
  begin() {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    const usual = Number(this.dataset.rate);
    const rate = (calm.matches ? Math.min(usual, CALM_STEPS) : usual) * Number(this.speed.value);
    const from = this.at;
    let since;
    const draw = (now) => {
      since ??= now;
      const step = Math.min(from + Math.floor(((now - since) / 1000) * rate), this.last);
      if (step !== this.at) this.show(step);
      if (step < this.last) this.frame = requestAnimationFrame(draw);
      else this.pause({ speak: true });
    };
    this.frame = requestAnimationFrame(draw);
  }

  pause({ speak = false } = {}) {
    if (!this.playing) return;
    cancelAnimationFrame(this.frame);
    this.playing = false;
    this.button.textContent = "Play";
    if (speak) this.speak();
  }

  speak() {
    this.said.textContent = this.sides.map((side) => side.said()).join(" ");
  }
}

customElements.define("trajectory-player", TrajectoryPlayer);
