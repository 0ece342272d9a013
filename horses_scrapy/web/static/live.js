// Keeps a page as new as the database. The page is whole without it: it fetches the same page again and morphs <main>.
//
// <body data-stream="/api/v1/stream?race=12">  again when an event comes
// <body data-refresh="10">                     again every 10 s
// data-keep (with an id)                       left alone: a chart
// data-key, data-value                         marked when the value has moved
// <time data-countdown="epoch-ms">             counts down to the post
// Tells document: board:news (detail: {kind, id, data}), board:morphed.

const COALESCE_MS = 150;
const FLASH_MS = 2000;
const AGAIN_MS = [2000, 5000, 15000, 30000];
const KINDS = ["board", "change", "alert", "reset"];

const root = document.documentElement;
const body = document.body;

// --- The application's clock: it may run faster than the real one -----------------------------------------------------

const clock = { at: Number(root.dataset.now), rate: Number(root.dataset.rate) || 1, read: Date.now() };

export function now() {
  return clock.at + (Date.now() - clock.read) * clock.rate;
}

function setClock(at, rate) {
  Object.assign(clock, { at, rate, read: Date.now() });
}

// A page may have been kept for ten seconds, a stream's word is of now: where there is a stream, it alone tells the time.
function correctClock(page) {
  if (!greetings) setClock(Number(page.dataset.now), Number(page.dataset.rate) || 1);
}

// --- Countdowns --------------------------------------------------------------------------------------------------------

function two(number) {
  return String(number).padStart(2, "0");
}

