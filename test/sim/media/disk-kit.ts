import { SimDisk } from '../../../sim/disk.ts';
import { type MediumParameters, mediumParameters } from '../../../sim/disk-medium.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { blocks, valuesOf } from './support.ts';

/** A disk without a host. */
export function createDisk(
  seed: number,
  parameters: MediumParameters = mediumParameters('ideal', 512),
  sizeLb = 64,
) {
  return new SimDisk({ name: `d${seed}`, sizeLb, random: new KeyedRandom(seed), parameters });
}

/** Submits, completes and flushes by hand: the exact orders of the model, without a clock. */
export function drive(disk: SimDisk) {
  const { medium } = disk;
  return {
    submit: (address: number, ...values: number[]) =>
      medium.beginWrite(address, blocks(...values), false, false),
    write(address: number, ...values: number[]) {
      medium.finishWrite(medium.beginWrite(address, blocks(...values), false, false));
    },
    writeFua(address: number, ...values: number[]) {
      medium.finishWrite(medium.beginWrite(address, blocks(...values), true, false));
    },
    flush: () => medium.finishFlush(medium.beginFlush()),
    values: (address: number, size: number) => valuesOf(medium.read(address, size)),
  };
}

/** All contents that power losses leave of a history, over many seeds. */
export function outcomes(
  seedCount: number,
  parameters: MediumParameters,
  history: (disk: SimDisk) => void,
  size: number,
) {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= seedCount; seed++) {
    const disk = createDisk(seed, parameters);
    history(disk);
    disk.powerLoss();
    const key = valuesOf(disk.medium.read(0, size)).join(' ');
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return [...seen.keys()].sort();
}
