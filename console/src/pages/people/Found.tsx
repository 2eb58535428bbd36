import { Anchor, Badge, Group, Paper, Table, Text } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconUsers } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { count } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";
import { nameOf } from "./named";

/** People with an id that begins as asked; without one those who came last. */
export function Found({ asked }: { asked: string }) {
  const project = useProject();
  const [search] = useDebouncedValue(asked, 200);
  const found = useQuery({
    queryKey: ["project", project, "people", "search", search],
    placeholderData: keepPreviousData,
    queryFn: () =>
      data(api.GET("/v1/projects/{project}/people", { params: { path: { project }, query: { search, limit: 50 } } })),
  });
  return (
    <Loaded query={found}>
      {({ items }) =>
        items.length > 0 ? (
          <Paper withBorder>
            <Table.ScrollContainer minWidth={520}>
              <Table fz="sm" verticalSpacing="xs" highlightOnHover>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Person</Table.Th>
                    <Table.Th className="num">Visits</Table.Th>
                    <Table.Th>First seen</Table.Th>
                    <Table.Th>Last seen</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {items.map((one) => {
                    const id = nameOf(one);
                    const others = one.ids.length + one.anonymous_ids.length - 1;
                    return (
                      <Table.Tr key={one.bucket_id}>
                        <Table.Td>
                          <Group gap="xs">
                            <Anchor component={Link} to={`/p/${project}/people/${encodeURIComponent(id)}`} size="sm">
                              {id}
                            </Anchor>
                            {one.ids.length === 0 && (
                              <Badge size="sm" variant="default" tt="none">
                                anonymous
                              </Badge>
                            )}
                            {others > 0 && (
                              <Text size="xs" c="dimmed">
                                and {others} more {others === 1 ? "id" : "ids"}
                              </Text>
                            )}
                          </Group>
                        </Table.Td>
                        <Table.Td className="num">{count(one.visits)}</Table.Td>
                        <Table.Td c="dimmed">
                          <Moment at={one.first_seen} />
                        </Table.Td>
                        <Table.Td c="dimmed">
                          <Moment at={one.last_seen} />
                        </Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
        ) : search ? (
          <Text c="dimmed">Nobody with an id that begins like this was seen.</Text>
        ) : (
          <Empty icon={<IconUsers size={26} />} title="Nobody was seen yet">
            People appear here with the first decision or event that names them. “Connect” has a first call to copy.
          </Empty>
        )
      }
    </Loaded>
  );
}