function clockText(seconds) {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

function toPost(ms) {
  if (ms <= 0) return `+${clockText(Math.floor(-ms / 1000))} past post`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds} s to post`;
  if (seconds < 36_000) return `${clockText(seconds)} to post`;
  return null; // tomorrow's race: the time of day says more
}

function count() {
  const at = now();
  for (const each of document.querySelectorAll("[data-countdown]")) {
    const text = each.dataset.countdown === "" ? null : toPost(Number(each.dataset.countdown) - at);
    if (text === null || text === each.textContent) continue;
    each.textContent = text;
  }
}

// --- What has moved ----------------------------------------------------------------------------------------------------

const flashing = new Map(); // data-key -> [class, until]

function values() {
  const found = new Map();
  for (const each of document.querySelectorAll("main [data-key]")) found.set(each.dataset.key, each.dataset.value);
  return found;
}

// Also those that still flash: the morph took their class, and given again before the next frame it goes on.
function flash(before) {
  const at = performance.now();
  for (const each of document.querySelectorAll("main [data-key]")) {
    const key = each.dataset.key;
    const [was, is] = [before.get(key), each.dataset.value];
    if (was && is && Number(was) !== Number(is)) {
      flashing.set(key, [Number(is) > Number(was) ? "moved-up" : "moved-down", at + FLASH_MS]);
    }
    const [name, until] = flashing.get(key) ?? [null, 0];
    if (until > at) each.classList.add(name);
  }
  for (const [key, [, until]] of flashing) if (until <= at) flashing.delete(key);
}

// --- The morph ---------------------------------------------------------------------------------------------------------

const FIELDS = "input, select, textarea";

// What somebody is at, or has filled in. (Idiomorph's ignoreActiveValue would also keep a focused table old.)
function typed(node) {
  if (node === document.activeElement && node.matches(FIELDS)) return true;
  if (node instanceof HTMLSelectElement) return [...node.options].some((one) => one.selected !== one.defaultSelected);
  if (node instanceof HTMLInputElement && ["checkbox", "radio"].includes(node.type)) {
    return node.checked !== node.defaultChecked;
  }
  if (node instanceof HTMLInputElement || node instanceof HTMLTextAreaElement) return node.value !== node.defaultValue;
  return false;
}

const OURS = {
  beforeNodeMorphed: (old) => !(old instanceof Element && (old.hasAttribute("data-keep") || typed(old))),
  beforeAttributeUpdated: (name, node) => !(name === "open" && node instanceof HTMLDetailsElement),
};

function morph(page) {
  const focused = document.activeElement;
  const before = values();
  const fresh = page.querySelector("main").childNodes;
  window.Idiomorph.morph(document.querySelector("main"), fresh, { morphStyle: "innerHTML", callbacks: OURS });
  if (document.title !== page.title) document.title = page.title;
  correctClock(page.documentElement);
  count();
  flash(before);
  if (focused?.id && document.activeElement !== focused) document.getElementById(focused.id)?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("board:morphed"));
}

// --- Fetching the page again -------------------------------------------------------------------------------------------

let etag = null;
let wanted = false;
let fetching = false;
let timer = null;

function refreshSoon(ms = COALESCE_MS) {
  wanted = true;
  if (document.hidden || fetching) return; // taken up when that is over
  timer ??= setTimeout(refresh, ms);
}

async function refresh() {
  clearTimeout(timer);
  timer = null;
  if (fetching) return;
  wanted = false;
  fetching = true;
  let wait = COALESCE_MS;
  try {
    const answer = await fetched();
    if (answer) wait = await take(answer);
  } finally {
    fetching = false;
  }
  if (wanted) refreshSoon(wait);
}

// Null where the network failed: whoever asked asks again.
async function fetched() {
  try {
    return await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
  } catch {
    say("reconnecting");
    return null;
  }
}

// Milliseconds until the next may be asked for.
async function take(answer) {
  const url = new URL(answer.url);
  if (answer.status === 401 || (answer.redirected && url.pathname === "/login")) {
    const next = encodeURIComponent(location.pathname + location.search);
    location.assign(url.pathname === "/login" ? url.href : `/login?next=${next}`);
  } else if (answer.status === 429 || answer.status === 503) {
    wanted = true;
    return 1000 * (Number(answer.headers.get("Retry-After")) || 5);
  } else if (answer.ok && answer.headers.get("ETag") !== (etag ?? "")) {
    etag = answer.headers.get("ETag");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (page.querySelector("main")) morph(page);
  }
  if (answer.ok && !body.dataset.stream) say("live");
  return COALESCE_MS;
}

// --- Events ------------------------------------------------------------------------------------------------------------

const state = document.getElementById("link-state");
const spoken = document.createElement("div"); // for screen readers: alerts, and nothing that moves every second
spoken.className = "unseen";
spoken.setAttribute("aria-live", "polite");
body.append(spoken);

let source = null;
let greetings = 0;
let failures = 0;
let retry = null;

function say(which) {
  const text = which === "live" ? "live" : "reconnecting …";
  if (state && state.textContent !== text) state.textContent = text;
}

function open() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource(body.dataset.stream);
  source.addEventListener("hello", greeted);
  for (const kind of KINDS) source.addEventListener(kind, heard);
  source.addEventListener("error", failed);
}

// What was committed between the page and the stream came with no event.
function greeted(event) {
  failures = 0;
  greetings += 1;
  const told = JSON.parse(event.data);
  setClock(Date.parse(told.now), told.rate);
  say("live");
  refreshSoon(0);
}

function heard(event) {
  const data = JSON.parse(event.data);
  if (event.type === "alert") spoken.textContent = data.message;
  document.dispatchEvent(new CustomEvent("board:news", { detail: { kind: event.type, id: event.lastEventId, data } }));
  refreshSoon();
}

// A browser tries again by itself, but for an answer that is no stream: 401, 429, 503.
function failed() {
  say("reconnecting");
  if (source.readyState !== EventSource.CLOSED) return;
  retry = setTimeout(open, AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)]);
  refreshSoon(); // finds out whether a login is asked for
}

// --- Out of sight nothing is asked, and the stream is closed: a browser keeps no more than six connections to a host --------

function wake() {
  if (body.dataset.stream) open();
  else if (body.dataset.refresh || wanted) refreshSoon(0);
  count();
}

function sleep() {
  clearTimeout(retry);
  clearTimeout(timer);
  timer = null;
  source?.close();
  source = null;
}

function seen() {
  if (document.hidden) sleep();
  else wake();
}

document.addEventListener("visibilitychange", seen);
window.addEventListener("pagehide", sleep);
window.addEventListener("pageshow", (event) => event.persisted && seen());
setInterval(count, 250); // a second that ends is seen soon
count();
if (body.dataset.refresh) setInterval(refreshSoon, 1000 * Number(body.dataset.refresh));
if (body.dataset.refresh && !body.dataset.stream) say("live");
if (body.dataset.stream && !document.hidden) open();
