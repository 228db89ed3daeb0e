import { MOVE_BITS, PROBABILITY_BITS, RANGE_TOP } from './lzma-model.js';
/** The range coder of LZMA: adaptive bits, one chunk at a time. Carries are held back in a run of 0xff bytes. */
export class RangeEncoder {
    #probabilities;
    #out;
    #size = 0;
    /** 33 bits wide, therefore a plain number and not an integer word. */
    #low = 0;
    #range = 0;
    #cache = 0;
    #pending = 0;
    /** `maxBytes`: the most that one chunk may take; the caller watches `sizeBytes`. */
    constructor(probabilities, maxBytes) {
        this.#probabilities = probabilities;
        this.#out = new Uint8Array(maxBytes);
    }
    start() {
        this.#size = 0;
        this.#low = 0;
        this.#range = 0xffffffff;
        this.#cache = 0;
        this.#pending = 1;
    }
    /** What the chunk would take if it ended now. */
    get sizeBytes() {
        return this.#size + this.#pending + 4;
    }
    /** Ends the chunk; a copy of its bytes. */
    finish() {
        for (let i = 0; i < 5; i++)
            this.#shiftLow();
        return this.#out.slice(0, this.#size);
    }
    bit(index, bit) {
        const probabilities = this.#probabilities;
        const probability = probabilities[index];
        const bound = (this.#range >>> PROBABILITY_BITS) * probability;
        if (bit === 0) {
            this.#range = bound;
            probabilities[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> MOVE_BITS);
        }
        else {
            this.#low += bound;
            this.#range -= bound;
            probabilities[index] = probability - (probability >> MOVE_BITS);
        }
        if (this.#range < RANGE_TOP)
            this.#normalize();
    }
    /** The low `count` bits of `value`, high bit first, at even odds. */
    direct(value, count) {
        for (let i = count - 1; i >= 0; i--) {
            this.#range >>>= 1;
            if ((value >> i) & 1)
                this.#low += this.#range;
            if (this.#range < RANGE_TOP)
                this.#normalize();
        }
    }
    tree(base, bits, value) {
        let symbol = 1;
        for (let i = bits - 1; i >= 0; i--) {
            const bit = (value >> i) & 1;
            this.bit(base + symbol, bit);
            symbol = (symbol << 1) | bit;
        }
    }
    reverseTree(base, bits, value) {
        let symbol = 1;
        for (let i = 0; i < bits; i++) {
            const bit = (value >> i) & 1;
            this.bit(base + symbol, bit);
            symbol = (symbol << 1) | bit;
        }
    }
    #normalize() {
        this.#range = (this.#range << 8) >>> 0;
        this.#shiftLow();
    }
    #shiftLow() {
        if (this.#low < 0xff000000 || this.#low > 0xffffffff) {
            const carry = this.#low > 0xffffffff ? 1 : 0;
            let byte = this.#cache;
            do {
                this.#out[this.#size++] = byte + carry;
                byte = 0xff;
            } while (--this.#pending > 0);
            this.#cache = (this.#low >>> 24) & 0xff;
        }
        this.#pending++;
        this.#low = (this.#low & 0x00ffffff) * 256;
    }
}
