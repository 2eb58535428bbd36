import { Anchor, Badge, Button, Group, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconPlugConnected, IconSpeakerphone } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { api, data } from "@/api/client";
import { campaigns } from "@/api/queries";
import { useProject } from "@/app/project";
import { Empty } from "@/parts/Empty";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import type { CampaignView } from "../campaigns/Campaigns";
import { CampaignCard } from "./CampaignCard";

/** What runs, whether it helps, and what needs somebody. */
export function Home() {
  const project = useProject();
  const found = useQuery(campaigns(project));
  return (
    <Page title="Home" about="What runs now, whether it helps, and what needs your attention.">
      <Warnings project={project} />
      <Loaded query={found}>
        {({ items }) => {
          const running = items.filter((one) => one.body.status === "running");
          if (items.length === 0) return <Begin project={project} />;
          return (
            <>
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
                <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
                  {running.map((one) => (
                    <CampaignCard key={one.id} campaign={one} />
                  ))}
                </SimpleGrid>
              </Stack>
              <Others
                items={items.filter((one) => ["draft", "testing", "paused"].includes(one.body.status ?? "draft"))}
              />
            </>
          );
        }}
      </Loaded>
    </Page>
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

function Others({ items }: { items: CampaignView[] }) {
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
                {one.body.name}
              </Anchor>
              <Badge size="xs" variant="default" tt="none">
                {one.body.status ?? "draft"}
              </Badge>
            </Group>
          </Paper>
        ))}
      </Group>
    </Stack>
  );
}

/** What is switched off, or contradicts itself. */
function Warnings({ project }: { project: string }) {
  const told = useQuery({
    queryKey: ["project", project, "view"],
    queryFn: () => data(api.GET("/v1/projects/{project}", { params: { path: { project } } })),
  });
  const counted = useQuery({
    queryKey: ["project", project, "counts"],
    queryFn: () => data(api.GET("/v1/projects/{project}/counts", { params: { path: { project } } })),
  });
  const off = Object.entries((told.data?.warnings ?? {}) as Record<string, string>);
  const conflicts = (counted.data?.counts as Record<string, number> | undefined)?.identity_conflicts ?? 0;
  if (off.length === 0 && conflicts === 0) return null;
  return (
    <Stack gap="xs">
      {off.map(([name, why]) => (
        <Warning key={name} title={`${name} is switched off`} text={why} />
      ))}
      {conflicts > 0 && (
        <Warning
          title={`${conflicts} identity ${conflicts === 1 ? "conflict" : "conflicts"}`}
          text="Devices were seen with more than one known person. Those people keep their own experiences; results count them as crossed."
        />
      )}
    </Stack>
  );
}

function Warning({ title, text }: { title: string; text: string }) {
  return (
    <Paper withBorder p="sm" style={{ borderLeft: "4px solid var(--mantine-color-rust-5)" }}>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <IconAlertTriangle size={18} color="var(--mantine-color-rust-6)" aria-hidden style={{ flexShrink: 0 }} />
        <div>
          <Text size="sm" fw={600}>
            {title}
          </Text>
          <Text size="sm" c="dimmed">
            {text}
          </Text>
        </div>
      </Group>
    </Paper>
  );
}
