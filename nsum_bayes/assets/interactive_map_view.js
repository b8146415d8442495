// The map: shapes and their colours, zoom, the selected place, pointer and keys.

const svg = at("map"), stage = at("stage");
const CLOSEST = 80, STEP = 1.6, STILL = 5;
const PATTERNS = ["dots", "hatch", "withheld"];
const view = { k: 1, x: 0, y: 0, wide: 1, high: 1, fit: 1 };
const drawn = new Map();

// Those on the map are scaled against its zoom, those of the legend are not.
for (const id of PATTERNS) {
  const copy = at(id).cloneNode(true);
  copy.id = `key-${id}`;
  at(id).after(copy);
}

function layer() {
  if (!drawn.has(state.level)) {
    const paths = level().paths.map((d, i) => draw("path", { d, class: "unit", "data-i": i, "fill-rule": "evenodd" }));
    drawn.set(state.level, paths);
  }
  return drawn.get(state.level);
}

function drawLevel() {
  if (!data.frame) return;
  const outlines = () => [draw("path", { d: data.frame.outlines, class: "outline" })];
  at("units").replaceChildren(...(data.nation_only ? outlines() : layer()));
  const wider = data.frame.lines.slice(data.nation_only ? 0 : state.level);
  const line = (d, step) => draw("path", { d, class: "line", style: `--heavier: ${1 + 0.9 * step}` });
  at("lines").replaceChildren(...wider.map(line));
}

function colour() {
  const all = figures(), { limits, colours } = classes(), counts = colours.map(() => 0);
  const marked = { predicted: [], unreliable: [] }, paths = layer();
  all.kind.forEach((kind, i) => {
    const member = classOf(shownValue(all, i), limits);
    if (member >= 0) counts[member] += 1;
    if (kind === PREDICTED) marked.predicted.push(i);
    if (isUnreliable(all, i)) marked.unreliable.push(i);
    if (!paths[i]) return;
    paths[i].setAttribute("fill", kind === WITHHELD ? "url(#withheld)" : member < 0 ? "#fff" : colours[member]);
    paths[i].classList.toggle("predicted", kind === PREDICTED);
    paths[i].dataset.class = member;
  });
  for (const [name, units] of Object.entries(marked)) {
    at(`${name}-marks`).setAttribute("d", units.map((i) => level().paths[i] ?? "").join(""));
  }
  showLegend(counts, marked, all.kind.filter((kind) => kind === WITHHELD).length);
}

function showLegend(counts, marked, withheld) {
  const { colours, labels } = classes(), items = [];
  const key = (fills, text, count) => {
    const item = make("span", undefined, "key"), swatch = draw("svg", { "aria-hidden": "true" });
    for (const fill of fills) swatch.append(draw("rect", { width: "100%", height: "100%", fill }));
    item.append(swatch, `${text} (${wholes.format(count)})`);
    items.push(item);
  };
  const unit = state.measure === "chance" ? " %" : "", plain = "#cfd8dc", unsure = marked.unreliable.length;
  colours.forEach((fill, number) => key([fill], `${labels[number]}${unit}`, counts[number]));
  if (marked.predicted.length) key([plain, "url(#key-dots)"], "Predicted by the model", marked.predicted.length);
  if (unsure) key([plain, "url(#key-hatch)"], `Unreliable: coefficient of variation above ${data.caution_cv}`, unsure);
  if (withheld) key(["url(#key-withheld)"], capital(data.withheld), withheld);
  const counted = level().name === "area" ? "areas" : `units of level ${level().name}`;
  at("legend").replaceChildren(make("p", `${caption()}; in brackets the number of ${counted}`), ...items);
}

// --- zoom --------------------------------------------------------------------------------------------------------

function place() {
  const scale = view.fit * view.k;
  at("view").setAttribute("transform", `translate(${view.x} ${view.y}) scale(${scale})`);
  for (const id of PATTERNS) at(id).setAttribute("patternTransform", `scale(${1 / scale})`);
  stage.classList.toggle("closer", view.k > 1);
  // Where units are small on the screen, borders and patterns must not bury their colours.
  const side = Math.sqrt(data.frame.width * data.frame.height / Math.max(level().names.length, 100)) * scale;
  svg.style.setProperty("--thin", Math.min(0.6, Math.max(0.15, side / 120)));
  svg.style.setProperty("--marks", side < 40 ? 0.55 : 1);
}

