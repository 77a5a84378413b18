import { matches, type Pattern } from "../address/pattern.ts";
import { compareVersions, isLive, type LiveVersion, type Version } from "../state/version.ts";
import { encodedNumber } from "../wire/encoded_number.ts";
import { decodeFrame } from "../wire/frame.ts";
import { SIGNAL } from "../wire/message.ts";
import type { Connection } from "./connection.ts";
import { ParamChange } from "./param_change.ts";
import type { Publication } from "./publication.ts";
import type { RouterCore } from "./router_core.ts";
import { Reviews } from "./reviews.ts";
import { SampleWindows } from "./sample_windows.ts";
import type { Subscriber } from "./subscriber.ts";
import type { TargetLimits } from "./target_limits.ts";
import { UpdateLimiter } from "./update_limiter.ts";

/**
 * What one client is told within the limits of its subscriptions. It stands before the client's
 * session: what may go, now or later, is told to the session like any other update. A param that had
 * to wait is looked up when its time has come, so what is sent is the newest.
 */
export class LimitedDelivery {
  readonly #router: RouterCore;
  readonly #session: Subscriber;
  readonly #params: UpdateLimiter<Version>;
  readonly #streams: UpdateLimiter<Publication>;
  readonly #windows: SampleWindows;
  /** Addresses with samples that are being gathered, whose limits are others than before. */
  readonly #windowReviews: Reviews;

  constructor(router: RouterCore, session: Subscriber, connection: Connection) {
    this.#router = router;
    this.#session = session;
    const world = {
      nowMicros: () => router.nowMicros,
      after: (delayMs: number, action: () => void) => router.after(delayMs, action, connection),
      cancel: router.agenda.cancel.bind(router.agenda),
    };
    this.#windowReviews = new Reviews({
      ...world,
      review: (address) => this.#reviewWindow(address),
    });
    this.#params = new UpdateLimiter<Version>({
      ...world,
      limits: (address) => this.#targetLimits(address, SIGNAL.param)?.params,
      number: ({ value }) => value === undefined ? undefined : encodedNumber(value),
      keep: (address, version) => this.#isKept(address, version) ? undefined : version,
      bytes: ({ value }) => value?.length ?? 0,
      newest: (address, kept) => this.#newest(address, kept),
      release: (address, version) =>
        session.paramChanged(new ParamChange(address, version, { raised: false })),
    });
    this.#windows = new SampleWindows({ ...world, send: (sample) => session.published(sample) });
    this.#streams = new UpdateLimiter<Publication>({
      ...world,
      limits: (address) => this.#targetLimits(address, SIGNAL.stream)?.streams,
      number: streamNumber,
      keep: (_address, sample) => ({ ...sample, frame: sample.frame.slice() }),
      bytes: ({ frame }) => frame.length,
      // Late is never, for a sample as for an event.
      newest: (_address, kept) =>
        kept !== undefined && kept.deadlineMicros > router.nowMicros ? kept : undefined,
      release: (address, sample) =>
        this.#windows.pass(
          sample,
          this.#targetLimits(address, SIGNAL.stream)?.windowMicros ?? 0,
        ),
    });
  }

  /** The session as the subscriber of an address with these limits. */
  through(limits: TargetLimits): Subscriber {
    return {
      paramChanged: (change) => this.#paramChanged(change, limits),
      published: (publication) => this.#published(publication, limits),
    };
  }

  /** The session has other subscriptions with these patterns than before. */
  subscriptionsChanged(patterns: readonly Pattern[]): void {
    const isConcerned = (address: string) => patterns.some((pattern) => matches(pattern, address));
    this.#params.subscriptionsChanged(isConcerned);
    this.#windowReviews.add(this.#windows.addresses().filter(isConcerned));
    this.#streams.subscriptionsChanged(isConcerned);
  }

  /** A value went to the client in a snapshot. */
  snapshotSent(address: string, version: LiveVersion): void {
    const limits = this.#targetLimits(address, SIGNAL.param)?.params ?? [];
    if (limits.some(({ epsilon }) => epsilon > 0)) this.#params.sent(address, version);
  }

  /** The newest value went to the client, which had been behind: later than it was let pass. */
  caughtUp(address: string, version: LiveVersion): void {
    this.#params.caughtUp(address, version);
  }

  /** Forgets what waits. */
  close(): void {
    this.#params.close();
    this.#streams.close();
    this.#windowReviews.close();
    for (const address of this.#windows.addresses()) this.#windows.drop(address);
  }

  #reviewWindow(address: string): void {
    const limits = this.#targetLimits(address, SIGNAL.stream);
    if (limits === undefined) this.#windows.drop(address);
    else if (limits.windowMicros === 0) this.#windows.flush(address);
  }

  #paramChanged(change: ParamChange, { params }: TargetLimits): void {
    if (change.isTombstone) return;
    const isDue = params.length === 0 || this.#params.offer(change.address, change.version, params);
    if (isDue) this.#session.paramChanged(change);
  }

  #published(publication: Publication, { streams, windowMicros }: TargetLimits): void {
    const { address, signal, audience } = publication;
    if (signal !== SIGNAL.stream || audience === "peers") {
      return this.#session.published(publication);
    }
    const isDue = streams.length === 0 || this.#streams.offer(address, publication, streams);
    if (isDue) this.#windows.pass(publication, windowMicros);
  }

  /** Undefined when the session does not want this signal there. */
  #targetLimits(address: string, signal: number): TargetLimits | undefined {
    for (const { subscriber, types, limits } of this.#router.subscriptions.targets(address)) {
      if (subscriber !== this.#session) continue;
      return (types & (1 << signal)) === 0 ? undefined : limits ?? UNLIMITED;
    }
    return undefined;
  }

  /** What is passed on without being kept here cannot be looked up later. */
  #isKept(address: string, version: Version): boolean {
    const known = this.#router.params.get(address);
    return known !== undefined && compareVersions(known, version) >= 0;
  }

  #newest(address: string, kept: Version | undefined): Version | undefined {
    const known = this.#router.params.get(address);
    const isKnownNewer = kept === undefined ||
      (known !== undefined && compareVersions(known, kept) >= 0);
    const newest = isKnownNewer ? known : kept;
    return isLive(newest) ? newest : undefined;
  }
}

function streamNumber({ frame }: Publication): number | bigint | undefined {
  const { message } = decodeFrame(frame);
  if (message.type !== "PUBLISH" || message.value === undefined) return undefined;
  return encodedNumber(message.value);
}

const UNLIMITED: TargetLimits = { params: [], streams: [], windowMicros: 0 };
