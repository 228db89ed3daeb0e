import { parseGroupLayout, parseSpares } from '../../../sim/group-layout.ts';
import type { Scenario } from '../scenario.ts';
import { Site, type SiteScenario } from '../site.ts';
import { makeShell, type Shell } from './shell.ts';
import { SHELL_DEVICE_MIB, SHELL_LOG_MIB } from './sizes.ts';

/** A session of `walbox repl` that was saved. What is left out is as it is there by default. */
export type ShellScenario = Omit<SiteScenario, 'tell'> & {
  /** What was typed; it passes when each line does what it did. */
  readonly tell: (shell: Shell) => Promise<void>;
};

/** Makes a scenario of a saved session. */
export function shellScenario({ tell, ...about }: ShellScenario): Scenario {
  return {
    deviceMib: SHELL_DEVICE_MIB,
    logMib: SHELL_LOG_MIB,
    needs: [],
    ...about,
    run: async (group, story, input) => {
      const site = new Site(group, story, input);
      await tell(makeShell(site, namesOf(about)));
      await site.quiet();
      return {
        passed: true,
        summary: `every line did what it did, ${site.judgedCount} restored images were judged`,
      };
    },
  };
}

/** All servers of a scenario, spares too. */
export function namesOf({ layout, spares }: Pick<Scenario, 'layout' | 'spares'>): string[] {
  const parts = [parseGroupLayout(layout), parseSpares(spares ?? '//')];
  return (['storages', 'proxies', 'archives'] as const).flatMap((kind) =>
    parts.flatMap((part) => part[kind]),
  );
}
