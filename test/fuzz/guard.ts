import { FuzzFault, type FuzzTarget } from './target.ts';

/** Processor time that one input may take. */
const MAX_CPU_US = 3_000_000;
/** Bytes that an array may have for each byte of the input. */
const BYTES_PER_BYTE = 16;
const SLACK_BYTES = 256 * 1024;

/** Constructors that take a length. */
const GUARDED = [
  'ArrayBuffer',
  'Uint8Array',
  'Uint16Array',
  'Uint32Array',
  'Int32Array',
  'Float64Array',
  'Array',
] as const;

const BYTES: Readonly<Record<(typeof GUARDED)[number], number>> = {
  ArrayBuffer: 1,
  Uint8Array: 1,
  Uint16Array: 2,
  Uint32Array: 4,
  Int32Array: 4,
  Float64Array: 8,
  Array: 8,
};

let limitBytes = Number.POSITIVE_INFINITY;
let isInstalled = false;

/**
 * Makes arrays above the limit of the running input a fault at the moment of their allocation, which tells where it
 * happens. For processes of their own only: it changes globals.
 */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  for (const name of GUARDED) {
    const original = globalThis[name] as new (...args: unknown[]) => object;
    const guarded = new Proxy(original, {
      construct(target, args, newTarget) {
        const [length] = args;
        if (typeof length === 'number' && length * BYTES[name] > limitBytes) {
          throw new FuzzFault(
            `${name} of ${length} elements was asked for, ${limitBytes} bytes are the limit`,
          );
        }
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
    Object.defineProperty(globalThis, name, { value: guarded, configurable: true, writable: true });
  }
}

/**
 * Runs a target on one input. Gives null when it was decoded or refused as it should be, else what is wrong: another
 * error than a refusal, a place outside of the input, too much memory, too much time.
 */
export async function faultOf(target: FuzzTarget, input: Uint8Array): Promise<Error | null> {
  install();
  limitBytes = Math.max(target.maxArrayBytes, input.length * BYTES_PER_BYTE) + SLACK_BYTES;
  const began = process.cpuUsage();
  try {
    // A copy: nobody may write into an input.
    const given = input.slice();
    await target.run(given);
    if (Buffer.compare(given, input) !== 0) return new FuzzFault('the input was changed');
  } catch (error) {
    if (!(error instanceof Error)) return new FuzzFault(`no Error was thrown: ${String(error)}`);
    if (error instanceof FuzzFault) return error;
    if (!target.refusals.some((refusal) => error instanceof refusal)) return error;
  } finally {
    limitBytes = Number.POSITIVE_INFINITY;
  }
  const { user, system } = process.cpuUsage(began);
  if (user + system > MAX_CPU_US) return new FuzzFault(`took ${user + system} us of processor time`);
  return null;
}
