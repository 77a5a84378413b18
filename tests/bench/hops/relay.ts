/**
 * A router that only copies bytes: what comes on one WebSocket goes to all others, the one to its hub
 * included. `deno run --allow-net relay.ts --port=P [--hub=PORT] [--joined]`. With `--joined`, what
 * comes in one turn of the event loop leaves as one message.
 *
 * What is between this and a real router is what a router costs; below it is only Deno.
 *
 * @module
 */

/** A message is closed at this size, so that a flood does not build huge ones. */
const JOINED_BYTES_MAX = 65_536;

const port = numberOf("port") ?? 0;
const hubPort = numberOf("hub");
const isJoined = Deno.args.includes("--joined");

/** One WebSocket, and what waits for the end of the turn. */
class Way {
  readonly socket: WebSocket;
  readonly #waiting = new Uint8Array(JOINED_BYTES_MAX);
  #length = 0;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => copy(new Uint8Array(data), this);
    socket.onclose = () => ways.delete(this);
    socket.onerror = () => ways.delete(this);
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!isJoined) return this.socket.send(bytes);
    if (this.#length + bytes.length > JOINED_BYTES_MAX) this.flush();
    if (bytes.length > JOINED_BYTES_MAX) return this.socket.send(bytes);
    if (this.#length === 0) flushLater(this);
    this.#waiting.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  flush(): void {
    if (this.#length === 0) return;
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(this.#waiting.subarray(0, this.#length));
    }
    this.#length = 0;
  }
}

const ways = new Set<Way>();
let waiting: Way[] = [];

Deno.serve({ port, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "clasp" });
  socket.onopen = () => void ways.add(new Way(socket));
  return response;
});
if (hubPort === undefined) console.log("up");
else {
  const socket = new WebSocket(`ws://127.0.0.1:${hubPort}`, "clasp");
  socket.onopen = () => {
    ways.add(new Way(socket));
    console.log("up");
  };
  socket.onerror = () => Deno.exit(1);
}

function copy(bytes: Uint8Array<ArrayBuffer>, from: Way): void {
  for (const way of ways) if (way !== from) way.send(bytes);
}

function flushLater(way: Way): void {
  if (waiting.push(way) === 1) setImmediate(flushAll);
}

function flushAll(): void {
  const ended = waiting;
  waiting = [];
  for (const way of ended) way.flush();
}

function numberOf(name: string): number | undefined {
  const text = Deno.args.find((argument) => argument.startsWith(`--${name}=`));
  return text === undefined ? undefined : Number(text.slice(name.length + 3));
}
