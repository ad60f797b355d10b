// Draws the figures beside it: drag to zoom, double click for all of it, a name hides its line.
(() => {
  const figure = document.currentScript.parentElement;
  const data = JSON.parse(figure.querySelector("script").textContent);
  const W = 960, H = 360, left = 64, right = 8, top = 8, bottom = 28;
  const N = data.x.length;
  let from = 0, to = N - 1;
  const make = (name, attributes, parent) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) node.setAttribute(key, attributes[key]);
    return parent.appendChild(node);
  };
  figure.querySelector("figcaption").textContent = data.title;
  const names = figure.appendChild(document.createElement("div"));
  names.className = "names";
  const svg = make("svg", {viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": data.title}, figure);
  const said = figure.appendChild(document.createElement("div"));
  said.className = "said";
  const hint = "Drag over dates to zoom, double click to see all, press a name to hide or show it.";
  said.textContent = hint;

  for (const line of data.lines) {
    const button = names.appendChild(document.createElement("button"));
    button.textContent = line.name + (line.level ? `, ${line.level} %` : "");
    button.style.setProperty("--colour", line.colour);
    button.setAttribute("aria-pressed", line.on);
    button.onclick = () => {
      line.on = !line.on;
      button.setAttribute("aria-pressed", line.on);
      draw();
    };
  }

  const place = i => left + (W - left - right) * (to > from ? (i - from) / (to - from) : 0.5);
  const index = event => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * W;
    const i = Math.round(from + (x - left) / (W - left - right) * (to - from));
    return Math.min(to, Math.max(from, i));
  };
  const short = v => v === null ? "" : v.toLocaleString("en", {maximumSignificantDigits: 4});

  function draw() {
    svg.replaceChildren();
    const shown = data.lines.filter(line => line.on);
    const seen = shown.flatMap(l => [l.y, ...(l.band || [])]).flatMap(y => y.slice(from, to + 1));
    const values = seen.filter(v => v !== null);
    let low = Math.min(0, ...values), high = Math.max(...values, low + 1e-9);
    const size = 10 ** Math.floor(Math.log10((high - low) / 4));
    const step = [1, 2, 5, 10].map(k => k * size).find(s => (high - low) / s <= 6);
    const height = v => top + (H - top - bottom) * (1 - (v - low) / (high - low));
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) {
      make("line", {x1: left, x2: W - right, y1: height(v), y2: height(v), stroke: "#e4e7eb"}, svg);
      make("text", {x: left - 6, y: height(v) + 4, "text-anchor": "end"}, svg).textContent = short(v);
    }
    const ticks = Math.min(6, to - from + 1);
    for (let k = 0; k < ticks; ++k) {
      const i = Math.round(from + (to - from) * (ticks > 1 ? k / (ticks - 1) : 0));
      const anchor = k === 0 ? "start" : k === ticks - 1 ? "end" : "middle";
      make("text", {x: place(i), y: H - 8, "text-anchor": anchor}, svg).textContent = data.x[i];
    }
    // A forecast's line ends with it; that of the sales goes on.
    const broken = (line, i) => line.name !== "sales" && several && data.cutoff[i] !== data.cutoff[i - 1];
    const path = (line, y) => {
      let text = "", pen = false;
      for (let i = from; i <= to; ++i) {
        if (y[i] === null) { pen = false; continue; }
        text += `${pen && !broken(line, i) ? "L" : "M"}${place(i).toFixed(1)} ${height(y[i]).toFixed(1)}`;
        pen = true;
      }
      return text;
    };
    for (const line of shown) if (line.band)
      for (let i = from; i < to; ++i) {
        const [lo, hi] = line.band;
        if ([lo[i], lo[i + 1]].includes(null) || broken(line, i + 1)) continue;
        const corners = [[i, lo[i]], [i + 1, lo[i + 1]], [i + 1, hi[i + 1]], [i, hi[i]]];
        make("polygon", {points: corners.map(([x, v]) => `${place(x)},${height(v)}`).join(" "),
                         fill: line.colour, "fill-opacity": 0.15}, svg);
      }
    for (const line of shown)
      make("path", {d: path(line, line.y), fill: "none", stroke: line.colour, "data-name": line.name,
                    "stroke-width": line.name === "sales" ? 2 : 1.4}, svg);
  }
  const several = data.cutoff.some((c, i) => i && c === data.cutoff[i - 1]);

  let start = null;
  svg.onpointerdown = event => { start = index(event); };
  svg.onpointermove = event => {
    const i = index(event);
    said.textContent = [data.x[i], ...data.lines.filter(l => l.on && l.y[i] !== null)
      .map(l => `${l.name} ${short(l.y[i])}`)].join(" · ");
    svg.querySelectorAll(".mark").forEach(node => node.remove());
    const [a, b] = start === null ? [i, i] : [Math.min(start, i), Math.max(start, i)];
    make("rect", {class: "mark", x: place(a), y: top, width: Math.max(1, place(b) - place(a)),
                  height: H - top - bottom, fill: "#616e7c", "fill-opacity": 0.3}, svg);
  };
  svg.onpointerup = event => {
    const i = index(event);
    if (start !== null && Math.abs(i - start) > 1) [from, to] = [Math.min(start, i), Math.max(start, i)];
    start = null;
    draw();
  };
  svg.onpointerleave = () => { start = null; said.textContent = hint; draw(); };
  svg.ondblclick = () => { [from, to] = [0, N - 1]; draw(); };
  draw();
})();
