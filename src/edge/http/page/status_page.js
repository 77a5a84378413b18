import { clockText, numberText, rateText, spanText } from "./format.js";
import { Owners } from "./owners.js";
import { ParamFeed } from "./param_feed.js";
import { ParamStore } from "./param_store.js";
import { ParamTable } from "./param_table.js";
import { downSeconds, isCutOff, levelOf, problemsOf } from "./problems.js";
import { drawRates } from "./rates_drawing.js";
import { drawTopology } from "./topology_drawing.js";

const POLL_MS = 1_000;
const POLL_DEADLINE_MS = 5_000;
const DRAW_MS = 80;
/** What routers tell of themselves; of its own link to the hub each one alone. */
const ROUTERS_OWN = "/clasp/federation/";
const OWN_LINK = "/clasp/federation/link";
const CLAIMS_LISTED_MAX = 500;

const byId = (id) => document.getElementById(id);

/** The page: asks `/status` once a second, and follows all params. */
class StatusPage {
  #store = new ParamStore();
  #table = new ParamTable({
    viewport: byId("params"),
    sizer: byId("params-rows"),
    count: byId("params-count"),
  });
  #feed = new ParamFeed({
    store: this.#store,
    time: () => this.#timeMicros(),
    changed: (problem) => this.#feedProblem = problem,
  });
  /** Kept nowhere else: a reload asks for it again. */
  #token = "";
  #status;
  #statusAtMs = 0;
  #failure = "";
  #failedAtMs;
  #feedProblem = "connecting";
  #claimsKey = "";
  #owners = new Owners([]);
  #tombstones = -1;
  #drawnMs = -Infinity;
  #isStarted = false;

  start() {
    byId("login").addEventListener("submit", (event) => this.#login(event));
    byId("filter").addEventListener("input", () => this.#store.filter(byId("filter").value));
    addEventListener("keydown", (event) => focusFilter(event));
    for (const button of document.querySelectorAll("[data-sort]")) {
      button.addEventListener("click", () => this.#sortBy(button));
    }
    this.#poll();
    const loop = (nowMs) => {
      if (nowMs - this.#drawnMs >= DRAW_MS) this.#drawParams(nowMs);
      requestAnimationFrame(loop);
    };
    requestAnimationFrame(loop);
  }

  async #poll() {
    if (!document.hidden) await this.#ask();
    setTimeout(() => this.#poll(), POLL_MS);
  }

  async #ask() {
    try {
      const response = await fetch("/status?history=1", {
        headers: this.#token === "" ? {} : { authorization: `Bearer ${this.#token}` },
        cache: "no-store",
        signal: AbortSignal.timeout(POLL_DEADLINE_MS),
      });
      if (response.status === 401 || response.status === 403) {
        return this.#wantToken(await response.text());
      }
      if (!response.ok) throw new Error(await response.text());
      this.#took(await response.json());
    } catch (error) {
      this.#failedAtMs ??= performance.now();
      this.#failure = error instanceof TypeError || error.name === "TimeoutError"
        ? "it does not answer"
        : error.message;
      this.#drawProblems();
    }
  }

  #took(status) {
    this.#status = status;
    this.#statusAtMs = performance.now();
    this.#failure = "";
    this.#failedAtMs = undefined;
    byId("login").hidden = true;
    byId("main").hidden = false;
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#feed.start(this.#token);
    }
    this.#followClaims(status);
    if (this.#tombstones >= 0 && status.tombstones !== this.#tombstones) this.#feed.refresh();
    this.#tombstones = status.tombstones;
    this.#draw(status);
  }

  #followClaims(status) {
    const key = JSON.stringify(status.claims);
    if (key === this.#claimsKey) return;
    this.#claimsKey = key;
    this.#owners = new Owners(status.claims);
    this.#store.owners((address) => this.#ownerOf(address));
  }

  #wantToken(answer) {
    this.#feed.stop();
    this.#isStarted = false;
    byId("main").hidden = true;
    const form = byId("login");
    if (this.#token !== "" || form.hidden) {
      byId("login-problem").textContent = this.#token === "" ? "" : answer;
    }
    this.#token = "";
    if (!form.hidden) return;
    form.hidden = false;
    byId("token").focus();
  }

  #login(event) {
    event.preventDefault();
    this.#token = byId("token").value.trim();
    byId("token").value = "";
    this.#ask();
  }

  #sortBy(button) {
    const isDown = button.getAttribute("aria-sort") === "ascending";
    for (const other of document.querySelectorAll("[data-sort]")) {
      other.removeAttribute("aria-sort");
    }
    button.setAttribute("aria-sort", isDown ? "descending" : "ascending");
    this.#store.sort(button.dataset.sort, isDown);
  }

  /** Federation time now, by the router's last word and this page's clock. */
  #timeMicros() {
    const base = this.#status?.time.micros ?? Date.now() * 1_000;
    return this.#status === undefined
      ? base
      : base + (performance.now() - this.#statusAtMs) * 1_000;
  }

  #draw(status) {
    document.title = `${status.routerId} · clasp-fed`;
    byId("router").textContent = status.routerId;
    byId("about").textContent = `${status.mode} “${status.name}” · clasp-fed ${status.version} · ` +
      `up ${spanText(status.uptimeSeconds)} · ${status.security}`;
    this.#drawProblems();
    drawTopology(byId("topology"), status);
    drawRates(byId("rates"), status);
    drawNumbers(status);
    drawLinks(status);
    drawClaims(status);
  }

  #drawProblems() {
    const list = byId("problems");
    const problems = this.#status === undefined ? [] : problemsOf(this.#status);
    if (this.#failedAtMs !== undefined) {
      const forSeconds = (performance.now() - this.#failedAtMs) / 1_000;
      const text = `No word from this router for ${spanText(forSeconds)}: ${this.#failure}. ` +
        "What is below is old.";
      problems.unshift({ level: "bad", text });
    }
    document.body.classList.toggle("old", this.#failedAtMs !== undefined);
    const level = problems.some((problem) => problem.level === "bad")
      ? "bad"
      : problems.length > 0
      ? "busy"
      : "ok";
    const health = byId("health");
    health.className = `pill ${level}`;
    setText(health, { ok: "✓ all well", busy: "▲ look here", bad: "✕ trouble" }[level]);
    list.hidden = problems.length === 0;
    list.replaceChildren(...problems.map((problem) => {
      const item = element("li", problem.level);
      item.textContent = `${problem.level === "bad" ? "✕" : "▲"} ${problem.text}`;
      return item;
    }));
  }

  #drawParams(nowMs) {
    this.#drawnMs = nowMs;
    if (this.#status === undefined || byId("main").hidden) return;
    const now = performance.now();
    this.#table.draw(this.#store.shown(now), {
      total: this.#store.size,
      nowMs: now,
      timeMicros: this.#timeMicros(),
      factsOf: (address) => this.#factsOf(address),
    });
    setText(byId("feed"), this.#feedProblem === "" ? "live" : this.#feedProblem);
    byId("feed").className = `pill ${this.#feedProblem === "" ? "ok" : "bad"}`;
  }

  #ownerOf(address) {
    if (address.startsWith(ROUTERS_OWN)) return "routers";
    const { path } = this.#status;
    return this.#owners.of(address)?.owner ?? path[path.length - 1];
  }

  #factsOf(address) {
    const owner = this.#ownerOf(address);
    if (this.#feedProblem !== "") return { owner, fresh: "page not connected", isStale: true };
    if (!this.#isOwnerAway(address)) return { owner, fresh: "live", isStale: false };
    const seconds = this.#downSeconds(owner);
    if (seconds === undefined) return { owner, fresh: "owner not connected", isStale: true };
    const since = clockText(seconds, Date.now());
    return { owner, fresh: `link down since ${since}`, isStale: true };
  }

  #isOwnerAway(address) {
    if (address === OWN_LINK) return false;
    const claim = address.startsWith(ROUTERS_OWN) ? undefined : this.#owners.of(address);
    return claim === undefined ? isCutOff(this.#status) : !claim.live;
  }

  /** How long the link to an owner, or the way to it, has been down. */
  #downSeconds(owner) {
    const { links, federation } = this.#status;
    const isDown = ({ state }) => levelOf(state) !== "ok";
    const down = links.find((link) => link.peer === owner && isDown(link)) ??
      links.find((link) => link.role === "hub" && isDown(link)) ??
      federation.find((link) => link.router === owner && isDown(link));
    if (down === undefined) return undefined;
    return downSeconds(down) + (performance.now() - this.#statusAtMs) / 1_000;
  }
}

