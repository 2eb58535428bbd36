import { Alert, Anchor, Badge, Button, Group, Paper, SimpleGrid, Stack, Table, Tabs, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { count } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Events } from "./Events";
import { Exposures } from "./Exposures";
import { Sees } from "./Sees";
import { Visits } from "./Visits";

type Known = Schemas["WholePerson"];

/** Everything that is known of one person, and why they see what they see. */
export function Person() {
  const project = useProject();
  const { visitor = "" } = useParams({ strict: false }) as { visitor?: string };
  const found = useQuery({
    queryKey: ["project", project, "people", visitor],
    queryFn: () =>
      data(
        api.GET("/v1/profiles/{visitor_id}", {
          params: { path: { visitor_id: visitor }, query: { project } },
        }),
      ),
  });
  return (
    <Page
      title={visitor}
      above={
        <Anchor component={Link} to={`/p/${project}/people`} size="sm">
          People
        </Anchor>
      }
      actions={found.data && <Actions visitor={visitor} />}
    >
      <Loaded query={found} lines={8}>
        {(person) => <Whole person={person} visitor={visitor} />}
      </Loaded>
    </Page>
  );
}

function Actions({ visitor }: { visitor: string }) {
  const project = useProject();
  const may = useRole();
  const navigate = useNavigate();
  const params = { path: { visitor_id: visitor }, query: { project } };
  const erase = useMutation({
    mutationFn: () => api.DELETE("/v1/profiles/{visitor_id}", { params }),
    onSuccess: () => navigate({ to: `/p/${project}/people` }),
  });
  const whole = useMutation({
    mutationFn: () => data(api.GET("/v1/profiles/{visitor_id}/export", { params })),
    onSuccess: (told) => save(`${visitor.replace(/[^A-Za-z0-9@._-]/g, "_")}.json`, told),
  });
  return (
    <>
      <Button variant="default" loading={whole.isPending} onClick={() => whole.mutate()}>
        Export
      </Button>
      <Button
        variant="default"
        c="red"
        disabled={!may("admin")}
        loading={erase.isPending}
        onClick={() =>
          confirm({
            title: `Erase ${visitor}?`,
            body: "Profile, ids, events and exposures are removed, also from results that are computed from now on. This cannot be undone.",
            verb: "Erase",
            danger: true,
            act: () => erase.mutate(),
          })
        }
      >
        Erase
      </Button>
    </>
  );
}

/** Hand a value to the browser as a file of JSON. */
function save(name: string, value: unknown): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

function Whole({ person, visitor }: { person: Known; visitor: string }) {
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        <Fact label="First seen" value={<Moment at={person.first_seen} />} />
        <Fact label="Last seen" value={<Moment at={person.last_seen} />} />
        <Fact label="Visits" value={count(person.visits)} />
        <Fact label="Events" value={count(person.event_count)} />
      </SimpleGrid>
      {person.conflicts > 0 && (
        <Alert color="rust" variant="light" p="xs">
          {person.conflicts} contradictions were met while the ids of this person were linked: the same device was used
          by somebody else as well.
        </Alert>
      )}
      <Group gap={6}>
        {person.ids.map((id) => (
          <Id key={id} id={id} />
        ))}
        {person.anonymous_ids.map((id) => (
          <Id key={id} id={id} device />
        ))}
      </Group>
      <Tabs defaultValue="sees" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="sees">Sees</Tabs.Tab>
          <Tabs.Tab value="attributes">Attributes</Tabs.Tab>
          <Tabs.Tab value="visits">Visits</Tabs.Tab>
          <Tabs.Tab value="events">Events</Tabs.Tab>
          <Tabs.Tab value="exposures">Exposures</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sees" pt="md">
          <Sees visitor={visitor} anonymous={!person.ids.includes(visitor)} />
        </Tabs.Panel>
        <Tabs.Panel value="attributes" pt="md">
          <Pairs of={person.attributes} empty="No attribute is known." />
        </Tabs.Panel>
        <Tabs.Panel value="visits" pt="md">
          <Visits person={person} />
        </Tabs.Panel>
        <Tabs.Panel value="events" pt="md">
          <Events person={person} visitor={visitor} />
        </Tabs.Panel>
        <Tabs.Panel value="exposures" pt="md">
          <Exposures person={person} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

function Id({ id, device }: { id: string; device?: boolean }) {
  return (
    <Badge variant={device ? "default" : "light"} tt="none">
      {id}
      {device && " (device)"}
    </Badge>
  );
}

function Fact({ label, value }: { label: string; value: React.ReactNode }) {
  return (
    <Paper withBorder p="sm">
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600}>{value}</Text>
    </Paper>
  );
}

function Pairs({ of, empty }: { of: Record<string, unknown>; empty: string }) {
  const entries = Object.entries(of).sort(([a], [b]) => a.localeCompare(b));
  if (entries.length === 0) return <Text c="dimmed">{empty}</Text>;
  return (
    <Table variant="vertical" layout="fixed" withTableBorder>
      <Table.Tbody>
        {entries.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th w={{ base: "40%", sm: 220 }} style={{ overflowWrap: "anywhere" }}>
              {name}
            </Table.Th>
            <Table.Td style={{ overflowWrap: "anywhere" }}>
              <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
