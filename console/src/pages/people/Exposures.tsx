import { Anchor, Paper, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "@/api/client";
import { campaigns } from "@/api/queries";
import { useProject } from "@/app/project";
import { Moment } from "@/parts/Moment";

/** Which campaigns this person entered, and in which arm they count. */
export function Exposures({ person }: { person: Schemas["WholePerson"] }) {
  const project = useProject();
  const found = useQuery(campaigns(project));
  const entered = Object.entries(person.exposures);
  if (entered.length === 0) return <Text c="dimmed">This person took part in no campaign yet.</Text>;
  const named = (ref: string) => found.data?.items.find((one) => one.key === ref || one.id === ref);
  return (
    <Paper withBorder>
      <Table.ScrollContainer minWidth={460} tabIndex={0}>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Campaign</Table.Th>
              <Table.Th>Experience</Table.Th>
              <Table.Th>First</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {entered.map(([id, one]) => {
              const campaign = named(id);
              const arms = (campaign?.body.rules ?? []).flatMap((rule) => rule.experiences ?? []);
              return (
                <Table.Tr key={id}>
                  <Table.Td>
                    {campaign ? (
                      <Anchor component={Link} to={`/p/${project}/campaigns/${campaign.key}`} size="sm">
                        {campaign.body.name}
                      </Anchor>
                    ) : (
                      id
                    )}
                  </Table.Td>
                  <Table.Td>
                    {one.arm === "control" ? "Control" : (arms.find((arm) => arm.id === one.arm)?.name ?? one.arm)}
                  </Table.Td>
                  <Table.Td>
                    <Moment at={one.at} exact />
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}
