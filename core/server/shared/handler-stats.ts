/** Counters behind `get handler-stat`. Reading them resets them (docs/operations.md, "handler-stat"). */
export class HandlerStats {
  #counts = new Map<string, number>();
  #latencies = new Map<string, { sumS: number; count: number }>();
  #gets = new Map<string, number>();

  countProtocol(protocol: string, clientId: string): void {
    increment(this.#counts, `${protocol}\t${clientId}`);
  }

  addLatency(protocol: string, seconds: number): void {
    const entry = this.#latencies.get(protocol) ?? { sumS: 0, count: 0 };
    entry.sumS += seconds;
    entry.count += 1;
    this.#latencies.set(protocol, entry);
  }

  countGet(target: string, clientId: string): void {
    increment(this.#gets, `${target}\t${clientId}`);
  }

  /** The lines of `get handler-stat`; resets everything. */
  take(): string[] {
    const lines = [
      ...[...this.#counts].map(([key, n]) => `PROTOCOL_COUNT\t${key}\t${n}`),
      ...[...this.#latencies].map(([key, l]) => `PROTOCOL_LATENCY\t${key}\t${(l.sumS / l.count).toFixed(6)}`),
      ...[...this.#gets].map(([key, n]) => `GET_COUNT\t${key}\t${n}`),
    ];
    this.#counts = new Map();
    this.#latencies = new Map();
    this.#gets = new Map();
    return lines;
  }
}

function increment(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