function drawNumbers(status) {
  const { rates, sessions, subscriptions, params, queuedBytes, memory, unsent, refused } = status;
  const refusedCount = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const numbers = [
    ["messages/s in", rateText(rates.messagesIn), "rate-in"],
    ["messages/s out", rateText(rates.messagesOut), "rate-out"],
    ["clients", numberText(sessions)],
    ["subscriptions", numberText(subscriptions)],
    ["params", numberText(params)],
    ["bytes waiting", numberText(queuedBytes)],
    ["not sent", numberText(unsent.conflated + unsent.dropped + unsent.expired)],
    ["refused", numberText(refusedCount)],
    ["memory", `${numberText(memory.rssBytes / 1e6)} MB`],
  ];
  byId("numbers").replaceChildren(...numbers.map(([name, text, kind = ""]) => {
    const pair = element("div", kind);
    pair.append(element("dt", "", name), element("dd", "", text));
    return pair;
  }));
}

function drawLinks(status) {
  const { links, routerId, federation } = status;
  const isAlone = isCutOff(status);
  const own = links.map((link) => ({
    ...link,
    name: link.peer === "" ? link.endpoint : link.peer,
    level: levelOf(link.state),
  }));
  const others = federation
    .filter(({ router, hub }) => router !== routerId && hub !== routerId)
    .map((link) => ({
      ...link,
      name: link.router,
      role: `leaf of ${link.hub}`,
      level: isAlone ? "unknown" : levelOf(link.state),
    }));
  const order = ["bad", "busy", "ok", "unknown"];
  const sorted = [...own, ...others]
    .sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  byId("links").hidden = sorted.length === 0;
  byId("links-rows").replaceChildren(...sorted.map(linkRow));
}

