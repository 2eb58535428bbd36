import { createContext, useContext, useMemo, useSyncExternalStore } from "react";
import { valueAt } from "./value";
import type { Wrong } from "./wrong";

/** A text that is no value yet, and the value that holds until it is one. */
type Kept = { text: string; of: string };
type All = Record<string, Kept>;

/** Under which name texts of a form are kept in this browser; nothing is kept where there is none. */
const Place = createContext("");
export const Unfinished = Place.Provider;

const held = new Map<string, string>();
const listeners = new Set<() => void>();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function raw(place: string): string {
  const known = held.get(place) ?? (place ? localStorage.getItem(place) : null) ?? "{}";
  held.set(place, known);
  return known;
}

function read(text: string): All {
  try {
    return JSON.parse(text) as All;
  } catch {
    return {};
  }
}

function write(place: string, all: All): void {
  const text = JSON.stringify(all);
  if (text === raw(place)) return;
  held.set(place, text);
  try {
    if (text === "{}") localStorage.removeItem(place);
    else localStorage.setItem(place, text);
  } catch {
    // A browser without room for it still has the page.
  }
  for (const listener of listeners) listener();
}

const json = (value: unknown): string => JSON.stringify(value ?? null);

/** The unfinished text of one field, which outlives a reload and other pages, as long as its value is the same. */
export function useUnfinished(path: string, value: unknown) {
  const place = useContext(Place);
  const all = useSyncExternalStore(listen, () => raw(place));
  const kept = place ? read(all)[path] : undefined;
  return {
    text: kept?.of === json(value) ? kept.text : undefined,
    keep(text: string) {
      if (place) write(place, { ...read(raw(place)), [path]: { text, of: json(value) } });
    },
    drop() {
      const { [path]: _, ...rest } = read(raw(place));
      if (place) write(place, rest);
    },
  };
}

/** Every text of a form that is no value yet, as what is wrong with its field. */
export function useAllUnfinished(place: string, body: unknown): Wrong[] {
  const all = useSyncExternalStore(listen, () => raw(place));
  return useMemo(
    () =>
      Object.entries(read(all)).flatMap(([path, { of }]) =>
        json(valueAt(body, path)) === of
          ? [{ path, text: "This text is not finished: what it said before it was changed still holds." }]
          : [],
      ),
    [all, body],
  );
}
