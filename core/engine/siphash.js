/**
 * SipHash-2-4 with the fixed key 00 01 .. 0f and a digest of 128 bits: the halves `v0 ^ v1` and `v2 ^ v3` after the
 * finalization of the 64-bit variant. This is what the block hash tools print; it is not the official SipHash-128,
 * but the two halves together (xor) are the official 64-bit result. See docs/formats.md.
 *
 * Words of 64 bits are pairs of 32-bit integers, low half first, in `#state`.
 */
export class SipHasher {
    /** v0..v3, two words each. */
    #state = new Int32Array(8);
    #tail = new Uint8Array(8);
    #tailLength = 0;
    #totalBytes = 0;
    constructor() {
        const k0 = [0x03020100, 0x07060504];
        const k1 = [0x0b0a0908, 0x0f0e0d0c];
        this.#state.set([
            k0[0] ^ 0x70736575,
            k0[1] ^ 0x736f6d65,
            k1[0] ^ 0x6e646f6d,
            k1[1] ^ 0x646f7261,
            k0[0] ^ 0x6e657261,
            k0[1] ^ 0x6c796765,
            k1[0] ^ 0x79746573,
            k1[1] ^ 0x74656462,
        ]);
    }
    /** Adds bytes; pieces may have any length. */
    update(data) {
        this.#totalBytes += data.length;
        let at = 0;
        if (this.#tailLength > 0) {
            while (this.#tailLength < 8 && at < data.length)
                this.#tail[this.#tailLength++] = data[at++];
            if (this.#tailLength < 8)
                return;
            absorb(this.#state, this.#tail, 0, 8);
            this.#tailLength = 0;
        }
        const whole = data.length - ((data.length - at) % 8);
        absorb(this.#state, data, at, whole);
        for (at = whole; at < data.length; at++)
            this.#tail[this.#tailLength++] = data[at];
    }
    /** The 16 bytes of the digest. Nothing may be added afterwards. */
    digest() {
        this.#tail.fill(0, this.#tailLength);
        this.#tail[7] = this.#totalBytes % 256;
        absorb(this.#state, this.#tail, 0, 8);
        const v = this.#state;
        v[4] ^= 0xff;
        // Four rounds are what two words of zeros do.
        absorb(v, new Uint8Array(16), 0, 16);
        const digest = new Uint8Array(16);
        const view = new DataView(digest.buffer);
        view.setInt32(0, v[0] ^ v[2], true);
        view.setInt32(4, v[1] ^ v[3], true);
        view.setInt32(8, v[4] ^ v[6], true);
        view.setInt32(12, v[5] ^ v[7], true);
        return digest;
    }
}
/** The digest of one piece. */
export function sipHash(data) {
    const hasher = new SipHasher();
    hasher.update(data);
    return hasher.digest();
}
/**
 * Adds the words of `data` from `from` to `to` to the state: xor into v3, two rounds, xor into v0. The state lives in
 * local variables meanwhile, which is several times faster.
 */
function absorb(v, data, from, to) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let v0l = v[0];
    let v0h = v[1];
    let v1l = v[2];
    let v1h = v[3];
    let v2l = v[4];
    let v2h = v[5];
    let v3l = v[6];
    let v3h = v[7];
    let l;
    let h;
    for (let at = from; at < to; at += 8) {
        const low = view.getInt32(at, true);
        const high = view.getInt32(at + 4, true);
        v3l ^= low;
        v3h ^= high;
        for (let round = 0; round < 2; round++) {
            // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
            l = (v0l + v1l) | 0;
            h = (v0h + v1h + carry(v0l, l)) | 0;
            v0l = h;
            v0h = l;
            h = ((v1h << 13) | (v1l >>> 19)) ^ v0l;
            v1l = ((v1l << 13) | (v1h >>> 19)) ^ v0h;
            v1h = h;
            // v2 += v3; v3 = rotl(v3, 16) ^ v2
            l = (v2l + v3l) | 0;
            v2h = (v2h + v3h + carry(v2l, l)) | 0;
            v2l = l;
            h = ((v3h << 16) | (v3l >>> 16)) ^ v2h;
            v3l = ((v3l << 16) | (v3h >>> 16)) ^ v2l;
            v3h = h;
            // v0 += v3; v3 = rotl(v3, 21) ^ v0
            l = (v0l + v3l) | 0;
            v0h = (v0h + v3h + carry(v0l, l)) | 0;
            v0l = l;
            h = ((v3h << 21) | (v3l >>> 11)) ^ v0h;
            v3l = ((v3l << 21) | (v3h >>> 11)) ^ v0l;
            v3h = h;
            // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
            l = (v2l + v1l) | 0;
            h = (v2h + v1h + carry(v2l, l)) | 0;
            v2l = h;
            v2h = l;
            h = ((v1h << 17) | (v1l >>> 15)) ^ v2l;
            v1l = ((v1l << 17) | (v1h >>> 15)) ^ v2h;
            v1h = h;
        }
        v0l ^= low;
        v0h ^= high;
    }
    v[0] = v0l;
    v[1] = v0h;
    v[2] = v1l;
    v[3] = v1h;
    v[4] = v2l;
    v[5] = v2h;
    v[6] = v3l;
    v[7] = v3h;
}
/** 1 when a 32-bit sum wrapped: it is then smaller than its summand. */
function carry(summand, sum) {
    return sum >>> 0 < summand >>> 0 ? 1 : 0;
}
