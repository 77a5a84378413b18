import type { FederationCore } from "../../federation/federation_core.ts";
import { decodeValue, type Value } from "../../wire/value_codec.ts";
import { age, plainReason } from "./link_status.ts";
import type { ShownLinkStatus } from "./router_status.ts";

/** What all hubs of the federation show of their leaves, as far as it is kept here. */
export function shownLinks(federation: FederationCore): ShownLinkStatus[] {
  const nowMicros = federation.timeMicros();
  return (federation.report?.shown() ?? []).flatMap(({ version }) => {
    const status = toStatus(decodeValue(version.value), nowMicros);
    return status === undefined ? [] : [status];
  });
}

/** Other routers wrote it: anything may be in it. */
function toStatus(value: Value, nowMicros: number): ShownLinkStatus | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = new Map<string, Value>(Object.entries(value));
  const router = text(fields.get("router"));
  if (router === "") return undefined;
  const rttMs = number(fields.get("rttMs"));
  return {
    router,
    hub: text(fields.get("hub")),
    state: text(fields.get("state")),
    ...age(number(fields.get("since")), nowMicros),
    reason: plainReason(text(fields.get("reason"))),
    degraded: text(fields.get("degraded")),
    claims: number(fields.get("claims")),
    rttMs: rttMs > 0 ? rttMs : null,
    queued: number(fields.get("queued")),
  };
}

function text(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}

function number(value: Value | undefined): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