function clamped(position, length, room) {
  if (length <= room) return (room - length) / 2;
  return Math.min(room * 0.3, Math.max(room * 0.7 - length, position));
}

function moveTo(x, y, k = view.k) {
  const scale = view.fit * k;
  view.k = k;
  view.x = clamped(x, data.frame.width * scale, view.wide);
  view.y = clamped(y, data.frame.height * scale, view.high);
  requestAnimationFrame(place);
}

function zoomAt(x, y, factor) {
  const k = Math.min(CLOSEST, Math.max(1, view.k * factor)), by = k / view.k;
  tip(NOTHING);
  moveTo(x - (x - view.x) * by, y - (y - view.y) * by, k);
}
const zoomMiddle = (factor) => zoomAt(view.wide / 2, view.high / 2, factor);

function fit() {
  view.wide = svg.clientWidth || 1;
  view.high = svg.clientHeight || 1;
  svg.setAttribute("viewBox", `0 0 ${view.wide} ${view.high}`);
  view.fit = 0.96 * Math.min(view.wide / data.frame.width, view.high / data.frame.height);
  moveTo(view.x, view.y);
}

function reveal(i, closer) {
  if (!data.frame || !level().paths[i]) return;
  const box = layer()[i].getBBox(), extent = Math.max(box.width, box.height, 1);
  const middle = [box.x + box.width / 2, box.y + box.height / 2], scale = view.fit * view.k;
  const k = closer ? Math.min(CLOSEST, Math.max(view.k, 48 / (extent * view.fit))) : view.k;
  const x = view.x + middle[0] * scale, y = view.y + middle[1] * scale;
  if (k === view.k && x > 0 && y > 0 && x < view.wide && y < view.high) return;
  moveTo(view.wide / 2 - middle[0] * view.fit * k, view.high / 2 - middle[1] * view.fit * k, k);
}

// --- the selected place ------------------------------------------------------------------------------------------

const chosen = () => state.pin ?? state.cursor;

function showChosen() {
  const i = chosen();
  for (const id of ["halo", "ring"]) at(id).setAttribute("d", i === NOTHING ? "" : level().paths[i] ?? "");
  at("ring").classList.toggle("pinned", state.pin !== NOTHING);
  for (const row of document.querySelectorAll("tr.chosen")) row.classList.remove("chosen");
  if (i === NOTHING) {
    const hint = make("p", "Point at a place, tap it, or choose it in the list.", "where");
    at("details").replaceChildren(make("h2", "No place selected"), hint);
    return;
  }
  rows[i]?.classList.add("chosen");
  const list = make("dl"), code = level().codes[i] ? `Code ${level().codes[i]}` : "";
  for (const [term, said] of facts(i)) list.append(make("dt", term), make("dd", said));
  const where = [code, within(i), state.pin === NOTHING ? "" : "pinned"].filter(Boolean).join(" · ");
  at("details").replaceChildren(make("h2", level().names[i]), make("p", where, "where"), list);
}

function select(i, { pin = false, say = false, show = false, closer = false } = {}) {
  state.cursor = i;
  state.pin = pin ? i : NOTHING;
  showChosen();
  if (i === NOTHING) return;
  if (show) reveal(i, closer);
  if (say) at("live").textContent = `${summary(i).join(". ")}${pin ? ". Pinned" : ""}`;
}

function tip(i, x, y) {
  const box = at("tip");
  box.hidden = i === NOTHING;
  if (box.hidden) return;
  const [name, ...more] = summary(i);
  box.replaceChildren(make("strong", name), ...more.map((line) => make("span", line)));
  const above = y + 18 + box.offsetHeight > view.high;
  box.style.left = `${Math.max(4, Math.min(x + 14, view.wide - box.offsetWidth - 4))}px`;
  box.style.top = `${above ? Math.max(4, y - box.offsetHeight - 12) : y + 18}px`;
}

