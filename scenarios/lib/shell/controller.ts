import type { Controller } from '../../../core/control/controller.ts';
import { inBothSpellings, PYTHON_CONTROLLER } from '../../../core/control/python-names.ts';
import type { ServerConnectionParam } from '../../../core/control/server-layout.ts';
import { TIMEOUT_S } from '../../../core/control/session.ts';
import type { Site } from '../site.ts';
import { callText } from './call-text.ts';

/** The controller of a shell: it also finds servers by name, as the documents of the original have it. */
export interface ShellController extends Controller {
  getServer(name: string): ServerConnectionParam;
}

/**
 * The site's controller for a shell. Each call is told to the story; what takes a snapshot is told to the ledger;
 * what prints its result gives nothing back.
 */
export function makeShellController(site: Site): ShellController {
  const { walbc, story } = site;
  const own: Partial<ShellController> = {
    getServer: (name) => site.group.server(name),
    initStorage: async (sx, vol, path) => {
      site.useDevice(sx, vol, path);
      const typed = callText('walbc.initStorage', [sx, vol, path]);
      await story.step(typed, () => walbc.initStorage(sx, vol, path));
    },
    initVol: async (server, vol, path) => {
      if (typeof path === 'string') site.useDevice(server, vol, path);
      await story.step(callText('walbc.initVol', [server, vol, path]), () =>
        walbc.initVol(server, vol, path),
      );
    },
    fullBackup: async (sx, vol, options = {}) => {
      if (options.block !== false) return site.fullBackup(sx, vol, { timeoutS: TIMEOUT_S, ...options });
      site.forgetSnapshots(vol);
      const typed = callText('walbc.fullBackup', [sx, vol, options]);
      return story.step(typed, () => walbc.fullBackup(sx, vol, options));
    },
    hashBackup: async (sx, vol, options = {}) => {
      if (options.block !== false) return site.hashBackup(sx, vol, { timeoutS: TIMEOUT_S, ...options });
      const typed = callText('walbc.hashBackup', [sx, vol, options]);
      return story.step(typed, () => walbc.hashBackup(sx, vol, options));
    },
    snapshot: (sx, vol, archives, timeoutS) =>
      site.take(sx, vol, callText('walbc.snapshot', [sx, vol, archives, timeoutS]), () =>
        walbc.snapshot(sx, vol, archives, timeoutS),
      ),
    snapshotNbk: (sx, vol) => site.snapshotNbk(sx, vol),
    setServerLayout: (layout) => {
      walbc.setServerLayout(layout);
      story.note(callText('walbc.setServerLayout', [layout.getAll()]));
    },
  };
  const shell = new Proxy(walbc, {
    get: (target, name) => {
      const mine = Reflect.get(own, name);
      if (mine !== undefined) return mine;
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return (...args: unknown[]) =>
        story.step(
          callText(`walbc.${name}`, args),
          async () => {
            const result: unknown = await value(...args);
            return PRINTING.has(name) ? undefined : result;
          },
          () => '',
        );
    },
    has: (target, name) => Reflect.has(own, name) || Reflect.has(target, name),
    ownKeys: (target) => [...new Set([...Reflect.ownKeys(target), ...Reflect.ownKeys(own)])],
  }) as ShellController;
  return inBothSpellings(shell, PYTHON_CONTROLLER);
}

/** Operations whose result has been printed when they return. */
const PRINTING: ReadonlySet<string> = new Set(['getStateAll', 'status', 'shutdownList', 'shutdownAll']);
