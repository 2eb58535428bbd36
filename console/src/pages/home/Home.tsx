import { Anchor, Badge, Button, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconPlugConnected, IconSpeakerphone } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data, type Schemas } from "@/api/client";
import { me } from "@/api/queries";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { CampaignCard } from "./CampaignCard";
import { Warnings } from "./Warnings";

type Overview = Schemas["Overview"];
type Glance = Schemas["Glance"];

/** What runs, whether it helps, and what needs somebody. */
export function Home() {
  const project = useProject();
  const found = useQuery({
    queryKey: ["project", project, "overview"],
    refetchInterval: (query) => (query.state.data?.figures === "computing" ? 700 : 30_000),
    queryFn: () => data(api.GET("/v1/projects/{project}/overview", { params: { path: { project } } })),
  });
  return (
    <Page title="Home" about="What runs now, whether it helps, and what needs your attention.">
      <Loaded query={found}>
        {(told) => {
          const { running = [], resting = [], warnings = [] } = told;
          const counted = Object.values(told.statuses as Record<string, number>).reduce((sum, one) => sum + one, 0);
          return (
            <>
              {warnings.length > 0 && <Warnings warnings={warnings} running={running} />}
              {counted === 0 ? (
                <Begin project={project} />
              ) : (
                <>
                  <Running told={told} />
                  <Others items={resting} />
                </>
              )}
              <Projects project={project} />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}

function Running({ told }: { told: Overview }) {
  const project = useProject();
  const running = told.running ?? [];
  return (
    <Stack gap="sm">
      <Title order={2}>Running</Title>
      {running.length === 0 && (
        <Text c="dimmed" size="sm">
          Nothing runs at the moment.{" "}
          <Anchor component={Link} to={`/p/${project}/campaigns`} size="sm" underline="always">
            Start a campaign
          </Anchor>
          .
        </Text>
      )}
      {told.lacks && running.length > 0 && (
        <Text c="dimmed" size="sm">
          There are no figures now: {told.lacks}
        </Text>
      )}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {running.map((one) => (
          <CampaignCard key={one.id} campaign={one} computing={told.figures === "computing"} />
        ))}
      </SimpleGrid>
    </Stack>
  );
}

function Begin({ project }: { project: string }) {
  return (
    <Empty
      icon={<IconSpeakerphone size={26} />}
      title="Welcome to Tailorbird"
      action={
        <Group justify="center">
          <Button component={Link} to={`/p/${project}/campaigns/new`}>
            Create your first campaign
          </Button>
          <Button
            component={Link}
            to={`/p/${project}/connect`}
            variant="default"
            leftSection={<IconPlugConnected size={16} />}
          >
            Connect your backend
          </Button>
        </Group>
      }
    >
      A backend asks what a visitor should see, shows it, and reports what happened. Make a campaign, connect a backend,
      and this page tells whether it helps.
    </Empty>
  );
}

function Others({ items }: { items: Glance[] }) {
  const project = useProject();
  if (items.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2}>Not running</Title>
      <Group gap="xs">
        {items.slice(0, 30).map((one) => (
          <Paper key={one.id} withBorder px="sm" py={6}>
            <Group gap={8}>
              <Anchor component={Link} to={`/p/${project}/campaigns/${one.key}`} size="sm">
                {one.name}
              </Anchor>
              <Badge size="xs" variant="default" tt="none">
                {one.status}
              </Badge>
            </Group>
          </Paper>
        ))}
      </Group>
    </Stack>
  );
}

/** The other projects of whoever is signed in. */
function Projects({ project }: { project: string }) {
  const { data: who } = useQuery(me);
  const others = (who?.projects ?? []).filter((one) => one.key !== project);
  if (others.length === 0) return null;
  return (
    <Stack gap="xs">
      <Title order={2}>Your other projects</Title>
      <Group gap="xs">
        {others.slice(0, 60).map((one) => (
          <Paper key={one.id} withBorder px="sm" py={6}>
            <Group gap={8}>
              <Anchor component={Link} to={`/p/${one.key}`} size="sm">
                {one.name}
              </Anchor>
              <Badge size="xs" variant="default" tt="none">
                {one.role}
              </Badge>
            </Group>
          </Paper>
        ))}
      </Group>
    </Stack>
  );
}
