// Curves that redraw within a frame while a slider moves (Streamlit makes a new Plotly figure for every change).
// `data`: `readouts`: [{name, value, note}] and `panels`, each with title, caption, x_title, y_title, x, y_range, y_log,
// height, `curves`: [{name, values, colour, dash, low, high, fill}], `marks`: [{x, label, lane, colour}] (dotted verticals
// with a label in one of the lanes at the top).

const LANE_PX = 15;

function theme(element) {
  const style = getComputedStyle(element);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  return {
    text: read("--st-text-color", "#172033"),
    grid: read("--st-border-color", "#D5DCE6"),
    font: `12px ${read("--st-font", "sans-serif")}`,
  };
}

// uPlot wants one row per curve; a band needs its two edges as curves of their own.
function rows(data) {
  const shown = (values) => (data.y_log ? values.map((v) => (v > 0 ? v : null)) : values);
  const all = [data.x];
  for (const curve of data.curves) {
    if (curve.low) all.push(shown(curve.high), shown(curve.low));
    all.push(shown(curve.values));
  }
  return all;
}

function seriesAndBands(data) {
  const series = [{ label: data.x_title, value: (_, v) => (v == null ? "–" : v.toFixed(0)) }];
  const bands = [];
  for (const curve of data.curves) {
    if (curve.low) {
      bands.push({ series: [series.length, series.length + 1], fill: curve.fill });
      for (const edge of ["high", "low"]) {
        series.push({ label: `${curve.name}, ${edge}`, stroke: "transparent", points: { show: false }, width: 0 });
      }
    }
    series.push({
      label: curve.name,
      stroke: curve.colour,
      width: curve.dash ? 1.5 : 2,
      dash: curve.dash ? [6, 5] : undefined,
      points: { show: false },
      value: (_, v) => (v == null ? "–" : v.toPrecision(4)),
    });
  }
  return { series, bands };
}

// Ticks of a logarithmic axis: uPlot's own would draw a line at every 2, 3, 4 ... as well.
function decades(_plot, _axis, low, high) {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  return Array.from({ length: Math.floor(Math.log10(high)) - first + 1 }, (_, i) => Number((10 ** (first + i)).toPrecision(1)));
}

function drawMarks(plot, data, colours) {
  const { ctx, bbox } = plot;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.font = colours.font.replace("12px", `${11 * scale}px`);
  ctx.textAlign = "center";
  ctx.lineWidth = scale;
  const ends = {}; // right edge of the last label of each lane: one that would lie on it is left out, its line stays
  for (const mark of data.marks ?? []) {
    const x = plot.valToPos(mark.x, "x", true);
    const top = bbox.top + (mark.lane + 1) * LANE_PX * scale;
    ctx.strokeStyle = mark.colour;
    ctx.globalAlpha = 0.7;
    ctx.setLineDash([2 * scale, 3 * scale]);
    ctx.beginPath();
    ctx.moveTo(x, top + 3 * scale);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.fillStyle = colours.text;
    const half = ctx.measureText(mark.label).width / 2;
    if (x - half > (ends[mark.lane] ?? -Infinity) + 3 * scale) {
      ctx.fillText(mark.label, x, top);
      ends[mark.lane] = x + half;
    }
  }
  ctx.restore();
}

function build(element, data, width) {
  const colours = theme(element);
  const axis = { stroke: colours.text, font: colours.font, labelFont: colours.font, grid: { stroke: colours.grid, width: 1 },
    ticks: { stroke: colours.grid, width: 1 } };
  const { series, bands } = seriesAndBands(data);
  const options = {
    width,
    height: data.height,
    series,
    bands,
    scales: {
      x: { time: false, range: [data.x[0], data.x[data.x.length - 1]] },
      y: { distr: data.y_log ? 3 : 1, range: () => element.liveRange },
    },
    axes: [
      { ...axis, label: data.x_title, labelSize: 22 },
      { ...axis, label: data.y_title, labelSize: 22, size: 52, ...(data.y_log && { splits: decades }) },
    ],
    cursor: { drag: { x: true, y: false } },
    legend: { live: true },
    hooks: { drawAxes: [(plot) => drawMarks(plot, element.liveData, colours)] },
  };
  const plot = new uPlot(options, rows(data), element.querySelector(".plot"));
  plot.root.querySelectorAll(".u-series").forEach((row, i) => { row.hidden = series[i].stroke === "transparent"; });
  return plot;
}

// What cannot be changed in place: then the plot is made anew.
function shape(data, colours) {
  const curves = data.curves.map((curve) => [curve.name, curve.colour, curve.dash, Boolean(curve.low)]);
  return JSON.stringify([data.x_title, data.y_title, data.y_log, data.height, data.x.length, curves, colours]);
}

function newFrame() {
  const frame = document.createElement("figure");
  frame.className = "frame";
  for (const part of ["title", "plot", "caption"]) {
    const child = document.createElement(part === "caption" ? "figcaption" : "div");
    child.className = part;
    frame.append(child);
  }
  frame.querySelector(".plot").setAttribute("role", "img");
  new ResizeObserver(() => {
    const width = Math.max(frame.clientWidth, 200);
    if (frame.livePlot && frame.livePlot.width !== width) frame.livePlot.setSize({ width, height: frame.liveData.height });
  }).observe(frame);
  return frame;
}

function draw(frame, data) {
  frame.querySelector(".title").textContent = data.title;
  frame.querySelector(".caption").textContent = data.caption;
  frame.querySelector(".plot").setAttribute("aria-label", data.caption);
  frame.liveData = data;
  frame.liveRange = data.y_range;
  const wanted = shape(data, theme(frame));
  if (frame.livePlot && frame.liveShape === wanted) {
    frame.livePlot.setData(rows(data));
  } else {
    frame.livePlot?.destroy();
    frame.livePlot = build(frame, data, Math.max(frame.clientWidth, 200));
    frame.liveShape = wanted;
  }
  frame.dataset.drawn = data.title;
}

function showReadouts(list, readouts) {
  list.hidden = !readouts.length;
  list.replaceChildren(...readouts.map(({ name, value, note }) => {
    const entry = document.createElement("div");
    for (const [tag, text] of [["dt", name], ["dd", value], ["dd", note]]) {
      if (!text) continue;
      const part = document.createElement(tag);
      part.textContent = text;
      if (tag === "dd" && text === note) part.className = "note";
      entry.append(part);
    }
    return entry;
  }));
}

export default function (component) {
  const { data, parentElement } = component;
  showReadouts(parentElement.querySelector(".readouts"), data.readouts);
  const panels = parentElement.querySelector(".panels");
  while (panels.children.length > data.panels.length) panels.lastChild.remove();
  while (panels.children.length < data.panels.length) panels.append(newFrame());
  data.panels.forEach((panel, i) => draw(panels.children[i], panel));
}
