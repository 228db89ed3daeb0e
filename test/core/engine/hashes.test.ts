import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockHashes, StreamHash, streamHash } from '../../../core/engine/block-hash.ts';
import { memorySource } from '../../../core/engine/memory-stream.ts';
import { murmur3x64128 } from '../../../core/engine/murmur3.ts';
import { SipHasher, sipHash } from '../../../core/engine/siphash.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const counting = (sizeBytes: number) => Uint8Array.from({ length: sizeBytes }, (_, i) => i & 255);
const zeros = (sizeBytes: number) => new Uint8Array(sizeBytes);

describe('SipHash', () => {
  it.each([
    ['nothing', zeros(0), '816897c2a81572c6b066991fefce1db4'],
    ['00..0e', counting(15), 'c6165eed744305a22353e0a415892c03'],
    ['512 counting bytes', counting(512), '2e56436119349950208c1984da63a2d8'],
    ['512 zeros', zeros(512), 'f0888a9d1e6148884cefd1814aca6f04'],
    ['1024 zeros', zeros(1024), '1846ea02fb158f214030c2fe7b12c09f'],
    ['names of a tree', Buffer.from('abcahellosub/bsub'), '7ba34110180d1241f15de3fa69c5c3a2'],
  ])('%s', (_, data, digest) => {
    expect(hex(sipHash(data))).toBe(digest);
  });

  it('contains the official 64-bit hash', () => {
    const digest = sipHash(counting(15));
    expect(hex(digest.slice(0, 8).map((byte, i) => byte ^ digest[8 + i]))).toBe('e545be4961ca29a1');
  });

  it('does not depend on how the data are cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(40)), (data, cuts) => {
        const hasher = new SipHasher();
        let at = 0;
        for (const cut of cuts) {
          hasher.update(data.subarray(at, at + cut));
          at = Math.min(data.length, at + cut);
        }
        hasher.update(data.subarray(at));
        expect(hex(hasher.digest())).toBe(hex(sipHash(data)));
      }),
    );
  });
});

describe('MurmurHash3', () => {
  it.each([
    [zeros(0), 0, '00000000000000000000000000000000'],
    [zeros(0), 1, 'b55cff6ee5ab10468335f878aa2d6251'],
    [Buffer.from('abc'), 0, '6778ad3f3f3f96b4522dca264174a23b'],
    [zeros(512), 0, 'b48245564341058ce6f6fcdffde99437'],
    [zeros(512), 1, 'b28408b289df6e3e8575ace1db3336f4'],
    [zeros(512), 12345, 'd94993107cff8fb3ecb1cdedc0b4c9cb'],
    [counting(512), 0, 'd04e8415bcbb73df152c655381977b76'],
    [counting(512), 1, '80f4b1c4b1827761158fc32b5a26c36d'],
    [counting(512), 0x12345678, '140e505c5c4e98b0f2df5435a4e23b81'],
    [zeros(262144), 0, 'c0b3c7ec2442c57531985959fff2cc9f'],
    [zeros(262144), 12345, '022fd2395a071fb83e7e11c739ca4dcc'],
  ])('vector %#', (data, seed, digest) => {
    expect(hex(murmur3x64128(data, seed))).toBe(digest);
  });

  it('equals the definition in big integers', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(0xffffffff), (data, seed) => {
        expect(hex(murmur3x64128(data, seed))).toBe(hex(definition(data, seed)));
      }),
      { numRuns: 300 },
    );
  });
});

/** MurmurHash3_x64_128, as its author wrote it down. */
function definition(data: Uint8Array, seed: number): Uint8Array {
  const mask = (1n << 64n) - 1n;
  const rotl = (x: bigint, n: bigint) => ((x << n) | (x >> (64n - n))) & mask;
  const fmix = (x: bigint) => {
    let k = x ^ (x >> 33n);
    k = (k * 0xff51afd7ed558ccdn) & mask;
    k ^= k >> 33n;
    k = (k * 0xc4ceb9fe1a85ec53n) & mask;
    return k ^ (k >> 33n);
  };
  const c1 = 0x87c37b91114253d5n;
  const c2 = 0x4cf5ad432745937fn;
  let h1 = BigInt(seed);
  let h2 = BigInt(seed);
  const whole = data.length - (data.length % 16);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const k1Of = (k: bigint) => (rotl((k * c1) & mask, 31n) * c2) & mask;
  const k2Of = (k: bigint) => (rotl((k * c2) & mask, 33n) * c1) & mask;
  for (let at = 0; at < whole; at += 16) {
    h1 ^= k1Of(view.getBigUint64(at, true));
    h1 = (((rotl(h1, 27n) + h2) & mask) * 5n + 0x52dce729n) & mask;
    h2 ^= k2Of(view.getBigUint64(at + 8, true));
    h2 = (((rotl(h2, 31n) + h1) & mask) * 5n + 0x38495ab5n) & mask;
  }
  const tail = new Uint8Array(16);
  tail.set(data.subarray(whole));
  const tailView = new DataView(tail.buffer);
  h2 ^= k2Of(tailView.getBigUint64(8, true));
  h1 ^= k1Of(tailView.getBigUint64(0, true));
  h1 ^= BigInt(data.length);
  h2 ^= BigInt(data.length);
  h1 = (h1 + h2) & mask;
  h2 = (h2 + h1) & mask;
  h1 = fmix(h1);
  h2 = fmix(h2);
  h1 = (h1 + h2) & mask;
  h2 = (h2 + h1) & mask;
  const out = new DataView(new ArrayBuffer(16));
  out.setBigUint64(0, h1, true);
  out.setBigUint64(8, h2, true);
  return new Uint8Array(out.buffer);
}

describe('hashes of images', () => {
  const chunks = [zeros(512), counting(512)];
  const image = Uint8Array.from([...chunks[0], ...chunks[1]]);

  it('stream hash: seeds count up, digests are xor-ed', async () => {
    expect(hex(await streamHash(memorySource(image, 100), 512))).toBe('3476f492f2c372edf3793ff4a7cf575a');
    expect(hex(await streamHash(memorySource(image), 4096))).toBe(hex(murmur3x64128(image, 0)));
    expect(hex(await streamHash(memorySource(zeros(0)), 512))).toBe('0'.repeat(32));
    const hash = new StreamHash(0xffffffff);
    hash.add(chunks[0]);
    hash.add(chunks[1]);
    const second = murmur3x64128(chunks[1], 0);
    const both = murmur3x64128(chunks[0], 0xffffffff).map((byte, i) => byte ^ second[i]);
    expect(hex(hash.digest())).toBe(hex(both));
  });

  it('block hashes: a digest for each chunk, or one', async () => {
    const lines: string[] = [];
    for await (const { addressLb, digest } of blockHashes(memorySource(zeros(1280 - 256), 300), 512, 7)) {
      lines.push(`${addressLb} ${hex(digest)}`);
    }
    expect(lines).toEqual(['7 f0888a9d1e6148884cefd1814aca6f04', '8 f0888a9d1e6148884cefd1814aca6f04']);
    const whole = blockHashes(memorySource(zeros(1024)), 0);
    expect(hex((await whole.next()).value?.digest ?? zeros(0))).toBe('1846ea02fb158f214030c2fe7b12c09f');
    const odd = blockHashes(memorySource(zeros(700)), 512);
    await odd.next();
    await expect(odd.next()).rejects.toThrow('multiples of LOGICAL_BLOCK_SIZE');
  });
});
