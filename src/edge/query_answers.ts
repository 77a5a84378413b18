import {
  ADDRESS_BYTES_MAX,
  DEFINITION_TEXT_BYTES_MAX,
  FRAME_PAYLOAD_BYTES_MAX,
} from "../limits.ts";
import { definitionBytes } from "../wire/definition_bytes.ts";
import {
  type ResultMessage,
  SIGNAL,
  type SignalDefinition,
  type SignalName,
} from "../wire/message.ts";
import type { ClientError } from "./client_error.ts";
import { PendingAnswers } from "./pending_answers.ts";

/** A RESULT with more room than any definition takes is the last one. */
const DEFINITION_BYTES_MAX = ADDRESS_BYTES_MAX + 2 * DEFINITION_TEXT_BYTES_MAX + 16;
/** How long the next RESULT may take behind a full one, which may be the last. */
const NEXT_RESULT_MS = 500;
const SIGNAL_NAMES = Object.keys(SIGNAL) as SignalName[];

/** A signal that a client announced, as a router tells it. */
export interface AnnouncedSignal {
  /** What it is. */
  readonly kind: SignalName;
  /** Where it is. */
  readonly address: string;
  /** Of its values, in the words of who announced it. */
  readonly datatype?: string;
  /** What others may do with it, likewise. */
  readonly access?: string;
}

/** The answers to QUERY, which name no question: so there is one question at a time. */
export class QueryAnswers {
  readonly #pending = new PendingAnswers<readonly AnnouncedSignal[]>();
  #turn: Promise<unknown> = Promise.resolve();
  /** Of the question that waits. */
  #pattern: string | undefined;
  #signals: AnnouncedSignal[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks by calling `send`, when it is its turn. */
  ask(pattern: string, send: () => void): Promise<readonly AnnouncedSignal[]> {
    const answer = this.#turn.then(async () => {
      this.#pattern = pattern;
      this.#signals = [];
      send();
      try {
        return await this.#pending.wait(pattern);
      } finally {
        this.#pattern = undefined;
        clearTimeout(this.#timer);
      }
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  /** A RESULT came. */
  received({ signals }: ResultMessage): void {
    const pattern = this.#pattern;
    if (pattern === undefined) return;
    clearTimeout(this.#timer);
    for (const signal of signals) this.#signals.push(toAnnounced(signal));
    const bytes = signals.reduce((sum, signal) => sum + definitionBytes(signal), 0);
    const finish = (): void => {
      this.#pending.resolveFirst(pattern, this.#signals);
    };
    if (bytes + DEFINITION_BYTES_MAX <= FRAME_PAYLOAD_BYTES_MAX) return finish();
    this.#pending.progressed();
    this.#timer = setTimeout(finish, NEXT_RESULT_MS);
  }

  /** Refuses the question about a pattern; false when there is none. */
  rejectFirst(pattern: string, error: ClientError): boolean {
    return this.#pending.rejectFirst(pattern, error);
  }

  /** Refuses every question. */
  rejectAll(error: ClientError): void {
    this.#pending.rejectAll(error);
  }
}

function toAnnounced({ address, signal, datatype, access }: SignalDefinition): AnnouncedSignal {
  return {
    kind: SIGNAL_NAMES[signal] ?? "event",
    address,
    ...(datatype === undefined ? {} : { datatype }),
    ...(access === undefined ? {} : { access }),
  };
}
