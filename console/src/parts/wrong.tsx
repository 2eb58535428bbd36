import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";
import type { FieldProblem } from "@/api/problem";

/** What is wrong with one value of a form: its path, e.g. `rules[0].audience.plan`, and a sentence. */
export type Wrong = { path: string; text: string };

type Told = {
  wrong: readonly Wrong[];
  /** where the fields below stand in the whole */
  base: string;
  /** the field that somebody wants to be led to, as a whole path */
  goal: string | null;
};

const Context = createContext<Told>({ wrong: [], base: "", goal: null });

/** Two parts of a path as one. */
export const join = (head: string, tail: string): string =>
  !head || !tail ? head || tail : tail.startsWith("[") ? head + tail : `${head}.${tail}`;

/** What is left of a path below another one; undefined where it is not below it. */
export function below(path: string, head: string): string | undefined {
  if (!head) return path;
  if (path === head) return "";
  if (path.startsWith(`${head}[`)) return path.slice(head.length);
  return path.startsWith(`${head}.`) ? path.slice(head.length + 1) : undefined;
}

/** What the server says of a field, as a sentence for the place beside it. */
export function sentence({ field, expected, got, detail }: Partial<FieldProblem>): string {
  const said = detail || `expected ${expected}${got ? `, got ${got}` : ""}`;
  const text =
    field && /^[:,] /.test(said.slice(field.length)) && said.startsWith(field) ? said.slice(field.length + 2) : said;
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(whole) ? whole : `${whole}.`;
}

type Props = { wrong: readonly Wrong[]; goal?: string | null; children: ReactNode };

/** Tells the fields of a form what is wrong with them, beside what those around it tell. */
export function WrongFields({ wrong, goal, children }: Props) {
  const outer = useContext(Context);
  const told = useMemo(() => {
    const known = new Set(outer.wrong.map((one) => `${one.path} ${one.text}`));
    const own = wrong.map((one) => ({ ...one, path: join(outer.base, one.path) }));
    return {
      wrong: [...outer.wrong, ...own.filter((one) => !known.has(`${one.path} ${one.text}`))],
      base: outer.base,
      goal: goal ?? outer.goal,
    };
  }, [outer, wrong, goal]);
  return <Context.Provider value={told}>{children}</Context.Provider>;
}

/** Fields below a part of the form. */
export function At({ path, children }: { path: string; children: ReactNode }) {
  const outer = useContext(Context);
  const told = useMemo(() => ({ ...outer, base: join(outer.base, path) }), [outer, path]);
  return <Context.Provider value={told}>{children}</Context.Provider>;
}

/** What is wrong here. Paths are told from here on. */
export function useWrong() {
  const { wrong, base } = useContext(Context);
  return useMemo(() => {
    const list = (path = ""): Wrong[] =>
      wrong.flatMap((one) => {
        const rest = below(one.path, join(base, path));
        return rest === undefined ? [] : [{ path: rest, text: one.text }];
      });
    const say = (found: Wrong[]) => found.map((one) => one.text).join(" ") || undefined;
    return {
      /** everything at or below a path, with what is left of its path */
      list,
      /** of exactly this path, in words */
      own: (path = "") => say(list(path).filter((one) => !one.path)),
      /** what a field shows and how it is found: everything at or below its path */
      field: (path: string) => ({ error: say(list(path)), "data-field": join(base, path) }),
      /** how the place of a path is found */
      place: (path = "") => ({ "data-field": join(base, path) }),
    };
  }, [wrong, base]);
}

/** Calls back with what is left of the path when somebody is led to a field at or below here. */
export function useLed(open: (rest: string) => void): void {
  const { goal, base } = useContext(Context);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is led once for each goal
  useEffect(() => {
    const rest = goal === null ? undefined : below(goal, base);
    if (rest !== undefined) open(rest);
  }, [goal, base]);
}

const REACHED = "input, textarea, select, button, [contenteditable=true], [tabindex]:not([tabindex='-1'])";
/** Panels open and editors load within this time. */
const PATIENCE_MS = 1_500;
const LOOK_MS = 50;

/** The element whose field is the path, or the nearest one around it. */
function nearest(path: string): { element: HTMLElement; exact: boolean } | undefined {
  let best: { element: HTMLElement; length: number; exact: boolean } | undefined;
  for (const element of document.querySelectorAll<HTMLElement>("[data-field]")) {
    const name = element.dataset.field!;
    if (below(path, name) === undefined || !element.getClientRects().length) continue;
    if (!best || name.length >= best.length) best = { element, length: name.length, exact: name === path };
  }
  return best;
}

/** Lead somebody to a field once it is on the screen; `done` when they are there. */
export function useFocus(goal: string | null, done: () => void): void {
  const arrived = useRef(done);
  arrived.current = done;
  useEffect(() => {
    if (goal === null) return;
    const begun = Date.now();
    const timer = setInterval(() => {
      const found = nearest(goal);
      if (!found?.exact && Date.now() - begun < PATIENCE_MS) return;
      clearInterval(timer);
      const place = found?.element;
      const target = place?.matches(REACHED) ? place : (place?.querySelector<HTMLElement>(REACHED) ?? place);
      target?.scrollIntoView({ block: "center" });
      target?.focus({ preventScroll: true });
      arrived.current();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [goal]);
}
