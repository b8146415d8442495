// Figures and words: what the page knows, what is chosen, and how a unit's figures are said.

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const PER = 1e5, NOTHING = null;
const SURVEY = 0, MIXED = 1, PREDICTED = 2, WITHHELD = 3;
const BASED = ["survey-based", "mixed", "predicted", "withheld"];
const state = {
  group: 0, wave: data.waves.length - 1, level: 0, measure: "median", step: 0,
  cursor: NOTHING, pin: NOTHING, sort: "name", falling: false, query: "", order: [],
};

const make = (tag, text, name) => {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (name) made.className = name;
  return made;
};
const draw = (tag, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};
const group = () => data.groups[state.group];
const level = () => data.levels[state.level];
const figures = () => group().waves[state.wave].figures[state.level];
const threshold = () => group().thresholds[state.step];

// --- numbers in words --------------------------------------------------------------------------------------------

const wholes = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const threes = new Intl.NumberFormat("en-GB", { minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
const collator = new Intl.Collator("en", { numeric: true });
const spoken = (value) => (value >= 1000 ? wholes : threes).format(value);
const rate = (value) => spoken(value * group().factor / PER);
const people = (value) => value < 0.5 ? "under 1" : wholes.format(value);
const percent = (value) => value < 0.01 ? "under 1 %" : value > 0.99 ? "over 99 %" : `${Math.round(100 * value)} %`;
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const thresholdWords = () => `${rate(threshold() * PER)} ${group().per}`;

function caption() {
  const wave = data.waves[state.wave] ? `, wave ${data.waves[state.wave]}` : "";
  const said = {
    median: `Posterior median, ${group().per}`,
    ratio: `Upper ÷ lower limit of the ${data.interval} interval`,
    chance: `Chance that prevalence is above ${thresholdWords()}`,
  }[state.measure];
  return `${said}, by ${level().name}${wave}`;
}

// --- figures of a unit -------------------------------------------------------------------------------------------

function chance(all, i) {
  const quantiles = all.quantiles[i], limit = threshold() * PER, last = data.probabilities.length - 1;
  if (!quantiles) return NOTHING;
  if (limit < quantiles[0]) return 1;
  if (limit >= quantiles[last]) return 0;
  let bin = 0;
  while (quantiles[bin + 1] <= limit) bin += 1;
  const part = (limit - quantiles[bin]) / (quantiles[bin + 1] - quantiles[bin]);
  return 1 - data.probabilities[bin] - part * (data.probabilities[bin + 1] - data.probabilities[bin]);
}

function ratio(all, i) {
  if (all.kind[i] === WITHHELD || all.upper[i] === 0) return NOTHING;
  return all.lower[i] === 0 ? Infinity : all.upper[i] / all.lower[i];
}

function shownValue(all, i) {
  if (all.kind[i] === WITHHELD) return NOTHING;
  if (state.measure === "chance") return 100 * chance(all, i);
  return state.measure === "ratio" ? ratio(all, i) : all.median[i] * group().factor / PER;
}

const classes = () => state.measure === "chance" ? data.chance_classes : group().classes[state.level][state.measure];
const classOf = (value, limits) =>
  value === NOTHING ? -1 : limits.slice(1, -1).filter((limit) => limit <= value).length;

const isUnreliable = (all, i) => all.cv[i] !== NOTHING && all.cv[i] > data.caution_cv;
function reliability(all, i) {
  if (all.cv[i] === NOTHING) return "not known";
  return isUnreliable(all, i) ? "unreliable" : all.cv[i] <= 0.25 ? "good" : "moderate";
}

const interval = (all, i) => `${rate(all.lower[i])} to ${rate(all.upper[i])}`;
const estimate = (all, i) =>
  `${rate(all.median[i])} ${group().per} (${data.interval} interval ${interval(all, i)})`;
const persons = (all, i) =>
  `${people(all.count_median[i])} (${people(all.count_lower[i])} to ${people(all.count_upper[i])})`;
const within = (i) =>
  level().wider.map((units, step) => `${data.levels[state.level + 1 + step].name} ${units[i]}`).join(", ");

function basis(kind) {
  const where = level().name === "area" ? "here" : "in each of its areas";
  if (kind === SURVEY) return `survey-based: interviews were held ${where}`;
  if (kind === MIXED) return "mixed: interviews in some of its areas, the others predicted by the model";
  return "predicted by the model: nobody was interviewed here";
}

function summary(i) {
  const all = figures(), name = level().names[i];
  if (all.kind[i] === WITHHELD) return [name, capital(data.withheld)];
  const found = [name, estimate(all, i), capital(BASED[all.kind[i]]), `Reliability: ${reliability(all, i)}`];
  if (state.measure === "chance") found.push(`Chance above the threshold: ${percent(chance(all, i))}`);
  return found;
}

function interviewed(all, i) {
  if (all.asked[i] === NOTHING) return [];
  return [["Interviewed there", `${people(all.asked[i])}${group().waves[state.wave].classed ? " or more" : ""}`]];
}

function facts(i) {
  const all = figures(), everyone = `${people(group().population[state.level][i])} ${group().denominator}`;
  if (all.kind[i] === WITHHELD) return [["Figure", data.withheld], ["Denominator", everyone]];
  const cv = all.cv[i] === NOTHING ? "" : ` (coefficient of variation ${spoken(all.cv[i])})`;
  return [
    ["Estimate", estimate(all, i)],
    ["People", `${persons(all, i)} of ${everyone}`],
    [`Chance of more than ${thresholdWords()}`, percent(chance(all, i))],
    ["Based on", basis(all.kind[i])],
    ...interviewed(all, i),
    ["Reliability", `${reliability(all, i)}${cv}`],
  ];
}
