import { Alert, Anchor, Badge, Button, Code, Group, Paper, SimpleGrid, Stack, Table, Tabs, Text } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { campaigns } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { count } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { Status } from "@/parts/Status";
import { Gates } from "../campaign/preview/Gates";

type Export = Schemas["Export"];
/** Events on the page. */
const SHOWN = 500;

/** Everything that is known of one person, and why they see what they see. */
export function Person() {
  const project = useProject();
  const { visitor = "" } = useParams({ strict: false }) as { visitor?: string };
  const path = { path: { visitor_id: visitor }, query: { project } };
  const found = useQuery({
    queryKey: ["project", project, "people", visitor],
    queryFn: () => data(api.GET("/v1/profiles/{visitor_id}/export", { params: path as never })),
  });
  return (
    <Page
      title={visitor}
      above={
        <Anchor component={Link} to={`/p/${project}/people`} size="sm">
          People
        </Anchor>
      }
      actions={found.data && <Actions visitor={visitor} whole={found.data} />}
    >
      <Loaded query={found} lines={8}>
        {(whole) => <Known whole={whole} visitor={visitor} />}
      </Loaded>
    </Page>
  );
}

function Actions({ visitor, whole }: { visitor: string; whole: Export }) {
  const project = useProject();
  const may = useRole();
  const navigate = useNavigate();
  const erase = useMutation({
    mutationFn: () =>
      api.DELETE("/v1/profiles/{visitor_id}", {
        params: { path: { visitor_id: visitor }, query: { project } } as never,
      }),
    onSuccess: () => navigate({ to: `/p/${project}/people` }),
  });
  function download() {
    const url = URL.createObjectURL(new Blob([JSON.stringify(whole, null, 2)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `${visitor.replace(/[^A-Za-z0-9@._-]/g, "_")}.json`;
    link.click();
    URL.revokeObjectURL(url);
  }
  return (
    <>
      <Button variant="default" onClick={download}>
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

function Known({ whole, visitor }: { whole: Export; visitor: string }) {
  const { profile } = whole;
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        <Fact label="First seen" value={<Moment at={profile.first_seen} />} />
        <Fact label="Last seen" value={<Moment at={profile.last_seen} />} />
        <Fact label="Visits" value={count(profile.visits)} />
        <Fact label="Events" value={count(whole.events.length)} />
      </SimpleGrid>
      {profile.conflicts > 0 && (
        <Alert color="rust" variant="light" p="xs">
          {profile.conflicts} contradictions were met while the ids of this person were linked: the same device was used
          by somebody else as well.
        </Alert>
      )}
      <Group gap={6}>
        {whole.ids.map((one) => (
          <Badge key={`${one.kind}${one.id}`} variant={one.kind === "id" ? "light" : "default"} tt="none">
            {one.id}
            {one.kind === "anonymous_id" && " (device)"}
          </Badge>
        ))}
      </Group>
      <Tabs defaultValue="sees" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="sees">Sees</Tabs.Tab>
          <Tabs.Tab value="attributes">Attributes</Tabs.Tab>
          <Tabs.Tab value="events">Events</Tabs.Tab>
          <Tabs.Tab value="exposures">Exposures</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sees" pt="md">
          <Sees visitor={visitor} anonymous={!profile.ids.includes(visitor)} />
        </Tabs.Panel>
        <Tabs.Panel value="attributes" pt="md">
          <Pairs of={profile.attributes as Record<string, unknown>} empty="No attribute is known." />
        </Tabs.Panel>
        <Tabs.Panel value="events" pt="md">
          <Events whole={whole} />
        </Tabs.Panel>
        <Tabs.Panel value="exposures" pt="md">
          <Exposures whole={whole} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
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
            <Table.Th w={220}>{name}</Table.Th>
            <Table.Td>
              <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Events({ whole }: { whole: Export }) {
  if (whole.events.length === 0) return <Text c="dimmed">No event is stored.</Text>;
  return (
    <Paper withBorder>
      {whole.events.length > SHOWN && (
        <Text size="sm" c="dimmed" p="sm">
          The newest {count(SHOWN)} of {count(whole.events.length)}; “Export” has them all.
        </Text>
      )}
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
            {whole.events.slice(0, SHOWN).map((one) => (
              <Table.Tr key={one.seq}>
                <Table.Td>
                  <Moment at={one.time} exact />
                </Table.Td>
                <Table.Td>
                  <b>{one.name}</b>
                </Table.Td>
                <Table.Td maw={460}>
                  <Text size="xs" ff="monospace" truncate>
                    {JSON.stringify((one as Record<string, unknown>).properties ?? {})}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}

function Exposures({ whole }: { whole: Export }) {
  const project = useProject();
  const found = useQuery(campaigns(project));
  const entered = Object.entries(whole.profile.exposures as Record<string, Schemas["Entered"]>);
  if (entered.length === 0) return <Text c="dimmed">This person took part in no campaign yet.</Text>;
  const named = (ref: string) => found.data?.items.find((one) => one.key === ref || one.id === ref);
  return (
    <Paper withBorder>
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
    </Paper>
  );
}

/** What each running campaign would show this person now, and why. Nothing is recorded. */
function Sees({ visitor, anonymous }: { visitor: string; anonymous: boolean }) {
  const project = useProject();
  const found = useQuery(campaigns(project));
  const open = (found.data?.items ?? []).filter(
    (one) => one.body.status === "running" || one.body.status === "testing",
  );
  if (found.data && open.length === 0) return <Text c="dimmed">No campaign runs at the moment.</Text>;
  return (
    <Stack gap="sm">
      {open.map((one) => (
        <One key={one.id} campaign={one} visitor={visitor} anonymous={anonymous} />
      ))}
    </Stack>
  );
}

function One({
  campaign,
  visitor,
  anonymous,
}: {
  campaign: Schemas["Versioned_Campaign_"];
  visitor: string;
  anonymous: boolean;
}) {
  const project = useProject();
  const shown = useQuery({
    queryKey: ["project", project, "sees", campaign.id, campaign.version, visitor],
    queryFn: () =>
      data(
        api.POST("/v1/projects/{project}/campaigns/{ref}/preview", {
          params: { path: { project, ref: campaign.key } },
          body: { visitor: anonymous ? { anonymous_id: visitor } : { id: visitor } },
        }),
      ),
  });
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" mb="xs">
        <Anchor component={Link} to={`/p/${project}/campaigns/${campaign.key}`} fw={600} size="sm">
          {campaign.body.name}
        </Anchor>
        <Status status={campaign.body.status ?? "draft"} />
      </Group>
      <Loaded query={shown} lines={1}>
        {(preview) => (
          <Stack gap="xs">
            <Gates preview={preview} />
            {preview.payload !== null && preview.payload !== undefined && (
              <Code block fz="xs" tabIndex={0} style={{ maxHeight: 200, overflow: "auto" }}>
                {JSON.stringify(preview.payload, null, 2)}
              </Code>
            )}
          </Stack>
        )}
      </Loaded>
    </Paper>
  );
}
