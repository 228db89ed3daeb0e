import type { StatResult } from '../../core/engine/stat/collect.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { bytesText } from '../progress.ts';

const LEFT = 90;
const TOP = 56;
const WIDTH = 1024;
const HEIGHT = 512;
const BOTTOM = 88;
const RIGHT = 30;
const TICKS = 8;
/** From little to much. */
const COLOURS = [
  '#e8f0f7',
  '#cfe1f2',
  '#a6cbe6',
  '#71add4',
  '#4290c4',
  '#2371b0',
  '#20508f',
  '#5b2a86',
  '#9c1f6d',
  '#d11f3f',
];

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const round = (value: number) => Math.round(value * 100) / 100;

/** The colour of a count, on a logarithmic scale up to `most`. */
function level(count: number, most: number): number {
  if (count <= 0) return -1;
  const share = most <= 1 ? 1 : Math.log(count + 1) / Math.log(most + 1);
  return Math.min(COLOURS.length - 1, Math.floor(share * COLOURS.length));
}

function textAt(x: number, y: number, text: string, anchor: 'start' | 'middle' | 'end' = 'middle'): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

/** A picture of where (to the right) and when (downwards) blocks were written, the hotter the more. */
export function heatMapSvg(title: string, { heat, writtenLb, stepCount }: StatResult): string {
  const counts = heat.map(({ map }) => map.counts);
  const columns = counts[0]?.length ?? 1;
  const used = Math.max(1, ...counts.map(usedColumns));
  const regionLb = heat[0]?.map.regionLb ?? 1;
  const most = Math.max(1, ...counts.map((row) => Math.max(...row)));
  const [cellWidth, cellHeight] = [WIDTH / Math.min(columns, used), HEIGHT / Math.max(1, counts.length)];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LEFT + WIDTH + RIGHT} ${TOP + HEIGHT + BOTTOM}" font-family="sans-serif" font-size="13">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="24" font-size="17">${escaped(title)}</text>`,
    textAt(
      LEFT,
      44,
      `${bytesText(writtenLb * LOGICAL_BLOCK_BYTES)} written; a column is ${bytesText(regionLb * LOGICAL_BLOCK_BYTES)} of the volume`,
      'start',
    ),
    `<rect x="${LEFT}" y="${TOP}" width="${WIDTH}" height="${HEIGHT}" fill="#fafafa" stroke="#888888"/>`,
    '<g shape-rendering="crispEdges">',
  ];
  counts.forEach((row, y) => {
    for (let x = 0; x < used; ) {
      const colour = level(row[x], most);
      let end = x + 1;
      // Neighbours of one colour are one rectangle.
      while (end < used && level(row[end], most) === colour) end++;
      if (colour >= 0) {
        parts.push(
          `<rect x="${round(LEFT + x * cellWidth)}" y="${round(TOP + y * cellHeight)}" width="${round((end - x) * cellWidth)}" height="${round(cellHeight)}" fill="${COLOURS[colour]}"/>`,
        );
      }
      x = end;
    }
  });
  parts.push('</g>');
  // The last row may hold less than the others.
  const steps = heat.length > 1 ? heat.length * heat[1].firstStep : stepCount;
  for (let tick = 0; tick <= TICKS; tick++) {
    const share = tick / TICKS;
    const x = LEFT + share * WIDTH;
    parts.push(`<path d="M${round(x)} ${TOP + HEIGHT}v6" stroke="#888888"/>`);
    parts.push(textAt(x, TOP + HEIGHT + 21, bytesText(share * used * regionLb * LOGICAL_BLOCK_BYTES)));
  }
  const rowTicks = Math.max(1, Math.min(TICKS, steps));
  for (let tick = 0; tick <= rowTicks; tick++) {
    const y = TOP + (tick / rowTicks) * HEIGHT;
    parts.push(`<path d="M${LEFT} ${round(y)}h-6" stroke="#888888"/>`);
    parts.push(textAt(LEFT - 10, y + 4, String(round((tick / rowTicks) * steps)), 'end'));
  }
  parts.push(textAt(LEFT + WIDTH / 2, TOP + HEIGHT + 40, 'place on the volume'));
  parts.push(
    `<text transform="translate(18 ${TOP + HEIGHT / 2}) rotate(-90)" text-anchor="middle">time: number of the IO of wlogs, or of the wdiff</text>`,
  );
  parts.push(...legend(most));
  parts.push('</svg>');
  return `${parts.join('\n')}\n`;
}

/** Columns up to the last one with something in it. */
function usedColumns(row: Float64Array): number {
  let end = row.length;
  while (end > 0 && row[end - 1] === 0) end--;
  return end;
}

/** What the colours mean. */
function legend(most: number): string[] {
  const y = TOP + HEIGHT + 56;
  const width = 28;
  const parts = [textAt(LEFT, y + 13, 'written to a cell:', 'start')];
  COLOURS.forEach((colour, i) => {
    parts.push(
      `<rect x="${LEFT + 130 + i * width}" y="${y}" width="${width}" height="17" fill="${colour}" stroke="#cccccc"/>`,
    );
  });
  const end = LEFT + 130 + COLOURS.length * width;
  parts.push(
    textAt(end + 10, y + 13, `1 block to ${bytesText(most * LOGICAL_BLOCK_BYTES)}, logarithmic`, 'start'),
  );
  return parts;
}
