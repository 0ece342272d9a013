// Odds over time: a step for each board, on a log scale. The numbers are those of /api/v1/races/{id}/odds.

const STEPS = [1.1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1000, 5000, 20000, 100000];
const LABEL_GAP_PX = 26;
const COALESCE_MS = 300;
const DASHED_FROM = 8; // so many lines can be told apart by colour alone

const dark = matchMedia("(prefers-color-scheme: dark)");
let plot = null;
let drawn = "";
let known = null;
let etag = null;
let timer = null;
let loading = false;
let again = false;

function card() {
  return document.getElementById("chart-card");
}

function box() {
  return document.getElementById("chart");
}

function css(name, of = document.documentElement) {
  return getComputedStyle(of).getPropertyValue(name).trim();
}

// --- What was asked -> columns: instants, and what stood at each ---------------------------------------------------------

function instantsOf(series) {
  const found = new Set();
  for (const one of series) {
    for (const point of one.points) found.add(Date.parse(point.at));
    if (one.looked_at) found.add(Date.parse(one.looked_at));
  }
  return [...found].sort((a, b) => a - b);
}

// A price stands until the next one, and the last one until the source was last looked at.
function standing(one, instants) {
  const until = one.looked_at ? Date.parse(one.looked_at) : Infinity;
  const [prices, texts] = [[], []];
  let next = 0;
  let now = null;
  for (const at of instants) {
    while (next < one.points.length && Date.parse(one.points[next].at) <= at) now = one.points[next++];
    const shown = at <= until && now !== null && now.decimal !== null;
    prices.push(shown ? now.decimal : null);
    texts.push(shown ? `${now.text} (${now.decimal})` : (now?.text ?? "-"));
  }
  return { prices, texts };
}

function table(answer) {
  const instants = instantsOf(answer.series);
  const ways = answer.series.map((one) => ({ ...one, ...standing(one, instants) }));
  return { instants, ways };
}

// --- How it looks --------------------------------------------------------------------------------------------------------

// The colour of the cloth in the table of runners; elsewhere colours that lie far apart.
function thread(label, place) {
  const rows = [...document.querySelectorAll("[data-label]")];
  const cloth = rows.find((row) => row.dataset.label === label)?.querySelector(".cloth");
  const told = cloth ? css("--thread", cloth) : "";
  return told || `hsl(${Math.round(place * 137.5) % 360} 65% ${dark.matches ? 68 : 33}%)`;
}

function seriesOf(way, place) {
  return {
    label: way.label,
    scale: "odds",
    stroke: thread(way.label, place),
    width: 2,
    dash: place >= DASHED_FROM ? [6, 4] : undefined,
    paths: window.uPlot.paths.stepped({ align: 1 }),
    points: { show: false },
    value: (_, __, number, index) => known.ways[number - 1].texts[index ?? known.instants.length - 1] ?? "-",
  };
}

// Of the usual odds those that have room.
function splits(chart, _axis, low, high) {
  const perPixel = Math.log(high / low) / Math.max(1, chart.bbox.height / devicePixelRatio);
  const found = [];
  for (const step of STEPS.filter((one) => one >= low && one <= high)) {
    if (!found.length || Math.log(step / found.at(-1)) / perPixel >= LABEL_GAP_PX) found.push(step);
  }
  return found;
}

function marks(chart) {
  const { post, off } = card().dataset;
  for (const [text, at] of [["post", post], ["off", off]]) {
    const seconds = Number(at) / 1000;
    if (!at || seconds < chart.scales.x.min || seconds > chart.scales.x.max) continue;
    mark(chart, text, Math.round(chart.valToPos(seconds, "x", true)));
  }
}

