import { askGet } from './get.js';
import { negotiateAsClient } from './negotiation.js';
/**
 * A storage server looks whether a proxy is there (docs/protocols.md, "Heart-beat"): the question `get
 * host-type`, whose answer must be `proxy`.
 *
 *     C> negotiation for "get"
 *     C> list: "host-type"
 *     S> "ok", "proxy", Ack
 */
/** Connect, read and write limit of a heart-beat: 3 seconds. */
export const HEART_BEAT_TIMEOUT_US = 3_000_000;
/** Client: true for a proxy that answers. Throws when the peer refuses or breaks the conversation. */
export async function askIsProxy(channel, clientId) {
    await negotiateAsClient(channel, clientId, 'get');
    return (await askGet(channel, ['host-type'])) === 'proxy';
}
