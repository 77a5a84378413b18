import { tokenIdOf, type TokenRecord } from "../../auth/token_record.ts";
import { TOKEN_FILE_CHECK_MS, TOKEN_FILE_LOOK_MS } from "../../limits.ts";
import type { TokenAnswer } from "../../router/authenticator.ts";
import { ERROR_CODE } from "../../router/error_code.ts";
import { LOG } from "../log.ts";
import { RepeatLimit } from "../repeat_limit.ts";
import { CPSK_PREFIX, hashToken, indexOfHash } from "./cpsk_token.ts";
import { readTokenFile, type TokenFile, tokenFileStamp } from "./read_token_file.ts";
import { TokenFileError } from "./token_file_error.ts";

interface Tokens {
  readonly records: readonly TokenRecord[];
  readonly hashes: readonly Uint8Array[];
  readonly subjects: ReadonlySet<string | undefined>;
}

/**
 * Decides on CPSK tokens by a token file, and reads it again within a second when it has changed, also
 * when another file took its place. Before a token is refused it looks at once, for the token may have
 * been created, or renewed, since the last look.
 *
 * It looks at the file instead of being told: a watch follows the file that was there and not the one
 * that replaces it, and says nothing on many network drives. A file that cannot be used while the
 * router runs changes nothing, and is complained about until it is mended: the show goes on.
 */
export class TokenFileAuthority {
  /** What the text of its tokens starts with. */
  readonly prefix: string = CPSK_PREFIX;
  /** The token file. */
  readonly path: string;
  readonly #repeats = new RepeatLimit(() => performance.now());
  #tokens: Tokens;
  #stamp: string;
  #problem: string | undefined;
  #told: (identity: string) => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #checking: Promise<void> = Promise.resolve();
  /** A look that has not begun: all who want one meanwhile share it. */
  #nextLook: Promise<void> | undefined;
  #lookedMs = -Infinity;
  readonly #closed = Promise.withResolvers<void>();
  #isClosed = false;

  private constructor(path: string, file: TokenFile) {
    this.path = path;
    this.#tokens = tokensOf(file);
    this.#stamp = file.stamp;
    this.#warn(file);
    this.#plan();
  }

  /**
   * Reads a token file and watches it, until `close`. Needs `--allow-read` for it.
   *
   * @throws {TokenFileError} If it cannot be used.
   */
  static async open(path: string): Promise<TokenFileAuthority> {
    return new TokenFileAuthority(path, await readTokenFile(path));
  }

  /** Tokens in the file, expired ones too. */
  get tokenCount(): number {
    return this.#tokens.records.length;
  }

