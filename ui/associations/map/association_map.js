// Stars coloured by group. The groups at every stop of the slider are here already, so that colours follow the drag
// itself; the value goes to the server when the slider is released.

const MEMBER_PX = 3, NOISE_PX = 2, REACH_PX = 7;
const VIEWS = { above: "From above", solid: "3-D", sky: "Sky" };

export default function ({ parentElement, data, setStateValue, setTriggerValue }) {
  let map = parentElement.associationMap;
  if (!map) map = parentElement.associationMap = new AssociationMap(parentElement);
  map.setStateValue = setStateValue;
  map.setTriggerValue = setTriggerValue;
  map.take(data);
  return () => map.stop();
}

function decode(text, Kind) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}

class AssociationMap {
  constructor(root) {
    const find = (name) => root.querySelector(name);
    this.canvas = find("canvas");
    this.slider = find("input");
    this.output = find("output");
    this.card = find(".card");
    this.label = find("label");
    this.epsBox = find(".eps");
    this.views = find(".views");
    this.layer = document.createElement("canvas");
    this.view = "above";
    this.turn = -0.6;
    this.tilt = 0.9;
    this.zoom = 1;
    this.shift = [0, 0];
    this.stop_ = 0;
    this.frames = 0;
    for (const [name, title] of Object.entries(VIEWS)) {
      const button = document.createElement("button");
      button.textContent = title;
      button.onclick = () => this.show(name);
      button.dataset.view = name;
      this.views.append(button);
    }
    this.slider.oninput = () => this.choose(Number(this.slider.value));
    this.slider.onchange = () => this.setStateValue("eps", this.data.eps[this.stop_]);
    this.watchPointer();
    this.observer = new ResizeObserver(() => this.resize());
  }

  stop() {
    this.observer.disconnect();
  }

  take(data) {
    this.observer.observe(this.canvas.parentElement);
    const before = this.data;
    this.data = data;
    if (!before || before.stars_key !== data.stars_key) {
      this.place = decode(data.places, Float32Array); // x, y, z of each star in pc
      this.ids = decode(data.ids, BigInt64Array);
      this.n = this.ids.length;
      this.x = new Float32Array(this.n);
      this.y = new Float32Array(this.n);
      this.projected = false;
    }
    if (!before || before.groups_key !== data.groups_key) this.groups = decode(data.groups, Int32Array);
    this.palette = data.palette.map((colour) => packed(colour, 255));
    const style = getComputedStyle(this.canvas);
    this.ink = style.getPropertyValue("color");
    this.ground = style.getPropertyValue("--st-background-color");
    this.noise = packed(data.noise_colour, 150);
    this.slider.max = data.eps.length - 1;
    this.label.textContent = data.label;
    this.slider.setAttribute("aria-label", data.label);
    this.epsBox.style.display = data.eps.length > 1 ? "" : "none";
    this.canvas.setAttribute("aria-label", data.alt);
    const moved = !before || before.push !== data.push;
    const wanted = moved ? data.chosen : before.eps[this.stop_];
    this.stop_ = nearest(data.eps, wanted);
    this.slider.value = this.stop_;
    if (!before) this.show(this.view);
    this.resize();
    this.choose(this.stop_);
  }

  choose(stop) {
    this.stop_ = stop;
    const { eps, lineage, noise, unit } = this.data;
    const groups = lineage[stop].length, share = this.n ? ((100 * noise[stop]) / this.n).toFixed(0) : 0;
    const radius = eps.length > 1 ? `${Number(eps[stop].toPrecision(6))} ${unit}: ` : "";
    const text = `${radius}${groups.toLocaleString("en")} group${groups === 1 ? "" : "s"}, ${share} % noise`;
    this.output.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
    this.request();
  }

  show(view) {
    this.view = view;
    this.zoom = 1;
    this.shift = [0, 0];
    this.projected = false;
    for (const button of this.views.children) button.setAttribute("aria-pressed", button.dataset.view === view);
    this.request();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1, width = this.canvas.parentElement.clientWidth;
    if (!width || !this.data) return;
    const w = Math.round(width * ratio), h = Math.round(this.data.height * ratio);
    if (this.canvas.width === w && this.canvas.height === h) return;
    this.canvas.style.height = `${this.data.height}px`;
    for (const canvas of [this.canvas, this.layer]) [canvas.width, canvas.height] = [w, h];
    this.ratio = ratio;
    this.projected = false;
    this.request();
  }

