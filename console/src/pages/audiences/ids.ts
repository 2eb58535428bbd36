import { cells, decoded } from "@/pages/catalogue/reading";

/** Lines of a text as ids, each once. */
export const idsOf = (text: string): string[] =>
  each(text.split(/[\r\n,;]+/).map((one) => one.replace(/^\s*"(.*)"\s*$/, "$1")));

const each = (told: string[]): string[] => [...new Set(told.map((one) => one.trim()).filter(Boolean))];

/** Ids of a file: its column `id` where its first line names one, else its only column; or why it cannot be told. */
export function idsOfFile(bytes: ArrayBuffer): string[] | string {
  try {
    const rows = cells(decoded(bytes)).map((row) => row.cells);
    const head = (rows[0] ?? []).map((one) => one.trim().toLowerCase());
    const column = head.indexOf("id");
    if (column >= 0) return each(rows.slice(1).map((row) => row[column] ?? ""));
    if (rows.length === 1 || rows.every((row) => row.length === 1)) return each(rows.flat());
    return "The file has several columns, and none is called id.";
  } catch (error) {
    return (error as Error).message;
  }
}
