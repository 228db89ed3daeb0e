import { FormatError } from '../../errors.js';
import { DEFAULT_PROPERTIES, DISTANCE_ALIGN, DISTANCE_SLOT, DISTANCE_SPECIAL, decodeProperties, FIRST_DIRECT_SLOT, IS_MATCH, IS_REP, IS_REP_G0, IS_REP_G1, IS_REP_G2, IS_REP0_LONG, LENGTH_CHOICE, LENGTH_HIGH, LENGTH_LOW, LENGTH_MID, LITERAL, LITERAL_CONTEXT, MATCH_LENGTH, MIN_MATCH, MOVE_BITS, newProbabilities, PROBABILITY_BITS, PROBABILITY_HALF, RANGE_TOP, REP_LENGTH, stateAfterLiteral, stateAfterMatch, stateAfterRep, stateAfterShortRep, } from './lzma-model.js';
/**
 * Decompresses the chunks of an LZMA2 stream into `out`, which must be long enough: the first byte that does not
 * fit is a FormatError. Memory beyond `out` is one model of at most 30 KiB.
 */
export class Lzma2Decoder {
    #data;
    #out;
    #at;
    #op;
    /** Matches may not reach before this. */
    #dictionaryStart;
    #properties = DEFAULT_PROPERTIES;
    #probabilities = new Uint16Array(0);
    #state = 0;
    #reps = new Int32Array(4);
    #range = 0;
    #code = 0;
    #chunkEnd = 0;
    constructor(data, at, out, op) {
        this.#data = data;
        this.#at = at;
        this.#out = out;
        this.#op = op;
        this.#dictionaryStart = op;
    }
    /** Position after the end marker, and how far `out` was filled. */
    decode() {
        let needDictionary = true;
        let needProperties = true;
        let needState = true;
        for (;;) {
            const control = this.#byte();
            if (control === 0)
                return { at: this.#at, op: this.#op };
            if (control >= 0xe0 || control === 1) {
                needDictionary = false;
                this.#dictionaryStart = this.#op;
            }
            else if (needDictionary) {
                throw new FormatError('lzma: the first chunk must start a dictionary', this.#at - 1);
            }
            if (control < 0x80) {
                if (control > 2)
                    throw new FormatError('lzma: unknown kind of chunk', this.#at - 1);
                this.#copyStored((this.#byte() << 8) + this.#byte() + 1);
                needState = true;
                continue;
            }
            const unpacked = ((control & 0x1f) << 16) + (this.#byte() << 8) + this.#byte() + 1;
            const packed = (this.#byte() << 8) + this.#byte() + 1;
            if (control >= 0xc0) {
                this.#properties = decodeProperties(this.#byte());
                this.#probabilities = newProbabilities(this.#properties);
                needProperties = false;
            }
            else if (needProperties) {
                throw new FormatError('lzma: the first compressed chunk must set properties', this.#at);
            }
            if (control >= 0xa0) {
                this.#probabilities.fill(PROBABILITY_HALF);
                this.#state = 0;
                this.#reps.fill(0);
                needState = false;
            }
            else if (needState) {
                throw new FormatError('lzma: a chunk that resets the state expected', this.#at);
            }
            this.#decodeChunk(unpacked, packed);
        }
    }
    #byte() {
        if (this.#at >= this.#data.length)
            throw new FormatError('lzma: unexpected end of data', this.#at);
        return this.#data[this.#at++];
    }
    #copyStored(length) {
        const end = this.#at + length;
        if (end > this.#data.length)
            throw new FormatError('lzma: unexpected end of data', this.#at);
        if (this.#op + length > this.#out.length)
            throw this.#tooLong();
        this.#out.set(this.#data.subarray(this.#at, end), this.#op);
        this.#at = end;
        this.#op += length;
    }
    #tooLong() {
        return new FormatError(`lzma: ${this.#out.length} bytes expected, more came out`, this.#at);
    }
    #decodeChunk(unpacked, packed) {
        if (packed < 5 || this.#at + packed > this.#data.length) {
            throw new FormatError('lzma: unexpected end of data', this.#at);
        }
        if (this.#op + unpacked > this.#out.length)
            throw this.#tooLong();
        this.#chunkEnd = this.#at + packed;
        if (this.#byte() !== 0)
            throw new FormatError('lzma: a chunk must begin with zero', this.#at - 1);
        this.#range = 0xffffffff;
        this.#code = ((this.#byte() << 24) | (this.#byte() << 16) | (this.#byte() << 8) | this.#byte()) >>> 0;
        const end = this.#op + unpacked;
        while (this.#op < end)
            this.#decodeSymbol(end);
        if (this.#at !== this.#chunkEnd || this.#code !== 0) {
            throw new FormatError('lzma: a chunk does not end where it should', this.#at);
        }
    }
    #decodeSymbol(end) {
        const { pb } = this.#properties;
        const positionState = (this.#op - this.#dictionaryStart) & ((1 << pb) - 1);
        const state = this.#state;
        if (this.#bit(IS_MATCH + (state << 4) + positionState) === 0) {
            this.#decodeLiteral();
            return;
        }
        const reps = this.#reps;
        let length;
        if (this.#bit(IS_REP + state) === 0) {
            length = this.#length(MATCH_LENGTH, positionState);
            const distance = this.#distance(length);
            reps[3] = reps[2];
            reps[2] = reps[1];
            reps[1] = reps[0];
            reps[0] = distance;
            this.#state = stateAfterMatch(state);
        }
        else {
            if (this.#bit(IS_REP_G0 + state) === 0) {
                if (this.#bit(IS_REP0_LONG + (state << 4) + positionState) === 0) {
                    this.#state = stateAfterShortRep(state);
                    this.#copyMatch(reps[0], 1, end);
                    return;
                }
            }
            else {
                let distance;
                if (this.#bit(IS_REP_G1 + state) === 0) {
                    distance = reps[1];
                }
                else {
                    if (this.#bit(IS_REP_G2 + state) === 0) {
                        distance = reps[2];
                    }
                    else {
                        distance = reps[3];
                        reps[3] = reps[2];
                    }
                    reps[2] = reps[1];
                }
                reps[1] = reps[0];
                reps[0] = distance;
            }
            length = this.#length(REP_LENGTH, positionState);
            this.#state = stateAfterRep(state);
        }
        this.#copyMatch(reps[0], length, end);
    }
    /** `distance` counts from 0; as a signed word, so that the end marker of plain LZMA is negative. */
    #copyMatch(distance, length, end) {
        const out = this.#out;
        let op = this.#op;
        const from = op - distance - 1;
        if (distance < 0 || from < this.#dictionaryStart || op + length > end) {
            throw new FormatError('lzma: a match points outside of the data', this.#at);
        }
        if (distance + 1 >= length && length > 16) {
            out.copyWithin(op, from, from + length);
            op += length;
        }
        else {
            for (const stop = op + length; op < stop; op++)
                out[op] = out[op - distance - 1];
        }
        this.#op = op;
    }
    #decodeLiteral() {
        const { lc, lp } = this.#properties;
        const position = this.#op - this.#dictionaryStart;
        const previous = position === 0 ? 0 : this.#out[this.#op - 1];
        const context = ((position & ((1 << lp) - 1)) << lc) + (previous >> (8 - lc));
        const base = LITERAL + context * LITERAL_CONTEXT;
        let symbol = 1;
        if (this.#state >= 7) {
            // After a match the byte that would have continued it is known, and most likely wrong.
            if (this.#reps[0] < 0 || this.#reps[0] >= position) {
                throw new FormatError('lzma: a match points outside of the data', this.#at);
            }
            let matched = this.#out[this.#op - this.#reps[0] - 1];
            while (symbol < 0x100) {
                const matchBit = (matched >> 7) & 1;
                matched <<= 1;
                const bit = this.#bit(base + ((1 + matchBit) << 8) + symbol);
                symbol = (symbol << 1) | bit;
                if (matchBit !== bit)
                    break;
            }
        }
        while (symbol < 0x100)
            symbol = (symbol << 1) | this.#bit(base + symbol);
        this.#out[this.#op++] = symbol;
        this.#state = stateAfterLiteral(this.#state);
    }
    #length(group, positionState) {
        if (this.#bit(group + LENGTH_CHOICE) === 0) {
            return MIN_MATCH + this.#tree(group + LENGTH_LOW + (positionState << 3), 3);
        }
        if (this.#bit(group + LENGTH_CHOICE + 1) === 0) {
            return MIN_MATCH + 8 + this.#tree(group + LENGTH_MID + (positionState << 3), 3);
        }
        return MIN_MATCH + 16 + this.#tree(group + LENGTH_HIGH, 8);
    }
    #distance(length) {
        const slot = this.#tree(DISTANCE_SLOT + (Math.min(length - MIN_MATCH, 3) << 6), 6);
        if (slot < 4)
            return slot;
        const lowBits = (slot >> 1) - 1;
        const base = (2 | (slot & 1)) << lowBits;
        if (slot < FIRST_DIRECT_SLOT)
            return base + this.#reverseTree(DISTANCE_SPECIAL + base - slot, lowBits);
        return (base + (this.#directBits(lowBits - 4) << 4) + this.#reverseTree(DISTANCE_ALIGN, 4)) | 0;
    }
    #tree(base, bits) {
        let symbol = 1;
        for (let i = 0; i < bits; i++)
            symbol = (symbol << 1) | this.#bit(base + symbol);
        return symbol - (1 << bits);
    }
    #reverseTree(base, bits) {
        let symbol = 1;
        let value = 0;
        for (let i = 0; i < bits; i++) {
            const bit = this.#bit(base + symbol);
            symbol = (symbol << 1) | bit;
            value |= bit << i;
        }
        return value;
    }
    #directBits(count) {
        let value = 0;
        for (let i = 0; i < count; i++) {
            this.#range >>>= 1;
            const bit = this.#code >= this.#range ? 1 : 0;
            if (bit === 1)
                this.#code -= this.#range;
            value = (value << 1) | bit;
            if (this.#range < RANGE_TOP)
                this.#normalize();
        }
        return value;
    }
    #bit(index) {
        const probabilities = this.#probabilities;
        const probability = probabilities[index];
        const bound = (this.#range >>> PROBABILITY_BITS) * probability;
        let bit;
        if (this.#code < bound) {
            this.#range = bound;
            probabilities[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> MOVE_BITS);
            bit = 0;
        }
        else {
            this.#range -= bound;
            this.#code -= bound;
            probabilities[index] = probability - (probability >> MOVE_BITS);
            bit = 1;
        }
        if (this.#range < RANGE_TOP)
            this.#normalize();
        return bit;
    }
    #normalize() {
        if (this.#at >= this.#chunkEnd)
            throw new FormatError('lzma: unexpected end of a chunk', this.#at);
        this.#range = (this.#range << 8) >>> 0;
        this.#code = ((this.#code << 8) | this.#data[this.#at++]) >>> 0;
    }
}
