import type { DeviceCalls } from './device-calls.ts';

/** Alignment that satisfies direct IO on every device: a page. */
export const MEMORY_ALIGNMENT_BYTES = 4096;

/** Bytes whose memory begins at a multiple of MEMORY_ALIGNMENT_BYTES; not cleared, no Buffer. */
export function alignedBytes(calls: DeviceCalls, sizeBytes: number): Uint8Array {
  const { buffer } = Buffer.allocUnsafeSlow(sizeBytes + MEMORY_ALIGNMENT_BYTES);
  const address = calls.addressOf(new Uint8Array(buffer));
  const offset = Number(-address & BigInt(MEMORY_ALIGNMENT_BYTES - 1));
  return new Uint8Array(buffer, offset, sizeBytes);
}

/** Whether the memory of the bytes begins at such a multiple. */
export function isAligned(calls: DeviceCalls, bytes: Uint8Array): boolean {
  return bytes.length > 0 && calls.addressOf(bytes) % BigInt(MEMORY_ALIGNMENT_BYTES) === 0n;
}
