import { describe, expect, it } from 'vitest';
import * as control from '../../../core/control/index.ts';
import { inBothSpellings, PYTHON_CONTROLLER, PYTHON_DEVICE } from '../../../core/control/python-names.ts';
import { WalbDevice } from '../../../core/control/walb-device.ts';
import * as worker from '../../../core/control/worker/index.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../../core/units.ts';
import { newSimulation } from '../../../scenarios/lib/simulate.ts';
import { createSimGroup, type SimGroup } from '../../../sim/group.ts';

/** What the original's Python library offers on a controller, and the name here: told anew, not read from the code. */
const CONTROLLER = `
set_server_layout setServerLayout; run_ctl runCtl; run_remote_command runRemoteCommand; get_run_remote_command getRunRemoteCommand
get_host_type getHostType; get_state getState; get_state_all getStateAll; verify_state verifyState; get_vol_list getVolList
get_vol_size_lb getVolSizeLb; get_progress_lb getProgressLb; get_base getBase; monitor_progress monitorProgress
get_diff_list getDiffList; print_diff_list printDiffList; get_applicable_diff_list getApplicableDiffList
print_applicable_diff_list printApplicableDiffList; get_num_diff getNumDiff; get_total_diff_size getTotalDiffSize
exists_diff existsDiff; gc_diff gcDiff; get_num_action getNumAction; get_all_actions getAllActions
get_vol_dict_without_running_actions getIdleVolumes; init_storage initStorage; _init initVol; clear clearVol
_force_clear clearVolEverywhere; reset resetVol; start start; stop stop; stop_nbk stopNbk; wait_for_stopped waitForStopped
go_standby goStandby; kick_all kickAll; kick_storage_all kickStorageAll; kick_proxy kickProxy; set_full_scan_bps setFullScanBps
is_overflow isOverflow; verify_not_overflow verifyNotOverflow; is_wdiff_send_error isWdiffSendError; get_uuid getUuid
get_archive_uuid getArchiveUuid; status status; shutdown shutdown; shutdown_list shutdownList; shutdown_all shutdownAll
get_alive_server getAliveServer; get_archive_info_list getArchiveInfoList; get_archive_info getArchiveInfo
update_archive_info updateArchiveInfo; add_archive_to_proxy addArchiveToProxy; del_archive_from_proxy delArchiveFromProxy
copy_archive_info copyArchiveInfo; is_synchronizing isSynchronizing; start_synchronizing startSynchronizing
stop_synchronizing stopSynchronizing; synchronize synchronize; full_backup fullBackup; hash_backup hashBackup; snapshot snapshot
snapshot_nbk snapshotNbk; disable_snapshot disableSnapshot; enable_snapshot enableSnapshot; get_restorable getRestorable
get_restorable_gid getRestorableGid; print_restorable printRestorable; get_restored getRestored; get_restored_path getRestoredPath
get_cold getCold; restore restore; del_restored delRestored; del_cold delCold; _del_restored_all delRestoredAll
wait_for_restorable waitForRestorable; wait_for_restored waitForRestored; verify_not_restorable verifyNotRestorable
apply apply; _apply_all applyAll; merge merge; replicate replicate; replicate_once replicateOnce
replicate_once_nbk replicateOnceNbk; wait_for_replicated waitForReplicated; resize resize; resize_storage resizeStorage
resize_archive resizeArchive; get_latest_clean_snapshot getLatestCleanSnapshot; get_latest_snapshot_info getLatestSnapshotInfo
get_meta_snap getMetaSnap; get_meta_state getMetaState; get_block_hash getBlockHash; get_ts_delta getTsDelta
clear_vol clearVol; reset_vol resetVol`;

const DEVICE = `
run_wdevc runWdevc; exists exists; format_ldev formatLdev; create create; delete delete; resize resize; reset reset
get_size_lb getSizeLb; get_size_mb getSizeMb; get_log_size_lb getLogSizeLb; wait_for_log_empty waitForLogEmpty`;

