import type { Gid } from '../../units.ts';

/**
 * Names of an archive's block volumes (docs/operations.md, "Volumes of an archive"). Volume ids have no
 * underscore, so the parts can be told from each other.
 */
export type LvRole =
  /** The image that diffs are applied to. */
  | 'base'
  /** A copy that an operator asked for. */
  | 'restored'
  /** A restore in progress. */
  | 'restoring'
  /** A read-only copy kept as a shortcut. */
  | 'cold'
  /** A cold copy on its way to become the base. */
  | 'cold-to-base';

export interface LvName {
  readonly role: LvRole;
  readonly volId: string;
  /** Null for the base. */
  readonly gid: Gid | null;
}

export function baseLvName(volId: string): string {
  return `wb_${volId}`;
}

export function restoredLvName(volId: string, gid: Gid): string {
  return `wr_${volId}_${gid}`;
}

export function restoringLvName(volId: string, gid: Gid): string {
  return `wr_${volId}_${gid}_tmp`;
}

export function coldLvName(volId: string, gid: Gid): string {
  return `wc_${volId}_${gid}`;
}

export function coldToBaseLvName(volId: string, gid: Gid): string {
  return `wb_${volId}_${gid}_tmp`;
}

const FORM = /^w([brc])_([0-9A-Za-z-]{1,64})(?:_([0-9]+)(_tmp)?)?$/;

/** What a volume of the store is to an archive, or null when it is none of its own. */
export function parseLvName(name: string): LvName | null {
  const parts = FORM.exec(name);
  if (parts === null) return null;
  const [, kind, volId, digits, temporary] = parts;
  const role = roleOf(kind, digits !== undefined, temporary !== undefined);
  if (role === null) return null;
  const gid = digits === undefined ? null : Number(digits);
  if (gid !== null && !Number.isSafeInteger(gid)) return null;
  return { role, volId, gid };
}

function roleOf(kind: string, hasGid: boolean, isTemporary: boolean): LvRole | null {
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
