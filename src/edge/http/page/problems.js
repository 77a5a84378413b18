import { spanText } from "./format.js";

const LISTED_MAX = 12;

/** How good a state of a link is: "ok", "busy" or "bad". */
export function levelOf(state) {
  if (state === "Active") return "ok";
  return state === "Disconnected" || state === "Failed" ? "bad" : "busy";
}

/** How long a link has been as it is; one that is down, since it was up. */
export function downSeconds({ downSeconds = null, forSeconds }) {
  return downSeconds ?? forSeconds;
}

/** Whether nothing comes from the hub, so that what it told of others is old. */
export function isCutOff({ links }) {
  return links.some(({ role, state }) => role === "hub" && state !== "Active");
}

/** What is wrong, the worst first, as sentences; empty when all is well. */
export function problemsOf(status) {
  const problems = [
    ...ofRouter(status),
    ...status.links.flatMap((link) => ofLink(link)),
    ...(isCutOff(status) ? [] : ofOthers(status)),
    ...ofClaims(status),
  ];
  problems.sort((a, b) => Number(a.level !== "bad") - Number(b.level !== "bad"));
  const more = problems.length - LISTED_MAX;
  if (more <= 0) return problems;
  return [...problems.slice(0, LISTED_MAX), { level: "busy", text: `And ${more} more.` }];
}

function ofRouter({ state, notReady, time, params, paramsMax, persistence }) {
  const problems = [];
  if (state === "draining") problems.push(bad("This router is stopping."));
  else if (notReady !== "") problems.push(bad(`This router is not ready: ${notReady}.`));
  if (!time.timed) problems.push(busy("This router does not know the federation's time yet."));
  if (params >= paramsMax) problems.push(bad(`No room: all ${paramsMax} params are in use.`));
  if (persistence !== null && persistence.problem !== null) {
    problems.push(bad(`Params are not saved to ${persistence.file}: ${persistence.problem}`));
  }
  return problems;
}

function ofLink(link) {
  const { peer, role, endpoint, state, reason, degraded } = link;
  const name = peer === "" ? endpoint : peer;
  const what = role === "hub" ? `Link to the hub ${name}` : `Link to ${name}`;
  const level = levelOf(state);
  if (level !== "ok") {
    const why = reason === "" ? "" : `: ${reason}`;
    return [{ level, peer, text: `${what}: ${state} for ${spanText(downSeconds(link))}${why}` }];
  }
  return degraded === "" ? [] : [busy(`${what}: ${degraded}`)];
}

/** Links between other routers, as their hubs show them. */
function ofOthers({ routerId, federation, links }) {
  const own = new Set(links.map(({ peer }) => peer));
  return federation.filter(({ hub, router, state }) =>
    hub !== routerId && router !== routerId && !own.has(router) && levelOf(state) !== "ok"
  ).map(({ router, hub, state, forSeconds, reason }) => ({
    level: levelOf(state),
    peer: router,
    text: `${router} at ${hub}: ${state} for ${spanText(forSeconds)}` +
      (reason === "" ? "" : `: ${reason}`),
  }));
}

function ofClaims({ claims }) {
  const away = new Map();
  for (const { owner, pattern, live } of claims) {
    if (!live) away.set(owner, [...(away.get(owner) ?? []), pattern]);
  }
  if (away.size === 0) return [];
  const owners = [...away].map(([owner, patterns]) => `${owner} (${listed(patterns, 2)})`);
  return [busy(`Cannot be reached, params are as they were: ${listed(owners, 4)}`)];
}

function listed(texts, shownMax) {
  const shown = texts.slice(0, shownMax).join(", ");
  return texts.length > shownMax ? `${shown} and ${texts.length - shownMax} more` : shown;
}

function bad(text) {
  return { level: "bad", text };
}

function busy(text) {
  return { level: "busy", text };
}
