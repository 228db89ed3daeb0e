import { FormatError } from '../../core/errors.ts';
import { checkHistory } from '../history.ts';
import { type ChaosLayout, PLAIN_LAYOUT } from './layout.ts';
import type { ChaosOperation } from './operations.ts';
import { CHAOS_CHECKS, type ChaosHistory } from './run.ts';
import type { SavedHistory } from './saved.ts';
import { faultText, operationText } from './words.ts';

/** A chaos history with a name, as scenario files hold it: what the layout leaves out is as in PLAIN_LAYOUT. */
export interface ChaosStory {
  /** As typed after `walbox run`. */
  readonly name: string;
  /** In a sentence: what must be seen to work. */
  readonly purpose: string;
  readonly history: Omit<ChaosHistory, 'layout'> & { readonly layout: Partial<ChaosLayout> };
}

/** The whole history of a story. Throws FormatError on what is none. */
export function historyOfStory(story: Pick<ChaosStory, 'history'>): ChaosHistory {
  const { history } = story;
  if (typeof history !== 'object' || history === null) throw new FormatError('A story has a history.');
  return checkHistory({ ...history, layout: { ...PLAIN_LAYOUT, ...history.layout } }, CHAOS_CHECKS);
}

/**
 * A scenario file in TypeScript that runs by itself (`walbox run ./FILE`): what was found and the story in words as
 * a comment, and the history as a value. `name` is that of the scenario.
 */
export function storyFileText({ walbox, profile, failure, history }: SavedHistory, name: string): string {
  const { seed, layout, operations, faults } = history;
  const property = failure === null ? null : `${failure.property} (${failure.place})`;
  const purpose =
    property === null
      ? `Seed ${seed} of chaos passes`
      : `Seed ${seed} of chaos: the property ${property} holds`;
  const about =
    failure === null
      ? []
      : [
          `Does not hold: ${property}, ${(failure.atUs / 1e6).toFixed(3)} s after the start.`,
          ...failure.message
            .split('\n')
            .slice(0, MAX_MESSAGE_LINES)
            .map((line) => `  ${line}`),
          '',
        ];
  const comment = [
    ...about,
    `Seed ${seed} of the profile ${profile || '-'}, walbox ${walbox || '-'}: another version may go another way.`,
    'Again: npx walbox run ./THIS-FILE',
    '',
    'What is done:',
    ...operations.map(operationText),
    ...(faults.length > 0 ? ['What goes wrong:', ...faults.map(faultText)] : ['Nothing goes wrong.']),
  ];
  const items = (values: readonly (ChaosOperation | object)[]) =>
    values.length === 0 ? '[]' : `[${values.map((value) => `\n      ${literal(value)},`).join('')}\n    ]`;
  return `/**
${comment.map((line) => ` * ${line.replaceAll('*/', '* /')}`.trimEnd()).join('\n')}
 */
export const ${name.replaceAll(/-+(\w)/g, (_, letter: string) => letter.toUpperCase())} = {
  name: ${literal(name)},
  purpose: ${literal(purpose)},
  history: {
    version: 1,
    seed: ${seed},
    // The rest is as on a quiet day (PLAIN_LAYOUT in sim/chaos/layout.ts).
    layout: ${literal(changedFields(layout))},
    operations: ${items(operations)},
    faults: ${items(faults)},
  },
};
`;
}

const MAX_MESSAGE_LINES = 12;

/** What of a layout is not as on a quiet day, and always the servers; `historyOfStory` adds the rest. */
export function changedFields(layout: ChaosLayout): Partial<ChaosLayout> {
  return Object.fromEntries(
    Object.entries(layout).filter(
      ([field, value]) => field === 'group' || value !== PLAIN_LAYOUT[field as keyof ChaosLayout],
    ),
  );
}

/** A plain value as TypeScript source. */
function literal(value: unknown): string {
  if (typeof value === 'string')
    return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
  if (typeof value === 'number' && Number.isInteger(value)) {
    return String(value).replace(/\B(?=(\d{3})+$)/g, '_');
  }
  if (typeof value !== 'object' || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([name, field]) => `${name}: ${literal(field)}`)
    .join(', ')} }`;
}