/** Functions and values of the module, in camel case: what `walbox/control` exports. */
const MODULE = [
  'getServer serverKindToString parseServerKind verifyServerKind ServerLayout hostPortText blockDeviceExists WalbDevice',
  'getServerParams getServerArgs toCommandLines verifyShutdownMode makeSyncOpt createController',
  'parseLtsv verifyU64 verifyGidRange verifySizeUnit compressKindToString parseCompressKind verifyCompressKind strToDatetime',
  'datetimeToStr Snapshot Diff State parseTsDelta archiveInfoArgs replicateArgs',
];

/** Those of the original's worker. */
const WORKER =
  'parsePeriod parseSizeUnit loadConfig chooseMergeRange chooseReplicationGid latestBefore selectTask';

function pairs(text: string): [string, string][] {
  return text
    .trim()
    .split(/;\s*|\n/)
    .map((pair) => pair.split(' ') as [string, string]);
}

async function withGroup(story: (group: SimGroup) => Promise<void>): Promise<void> {
  const simulation = await newSimulation(1);
  await simulation.run(async () => {
    const layout = { storages: ['s0'], proxies: ['p0'], archives: ['a0'] };
    await story(await createSimGroup(simulation, { layout, deviceSizeLb: (2 * MIB) / LOGICAL_BLOCK_BYTES }));
  });
}

describe("what the original's library has", () => {
  it('controller: every method, in both spellings', async () => {
    await withGroup(async ({ controller }) => {
      const both = inBothSpellings(controller, PYTHON_CONTROLLER);
      for (const [python, name] of pairs(CONTROLLER)) {
        expect(typeof Reflect.get(controller, name), name).toBe('function');
        expect(typeof Reflect.get(both, python), python).toBe('function');
        expect(PYTHON_CONTROLLER.get(python)?.name, python).toBe(name);
      }
    });
  });

  it('and nothing of the controller is without a name there, but for what walbox adds', async () => {
    const known = new Set(pairs(CONTROLLER).map(([, name]) => name));
    await withGroup(async ({ controller }) => {
      const own = Object.keys(controller).filter(
        (name) => typeof Reflect.get(controller, name) === 'function',
      );
      expect(own.filter((name) => !known.has(name))).toEqual(['existsBaseImage', 'getBaseAll']);
    });
    const table = [...PYTHON_CONTROLLER.keys()].filter((python) => python !== 'get_server');
    expect(table.sort()).toEqual(
      pairs(CONTROLLER)
        .map(([python]) => python)
        .sort(),
    );
  });

  it.each(pairs(DEVICE))('device: %s is %s', (python, name) => {
    expect(typeof Reflect.get(WalbDevice.prototype, name)).toBe('function');
    expect(PYTHON_DEVICE.get(python)?.name).toBe(name);
  });

  it('functions and values of the module', () => {
    for (const name of MODULE.join(' ').split(' ')) expect(name in control, name).toBe(true);
    for (const name of WORKER.split(' ')) expect(name in worker, name).toBe(true);
  });

  it('both spellings do the same', async () => {
    await withGroup(async ({ controller, server, walbDevices }) => {
      const both = inBothSpellings(controller, PYTHON_CONTROLLER);
      const getState = Reflect.get(both, 'get_state') as typeof controller.getState;
      expect(await getState(server('s0'), 'v')).toBe('Clear');
      const device = inBothSpellings(walbDevices('s0')[0] as WalbDevice, PYTHON_DEVICE);
      expect(await (Reflect.get(device, 'get_size_mb') as WalbDevice['getSizeMb'])()).toBe(2);
      expect('get_state' in both).toBe(true);
      expect('get_nothing' in both).toBe(false);
    });
  });
});

it('status asks one server, some, or all', async () => {
  await withGroup(async ({ controller, server }) => {
    const banners = async (...args: Parameters<typeof controller.status>) =>
      (await controller.status(...args))
        .filter((line) => line.startsWith('++++'))
        .map((line) => line.split(' ')[1]);
    expect(await banners()).toEqual(['s0', 'p0', 'a0']);
    expect(await banners([])).toEqual(['s0', 'p0', 'a0']);
    expect(await banners(server('p0'))).toEqual(['p0']);
    expect(await banners([server('a0'), server('s0')])).toEqual(['a0', 's0']);
  });
});

