import { count } from "@/parts/figures";

/** How many of how many are on the page. */
export const told = (shown: number, all: number, first = "The newest "): string =>
  all > shown ? `${first}${count(shown)} of ${count(all)}` : `${count(all)} shown`;
