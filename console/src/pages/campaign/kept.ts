import type { Body } from "./draft";
import type { StoredDraft } from "./unpublished";
import type { Live } from "./useDraft";

/** What somebody else wrote, and the revision of the draft that is written over to answer it. */
export type Other = Pick<StoredDraft, "body" | "author" | "at" | "revision">;

/** What was typed in this browser and did not reach the server, and what it was typed over. */
type Kept = { body: string; revision: number; base: number };

/** Without what the server keeps: two bodies that differ in it alone say the same. */
export function said(body: Body): string {
  const { status: _s, id: _i, aliases: _a, salt: _t, ...rest } = body;
  const rules = (rest.rules ?? []).map(({ ranges: _r, epoch: _e, ...rule }) => rule);
  return JSON.stringify({ ...rest, rules });
}

/** What to go on with: what was typed here, else the draft, else what is in force; and what somebody else wrote since. */
export function begun(place: string, live: Live, stored: StoredDraft | null): { body: Body; theirs: Other | null } {
  const known = stored?.body ?? live.body;
  const inForce = { ...live, revision: stored?.revision ?? 0 };
  const [mine] = stores().flatMap((store) => recall(store, place) ?? []);
  const body = mine ? (JSON.parse(mine.body) as Body) : known;
  if (mine && said(body) !== said(known)) {
    if (mine.revision !== (stored?.revision ?? 0)) return { body, theirs: stored ?? inForce };
    if (!stored && mine.base !== live.version) return { body, theirs: inForce };
  }
  return { body, theirs: stored?.outdated ? inForce : null };
}

/** What this tab typed comes first; without that, the last that any tab of this browser did. */
const stores = (): Storage[] => [sessionStorage, localStorage];

/** Keep what is typed in this tab and this browser until the server has it. */
export function remember(place: string, body: string, revision: number, base: number): void {
  try {
    for (const store of stores()) store.setItem(place, JSON.stringify({ body, revision, base } satisfies Kept));
  } catch {
    // A browser without room for it still has the page.
  }
}

/** What was typed is not needed any more; where a body is named, only if it is that: another tab may have typed since. */
export function forget(place: string, body?: string): void {
  for (const store of stores()) if (body === undefined || recall(store, place)?.body === body) store.removeItem(place);
}

function recall(store: Storage, place: string): Kept | null {
  try {
    const found = JSON.parse(store.getItem(place) ?? "null") as Kept | null;
    if (found) JSON.parse(found.body);
    return found;
  } catch {
    return null;
  }
}
