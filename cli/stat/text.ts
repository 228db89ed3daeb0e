import { UNIT_LB } from '../../core/engine/stat/block-sample.ts';
import type { StatResult } from '../../core/engine/stat/collect.ts';
import {
  type FileStat,
  type KindCount,
  SIZE_CLASSES,
  storedEntries,
} from '../../core/engine/stat/file-stat.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { bytesText } from '../progress.ts';

/** One file and what was counted of it. */
export interface NamedStat {
  readonly path: string;
  readonly stat: FileStat;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const blockBytes = (blocks: number) => bytesText(blocks * LOGICAL_BLOCK_BYTES);

function kindText(word: string, { ios, blocks }: KindCount): string {
  return `${word} ${ios} (${blockBytes(blocks)})`;
}

/** The lines about one file. */
export function fileLines({ path, stat }: NamedStat): string[] {
  const { kind, sizeBytes, normal, zero, discard, paddingBytes, damagedIos, complaint } = stat;
  const padding = paddingBytes > 0 ? `, padding ${bytesText(paddingBytes)}` : '';
  const lines = [
    `${path}: ${kind}, ${bytesText(sizeBytes)}`,
    `  IOs: ${kindText('normal', normal)}, ${kindText('zero', zero)}, ${kindText('discard', discard)}${padding}`,
  ];
  const stored = storedEntries(stat).map(
    ([type, entry]) =>
      `${type} ${entry.ios} IOs, ${bytesText(entry.storedBytes)} of ${bytesText(entry.plainBytes)} (${percent(entry.storedBytes / entry.plainBytes)})`,
  );
  if (stored.length > 0) lines.push(`  stored: ${stored.join('; ')}`);
  if (damagedIos > 0)
    lines.push(`  DAMAGED: the data of ${damagedIos} IOs do not have their check sum (walbox verify)`);
  if (complaint !== null) lines.push(`  CUT: ${complaint}`);
  return lines;
}

/** Bars of the sizes of written IOs. */
function sizeLines(files: readonly NamedStat[]): string[] {
  const sums = Array.from({ length: SIZE_CLASSES }, (_, i) =>
    files.reduce((sum, { stat }) => sum + stat.sizes[i], 0),
  );
  const most = Math.max(1, ...sums);
  const used = sums.flatMap((count, i) => (count > 0 ? [i] : []));
  if (used.length === 0) return [];
  const lines = ['  sizes of written IOs, from:'];
  for (let i = used[0]; i <= used[used.length - 1]; i++) {
    const bar = '#'.repeat(Math.ceil((sums[i] * 40) / most));
    lines.push(
      `    ${bytesText(LOGICAL_BLOCK_BYTES * 2 ** i).padStart(9)} ${String(sums[i]).padStart(9)} ${bar}`.trimEnd(),
    );
  }
  return lines;
}

/** The lines about all files together. */
export function resultLines(files: readonly NamedStat[], result: StatResult): string[] {
  const { writtenLb, overlap, compressibility, hottest, regionLb } = result;
  const about = overlap.isExact ? '' : 'about ';
  const lines = [
    'all files:',
    `  written: ${blockBytes(writtenLb)}, to ${about}${blockBytes(overlap.distinctUnits * UNIT_LB)} in units of ${blockBytes(UNIT_LB)}`,
    `  overlap: ${about}${percent(overlap.writtenTwice)} of the units are written more than once${files.length > 1 ? `, ${percent(overlap.inSeveralFiles)} by several files` : ''}`,
    ...sizeLines(files),
  ];
  if (compressibility !== null && compressibility.plainBytes > 0) {
    const { plainBytes, pieceCount, storedBytes } = compressibility;
    const ratios = Object.entries(storedBytes).map(
      ([type, bytes]) => `${type} ${percent(bytes / plainBytes)}`,
    );
    lines.push(`  compressed to (${bytesText(plainBytes)} of ${pieceCount} IOs tried): ${ratios.join(', ')}`);
  }
  if (hottest.length > 0) {
    lines.push(`  hottest regions of ${blockBytes(regionLb)}:`);
    for (const region of hottest) {
      const share = writtenLb === 0 ? 0 : region.writtenLb / writtenLb;
      lines.push(
        `    block ${String(region.addressLb).padEnd(12)} ${blockBytes(region.writtenLb).padStart(9)} written, ${percent(share)}`,
      );
    }
  }
  return lines;
}

/** The same as a value for programs. */
export function resultJson(files: readonly NamedStat[], result: StatResult): unknown {
  const { heat, overlap, ...rest } = result;
  return {
    version: 1,
    files: files.map(({ path, stat }) => ({
      path,
      ...stat,
      stored: Object.fromEntries(storedEntries(stat)),
    })),
    all: {
      ...rest,
      overlap: { unitLb: UNIT_LB, ...overlap },
      heat: heat.map(({ firstStep, map }) => ({
        firstStep,
        regionLb: map.regionLb,
        writtenLb: [...map.counts],
      })),
    },
  };
}
