import { Scopes } from "../../../src/auth/scopes.ts";
import type { Authenticator, TokenAnswer } from "../../../src/router/authenticator.ts";
import type { ConnectionId } from "../../../src/router/port.ts";
import type { RouterCore } from "../../../src/router/router_core.ts";

/** What a test's token allows. */
export interface FakeToken {
  /** Default: the token. */
  readonly identity?: string;
  readonly scopes: readonly string[];
  readonly expiresAtSeconds?: number;
}

/** Knows the tokens of a test, and answers when the test says so. */
export class FakeAuthenticator implements Authenticator {
  /** By their texts. */
  readonly tokens: Map<string, FakeToken>;
  /** Questions without an answer. */
  readonly asked: { readonly connection: ConnectionId; readonly token: string | undefined }[] = [];
  /** Identities that router ids are kept for. */
  readonly keepers: Map<string, string> = new Map<string, string>();
  /** What the wall clock shows. */
  seconds = 0;

  constructor(tokens: Readonly<Record<string, FakeToken>>) {
    this.tokens = new Map(Object.entries(tokens));
  }

  authenticate(
    question: { readonly connection: ConnectionId; readonly token: string | undefined },
  ): void {
    this.asked.push(question);
  }

  keeperOf(routerId: string): string | undefined {
    return this.keepers.get(routerId);
  }

  wallSeconds(): number {
    return this.seconds;
  }

  /** Answers all questions. */
  answer(core: RouterCore, nowMicros: number): void {
    for (const { connection, token = "" } of this.asked.splice(0)) {
      core.authenticated(connection, this.#answerTo(token), nowMicros);
    }
  }

  #answerTo(text: string): TokenAnswer {
    const token = this.tokens.get(text);
    if (token === undefined) {
      return { kind: "refused", refusal: { code: 300, message: `No token "${text}" is known` } };
    }
    const { identity = text, scopes, expiresAtSeconds } = token;
    return {
      kind: "granted",
      grant: { identity, scopes: Scopes.parse(scopes), expiresAtSeconds },
    };
  }
}
