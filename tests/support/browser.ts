import { withDeadline } from "./deadline.ts";
import { splitLines } from "./line_process.ts";
import { TempDirectory } from "./temp_directory.ts";

const DEADLINE_MS = 30_000;
const LOOK_INTERVAL_MS = 20;
const NAMES = ["chromium", "chromium-browser", "google-chrome"] as const;

/** Where a Chromium is on this machine; undefined when there is none. */
export function findChromium(): string | undefined {
  return NAMES.map((name) => `/usr/bin/${name}`).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

type Fields = Readonly<Record<string, unknown>>;

/** A page in a headless Chromium, driven over its own debugging protocol. */
export class BrowserPage implements AsyncDisposable {
  /** What the page wrote to its console as a warning or error, and what it did not catch. */
  readonly complaints: string[] = [];
  /** URLs that it asked for. */
  readonly requests: string[] = [];
  readonly #process: Deno.ChildProcess;
  readonly #directory: TempDirectory;
  readonly #socket: WebSocket;
  readonly #output: Promise<unknown>;
  readonly #answers = new Map<number, (message: Fields) => void>();
  #session = "";
  #last = 0;

  private constructor(
    process: Deno.ChildProcess,
    { directory, socket, output }: {
      readonly directory: TempDirectory;
      readonly socket: WebSocket;
      readonly output: Promise<unknown>;
    },
  ) {
    this.#process = process;
    this.#directory = directory;
    this.#socket = socket;
    this.#output = output;
    socket.onmessage = ({ data }) => this.#received(JSON.parse(String(data)));
  }

  /** Starts a browser with one empty page. */
  static async open(executable: string): Promise<BrowserPage> {
    const directory = await TempDirectory.make();
    const process = new Deno.Command(executable, {
      args: [
        ...["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"],
        ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
        ...["--remote-debugging-port=0", `--user-data-dir=${directory.path}`, "about:blank"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const found = Promise.withResolvers<string>();
    const output = (async () => {
      const lines = process.stderr.pipeThrough(new TextDecoderStream()).pipeThrough(splitLines());
      for await (const line of lines) {
        const url = /^DevTools listening on (ws:.*)$/.exec(line)?.[1];
        if (url !== undefined) found.resolve(url);
      }
      found.reject(new Error("Chromium has ended"));
    })();
    const url = await withDeadline(found.promise, DEADLINE_MS, "the address of Chromium");
    const socket = new WebSocket(url);
    const page = new BrowserPage(process, { directory, socket, output });
    await withDeadline(
      new Promise((resolve) => socket.onopen = resolve),
      DEADLINE_MS,
      "a connection to Chromium",
    );
    await page.#attach();
    return page;
  }

  /** Loads a URL. */
  async goto(url: string): Promise<void> {
    await this.send("Page.navigate", { url });
    await this.until(`location.href !== "about:blank" && document.readyState === "complete"`);
  }

  /** Width and height in pixels, and light or dark. */
  async show(width: number, height: number, scheme: "light" | "dark"): Promise<void> {
    const isMobile = width < 600;
    await this.send("Emulation.setDeviceMetricsOverride", {
      ...{ width, height, deviceScaleFactor: 1, mobile: isMobile },
    });
    await this.send("Emulation.setEmulatedMedia", {
      features: [{ name: "prefers-color-scheme", value: scheme }],
    });
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const answer = await this.send("Runtime.evaluate", {
      ...{ expression, returnByValue: true, awaitPromise: true },
    });
    if (answer["exceptionDetails"] !== undefined) {
      throw new Error(`${expression}: ${JSON.stringify(answer["exceptionDetails"])}`);
    }
    return fieldsOf(answer["result"])["value"];
  }

  /** Waits until an expression is true in the page; returns how many milliseconds that took. */
  async until(expression: string, deadlineMs: number = DEADLINE_MS): Promise<number> {
    const startMs = performance.now();
    while (await this.evaluate(expression) !== true) {
      if (performance.now() - startMs > deadlineMs) {
        const text = await this.evaluate("document.body.innerText");
        throw new Error(`Waited ${deadlineMs} ms in vain for ${expression} in:\n${text}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL_MS));
    }
    return performance.now() - startMs;
  }

  /** Types text where the focus is. */
  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** Presses a key. */
  async press(key: string, code: number): Promise<void> {
    const fields = { key, windowsVirtualKeyCode: code, ...(key.length === 1 ? { text: key } : {}) };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...fields });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...fields });
  }

  /** Writes what is seen to a PNG file, the whole page. */
  async screenshot(path: string): Promise<void> {
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
    await Deno.writeFile(path, Uint8Array.fromBase64(String(data)));
  }

  /** Asks the page's session of the debugging protocol for something. */
  async send(method: string, params: Fields = {}): Promise<Fields> {
    const id = ++this.#last;
    const { promise, resolve } = Promise.withResolvers<Fields>();
    this.#answers.set(id, resolve);
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    this.#socket.send(JSON.stringify({ id, method, params, ...session }));
    const answer = await withDeadline(promise, DEADLINE_MS, `the answer to ${method}`);
    if (answer["error"] !== undefined) {
      throw new Error(`${method}: ${JSON.stringify(answer["error"])}`);
    }
    return fieldsOf(answer["result"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.send(JSON.stringify({ id: ++this.#last, method: "Browser.close" }));
    const killer = setTimeout(() => this.#process.kill("SIGKILL"), 5_000);
    await Promise.all([closed, this.#process.status, this.#output.catch(() => {})]);
    clearTimeout(killer);
    await this.#directory[Symbol.asyncDispose]();
  }

  async #attach(): Promise<void> {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    this.#session = String(sessionId);
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await this.send(`${domain}.enable`);
  }

  #received(message: Fields): void {
    const { id, method } = message;
    const params = fieldsOf(message["params"]);
    if (typeof id === "number") {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push(String(fieldsOf(params["request"])["url"]));
    } else if (method === "Network.webSocketCreated") {
      this.requests.push(String(params["url"]));
    } else if (method === "Log.entryAdded") {
      this.complaints.push(String(fieldsOf(params["entry"])["text"]));
    } else if (method === "Runtime.exceptionThrown") {
      this.complaints.push(JSON.stringify(params["exceptionDetails"]));
    } else if (method === "Runtime.consoleAPICalled") {
      this.complaints.push(JSON.stringify(params["args"]));
    }
  }
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
