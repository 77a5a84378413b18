import { isCutOff, levelOf } from "./problems.js";

const NODES_MAX = 60;

/**
 * All routers that a status tells of, as a tree: nodes with a place in columns and rows, and the links
 * above them. What is not well stays when there are too many.
 */
export function topologyOf(status) {
  const uppers = uppersOf(status);
  const ids = new Set([status.routerId]);
  for (const [id, { to }] of uppers) ids.add(id).add(to);
  const shown = chosen([...ids], uppers, status);
  const childrenOf = new Map();
  const roots = [];
  for (const id of shown) {
    const upper = uppers.get(id);
    if (upper === undefined || !shown.has(upper.to) || isAbove(uppers, upper.to, id)) {
      roots.push(id);
    } else childrenOf.set(upper.to, [...(childrenOf.get(upper.to) ?? []), id]);
  }
  return { ...place(roots, childrenOf, { status, uppers }), omitted: ids.size - shown.size };
}

/** By router id, the router above it and how that link is; what this router knows itself counts most. */
function uppersOf({ routerId, path, links, federation }) {
  const uppers = new Map();
  for (const { router, hub, ...link } of federation) uppers.set(router, { to: hub, link });
  for (let index = 1; index + 1 < path.length; index++) {
    if (!uppers.has(path[index])) uppers.set(path[index], { to: path[index + 1], link: undefined });
  }
  for (const link of links) {
    if (link.role === "hub") {
      uppers.set(routerId, { to: link.peer === "" ? link.endpoint : link.peer, link });
    } else uppers.set(link.peer, { to: routerId, link });
  }
  return uppers;
}

function chosen(ids, uppers, { routerId, path }) {
  const importance = (id) => {
    if (id === routerId || path.includes(id)) return 0;
    const { link } = uppers.get(id) ?? {};
    return link === undefined ? 1 : levelOf(link.state) === "ok" ? 3 : 2;
  };
  return new Set(ids.sort((a, b) => importance(a) - importance(b)).slice(0, NODES_MAX).sort());
}

/** Whether `id` is reached from `other` on the way up: a ring, which is no tree. */
function isAbove(uppers, other, id) {
  let at = other;
  for (let hops = 0; hops < 32 && at !== undefined; hops++) {
    if (at === id) return true;
    at = uppers.get(at)?.to;
  }
  return false;
}

function place(roots, childrenOf, { status, uppers }) {
  const nodes = [];
  let columns = 0;
  let rows = 0;
  const isAlone = isCutOff(status);
  const leaves = status.links.filter(({ role }) => role === "leaf");
  const own = new Set([status.routerId, ...leaves.map(({ peer }) => peer)]);
  const levelAt = (id) => {
    // What others say of themselves is old while nothing comes from them.
    if (isAlone && !own.has(id)) return "unknown";
    const { link } = uppers.get(id) ?? {};
    return link === undefined ? "ok" : levelOf(link.state);
  };
  const visit = (id, row) => {
    const children = (childrenOf.get(id) ?? []).map((child) => visit(child, row + 1));
    const column = children.length === 0
      ? columns++
      : (children[0].column + children[children.length - 1].column) / 2;
    rows = Math.max(rows, row + 1);
    const upper = uppers.get(id);
    const isRoot = row === 0;
    const node = { id, column, row, isSelf: id === status.routerId, link: upper?.link };
    const namespaces = status.claims.filter(({ owner }) => owner === id).length;
    nodes.push({
      ...node,
      ...{ namespaces, level: levelAt(id), upper: isRoot ? undefined : upper?.to },
    });
    return node;
  };
  for (const root of roots) visit(root, 0);
  return { nodes, columns, rows };
}
