import { CHUNK_MAX_PACKED, CHUNK_MAX_UNPACKED, DEFAULT_PROPERTIES, DISTANCE_ALIGN, DISTANCE_SLOT, DISTANCE_SPECIAL, encodeProperties, FIRST_DIRECT_SLOT, IS_MATCH, IS_REP, IS_REP_G0, IS_REP_G1, IS_REP_G2, IS_REP0_LONG, LENGTH_CHOICE, LENGTH_HIGH, LENGTH_LOW, LENGTH_MID, LITERAL, LITERAL_CONTEXT, MATCH_LENGTH, MAX_MATCH, MIN_MATCH, newProbabilities, PROBABILITY_HALF, REP_LENGTH, stateAfterLiteral, stateAfterMatch, stateAfterRep, stateAfterShortRep, } from './lzma-model.js';
import { RangeEncoder } from './lzma-range-encoder.js';
/**
 * An LZMA2 encoder: hash chains over three bytes, matches taken greedily with one byte of look-ahead. It makes
 * somewhat larger streams than liblzma, in the same format.
 */
const { lc: LC, pb: PB } = DEFAULT_PROPERTIES;
const HASH_BITS = 15;
/** The dictionary that is used at most: what the original's decoder accepts under its memory limit. */
export const MAX_DICTIONARY_BYTES = 8 * 1024 * 1024;
/** A chunk is closed when this many packed bytes are left: more than one symbol can ever need. */
const PACKED_MARGIN = 64;
const STORED_CHUNK_BYTES = 1 << 16;
/** Chain links followed per position, by level 1 to 9. */
const DEPTHS = [4, 6, 8, 12, 24, 32, 48, 64, 96];
/** The chunks and the end marker for `data`. `level` 1 to 9. */
export function encodeLzma2(data, level) {
    const chunks = [];
    const encoder = new Encoder(data, DEPTHS[Math.min(9, Math.max(1, Math.trunc(level))) - 1]);
    let dictionarySet = false;
    let propertiesSet = false;
    let stateSet = false;
    while (encoder.position < data.length) {
        const start = encoder.position;
        if (!stateSet)
            encoder.resetState();
        const packed = encoder.encodeChunk();
        const unpacked = encoder.position - start;
        if (packed.length >= unpacked) {
            for (let at = start; at < encoder.position; at += STORED_CHUNK_BYTES) {
                const part = data.subarray(at, Math.min(encoder.position, at + STORED_CHUNK_BYTES));
                const length = part.length - 1;
                chunks.push(Uint8Array.of(dictionarySet ? 2 : 1, length >> 8, length & 0xff), part);
                dictionarySet = true;
            }
            stateSet = false;
            continue;
        }
        const control = !dictionarySet ? 0xe0 : !propertiesSet ? 0xc0 : !stateSet ? 0xa0 : 0x80;
        const u = unpacked - 1;
        const p = packed.length - 1;
        const header = [control | (u >> 16), (u >> 8) & 0xff, u & 0xff, p >> 8, p & 0xff];
        if (control >= 0xc0)
            header.push(encodeProperties(DEFAULT_PROPERTIES));
        chunks.push(Uint8Array.from(header), packed);
        dictionarySet = propertiesSet = stateSet = true;
    }
    chunks.push(Uint8Array.of(0));
    let size = 0;
    for (const chunk of chunks)
        size += chunk.length;
    const out = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
        out.set(chunk, at);
        at += chunk.length;
    }
    return out;
}
class Encoder {
    position = 0;
    #data;
    #depth;
    /** Last position of each hash, plus one; and the one before it, per position. */
    #heads = new Int32Array(1 << HASH_BITS);
    #links;
    /** Positions below this are in the chains. */
    #hashed = 0;
    #probabilities = newProbabilities(DEFAULT_PROPERTIES);
    #range = new RangeEncoder(this.#probabilities, CHUNK_MAX_PACKED);
    #state = 0;
    #reps = new Int32Array(4);
    /** Result of the last search. */
    #matchLength = 0;
    #matchDistance = 0;
    constructor(data, depth) {
        this.#data = data;
        this.#depth = depth;
        this.#links = new Int32Array(data.length);
    }
    resetState() {
        this.#probabilities.fill(PROBABILITY_HALF);
        this.#state = 0;
        this.#reps.fill(0);
    }
    /** Encodes from `position` as much as one chunk takes; returns its packed bytes. */
    encodeChunk() {
        const limit = Math.min(this.#data.length, this.position + CHUNK_MAX_UNPACKED - MAX_MATCH);
        this.#range.start();
        while (this.position < limit && this.#range.sizeBytes < CHUNK_MAX_PACKED - PACKED_MARGIN) {
            this.#encodeSymbol();
        }
        return this.#range.finish();
    }
    #encodeSymbol() {
        const at = this.position;
        let repIndex = 0;
        let repLength = 0;
        for (let i = 0; i < 4; i++) {
            const length = this.#commonLength(at, this.#reps[i]);
            if (length > repLength) {
                repLength = length;
                repIndex = i;
            }
        }
        this.#search(at);
        const length = this.#matchLength;
        const distance = this.#matchDistance;
        // A repeated distance costs few bits: prefer it unless the other match is clearly longer.
        if (repLength >= MIN_MATCH &&
            (repLength + 1 >= length ||
                (repLength + 2 >= length && distance >= 1 << 9) ||
                (repLength + 3 >= length && distance >= 1 << 15))) {
            this.#encodeRep(repIndex, repLength);
            return;
        }
        if (length >= 3 && !(length < 64 && this.#betterAtNext(at, length))) {
            this.#encodeMatch(distance, length);
            return;
        }
        if (at > this.#reps[0] && this.#data[at] === this.#data[at - this.#reps[0] - 1])
            this.#encodeShortRep();
        else
            this.#encodeLiteral();
    }
    /** Whether waiting one byte gives a match so much longer that the literal pays. */
    #betterAtNext(at, length) {
        if (at + 1 >= this.#data.length)
            return false;
        this.#search(at + 1);
        return this.#matchLength > length + 1;
    }
    /** Bytes that match at `distance` (from 0) before `at`; 0 when there is nothing that far back. */
    #commonLength(at, distance) {
        const data = this.#data;
        const from = at - distance - 1;
        if (from < 0)
            return 0;
        const limit = Math.min(MAX_MATCH, data.length - at);
        let length = 0;
        while (length < limit && data[from + length] === data[at + length])
            length++;
        return length;
    }
    /** Finds the longest match at `at` among those the chain offers, and adds positions up to it to the chains. */
    #search(at) {
        this.#matchLength = 0;
        const data = this.#data;
        const limit = Math.min(MAX_MATCH, data.length - at);
        if (limit < 3)
            return;
        this.#hashUntil(at);
        const floor = Math.max(0, at - MAX_DICTIONARY_BYTES);
        let candidate = this.#heads[this.#hash(at)] - 1;
        let best = 2;
        for (let tries = this.#depth; candidate >= floor && tries > 0; tries--) {
            if (data[candidate + best] === data[at + best]) {
                let length = 0;
                while (length < limit && data[candidate + length] === data[at + length])
                    length++;
                if (length > best) {
                    best = length;
                    this.#matchLength = length;
                    this.#matchDistance = at - candidate - 1;
                    if (length === limit)
                        break;
                }
            }
            candidate = this.#links[candidate] - 1;
        }
    }
    #hash(at) {
        const word = this.#data[at] | (this.#data[at + 1] << 8) | (this.#data[at + 2] << 16);
        return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    }
    /** Adds the positions below `end` that are not in the chains yet. */
    #hashUntil(end) {
        for (; this.#hashed < end; this.#hashed++) {
            if (this.#hashed + 3 > this.#data.length)
                continue;
            const slot = this.#hash(this.#hashed);
            this.#links[this.#hashed] = this.#heads[slot];
            this.#heads[slot] = this.#hashed + 1;
        }
    }
    #positionState() {
        return this.position & ((1 << PB) - 1);
    }
    #encodeLiteral() {
        const data = this.#data;
        const range = this.#range;
        const at = this.position;
        range.bit(IS_MATCH + (this.#state << 4) + this.#positionState(), 0);
        const previous = at === 0 ? 0 : data[at - 1];
        const base = LITERAL + (previous >> (8 - LC)) * LITERAL_CONTEXT;
        const byte = data[at];
        let symbol = 1;
        let shift = 7;
        if (this.#state >= 7) {
            const matched = data[at - this.#reps[0] - 1];
            for (; shift >= 0; shift--) {
                const matchBit = (matched >> shift) & 1;
                const bit = (byte >> shift) & 1;
                range.bit(base + ((1 + matchBit) << 8) + symbol, bit);
                symbol = (symbol << 1) | bit;
                if (matchBit !== bit) {
                    shift--;
                    break;
                }
            }
        }
        for (; shift >= 0; shift--) {
            const bit = (byte >> shift) & 1;
            range.bit(base + symbol, bit);
            symbol = (symbol << 1) | bit;
        }
        this.#state = stateAfterLiteral(this.#state);
        this.position++;
    }
    #encodeShortRep() {
        const state = this.#state;
        const positionState = this.#positionState();
        this.#range.bit(IS_MATCH + (state << 4) + positionState, 1);
        this.#range.bit(IS_REP + state, 1);
        this.#range.bit(IS_REP_G0 + state, 0);
        this.#range.bit(IS_REP0_LONG + (state << 4) + positionState, 0);
        this.#state = stateAfterShortRep(state);
        this.position++;
    }
    #encodeRep(index, length) {
        const range = this.#range;
        const reps = this.#reps;
        const state = this.#state;
        const positionState = this.#positionState();
        range.bit(IS_MATCH + (state << 4) + positionState, 1);
        range.bit(IS_REP + state, 1);
        range.bit(IS_REP_G0 + state, index === 0 ? 0 : 1);
        if (index === 0) {
            range.bit(IS_REP0_LONG + (state << 4) + positionState, 1);
        }
        else {
            range.bit(IS_REP_G1 + state, index === 1 ? 0 : 1);
            if (index > 1)
                range.bit(IS_REP_G2 + state, index === 2 ? 0 : 1);
            const distance = reps[index];
            reps.copyWithin(1, 0, index);
            reps[0] = distance;
        }
        this.#encodeLength(REP_LENGTH, length, positionState);
        this.#state = stateAfterRep(state);
        this.position += length;
    }
    #encodeMatch(distance, length) {
        const range = this.#range;
        const state = this.#state;
        const positionState = this.#positionState();
        range.bit(IS_MATCH + (state << 4) + positionState, 1);
        range.bit(IS_REP + state, 0);
        this.#encodeLength(MATCH_LENGTH, length, positionState);
        const slot = distanceSlot(distance);
        range.tree(DISTANCE_SLOT + (Math.min(length - MIN_MATCH, 3) << 6), 6, slot);
        if (slot >= 4) {
            const lowBits = (slot >> 1) - 1;
            const base = (2 | (slot & 1)) << lowBits;
            const low = distance - base;
            if (slot < FIRST_DIRECT_SLOT) {
                range.reverseTree(DISTANCE_SPECIAL + base - slot, lowBits, low);
            }
            else {
                range.direct(low >> 4, lowBits - 4);
                range.reverseTree(DISTANCE_ALIGN, 4, low & 15);
            }
        }
        this.#reps.copyWithin(1, 0, 3);
        this.#reps[0] = distance;
        this.#state = stateAfterMatch(state);
        this.position += length;
    }
    #encodeLength(group, length, positionState) {
        const range = this.#range;
        const value = length - MIN_MATCH;
        range.bit(group + LENGTH_CHOICE, value < 8 ? 0 : 1);
        if (value < 8) {
            range.tree(group + LENGTH_LOW + (positionState << 3), 3, value);
            return;
        }
        range.bit(group + LENGTH_CHOICE + 1, value < 16 ? 0 : 1);
        if (value < 16)
            range.tree(group + LENGTH_MID + (positionState << 3), 3, value - 8);
        else
            range.tree(group + LENGTH_HIGH, 8, value - 16);
    }
}
/** The slot of a distance counted from 0: its two highest bits and their place. */
function distanceSlot(distance) {
    if (distance < 4)
        return distance;
    const high = 31 - Math.clz32(distance);
    return high * 2 + ((distance >> (high - 1)) & 1);
}
