import { LIMITED_ADDRESSES_MAX, LIMITED_BYTES_MAX, SAMPLES_GATHERED_MAX } from "../limits.ts";
import { encodedNumber } from "../wire/encoded_number.ts";
import { decodeFrame, encodeFrame } from "../wire/frame.ts";
import { type PublishMessage, QOS } from "../wire/message.ts";
import type { Appointment } from "./agenda.ts";
import type { Publication } from "./publication.ts";

/** What {@linkcode SampleWindows} need of the world. */
export interface SampleWindowsOptions {
  /** Monotonic time. */
  readonly nowMicros: () => number;
  /** Plans an action, milliseconds from now. */
  readonly after: (delayMs: number, action: () => void) => Appointment;
  readonly cancel: (appointment: Appointment) => void;
  readonly send: (publication: Publication) => void;
}

interface Window {
  /** The first, without its bytes. */
  readonly first: Publication;
  readonly message: PublishMessage;
  readonly samples: number[];
  readonly appointment: Appointment;
}

const SAMPLE_BYTES = 8;

/**
 * Gathers the samples of streams for one subscriber: all numbers that an address gets in a window
 * leave as one PUBLISH with `samples`, in order, with the timestamp, id and rate of the first. What is
 * no number is not gathered and goes at once, behind what was. A window is never so long that the life
 * of its first sample ends in it.
 */
export class SampleWindows {
  readonly #options: SampleWindowsOptions;
  readonly #windows = new Map<string, Window>();
  #gathered = 0;

  constructor(options: SampleWindowsOptions) {
    this.#options = options;
  }

  /** Bytes of the samples that are being gathered. */
  get gatheredBytes(): number {
    return this.#gathered * SAMPLE_BYTES;
  }

  /** Addresses with samples that are being gathered. */
  get size(): number {
    return this.#windows.size;
  }

  /** Sends a stream's publication, now or gathered; 0: now. */
  pass(publication: Publication, windowMicros: number): void {
    const { address } = publication;
    const message = windowMicros > 0 ? streamOf(publication) : undefined;
    const samples = message === undefined ? [] : samplesOf(message);
    if (message === undefined || samples.length === 0) {
      this.flush(address);
      return this.#options.send(publication);
    }
    const length = this.#windows.get(address)?.samples.length ?? 0;
    if (length + samples.length > SAMPLES_GATHERED_MAX || !this.#hasRoomFor(samples.length)) {
      this.flush(address);
    }
    if (samples.length > SAMPLES_GATHERED_MAX || !this.#hasRoomFor(samples.length)) {
      return this.#options.send(publication);
    }
    const window = this.#windows.get(address) ?? this.#open(publication, message, windowMicros);
    window.samples.push(...samples);
    this.#gathered += samples.length;
  }

  /** Sends what was gathered of an address. */
  flush(address: string): void {
    const window = this.#windows.get(address);
    if (window === undefined) return;
    this.drop(address);
    const { first, message: { signal, timestampMicros, id, rate }, samples } = window;
    const frame = encodeFrame({
      type: "PUBLISH",
      address,
      signal,
      phase: 0,
      samples,
      timestampMicros,
      id,
      rate,
    }, { qos: QOS.fire });
    this.#options.send({ ...first, frame });
  }

  /** Forgets what was gathered of an address. */
  drop(address: string): void {
    const window = this.#windows.get(address);
    if (window === undefined) return;
    this.#options.cancel(window.appointment);
    this.#windows.delete(address);
    this.#gathered -= window.samples.length;
  }

  /** The addresses with samples that are being gathered. */
  addresses(): string[] {
    return [...this.#windows.keys()];
  }

  #hasRoomFor(samples: number): boolean {
    return this.#windows.size < LIMITED_ADDRESSES_MAX &&
      this.gatheredBytes + samples * SAMPLE_BYTES <= LIMITED_BYTES_MAX;
  }

  #open(publication: Publication, message: PublishMessage, windowMicros: number): Window {
    const { address, deadlineMicros } = publication;
    const leftMicros = Math.max(0, deadlineMicros - this.#options.nowMicros());
    const delayMs = Math.min(windowMicros, leftMicros / 2) / 1_000;
    const window: Window = {
      first: { ...publication, frame: NO_BYTES },
      message,
      samples: [],
      appointment: this.#options.after(delayMs, () => this.flush(address)),
    };
    this.#windows.set(address, window);
    return window;
  }
}

function streamOf({ frame }: Publication): PublishMessage | undefined {
  const { message } = decodeFrame(frame);
  return message.type === "PUBLISH" ? message : undefined;
}

function samplesOf({ value, samples }: PublishMessage): readonly number[] {
  if (samples !== undefined) return samples;
  const number = value === undefined ? undefined : encodedNumber(value);
  return number === undefined ? [] : [Number(number)];
}

const NO_BYTES = new Uint8Array(0);
