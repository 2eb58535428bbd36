import { Anchor, Badge, Button, Group, Paper, PasswordInput, Stack, Stepper, Tabs, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, data } from "@/api/client";
import { campaigns } from "@/api/queries";
import { useProject } from "@/app/project";
import { Snippet } from "@/parts/Copy";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { LANGUAGES } from "./snippets";

/** The way from nothing to the first decision and the first event, which turns green by itself. */
export function Connect() {
  const project = useProject();
  const [secret, setSecret] = useState("");
  const found = useQuery(campaigns(project));
  const keys = useQuery({
    queryKey: ["project", project, "keys"],
    refetchInterval: 3_000,
    queryFn: () => data(api.GET("/v1/projects/{project}/keys", { params: { path: { project } } })),
  });
  const events = useQuery({
    queryKey: ["project", project, "events", "first"],
    refetchInterval: 3_000,
    queryFn: () =>
      data(api.GET("/v1/projects/{project}/events", { params: { path: { project }, query: { limit: 1 } } })),
  });
  const deciding = (keys.data?.items ?? []).filter((key) => key.scopes.includes("decide"));
  const used = Math.max(0, ...deciding.map((key) => key.last_used_at ?? 0));
  const first = events.data?.items[0];
  const campaign = found.data?.items.find((one) => one.body.status === "running")?.key ?? "home-hero";
  const done = deciding.length === 0 ? 0 : !used ? 1 : !first ? 2 : 3;
  return (
    <Page
      title="Connect your backend"
      about="Ask once per request what this visitor should see, show it, and report what they did. Each step turns green when it has happened."
    >
      <Stepper active={done} orientation="vertical" completedIcon={<IconCheck size={18} />}>
        <Stepper.Step
          label="A key"
          description={
            deciding.length ? (
              `${deciding[0]!.client} may decide`
            ) : (
              <Button component={Link} to={`/p/${project}/keys`} size="compact-sm" mt={4}>
                Create a key
              </Button>
            )
          }
        />
        <Stepper.Step
          label="The first decision"
          description={
            used ? (
              <>
                A key that decides was used <Moment at={used} />
              </>
            ) : (
              "Waiting for a call with a key that may decide…"
            )
          }
        />
        <Stepper.Step
          label="The first event"
          description={
            first ? (
              <>
                “{first.name}” arrived <Moment at={first.received_at} />
              </>
            ) : (
              "Waiting for an event…"
            )
          }
        />
      </Stepper>
      <Paper withBorder p="md">
        <Stack gap="sm">
          <Group justify="space-between" align="flex-end">
            <PasswordInput
              label="Key"
              description="Put into the code below; it stays in this page and is sent nowhere"
              placeholder="$TAILORBIRD_KEY"
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              w={{ base: "100%", xs: 380 }}
              autoComplete="off"
            />
            <Text size="sm" c="dimmed">
              Campaign{" "}
              <Badge variant="default" tt="none">
                {campaign}
              </Badge>
            </Text>
          </Group>
          <Tabs defaultValue="curl" keepMounted={false}>
            <Tabs.List aria-label="Languages">
              {LANGUAGES.map((one) => (
                <Tabs.Tab key={one.value} value={one.value}>
                  {one.label}
                </Tabs.Tab>
              ))}
            </Tabs.List>
            {LANGUAGES.map((one) => (
              <Tabs.Panel key={one.value} value={one.value} pt="sm">
                <Snippet
                  text={one.write({ base: window.location.origin, key: secret || "$TAILORBIRD_KEY", campaign })}
                />
              </Tabs.Panel>
            ))}
          </Tabs>
          <Text size="sm" c="dimmed">
            Coming from another service?{" "}
            <Anchor component={Link} to={`/p/${project}/keys`} size="sm" underline="always">
              Keys and doors
            </Anchor>{" "}
            has the calls of five protocols.
          </Text>
        </Stack>
      </Paper>
    </Page>
  );
}
