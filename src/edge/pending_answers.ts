import { ClientError } from "./client_error.ts";

const ANSWER_TIMEOUT_MS = 6_000;

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: ClientError) => void;
  /** Counts the time anew. */
  readonly restart: () => void;
}

/**
 * Questions of one kind that wait for their answers. CLASP answers name an address, no question: the
 * first answer about an address is that of the first question about it.
 */
export class PendingAnswers<T> {
  readonly #waiters = new Map<string, Waiter<T>[]>();

  /**
   * Waits for the answer to a question about `key`.
   *
   * @throws {ClientError} with code 502 when none comes in time, else as `rejectFirst` was told
   */
  async wait(key: string): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const fail = (): void => {
      this.#remove(key, waiter);
      reject(
        new ClientError(`No answer about "${key}" within ${ANSWER_TIMEOUT_MS} ms`, {
          code: 502,
          address: key,
        }),
      );
    };
    const restart = (): void => {
      clearTimeout(timer);
      timer = setTimeout(fail, ANSWER_TIMEOUT_MS);
    };
    const waiter: Waiter<T> = { resolve, reject, restart };
    const waiters = this.#waiters.get(key);
    if (waiters === undefined) this.#waiters.set(key, [waiter]);
    else waiters.push(waiter);
    restart();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The other end is at work on an answer, which may be long: all wait anew. */
  progressed(): void {
    for (const waiters of this.#waiters.values()) for (const { restart } of waiters) restart();
  }

  /** Answers the first question about a key; false when there is none. */
  resolveFirst(key: string, value: T): boolean {
    const waiter = this.#takeFirst(key);
    waiter?.resolve(value);
    return waiter !== undefined;
  }

  /** Answers all questions about a key alike. */
  resolveAll(key: string, value: T): void {
    const waiters = this.#waiters.get(key) ?? [];
    this.#waiters.delete(key);
    for (const waiter of waiters) waiter.resolve(value);
  }

  /** Refuses the first question about a key; false when there is none. */
  rejectFirst(key: string, error: ClientError): boolean {
    const waiter = this.#takeFirst(key);
    waiter?.reject(error);
    return waiter !== undefined;
  }

  /** Refuses every question. */
  rejectAll(error: ClientError): void {
    const all = [...this.#waiters.values()].flat();
    this.#waiters.clear();
    for (const waiter of all) waiter.reject(error);
  }

  #takeFirst(key: string): Waiter<T> | undefined {
    const waiters = this.#waiters.get(key);
    const first = waiters?.shift();
    if (waiters?.length === 0) this.#waiters.delete(key);
    return first;
  }

  #remove(key: string, waiter: Waiter<T>): void {
    const rest = (this.#waiters.get(key) ?? []).filter((other) => other !== waiter);
    if (rest.length === 0) this.#waiters.delete(key);
    else this.#waiters.set(key, rest);
  }
}
