import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { valueAt } from "@/parts/value";
import { sentence, type Wrong } from "@/parts/wrong";
import type { Body } from "./draft";
import { type Check, checkDraft } from "./unpublished";
import type { Draft } from "./useDraft";

export type Setup = Schemas["Missing"][];
type Problem = Schemas["Problem"];

/** What stands in the way of publishing and of starting, as far as it still holds for what is on the screen. */
export type Judged = {
  /** why it cannot be published */
  wrong: Wrong[];
  /** what is missing before it may start, beside the rules and in them */
  missing: Wrong[];
  /** rule by rule; undefined where a rule was moved or changed since */
  setup: (Setup[number] | undefined)[];
};

export const checkKey = (project: string, draft: Draft) => [
  "project",
  project,
  "unpublished",
  draft.live.key,
  "check",
  draft.draft?.revision,
  draft.live.version,
];

/** The draft as the server judges it, asked again after each time that it was saved. */
export function useCheck(draft: Draft): Judged {
  const project = useProject();
  const kept = draft.draft;
  const found = useQuery({
    queryKey: checkKey(project, draft),
    enabled: Boolean(kept),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    placeholderData: keepPreviousData,
    queryFn: async () => ({ check: await checkDraft(project, draft.live.key), body: kept!.body }),
  });
  const { live, body } = draft;
  const told = kept ? found.data : undefined;
  return useMemo(() => {
    if (!kept) return judge({ ...live, missing: live.missing ?? [], setup: live.setup ?? [] }, live.body, body);
    return told ? judge(told.check, told.body, body) : { wrong: [], missing: [], setup: [] };
  }, [kept, told, live, body]);
}

type Told = Pick<Check, "problems" | "missing" | "setup">;

/** A judgement on one body, for another one that was written since: what has changed is not judged any more. */
export function judge(told: Told, of: Body, now: Body): Judged {
  const holds = (path: string) => JSON.stringify(valueAt(of, path)) === JSON.stringify(valueAt(now, path));
  const list = (problems: readonly Problem[]) =>
    problems.map((one) => ({ path: one.field ?? "", text: sentence(one) })).filter((one) => holds(one.path));
  const setup = (now.rules ?? []).map((rule, index) => {
    const before = of.rules?.[index];
    return before && before.id === rule.id && before.name === rule.name ? told.setup?.[index] : undefined;
  });
  return {
    wrong: list(told.problems ?? []),
    missing: list([...(told.missing ?? []), ...setup.flatMap((one) => one?.missing ?? [])]),
    setup,
  };
}
