import { describe, expect, it } from 'vitest';
import { playPlanted, SMALL_DAY, told } from './kit.ts';

describe('the operator who stops a volume for a while', () => {
  it.each([
    ['s0', 'graceful', 'Target'],
    ['p0', 'empty', 'Started'],
    ['a0', 'graceful', 'Archived'],
  ] as const)(
    'starts it again at %s when the stop lasts longer than he thought',
    async (server, mode, active) => {
      let state = '';
      const found = await playPlanted({
        operations: [
          ...SMALL_DAY,
          { kind: 'stop', atUs: 12_000_000, key: 7, volume: 0, server, mode, forUs: 1 },
        ],
        plant: async ({ walbc, group }) => {
          state = await walbc.getState(group.server(server), 'v0');
        },
        isSafetyOnly: true,
      });
      expect(told(found)).toBe('nothing');
      expect(state).toBe(active);
    },
  );
});
