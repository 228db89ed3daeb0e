import { advanceFlush, advancePermanent, setReadOnly } from './device-state.js';
import { outcome } from './request.js';
import { DEVICE_STEPS } from './steps.js';
/**
 * Makes everything durable whose log writes have completed. False when the device is or became read-only.
 * See docs/architecture.md, "The device".
 */
export async function forceFlush(state) {
    if (state.readOnly)
        return false;
    const target = state.lsids.completed;
    advanceFlush(state, target);
    if (state.ldev.supportsFlush) {
        const error = await outcome(state.ldev.flush(DEVICE_STEPS.logForceFlush));
        if (error !== null)
            setReadOnly(state, `log flush: ${error.message}`);
        if (state.readOnly)
            return false;
    }
    advancePermanent(state, target);
    return true;
}
/**
 * Waits until the log below `lsid` is durable: for its writes to complete, for a flush that is under way, and
 * for others to come until the flush interval (of time or of size) is over; then flushes. False when the
 * device is or became read-only.
 */
export async function waitPermanent(state, lsid) {
    const { lsids, limits, clock, changed } = state;
    const dueUs = clock.monotonicUs() + limits.flushIntervalUs;
    for (;;) {
        if (state.readOnly)
            return false;
        if (lsid <= lsids.permanent)
            return true;
        if (lsid > lsids.completed || lsid <= lsids.flush)
            await changed.wait();
        else if (clock.monotonicUs() < dueUs && lsid < lsids.flush + limits.flushIntervalPb) {
            await changed.waitUntil(dueUs);
        }
        else
            await forceFlush(state);
    }
}
