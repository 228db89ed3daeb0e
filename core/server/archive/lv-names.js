export function baseLvName(volId) {
    return `wb_${volId}`;
}
export function restoredLvName(volId, gid) {
    return `wr_${volId}_${gid}`;
}
export function restoringLvName(volId, gid) {
    return `wr_${volId}_${gid}_tmp`;
}
export function coldLvName(volId, gid) {
    return `wc_${volId}_${gid}`;
}
export function coldToBaseLvName(volId, gid) {
    return `wb_${volId}_${gid}_tmp`;
}
const FORM = /^w([brc])_([0-9A-Za-z-]{1,64})(?:_([0-9]+)(_tmp)?)?$/;
/** What a volume of the store is to an archive, or null when it is none of its own. */
export function parseLvName(name) {
    const parts = FORM.exec(name);
    if (parts === null)
        return null;
    const [, kind, volId, digits, temporary] = parts;
    const role = roleOf(kind, digits !== undefined, temporary !== undefined);
    if (role === null)
        return null;
    const gid = digits === undefined ? null : Number(digits);
    if (gid !== null && !Number.isSafeInteger(gid))
        return null;
    return { role, volId, gid };
}
function roleOf(kind, hasGid, isTemporary) {
    switch (`${kind}${hasGid ? '_gid' : ''}${isTemporary ? '_tmp' : ''}`) {
        case 'b':
            return 'base';
        case 'b_gid_tmp':
            return 'cold-to-base';
        case 'r_gid':
            return 'restored';
        case 'r_gid_tmp':
            return 'restoring';
        case 'c_gid':
            return 'cold';
        default:
            return null;
    }
}
