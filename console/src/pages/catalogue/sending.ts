import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { below } from "@/parts/wrong";
import type { Entry } from "./reading";

type Good = Entry & { item: Schemas["Item"] };

/** What became of a file so far. */
export type Outcome = {
  /** good ones that were judged; an interrupted import goes on after them */
  done: number;
  written: number;
  rejected: { line: number; error: string }[];
};

/** Items of one upload; a failure tells which ones of it are wrong, the others of the file go on. */
const BITE = 500;

export const goodOnes = (entries: Entry[]): Good[] => entries.filter((one): one is Good => one.item !== undefined);

/** Before anything was sent: what could not be read. */
export const begin = (entries: Entry[]): Outcome => ({
  done: 0,
  written: 0,
  rejected: entries.flatMap(({ line, error }) => (error === undefined ? [] : [{ line, error }])),
});

/** Send what is left of a file, and tell how far it is after each bite. Throws where the server is away. */
export async function send(
  project: string,
  entries: Entry[],
  from: Outcome,
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const good = goodOnes(entries);
  let so = from;
  while (so.done < good.length) {
    const bite = good.slice(so.done, so.done + BITE);
    const { written, rejected } = await write(project, bite);
    so = {
      done: so.done + bite.length,
      written: so.written + written,
      rejected: [...so.rejected, ...rejected].sort((a, b) => a.line - b.line),
    };
    tell(so);
  }
}

/** A bite that is refused is sent again without what is wrong with it. */
async function write(project: string, bite: Good[]): Promise<Pick<Outcome, "written" | "rejected">> {
  if (bite.length === 0) return { written: 0, rejected: [] };
  try {
    const body = { items: bite.map((one) => one.item) };
    const answer = await data(api.POST("/v1/projects/{project}/items", { params: { path: { project } }, body }));
    return { written: answer.written, rejected: [] };
  } catch (error) {
    const wrong = new Map<number, string>();
    for (const { field, expected, got } of asProblem(error).fields) {
      const index = /^items\[(\d+)\]/.exec(field);
      if (!index || wrong.has(Number(index[1]))) continue;
      const name = below(field, index[0]);
      wrong.set(Number(index[1]), `${name ? `${name}: ` : ""}expected ${expected}${got ? `, got ${got}` : ""}`);
    }
    if (wrong.size === 0) throw error;
    const rest = await write(
      project,
      bite.filter((_, index) => !wrong.has(index)),
    );
    const here = [...wrong].map(([index, why]) => ({ line: bite[index]!.line, error: why }));
    return { written: rest.written, rejected: [...here, ...rest.rejected] };
  }
}
