// The list of places with their intervals, the controls, and the words round the map.

let rows = [];

function columns() {
  const all = figures(), named = (i) => level().names[i];
  const around = (i) => level().wider.map((units) => units[i]).join(", ");
  return [
    ["name", "Place", named],
    ...(level().wider.length ? [["within", "Within", around]] : []),
    ["median", `Median, ${group().per}`, (i) => all.median[i]],
    ["ratio", `${data.interval} interval`, (i) => ratio(all, i)],
    ["", barTitle(), NOTHING],
    ["count", "People (interval)", (i) => all.count_median[i]],
    ["chance", "Chance above threshold", (i) => chance(all, i)],
    ["kind", "Based on", (i) => all.kind[i]],
    ["cv", "Reliability", (i) => all.cv[i]],
  ];
}

// One scale for all waves, from the intervals that are shown.
function barScale() {
  const waves = group().waves.map((wave) => wave.figures[state.level]);
  const some = (part) => waves.flatMap((all) => all[part].filter((one) => one !== NOTHING));
  const low = some("lower").reduce((a, b) => Math.min(a, b), Infinity);
  const high = some("upper").reduce((a, b) => Math.max(a, b), 0);
  const log = low > 0 && high / low > 30;
  const along = (value) => log ? Math.log(value / low) / Math.log(high / low) : value / (high || 1);
  return { low: log ? low : 0, high, log, along: (value) => `${(2 + 96 * along(value)).toFixed(2)}%` };
}

function barTitle() {
  const { low, high, log } = barScale();
  return `${rate(low)} – ${rate(high)}${log ? " (log scale)" : ""}`;
}

function bar(all, i, scale) {
  const made = make("div", undefined, all.kind[i] === PREDICTED ? "bar predicted" : "bar");
  const line = make("i"), dot = make("b");
  line.style.left = scale.along(all.lower[i]);
  line.style.right = `calc(100% - ${scale.along(all.upper[i])})`;
  dot.style.left = scale.along(all.median[i]);
  made.append(line, dot);
  made.setAttribute("aria-hidden", "true");
  return made;
}

function rowOf(i, all, scale) {
  const row = make("tr"), head = make("th", level().names[i]);
  head.scope = "row";
  row.dataset.i = i;
  row.append(head);
  if (level().wider.length) row.append(make("td", level().wider.map((units) => units[i]).join(", "), "within"));
  row.append(...(all.kind[i] === WITHHELD ? [withheldCell()] : cellsOf(i, all, scale)));
  return row;
}

function withheldCell() {
  const cell = make("td", data.withheld, "withheld");
  cell.colSpan = 7;
  return cell;
}

function cellsOf(i, all, scale) {
  const picture = make("td");
  picture.append(bar(all, i, scale));
  return [
    make("td", rate(all.median[i]), "number"), make("td", interval(all, i), "number"), picture,
    make("td", persons(all, i), "number"), make("td", percent(chance(all, i)), "number chance"),
    make("td", BASED[all.kind[i]], "short"), make("td", reliability(all, i), "short"),
  ];
}

function headOf([key, title]) {
  const head = make("th"), inside = make(key ? "button" : "span", title);
  if (key) {
    inside.type = "button";
    inside.addEventListener("click", () => sortBy(key));
  }
  head.scope = "col";
  head.className = key;
  head.dataset.key = key;
  head.append(inside);
  if (key) head.append(make("span", title, "printed")); // a button is not repeated on the next page
  return head;
}

function list() {
  const all = figures(), scale = barScale(), heads = make("tr");
  heads.append(...columns().map(headOf));
  at("table").tHead.replaceChildren(heads);
  rows = all.kind.map((_, i) => rowOf(i, all, scale));
  arrange();
}

function sortedUnits() {
  const all = figures(), columnOf = (key) => columns().find(([one]) => one === key)?.[2];
  const value = columnOf(state.sort) ?? columnOf("name"), names = level().names, way = state.falling ? -1 : 1;
  const named = state.sort === "name" || state.sort === "within";
  // A withheld unit comes last, whichever way the others are sorted: its place must not tell its figure.
  const last = (i) => !named && all.kind[i] === WITHHELD;
  const compare = (a, b) => typeof a === "string" ? collator.compare(a, b) : a === b ? 0 : a - b;
  const byValue = (a, b) => last(a) ? 0 : way * compare(value(a), value(b));
  const byName = (a, b) => collator.compare(names[a], names[b]) || a - b;
  return rows.map((_, i) => i).sort((a, b) => last(a) - last(b) || byValue(a, b) || byName(a, b));
}

