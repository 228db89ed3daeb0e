import type { Fault } from '../fault-kinds.ts';
import { volumeName } from './layout.ts';
import type { ChaosOperation } from './operations.ts';

/** Histories in words, for reports and for the comments of scenario files. */

/** For instance `  2.500 s  snapshot of v0`. */
export function operationText(operation: ChaosOperation): string {
  return `${time(operation.atUs)}  ${whatIsDone(operation)}`;
}

/** The same without the time. */
export function whatIsDone(operation: ChaosOperation): string {
  switch (operation.kind) {
    case 'kick':
      return 'kick storages and proxies';
    case 'status':
      return `ask ${operation.server} for its status`;
    case 'shutdown':
      return `shut ${operation.server} down (${operation.mode}); it is started again`;
    default:
  }
  const volume = volumeName(operation.volume);
  switch (operation.kind) {
    case 'write': {
      const { count, maxIoLb, intervalUs } = operation;
      return `${count} writes of up to ${maxIoLb} blocks to ${volume}, one each ${seconds(intervalUs)}`;
    }
    case 'command':
      return `tell ${operation.server}: ${operation.words.replaceAll('VOL', volume)}`;
    case 'mend':
      return `an operator mends ${volume}`;
    case 'resize':
      return `grow ${volume} by ${operation.growLb} blocks`;
    case 'stop':
      return `stop ${volume} at ${operation.server} (${operation.mode}) for ${seconds(operation.forUs)}`;
    case 'replicate':
      return `replicate ${volume} from ${operation.from} to ${operation.archive}${operation.doResync ? ', with resync' : ''}`;
    case 'synchronize':
      return `synchronize ${volume} from ${operation.from} to ${operation.archive}`;
    case 'snapshot':
    case 'full-backup':
    case 'hash-backup':
      return `${operation.kind} of ${volume}`;
    default:
      return `${operation.kind} of ${volume} at ${operation.archive}`;
  }
}

/** For instance `  4.000 s  s0 loses power, for 0.500 s`; faults without a time of their own say at which call. */
export function faultText(fault: Fault): string {
  return `${'atUs' in fault ? time(fault.atUs) : '    any time'}  ${whatGoesWrong(fault)}`;
}

function whatGoesWrong(fault: Fault): string {
  switch (fault.kind) {
    case 'crash': {
      const who = fault.how === 'kill' ? 'is killed' : 'loses power';
      return `${atCall(fault)}: ${fault.host ?? 'the host'} ${who} ${PHASES[fault.phase]}, ${down(fault.downUs)}`;
    }
    case 'error':
      return `${atCall(fault)}: fails ${times(fault.times)} with ${fault.code}, ${EFFECTS[fault.effect]}`;
    case 'delay':
      return `${atCall(fault)}: takes ${seconds(fault.addUs)} longer, ${times(fault.times)}`;
    case 'kill':
      return `${fault.process} of ${fault.host} is killed, ${down(fault.downUs)}`;
    case 'power-loss':
      return `${fault.host} loses power, ${down(fault.downUs)}`;
    case 'pause':
      return `${fault.process ?? 'every process'} of ${fault.host} is paused for ${seconds(fault.forUs)}`;
    case 'freeze':
      return `${fault.host} freezes for ${seconds(fault.forUs)}`;
    case 'partition':
      return `${link(fault)} loses everything, ${forTime(fault.forUs)}`;
    case 'hold':
      return `${link(fault)} holds everything back, ${forTime(fault.forUs)}`;
    case 'slow-link': {
      const rate = fault.bytesPerS === null ? '' : `, ${fault.bytesPerS} bytes/s`;
      return `${fault.from} to ${fault.to} takes ${seconds(fault.latencyMeanUs)}${rate}, for ${seconds(fault.forUs)}`;
    }
    case 'cut':
      return `connection ${fault.nth} from ${fault.client ?? 'any'} to ${fault.server ?? 'any'} is cut (${fault.how}) after ${fault.atByte} bytes ${fault.direction}`;
    case 'cut-all':
      return `all connections between ${fault.from} and ${fault.to} are cut (${fault.how})`;
    case 'refuse':
      return `connection ${fault.nth} from ${fault.client ?? 'any'} to ${fault.server ?? 'any'} fails (${fault.how}), ${times(fault.times)}`;
    case 'clock-step':
      return `the wall clock of ${fault.host} jumps by ${seconds(fault.byUs)}`;
    case 'clock-drift':
      return `the clocks of ${fault.host} run ${fault.driftPpm} ppm fast`;
    case 'files-mode':
      return `the file system of ${fault.host} is ${fault.mode}, ${forTime(fault.forUs)}`;
    case 'files-full':
      return `the file system of ${fault.host} has room for ${fault.leaveBytes} bytes, for ${seconds(fault.forUs)}`;
    case 'sync-failures':
      return `the next ${fault.count} syncs of files at ${fault.host} fail`;
    case 'medium-mode':
      return `${fault.medium} of ${fault.host} answers ${fault.mode}, ${forTime(fault.forUs)}`;
    case 'medium-damage':
      return `${fault.medium} of ${fault.host}: ${fault.sizeLb} blocks from ${fault.addressLb} on are ${fault.damage === 'rot' ? 'rotten' : 'unreadable'}`;
    case 'file-rot':
      return `a byte of file ${fault.nth} of *${fault.suffix} of ${fault.host} rots`;
    case 'volumes-full':
      return `the volumes of ${fault.host} have room for ${fault.leaveLb} blocks, for ${seconds(fault.forUs)}`;
  }
}

const PHASES = {
  before: 'before its effect',
  torn: 'in the middle of it',
  after: 'after its effect, before the program knows',
  delivered: 'after the program knows of it',
} as const;
const EFFECTS = {
  none: 'without effect',
  part: 'with a part of its effect',
  whole: 'with its whole effect',
} as const;

interface AtCall {
  readonly host: string | null;
  readonly process: string | null;
  readonly step: string | null;
  readonly call: string | null;
  readonly nth: number;
}

function atCall({ host, process, step, call, nth }: AtCall): string {
  const what = [step, call].filter((name) => name !== null).join(' as ') || 'all calls';
  const where = [process, host].filter((name) => name !== null).join(' of ') || 'any host';
  return `call ${nth} of ${what} at ${where}`;
}

function link({ from, to, both }: { readonly from: string; readonly to: string; readonly both: boolean }) {
  return both ? `the link between ${from} and ${to}` : `the way from ${from} to ${to}`;
}

function down(downUs: number | null): string {
  return downUs === null ? 'until the faults end' : `for ${seconds(downUs)}`;
}

function forTime(forUs: number | null): string {
  return forUs === null ? 'until the faults end' : `for ${seconds(forUs)}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function seconds(us: number): string {
  return `${(us / 1e6).toFixed(3)} s`;
}

function time(atUs: number): string {
  return seconds(atUs).padStart(12);
}
