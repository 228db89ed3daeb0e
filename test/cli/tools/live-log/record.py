#!/usr/bin/env python3
"""
Records the log of a running walb device, for live-log.test.ts: what the driver wrote, while several wrote at once.

usage: record.py WDEV_NAME LDEV DDEV OUTPUT_FOLDER

The device WDEV_NAME (/dev/walb/WDEV_NAME) must be freshly formatted and created on LDEV and DDEV, 4 MiB each, with blocks of 512 bytes; `wdevc` must be
in the PATH. Goes once round the ring and a part of the second lap, so that the log begins in the middle of it:

  before.img.gz      the data device when the written lsid was at the oldest
  log.img.gz         the log device when everything else was written, and nothing was told to it since
  lsids, status, ldev, uevent   what the driver shows of it in sysfs at that time
  after.sha256       the data device at the end
"""
import fcntl, gzip, hashlib, mmap, os, random, struct, subprocess, sys, threading, time

NAME, LDEV, DDEV, OUT = sys.argv[1:5]
WDEV, SYS = '/dev/walb/' + NAME, '/sys/block/walb!%s/walb/' % NAME
BLOCKS = 8192
BLKDISCARD = 0x1277
rand = random.Random(20240101)


def lsids():
    return {k: int(v) for k, v in (line.split() for line in open(SYS + 'lsids'))}


def write(address, count, version, is_direct):
    data = mmap.mmap(-1, count * 512)
    for i in range(count):
        # Blocks that tell where they belong, and compress well.
        data.write(struct.pack('<II', address + i, version) * 64 if version else bytes(512))
    fd = os.open(WDEV, os.O_WRONLY | (os.O_DIRECT if is_direct else 0))
    os.pwritev(fd, [data], address * 512)
    os.close(fd)


def flush():
    fd = os.open(WDEV, os.O_WRONLY)
    os.fsync(fd)
    os.close(fd)


def discard(address, count):
    fd = os.open(WDEV, os.O_WRONLY)
    fcntl.ioctl(fd, BLKDISCARD, struct.pack('<QQ', address * 512, count * 512))
    os.close(fd)


def burst(version):
    """Eight writers at once, in parts of their own, half of them through the page cache: their IOs come into packs together."""
    def writer(part, sizes):
        for offset, count, kind in sizes:
            address = part * (BLOCKS // 8) + offset
            if kind == 'discard':
                discard(address, count)
            else:
                write(address, count, version if kind == 'data' else 0, part % 2 == 0)
    plans = [[(rand.randrange(0, BLOCKS // 8 - 96), rand.choice([1, 2, 8, 8, 16, 33, 96]),
               rand.choice(['data'] * 8 + ['zero', 'discard'])) for _ in range(6)] for _ in range(8)]
    threads = [threading.Thread(target=writer, args=(q, plans[q])) for q in range(8)]
    for t in threads: t.start()
    for t in threads: t.join()
    flush()


def copy(path):
    with open(path, 'rb') as f:
        return f.read()


def keep(name, data):
    with open(os.path.join(OUT, name), 'wb') as f:
        f.write(gzip.compress(data, 9, mtime=0) if name.endswith('.gz') else data)


os.makedirs(OUT, exist_ok=True)
version, ring = 1, int(open(SYS + 'log_capacity').read())
while lsids()['latest'] < ring * 6 // 10:
    burst(version)
    version += 1
while lsids()['prev_written'] < lsids()['latest']:
    subprocess.run(['wdevc', 'force-checkpoint', WDEV], check=True)
    time.sleep(0.1)
subprocess.run(['wdevc', 'set-oldest-lsid', WDEV, str(lsids()['prev_written'])], check=True)
subprocess.run(['wdevc', 'force-checkpoint', WDEV], check=True)
oldest = lsids()['oldest']
keep('before.img.gz', copy(DDEV))
while lsids()['latest'] - oldest < ring * 7 // 10:
    burst(version)
    version += 1
keep('log.img.gz', copy(LDEV))
for name in ('lsids', 'status', 'ldev'):
    keep(name, copy(SYS + name))
keep('uevent', copy('/sys/dev/block/%s/uevent' % open(SYS + 'ldev').read().strip()))
keep('after.sha256', hashlib.sha256(copy(DDEV)).hexdigest().encode() + b'\n')
print(lsids(), 'ring', ring)
