import { KeyedRandom } from '../random.ts';
import { drawArmed, drawFaults } from './draw-faults.ts';
import { drawLayout } from './draw-layout.ts';
import { drawOperations } from './draw-operations.ts';
import type { ChaosProfile } from './profiles.ts';
import type { ChaosHistory } from './run.ts';

/** The history of a seed: layout, operations and faults, drawn as the profile says (docs/chaos.md, "Drawing"). */
export function drawHistory(seed: number, profile: ChaosProfile): ChaosHistory {
  const random = new KeyedRandom(seed);
  const layout = drawLayout(random, profile);
  const armed = drawArmed(random, profile);
  const operations = drawOperations(random, profile, layout, armed.includes('flood'));
  const endUs = operations.at(-1)?.atUs ?? 0;
  return {
    version: 1,
    seed,
    layout,
    operations,
    faults: drawFaults(random, profile, layout, armed, endUs),
  };
}
