import { expect, it } from 'vitest';
import {
  addCounts,
  countBranches,
  type FileReport,
  NO_BRANCHES,
  percent,
  uncoveredLines,
} from './branches.ts';

const place = (line: number) => ({ start: { line } });
const file: FileReport = {
  branchMap: {
    0: { loc: place(3), locations: [place(3), place(5)] },
    1: { loc: place(2), locations: [place(2)] },
    2: { loc: place(9), locations: [place(9), { start: {} }] },
  },
  b: { 0: [4, 0], 1: [0], 2: [1, 0] },
};

it('counts ways and names the lines of those that were never gone', () => {
  expect(countBranches(file)).toEqual({ covered: 2, total: 5 });
  expect(uncoveredLines(file)).toEqual([2, 5, 9]);
  expect(percent(addCounts(countBranches(file), { covered: 5, total: 5 }))).toBe(70);
  expect(percent(NO_BRANCHES)).toBe(100);
});
