import { Badge, Button, Group, Paper, Stack, Table, Text, TextInput } from "@mantine/core";
import { IconStack2 } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { schema } from "@/api/queries";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { count } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";
import { told } from "./told";

/** Rows at once. */
const SCHEMA_ROWS = 100;

/** Names and types of what arrives. */
export function SchemaSeen() {
  const project = useProject();
  const [search, setSearch] = useState("");
  const [most, setMost] = useState(SCHEMA_ROWS);
  const found = useQuery({ ...schema(project), staleTime: 0, refetchInterval: 5_000 });
  return (
    <Loaded query={found}>
      {({ items: all }) => {
        if (all.length === 0)
          return (
            <Empty icon={<IconStack2 size={26} />} title="Nothing has arrived yet">
              Attributes, events and their properties are listed here with the types of their values as soon as a
              backend reports them.
            </Empty>
          );
        const wanted = search.trim().toLowerCase();
        const fit = all.filter((one) => one.name.toLowerCase().includes(wanted));
        const items = fit.slice(0, most);
        return (
          <Stack gap="sm">
            <Group>
              <TextInput
                type="search"
                aria-label="Find a name"
                placeholder="Find a name"
                w={220}
                value={search}
                onChange={(event) => setSearch(event.currentTarget.value)}
              />
              <Text size="sm" c="dimmed" role="status">
                {told(items.length, fit.length, "")}
              </Text>
            </Group>
            <Paper withBorder display={items.length === 0 ? "none" : undefined}>
              <Table.ScrollContainer minWidth={560} tabIndex={0}>
                <Table fz="sm">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>Name</Table.Th>
                      <Table.Th>Kind</Table.Th>
                      <Table.Th>Type</Table.Th>
                      <Table.Th className="num">Seen</Table.Th>
                      <Table.Th>Last</Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {items.map((one) => (
                      <Table.Tr key={`${one.kind}:${one.name}:${one.type}`}>
                        <Table.Td>
                          <code>{one.name}</code>
                        </Table.Td>
                        <Table.Td>{one.kind}</Table.Td>
                        <Table.Td>
                          <Badge size="xs" variant="default" tt="none">
                            {one.type}
                          </Badge>
                        </Table.Td>
                        <Table.Td className="num">{count(one.count)}</Table.Td>
                        <Table.Td c="dimmed">
                          <Moment at={one.last_at} />
                        </Table.Td>
                      </Table.Tr>
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            </Paper>
            {fit.length > most && (
              <Button variant="default" onClick={() => setMost(most + SCHEMA_ROWS)}>
                Show more
              </Button>
            )}
          </Stack>
        );
      }}
    </Loaded>
  );
}
