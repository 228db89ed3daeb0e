/**
 * The operators' documents of walb-tools write the names and the arguments of its Python library. This table says
 * what each is here, so that both spellings can be typed (docs/repl.md). Facts: walb-tools 1.0.19,
 * `python/walblib/__init__.py`.
 */

/** A method of the Python library. */
export interface PythonMethod {
  /** Its name here. */
  readonly name: string;
  /** Names of the parameters here, in the order of the Python ones; null for one that has no counterpart. */
  readonly parameters: readonly (string | null)[];
  /** So many parameters are positions here; the others are fields of an options object at the end. */
  readonly positionCount: number;
}

/**
 * `python_name: name parameters`; behind the bar stand those that are options here, a dash stands for a parameter
 * that is left out.
 */
const CONTROLLER = `
set_server_layout: setServerLayout layout
run_ctl: runCtl s cmdArgs - timeoutS -
run_remote_command: runRemoteCommand s args - timeoutS
get_run_remote_command: getRunRemoteCommand s
get_host_type: getHostType s -
get_state: getState s vol
get_state_all: getStateAll vol sL
verify_state: verifyState s vol state
get_vol_list: getVolList s
get_vol_size_lb: getVolSizeLb ax vol
get_progress_lb: getProgressLb ax vol
get_base: getBase ax vol
monitor_progress: monitorProgress ax vol timeoutS
get_diff_list: getDiffList ax vol gid0 gid1
print_diff_list: printDiffList ax vol gid0 gid1
get_applicable_diff_list: getApplicableDiffList ax vol gid
print_applicable_diff_list: printApplicableDiffList ax vol gid
get_num_diff: getNumDiff ax vol gid0 gid1
get_total_diff_size: getTotalDiffSize ax vol gid0 gid1
exists_diff: existsDiff ax vol gidB gidE
gc_diff: gcDiff ax vol
get_num_action: getNumAction s vol action
get_all_actions: getAllActions ax
get_vol_dict_without_running_actions: getIdleVolumes ax
init_storage: initStorage sx vol wdevPath
_init: initVol s vol wdevPath
clear: clearVol s vol
clear_vol: clearVol s vol
_force_clear: clearVolEverywhere vol
reset: resetVol s vol timeoutS
reset_vol: resetVol s vol timeoutS
start: start s vol
stop: stop s vol mode
stop_nbk: stopNbk s vol mode
wait_for_stopped: waitForStopped s vol prevSt
go_standby: goStandby sx vol
kick_all: kickAll sL
kick_storage_all: kickStorageAll
kick_proxy: kickProxy vol ax
set_full_scan_bps: setFullScanBps sx throughputU
is_overflow: isOverflow sx vol
verify_not_overflow: verifyNotOverflow sx vol
is_wdiff_send_error: isWdiffSendError px vol ax
get_uuid: getUuid s vol
get_archive_uuid: getArchiveUuid ax vol
status: status sL vol timeoutS
shutdown: shutdown s mode
shutdown_list: shutdownList sL mode
shutdown_all: shutdownAll mode
get_alive_server: getAliveServer
get_archive_info_list: getArchiveInfoList px vol
get_archive_info: getArchiveInfo px vol ax
update_archive_info: updateArchiveInfo px vol ax syncOpt
add_archive_to_proxy: addArchiveToProxy px vol ax | doStart syncOpt
del_archive_from_proxy: delArchiveFromProxy px vol ax stopEmpty
copy_archive_info: copyArchiveInfo pSrc vol pDst
is_synchronizing: isSynchronizing ax vol
start_synchronizing: startSynchronizing ax vol syncOpt
stop_synchronizing: stopSynchronizing ax vol
synchronize: synchronize aSrc vol aDst | timeoutS syncOpt
full_backup: fullBackup sx vol | timeoutS block bulkSizeU syncOpt
hash_backup: hashBackup sx vol | timeoutS block bulkSizeU syncOpt
snapshot: snapshot sx vol axL timeoutS
snapshot_nbk: snapshotNbk sx vol
disable_snapshot: disableSnapshot ax vol gidL
enable_snapshot: enableSnapshot ax vol gidL
get_restorable: getRestorable ax vol opt
get_restorable_gid: getRestorableGid ax vol opt
print_restorable: printRestorable ax vol opt
get_restored: getRestored ax vol
get_restored_path: getRestoredPath ax vol gid
get_cold: getCold ax vol
restore: restore ax vol gid timeoutS
del_restored: delRestored ax vol gid
del_cold: delCold ax vol gid
_del_restored_all: delRestoredAll ax vol
wait_for_restorable: waitForRestorable ax vol gid timeoutS
wait_for_restored: waitForRestored ax vol gid timeoutS
verify_not_restorable: verifyNotRestorable ax vol gid waitS msg
apply: apply ax vol gid timeoutS
_apply_all: applyAll ax vol timeoutS
merge: merge ax vol gidB gidE timeoutS
replicate: replicate aSrc vol aDst synchronizing | timeoutS doResync dontMerge syncOpt
replicate_once: replicateOnce aSrc vol aDst | timeoutS doResync dontMerge syncOpt gid
replicate_once_nbk: replicateOnceNbk aSrc vol aDst | doResync dontMerge syncOpt gid
wait_for_replicated: waitForReplicated aSrc vol aDst gid timeoutS
resize: resize vol sizeMb doZeroClear
resize_storage: resizeStorage sx vol sizeMb
resize_archive: resizeArchive ax vol sizeMb doZeroClear
get_latest_clean_snapshot: getLatestCleanSnapshot ax vol
get_latest_snapshot_info: getLatestSnapshotInfo ax vol
get_meta_snap: getMetaSnap ax vol gid
get_meta_state: getMetaState ax vol isApplying gid
get_block_hash: getBlockHash ax vol gid bulkSizeU scanSizeU
get_ts_delta: getTsDelta ax
get_server: getServer name serverL
`;