function linkRow(link) {
  const { level, state, name, role, queued } = link;
  const seconds = downSeconds(link);
  const row = element("tr", level);
  const isUp = level === "ok";
  const rtt = link.rttMs === null ? "–" : `${link.rttMs.toFixed(2)} ms`;
  const sign = { ok: "●", busy: "▲", bad: "✕", unknown: "?" }[level];
  const since = `${clockText(seconds, Date.now())} (${spanText(seconds)})`;
  row.append(
    cell("State", level === "unknown" ? "? last known" : `${sign} ${state}`, "state"),
    cell("Router", name, "name"),
    cell("Is", role),
    cell("Since", level === "unknown" ? "–" : since, "short"),
    cell("Round trip", isUp ? rtt : "–", "short"),
    cell("In / out a second", ratesOf(link)),
    cell("Waiting", numberText(queued)),
    cell("Reason", isUp || level === "unknown" ? link.degraded : link.reason, "reason"),
  );
  return row;
}

function ratesOf({ rates, state }) {
  if (rates === undefined || state !== "Active") return "–";
  return `${rateText(rates.updatesIn)} / ${rateText(rates.updatesOut)}`;
}

function drawClaims({ claims, omitted, routerId }) {
  const byOwner = new Map();
  for (const claim of claims.slice(0, CLAIMS_LISTED_MAX)) {
    const group = byOwner.get(claim.owner);
    if (group === undefined) byOwner.set(claim.owner, [claim]);
    else group.push(claim);
  }
  const items = [...byOwner].map(([owner, group]) => {
    const isLive = group.some(({ live }) => live);
    const item = element("li", isLive ? "ok" : "bad");
    const name = element("b", "", owner === routerId ? `${owner} (this router)` : owner);
    const patterns = element("span", "patterns", group.map(({ pattern }) => pattern).join("  "));
    const state = element("span", "state", isLive ? "● reachable" : "✕ unreachable");
    item.append(name, state, patterns);
    return item;
  });
  const more = claims.length - CLAIMS_LISTED_MAX + omitted.claims;
  if (more > 0) items.push(element("li", "faint", `and ${numberText(more)} more`));
  byId("claims").hidden = items.length === 0;
  byId("claims-list").replaceChildren(...items);
}

function cell(name, text, kind = "") {
  const made = element("td", kind, text);
  made.dataset.name = name;
  return made;
}

/** All text of others goes in here, as text. */
function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind !== "") made.className = kind;
  if (text !== undefined) made.textContent = text;
  return made;
}

function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function focusFilter(event) {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  byId("filter").focus();
}

new StatusPage().start();
