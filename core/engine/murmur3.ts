/**
 * MurmurHash3_x64_128, by which hash backups and block hashes compare chunks. See docs/protocols.md. Numbers of
 * 64 bits are pairs of 32-bit halves; the scratch array holds h1, h2 and the two products, low half first.
 */

const C1_LOW = 0x114253d5;
const C1_HIGH = 0x87c37b91;
const C2_LOW = 0x2745937f;
const C2_HIGH = 0x4cf5ad43;

/** Indexes of the scratch array. */
const H1 = 0;
const H2 = 2;
const K1 = 4;
const K2 = 6;

/** The 16 bytes of the digest of `data`, little endian h1 and h2. `seed` is a u32. */
export function murmur3x64128(data: Uint8Array, seed: number): Uint8Array {
  const s = new Int32Array(8);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  s[H1] = s[H2] = seed | 0;
  const whole = data.length - (data.length % 16);
  for (let at = 0; at < whole; at += 16) {
    s[K1] = view.getInt32(at, true);
    s[K1 + 1] = view.getInt32(at + 4, true);
    s[K2] = view.getInt32(at + 8, true);
    s[K2 + 1] = view.getInt32(at + 12, true);
    mixK1(s);
    rotateLeft(s, H1, 27);
    add(s, H1, s[H2], s[H2 + 1]);
    times5Plus(s, H1, 0x52dce729);
    mixK2(s);
    rotateLeft(s, H2, 31);
    add(s, H2, s[H1], s[H1 + 1]);
    times5Plus(s, H2, 0x38495ab5);
  }
  s.fill(0, K1);
  for (let i = whole; i < data.length; i++) {
    s[K1 + ((i - whole) >> 2)] |= data[i] << (((i - whole) & 3) * 8);
  }
  const tail = data.length - whole;
  if (tail > 8) mixK2(s);
  if (tail > 0) mixK1(s);
  const high = Math.floor(data.length / 2 ** 32);
  s[H1] ^= data.length;
  s[H1 + 1] ^= high;
  s[H2] ^= data.length;
  s[H2 + 1] ^= high;
  add(s, H1, s[H2], s[H2 + 1]);
  add(s, H2, s[H1], s[H1 + 1]);
  finalMix(s, H1);
  finalMix(s, H2);
  add(s, H1, s[H2], s[H2 + 1]);
  add(s, H2, s[H1], s[H1 + 1]);
  const digest = new Uint8Array(16);
  const out = new DataView(digest.buffer);
  for (let i = 0; i < 4; i++) out.setInt32(i * 4, s[i], true);
  return digest;
}

/** h1 ^= rotl(k1 * c1, 31) * c2 */
function mixK1(s: Int32Array): void {
  multiply(s, K1, C1_LOW, C1_HIGH);
  rotateLeft(s, K1, 31);
  multiply(s, K1, C2_LOW, C2_HIGH);
  s[H1] ^= s[K1];
  s[H1 + 1] ^= s[K1 + 1];
}

/** h2 ^= rotl(k2 * c2, 33) * c1 */
function mixK2(s: Int32Array): void {
  multiply(s, K2, C2_LOW, C2_HIGH);
  rotateLeft(s, K2, 33);
  multiply(s, K2, C1_LOW, C1_HIGH);
  s[H2] ^= s[K2];
  s[H2 + 1] ^= s[K2 + 1];
}

function finalMix(s: Int32Array, at: number): void {
  xorShift33(s, at);
  multiply(s, at, 0xed558ccd | 0, 0xff51afd7 | 0);
  xorShift33(s, at);
  multiply(s, at, 0x1a85ec53, 0xc4ceb9fe | 0);
  xorShift33(s, at);
}

/** x ^= x >> 33: the high half, shifted by one, goes into the low half. */
function xorShift33(s: Int32Array, at: number): void {
  s[at] ^= s[at + 1] >>> 1;
}

function add(s: Int32Array, at: number, low: number, high: number): void {
  const sum = (s[at] + low) | 0;
  s[at + 1] = s[at + 1] + high + (sum >>> 0 < low >>> 0 ? 1 : 0);
  s[at] = sum;
}

function times5Plus(s: Int32Array, at: number, addend: number): void {
  multiply(s, at, 5, 0);
  add(s, at, addend, 0);
}

function rotateLeft(s: Int32Array, at: number, bits: number): void {
  let low = s[at];
  let high = s[at + 1];
  if (bits >= 32) [low, high] = [high, low];
  const n = bits & 31;
  s[at] = (low << n) | (high >>> (32 - n));
  s[at + 1] = (high << n) | (low >>> (32 - n));
}

/** The low 64 bits of the product. */
function multiply(s: Int32Array, at: number, low: number, high: number): void {
  const a = s[at];
  const ah = s[at + 1];
  s[at] = Math.imul(a, low);
  s[at + 1] = highWord(a, low) + Math.imul(a, high) + Math.imul(ah, low);
}

/** The high 32 bits of the unsigned product of two 32-bit words. */
function highWord(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = ah * bl + ((al * bl) >>> 16);
  const second = al * bh + (middle & 0xffff);
  return (ah * bh + Math.floor(middle / 65536) + Math.floor(second / 65536)) | 0;
}
