import { spanText } from "./format.js";
import { downSeconds } from "./problems.js";
import { label, shape } from "./svg.js";
import { topologyOf } from "./topology.js";

const TREE = { width: 148, height: 46, gapX: 24, gapY: 74, margin: 8 };
const LIST = { height: 30, gapY: 8, indent: 26, width: 190, margin: 8, noteGap: 10 };
const NAME_UNITS_MAX = 18;
const NOTE_UNIT_WIDTH = 7.6;

/**
 * Draws all routers and their links into a container, in place of what was there: as a tree, or as a
 * list with indents where the tree would be too wide.
 */
export function drawTopology(container, status) {
  const topology = topologyOf(status);
  const treeWidth = 2 * TREE.margin + topology.columns * (TREE.width + TREE.gapX) - TREE.gapX;
  const isTree = treeWidth <= Math.max(container.clientWidth, 200);
  const drawing = isTree ? tree(topology, treeWidth) : list(topology, container.clientWidth);
  drawing.setAttribute("role", "img");
  drawing.setAttribute("aria-label", topology.nodes.map(spoken).join("; "));
  const more = document.createElement("p");
  more.className = "faint";
  more.textContent = `${topology.omitted} more routers are not drawn.`;
  more.hidden = topology.omitted === 0;
  container.replaceChildren(drawing, more);
}

function tree({ nodes, rows }, width) {
  const height = 2 * TREE.margin + rows * (TREE.height + TREE.gapY) - TREE.gapY;
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
  const at = new Map(nodes.map((node) => [node.id, node]));
  for (const node of nodes) {
    const upper = at.get(node.upper);
    if (upper !== undefined) drawing.append(...treeEdge(node, upper));
  }
  for (const node of nodes) drawing.append(treeBox(node));
  return drawing;
}

function treeBox(node) {
  const { width, height } = TREE;
  const group = groupOf(node, leftOf(node), topOf(node));
  group.append(
    shape("rect", { width, height, rx: 6 }),
    label(cut(node.id, NAME_UNITS_MAX), { ...middle(width / 2, 19), class: "name" }),
    label(treeNote(node), { ...middle(width / 2, 36), class: "note" }),
  );
  return group;
}

function treeNote({ isSelf, level, link, namespaces }) {
  if (isSelf) return "this router";
  if (level === "unknown") return "last known";
  if (level !== "ok") return link.state;
  return namespaces === 1 ? "1 namespace" : `${namespaces} namespaces`;
}

function treeEdge(node, upper) {
  const from = { x: leftOf(node) + TREE.width / 2, y: topOf(node) };
  const to = { x: leftOf(upper) + TREE.width / 2, y: topOf(upper) + TREE.height };
  const half = (from.y + to.y) / 2;
  const text = linkText(node);
  // About as wide as the text, so that no line runs behind it.
  const width = 8 * text.length + 6;
  return [
    shape("path", {
      class: `edge ${node.level}`,
      d: `M${to.x} ${to.y}C${to.x} ${half} ${from.x} ${half} ${from.x} ${from.y}`,
    }),
    shape("rect", { class: "edge-back", x: from.x - width / 2, y: from.y - 26, width, height: 18 }),
    label(text, { ...middle(from.x, from.y - 12), class: `edge-label ${node.level}` }),
  ];
}

function list({ nodes }, width) {
  const drawn = inOrder(nodes);
  const step = LIST.height + LIST.gapY;
  const height = 2 * LIST.margin + drawn.length * step - LIST.gapY;
  const drawing = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height });
  const rowOf = new Map(drawn.map(({ id }, index) => [id, index]));
  for (const [index, node] of drawn.entries()) {
    const upper = rowOf.get(node.upper);
    if (upper !== undefined) drawing.append(listEdge(node, { index, upper }));
  }
  for (const [index, node] of drawn.entries()) {
    drawing.append(listBox(node, { index, room: width }));
  }
  return drawing;
}

function listBox(node, { index, room }) {
  const { height, width, noteGap } = LIST;
  const left = room - indentOf(node) - width - noteGap;
  const unitsMax = Math.max(4, Math.floor(left / NOTE_UNIT_WIDTH));
  const group = groupOf(node, indentOf(node), LIST.margin + index * (height + LIST.gapY));
  const why = node.level === "bad" && node.link?.reason ? `: ${node.link.reason}` : "";
  const note = node.isSelf && node.level === "ok" && node.upper === undefined
    ? "this router"
    : `${linkText(node)}${why}${node.isSelf ? ", this router" : ""}`;
  group.append(
    shape("rect", { width, height, rx: 6 }),
    label(cut(node.id, NAME_UNITS_MAX + 4), { class: "name", x: 10, y: 20 }),
    label(cut(node.upper === undefined && !node.isSelf ? "" : note, unitsMax), {
      ...{ class: `edge-label ${node.level}`, x: width + noteGap, y: 20 },
    }),
  );
  return group;
}

function listEdge(node, { index, upper }) {
  const step = LIST.height + LIST.gapY;
  const x = indentOf(node) - LIST.indent / 2;
  const from = LIST.margin + upper * step + LIST.height;
  const to = LIST.margin + index * step + LIST.height / 2;
  return shape("path", {
    class: `edge ${node.level}`,
    d: `M${x} ${from}V${to}H${indentOf(node)}`,
  });
}

/** Each behind the one above it, with all that is below. */
function inOrder(nodes) {
  const below = new Map();
  for (const node of nodes) below.set(node.upper, [...(below.get(node.upper) ?? []), node]);
  const ordered = [];
  const visit = (node) => {
    ordered.push(node);
    for (const child of below.get(node.id) ?? []) visit(child);
  };
  for (const root of below.get(undefined) ?? []) visit(root);
  return ordered;
}

function groupOf({ id, isSelf, level, link }, x, y) {
  const group = shape("g", {
    class: `node ${level}${isSelf ? " self" : ""}`,
    transform: `translate(${x} ${y})`,
  });
  const title = shape("title", {});
  title.textContent = link?.reason ? `${id}: ${link.state}, ${link.reason}` : id;
  group.append(title);
  return group;
}

function linkText({ link, level }) {
  if (link === undefined || level === "unknown") return "?";
  if (level === "ok") return link.rttMs === null ? link.state : `${link.rttMs.toFixed(1)} ms`;
  const state = link.state === "Disconnected" ? "✕ down" : link.state;
  return `${state} ${spanText(downSeconds(link))}`;
}

function spoken({ id, upper, link, level }) {
  if (upper === undefined) return `${id} at the top`;
  return `${id} below ${upper}, ${level === "unknown" ? "not known" : link?.state ?? "connected"}`;
}

function leftOf({ column }) {
  return TREE.margin + column * (TREE.width + TREE.gapX);
}

function topOf({ row }) {
  return TREE.margin + row * (TREE.height + TREE.gapY);
}

function indentOf({ row }) {
  return LIST.margin + row * LIST.indent;
}

function middle(x, y) {
  return { x, y, "text-anchor": "middle" };
}

function cut(text, unitsMax) {
  return text.length <= unitsMax ? text : `${text.slice(0, unitsMax - 1)}…`;
}
