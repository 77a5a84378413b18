/** What passed in one direction, since some start: plain numbers, for each message adds to them. */
export interface Flow {
  /** WebSocket messages. */
  messages: number;
  /** Their bytes, without what WebSocket, TLS and TCP add. */
  bytes: number;
}

/** Nothing yet. */
export function newFlow(): Flow {
  return { messages: 0, bytes: 0 };
}

/** Adds one flow to another. */
export function addFlow(sum: Flow, flow: Readonly<Flow>): void {
  sum.messages += flow.messages;
  sum.bytes += flow.bytes;
}
