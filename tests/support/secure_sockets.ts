/**
 * While it is there, every `WebSocket` of this process that is opened with `ws:` uses `wss:` instead
 * and trusts some authorities beside the usual ones: so a test written for `ws:` is one for TLS too.
 */
export class SecureSockets implements Disposable {
  readonly #before: typeof WebSocket = WebSocket;
  readonly #client: Deno.HttpClient;

  constructor(caCerts: readonly string[]) {
    const client = Deno.createHttpClient({ caCerts: [...caCerts] });
    this.#client = client;
    globalThis.WebSocket = class extends WebSocket {
      constructor(url: string | URL, protocols: string | string[] | WebSocketOptions = []) {
        const list = typeof protocols === "string" ? [protocols] : protocols;
        const given = Array.isArray(list) ? { protocols: list } : list;
        super(String(url).replace(/^ws:/, "wss:"), { ...given, client });
      }
    };
  }

  [Symbol.dispose](): void {
    globalThis.WebSocket = this.#before;
    this.#client.close();
  }
}