describe('wdevc', () => {
  it('has every command, with the words and lines of the original', async () => {
    await withGroup(async ({ walbDevices, devices, clock }) => {
      const wdev = walbDevices('s0')[0] as WalbDevice;
      const on = (command: string, ...args: string[]) => wdev.runWdevc([command, wdev.path, ...args]);
      expect(await wdev.runWdevc(['get-version'])).toEqual(['1.5.1']);
      expect(await wdev.runWdevc(['list'])).toEqual(['250 0 walb/0']);
      for (const getter of ['oldest-lsid', 'written-lsid', 'permanent-lsid', 'completed-lsid', 'log-usage']) {
        expect(await on(`get-${getter}`), getter).toEqual(['0']);
      }
      const [capacity = ''] = await on('get-log-capacity');
      expect(Number(capacity)).toBeGreaterThan(30_000);
      expect(await on('is-flush-capable')).toEqual(['1']);
      expect(await on('is-log-overflow')).toEqual(['0']);
      const [application] = devices('s0');
      await application?.write(0, new Uint8Array(4096));
      await application?.flush();
      expect(await on('get-completed-lsid')).toEqual(['9']);
      expect(await on('get-permanent-lsid')).toEqual(['9']);
      expect(await on('get-log-usage')).toEqual(['9']);
      expect(await on('clear-wal', '5')).toEqual([]);
      expect(await on('get-oldest-lsid')).toEqual(['9']);
      expect(await on('get-written-lsid')).toEqual(['9']);
      expect(await on('set-checkpoint-interval', '2500')).toEqual([]);
      expect(await on('get-checkpoint-interval')).toEqual(['2500']);
      expect(await on('force-checkpoint')).toEqual([]);
      expect(await on('freeze', '1')).toEqual([]);
      expect(await on('is-flozen')).toEqual(['1']);
      await clock.sleep(2);
      expect(await on('is-flozen')).toEqual(['0']);
      expect(await on('freeze')).toEqual([]);
      expect(await on('melt')).toEqual([]);
      await application?.growDataDevice(3 * 2048);
      expect(await on('resize')).toEqual([]);
      expect(await wdev.getSizeMb()).toBe(3);
      expect(await on('reset-wal')).toEqual([]);
      expect(await on('get-completed-lsid')).toEqual(['0']);
      await expect(on('set-oldest-lsid', '5')).rejects.toThrow();
    });
  });

  it('makes and removes devices, and refuses what it does not know', async () => {
    await withGroup(async ({ walbDevices, host }) => {
      const wdev = walbDevices('s0')[0] as WalbDevice;
      host('s0').addDisk('log9', { sizeLb: 2048 });
      host('s0').addDisk('data9', { sizeLb: 2048 });
      const [ldev, ddev] = ['/dev/disk/log9', '/dev/disk/data9'];
      const lines = await wdev.runWdevc(['format-ldev', ldev, ddev, '-n', 'nine', '-nd']);
      expect(lines).toHaveLength(15);
      expect(lines).toContain('name: nine');
      expect(await wdev.runWdevc(['create-wdev', ldev, ddev, '-n', 'nine', '-maxp', '64'])).toEqual([
        'name nine',
        'major 250',
        'minor 2',
      ]);
      expect(await wdev.runWdevc(['list'])).toEqual(['250 0 walb/0', '250 2 walb/nine']);
      expect(await wdev.runWdevc(['delete-wdev', '/dev/walb/nine'])).toEqual([]);
      await expect(wdev.runWdevc(['get-oldest-lsid', '/dev/walb/nine'])).rejects.toThrow(
        'There is no walb device',
      );
      await expect(wdev.runWdevc(['nonsense'])).rejects.toThrow('wdevc has no command nonsense');
      await expect(wdev.runWdevc(['create-wdev', ldev, ddev, '-z', '1'])).rejects.toThrow('bad opt: -z');
      await expect(wdev.runWdevc(['set-checkpoint-interval', wdev.path])).rejects.toThrow(
        'a number MS is expected',
      );
    });
  });
});
