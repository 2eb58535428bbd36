import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import type { Schemas } from "@/api/client";
import { type ApiProblem, asProblem } from "@/api/problem";
import { campaign } from "@/api/queries";
import { useProject } from "@/app/project";
import type { Body } from "./draft";
import { begun, forget, type Other, remember, said } from "./kept";
import { step } from "./steps";
import { readDraft, type StoredDraft, saveDraft } from "./unpublished";

export type Saving = "saved" | "waiting" | "saving" | "away" | "conflict" | "refused";
export type Live = Schemas["Versioned_Campaign_"];
export type Draft = ReturnType<typeof useEditing>;

const draftKey = (project: string, ref: string) => ["project", project, "unpublished", ref];

/** The campaign in force and its unpublished draft. */
export function useLoaded(ref: string) {
  const project = useProject();
  const live = useQuery(campaign(project, ref));
  const draft = useQuery({
    queryKey: draftKey(project, ref),
    queryFn: () => readDraft(project, ref),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  return { live, draft };
}

/** What is typed is kept: in the page at once, in the browser until the server has it, on the server soon after. */
export function useEditing(live: Live, stored: StoredDraft | null, locked: boolean) {
  const project = useProject();
  const client = useQueryClient();
  const place = `tailorbird:draft:${project}:${live.id}`;
  const [first] = useState(() => begun(place, live, stored));
  const [state, act] = useReducer(step, { past: [], body: first.body, future: [], typed: 0 });
  const [saving, setSaving] = useState<Saving>(first.theirs ? "conflict" : "saved");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [theirs, setTheirs] = useState<Other | null>(first.theirs);
  const [draft, setDraft] = useState(stored);
  const base = useRef(live.version);
  const revision = useRef(stored?.revision ?? 0);
  const sent = useRef(stored ? JSON.stringify(stored.body) : said(live.body));
  const running = useRef<Promise<void> | null>(null);
  const typed = useRef("");
  /** what was sent without an answer: the server may have it all the same */
  const unanswered = useRef(new Set<string>());
  const latest = useRef(state.body);
  latest.current = state.body;

  const save = useCallback(async () => {
    const body = latest.current;
    function take(made: StoredDraft) {
      revision.current = made.revision;
      setDraft(made);
      setProblem(null);
    }
    setSaving("saving");
    try {
      take(await saveDraft(project, live.key, body, revision.current, base.current));
      sent.current = JSON.stringify(body);
      unanswered.current.clear();
      forget(place, sent.current);
      setSaving(JSON.stringify(latest.current) === sent.current ? "saved" : "waiting");
    } catch (error) {
      const told = asProblem(error);
      setProblem(told);
      if (told.status === 409) {
        const other = await readDraft(project, live.key).catch(() => null);
        if (other && unanswered.current.has(said(other.body))) {
          // It is what was sent from here before the server went away, and its answer was lost.
          take(other);
          setSaving("waiting");
        } else {
          setTheirs(other);
          setSaving("conflict");
        }
      } else {
        if (told.away) unanswered.current.add(said(body));
        setSaving(told.away ? "away" : "refused");
      }
    }
  }, [project, live.key, place]);

  // Every change goes to the browser's own store at once, and to the server after a moment's pause.
  useEffect(() => {
    if (locked) return;
    const now = JSON.stringify(state.body);
    if (now === sent.current || (revision.current === 0 && said(state.body) === said(live.body))) {
      // What was typed and taken back is not to be there again after a reload.
      if (typed.current) forget(place, typed.current);
      return;
    }
    typed.current = now;
    remember(place, now, revision.current, base.current);
    if (saving === "conflict") return;
    setSaving((old) => (old === "saved" ? "waiting" : old));
    const wait = saving === "away" ? 3_000 : 800;
    const timer = setTimeout(() => {
      running.current = save();
    }, wait);
    return () => clearTimeout(timer);
  }, [state.body, saving, locked, live.body, place, save]);

  // A new version while one edits: only its status is another, or nothing was typed here, or both versions are shown.
  const seen = useRef(live);
  useEffect(() => {
    const before = seen.current;
    if (before.version === live.version) return;
    seen.current = live;
    base.current = live.version;
    if (said(live.body) === said(before.body) || said(live.body) === said(latest.current)) return;
    if (said(latest.current) === said(before.body)) {
      act({ do: "load", body: live.body });
      sent.current = revision.current ? "" : said(live.body);
    } else {
      setTheirs({ ...live, revision: revision.current });
      setSaving("conflict");
    }
  }, [live]);

  /** Everything typed so far is on the server when this has ended; its error otherwise. */
  const settle = useCallback(async () => {
    await running.current;
    if (JSON.stringify(latest.current) !== sent.current) await save();
  }, [save]);

  /** The draft has ended: what is in force is the beginning of the next one. */
  function adopt(made: Live) {
    forget(place);
    seen.current = made;
    base.current = made.version;
    revision.current = 0;
    sent.current = said(made.body);
    setDraft(null);
    setTheirs(null);
    setProblem(null);
    setSaving("saved");
    act({ do: "load", body: made.body });
    client.setQueryData(draftKey(project, made.key), null);
    client.setQueryData(campaign(project, made.key).queryKey, made);
    return client.invalidateQueries({ queryKey: ["project", project, "campaigns"] });
  }

  return {
    live,
    /** as the server keeps it; null = there is none */
    draft,
    body: state.body,
    set: useCallback((body: Body) => act({ do: "set", body }), []),
    undo: () => act({ do: "undo" }),
    redo: () => act({ do: "redo" }),
    canUndo: state.past.length > 0,
    canRedo: state.future.length > 0,
    saving,
    problem,
    theirs,
    settle,
    adopt,
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
      base.current = live.version;
      sent.current = "";
      forget(place);
      act({ do: "load", body: theirs?.body ?? live.body });
      setTheirs(null);
      setSaving("saved");
    },
  };
}
