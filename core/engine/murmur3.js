/**
 * MurmurHash3_x64_128, by which hash backups and block hashes compare chunks. See docs/protocols.md. Numbers of
 * 64 bits are pairs of 32-bit words, low and high; the loop keeps them in local variables, which is what makes it
 * fast.
 */
const C1_LOW = 0x114253d5;
const C1_HIGH = 0x87c37b91 | 0;
const C2_LOW = 0x2745937f;
const C2_HIGH = 0x4cf5ad43;
/** The 16 bytes of the digest of `data`, little endian h1 and h2. `seed` is a u32. */
export function murmur3x64128(data, seed) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let h1l = seed | 0;
    let h1h = 0;
    let h2l = seed | 0;
    let h2h = 0;
    let kl;
    let kh;
    let t;
    const whole = data.length - (data.length % 16);
    for (let at = 0; at < whole; at += 16) {
        // h1 ^= rotl(k1 * c1, 31) * c2
        kl = view.getInt32(at, true);
        kh = multiplyHigh(kl, view.getInt32(at + 4, true), C1_LOW, C1_HIGH);
        kl = Math.imul(kl, C1_LOW);
        t = (kl << 31) | (kh >>> 1);
        kh = (kh << 31) | (kl >>> 1);
        kl = t;
        h1h ^= multiplyHigh(kl, kh, C2_LOW, C2_HIGH);
        h1l ^= Math.imul(kl, C2_LOW);
        // h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729
        t = (h1l << 27) | (h1h >>> 5);
        h1h = (h1h << 27) | (h1l >>> 5);
        h1l = (t + h2l) | 0;
        h1h = (h1h + h2h + carry(t, h1l)) | 0;
        h1h = (Math.imul(h1h, 5) + times5Plus(h1l, 0x52dce729)) | 0;
        h1l = (Math.imul(h1l, 5) + 0x52dce729) | 0;
        // h2 ^= rotl(k2 * c2, 33) * c1
        kl = view.getInt32(at + 8, true);
        kh = multiplyHigh(kl, view.getInt32(at + 12, true), C2_LOW, C2_HIGH);
        kl = Math.imul(kl, C2_LOW);
        t = (kh << 1) | (kl >>> 31);
        kh = (kl << 1) | (kh >>> 31);
        kl = t;
        h2h ^= multiplyHigh(kl, kh, C1_LOW, C1_HIGH);
        h2l ^= Math.imul(kl, C1_LOW);
        // h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5
        t = (h2l << 31) | (h2h >>> 1);
        h2h = (h2h << 31) | (h2l >>> 1);
        h2l = (t + h1l) | 0;
        h2h = (h2h + h1h + carry(t, h2l)) | 0;
        h2h = (Math.imul(h2h, 5) + times5Plus(h2l, 0x38495ab5)) | 0;
        h2l = (Math.imul(h2l, 5) + 0x38495ab5) | 0;
    }
    // The last 0 to 15 bytes, as if zeros followed.
    const tail = new Uint8Array(16);
    tail.set(data.subarray(whole));
    const words = new DataView(tail.buffer);
    kl = words.getInt32(8, true);
    kh = multiplyHigh(kl, words.getInt32(12, true), C2_LOW, C2_HIGH);
    kl = Math.imul(kl, C2_LOW);
    t = (kh << 1) | (kl >>> 31);
    kh = (kl << 1) | (kh >>> 31);
    h2h ^= multiplyHigh(t, kh, C1_LOW, C1_HIGH);
    h2l ^= Math.imul(t, C1_LOW);
    kl = words.getInt32(0, true);
    kh = multiplyHigh(kl, words.getInt32(4, true), C1_LOW, C1_HIGH);
    kl = Math.imul(kl, C1_LOW);
    t = (kl << 31) | (kh >>> 1);
    kh = (kh << 31) | (kl >>> 1);
    h1h ^= multiplyHigh(t, kh, C2_LOW, C2_HIGH);
    h1l ^= Math.imul(t, C2_LOW);
    return finish([h1l, h1h, h2l, h2h], data.length);
}
function finish([h1l, h1h, h2l, h2h], sizeBytes) {
    const sizeHigh = Math.floor(sizeBytes / 2 ** 32);
    const s = Int32Array.of(h1l ^ sizeBytes, h1h ^ sizeHigh, h2l ^ sizeBytes, h2h ^ sizeHigh);
    add(s, 0, 2);
    add(s, 2, 0);
    finalMix(s, 0);
    finalMix(s, 2);
    add(s, 0, 2);
    add(s, 2, 0);
    const digest = new Uint8Array(16);
    const out = new DataView(digest.buffer);
    for (let i = 0; i < 4; i++)
        out.setInt32(i * 4, s[i], true);
    return digest;
}
function finalMix(s, at) {
    xorShift33(s, at);
    multiply(s, at, 0xed558ccd | 0, 0xff51afd7 | 0);
    xorShift33(s, at);
    multiply(s, at, 0x1a85ec53, 0xc4ceb9fe | 0);
    xorShift33(s, at);
}
/** x ^= x >> 33: the high word, shifted by one, goes into the low word. */
function xorShift33(s, at) {
    s[at] ^= s[at + 1] >>> 1;
}
function add(s, at, other) {
    const sum = (s[at] + s[other]) | 0;
    s[at + 1] = s[at + 1] + s[other + 1] + carry(s[at], sum);
    s[at] = sum;
}
function multiply(s, at, low, high) {
    s[at + 1] = multiplyHigh(s[at], s[at + 1], low, high);
    s[at] = Math.imul(s[at], low);
}
/** 1 when a 32-bit sum wrapped: it is then smaller than its summand. */
function carry(summand, sum) {
    return sum >>> 0 < summand >>> 0 ? 1 : 0;
}
/** What the low word carries into the high one in x * 5 + addend; the sum is exact in a double. */
function times5Plus(low, addend) {
    return Math.floor(((low >>> 0) * 5 + addend) / 2 ** 32);
}
/** The high word of the low 64 bits of a product of two 64-bit numbers. */
function multiplyHigh(al, ah, bl, bh) {
    const a0 = al & 0xffff;
    const a1 = al >>> 16;
    const b0 = bl & 0xffff;
    const b1 = bl >>> 16;
    // None of these sums leaves 32 bits.
    const middle = (Math.imul(a1, b0) + (Math.imul(a0, b0) >>> 16)) | 0;
    const second = (Math.imul(a0, b1) + (middle & 0xffff)) | 0;
    const carried = Math.imul(a1, b1) + (middle >>> 16) + (second >>> 16);
    return (carried + Math.imul(al, bh) + Math.imul(ah, bl)) | 0;
}
