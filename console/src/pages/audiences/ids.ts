/** Lines of a file or a text as ids, each once. */
export function idsOf(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/[\r\n,;]+/)
        .map((one) => one.trim().replace(/^"(.*)"$/, "$1"))
        .filter(Boolean),
    ),
  ];
}
