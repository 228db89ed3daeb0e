/** Lists the IOs of a wlog that comes through a pipe: `tsx parse-wlog.ts < day.wlog` */
import { BufferedReader, openWlog } from 'walbox/engine';
import { uuidToText } from 'walbox/format';
import { streamSource } from 'walbox/native';

// Nothing is read before it is asked for: a log may be larger than memory.
const source = streamSource(process.stdin, 'standard input');
const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
if (wlog === null) throw new Error('no wlog comes in');

console.log(`log ${uuidToText(wlog.header.uuid)} from lsid ${wlog.header.beginLsid}`);
while ((await wlog.nextPack()) !== null) {
  for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
    const { kind, offsetLb, sizeLb } = io.record;
    console.log(`${kind} ${offsetLb} ${sizeLb}${io.isValid ? '' : ' INVALID'}`);
  }
}
// Only `end-block` says that the log ended where it should.
console.log(`until lsid ${wlog.endLsid}: ${wlog.end}`);