function arrange() {
  const asked = state.query.toLowerCase();
  const matches = (i) => `${level().names[i]} ${level().codes[i] ?? ""} ${within(i)}`.toLowerCase().includes(asked);
  state.order = sortedUnits().filter(matches);
  at("table").tBodies[0].replaceChildren(...state.order.map((i) => rows[i]));
  at("found").textContent = `${wholes.format(state.order.length)} of ${wholes.format(rows.length)}`;
  for (const head of at("table").tHead.querySelectorAll("th")) {
    if (!head.dataset.key || head.dataset.key !== state.sort) head.removeAttribute("aria-sort");
    else head.setAttribute("aria-sort", state.falling ? "descending" : "ascending");
  }
}

function sortBy(key) {
  state.falling = state.sort === key ? !state.falling : false;
  state.sort = key;
  arrange();
}

// --- the whole page ----------------------------------------------------------------------------------------------

function showThreshold() {
  const origin = state.step === group().threshold && group().origin ? ` (${group().origin})` : "";
  at("threshold-text").textContent = `${thresholdWords()}${origin}`;
  at("threshold").setAttribute("aria-valuetext", thresholdWords());
  const found = chance(group().waves[state.wave].figures.at(-1), 0), told = found !== NOTHING && !data.nation_only;
  at("nation-chance").textContent = told ? `Chance of more than ${thresholdWords()}: ${percent(found)}.` : "";
}

function showWords() {
  const words = group().waves[state.wave];
  tip(NOTHING);
  for (const part of ["title", "subtitle", "footnote", "nation"]) at(part).textContent = words[part];
  document.title = words.title;
  at("caption").textContent = data.nation_only ? "Outlines only: no figure is shown for any place" : caption();
}

function showAll() {
  showThreshold();
  showWords();
  if (data.nation_only) return;
  colour();
  list();
  showChosen();
}

function changeThreshold() {
  state.step = Number(at("threshold").value);
  showThreshold();
  if (state.measure === "chance") changeMeasure();
  const all = figures();
  rows.forEach((row, i) => {
    const cell = row.querySelector(".chance");
    if (cell) cell.textContent = percent(chance(all, i));
  });
  if (state.sort === "chance") arrange();
  showChosen();
}

function changeMeasure() {
  showWords();
  colour();
}

function changeGroup() {
  at("threshold").max = group().thresholds.length - 1;
  at("threshold").value = state.step = group().threshold;
  showAll();
}

function changeLevel(number) {
  state.level = number;
  select(NOTHING);
  drawLevel();
  showAll();
}

function offer(id, names, value, change) {
  at(id).replaceChildren(...names.map((name, number) => new Option(name, number, number === value, number === value)));
  at(id).addEventListener("change", () => change(Number(at(id).value)));
  if (names.length < 2) at(id).parentElement.hidden = true;
}

function choose(event) {
  const row = event.target.closest("tr");
  if (row) select(Number(row.dataset.i), { pin: true, say: true, show: true, closer: true });
}

function find(event) {
  if (event.key !== "Enter" || !state.order.length) return;
  select(state.order[0], { pin: true, say: true, show: true, closer: true });
}

function startPage() {
  const levels = data.levels.slice(0, -1).map((one) => capital(one.name));
  offer("group", data.groups.map((one) => one.name), 0, (number) => { state.group = number; changeGroup(); });
  offer("wave", data.waves, state.wave, (number) => { state.wave = number; showAll(); });
  offer("level", levels, 0, changeLevel);
  at("measure").addEventListener("change", () => { state.measure = at("measure").value; changeMeasure(); });
  at("threshold").addEventListener("input", changeThreshold);
  at("controls").addEventListener("submit", (event) => event.preventDefault());
  at("search").addEventListener("input", () => { state.query = at("search").value.trim(); arrange(); });
  at("search").addEventListener("keydown", find);
  at("table").tBodies[0].addEventListener("click", choose);
  startMap();
  changeGroup();
}

startPage();
