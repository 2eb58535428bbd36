import { Button, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useProject } from "@/app/project";
import { ListTable } from "./ListTable";
import { Loaded } from "./Loaded";

/** What one page of a list is asked for. */
export type Asked = { search?: string; after?: string; limit: number };

/** As many as a page of the server holds. */
const PAGE = 50;

type Props<T> = Pick<Parameters<typeof ListTable<T & { id: string }>>[0], "head" | "row" | "minWidth"> & {
  /** what they are called, e.g. `audiences` */
  what: string;
  ask: (asked: Asked) => Promise<{ items: T[]; next?: string | null }>;
  /** in place of the list where there is nothing at all */
  empty: ReactNode;
};

/** A list that the server pages and searches. */
export function Listed<T extends { id: string }>({ what, ask, empty, ...table }: Props<T>) {
  const project = useProject();
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim(), 250);
  const found = useInfiniteQuery({
    queryKey: ["project", project, what, "list", search],
    initialPageParam: "",
    placeholderData: keepPreviousData,
    queryFn: ({ pageParam }) => ask({ search: search || undefined, after: pageParam || undefined, limit: PAGE }),
    getNextPageParam: (last) => last.next ?? undefined,
  });
  return (
    <Loaded query={found}>
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items);
        if (items.length === 0 && !search) return empty;
        return (
          <Stack gap="sm">
            <TextInput
              type="search"
              aria-label={`Find ${what}`}
              placeholder="Find by name or key"
              leftSection={<IconSearch size={16} />}
              w={{ base: "100%", xs: 280 }}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            {items.length === 0 ? (
              <Text size="sm" c="dimmed" role="status">
                None has “{search}” in its name or key.
              </Text>
            ) : (
              <ListTable items={items} {...table} />
            )}
            {found.hasNextPage && (
              <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
                Show more
              </Button>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}
