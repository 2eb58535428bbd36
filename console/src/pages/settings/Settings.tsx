import {
  Button,
  Group,
  NumberInput,
  Paper,
  Select,
  Stack,
  Switch,
  Tabs,
  TagsInput,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { projectSettings } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Trouble } from "@/parts/Trouble";
import { Members } from "./Members";

type Body = Schemas["ProjectSettings"];
type View = Schemas["Versioned_ProjectSettings_"];

const ZONES = Intl.supportedValuesOf("timeZone");

/** The switches of a project, and who works in it. */
export function Settings() {
  const found = useQuery(projectSettings(useProject()));
  return (
    <Page title="Settings" about="They hold for this project only; every change is in the history.">
      <Tabs defaultValue="project" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="project">Project</Tabs.Tab>
          <Tabs.Tab value="members">Members</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="project" pt="md">
          <Loaded query={found} lines={8}>
            {(view) => <Form key={view.version} view={view} />}
          </Loaded>
        </Tabs.Panel>
        <Tabs.Panel value="members" pt="md">
          <Members />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Form({ view }: { view: View }) {
  const project = useProject();
  const may = useRole();
  const client = useQueryClient();
  const [body, setBody] = useState<Body>(view.body);
  const set = (change: Partial<Body>) => setBody({ ...body, ...change });
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      data(
        api.PUT("/v1/projects/{project}/settings", {
          params: { path: { project }, header: { "If-Match": `"${view.version}"` } },
          body,
        }),
      ),
    onSuccess(saved) {
      client.setQueryData(projectSettings(project).queryKey, saved);
      notifications.show({ message: "Settings are saved. Every server follows within two seconds." });
    },
  });
  const problem = save.error ? asProblem(save.error) : undefined;
  const locked = !may("admin");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <fieldset disabled={locked} style={{ border: 0, padding: 0, margin: 0 }}>
        <Stack maw={720}>
          <Section title="Time">
            <Select
              label="Time zone"
              description="Schedules, weekdays, hours and the days of results are in it"
              searchable
              allowDeselect={false}
              data={ZONES.includes(body.time_zone ?? "UTC") ? ZONES : ["UTC", ...ZONES]}
              value={body.time_zone ?? "UTC"}
              onChange={(zone) => zone && set({ time_zone: zone })}
              error={problem?.at("time_zone")}
            />
          </Section>
          <Section title="People">
            <Select
              label="After a logout, a device that was linked to somebody is"
              allowDeselect={false}
              data={[
                { value: "person", label: "still that person" },
                { value: "stranger", label: "a stranger until the next login" },
              ]}
              value={body.anonymous_after_logout ?? "person"}
              onChange={(value) => set({ anonymous_after_logout: value as Body["anonymous_after_logout"] })}
            />
            <Switch
              label="Leave recognised bots out of results"
              checked={body.exclude_bots ?? true}
              onChange={(event) => set({ exclude_bots: event.currentTarget.checked })}
            />
          </Section>
          <Section title="Browsers">
            <TagsInput
              label="Allowed origins"
              description="Pages that may call with a publishable key"
              placeholder="https://shop.example"
              value={[...(body.allowed_origins ?? [])]}
              onChange={(value) => set({ allowed_origins: value })}
              error={problem?.fields.find((one) => one.field.startsWith("allowed_origins"))?.expected}
            />
            <TagsInput
              label="Events that pages may report"
              description="Beside impression, click and dismissal"
              value={[...(body.publishable_events ?? [])]}
              onChange={(value) => set({ publishable_events: value })}
            />
          </Section>
          <Section title="Privacy">
            <Switch
              label="Keep IP addresses with events"
              checked={body.store_ip ?? false}
              onChange={(event) => set({ store_ip: event.currentTarget.checked })}
            />
            <Switch
              label="Keep whole user agents with events"
              checked={body.store_user_agent ?? false}
              onChange={(event) => set({ store_user_agent: event.currentTarget.checked })}
            />
            <Group grow align="flex-start">
              <TextInput
                label="Consent needed to record"
                placeholder="no consent needed"
                value={body.consent_for_recording ?? ""}
                onChange={(event) => set({ consent_for_recording: event.currentTarget.value || null })}
              />
              <TextInput
                label="Consent needed to personalise"
                placeholder="no consent needed"
                value={body.consent_for_personalizing ?? ""}
                onChange={(event) => set({ consent_for_personalizing: event.currentTarget.value || null })}
              />
            </Group>
            <Group grow align="flex-start">
              <NumberInput
                label="Keep events for"
                description="Empty: for ever. What was exported for results stays there"
                suffix=" days"
                min={1}
                value={body.retention_days ?? ""}
                onChange={(value) => set({ retention_days: value === "" ? null : Number(value) })}
                error={problem?.at("retention_days")}
              />
              <NumberInput
                label="Recognise repeated events for"
                description="A repetition that comes later is counted again"
                suffix=" days"
                min={1}
                value={body.dedupe_horizon_days ?? 400}
                onChange={(value) => set({ dedupe_horizon_days: Number(value) || 400 })}
                error={problem?.at("dedupe_horizon_days")}
              />
            </Group>
          </Section>
          <Section title="Interaction Studio door">
            <Switch
              label="Tell the resolved person’s id"
              checked={body.identity_resolution ?? false}
              onChange={(event) => set({ identity_resolution: event.currentTarget.checked })}
            />
            <Switch
              label="Take events without authentication"
              checked={body.event_api_open ?? false}
              onChange={(event) => set({ event_api_open: event.currentTarget.checked })}
            />
            <Switch
              label="Refuse plain user ids without authentication"
              checked={body.encrypted_ids_required ?? false}
              onChange={(event) => set({ encrypted_ids_required: event.currentTarget.checked })}
            />
          </Section>
          {problem && <Trouble error={problem} />}
          <Group>
            <Button type="submit" loading={save.isPending}>
              Save settings
            </Button>
            {locked && (
              <Text size="sm" c="dimmed">
                Only admins of the project change these.
              </Text>
            )}
          </Group>
        </Stack>
      </fieldset>
    </form>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <Paper withBorder p="md">
      <Stack gap="sm">
        <Title order={2} size="h3">
          {title}
        </Title>
        {children}
      </Stack>
    </Paper>
  );
}
