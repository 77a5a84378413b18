/** What results depend on. */
export interface MachineFacts {
  readonly date: string;
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  readonly deno: string;
}

/** Of this machine, now. Linux only. */
export function machineFacts(): MachineFacts {
  const [, processor = "unknown"] =
    /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo")) ?? [];
  return {
    date: new Date().toISOString().slice(0, 10),
    processor,
    cores: navigator.hardwareConcurrency,
    system: `${Deno.build.os} ${Deno.osRelease()}`,
    deno: Deno.version.deno,
  };
}
