/** How a {@linkcode PendingAddresses} is bounded. */
export interface PendingAddressesOptions {
  /** Addresses kept at most; at least twice as many as can be useful at one time. */
  readonly addressesMax: number;
  /** Whether something can be sent for an address, still. */
  readonly isUseful: (address: string) => boolean;
}

/**
 * Addresses whose newest value is to be sent, each once, in the order in which they were added. What
 * has expired meanwhile is of no use: it is forgotten when there are too many.
 */
export class PendingAddresses extends Set<string> {
  readonly #options: PendingAddressesOptions;

  constructor(options: PendingAddressesOptions) {
    super();
    this.#options = options;
  }

  override add(address: string): this {
    // Half of them go at least, so each costs no more than a look at two others.
    if (this.size >= this.#options.addressesMax) this.#forgetUseless();
    return super.add(address);
  }

  #forgetUseless(): void {
    for (const address of this) {
      if (!this.#options.isUseful(address)) this.delete(address);
    }
  }
}
