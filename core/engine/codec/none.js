import { FormatError } from '../../errors.js';
/** Stored bytes. Both directions give the input itself. See docs/formats.md. */
export const noneCodec = {
    type: 'none',
    compress: (data) => data,
    decompress(data, sizeBytes) {
        if (data.length !== sizeBytes) {
            throw new FormatError(`none: ${sizeBytes} bytes expected, ${data.length} are stored`);
        }
        return data;
    },
};
