import { Group, Paper, Tabs, Text, Title } from "@mantine/core";
import type { Schemas } from "@/api/client";
import { Copy } from "@/parts/Copy";
import { Whole } from "./Whole";

type Doors = Schemas["AtDoors"];

const DOORS: { value: keyof Doors; label: string; about: string }[] = [
  { value: "own", label: "Tailorbird", about: "POST /v1/decide" },
  { value: "salesforce", label: "Salesforce", about: "the Event API’s campaignResponses" },
  { value: "moengage", label: "MoEngage", about: "Personalize’s experiences" },
  { value: "intempt", label: "Intempt", about: "Optimization’s choices" },
  { value: "ofrep", label: "OpenFeature", about: "one flag by the Remote Evaluation Protocol" },
];

/** What a backend would be handed: the body of the answer at each door. */
export function AtDoors({ doors }: { doors: Doors }) {
  return (
    <Paper withBorder p="md" component="section" aria-label="What the backend gets">
      <Title order={2} size="h3" mb="xs">
        What the backend gets
      </Title>
      <Tabs defaultValue="own" keepMounted={false}>
        <Tabs.List aria-label="Doors">
          {DOORS.map((one) => (
            <Tabs.Tab key={one.value} value={one.value}>
              {one.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {DOORS.map((one) => (
          <Tabs.Panel key={one.value} value={one.value} pt="xs">
            <Group justify="space-between" mb={4}>
              <Text size="xs" c="dimmed">
                {one.about}
              </Text>
              <Copy value={JSON.stringify(doors[one.value], null, 2)} label={`Copy the answer of ${one.label}`} />
            </Group>
            <Whole value={doors[one.value]} />
          </Tabs.Panel>
        ))}
      </Tabs>
    </Paper>
  );
}
