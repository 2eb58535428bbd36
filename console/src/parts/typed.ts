import { useCallback, useEffect, useRef, useState } from "react";
import type { ApiProblem } from "@/api/problem";

/** What is in force: its version, what it says, and who wrote it. */
export type Live<B> = { version: number; body: B; author: string; at: number };

/** What is typed, and the version that it was begun from; 0 = something new. */
export type Begun<B> = { body: B; base: number };

/** A form's body while it is typed. */
export type Typed<B> = {
  body: B;
  set: (change: Partial<B>) => void;
  /** goes along as `If-Match` */
  base: number;
  /** what somebody else wrote since this was begun; it is not written over before one chose */
  theirs: Live<B> | null;
  /** it was typed before this page was loaded */
  restored: boolean;
  /** go on with this one over theirs */
  keepMine: () => void;
  /** throw this one away, or the server has it */
  drop: () => void;
};

/** Whether it was refused because somebody else wrote meanwhile: `theirs` says so better. */
export const isStale = (problem: ApiProblem | undefined): boolean =>
  problem?.status === 409 && "current" in problem.body;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What was typed in this browser and did not reach the server; null where that is nothing new. */
export function recalled<B>(place: string, live: Live<B> | undefined): Begun<B> | null {
  try {
    const found = JSON.parse(localStorage.getItem(place) ?? "null") as Begun<B> | null;
    return found && typeof found.base === "number" && found.body && !same(found.body, live?.body) ? found : null;
  } catch {
    return null;
  }
}

/** Keep it in this browser. */
export function remember<B>(place: string, begun: Begun<B>): void {
  try {
    localStorage.setItem(place, JSON.stringify(begun));
  } catch {
    // A browser without room for it still has the page.
  }
}

/**
 * The body of a form that is saved as a whole. What is typed is kept in this browser until it is saved, so that a reload
 * or a server that is away loses nothing; what is in force is followed until somebody types.
 */
export function useTyped<B>(place: string, live: Live<B> | undefined, fresh: B): Typed<B> {
  const begin = useCallback((): Begun<B> => ({ body: live?.body ?? fresh, base: live?.version ?? 0 }), [live, fresh]);
  const first = useRef<Begun<B> | null | undefined>(undefined);
  if (first.current === undefined) first.current = recalled(place, live);
  const [begun, setBegun] = useState<Begun<B> | null>(first.current);
  const [restored, setRestored] = useState(first.current !== null);
  const now = begun ?? begin();
  const theirs = begun && live && live.version > begun.base && !same(live.body, begun.body) ? live : null;
  useEffect(() => {
    if (begun) remember(place, begun);
    else localStorage.removeItem(place);
  }, [place, begun]);
  const drop = () => {
    setBegun(null);
    setRestored(false);
  };
  return {
    ...now,
    base: theirs ? now.base : (live?.version ?? 0),
    theirs,
    restored,
    set: (change) =>
      setBegun((before) => {
        const { body, base } = before ?? begin();
        const next = { ...body, ...change };
        return same(next, (live?.version === base ? live.body : undefined) ?? (live ? undefined : fresh))
          ? null
          : { body: next, base };
      }),
    keepMine: () => live && setBegun({ ...now, base: live.version }),
    drop,
  };
}
