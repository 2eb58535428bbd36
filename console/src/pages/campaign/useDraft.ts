import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import type { Schemas } from "@/api/client";
import { type ApiProblem, asProblem } from "@/api/problem";
import { campaign } from "@/api/queries";
import { useProject } from "@/app/project";
import type { Body } from "./draft";
import { readDraft, type StoredDraft, saveDraft } from "./unpublished";

export type Saving = "saved" | "waiting" | "saving" | "away" | "conflict" | "refused";

type State = { past: Body[]; body: Body; future: Body[]; typed: number };
type Act = { do: "set"; body: Body } | { do: "undo" } | { do: "redo" } | { do: "load"; body: Body };

/** As many steps back as anybody asks for. */
const STEPS = 100;
/** Typing that goes on without a pause is one step. */
const PAUSE_MS = 700;

function step(state: State, act: Act): State {
  const now = Date.now();
  switch (act.do) {
    case "set": {
      const joined = now - state.typed < PAUSE_MS && state.past.length > 0;
      return {
        past: joined ? state.past : [...state.past, state.body].slice(-STEPS),
        body: act.body,
        future: [],
        typed: now,
      };
    }
    case "undo": {
      const before = state.past.at(-1);
      if (!before) return state;
      return { past: state.past.slice(0, -1), body: before, future: [state.body, ...state.future], typed: 0 };
    }
    case "redo": {
      const [next, ...rest] = state.future;
      if (!next) return state;
      return { past: [...state.past, state.body], body: next, future: rest, typed: 0 };
    }
    case "load":
      return { past: [...state.past, state.body].slice(-STEPS), body: act.body, future: [], typed: 0 };
  }
}

/** Without what the server keeps: two bodies that differ in it alone say the same. */
export function said(body: Body): string {
  const { status: _s, id: _i, aliases: _a, salt: _t, ...rest } = body;
  const rules = (rest.rules ?? []).map(({ ranges: _r, epoch: _e, ...rule }) => rule);
  return JSON.stringify({ ...rest, rules });
}

export type Draft = ReturnType<typeof useEditing>;

/** The campaign in force and its unpublished draft, loaded together. */
export function useLoaded(ref: string) {
  const project = useProject();
  const live = useQuery(campaign(project, ref));
  const draft = useQuery({
    queryKey: ["project", project, "unpublished", ref],
    queryFn: () => readDraft(project, ref),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  return { live, draft };
}

/** What is typed is kept: in the page at once, in the browser until the server has it, on the server soon after. */
export function useEditing(live: Schemas["Versioned_Campaign_"], stored: StoredDraft | null, locked: boolean) {
  const project = useProject();
  const client = useQueryClient();
  const place = `tailorbird:draft:${project}:${live.id}`;
  const [state, act] = useReducer(step, undefined, () => ({
    past: [],
    body: kept(place, stored) ?? stored?.body ?? live.body,
    future: [],
    typed: 0,
  }));
  // Somebody published since the draft was begun: then what is in force is the other side of a conflict.
  const outdated = stored && stored.base < live.version ? { ...stored, ...inForce(live) } : null;
  const [saving, setSaving] = useState<Saving>(outdated ? "conflict" : "saved");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [theirs, setTheirs] = useState<StoredDraft | null>(outdated);
  const base = useRef(stored?.base ?? live.version);
  const [draft, setDraft] = useState(stored);
  const revision = useRef(stored?.revision ?? 0);
  const sent = useRef(stored ? JSON.stringify(stored.body) : said(live.body));
  const running = useRef<Promise<void> | null>(null);
  const latest = useRef(state.body);
  latest.current = state.body;

  const save = useCallback(async () => {
    const body = latest.current;
    setSaving("saving");
    try {
      const made = await saveDraft(project, live.key, body, revision.current, base.current);
      revision.current = made.revision;
      sent.current = JSON.stringify(body);
      setDraft(made);
      setProblem(null);
      localStorage.removeItem(place);
      setSaving(JSON.stringify(latest.current) === sent.current ? "saved" : "waiting");
    } catch (error) {
      const told = asProblem(error);
      setProblem(told);
      if (told.status === 409) {
        setTheirs(await readDraft(project, live.key).catch(() => null));
        setSaving("conflict");
      } else setSaving(told.away ? "away" : "refused");
    }
  }, [project, live.key, place]);

  // Every change goes to the browser's own store at once, and to the server after a moment's pause.
  useEffect(() => {
    if (locked || saving === "conflict") return;
    const now = JSON.stringify(state.body);
    if (now === sent.current || (revision.current === 0 && said(state.body) === said(live.body))) return;
    remember(place, now, revision.current);
    setSaving((old) => (old === "saved" ? "waiting" : old));
    const wait = saving === "away" ? 3_000 : 800;
    const timer = setTimeout(() => {
      running.current = save();
    }, wait);
    return () => clearTimeout(timer);
  }, [state.body, saving, locked, live.body, place, save]);

  /** Everything typed so far is on the server when this has ended; its error otherwise. */
  const settle = useCallback(async () => {
    await running.current;
    if (JSON.stringify(latest.current) !== sent.current) await save();
  }, [save]);

  const set = useCallback((body: Body) => act({ do: "set", body }), []);
  return {
    live,
    draft,
    body: state.body,
    set,
    undo: () => act({ do: "undo" }),
    redo: () => act({ do: "redo" }),
    canUndo: state.past.length > 0,
    canRedo: state.future.length > 0,
    saving,
    problem,
    theirs,
    settle,
    changed: said(state.body) !== said(live.body),
    keepMine() {
      revision.current = theirs?.revision ?? 0;
      base.current = live.version;
      sent.current = "";
      setTheirs(null);
      setSaving("waiting");
    },
    takeTheirs() {
      revision.current = theirs?.revision ?? 0;
      const body = theirs?.body ?? live.body;
      base.current = live.version;
      sent.current = outdated ? "" : JSON.stringify(body);
      localStorage.removeItem(place);
      act({ do: "load", body });
      setTheirs(null);
      setSaving("saved");
    },
    async forget() {
      localStorage.removeItem(place);
      await client.invalidateQueries({ queryKey: ["project", project] });
    },
  };
}

const inForce = (live: Schemas["Versioned_Campaign_"]) => ({ body: live.body, author: live.author, at: live.at });

/** What was typed and did not reach the server before the page was left; only if nobody else wrote since. */
function kept(place: string, stored: StoredDraft | null): Body | null {
  try {
    const found = JSON.parse(localStorage.getItem(place) ?? "null") as { revision: number; body: string } | null;
    if (!found || found.revision !== (stored?.revision ?? 0)) return null;
    return JSON.parse(found.body) as Body;
  } catch {
    return null;
  }
}

function remember(place: string, body: string, revision: number): void {
  try {
    localStorage.setItem(place, JSON.stringify({ revision, body }));
  } catch {
    // A browser without room for it still has the page.
  }
}
