import { helloFrame, readFrames, subscribeFrame } from "./clasp_frames.js";

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 8_000;
const EVERYTHING = "/**";
const SUBSCRIPTION = 1;

/** Live params, by CLASP over a WebSocket to where the page came from. */
export class ParamFeed {
  #store;
  #time;
  #changed;
  #token = "";
  #socket;
  #retryMs = RETRY_MS;
  #timer;
  /** Why the connection ended, as far as it was said. */
  #problem = "";

  /** `time` tells federation time; `changed` is told why params are not live any more, or "" when they are. */
  constructor({ store, time, changed }) {
    this.#store = store;
    this.#time = time;
    this.#changed = changed;
  }

  /** Connects, with the token that the router wants; what was there before is closed. */
  start(token) {
    this.#token = token;
    this.stop();
    this.#open();
  }

  stop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** Asks for all params again: what is not told any more has expired. */
  refresh() {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    this.#store.beginAnew();
    this.#socket.send(subscribeFrame(SUBSCRIPTION, EVERYTHING));
  }

  #open() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/`, ["clasp"]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(helloFrame("status page", this.#token));
    socket.onmessage = ({ data }) => this.#received(socket, new Uint8Array(data));
    socket.onclose = () => this.#closed(socket);
    this.#socket = socket;
  }

  #closed(socket) {
    if (socket !== this.#socket) return;
    this.#changed(this.#problem === "" ? "not connected, trying again" : this.#problem);
    this.#timer = setTimeout(() => this.#open(), this.#retryMs);
    this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MAX_MS);
  }

  #received(socket, bytes) {
    if (socket !== this.#socket) return;
    try {
      for (const message of readFrames(bytes)) this.#handle(message);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#problem = `what the router sent cannot be read: ${error.message}`;
      socket.close();
    }
  }

  #handle(message) {
    const nowMs = performance.now();
    const timeMicros = this.#time();
    switch (message.type) {
      case "WELCOME":
        this.#retryMs = RETRY_MS;
        this.#problem = "";
        this.refresh();
        this.#changed("");
        return;
      case "SET":
        return this.#store.put(message, { nowMs, timeMicros });
      case "SNAPSHOT":
        for (const param of message.params) {
          this.#store.put(param, { nowMs, timeMicros: param.timeMicros ?? timeMicros });
        }
        return;
      case "ERROR":
        this.#problem = message.message;
        return;
      case "ACK":
        if (message.address === EVERYTHING) this.#store.dropOld();
        return;
    }
  }
}
