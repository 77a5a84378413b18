import {
  SUBSCRIBES_BURST,
  SUBSCRIBES_PER_SECOND_MAX,
  SUBSCRIBES_WAITING_MAX,
  SUBSCRIPTIONS_PER_SESSION_MAX,
} from "../limits.ts";
import { addressProblem } from "../address/address.ts";
import type { Action } from "../auth/scope.ts";
import { parsePattern, type Pattern, patternProblem } from "../address/pattern.ts";
import { isLive, type LiveVersion } from "../state/version.ts";
import { type ClientFrame, decodeClientFrame } from "../wire/client_frame.ts";
import {
  type AnnounceMessage,
  type BundleMessage,
  type GetMessage,
  type HelloMessage,
  type Message,
  type PublishMessage,
  QOS,
  type QueryMessage,
  type SetMessage,
  SIGNAL,
  type SignalDefinition,
  type SubscribeMessage,
  type SyncMessage,
  type UnsubscribeMessage,
} from "../wire/message.ts";
import { WireError } from "../wire/wire_error.ts";
import { ClientBundle } from "./client_bundle.ts";
import { clientSender } from "./client_sender.ts";
import { ConflatedParams } from "./conflated_params.ts";
import type { Connection, ConnectionHandler } from "./connection.ts";
import { drainRefusal } from "./drain_refusal.ts";
import { ERROR_CODE, type ErrorCode, type Refusal } from "./error_code.ts";
import { explain, explainedAddress } from "./explanation.ts";
import type { GetAnswer, WriteAnswer } from "./federation_hook.ts";
import { LimitedDelivery } from "./limited_delivery.ts";
import { isP2p, p2pAddress } from "./p2p_address.ts";
import type { P2pSession } from "./p2p_signals.ts";
import type { ParamChange } from "./param_change.ts";
import { ParamHistory } from "./param_history.ts";
import type { Publication } from "./publication.ts";
import { PendingWrites } from "./pending_writes.ts";
import { isReserved, reservedFor } from "./reserved.ts";
import { ResultSource } from "./result_source.ts";
import type { RouterCore } from "./router_core.ts";
import type { SessionGrant } from "./session_grant.ts";
import { SessionRate } from "./session_rate.ts";
import { SnapshotSource } from "./snapshot_source.ts";
import type { Subscriber } from "./subscriber.ts";
import { subscribeOptionsProblem, toSubscriptionLimits } from "./subscription_limits.ts";
import type { TargetLimits } from "./target_limits.ts";
import { TokenBucket } from "./token_bucket.ts";

/** One connected client, from HELLO to the end of its connection. */
export class ClientSession implements ConnectionHandler, P2pSession {
  /** Unique; also the holder of the locks that the client takes. */
  readonly id: string;
  readonly name: string;
  readonly #router: RouterCore;
  readonly #connection: Connection;
  /** What its token allows; undefined in open mode. */
  readonly #grant: SessionGrant | undefined;
  /** Of the protocol, as its HELLO says it. */
  readonly #version: number;
  readonly #pendingWrites = new PendingWrites();
  /** Since it was behind for the first time. */
  #conflated: ConflatedParams | undefined;
  readonly #subscribes: TokenBucket;
  #subscribesWaiting = 0;
  /** Of other routers, to what this client asked. */
  #answersAwaited = 0;
  /** Since the first subscription with limits. */
  #limited: LimitedDelivery | undefined;
  readonly #isSeen = ({ address }: { readonly address: string }): boolean => this.sees(address);