  /** Why the file as it is now cannot be used; undefined when it can. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Decides on a token. One that would be refused waits for a look at the file. */
  async authenticate(token: string): Promise<TokenAnswer> {
    const answer = this.#decide(token);
    if (answer.kind === "granted" || this.#isClosed) return answer;
    await (this.#nextLook ??= this.#lookSoon());
    return this.#decide(token);
  }

  /** A router id that is the subject of a token is kept for the tokens of that subject. */
  keeperOf(routerId: string): string | undefined {
    return this.#tokens.subjects.has(routerId) ? `${CPSK_PREFIX}${routerId}` : undefined;
  }

  /**
   * Names who is told of each identity that has lost a token, or some of its rights: whoever came in by
   * it is to show a token again. The end of a token by its time is not told, for the grant says it.
   */
  onRevoked(told: (identity: string) => void): void {
    this.#told = told;
  }

  /** Looks at the file now, and not only within a second. */
  async check(): Promise<void> {
    const before = this.#checking;
    const checking = (async () => {
      await before;
      if (!this.#isClosed) await this.#check();
    })();
    this.#checking = checking;
    await checking;
  }

  /** Watches the file no more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closed.resolve();
    clearTimeout(this.#timer);
    await this.#nextLook;
    await this.#checking;
  }

  #decide(token: string): TokenAnswer {
    const { records, hashes } = this.#tokens;
    const record = records[indexOfHash(hashToken(token), hashes)];
    if (record === undefined) {
      return refused(
        ERROR_CODE.unauthorized,
        "This router does not know the token: it was revoked, or is another router's; " +
          "clasp-fed token create makes one",
      );
    }
    const { expiresAtSeconds } = record;
    if (expiresAtSeconds !== undefined && Date.now() >= expiresAtSeconds * 1_000) {
      return refused(
        ERROR_CODE.tokenExpired,
        `Token ${tokenIdOf(record)} has expired; clasp-fed token create makes another`,
      );
    }
    const { scopes } = record;
    return { kind: "granted", grant: { identity: identityOf(record), scopes, expiresAtSeconds } };
  }

  #plan(): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(async () => {
      await this.check();
      this.#plan();
    }, TOKEN_FILE_CHECK_MS);
  }

  /** One after the other and not too often, however many tokens are refused. */
  async #lookSoon(): Promise<void> {
    // One that is under way may have read the file before it changed.
    await this.#checking;
    await this.#pause(this.#lookedMs + TOKEN_FILE_LOOK_MS - performance.now());
    this.#nextLook = undefined;
    this.#lookedMs = performance.now();
    await this.check();
  }

  async #pause(ms: number): Promise<void> {
    if (ms <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    await Promise.race([promise, this.#closed.promise]);
    clearTimeout(timer);
  }

  async #check(): Promise<void> {
    try {
      const stamp = await this.#look();
      if (stamp !== "" && stamp === this.#stamp) {
        if (this.#problem !== undefined) this.#complain(this.#problem);
        return;
      }
      // Before it is known whether it can be used: one that cannot is not read every second.
      this.#stamp = stamp;
      this.#take(await readTokenFile(this.path));
    } catch (error) {
      if (!(error instanceof TokenFileError)) throw error;
      this.#complain(error.message);
    }
  }

  async #look(): Promise<string> {
    try {
      return await tokenFileStamp(this.path);
    } catch {
      // Reading it says why, in better words.
      return "";
    }
  }

  #take(file: TokenFile): void {
    const before = this.#tokens;
    const hadProblem = this.#problem !== undefined;
    this.#tokens = tokensOf(file);
    this.#stamp = file.stamp;
    this.#problem = undefined;
    this.#repeats.forget("file");
    const lost = identitiesLost(before.records, file.records);
    const isNew = textOf(before.records) !== textOf(file.records);
    if (isNew || hadProblem) {
      this.#warn(file);
      LOG.info('Read token file "{path}" again: {tokens} tokens, {revoked} holders lost rights', {
        event: "tokens-read",
        path: this.path,
        tokens: file.records.length,
        revoked: lost.size,
      });
    }
    for (const identity of lost) this.#told(identity);
  }

  #warn({ isReadable }: TokenFile): void {
    if (!isReadable) return;
    LOG.warn('Others than its owner can read token file "{path}": chmod 600 it', {
      event: "tokens-readable",
      path: this.path,
    });
  }

  #complain(reason: string): void {
    this.#problem = reason;
    const repeat = this.#repeats.take("file");
    if (repeat === undefined) return;
    LOG.error(
      "{reason}. What it had before stays in force, {tokens} tokens: nobody is revoked until it is " +
        "mended{more}",
      {
        event: "tokens-refused",
        path: this.path,
        reason,
        tokens: this.#tokens.records.length,
        ...repeat,
      },
    );
  }
}

function tokensOf({ records }: TokenFile): Tokens {
  return {
    records,
    hashes: records.map(({ sha256 }) => Uint8Array.fromHex(sha256)),
    subjects: new Set(records.map(({ subject }) => subject)),
  };
}

/** No subject begins with "#". */
function identityOf(record: TokenRecord): string {
  return `${CPSK_PREFIX}${record.subject ?? `#${tokenIdOf(record)}`}`;
}

/** Of which a token is gone, or is another than it was. */
function identitiesLost(
  before: readonly TokenRecord[],
  after: readonly TokenRecord[],
): ReadonlySet<string> {
  const kept = new Map(after.map((record) => [record.sha256, textOf([record])]));
  const lost = before.filter((record) => kept.get(record.sha256) !== textOf([record]));
  return new Set(lost.map(identityOf));
}

/** What of records matters for who may do what. */
function textOf(records: readonly TokenRecord[]): string {
  return JSON.stringify(records.map((record) => [
    record.sha256,
    record.expiresAtSeconds,
    identityOf(record),
    record.scopes.all.map(({ text }) => text),
  ]));
}

function refused(
  code: typeof ERROR_CODE.unauthorized | typeof ERROR_CODE.tokenExpired,
  message: string,
): TokenAnswer {
  return { kind: "refused", refusal: { code, message } };
}
