import { numberText, rateText, spanText } from "./format.js";
import { topologyOf } from "./topology.js";

const SVG = "http://www.w3.org/2000/svg";
const NODE = { width: 148, height: 46, gapX: 24, gapY: 74, margin: 8 };
const CHART = { height: 150, left: 46, right: 8, top: 10, bottom: 20 };
const NAME_UNITS_MAX = 18;

/** Draws all routers and their links into a container, in place of what was there. */
export function drawTopology(container, status) {
  const { nodes, columns, rows, omitted } = topologyOf(status);
  const width = 2 * NODE.margin + columns * NODE.width + (columns - 1) * NODE.gapX;
  const height = 2 * NODE.margin + rows * NODE.height + (rows - 1) * NODE.gapY;
  const svg = shape("svg", {
    ...{ viewBox: `0 0 ${width} ${height}`, width, height, role: "img" },
    "aria-label": nodes.map(spoken).join("; "),
  });
  const at = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) {
    const upper = at.get(node.upper);
    if (upper !== undefined) svg.append(...edge(node, upper));
  }
  for (const node of nodes) svg.append(box(node, status));
  const more = document.createElement("p");
  more.className = "faint";
  more.textContent = omitted === 0
    ? ""
    : `${omitted} more routers, all of them well, are not drawn.`;
  container.replaceChildren(svg, ...(omitted === 0 ? [] : [more]));
}

/** Draws rates of messages, in and out, over time. */
export function drawRates(container, { history, rates }) {
  const { height, left, right, top, bottom } = CHART;
  const width = Math.max(240, container.clientWidth);
  const { messagesIn, messagesOut, intervalMs } = history;
  const peak = niceAbove(Math.max(1, ...messagesIn, ...messagesOut));
  const slots = 300;
  const x = (index, count) => left + (width - left - right) * (slots - count + index) / (slots - 1);
  const y = (rate) => top + (height - top - bottom) * (1 - rate / peak);
  const points = (list) =>
    list.map((rate, i) => `${x(i, list.length).toFixed(1)},${y(rate).toFixed(1)}`);
  const svg = shape("svg", {
    ...{ viewBox: `0 0 ${width} ${height}`, role: "img" },
    "aria-label": `Messages a second: ${rateText(rates.messagesIn)} in, ` +
      `${rateText(rates.messagesOut)} out; at most ${numberText(peak)} in the last 5 minutes`,
  });
  for (const rate of [0, peak / 2, peak]) {
    svg.append(
      shape("line", { class: "grid", x1: left, x2: width - right, y1: y(rate), y2: y(rate) }),
      label(numberText(rate), { class: "axis", x: left - 6, y: y(rate) + 4, "text-anchor": "end" }),
    );
  }
  for (const minutes of [5, 4, 3, 2, 1]) {
    const at = x(slots - 1 - minutes * 60_000 / intervalMs + 1, slots);
    svg.append(label(`−${minutes} min`, { class: "axis", x: Math.max(at, left), y: height - 5 }));
  }
  if (messagesIn.length > 1) {
    svg.append(
      shape("polyline", { class: "rate-in", points: points(messagesIn).join(" ") }),
      shape("polyline", { class: "rate-out", points: points(messagesOut).join(" ") }),
    );
  }
  container.replaceChildren(svg);
}

function box({ id, column, row, isSelf, level, link }, status) {
  const group = shape("g", {
    class: `node ${level}${isSelf ? " self" : ""}`,
    transform: `translate(${left(column)} ${topOf(row)})`,
  });
  const note = isSelf
    ? "this router"
    : level === "unknown"
    ? "last known"
    : link !== undefined && level !== "ok"
    ? link.state
    : countText(status.claims.filter(({ owner }) => owner === id).length);
  const title = shape("title", {});
  title.textContent = link?.reason ? `${id}: ${link.state}, ${link.reason}` : id;
  group.append(
    title,
    shape("rect", { width: NODE.width, height: NODE.height, rx: 6 }),
    label(cut(id), { class: "name", x: NODE.width / 2, y: 19, "text-anchor": "middle" }),
    label(note, { class: "note", x: NODE.width / 2, y: 36, "text-anchor": "middle" }),
  );
  return group;
}

function countText(namespaces) {
  return namespaces === 1 ? "1 namespace" : `${namespaces} namespaces`;
}

function edge({ column, row, level, link }, upper) {
  const from = { x: left(column) + NODE.width / 2, y: topOf(row) };
  const to = { x: left(upper.column) + NODE.width / 2, y: topOf(upper.row) + NODE.height };
  const middle = (from.y + to.y) / 2;
  const path = `M${to.x} ${to.y}C${to.x} ${middle} ${from.x} ${middle} ${from.x} ${from.y}`;
  const text = link === undefined || level === "unknown"
    ? "?"
    : level === "ok"
    ? link.rttMs === null ? link.state : `${link.rttMs.toFixed(1)} ms`
    : `${link.state === "Disconnected" ? "✕ down" : link.state} ${spanText(link.forSeconds)}`;
  return [
    shape("path", { class: `edge ${level}`, d: path }),
    label(text, {
      class: `edge-label ${level}`,
      x: from.x,
      y: from.y - 12,
      "text-anchor": "middle",
    }),
  ];
}

function spoken({ id, upper, link, level }) {
  if (upper === undefined) return `${id} at the top`;
  return `${id} below ${upper}, ${level === "unknown" ? "not known" : link?.state ?? "connected"}`;
}

function left(column) {
  return NODE.margin + column * (NODE.width + NODE.gapX);
}

function topOf(row) {
  return NODE.margin + row * (NODE.height + NODE.gapY);
}

function cut(name) {
  return name.length <= NAME_UNITS_MAX ? name : `${name.slice(0, NAME_UNITS_MAX - 1)}…`;
}

/** 1, 2 or 5 times a power of ten. */
function niceAbove(number) {
  const power = 10 ** Math.floor(Math.log10(number));
  return [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= number) ?? number;
}

function label(text, attributes) {
  const element = shape("text", attributes);
  element.textContent = text;
  return element;
}

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
