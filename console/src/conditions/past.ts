import type { JsonObject, Node, Past } from "./model";
import type { Known } from "./useKnown";

export type PastProps = { past: Past; onChange: (node: Node | null) => void; known: Known; disabled?: boolean };

/** Writes members of what is asked of the past, and takes others out. */
export type Change = (change: JsonObject, drop?: string[]) => void;

/** What a row asks, and how it is changed. */
export function specOf({ past, onChange }: PastProps): [JsonObject, Change] {
  const spec = past.value as JsonObject;
  return [
    spec,
    (change, drop = []) => {
      const made = { ...spec, ...change };
      for (const name of drop) delete made[name];
      onChange({ ...past, value: made });
    },
  ];
}
