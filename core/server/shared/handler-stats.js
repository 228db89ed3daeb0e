/** Counters behind `get handler-stat`. Reading them resets them (docs/operations.md, "handler-stat"). */
export class HandlerStats {
    #counts = new Map();
    #latencies = new Map();
    #gets = new Map();
    countProtocol(protocol, clientId) {
        increment(this.#counts, `${protocol}\t${clientId}`);
    }
    addLatency(protocol, seconds) {
        const entry = this.#latencies.get(protocol) ?? { sumS: 0, count: 0 };
        entry.sumS += seconds;
        entry.count += 1;
        this.#latencies.set(protocol, entry);
    }
    countGet(target, clientId) {
        increment(this.#gets, `${target}\t${clientId}`);
    }
    /** The lines of `get handler-stat`; resets everything. */
    take() {
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
function increment(map, key) {
    map.set(key, (map.get(key) ?? 0) + 1);
}