function step(by) {
  const last = state.order.length - 1, here = state.order.indexOf(chosen());
  if (last < 0) return;
  const fresh = by > 0 ? 0 : last;
  select(state.order[here < 0 ? fresh : (here + by + last + 1) % (last + 1)], { say: true, show: true });
}

// --- pointer and keys --------------------------------------------------------------------------------------------

const pointers = new Map();
let moved = 0, spread = 0;

function unitAt(event) {
  const found = event.target.closest?.(".unit");
  return found ? Number(found.dataset.i) : NOTHING;
}

function placeOf(event) {
  const box = svg.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function down(event) {
  pointers.set(event.pointerId, placeOf(event));
  if (pointers.size === 1) moved = 0;
  spread = 0;
}

function hover(event) {
  const i = unitAt(event);
  if (i !== NOTHING && state.pin === NOTHING && i !== state.cursor) select(i);
  tip(i, ...placeOf(event));
}

function drag(event) {
  if (!pointers.has(event.pointerId)) return hover(event);
  const [x, y] = placeOf(event), [oldX, oldY] = pointers.get(event.pointerId);
  pointers.set(event.pointerId, [x, y]);
  moved += Math.hypot(x - oldX, y - oldY);
  if (pointers.size === 2) return pinch();
  if (moved <= STILL || view.k === 1) return;
  svg.setPointerCapture(event.pointerId);
  tip(NOTHING);
  moveTo(view.x + x - oldX, view.y + y - oldY);
}

function pinch() {
  const [[ax, ay], [bx, by]] = [...pointers.values()], apart = Math.hypot(ax - bx, ay - by);
  if (spread) zoomAt((ax + bx) / 2, (ay + by) / 2, apart / spread);
  spread = apart;
  moved = 2 * STILL;
}

function up(event) {
  const known = pointers.delete(event.pointerId);
  spread = 0;
  const tapped = event.type === "pointerup" && moved <= STILL && svg.contains(event.target);
  if (!known || !tapped || data.nation_only) return;
  const i = unitAt(event);
  select(i, { pin: i !== NOTHING && i !== state.pin, say: true });
  if (event.pointerType !== "mouse") tip(i, ...placeOf(event));
}

function wheel(event) {
  if (event.deltaY > 0 && view.k === 1) return; // the page scrolls on
  event.preventDefault();
  zoomAt(...placeOf(event), Math.exp(-event.deltaY * 0.002));
}

function letGo() {
  tip(NOTHING);
  select(state.pin === NOTHING ? NOTHING : chosen());
}

function pinChosen() {
  if (chosen() !== NOTHING) select(chosen(), { pin: state.pin === NOTHING, say: true });
}

const KEYS = {
  ArrowRight: () => step(1), ArrowDown: () => step(1), ArrowLeft: () => step(-1), ArrowUp: () => step(-1),
  "+": () => zoomMiddle(STEP), "=": () => zoomMiddle(STEP), "-": () => zoomMiddle(1 / STEP), 0: () => moveTo(0, 0, 1),
  Escape: letGo, Enter: pinChosen, " ": pinChosen,
};

function press(event) {
  if (event.target !== stage || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  event.preventDefault();
  KEYS[event.key]();
}

function startMap() {
  if (!data.frame) {
    at("figure").hidden = true;
    return;
  }
  svg.style.aspectRatio = String(Math.min(2, Math.max(0.7, data.frame.width / data.frame.height)));
  drawLevel();
  svg.addEventListener("pointerdown", down);
  svg.addEventListener("pointermove", drag);
  for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, up); // it may end outside the map
  svg.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") tip(NOTHING); });
  svg.addEventListener("wheel", wheel, { passive: false });
  stage.addEventListener("keydown", press);
  at("closer").addEventListener("click", () => zoomMiddle(STEP));
  at("farther").addEventListener("click", () => zoomMiddle(1 / STEP));
  at("whole").addEventListener("click", () => moveTo(0, 0, 1));
  new ResizeObserver(fit).observe(stage);
  fit();
}