  request() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (this.data && this.canvas.width) this.draw();
    });
  }

  // Screen place of a point in parsecs, x to the right and y down.
  project(x, y, z) {
    const w = this.canvas.width, h = this.canvas.height;
    if (this.view === "sky") {
      const l = Math.atan2(y, x), b = Math.atan2(z, Math.hypot(x, y));
      const scale = Math.min(w / (2 * Math.PI), h / Math.PI) * 0.98 * this.zoom;
      return [w / 2 - l * scale + this.shift[0], h / 2 - b * scale + this.shift[1]]; // l grows to the left
    }
    const scale = ((0.48 * Math.min(w, h)) / this.data.reach) * this.zoom;
    if (this.view === "above") return [w / 2 - y * scale + this.shift[0], h / 2 - x * scale + this.shift[1]];
    const c = Math.cos(this.turn), s = Math.sin(this.turn);
    const right = c * x - s * y, away = s * x + c * y;
    const up = Math.cos(this.tilt) * away + Math.sin(this.tilt) * z;
    return [w / 2 + right * scale + this.shift[0], h / 2 - up * scale + this.shift[1]];
  }

  draw() {
    const context = this.canvas.getContext("2d"), w = this.canvas.width, h = this.canvas.height;
    if (!this.projected) {
      for (let i = 0; i < this.n; i++) {
        const at = this.project(this.place[3 * i], this.place[3 * i + 1], this.place[3 * i + 2]);
        this.x[i] = at[0];
        this.y[i] = at[1];
      }
      this.projected = true;
    }
    context.clearRect(0, 0, w, h);
    this.drawLines(context);
    const layer = this.layer.getContext("2d"), image = layer.createImageData(w, h);
    const pixels = new Uint32Array(image.data.buffer);
    const offset = this.stop_ * this.n, names = this.data.lineage[this.stop_];
    for (const members of [false, true]) {
      const size = Math.round((members ? MEMBER_PX : NOISE_PX) * this.ratio), back = size >> 1;
      for (let i = 0; i < this.n; i++) {
        const group = this.groups[offset + i];
        if (group >= 0 !== members) continue;
        const colour = members ? this.palette[names[group] % this.palette.length] : this.noise;
        const left = Math.round(this.x[i]) - back, top = Math.round(this.y[i]) - back;
        if (left < 0 || top < 0 || left + size > w || top + size > h) continue;
        for (let row = top; row < top + size; row++) pixels.fill(colour, row * w + left, row * w + left + size);
      }
    }
    layer.putImageData(image, 0, 0);
    context.drawImage(this.layer, 0, 0);
    this.drawNames(context);
    this.canvas.dataset.frames = ++this.frames;
  }

  drawLines(context) {
    this.taken = []; // places of words, so that none is written over another
    context.strokeStyle = context.fillStyle = this.ink;
    context.lineWidth = this.ratio;
    context.font = `${11 * this.ratio}px sans-serif`;
    context.globalAlpha = 0.28;
    if (this.view === "sky") {
      for (let l = -180; l <= 180; l += 30) this.line(context, steps(-90, 90, 5).map((b) => onSky(l === -180 ? -179.99 : Math.min(l, 179.99), b)));
      for (let b = -60; b <= 60; b += 30) this.line(context, steps(-179.9, 179.9, 5).map((l) => onSky(l, b)));
      context.globalAlpha = 0.75;
      for (let l = -150; l <= 150; l += 60) this.word(context, `${(l + 360) % 360}°`, onSky(l, -2.5));
      return;
    }
    for (const radius of this.data.rings) {
      this.line(context, steps(0, 360, 4).map((angle) => [radius * cosd(angle), radius * sind(angle), 0]));
    }
    const end = this.data.reach;
    this.line(context, [[-end, 0, 0], [end, 0, 0]]);
    this.line(context, [[0, -end, 0], [0, end, 0]]);
    context.globalAlpha = 0.75;
    for (const radius of this.data.rings) this.word(context, `${radius} pc`, [radius * cosd(225), radius * sind(225), 0]);
    this.word(context, "Galactic centre ↑", [end * 0.93, 0, 0]);
    this.word(context, "rotation", [0, end * 0.9, 0]);
    context.globalAlpha = 0.5;
    context.lineWidth = 2 * this.ratio;
    context.setLineDash([6 * this.ratio, 5 * this.ratio]);
    for (const arm of this.data.arms) {
      this.line(context, arm.line);
      for (const share of [0.75, 0.5, 0.25, 0.9, 0.1]) {
        const [x, y] = this.project(...arm.line[Math.floor((arm.line.length - 1) * share)]);
        if (this.write(context, `${arm.name} Arm`, x + 4 * this.ratio, y)) break;
      }
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  drawNames(context) {
    context.globalAlpha = 0.95;
    context.fillStyle = this.ink;
    context.font = `600 ${11 * this.ratio}px sans-serif`;
    const size = 4 * this.ratio;
    for (const known of this.data.known) {
      const [x, y] = this.project(known.x, known.y, known.z);
      context.strokeStyle = this.ink;
      context.lineWidth = this.ratio;
      context.strokeRect(x - size / 2, y - size / 2, size, size);
      const width = context.measureText(known.name).width, halo = 3 * this.ratio;
      const base = y + 4 * this.ratio;
      this.write(context, known.name, x + size, base, halo) || this.write(context, known.name, x - size - width, base, halo);
    }
    context.globalAlpha = 1;
  }

  // Writes a word from x on where it covers no other one; whether it did. A halo keeps it readable among stars.
  write(context, text, x, y, halo = 0) {
    const box = [x, y - 11 * this.ratio, x + context.measureText(text).width, y + 3 * this.ratio];
    if (box[0] < 0 || box[2] > this.canvas.width) return false;
    if (this.taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3])) return false;
    this.taken.push(box);
    if (halo) {
      context.strokeStyle = this.ground;
      context.lineWidth = halo;
      context.lineJoin = "round";
      context.strokeText(text, x, y);
    }
    context.fillText(text, x, y);
    return true;
  }

  line(context, points) {
    context.beginPath();
    points.forEach((point, i) => {
      const [x, y] = this.project(...point);
      if (i) context.lineTo(x, y);
      else context.moveTo(x, y);
    });
    context.stroke();
  }

  word(context, text, point) {
    const [x, y] = this.project(...point);
    this.write(context, text, x - context.measureText(text).width / 2, y - 3 * this.ratio);
  }

  starAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) * this.ratio, y = (event.clientY - box.top) * this.ratio;
    let best = -1, least = (REACH_PX * this.ratio) ** 2;
    for (let i = 0; i < this.n; i++) {
      const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      // A member is wanted rather than the noise around it.
      if (distance < least * (this.groups[this.stop_ * this.n + i] >= 0 ? 1 : 0.5)) [best, least] = [i, distance];
    }
    return best;
  }

  watchPointer() {
    let start = null;
    this.canvas.onpointerdown = (event) => {
      start = { x: event.clientX, y: event.clientY, turn: this.turn, tilt: this.tilt, shift: [...this.shift], moved: false };
      this.canvas.setPointerCapture(event.pointerId);
    };
    this.canvas.onpointermove = (event) => {
      if (!start) return this.hover(event);
      const dx = event.clientX - start.x, dy = event.clientY - start.y;
      if (Math.hypot(dx, dy) > 3) start.moved = true;
      if (this.view === "solid") {
        this.turn = start.turn - dx / 150;
        this.tilt = Math.min(Math.max(start.tilt + dy / 150, 0), Math.PI);
      } else this.shift = [start.shift[0] + dx * this.ratio, start.shift[1] + dy * this.ratio];
      this.projected = false;
      this.request();
    };
    this.canvas.onpointerup = (event) => {
      const clicked = start && !start.moved ? this.starAt(event) : -1;
      start = null;
      if (clicked >= 0) this.setTriggerValue("star", String(this.ids[clicked]));
    };
    this.canvas.onpointerleave = () => (this.card.style.display = "none");
    this.canvas.onwheel = (event) => {
      event.preventDefault();
      const box = this.canvas.getBoundingClientRect(), factor = Math.exp(-event.deltaY / 500);
      const zoom = Math.min(Math.max(this.zoom * factor, 0.5), 60), by = zoom / this.zoom;
      const at = [(event.clientX - box.left) * this.ratio - this.canvas.width / 2, (event.clientY - box.top) * this.ratio - this.canvas.height / 2];
      this.shift = this.shift.map((value, i) => at[i] - (at[i] - value) * by);
      this.zoom = zoom;
      this.projected = false;
      this.request();
    };
  }

  hover(event) {
    const star = this.starAt(event);
    this.canvas.classList.toggle("over", star >= 0);
    this.card.style.display = star >= 0 ? "block" : "none";
    if (star < 0) return;
    const [x, y, z] = this.place.subarray(3 * star, 3 * star + 3), group = this.groups[this.stop_ * this.n + star];
    const where = this.data.has_distances ? `${Math.hypot(x, y, z).toFixed(0)} pc\n` : "";
    this.card.textContent = `Gaia DR3 ${this.ids[star]}\n${where}${group < 0 ? "noise" : `group ${group}`}\nclick for the star`;
    const box = this.canvas.getBoundingClientRect(), left = event.clientX - box.left;
    this.card.style.left = `${left > box.width - 220 ? left - 215 : left + 14}px`;
    this.card.style.top = `${Math.min(event.clientY - box.top + 10, box.height - 80)}px`;
  }
}

const cosd = (angle) => Math.cos((angle * Math.PI) / 180), sind = (angle) => Math.sin((angle * Math.PI) / 180);
const onSky = (l, b) => [cosd(l) * cosd(b), sind(l) * cosd(b), sind(b)];
const steps = (low, high, step) => Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);
const nearest = (values, wanted) =>
  values.reduce((best, value, i) => (Math.abs(value - wanted) < Math.abs(values[best] - wanted) ? i : best), 0);

// '#RRGGBB' as the number that a little-endian pixel array holds.
function packed(colour, opacity) {
  const number = parseInt(colour.slice(1), 16);
  return ((opacity << 24) | ((number & 255) << 16) | (number & 0xff00) | (number >> 16)) >>> 0;
}
