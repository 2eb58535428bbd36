import { Paper, Stack, Table, Text } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { count } from "@/parts/figures";
import { Moment } from "@/parts/Moment";

const MINUTE = 60_000;

/** When this person was here: the visits that are kept one by one, and how many there were before. */
export function Visits({ person }: { person: Schemas["WholePerson"] }) {
  const { recent_visits: visits, older_visits: older } = person;
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {older > 0
          ? `Visits are kept one by one for 14 days. ${count(older)} older ${older === 1 ? "one is" : "ones are"} only counted.`
          : "Visits are kept one by one for 14 days; older ones are only counted."}
      </Text>
      {visits.length > 0 && (
        <Paper withBorder>
          <Table.ScrollContainer minWidth={460} tabIndex={0}>
            <Table fz="sm">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Began</Table.Th>
                  <Table.Th>Lasted</Table.Th>
                  <Table.Th>Session</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {visits.map((visit) => (
                  <Table.Tr key={`${visit.started_at} ${visit.session_id}`}>
                    <Table.Td>
                      <Moment at={visit.started_at} exact />
                    </Table.Td>
                    <Table.Td>{lasted(visit.ended_at - visit.started_at)}</Table.Td>
                    <Table.Td>
                      {visit.session_id ? (
                        <code>{visit.session_id}</code>
                      ) : (
                        <Text span size="sm" c="dimmed">
                          none told
                        </Text>
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Paper>
      )}
    </Stack>
  );
}

/** How long a visit lasted, from its first to its last event. */
export function lasted(ms: number): string {
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 1) return ms > 0 ? "under a minute" : "a moment";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}
