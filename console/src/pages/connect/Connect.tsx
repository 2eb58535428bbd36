import { Anchor, Badge, Button, Group, Paper, PasswordInput, Stack, Tabs, Text, ThemeIcon } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { api, data } from "@/api/client";
import { useProject, useRole } from "@/app/project";
import { useRunningCampaign } from "@/app/running";
import { isLive, keysOf } from "@/pages/keys/keysOf";
import { Snippet } from "@/parts/Copy";
import { Moment } from "@/parts/Moment";
import { Page } from "@/parts/Page";
import { LANGUAGES } from "./snippets";

/** The way from nothing to the first decision and the first event, which turns green by itself. */
export function Connect() {
  const project = useProject();
  const [secret, setSecret] = useState("");
  const may = useRole();
  const keys = useQuery({ ...keysOf(project), enabled: may("admin") });
  const arrived = useQuery({
    queryKey: ["project", project, "connection"],
    refetchInterval: 2_000,
    queryFn: () => data(api.GET("/v1/projects/{project}/connection", { params: { path: { project } } })),
  });
  const [deciding] = (keys.data?.items ?? []).filter((key) => key.scopes.includes("decide") && isLive(key));
  const asked = arrived.data?.decided_at;
  const first = arrived.data?.event;
  const campaign = useRunningCampaign();
  return (
    <Page
      title="Connect your backend"
      about="Ask once per request what this visitor should see, show it, and report what they did. Each step turns green when it has happened."
    >
      <Stack component="ol" gap="md" m={0} p={0} style={{ listStyle: "none" }}>
        <Step number={1} title="A key" done={Boolean(deciding ?? asked)}>
          {deciding ? (
            `${deciding.client} may decide`
          ) : !may("admin") ? (
            "Admins of the project see its keys and make new ones: ask one of them for a key that may decide and record."
          ) : (
            <Button component={Link} to={`/p/${project}/keys`} size="compact-sm" mt={4}>
              Create a key
            </Button>
          )}
        </Step>
        <Step number={2} title="The first decision" done={Boolean(asked)}>
          {asked ? (
            <>
              First asked for <Moment at={asked} />
            </>
          ) : (
            "Waiting for a call with a key that may decide…"
          )}
        </Step>
        <Step number={3} title="The first event" done={Boolean(first)}>
          {first ? (
            <>
              “{first.name}” arrived <Moment at={first.received_at} />
            </>
          ) : (
            "Waiting for an event…"
          )}
        </Step>
      </Stack>
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

type StepProps = { number: number; title: string; done: boolean; children: ReactNode };

/** One step: its number until it is done, then a green mark. */
function Step({ number, title, done, children }: StepProps) {
  return (
    <Group component="li" wrap="nowrap" align="flex-start" gap="md">
      <ThemeIcon size={36} radius="xl" variant={done ? "filled" : "default"} aria-hidden>
        {done ? <IconCheck size={18} /> : number}
      </ThemeIcon>
      <div role="status">
        <Text fw={600}>
          {title}
          {done && <span className="sr-only">, done</span>}
        </Text>
        <Text size="sm" c="dimmed" component="div">
          {children}
        </Text>
      </div>
    </Group>
  );
}
