import { FormatError } from '../errors.ts';
import {
  encodeEndBlock,
  encodeLogpackHeader,
  hasData,
  type LogpackHeader,
  nextLsid,
  recordSizePb,
} from '../format/logpack.ts';
import { encodeWlogHeader, type WlogHeader } from '../format/wlog.ts';
import type { Lsid } from '../units.ts';
import type { ByteSink } from './byte-stream.ts';

/**
 * Writes one wlog: header, packs that follow each other, end block. A wlog whose writer was not closed has no end
 * block. See docs/formats.md, "Wlog".
 */
export class WlogWriter {
  readonly #header: WlogHeader;
  readonly #sink: ByteSink;
  #lsid: Lsid;

  private constructor(header: WlogHeader, sink: ByteSink) {
    this.#header = header;
    this.#sink = sink;
    this.#lsid = header.beginLsid;
  }

  /** Writes the header. Throws FormatError when it is not valid. */
  static async open(sink: ByteSink, header: WlogHeader): Promise<WlogWriter> {
    await sink.write(encodeWlogHeader(header));
    return new WlogWriter(header, sink);
  }

  /** Where the next pack must begin. */
  get lsid(): Lsid {
    return this.#lsid;
  }

  /**
   * Writes a pack and the data of its records that have any, in their order, as whole physical blocks. A pack without
   * records writes nothing. Throws FormatError when the pack does not follow the last one or the data do not fit.
   */
  async writePack(pack: LogpackHeader, data: readonly Uint8Array[]): Promise<void> {
    const { physicalBlockBytes: pbs, salt } = this.#header;
    if (pack.records.length === 0) return;
    if (pack.logpackLsid !== this.#lsid) {
      throw new FormatError(`logpack lsid differs: ${this.#lsid} expected, got ${pack.logpackLsid}`);
    }
    const sizes = pack.records.filter(hasData).map((record) => recordSizePb(record, pbs) * pbs);
    if (sizes.length !== data.length || sizes.some((size, i) => data[i].length !== size)) {
      throw new FormatError(`bad queue size: the data of ${sizes.length} records expected in whole blocks`);
    }
    await this.#sink.write(encodeLogpackHeader(pack, pbs, salt));
    for (const piece of data) if (piece.length > 0) await this.#sink.write(piece);
    this.#lsid = nextLsid(pack);
  }

  /** Writes the end block. */
  async close(): Promise<void> {
    await this.#sink.write(encodeEndBlock(this.#header.physicalBlockBytes, this.#header.salt));
  }
}
