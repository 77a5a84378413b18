import { Router, type RouterConfig } from "../../mod.ts";

/** A router of this process on a free port of 127.0.0.1, stopped when the test is over. */
export class LocalRouter implements AsyncDisposable {
  readonly router: Router;
  readonly port: number;

  constructor(config: RouterConfig = {}) {
    this.router = new Router(config);
    this.port = this.router.listen({ port: 0, hostname: "127.0.0.1" }).port;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.router.stop();
  }
}
