import { useEffect, useRef, useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";

export type Arrived = Schemas["Arrived"] & Record<string, unknown>;

/** As many as are kept on the page; older ones are with their people. */
const KEPT = 500;
/** Seconds that the server may wait for the next event before it answers that there is none. */
const WAIT = 20;
/** Between two questions when an answer came at once without anything, or none came. */
const PAUSE_MS = 2_000;
/** Between two questions where events come all the time: more often nobody can read. */
const BREATH_MS = 500;

type Live = { events: Arrived[]; loaded: boolean; trouble: boolean };
/** With the number that the next question goes on after: whatever appears later has a higher one. */
type Held = Live & { next: number };

const NOTHING: Held = { events: [], loaded: false, trouble: false, next: 0 };

/** The newest first, none twice. */
export function merged(old: Arrived[], fresh: Arrived[]): Arrived[] {
  const known = new Set(old.map((one) => one.seq));
  const added = fresh.filter((one) => !known.has(one.seq));
  if (added.length === 0) return old;
  return [...added, ...old].sort((a, b) => b.seq - a.seq).slice(0, KEPT);
}

/** What arrives, as it arrives: one question is always open, which the server answers with the next event. */
export function useLive(running: boolean, name: string, visitor: string): Live {
  const project = useProject();
  const filter = JSON.stringify([project, name, visitor]);
  const [live, setLive] = useState<Held & { filter: string }>({ ...NOTHING, filter });
  const held = useRef(live);
  useEffect(() => {
    const leaving = new AbortController();
    const show = (change: Partial<Held>) => {
      const before = held.current.filter === filter ? held.current : NOTHING;
      held.current = { ...before, ...change, filter };
      setLive(held.current);
    };
    const ask = async (after: number, wait: number) => {
      const query = { limit: 200, after, wait, ...(name && { name }), ...(visitor && { visitor }) };
      const found = await data(
        api.GET("/v1/projects/{project}/events", {
          params: { path: { project }, query },
          signal: leaving.signal,
        }),
      );
      return { fresh: found.items as Arrived[], next: Number(found.next ?? after) };
    };
    const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds));
    async function listen() {
      show({});
      while (!leaving.signal.aborted) {
        const { next: after, loaded } = held.current;
        const began = Date.now();
        try {
          const { fresh, next } = await ask(after, loaded ? WAIT : 0);
          show({ events: merged(held.current.events, fresh), loaded: true, trouble: false, next });
          if (!running) return;
          const least = !loaded ? 0 : fresh.length > 0 ? BREATH_MS : PAUSE_MS;
          await pause(Math.max(0, began + least - Date.now()));
        } catch {
          if (leaving.signal.aborted) return;
          show({ trouble: true });
          await pause(PAUSE_MS);
        }
      }
    }
    if (running || held.current.filter !== filter || !held.current.loaded) void listen();
    return () => leaving.abort();
  }, [project, running, name, visitor, filter]);
  return live.filter === filter ? live : NOTHING;
}