const DEVICE = `
exists: exists
format_ldev: formatLdev doDiscard
create: create | maxLogpackKb maxPendingMb minPendingMb queueStopTimeoutMs logFlushIntervalMb logFlushIntervalMs packBulk ioBulk
delete: delete
resize: resize newSizeMb
reset: reset
get_size_lb: getSizeLb
get_size_mb: getSizeMb
get_log_size_lb: getLogSizeLb
wait_for_log_empty: waitForLogEmpty timeoutS
run_wdevc: runWdevc args
`;

/** The methods of the Python class `Controller`. */
export const PYTHON_CONTROLLER: ReadonlyMap<string, PythonMethod> = parseTable(CONTROLLER);
/** The methods of the Python class `Device`. */
export const PYTHON_DEVICE: ReadonlyMap<string, PythonMethod> = parseTable(DEVICE);

function parseTable(text: string): Map<string, PythonMethod> {
  const methods = new Map<string, PythonMethod>();
  for (const line of text.trim().split('\n')) {
    const [python = '', about = ''] = line.split(': ');
    const [name = '', ...words] = about.split(' ');
    const bar = words.indexOf('|');
    const parameters = words.filter((word) => word !== '|').map((word) => (word === '-' ? null : word));
    methods.set(python, { name, parameters, positionCount: bar < 0 ? parameters.length : bar });
  }
  return methods;
}

/** `get_state` -> `getState`. */
export function toCamelCase(name: string): string {
  return name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The object under both spellings: a name that it does not have itself is looked up in the table, then in camel
 * case.
 */
export function inBothSpellings<T extends object>(object: T, table: ReadonlyMap<string, PythonMethod>): T {
  const known = (name: string | symbol): string | symbol => {
    if (typeof name === 'symbol' || name in object) return name;
    return table.get(name)?.name ?? toCamelCase(name);
  };
  return new Proxy(object, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, known(name));
      return typeof value === 'function' ? value.bind(target) : value;
    },
    has: (target, name) => Reflect.has(target, known(name)),
  });
}
