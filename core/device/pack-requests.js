import { checksum } from '../format/checksum.js';
import { LogpackBuilder, paddingBeforePb } from '../format/logpack-builder.js';
import { capacityPb, lbPerPb } from '../format/physical-block.js';
import { bytesOf } from './device-state.js';
/**
 * Makes packs of the requests at the head of the queue, and takes these out. Rules (docs/formats.md, "Filling
 * a pack"): a request with a flush begins a new pack; a flush without data is a pack of its own that takes no
 * room; a pack ends at the size limit, when its table is full, or when its size field is; data never straddle
 * the end of the ring, padding fills it. What is made at once fits into the ring: what does not waits for the
 * next time. Fills in checksum and lsids of the requests.
 */
export function packRequests(queue, place, limits) {
    const { physicalBlockBytes: pbs, ringSizePb } = place;
    const packs = [];
    let builder = null;
    let requests = [];
    let cursorLsid = place.beginLsid;
    const close = () => {
        if (builder !== null && builder.recordCount > 0) {
            packs.push(makePack(builder, requests));
            cursorLsid = builder.nextLsid;
        }
        builder = null;
        requests = [];
    };
    for (let ioCount = 0; ioCount < limits.ioBulk;) {
        const request = queue.peek();
        if (request === undefined)
            break;
        if (request.kind === 'flush' || (builder !== null && beginsPack(request, builder, pbs, limits)))
            close();
        if (builder === null && packs.length >= limits.packBulk)
            break;
        if (request.kind === 'flush') {
            packs.push(makeFlush(request, cursorLsid));
            queue.shift();
            ioCount += 1;
            continue;
        }
        builder ??= new LogpackBuilder(pbs, cursorLsid);
        const sizePb = request.kind === 'write' ? capacityPb(request.sizeLb, pbs) : 0;
        const paddingPb = sizePb === 0 ? 0 : paddingBeforePb(builder.cursorLsid, sizePb, ringSizePb);
        if (builder.cursorLsid + paddingPb + sizePb - place.beginLsid > ringSizePb) {
            // The first of all does not fit together with its padding: that goes ahead alone.
            if (packs.length === 0 && builder.recordCount === 0 && paddingPb > 0)
                builder.addPadding(paddingPb * lbPerPb(pbs));
            break;
        }
        if (!addRequest(builder, request, place)) {
            close();
            continue;
        }
        queue.shift();
        request.endLsid = builder.cursorLsid;
        request.lsid = builder.cursorLsid - sizePb;
        requests.push(request);
        ioCount += 1;
    }
    close();
    return packs;
}
/** Largest IO that always finds a place in a ring: with its header it must fit. */
export function maxIoPb(ringSizePb) {
    return ringSizePb - 1;
}
function beginsPack(request, builder, pbs, limits) {
    if (builder.recordCount === 0)
        return false;
    if (request.flush)
        return true;
    if (request.kind === 'discard')
        return false;
    return capacityPb(request.sizeLb, pbs) + builder.totalIoSizePb > limits.maxLogpackPb;
}
function addRequest(builder, request, place) {
    if (request.kind === 'discard')
        return builder.addDiscard(request.addressLb, request.sizeLb);
    request.checksum ??= checksum(request.data.subarray(0, bytesOf(request.sizeLb)), place.salt);
    return builder.addOnRing(request.addressLb, request.sizeLb, request.checksum, place.ringSizePb);
}
function makePack(builder, requests) {
    return {
        header: builder.header(),
        logpackLsid: builder.logpackLsid,
        nextLsid: builder.nextLsid,
        requests,
        hasFua: requests.some((request) => request.fua),
        newPermanent: null,
        headerIo: Promise.resolve(null),
        dataIos: [],
        remaining: Math.max(1, requests.length),
    };
}
function makeFlush(request, lsid) {
    return {
        header: null,
        logpackLsid: lsid,
        nextLsid: lsid,
        requests: [request],
        hasFua: false,
        newPermanent: null,
        headerIo: Promise.resolve(null),
        dataIos: [],
        remaining: 0,
    };
}