  constructor(router: RouterCore, connection: Connection, hello: HelloMessage) {
    this.#router = router;
    this.#connection = connection;
    this.#grant = connection.grant;
    this.id = router.port.newId();
    this.name = hello.name;
    this.#version = hello.version;
    connection.outbox.newLane = () => this.#conflated = this.#newLane();
    connection.rate = new SessionRate(router, connection);
    this.#subscribes = new TokenBucket({
      perSecond: SUBSCRIBES_PER_SECOND_MAX,
      burst: SUBSCRIBES_BURST,
      nowMicros: router.nowMicros,
    });
  }

  get isAnswering(): boolean {
    return this.#answersAwaited > 0;
  }

  /** Sends WELCOME, then a SNAPSHOT of everything. */
  welcome(): void {
    const router = this.#router;
    this.#connection.sendMessage({
      type: "WELCOME",
      version: this.#version,
      features: router.clientFeatures,
      timeMicros: router.timeMicros(),
      session: this.id,
      name: router.config.name,
    });
    router.sendSource(
      this.#connection,
      new SnapshotSource({ store: router.params, filter: this.#isSeen, evenIfEmpty: true }),
    );
    router.p2p.joined(this);
    router.sessionStarted();
  }

  received(bytes: Uint8Array): void {
    let frame: ClientFrame;
    try {
      frame = decodeClientFrame(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const code = error.kind === "frame" ? ERROR_CODE.invalidFrame : ERROR_CODE.invalidMessage;
      this.#connection.refuseWith(code, error.message);
      return;
    }
    this.#handle(frame.message, frame.bytes, frame.qos !== QOS.fire);
  }

  closed(): void {
    this.#limited?.close();
    this.#router.subscriptions.removeAll(this);
    this.#router.locks.releaseAll(this.id);
    this.#router.signals.sourceLost({ kind: "session", id: this.id });
    this.#router.p2p.left(this);
    this.#router.federation?.sessionEnded(this.id);
    this.#router.sessionEnded();
  }

  paramChanged(change: ParamChange): void {
    if (change.isTombstone) return;
    if (change.cause.isPassedOn) return this.#connection.send(change.clientFrame());
    this.#connection.sendChange(change);
  }

  /** The client is about to be told that its write was accepted: the value comes before that. */
  tellFirst(address: string): void {
    const frame = this.#conflated?.take(address);
    if (frame !== undefined) this.#connection.send(frame);
  }

  published(publication: Publication): void {
    if (publication.audience === "peers") return this.#router.federation?.missed(publication);
    this.#connection.sendPublication(publication);
  }

  limited(limits: TargetLimits): Subscriber {
    this.#limited ??= this.#newLimitedDelivery();
    return this.#limited.through(limits);
  }

  #newLimitedDelivery(): LimitedDelivery {
    return new LimitedDelivery(this.#router, this, this.#connection);
  }

  #newLane(): ConflatedParams {
    const { params, config } = this.#router;
    return new ConflatedParams({
      get: (address) => params.get(address),
      isWanted: (address) => this.#isTold(address),
      sent: (address, version) => this.#limited?.caughtUp(address, version),
      paramsMax: config.paramsMax,
    });
  }

  // P2pSession

  signalled(frame: Uint8Array, deadlineMicros: number): void {
    this.#connection.send(frame, deadlineMicros);
  }

  #handle(message: Message, frame: Uint8Array, wantsAck: boolean): void {
    const refusal = this.#router.isDraining ? drainRefusal(message) : undefined;
    if (refusal !== undefined) return this.#connection.refuse(refusal);
    switch (message.type) {
      case "SET":
        return this.#set(message, wantsAck);
      case "PUBLISH":
        return this.#publish(message, frame, wantsAck);
      case "GET":
        return this.#get(message);
      case "SUBSCRIBE":
        return this.#subscribe(message, wantsAck);
      case "UNSUBSCRIBE":
        return this.#unsubscribe(message, wantsAck);
      case "BUNDLE":
        return this.#bundle(message, wantsAck);
      case "PING":
        return this.#connection.sendMessage({ type: "PONG" });
      case "SYNC":
        return this.#sync(message);
      case "PONG":
      case "ACK":
      case "ERROR":
        // Never answered: two ends that answer each other's errors would not stop.
        return;
      case "FEDERATION_SYNC":
        return this.#connection.refuseWith(ERROR_CODE.refused, this.#federationProblem());
      case "ANNOUNCE":
        return this.#announce(message, wantsAck);
      case "QUERY":
        return this.#query(message);
      case "REPLAY":
        return this.#connection.refuseWith(
          ERROR_CODE.unavailable,
          `Cannot replay "${message.pattern}": this router keeps no journal of what was sent; ` +
            "subscribe, and get what is set by now",
          message.pattern,
        );
      case "HELLO":
      case "WELCOME":
      case "SNAPSHOT":
      case "RESULT":
        return this.#connection.refuseWith(
          ERROR_CODE.invalidMessage,
          message.type === "HELLO"
            ? "HELLO was already said on this connection"
            : `${message.type} is sent by routers only`,
        );
    }
  }

  #federationProblem(): string {
    return this.#router.federation === undefined
      ? "FEDERATION_SYNC needs the federation feature: start the router with --features federation"
      : "FEDERATION_SYNC is spoken between clasp-fed routers: say HELLO with the federation and " +
        "envelope features";
  }

  #set(message: SetMessage, wantsAck: boolean): void {
    const refusal = this.writeProblem(message.address);
    if (refusal !== undefined) return this.#connection.refuse(refusal);
    const router = this.#router;
    const route = router.route(message.address);
    switch (route.kind) {
      case "here":
        return this.#answerSet(router.write(message, this.id), message, wantsAck);
      case "caretaker":
        if (message.lock || message.unlock) return this.#connection.refuse(route.lockRefusal);
        return this.#answerSet(router.write(message, this.id), message, wantsAck);
      case "unreachable":
        return this.#connection.refuse(route.refusal);
      case "elsewhere": {
        const problem = router.params.valueProblem(message.address, message.value);
        if (problem !== undefined) return this.#connection.refuse(problem);
        this.#pendingWrites.began(message.address);
        router.federation?.requestWrite(
          message,
          this.id,
          this.#awaiting((answer) => {
            this.#answerSet(answer, message, wantsAck);
            this.#pendingWrites.ended(message.address);
          }),
        );
        return;
      }
    }
  }

  #answerSet(answer: WriteAnswer, { address }: SetMessage, wantsAck: boolean): void {
    if (answer.kind === "refused") return this.#connection.refuse(answer.refusal);
    if (!wantsAck) return;
    this.tellFirst(address);
    const { version: { revision }, holder } = answer;
    this.#connection.sendMessage(
      holder === undefined
        ? { type: "ACK", address, revision }
        : { type: "ACK", address, revision, locked: true, holder },
    );
  }

  #publish(message: PublishMessage, frame: Uint8Array, wantsAck: boolean): void {
    const { address } = message;
    if (isP2p(address)) {
      const forbidden = this.#forbidden("write", address);
      if (forbidden !== undefined) return this.#connection.refuse(forbidden);
      if (this.#signal(message, frame, wantsAck)) return;
    }
    const refusal = this.publishProblem(message);
    if (refusal !== undefined) return this.#connection.refuse(refusal);
    this.#router.publish(message, frame, this);
    if (wantsAck) this.#connection.sendMessage({ type: "ACK", address });
  }

  #signal(message: PublishMessage, frame: Uint8Array, wantsAck: boolean): boolean {
    const { address } = message;
    if (p2pAddress(address) === undefined) return false;
    const answered = (refusal: Refusal | undefined): void => {
      if (refusal !== undefined) this.#connection.refuse(refusal);
      else if (wantsAck) this.#connection.sendMessage({ type: "ACK", address });
    };
    return this.#router.p2p.published(this, message, frame, this.#awaiting(answered));
  }

  /** What is to be called once, when an answer is there: the session is not closed before by a drain. */
  #awaiting<Answer>(answered: (answer: Answer) => void): (answer: Answer) => void {
    this.#answersAwaited++;
    return (answer) => {
      this.#answersAwaited--;
      answered(answer);
    };
  }

  #announce({ namespace, signals }: AnnounceMessage, wantsAck: boolean): void {
    const refusal = this.#announceProblem(signals) ??
      this.#router.signals.announce(this.id, signals);
    if (refusal !== undefined) return this.#connection.refuse(refusal);
    if (wantsAck) this.#connection.sendMessage({ type: "ACK", address: namespace });
  }

  #announceProblem(signals: readonly SignalDefinition[]): Refusal | undefined {
    if (this.#grant === undefined) return undefined;
    for (const { address } of signals) {
      const refusal = this.#forbidden("write", address);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  #query({ pattern: text }: QueryMessage): void {
    const refuse = (code: ErrorCode, why: string) => this.#connection.refuseWith(code, why, text);
    const problem = patternProblem(text);
    if (problem !== undefined) {
      return refuse(ERROR_CODE.invalidPattern, `Not a pattern: ${problem}`);
    }
    if (!this.#connection.outbox.takesSource()) {
      return refuse(
        ERROR_CODE.tooMany,
        `Cannot query "${text}": too many answers wait to be read; read them`,
      );
    }
    const pattern = parsePattern(text);
    const sees = (address: string) => this.sees(address);
    const { signals } = this.#router;
    this.#router.sendSource(this.#connection, new ResultSource(signals, { pattern, sees }));
  }

  // A client reads its own writes: one that is on its way to its owner comes first.
  #get(message: GetMessage): void {
    const { address } = message;
    if (this.#pendingWrites.afterAll(address, () => this.#answerGet(message))) return;
    this.#connection.refuseWith(
      ERROR_CODE.tooMany,
      `Cannot get "${address}": too many GETs wait for writes of this session; wait for their answers`,
      address,
    );
  }

  #answerGet({ address }: GetMessage): void {
    const problem = addressProblem(address);
    if (problem !== undefined) {
      return this.#connection.refuseWith(
        ERROR_CODE.invalidAddress,
        `Not an address: ${problem}`,
        address,
      );
    }
    const forbidden = this.#forbidden("read", address);
    if (forbidden !== undefined) return this.#connection.refuse(forbidden);
    const explained = explainedAddress(address);
    if (explained !== undefined) return this.#explain(address, explained);
    const { federation } = this.#router;
    if (federation?.mirrors(address) === false) {
      const answered = (answer: GetAnswer): void => {
        if (answer.kind === "refused") return this.#connection.refuse(answer.refusal);
        this.#connection.sendMessage({ type: "SNAPSHOT", params: [answer.param] });
      };
      return federation.requestGet(address, this.#awaiting(answered));
    }
    const version = this.sees(address) ? this.#router.read(address) : undefined;
    if (!isLive(version)) {
      return this.#connection.refuseWith(
        ERROR_CODE.addressNotFound,
        version === undefined
          ? `Nothing was ever set at "${address}"`
          : `What was set at "${address}" has expired`,
        address,
      );
    }
    const { value, revision, origin, timestampMicros } = version;
    this.#connection.sendMessage({
      type: "SNAPSHOT",
      params: [{ address, value, revision, writer: origin, timestampMicros }],
    });
  }

  #explain(address: string, explained: string): void {
    const forbidden = this.#forbidden("read", explained);
    if (forbidden !== undefined) return this.#connection.refuse(forbidden);
    this.#connection.sendMessage({
      type: "SNAPSHOT",
      params: [{ address, value: explain(this.#router, this, explained), revision: 0 }],
    });
  }

  #subscribe(message: SubscribeMessage, wantsAck: boolean): void {
    const { id, types, options } = message;
    const { federation, subscriptions } = this.#router;
    if (!this.#subscribes.has(this.#router.nowMicros)) {
      return this.#connection.refuseWith(
        ERROR_CODE.tooMany,
        `Cannot subscribe to "${message.pattern}": this session subscribes too often, ` +
          `${SUBSCRIBES_PER_SECOND_MAX} times a second are allowed; keep what is wanted again`,
        message.pattern,
      );
    }
    const problem = patternProblem(message.pattern);
    if (problem !== undefined) {
      return this.#connection.refuseWith(
        ERROR_CODE.invalidPattern,
        `Not a pattern: ${problem}`,
        message.pattern,
      );
    }
    const optionsProblem = subscribeOptionsProblem(options);
    if (optionsProblem !== undefined) {
      return this.#connection.refuseWith(
        ERROR_CODE.invalidValue,
        `Cannot subscribe to "${message.pattern}": ${optionsProblem}`,
        message.pattern,
      );
    }
    const replaces = subscriptions.has(this, id);
    if (!replaces && subscriptions.count(this) >= SUBSCRIPTIONS_PER_SESSION_MAX) {
      return this.#connection.refuseWith(
        ERROR_CODE.tooMany,
        `Cannot subscribe to "${message.pattern}": this session has ` +
          `${SUBSCRIPTIONS_PER_SESSION_MAX} subscriptions, its limit`,
        message.pattern,
      );
    }
    if (
      this.#subscribesWaiting >= SUBSCRIBES_WAITING_MAX || !this.#connection.outbox.takesSource(id)
    ) {
      return this.#connection.refuseWith(
        ERROR_CODE.tooMany,
        `Cannot subscribe to "${message.pattern}": too many snapshots wait to be read; read them`,
        message.pattern,
      );
    }
    const pattern: Pattern = parsePattern(message.pattern);
    const refusal = this.#grant?.patternProblem("read", pattern) ??
      federation?.interestProblem(pattern);
    if (refusal !== undefined) return this.#connection.refuse(refusal);
    this.#subscribes.take(1);
    const limits = toSubscriptionLimits(options);
    if (limits !== undefined) this.#limited ??= this.#newLimitedDelivery();
    const replaced = subscriptions.pattern(this, id);
    subscriptions.add(this, id, pattern, types, limits);
    this.#limited?.subscriptionsChanged(replaced === undefined ? [pattern] : [pattern, replaced]);
    const answer = { pattern, wantsAck, subscribedAt: this.#router.params.journal.end };
    if (federation === undefined) return this.#answerSubscribe(message, answer);
    this.#subscribesWaiting++;
    federation.whenKnown(pattern, () => {
      this.#subscribesWaiting--;
      this.#answerSubscribe(message, answer);
    });
  }

  #answerSubscribe(
    message: SubscribeMessage,
    { pattern, wantsAck, subscribedAt }: {
      readonly pattern: Pattern;
      readonly wantsAck: boolean;
      /** End of the journal of params when it was asked. */
      readonly subscribedAt: number;
    },
  ): void {
    const { params } = this.#router;
    const { id, types, options: { epsilon = 0, history = 0 } = {} } = message;
    // Changes are counted from what the snapshot says.
    const taken = epsilon > 0
      ? (address: string, version: LiveVersion) => this.#limited?.snapshotSent(address, version)
      : undefined;
    const then: Message | undefined = wantsAck ? { type: "ACK", address: pattern.text } : undefined;
    const wantsParams = types === 0 || (types & (1 << SIGNAL.param)) !== 0;
    if (wantsParams) {
      const replaced = () => then && this.#connection.sendMessage(then);
      const filter = this.#isSeen;
      const source = new SnapshotSource({
        ...(history > 1
          ? {
            store: new ParamHistory({ params, pattern, valuesMax: history, subscribedAt }),
            pattern: pattern.isLiteral ? undefined : pattern,
          }
          : { store: params, pattern }),
        filter,
        evenIfEmpty: false,
        then,
        taken,
      });
      this.#router.sendSource(
        this.#connection,
        { next: () => source.next(), replaced },
        id,
      );
    } else if (then !== undefined) {
      this.#connection.sendMessage(then);
    }
  }

  #unsubscribe({ id }: UnsubscribeMessage, wantsAck: boolean): void {
    const { subscriptions } = this.#router;
    const pattern = subscriptions.pattern(this, id);
    subscriptions.remove(this, id);
    if (pattern !== undefined) this.#limited?.subscriptionsChanged([pattern]);
    if (wantsAck) this.#connection.sendMessage({ type: "ACK" });
  }

  #bundle(message: BundleMessage, wantsAck: boolean): void {
    this.#connection.rate?.charge(messagesIn(message) - 1);
    let awaited: readonly string[] = [];
    const answered = this.#awaiting((answer: () => void): void => {
      answer();
      awaited.forEach((address) => this.#pendingWrites.ended(address));
    });
    const sender = clientSender(this, this.#connection);
    const bundle = new ClientBundle(this.#router, sender, {
      accepted: (revision) =>
        answered(() => {
          if (!wantsAck) return;
          for (const address of bundle.addresses) this.tellFirst(address);
          this.#connection.sendMessage({ type: "ACK", revision });
        }),
      refused: (refusal) => answered(() => this.#connection.refuse(refusal)),
      told: (refusal) => this.#connection.refuse(refusal),
    });
    bundle.send(message);
    awaited = bundle.awaited;
    awaited.forEach((address) => this.#pendingWrites.began(address));
  }

  #sync({ t1 }: SyncMessage): void {
    const timeMicros = this.#router.timeMicros();
    this.#connection.sendMessage({ type: "SYNC", t1, t2: timeMicros, t3: timeMicros });
  }

  /** Whether it is to be told of a param that changed some time ago. */
  #isTold(address: string): boolean {
    return this.sees(address) &&
      this.#router.subscriptions.targets(address).some(({ subscriber, types }) =>
        subscriber === this && (types & (1 << SIGNAL.param)) !== 0
      );
  }

  /** Whether this session is shown what is at an address. */
  sees(address: string): boolean {
    return this.#grant === undefined || this.#grant.allows("read", address);
  }

  /** Why its token does not let it do something with an address, or undefined. */
  #forbidden(action: Action, address: string): Refusal | undefined {
    if (this.#grant === undefined || addressProblem(address) !== undefined) return undefined;
    return this.#grant.problem(action, address);
  }

  /** Why this session may not write to an address, or undefined. */
  writeProblem(address: string): Refusal | undefined {
    const problem = this.#router.params.has(address) ? undefined : addressProblem(address);
    if (problem !== undefined) {
      return {
        code: ERROR_CODE.invalidAddress,
        message: `Not an address: ${problem}`,
        address,
      };
    }
    if (isReserved(address)) {
      return {
        code: ERROR_CODE.refused,
        message: `Cannot write "${address}": ${reservedFor(address)}`,
        address,
      };
    }
    return this.#grant?.problem("write", address);
  }

  /** Why this session may not publish a message, or undefined. */
  publishProblem(message: PublishMessage): Refusal | undefined {
    if (message.signal === SIGNAL.param) {
      return {
        code: ERROR_CODE.invalidMessage,
        message: `Cannot publish a param at "${message.address}": send it as SET`,
        address: message.address,
      };
    }
    return this.writeProblem(message.address);
  }
}

/** Those of bundles in it included. */
function messagesIn({ messages }: BundleMessage): number {
  return messages.reduce((sum, part) => sum + (part.type === "BUNDLE" ? messagesIn(part) : 1), 0);
}
