import { ExistsError, NotFoundError, StateError } from '../errors.js';
import { u64Text } from '../format/binary.js';
import { DiffOrder, makeEntry } from './diff-order.js';
import { diffToText, gidOrder, verifyDiff } from './meta.js';
const UNLIMITED = Number.POSITIVE_INFINITY;
/**
 * The diffs of one volume directory: a set by their ends, ordered by the gid where they begin and then by
 * insertion. What can be asked of it beyond membership and ranges is in diff-chain.ts and state-query.ts;
 * the rules are explained in docs/snapshots.md.
 */
export class DiffSet {
    #order = new DiffOrder();
    #entries = new Map();
    #nextSequence = 0;
    constructor(diffs = []) {
        for (const diff of diffs)
            this.add(diff);
    }
    get size() {
        return this.#order.size;
    }
    /** Throws ExistsError when a diff with the same ends is there, FormatError when it is malformed. */
    add(diff) {
        verifyDiff(diff);
        const key = diffToText(diff);
        if (this.#entries.has(key))
            throw new ExistsError(`MetaDiffManager::add:already exists:${key}`);
        const entry = makeEntry(diff, this.#nextSequence++);
        this.#entries.set(key, entry);
        this.#order.insert(entry);
    }
    /** Removes the diff with the same ends and returns it, or null when there is none. */
    erase(diff) {
        const key = diffToText(diff);
        const entry = this.#entries.get(key);
        if (entry === undefined)
            return null;
        this.#entries.delete(key);
        this.#order.remove(entry);
        return entry.diff;
    }
    /** Removes the diff with the same ends and returns it; throws NotFoundError when there is none. */
    eraseStrictly(diff) {
        const erased = this.erase(diff);
        if (erased !== null)
            return erased;
        throw new NotFoundError(`MetaDiffManager::erase:not found:${diffToText(diff)}`);
    }
    clear() {
        this.#entries.clear();
        this.#order.clear();
    }
    /** Removes all diffs that end at or before the gid and returns them. One that reaches across it stays. */
    eraseBeforeGid(gid) {
        const limit = gidOrder(gid);
        return this.#removeWhere(0, limit, (diff) => gidOrder(diff.snapE.gidB) <= limit);
    }
    /**
     * Removes all diffs that lie within gidB..gidE and returns them; those that span exactly that range stay:
     * what a received merged diff makes superfluous.
     */
    gcRange(gidB, gidE) {
        const from = gidOrder(gidB);
        const to = gidOrder(gidE);
        return this.#removeWhere(from, to, (diff) => {
            const end = gidOrder(diff.snapE.gidB);
            return end <= to && !(end === to && gidOrder(diff.snapB.gidB) === from);
        });
    }
    /**
     * Keeps only `chain`, whose diffs must be in the set, and returns the others. The kept diffs count as
     * inserted anew, in the order of the chain.
     */
    keepOnly(chain) {
        const kept = chain.map((diff) => this.eraseStrictly(diff));
        const removed = this.getAll();
        this.clear();
        for (const diff of kept)
            this.add(diff);
        return removed;
    }
    /**
     * Makes the snapshot an explicit one (`keep`; diffs that begin there are then not merged) or gives it
     * free. Returns the diffs that changed, with their new flag, or null when no diff begins there: the
     * newest snapshot and those inside a merged diff can not be changed.
     */
    changeSnapshot(gid, keep) {
        let found = false;
        const changed = [];
        for (const entry of this.#order.range(gid, gid + 1)) {
            found = true;
            if (entry.diff.isMergeable !== keep)
                continue;
            entry.diff = { ...entry.diff, isMergeable: !keep };
            changed.push(entry.diff);
        }
        return found ? changed : null;
    }
    /** The diff of the set with the same ends, or null. */
    find(diff) {
        return this.#entries.get(diffToText(diff))?.diff ?? null;
    }
    exists(diff) {
        return this.#entries.has(diffToText(diff));
    }
    /** All diffs with gidB <= begin < gidE (null: no limit), in order. Throws StateError unless gidB < gidE. */
    getAll(gidB = 0, gidE = null) {
        const from = gidOrder(gidB);
        const to = gidOrder(gidE);
        if (from >= to) {
            throw new StateError(`MetaDiffManager::getAll:gid0 >= gid1:${u64Text(gidB)}:${u64Text(gidE)}`);
        }
        return Array.from(this.#order.range(from, to), (entry) => entry.diff);
    }
    /** The diffs with the smallest begin that is at or after the gid, in order of insertion. */
    firstAt(gid) {
        const found = [];
        for (const { diff } of this.#order.range(gidOrder(gid), UNLIMITED)) {
            if (found.length > 0 && found[0].snapB.gidB !== diff.snapB.gidB)
                break;
            found.push(diff);
        }
        return found;
    }
    /** All diffs that begin at or before the gid and end after it, in order of insertion. */
    covering(gid) {
        return this.#order.covering(gid);
    }
    /** Smallest begin and greatest end; 0 and 0 when empty. */
    minMaxGid() {
        const farthestEnd = this.#order.farthestEnd();
        if (farthestEnd === null)
            return { minGid: 0, maxGid: 0 };
        const [first] = this.firstAt(0);
        return { minGid: first.snapB.gidB, maxGid: farthestEnd === UNLIMITED ? null : farthestEnd };
    }
    /** The diff that begins last; among equals the last inserted (it need not end last). Null when empty. */
    diffWithMaxGid() {
        return this.#order.last()?.diff ?? null;
    }
    #removeWhere(from, to, unwanted) {
        const removed = this.#order.removeWhere(from, to, unwanted).map((entry) => entry.diff);
        for (const diff of removed)
            this.#entries.delete(diffToText(diff));
        return removed;
    }
}
