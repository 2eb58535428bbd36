import { Button, Code, Paper, Stack, Table, Text } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { count } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";

/** As many as the server keeps. */
const MOST_REFUSED = 1_000;

/** What was refused and why, with what can be told of it without its values. */
export function Refused() {
  const project = useProject();
  const [limit, setLimit] = useState(100);
  const found = useQuery({
    queryKey: ["project", project, "events", "refused", limit],
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
    queryFn: () =>
      data(api.GET("/v1/projects/{project}/events/rejected", { params: { path: { project }, query: { limit } } })),
  });
  return (
    <Loaded query={found}>
      {({ items }) =>
        items.length === 0 ? (
          <Empty icon={<IconStack2 size={26} />} title="Nothing was refused">
            Events that are not of the expected form are listed here for a week, with the field that is wrong. Their
            values are masked.
          </Empty>
        ) : (
          <Stack gap="sm">
            <Paper withBorder>
              <Table.ScrollContainer minWidth={720} tabIndex={0}>
                <Table fz="sm" verticalSpacing="xs">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>When</Table.Th>
                      <Table.Th>Event</Table.Th>
                      <Table.Th>From</Table.Th>
                      <Table.Th>Why</Table.Th>
                      <Table.Th>What came, masked</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {items.map((one, index) => (
                      <RefusedRow key={`${one.at}-${index.toString()}`} one={one} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Paper>
            {items.length === limit && limit < MOST_REFUSED && (
              <Button
                variant="default"
                loading={found.isPlaceholderData}
                onClick={() => setLimit(Math.min(MOST_REFUSED, limit + 200))}
              >
                Show more
              </Button>
            )}
          </Stack>
        )
      }
    </Loaded>
  );
}

/** Its name is missing where it could not be read; then its size says at least which one it was. */
function RefusedRow({ one }: { one: Schemas["Refused"] }) {
  const form = one.beginning || (Object.keys(one.masked ?? {}).length > 0 && JSON.stringify(one.masked));
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td>
        <Moment at={one.at} />
      </Table.Td>
      <Table.Td>
        {one.name || (
          <Text c="dimmed" size="sm">
            no name
          </Text>
        )}
      </Table.Td>
      <Table.Td c="dimmed">{one.source}</Table.Td>
      <Table.Td>
        {one.field && <code>{one.field}: </code>}
        {one.error}
      </Table.Td>
      <Table.Td maw={340}>
        {form && (
          <Code fz="xs" style={{ wordBreak: "break-word" }}>
            {form}
          </Code>
        )}
        {Boolean(one.size) && (
          <Text size="xs" c="dimmed">
            {count(one.size ?? 0)} bytes
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
