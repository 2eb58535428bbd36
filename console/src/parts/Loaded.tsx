import { Skeleton, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { Trouble } from "./Trouble";

type Props<T> = {
  query: { data: T | undefined; error: unknown; refetch: () => unknown };
  /** how many lines stand in until the answer is there */
  lines?: number;
  children: (value: T) => ReactNode;
};

/** What a query answered; before that its outline, and its error with a way to try again. */
export function Loaded<T>({ query, lines = 4, children }: Props<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Trouble error={query.error} retry={() => query.refetch()} />;
  return (
    <Stack gap="sm" role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index.toString()} height={28} radius="sm" />
      ))}
    </Stack>
  );
}
