import { CLOSE_GRACE_MS, LISTEN_RETRY_MS } from "../limits.ts";
import { type CertificateFacts, checkCertificate, type TlsIdentity } from "./check_certificate.ts";
import type { ConnectionGate } from "./connection_gate.ts";
import type { HttpPages } from "./http/http_pages.ts";
import { LOG, logHandlerError } from "./log.ts";
import { RepeatLimit } from "./repeat_limit.ts";
import type { RouterHost } from "./router_host.ts";
import { TlsError } from "./tls_error.ts";
import type { Listener } from "./transport.ts";
import { listenWebSocket } from "./websocket_listener.ts";

/** Where a {@linkcode RouterListener} listens. */
export interface ListenAddress {
  readonly port: number;
  readonly hostname: string;
}

const RENEWING = "The router renews its certificate; connect again";
const RENEWED = "certificate renewed";
const STOPPING = "The router is stopping";

type Phase = "idle" | "listening" | "renewing" | "stopped";

/** Listens for the clients and peers of a router, with a certificate that can be renewed. */
export class RouterListener {
  readonly #host: RouterHost;
  readonly #gate: ConnectionGate;
  readonly #pages: HttpPages | undefined;
  readonly #repeats = new RepeatLimit(() => performance.now());
  readonly #stopped = Promise.withResolvers<void>();
  #phase: Phase = "idle";
  #listener: Listener | undefined;
  #renewal: Promise<void> = Promise.resolve();
  #isSecure = false;

  /** Without pages, a request that asks for no WebSocket gets a hint. */
  constructor(
    host: RouterHost,
    { gate, pages }: { readonly gate: ConnectionGate; readonly pages?: HttpPages | undefined },
  ) {
    this.#host = host;
    this.#gate = gate;
    this.#pages = pages;
  }

  /** Whether it listens with a certificate. */
  get isSecure(): boolean {
    return this.#isSecure;
  }

  /**
   * Starts to listen. Returns where.
   *
   * @throws {TypeError} If it listens already, or was stopped.
   * @throws {TlsError} If the certificate cannot be used.
   * @throws What the system says when it does not let this port be had.
   */
  listen(address: ListenAddress, tls: TlsIdentity | undefined): ListenAddress {
    if (this.#phase !== "idle") {
      throw new TypeError("Cannot listen: this router listens already or was stopped");
    }
    if (tls !== undefined) {
      logIfEarly(checkCertificate(tls, Date.now()));
      refuseUnusable(tls);
    }
    const { port, hostname } = this.#bind(address, tls);
    this.#isSecure = tls !== undefined;
    return { port, hostname };
  }

  /** See `Router.renewCertificate`. */
  async renew(tls: TlsIdentity, timeoutMs: number): Promise<void> {
    if (!this.#isSecure || this.#phase === "stopped") {
      throw new TypeError("Cannot renew the certificate: this router does not listen with one");
    }
    const facts = checkCertificate(tls, Date.now());
    refuseUnusable(tls);
    logIfEarly(facts);
    const before = this.#renewal;
    const renewal = (async () => {
      await before;
      await this.#renew(tls, { facts, timeoutMs });
    })();
    this.#renewal = renewal;
    await renewal;
  }

  /** Stops for good; see `Listener.stop`. */
  async stop(graceMs: number): Promise<void> {
    this.#phase = "stopped";
    this.#stopped.resolve();
    await this.#listener?.stop(graceMs);
    // It may have been between two listeners.
    await this.#renewal;
  }

  /** Refuses connections from now on; those that are there stay. */
  refuseAll(): void {
    this.#phase = "stopped";
  }

  async #renew(
    tls: TlsIdentity,
    { facts, timeoutMs }: { readonly facts: CertificateFacts; readonly timeoutMs: number },
  ): Promise<void> {
    const listener = this.#listener;
    if (listener === undefined || this.#phase !== "listening") return;
    const { port, hostname } = listener;
    this.#phase = "renewing";
    await this.#host.renew((transport) => listener.owns(transport), { reason: RENEWED, timeoutMs });
    await listener.stop(CLOSE_GRACE_MS);
    const isBound = await this.#bindAgain({ port, hostname }, tls);
    if (!isBound) return;
    LOG.info("The certificate is renewed: {subject}, valid until {validTo}", {
      event: "certificate-renewed",
      ...textsOf(facts),
    });
  }

  /** Somebody may have taken the port meanwhile: tried until it is free, for nothing works without. */
  async #bindAgain(address: ListenAddress, tls: TlsIdentity): Promise<boolean> {
    while (this.#phase === "renewing") {
      try {
        this.#bind(address, tls);
        return true;
      } catch (error) {
        this.#cannotBind(address, error);
        await this.#pause();
      }
    }
    return false;
  }

  #bind(address: ListenAddress, tls: TlsIdentity | undefined): Listener {
    const pages = this.#pages;
    const listener = listenWebSocket({
      ...address,
      accept: (transport) => this.#host.accept(transport),
      refuse: (host) => this.#refusal() ?? this.#gate.hostProblem(host),
      refuseOrigin: (origin, host) => this.#gate.originProblem(origin, host),
      http: pages && ((request, host) => pages.answer(request, host)),
      onHandlerError: logHandlerError,
      onAcceptFailed: (error) => this.#cannotAccept(address, error),
      tls,
    });
    this.#listener = listener;
    this.#phase = "listening";
    return listener;
  }

  #refusal(): string | undefined {
    switch (this.#phase) {
      case "idle":
      case "listening":
        return undefined;
      case "renewing":
        return RENEWING;
      case "stopped":
        return STOPPING;
    }
  }

  #cannotBind({ port, hostname }: ListenAddress, error: unknown): void {
    const repeat = this.#repeats.take("bind");
    if (repeat === undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    const text =
      "Cannot listen on {hostname}:{port} again, trying on: {reason}; stop who has the " +
      "port{more}";
    LOG.error(text, {
      event: "listen-failed",
      hostname,
      port,
      reason,
      ...repeat,
    });
  }

  #cannotAccept({ port, hostname }: ListenAddress, error: unknown): void {
    const repeat = this.#repeats.take("accept");
    if (repeat === undefined) return;
    const reason = error instanceof Error ? error.message : String(error);
    LOG.error(
      "Cannot accept connections on {hostname}:{port}, trying on: {reason}. If there are too many " +
        "open files, somebody may open connections and ask for nothing{more}",
      { event: "accept-failed", hostname, port, reason, ...repeat },
    );
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LISTEN_RETRY_MS);
    await Promise.race([promise, this.#stopped.promise]);
    clearTimeout(timer);
  }
}

/** What only the system's own TLS finds out, before anything depends on the certificate. */
function refuseUnusable(tls: TlsIdentity): void {
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, ...tls }).close();
  } catch (error) {
    // Leave to listen on one port is not leave for this; then the check has to do.
    if (error instanceof Deno.errors.NotCapable) return;
    const reason = error instanceof Error ? error.message : String(error);
    throw new TlsError(`Cannot use the certificate: ${reason}`);
  }
}

function logIfEarly(facts: CertificateFacts): void {
  if (Date.now() >= facts.validFromMs) return;
  LOG.warn(
    "The certificate of {subject} is valid from {validFrom} on only, by this machine's clock: " +
      "clients may refuse it until then",
    { event: "certificate-early", ...textsOf(facts) },
  );
}

function textsOf({ subject, validFromMs, validToMs }: CertificateFacts): Record<string, string> {
  return {
    subject,
    validFrom: new Date(validFromMs).toISOString(),
    validTo: new Date(validToMs).toISOString(),
  };
}