function mark(chart, text, x) {
  const { ctx, bbox } = chart;
  const off = text === "off";
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = css(off ? "--up" : "--dim");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(off ? [] : [4 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  ctx.textAlign = off ? "left" : "right";
  ctx.fillText(text, x + (off ? 4 : -4) * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
  ctx.restore();
}

function options(ways, width) {
  const [ink, line, zone] = [css("--dim"), css("--line"), card().dataset.timezone];
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  return {
    width,
    height: width < 600 ? 260 : 340,
    tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), zone),
    scales: {
      x: { time: true },
      odds: { distr: 3, log: 2, range: (_, low, high) => (low === null ? [1, 100] : [Math.max(1.01, low / 1.08), high * 1.08]) },
    },
    axes: [
      { ...axis, space: 90, values: [[60, "{HH}:{mm}", ...Array(6).fill(null), 1], [1, "{HH}:{mm}:{ss}", ...Array(6).fill(null), 1]] },
      { ...axis, scale: "odds", size: 52, splits, filter: (_, found) => found, values: (_, found) => found.map(String) },
    ],
    series: [{ label: "time", value: "{HH}:{mm}:{ss}" }, ...ways.map(seriesOf)],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    hooks: { draw: [marks] },
  };
}

// A legend's line is also a switch: by the keyboard too.
function switches(chart) {
  for (const head of chart.root.querySelectorAll(".u-legend .u-series:not(:first-child) th")) {
    head.tabIndex = 0;
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      head.click();
    });
  }
}

// --- Drawing -------------------------------------------------------------------------------------------------------------

function labels(ways) {
  return ways.map((way) => way.label).join("\n");
}

// The same lines go on where they are: neither the cursor nor the focus is lost.
function draw({ instants, ways }, anew) {
  const data = [instants.map((at) => at / 1000), ...ways.map((way) => way.prices)];
  if (plot !== null && !anew && labels(ways) === drawn) {
    plot.setData(data);
    return;
  }
  const hidden = new Set(plot?.series.filter((one) => one.show === false).map((one) => one.label));
  plot?.destroy();
  plot = new window.uPlot(options(ways, box().clientWidth), data, box());
  drawn = labels(ways);
  plot.series.forEach((one, place) => hidden.has(one.label) && plot.setSeries(place, { show: false }));
  const wrap = plot.root.querySelector(".u-wrap");
  wrap.setAttribute("role", "img");
  wrap.setAttribute("aria-label", `Odds over time of ${ways.length} betting interests; the table of runners says the same.`);
  switches(plot);
}

function nothing(text) {
  plot?.destroy();
  plot = null;
  const told = document.createElement("p");
  told.className = "empty";
  told.textContent = text;
  box().replaceChildren(told);
}

function show(anew = false) {
  if (known === null || box() === null) return;
  if (known.instants.length < 2) {
    nothing("The odds have not moved yet: there is one board.");
    return;
  }
  if (plot === null) box().replaceChildren();
  draw(known, anew);
}

async function load() {
  timer = null;
  const asked = card()?.dataset.odds;
  if (!asked) return;
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  try {
    const answer = await fetch(asked, { headers: { Accept: "application/json" }, cache: "no-cache" });
    const made = `${asked} ${answer.headers.get("ETag")}`;
    if (answer.ok && made !== etag) {
      known = table(await answer.json());
      etag = made;
      show();
    }
  } catch {
    if (known === null) nothing("The odds could not be fetched. They will be asked for again.");
  }
  loading = false;
  if (again) {
    again = false;
    loadSoon();
  }
}

function loadSoon() {
  timer ??= setTimeout(load, COALESCE_MS);
}

function ofThisRace(detail) {
  const race = detail?.data?.race_id;
  return race === undefined || race === null || String(race) === card()?.dataset.race;
}

document.addEventListener("board:news", (event) => ofThisRace(event.detail) && loadSoon());
document.addEventListener("board:morphed", loadSoon); // another market may be shown, and the first odds may have come
dark.addEventListener("change", () => show(true));
if (box()) new ResizeObserver(() => plot?.setSize({ width: box().clientWidth, height: plot.height })).observe(box());
load();
