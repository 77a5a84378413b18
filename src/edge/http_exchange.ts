import { CLOSE_GRACE_MS } from "../limits.ts";
import type { ByteConnection } from "./byte_connection.ts";
import { dropConnection } from "./drop_connection.ts";
import { HttpError } from "./http_error.ts";
import { type RequestHead, RequestHeadReader } from "./http_request_head.ts";
import { writeResponse } from "./http_response_writer.ts";
import type { UpgradedConnection } from "./websocket_transport.ts";
import { writeAll } from "./write_all.ts";

const READ_BYTES = 4_096;

/** The one request of a connection, and its answer. */
export class HttpExchange {
  readonly #connection: ByteConnection;
  #firstBytes = new Uint8Array(0);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(connection: ByteConnection) {
    this.#connection = connection;
  }

  /**
   * Reads the request. Undefined when the client has left before it was complete.
   *
   * @throws {HttpError} When it is none that is answered here, or takes longer than that.
   */
  async readHead(timeoutMs: number): Promise<RequestHead | undefined> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const seconds = timeoutMs / 1_000;
      late.reject(new HttpError(408, `The request was not complete within ${seconds} s`));
    }, timeoutMs);
    try {
      return await Promise.race([this.#readHead(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Answers that the connection is a WebSocket from now on, and lets go of it. Undefined when the
   * client has left.
   */
  async upgrade(answer: string): Promise<UpgradedConnection | undefined> {
    const bytes = new TextEncoder().encode(answer);
    const isWritten = await writeAll(this.#connection, bytes);
    clearTimeout(this.#timer);
    if (!isWritten) return undefined;
    return { connection: this.#connection, firstBytes: this.#firstBytes };
  }

  /**
   * Answers with a page, and says that nothing follows.
   *
   * @throws What the body of the response throws.
   */
  async answer(response: Response, { isHeadOnly }: { isHeadOnly: boolean }): Promise<void> {
    if (!await writeResponse(this.#connection, response, { isHeadOnly })) return;
    try {
      await this.#connection.closeWrite();
    } catch {
      // The client has left already.
    }
  }

  /**
   * Waits until the client has hung up, for a while, and frees the connection. Without the wait the
   * system may drop an answer because of something that the client has said and nobody has read.
   */
  async leave(): Promise<void> {
    this.cutAfter(CLOSE_GRACE_MS);
    const buffer = new Uint8Array(READ_BYTES);
    try {
      while (await this.#connection.read(buffer) !== null);
    } catch {
      // Cut off, by whomever.
    }
    this.cut();
  }

  /** Gives what is under way so much time, counted from now, and no longer what it had before. */
  cutAfter(timeoutMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.cut(), timeoutMs);
  }

  /** Frees the connection now. What is under way on it ends. */
  cut(): void {
    clearTimeout(this.#timer);
    dropConnection(this.#connection);
  }

  async #readHead(): Promise<RequestHead | undefined> {
    const reader = new RequestHeadReader();
    const buffer = new Uint8Array(READ_BYTES);
    while (true) {
      let length: number | null;
      try {
        length = await this.#connection.read(buffer);
      } catch {
        return undefined;
      }
      if (length === null) return undefined;
      const headBytes = reader.push(buffer.subarray(0, length));
      if (headBytes === undefined) continue;
      this.#firstBytes = buffer.subarray(headBytes, length);
      return reader.head();
    }
  }
}
