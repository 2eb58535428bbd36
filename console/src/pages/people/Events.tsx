import { Button, Paper, Select, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { count } from "@/parts/figures";
import { Moment } from "@/parts/Moment";
import { Trouble } from "@/parts/Trouble";

/** Events of one page. */
const PAGE = 50;

/** What this person did, the newest first, page by page. */
export function Events({ person, visitor }: { person: Schemas["WholePerson"]; visitor: string }) {
  const project = useProject();
  const [name, setName] = useState<string | null>(null);
  const found = useInfiniteQuery({
    queryKey: ["project", project, "people", visitor, "events", name],
    initialPageParam: 0,
    queryFn: ({ pageParam: before }) =>
      data(
        api.GET("/v1/profiles/{visitor_id}/events", {
          params: { path: { visitor_id: visitor }, query: { project, limit: PAGE, before, ...(name && { name }) } },
        }),
      ),
    getNextPageParam: (last) => (last.next ? Number(last.next) : undefined),
  });
  const events = found.data?.pages.flatMap((page) => page.items) ?? [];
  const names = Object.entries(person.events).sort(([, a], [, b]) => b.count - a.count);
  const counted = name ? (person.events[name]?.count ?? 0) : person.event_count;
  if (counted === 0 && events.length === 0 && found.isSuccess) return <Text c="dimmed">No event was recorded.</Text>;
  return (
    <Stack gap="sm">
      <Select
        label="Event"
        placeholder="All"
        clearable
        searchable={names.length > 10}
        data={names.map(([value, did]) => ({ value, label: `${value} (${count(did.count)})` }))}
        value={name}
        onChange={setName}
        w={{ base: "100%", xs: 260 }}
      />
      {found.error && <Trouble error={found.error} retry={() => found.refetch()} />}
      {found.isPending && (
        <Stack gap="xs" role="status" aria-busy="true" aria-label="Loading">
          {[0, 1, 2, 3].map((line) => (
            <Skeleton key={line} height={28} radius="sm" />
          ))}
        </Stack>
      )}
      {events.length > 0 && <Rows events={events} />}
      {found.isSuccess && (
        <Text size="sm" c="dimmed">
          {count(events.length)} of {count(counted)} {counted === 1 ? "event" : "events"}
          {!found.hasNextPage && counted > events.length && "; the others are older than events are kept"}
        </Text>
      )}
      {found.hasNextPage && (
        <div>
          <Button variant="default" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
            Load more
          </Button>
        </div>
      )}
    </Stack>
  );
}

function Rows({ events }: { events: Schemas["Arrived"][] }) {
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={520} tabIndex={0}>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>When</Table.Th>
              <Table.Th>Event</Table.Th>
              <Table.Th>Properties</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {events.map((one) => (
              <Table.Tr key={one.seq}>
                <Table.Td>
                  <Moment at={one.time} exact />
                </Table.Td>
                <Table.Td>
                  <b>{one.name}</b>
                </Table.Td>
                <Table.Td maw={460}>
                  <Properties of={one} />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function Properties({ of }: { of: Schemas["Arrived"] }) {
  const { properties = {} } = of as { properties?: Record<string, unknown> };
  const text = JSON.stringify(properties);
  return text === "{}" ? null : (
    <Text size="xs" ff="monospace" truncate title={text}>
      {text}
    </Text>
  );
}
