import { walbDevicesOf } from '../device-host.ts';
import type { SimHost } from '../host.ts';
import type { ChaosSite } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/**
 * What an operator does about walb devices whose disks failed, once the disks answer again (docs/chaos.md,
 * "Convergence"): a device that took an error refuses writes until its host starts again; a log disk of which blocks
 * cannot be read, so that the device does not come back, is replaced by one with what can be read. Returns whether
 * there was something to do.
 */
export async function repairDevices(site: ChaosSite): Promise<boolean> {
  let isRepaired = false;
  for (const name of site.group.layout.storages) {
    const host = site.group.host(name);
    const own = site.volumes.filter((truth) => truth.storage === name);
    if (await areUsable(host, own)) continue;
    isRepaired = true;
    startAnew(host);
    if (await areUsable(host, own)) continue;
    for (const truth of own) {
      host.medium(`log${truth.device.path.slice('/dev/walb/'.length)}`).faults.clear();
      truth.isContentUnsure = true;
    }
    startAnew(host);
    await areUsable(host, own);
  }
  return isRepaired;
}

async function areUsable(host: SimHost, volumes: readonly VolumeTruth[]): Promise<boolean> {
  const devices = walbDevicesOf(host);
  for (const { device } of volumes) {
    const isUsable = await devices.running(device.path).then(
      (running) => !running.status().readOnly,
      () => false,
    );
    if (!isUsable) return false;
  }
  return true;
}

function startAnew(host: SimHost): void {
  host.powerLoss();
  host.powerOn();
  host.restartInterrupted();
}
