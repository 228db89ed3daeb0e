import { memoryReader } from '../../../core/engine/memory-stream.ts';
import { guessKind, verifyFile } from '../../../core/verify/file.ts';
import type { FileReport, LocalFinding } from '../../../core/verify/finding.ts';
import { nativeCodecPool } from '../../../native/codecs.ts';

const codecs = nativeCodecPool();

export interface Verified {
  readonly kind: FileReport['kind'];
  readonly counts: FileReport['counts'];
  readonly findings: readonly LocalFinding[];
  readonly damages: readonly LocalFinding[];
  /** The largest read that was asked for. */
  readonly largestReadBytes: number;
}

/** Verifies bytes as a file of a name. */
export async function verifyBytes(bytes: Uint8Array, name = 'file'): Promise<Verified> {
  const findings: LocalFinding[] = [];
  const inner = memoryReader(bytes);
  let largestReadBytes = 0;
  const check = {
    file: {
      sizeBytes: bytes.length,
      read(offset: number, sizeBytes: number) {
        largestReadBytes = Math.max(largestReadBytes, sizeBytes);
        return inner.read(offset, sizeBytes);
      },
    },
    codecs: await codecs,
    report: (finding: LocalFinding) => findings.push(finding),
    onBytes: () => undefined,
  };
  const { kind, counts } = await verifyFile(check, await guessKind(check, name));
  const damages = findings.filter((finding) => finding.severity === 'damage');
  for (const finding of findings) {
    // Each says what, what to do, and (a damage) what it costs; places are in the file.
    if (finding.problem === '' || finding.remedy === '') throw new Error(JSON.stringify(finding));
    if ((finding.cost === '') !== (finding.severity === 'notice')) throw new Error(JSON.stringify(finding));
    if (finding.offset !== null && !(finding.offset >= 0 && finding.offset <= bytes.length)) {
      throw new Error(`${JSON.stringify(finding)} in ${bytes.length} bytes`);
    }
  }
  return { kind, counts, findings, damages, largestReadBytes };
}

export function flipped(bytes: Uint8Array, at: number, bits = 0x10): Uint8Array {
  const copy = bytes.slice();
  copy[at] ^= bits;
  return copy;
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
