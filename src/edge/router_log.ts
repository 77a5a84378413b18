import type { EventLoss, LinkEvent } from "../federation/link_event.ts";
import { ERROR_CODE } from "../router/error_code.ts";
import { linkAdvice } from "./link_advice.ts";
import { LOG } from "./log.ts";
import { RepeatLimit } from "./repeat_limit.ts";

/**
 * Logs what happens on the links of one router, so that an operator sees every change and a link
 * that fails again and again does not fill the disk.
 */
export class RouterLog {
  readonly #isOutbound: (routerId: string) => boolean;
  readonly #repeats: RepeatLimit;
  #attempt = 0;
  #isQuiet = false;

  constructor(options: {
    /** Whether a peer is the hub that this router dialled. */
    readonly isOutbound: (routerId: string) => boolean;
    /** Monotonic, milliseconds. */
    readonly nowMs: () => number;
  }) {
    this.#isOutbound = options.isOutbound;
    this.#repeats = new RepeatLimit(options.nowMs);
  }

  /** From here on links end because this router does: that is no news. */
  stopping(): void {
    this.#isQuiet = true;
  }

  /** Somebody was not let in; a browser shows its page nothing of the reason. */
  connectionRefused(kind: "origin" | "rate", reason: string): void {
    // By kind only: who is refused chooses what the reason says.
    const repeat = this.#repeats.take(`connection ${kind}`);
    if (repeat === undefined) return;
    LOG.warn("Connection refused: {reason}{more}", {
      event: "connection-refused",
      reason,
      ...repeat,
    });
  }

  linkEvent(event: LinkEvent): void {
    if (this.#isQuiet) return;
    switch (event.type) {
      case "connected":
        return this.#connected(event.routerId);
      case "disconnected":
        return this.#disconnected(event.routerId, event.reason ?? "no reason given");
      case "stateChanged":
        if (event.routerId === "") return this.#uplinkChanged(event);
        LOG.debug('Link to router "{routerId}" is {state}', {
          event: "link-state",
          routerId: event.routerId,
          state: event.state,
        });
        return;
      case "peerNamespaces":
        LOG.debug('Router "{routerId}" declares {count} namespaces', {
          event: "namespaces",
          routerId: event.routerId,
          count: event.patterns.length,
          patterns: event.patterns,
        });
        return;
      case "refused":
        return this.#refused(event);
      case "eventLost":
        return this.#eventLost(event);
      case "timeMoved":
        LOG.warn('Leaf "{routerId}" moved federation time by {bySeconds} s: check both clocks', {
          event: "time-moved",
          routerId: event.routerId,
          bySeconds: Math.round(event.byMicros / 1_000_000),
          time: new Date(event.timeMicros / 1_000).toISOString(),
        });
        return;
      case "remoteSet":
      case "remotePublish":
      case "syncComplete":
        return;
    }
  }

  #connected(routerId: string): void {
    const state = "Active";
    if (this.#isOutbound(routerId)) {
      this.#attempt = 0;
      this.#repeats.forget("uplink");
      LOG.info('Connected to hub "{routerId}"', { event: "uplink", routerId, state });
    } else {
      LOG.info('Leaf "{routerId}" connected', { event: "leaf-connected", routerId, state });
    }
  }

  #disconnected(routerId: string, reason: string): void {
    // The way to the hub is told of by its own event, which comes for failed dials too.
    if (this.#isOutbound(routerId)) return;
    // Reasons that differ in a port or a count only are the same news.
    const kind = reason.replaceAll(/\d+/g, "#");
    const repeat = this.#repeats.take(`disconnected ${routerId} ${kind}`);
    if (repeat === undefined) return;
    LOG.warn('Leaf "{routerId}" disconnected: {reason}{advice}{more}', {
      event: "leaf-disconnected",
      routerId,
      reason,
      advice: linkAdvice(reason),
      ...repeat,
    });
  }

  #uplinkChanged(event: LinkEvent & { readonly type: "stateChanged" }): void {
    const { state, reason = "no reason given" } = event;
    switch (state) {
      case "Failed":
        LOG.error(
          "The link to the hub has failed and is not tried again before SIGHUP or a restart: " +
            "{reason}{advice}",
          { event: "uplink", state, reason, advice: linkAdvice(reason) },
        );
        return;
      case "Disconnected": {
        const attempt = ++this.#attempt;
        if (this.#repeats.take("uplink") === undefined) return;
        LOG.warn("Not connected to the hub (attempt {attempt}{next}): {reason}{advice}", {
          event: "uplink",
          state,
          attempt,
          next: nextText(event.nextAttemptMs),
          nextAttemptMs: event.nextAttemptMs,
          reason,
          advice: linkAdvice(reason),
        });
        return;
      }
      case "Connecting":
      case "Handshaking":
      case "Syncing":
      case "Active":
        LOG.debug("The link to the hub is {state}", { event: "uplink", state });
    }
  }

  #eventLost(event: LinkEvent & { readonly type: "eventLost" }): void {
    const { routerId, address, origin, sequence, why } = event;
    const repeat = this.#repeats.take(`eventLost ${routerId} ${why}`);
    if (repeat === undefined) return;
    const text = 'Event at "{address}" lost on the way with router "{routerId}": {why}, ' +
      "{explanation}{more}";
    LOG.warn(text, {
      event: "event-lost",
      explanation: LOSS[why],
      routerId,
      address,
      origin,
      sequence,
      why,
      ...repeat,
    });
  }

  #refused({ routerId, code, message }: LinkEvent & { readonly type: "refused" }): void {
    const isConflict = code === ERROR_CODE.conflict;
    const repeat = this.#repeats.take(
      // A conflict says which namespaces; of other refusals there may be one for each message.
      isConflict ? `conflict ${routerId} ${message}` : `refused ${routerId} ${code}`,
    );
    if (repeat === undefined) return;
    LOG.warn('Refused on the link with router "{routerId}": {code} {reason}{advice}{more}', {
      event: isConflict ? "conflict" : "refused",
      routerId,
      code,
      reason: message,
      advice: refusalAdvice(code, message),
      ...repeat,
    });
  }
}

/** Why an event is lost, and what that comes from. */
const LOSS: Readonly<Record<EventLoss, string>> = {
  expired: "the link was down or slow for longer than the event lives; see --event-ttl",
  unknown: "the link broke before it was acknowledged, so it may have arrived",
  dropped: "more is published than the link takes; look at its speed, and at who publishes so much",
};

function nextText(nextAttemptMs: number | undefined): string {
  if (nextAttemptMs === undefined) return "";
  const seconds = nextAttemptMs / 1_000;
  return `, next in ${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

function refusalAdvice(code: number, message: string): string {
  if (/; | --[a-z]/.test(message)) return "";
  switch (code) {
    case ERROR_CODE.conflict:
      return "; change one of them";
    case ERROR_CODE.refused:
    case ERROR_CODE.forbidden:
      return "; look at the namespaces of both and at the scopes of the token: clasp-fed explain ADDRESS";
    default:
      return "; clasp-fed explain ADDRESS shows who decides there";
  }
}
