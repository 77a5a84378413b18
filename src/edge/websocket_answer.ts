import { HttpError } from "./http_error.ts";
import type { RequestHead } from "./http_request_head.ts";
import { CLASP_SUBPROTOCOL } from "./websocket_subprotocol.ts";
import { acceptOfKey } from "./websocket_upgrade.ts";

/** What clients of v0 offer, whose frames are told apart by themselves. */
const V0_SUBPROTOCOL = "clasp.v2";
/** 16 bytes in base64: the last of its 22 characters stands for 2 bits of them. */
const KEY = /^[0-9A-Za-z+/]{21}[AQgw]==$/;

/** Whether a request is about WebSocket at all, well-formed or not. */
export function asksForWebSocket(head: RequestHead): boolean {
  return listed(head.headers.get("upgrade")?.toLowerCase()).includes("websocket");
}

/**
 * The answer that opens the WebSocket that was asked for (RFC 6455, section 4.2).
 *
 * The subprotocol `clasp` is confirmed when it was offered, else `clasp.v2`, which is that of v0.
 * Extensions are not.
 *
 * @throws {HttpError} When the request breaks a rule.
 */
export async function upgradeAnswer(head: RequestHead): Promise<string> {
  const { method, minorVersion, headers } = head;
  if (method !== "GET") {
    throw new HttpError(405, "Cannot open a WebSocket: it is asked for with GET", { allow: "GET" });
  }
  if (minorVersion !== 1) refuse("it takes HTTP/1.1");
  if (!listed(headers.get("connection")?.toLowerCase()).includes("upgrade")) {
    refuse('the header Connection does not say "upgrade"');
  }
  const version = headers.get("sec-websocket-version");
  if (version !== "13") {
    throw new HttpError(426, "Cannot open a WebSocket: its version must be 13", {
      "sec-websocket-version": "13",
      upgrade: "websocket",
    });
  }
  const key = headers.get("sec-websocket-key") ?? "";
  if (!KEY.test(key)) refuse("the header Sec-WebSocket-Key is not 16 bytes in base64");
  const protocol = chosenProtocol(headers.get("sec-websocket-protocol"));
  const lines = [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: Upgrade",
    `sec-websocket-accept: ${await acceptOfKey(key)}`,
    ...(protocol === undefined ? [] : [`sec-websocket-protocol: ${protocol}`]),
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function refuse(reason: string): never {
  throw new HttpError(400, `Cannot open a WebSocket: ${reason}`);
}

function chosenProtocol(header: string | undefined): string | undefined {
  const offered = listed(header);
  return [CLASP_SUBPROTOCOL, V0_SUBPROTOCOL].find((protocol) => offered.includes(protocol));
}

function listed(header: string | undefined): string[] {
  return (header ?? "").split(",").map((item) => item.trim());
}
