"use strict";
// Fills the shell at /js/... from the document at /api/...; `data-settled` on <main> says that no more will come.

const main = document.querySelector("main");

function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function time(name, instant) {
  return make("time", { class: name, datetime: instant.at }, instant.text);
}

function head(corner, columns) {
  const cells = columns.map((column) => make("th", { scope: "col" }, column));
  return make("thead", {}, make("tr", {}, ...corner, ...cells));
}

function table(name, caption, columns, rows) {
  const lines = rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))));
  main.append(make("table", { class: name }, make("caption", {}, caption), head([], columns), make("tbody", {}, ...lines)));
}

function heading(meeting, race) {
  const line = make("p", {}, make("b", { class: "track-name" }, meeting.name), " ", make("span", { class: "track-code" }, meeting.code));
  line.append(" ", time("race-date", meeting.date));
  if (race) line.append(" Race ", make("span", { class: "race-number" }, race.number));
  main.append(line);
}

function facts(race, odds) {
  const line = make("p", {}, "Post time ", time("post-time", race.post), " ", make("span", { class: "mtp" }, race.mtp));
  line.append(" ", make("span", { class: "status" }, race.status), " ", make("span", { class: "surface" }, race.surface));
  line.append(" Odds as of ");
  line.append(odds.as_of ? time("as-of", odds.as_of) : "-", " Board ", make("span", { class: "board" }, odds.board));
  main.append(make("h1", { class: "race-name" }, race.name), line);
}

function matrix(exacta) {
  if (!exacta.rows.length) return;
  const rows = exacta.rows.map(([label, cells]) =>
    make("tr", {}, make("th", { scope: "row" }, label), ...cells.map((cell) => make("td", {}, cell))));
  main.append(
    make("p", {}, "Probable pay-outs for a ", make("span", { class: "base" }, exacta.base), " exacta: the column runs first."),
    make("p", {}, "Scratched: ", make("span", { class: "scratched" }, exacta.scratched.join(", ") || "none")),
    make("table", { class: "matrix" }, head([make("th", {}, "2nd \\ 1st")], exacta.columns), make("tbody", {}, ...rows)));
}

function results(found) {
  if (found.finishers.length) table("finish", "Order of finish", ["Position", "No.", "Horse", "Jockey"], found.finishers);
  if (found.payoffs.length) table("payoffs", "Pay-offs", ["Bet", "Combination", "Base", "Pays"], found.payoffs);
}

function card(races) {
  if (!races.length) {
    main.append(make("p", { class: "no-racing" }, "No racing on this date."));
    return;
  }
  const rows = races.map((race) => [race.number, race.name, time("", race.post), race.status, race.surface]);
  table("card", `${races.length} races`, ["Race", "Conditions", "Post time", "Status", "Surface"], rows);
}

function draw(found) {
  heading(found.meeting, found.race);
  if (!found.race) {
    card(found.races);
    return;
  }
  facts(found.race, found.odds);
  table("entries", `${found.entries.rows.length} entries`, found.entries.columns, found.entries.rows);
  table("odds", `${found.odds.rows.length} betting interests`, found.odds.columns, found.odds.rows);
  table("pools", "Pools", ["Pool", "Total"], found.odds.pools);
  matrix(found.exacta);
  results(found.results);
}

async function load() {
  const answer = await fetch(location.pathname.replace("/js/", "/api/"));
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  draw(await answer.json());
}

load()
  .catch((error) => main.append(make("p", { class: "failed" }, `This board could not be loaded: ${error.message}`)))
  .finally(() => main.setAttribute("data-settled", ""));
