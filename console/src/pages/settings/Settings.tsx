import {
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Tabs,
  TagsInput,
  Text,
  TextInput,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, data, type Schemas } from "@/api/client";
import { asProblem } from "@/api/problem";
import { projectSettings } from "@/api/queries";
import { useProject, useRole } from "@/app/project";
import { confirm } from "@/parts/confirm";
import { count } from "@/parts/figures";
import { Loaded } from "@/parts/Loaded";
import { Page } from "@/parts/Page";
import { Theirs } from "@/parts/Theirs";
import { Trouble } from "@/parts/Trouble";
import { isStale, useTyped } from "@/parts/typed";
import { below, sentence } from "@/parts/wrong";
import { GlobalGoals } from "./GlobalGoals";
import { Members } from "./Members";
import { Section } from "./Section";

type Body = Schemas["ProjectSettings"];
type View = Schemas["Versioned_ProjectSettings_"];

/** Fields beside which their errors are told. */
const SHOWN = [
  "time_zone",
  "allowed_origins",
  "publishable_events",
  "consent_for_recording",
  "consent_for_personalizing",
  "retention_days",
  "dedupe_horizon_days",
];
const isShown = (field: string) => SHOWN.some((one) => below(field, one) !== undefined);

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
            {(view) => <Form view={view} />}
          </Loaded>
          <GlobalGoals />
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
  const typed = useTyped<Body>(`tailorbird:typed:${project}:settings`, view, view.body);
  const { body, set } = typed;
  const save = useMutation({
    meta: { quiet: true },
    mutationFn: () =>
      data(
        api.PUT("/v1/projects/{project}/settings", {
          params: { path: { project }, header: { "If-Match": `"${typed.base}"` } },
          body,
        }),
      ),
    onError: () => client.invalidateQueries(projectSettings(project)),
    onSuccess(saved) {
      client.setQueryData(projectSettings(project).queryKey, saved);
      typed.drop();
      notifications.show({ message: "Settings are saved. Every server follows within two seconds." });
    },
  });
  const problem = save.error ? asProblem(save.error) : undefined;
  const beside = (field: string) =>
    problem?.fields
      .filter((one) => below(one.field, field) !== undefined)
      .map((one) => sentence(one))
      .join(" ") || undefined;
  const elsewhere = problem && !(problem.fields.length > 0 && problem.fields.every((one) => isShown(one.field)));
  const locked = !may("admin");
  const submit = () => {
    const shorter = (body.retention_days ?? Infinity) < (view.body.retention_days ?? Infinity);
    if (!shorter) return save.mutate();
    confirm({
      title: `Keep events for ${count(body.retention_days ?? 0)} ${body.retention_days === 1 ? "day" : "days"} only?`,
      body: "Older ones are removed within a day, for good. What was exported for results stays there.",
      verb: "Save and remove them",
      danger: true,
      act: () => save.mutate(),
    });
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <fieldset disabled={locked} style={{ border: 0, padding: 0, margin: 0 }}>
        <Stack maw={720}>
          <Theirs typed={typed} />
          <Section title="Time">
            <Select
              label="Time zone"
              description="Schedules, weekdays, hours and the days of results are in it"
              searchable
              allowDeselect={false}
              data={ZONES.includes(body.time_zone ?? "UTC") ? ZONES : ["UTC", ...ZONES]}
              value={body.time_zone ?? "UTC"}
              onChange={(zone) => zone && set({ time_zone: zone })}
              error={beside("time_zone")}
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
              error={beside("allowed_origins")}
            />
            <TagsInput
              label="Events that pages may report"
              description="Beside impression, click and dismissal"
              value={[...(body.publishable_events ?? [])]}
              onChange={(value) => set({ publishable_events: value })}
              error={beside("publishable_events")}
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
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <TextInput
                label="Consent needed to record"
                placeholder="no consent needed"
                value={body.consent_for_recording ?? ""}
                onChange={(event) => set({ consent_for_recording: event.currentTarget.value || null })}
                error={beside("consent_for_recording")}
              />
              <TextInput
                label="Consent needed to personalise"
                placeholder="no consent needed"
                value={body.consent_for_personalizing ?? ""}
                onChange={(event) => set({ consent_for_personalizing: event.currentTarget.value || null })}
                error={beside("consent_for_personalizing")}
              />
            </SimpleGrid>
            <SimpleGrid cols={{ base: 1, xs: 2 }}>
              <NumberInput
                label="Keep events for"
                description="Empty: for ever. What was exported for results stays there"
                suffix=" days"
                min={1}
                allowDecimal={false}
                value={body.retention_days ?? ""}
                onChange={(value) => set({ retention_days: value === "" ? null : Number(value) })}
                error={beside("retention_days")}
              />
              <NumberInput
                label="Recognise repeated events for"
                description="A repetition that comes later is counted again"
                suffix=" days"
                min={1}
                allowDecimal={false}
                required
                value={body.dedupe_horizon_days === null ? "" : (body.dedupe_horizon_days ?? 400)}
                onChange={(value) => set({ dedupe_horizon_days: value === "" ? (null as never) : Number(value) })}
                error={beside("dedupe_horizon_days")}
              />
            </SimpleGrid>
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
          {elsewhere && !isStale(problem) && <Trouble error={problem} />}
          <Group>
            <Button type="submit" loading={save.isPending} disabled={typed.theirs !== null}>
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
