import { Paper, Stack, Table, Tabs, Text, Title } from "@mantine/core";
import { useProject } from "@/app/project";
import { useRunningCampaign } from "@/app/running";
import { Copy, Snippet } from "@/parts/Copy";

type Door = { value: string; label: string; base: string; credentials: string; call: string };

function doors(origin: string, project: string, campaign: string): Door[] {
  return [
    {
      value: "ours",
      label: "Tailorbird",
      base: origin,
      credentials: "Authorization: Bearer <key>",
      call: `curl ${origin}/v1/decide \\
  -H "Authorization: Bearer $TAILORBIRD_KEY" -H "Content-Type: application/json" \\
  -d '{"visitor": {"id": "anna@example.org"}, "campaigns": ["${campaign}"]}'`,
    },
    {
      value: "ofrep",
      label: "OpenFeature",
      base: origin,
      credentials: "Authorization: Bearer <key>",
      call: `curl ${origin}/ofrep/v1/evaluate/flags/${campaign} \\
  -H "Authorization: Bearer $TAILORBIRD_KEY" -H "Content-Type: application/json" \\
  -d '{"context": {"targetingKey": "anna@example.org"}}'`,
    },
    {
      value: "moengage",
      label: "MoEngage Personalize",
      base: origin,
      credentials: `Basic ${project}:<key>, and MOE-APPKEY: ${project}`,
      call: `curl ${origin}/v1/experiences/fetch \\
  -u "${project}:$TAILORBIRD_KEY" -H "MOE-APPKEY: ${project}" -H "Content-Type: application/json" \\
  -d '{"customer_id": "anna@example.org", "experience_key": ["${campaign}"]}'`,
    },
    {
      value: "intempt",
      label: "Intempt Optimization",
      base: origin,
      credentials: `Basic ${project}:<key>, or ?apiKey=${project}.<key>`,
      call: `curl ${origin}/v1/any-org/projects/${project}/optimization/choose-api \\
  -u "${project}:$TAILORBIRD_KEY" -H "Content-Type: application/json" \\
  -d '{"identification": {"userId": "anna@example.org"}, "names": ["${campaign}"]}'`,
    },
    {
      value: "salesforce",
      label: "Interaction Studio Event API",
      base: origin,
      credentials: `Basic ${project}:<key> at authevent`,
      call: `curl ${origin}/api2/authevent/${project} \\
  -u "${project}:$TAILORBIRD_KEY" -H "Content-Type: application/json" \\
  -d '{"action": "Home", "user": {"id": "anna@example.org"}, "source": {"channel": "Server"}}'`,
    },
  ];
}

/** Each protocol that this server speaks, with a first call that can be copied. */
export function Doors() {
  const project = useProject();
  const all = doors(window.location.origin, project, useRunningCampaign());
  return (
    <Stack gap="xs">
      <Title order={2}>Doors</Title>
      <Text size="sm" c="dimmed">
        A team that calls one of these services changes the base URL and the key, and keeps its code.
      </Text>
      <Paper withBorder p="md">
        <Tabs defaultValue="ours" keepMounted={false}>
          <Tabs.List aria-label="Protocols">
            {all.map((door) => (
              <Tabs.Tab key={door.value} value={door.value}>
                {door.label}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {all.map((door) => (
            <Tabs.Panel key={door.value} value={door.value} pt="md">
              <Table variant="vertical" mb="md" layout="fixed" withTableBorder={false}>
                <Table.Tbody>
                  <Table.Tr>
                    <Table.Th w={130}>Base URL</Table.Th>
                    <Table.Td>
                      <code>{door.base}</code> <Copy value={door.base} label="Copy the base URL" />
                    </Table.Td>
                  </Table.Tr>
                  <Table.Tr>
                    <Table.Th>Credentials</Table.Th>
                    <Table.Td>
                      <code>{door.credentials}</code>
                    </Table.Td>
                  </Table.Tr>
                </Table.Tbody>
              </Table>
              <Snippet text={door.call} label="Copy the call" />
            </Tabs.Panel>
          ))}
        </Tabs>
      </Paper>
    </Stack>
  );
}
