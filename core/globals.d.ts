/// <reference path="./webassembly.d.ts" />
/** The web standards that core uses, and nothing else (lib is ES2022, types is empty). */

declare class AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
}
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label?: string, options?: { ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}
